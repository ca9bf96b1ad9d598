-- Brokers that are away, die, come back or answer with errors.

local support = require("support")

-- Of Kafka's protocol.
local NOT_LEADER_OR_FOLLOWER, REQUEST_TIMED_OUT = 6, 7
local MSG_SIZE_TOO_LARGE, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE = 10, 14, 15
local NOT_COORDINATOR, TOPIC_AUTHORIZATION_FAILED = 16, 29

-- The system's.
local EACCES = 13

describe("in bad weather", function()
  after_each(support.close_all)

  local function cluster_with_topic(broker_count)
    local cluster, brokers = support.cluster(broker_count)
    cluster:create_topic("t", 4, 1)
    return cluster, brokers
  end

  describe("without a broker", function()
    it("a producer accepts messages and reports them as failed in the end", function()
      local producer = support.producer(support.NOWHERE, { ["message.timeout.ms"] = 500 })
      producer:create_topic("t")
      for index = 1, 5 do
        assert.equal(0, producer:send("t", -1, index, "x"))
      end
      assert.equal(5, support.reported(producer, 5))
      assert.equal(0, producer:send("t", -1, 6, "x"))
      assert.equal(1, support.reported(producer, 6))
    end)

    it("a consumer receives nothing, and says nothing of it", function()
      for _, topic in ipairs({ "t", "t:0" }) do
        local consumer = support.consumer(support.NOWHERE, { topic })
        for _ = 1, 10 do
          local message, other = consumer:receive(50)
          assert.equal(nil, message)
          assert.equal(nil, other)
        end
        local start = support.now()
        consumer:close(500)
        assert.is_true(support.now() - start < 5)
      end
    end)

    it("a name that does not resolve is no broker either", function()
      local producer = support.producer("no.such.host.invalid:9092", { ["message.timeout.ms"] = 300 })
      producer:create_topic("t")
      assert.equal(0, producer:send("t", 0, 1, "x"))
      assert.equal(1, support.reported(producer, 1))
      local consumer = support.consumer("no.such.host.invalid:9092", { "t" })
      assert.equal(nil, (consumer:receive(200)))
      consumer:close(0)
    end)
  end)

  it("a consumer that started before its broker goes on by itself", function()
    local cluster, brokers = cluster_with_topic()
    cluster:broker_down(1)
    local consumer = support.consumer(brokers, { "t" })
    local producer = support.producer(brokers)
    producer:create_topic("t")
    assert.equal(0, producer:send("t", 0, 1, "early"))
    assert.equal(nil, (consumer:receive(500)))
    cluster:broker_up(1)
    assert.equal("early", support.receive(consumer, 1, 30)[1].value)
    assert.equal(0, support.reported(producer, 1))
  end)

  -- A producer whose calls all report success sends while `trouble` happens in mid-stream; a consumer of the
  -- same partition reads on all the while.
  local function stream(brokers, trouble, in_flight)
    local conf = { ["enable.idempotence"] = true, ["max.in.flight"] = in_flight }
    local producer = support.producer(brokers, conf)
    producer:create_topic("t")
    local consumer = support.consumer(brokers, { "t:0" })
    local received, acknowledged, failures = {}, nil, 0
    local function turn()
      local id, failed = producer:poll(0)
      acknowledged = id or acknowledged
      failures = failures + failed
      local value = consumer:receive(1)
      if value then
        received[#received + 1] = tonumber(value)
      end
    end
    local COUNT = 600
    for index = 1, COUNT do
      if index == 150 then
        support.eventually(15, "something came before the trouble", function()
          turn()
          return #received > 0
        end)
      end
      trouble(index)
      assert.equal(0, producer:send("t", 0, index, tostring(index)))
      turn()
    end
    support.eventually(40, "everything was acknowledged and came", function()
      turn()
      return acknowledged == COUNT and received[#received] == COUNT
    end)
    assert.equal(0, failures)
    local expected = 0
    for _, index in ipairs(received) do
      -- At least once and in order: nothing new may come before what precedes it.
      assert.is_true(index <= expected + 1, ("%d came after %d"):format(index, expected))
      expected = math.max(expected, index)
    end
    assert.equal(COUNT, expected)
  end

  it("a broker that dies and comes back in mid-stream loses nothing", function()
    local cluster, brokers = cluster_with_topic()
    stream(brokers, function(index)
      if index == 200 then
        cluster:broker_down(1)
      elseif index == 400 then
        support.sleep(0.3)
        cluster:broker_up(1)
      end
    end)
  end)

  it("a leader that moves in mid-stream loses nothing", function()
    local cluster, brokers = cluster_with_topic(3)
    cluster:set_leader("t", 0, 1)
    stream(brokers, function(index)
      if index == 200 then
        cluster:set_leader("t", 0, 2)
      elseif index == 300 then
        cluster:broker_down(1)
      elseif index == 400 then
        cluster:set_leader("t", 0, 3)
        cluster:broker_up(1)
      end
    end)
  end)

  it("errors that pass lose nothing", function()
    local cluster, brokers = cluster_with_topic()
    stream(brokers, function(index)
      if index == 200 then
        cluster:push_errors("Produce", NOT_LEADER_OR_FOLLOWER, REQUEST_TIMED_OUT, NOT_LEADER_OR_FOLLOWER)
        cluster:push_errors("Fetch", NOT_LEADER_OR_FOLLOWER, REQUEST_TIMED_OUT, NOT_LEADER_OR_FOLLOWER)
      end
      -- The cluster looks at no sequence numbers: with more, it would take the batch behind those that it refuses.
    end, 1)
  end)

  it("slow brokers lose nothing", function()
    local cluster, brokers = cluster_with_topic()
    stream(brokers, function(index)
      if index == 200 then
        cluster:set_rtt(1, 300)
      elseif index == 400 then
        cluster:set_rtt(1, 0)
      end
    end)
  end)

  it("an error that does not pass is reported as a failure", function()
    local cluster, brokers = cluster_with_topic()
    local producer = support.producer(brokers)
    producer:create_topic("t")
    assert.equal(0, producer:send("t", 0, 1, "before"))
    assert.equal(0, support.reported(producer, 1))
    cluster:push_errors("Produce", MSG_SIZE_TOO_LARGE)
    assert.equal(0, producer:send("t", 0, 2, "refused"))
    assert.equal(1, support.reported(producer, 2))
    assert.equal(0, producer:send("t", 0, 3, "after"))
    assert.equal(0, support.reported(producer, 3))
    local messages = support.receive(support.consumer(brokers, { "t:0" }), 2)
    assert.equal("before", messages[1].value)
    assert.equal("after", messages[2].value)
  end)

  it("a producer that is let in again goes on", function()
    local cluster, brokers = cluster_with_topic()
    local producer = support.producer(brokers, { ["topic.metadata.refresh.interval.ms"] = 200 })
    producer:create_topic("t")
    assert.equal(0, producer:send("t", 0, 1, "before"))
    assert.equal(0, support.reported(producer, 1))
    cluster:push_errors("Produce", TOPIC_AUTHORIZATION_FAILED)
    assert.equal(0, producer:send("t", 0, 2, "refused"))
    assert.equal(1, support.reported(producer, 2))
    support.eventually(20, "the producer sends again", function()
      local errno = producer:send("t", 0, 3, "after")
      assert.is_true(errno == 0 or errno == EACCES, errno)
      return errno == 0
    end)
    assert.equal(0, support.reported(producer, 3))
    local messages = support.receive(support.consumer(brokers, { "t:0" }), 2)
    assert.equal("before", messages[1].value)
    assert.equal("after", messages[2].value)
  end)

  it("a group is joined in spite of errors", function()
    local cluster, brokers = cluster_with_topic()
    cluster:push_errors("FindCoordinator", COORDINATOR_NOT_AVAILABLE, COORDINATOR_NOT_AVAILABLE)
    cluster:push_errors("ConsumerGroupHeartbeat", COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR)
    local producer = support.producer(brokers)
    producer:create_topic("t")
    assert.equal(0, producer:send("t", 2, 1, "x"))
    local consumer = support.consumer(brokers, { "t" })
    assert.equal("x", support.receive(consumer, 1, 30)[1].value)
  end)

  it("a consumer may not read a topic: it receives nothing and does not throw", function()
    local cluster, brokers = cluster_with_topic()
    local codes = {}
    for index = 1, 100 do
      codes[index] = TOPIC_AUTHORIZATION_FAILED
    end
    cluster:push_errors("Fetch", unpack(codes))
    local consumer = support.consumer(brokers, { "t:0" })
    for _ = 1, 10 do
      assert.equal(nil, (consumer:receive(30)))
    end
  end)

  it("#timing waiting stays within its time while the broker is away", function()
    local cluster, brokers = cluster_with_topic()
    local producer = support.producer(brokers)
    producer:create_topic("t")
    local consumer = support.consumer(brokers, { "t:0" })
    assert.equal(0, producer:send("t", 0, 1, "x"))
    support.receive(consumer, 1)
    support.reported(producer, 1)
    cluster:broker_down(1)
    assert.equal(0, producer:send("t", 0, 2, "x"))
    for _, call in ipairs({
      function()
        assert.equal(nil, (producer:poll(150)))
      end,
      function()
        assert.equal(nil, (consumer:receive(150)))
      end,
    }) do
      local overrun = support.overrun(150, 50, call)
      assert.is_true(overrun > -2 and overrun < 50, ("%.1f ms too long"):format(overrun))
    end
  end)
end)
