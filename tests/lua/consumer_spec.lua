local support = require("support")

local kafka = require("kafka")

local function count_results(...)
  return select("#", ...)
end

describe("a consumer", function()
  local cluster, brokers

  before_each(function()
    cluster, brokers = support.cluster()
    cluster:create_topic("t", 4, 1)
  end)

  after_each(support.close_all)

  -- Sends the numbers, round robin over the partitions.
  local function send(first, last, topic)
    local producer = support.producer(brokers)
    producer:create_topic(topic or "t")
    for index = first, last do
      assert.equal(0, producer:send(topic or "t", index % 4, index, tostring(index)))
    end
    assert.equal(true, producer:close())
  end

  -- Counts what came, and fails on anything that came twice.
  local function once(messages, seen)
    seen = seen or {}
    for _, message in ipairs(messages) do
      assert.equal(nil, seen[message.value], message.value .. " came twice")
      seen[message.value] = message.partition
    end
    return seen
  end

  describe("receiving", function()
    it("takes its part in a group", function()
      send(1, 40)
      local consumer = support.consumer(brokers, { "t" })
      local seen = once(support.receive(consumer, 40))
      for index = 1, 40 do
        assert.equal(index % 4, seen[tostring(index)])
      end
    end)

    it("waits for a topic that does not exist yet", function()
      local consumer = support.consumer(brokers, { "later" }, {
        ["group.protocol"] = "classic",
        ["topic.metadata.refresh.interval.ms"] = 200,
        -- This cluster forgets a member that joins again before it has learned of its first joining, which librdkafka
        -- may do when it learns of the topic's partitions; it asks once more after this time.
        ["session.timeout.ms"] = 6000,
        ["max.poll.interval.ms"] = 6000,
      })
      assert.equal(nil, (consumer:receive(300)))
      cluster:create_topic("later", 4, 1)
      send(1, 4, "later")
      once(support.receive(consumer, 4, 60))
    end)

    it("reads only the partitions that were named", function()
      send(1, 40)
      local consumer = support.consumer(brokers, { "t:1", "t:3" })
      local next_index = { [1] = 1, [3] = 3 }
      for _, message in ipairs(support.receive(consumer, 20)) do
        assert.equal(tostring(next_index[message.partition]), message.value)
        next_index[message.partition] = next_index[message.partition] + 4
      end
      assert.equal(nil, (consumer:receive(200)))
    end)

    it("keeps the order of each partition", function()
      send(1, 2000)
      local consumer = support.consumer(brokers, { "t" })
      local last = { [0] = 0, [1] = 0, [2] = 0, [3] = 0 }
      for _, message in ipairs(support.receive(consumer, 2000)) do
        local index = tonumber(message.value)
        assert.is_true(index > last[message.partition])
        last[message.partition] = index
      end
    end)

    it("reads several topics", function()
      cluster:create_topic("u", 4, 1)
      cluster:create_topic("v", 4, 1)
      send(1, 8, "t")
      send(1, 8, "u")
      send(1, 8, "v")
      local counts = { t = 0, u = 0, v = 0 }
      local consumer = support.consumer(brokers, { "t", "u" })
      for _, message in ipairs(support.receive(consumer, 16)) do
        counts[message.topic] = counts[message.topic] + 1
      end
      assert.same({ t = 8, u = 8, v = 0 }, counts)
      assert.equal(nil, (consumer:receive(200)))
    end)

    it("returns message, topic, partition and key", function()
      local big = ("0123456789abcdef"):rep(65536)
      support.send_raw(brokers, "t", {
        { partition = 2, key = "key", value = "value" },
        { partition = 2, value = "no key" },
        { partition = 2, key = "k\0\255", value = "v\0\255" },
        { partition = 2, key = "empty", value = "" },
        { partition = 2, key = "null" },
        { partition = 2, key = "big", value = big:sub(1, 900000) },
      })
      local consumer = support.consumer(brokers, { "t:2" })
      local messages = support.receive(consumer, 6)
      assert.same({ value = "value", topic = "t", partition = 2, key = "key" }, messages[1])
      assert.same({ value = "no key", topic = "t", partition = 2 }, messages[2])
      assert.same({ value = "v\0\255", topic = "t", partition = 2, key = "k\0\255" }, messages[3])
      assert.same({ value = "", topic = "t", partition = 2, key = "empty" }, messages[4])
      assert.same({ value = "", topic = "t", partition = 2, key = "null" }, messages[5])
      assert.equal("big", messages[6].key)
      assert.is_true(messages[6].value == big:sub(1, 900000))
    end)

    it("takes a message of a megabyte", function()
      local payload = ("0123456789abcdef"):rep(65536)
      local producer = support.producer(brokers, { ["message.max.bytes"] = 2000000 })
      producer:create_topic("t")
      assert.equal(0, producer:send("t", 0, 1, payload))
      assert.equal(0, support.reported(producer, 1))
      local message = support.receive(support.consumer(brokers, { "t:0" }), 1)[1]
      assert.is_true(message.value == payload)
    end)

    it("keeps a message after the consumer is gone", function()
      send(1, 4)
      local consumer = support.consumer(brokers, { "t" })
      local messages = support.receive(consumer, 4)
      assert.equal(true, consumer:close())
      support.collect()
      local seen = once(messages)
      assert.equal(1, seen["1"])
    end)

    it("returns four nils when nothing came", function()
      local consumer = support.consumer(brokers, { "t:0" })
      assert.equal(4, count_results(consumer:receive(0)))
      local message, topic, partition, key = consumer:receive(50)
      assert.equal(nil, message)
      assert.equal(nil, topic)
      assert.equal(nil, partition)
      assert.equal(nil, key)
      assert.equal(4, count_results(consumer:receive(50)))
    end)

    it("#timing waits as long as asked, and not longer", function()
      local consumer = support.consumer(brokers, { "t:0" })
      for _, timeout in ipairs({ 0, 100, 250 }) do
        local overrun = support.overrun(timeout, 50, function()
          assert.equal(nil, (consumer:receive(timeout)))
        end)
        assert.is_true(overrun > -2 and overrun < 50, ("receive(%d): %.1f ms too long"):format(timeout, overrun))
      end
      for _, call in ipairs({
        function()
          consumer:receive()
        end,
        function()
          consumer:receive(nil)
        end,
      }) do
        local overrun = support.overrun(1000, 50, call)
        assert.is_true(overrun > -2 and overrun < 50, ("receive(): %.1f ms too long"):format(overrun))
      end
    end)

    it("#timing returns as soon as there is something", function()
      local producer = support.producer(brokers)
      producer:create_topic("t")
      local consumer = support.consumer(brokers, { "t:0" })
      assert.equal(0, producer:send("t", 0, 0, "first"))
      support.receive(consumer, 1)
      for _, timeout in ipairs({ 10000, -1 }) do
        local overrun = support.overrun(0, 250, function()
          assert.equal(0, producer:send("t", 0, 1, "x"))
          assert.equal("x", (consumer:receive(timeout)))
        end)
        assert.is_true(overrun < 250, ("receive(%d) took %.1f ms"):format(timeout, overrun))
      end
    end)
  end)

  describe("in a group", function()
    it("goes on where the group left off", function()
      send(1, 40)
      local first = support.consumer(brokers, { "t" }, { ["group.id"] = "relay" })
      local seen = once(support.receive(first, 15))
      assert.equal(true, first:close())
      local second = support.consumer(brokers, { "t" }, { ["group.id"] = "relay" })
      once(support.receive(second, 25), seen)
      assert.equal(nil, (second:receive(200)))
    end)

    it("goes on where it left off with named partitions, too", function()
      send(1, 40)
      local first = support.consumer(brokers, { "t:0" }, { ["group.id"] = "relay" })
      local seen = once(support.receive(first, 4))
      assert.equal(true, first:close())
      local second = support.consumer(brokers, { "t:0" }, { ["group.id"] = "relay" })
      once(support.receive(second, 6), seen)
      assert.equal(nil, (second:receive(200)))
      local other = support.consumer(brokers, { "t:0" }, { ["group.id"] = "other" })
      once(support.receive(other, 10))
    end)

    it("commits without being closed", function()
      send(1, 40)
      local first = support.consumer(brokers, { "t:0" }, { ["group.id"] = "relay", ["auto.commit.interval.ms"] = 50 })
      local seen = once(support.receive(first, 4))
      support.sleep(0.5)
      local second = support.consumer(brokers, { "t:0" }, { ["group.id"] = "relay" })
      once(support.receive(second, 6), seen)
    end)

    it("shares the partitions with the others", function()
      local members = {}
      for index = 1, 2 do
        members[index] = support.consumer(brokers, { "t" }, { ["group.id"] = "pair" })
      end
      local producer = support.producer(brokers)
      producer:create_topic("t")
      local round = 0
      -- A round is shared when each member got two of its four messages, and nothing came twice.
      support.eventually(30, "both members have two partitions each", function()
        round = round + 1
        for partition = 0, 3 do
          assert.equal(0, producer:send("t", partition, round, ("%d"):format(round)))
        end
        producer:poll()
        local owners, counts = {}, { 0, 0 }
        for _ = 1, 30 do
          for index, member in ipairs(members) do
            local value, _, partition = member:receive(5)
            if value == tostring(round) and not owners[partition] then
              owners[partition] = index
              counts[index] = counts[index] + 1
            end
          end
          if counts[1] + counts[2] == 4 then
            break
          end
        end
        return counts[1] == 2 and counts[2] == 2
      end)
    end)

    it("leaves the group when it is closed", function()
      send(1, 8)
      local first = support.consumer(brokers, { "t" }, { ["group.id"] = "heirs" })
      local seen = once(support.receive(first, 8))
      assert.equal(true, first:close())
      send(9, 16)
      local second = support.consumer(brokers, { "t" }, { ["group.id"] = "heirs" })
      -- A member that is missing without a word keeps its partitions until its session times out, after 30 s.
      once(support.receive(second, 8, 15), seen)
    end)

    it("leaves the group when it is collected", function()
      send(1, 8)
      local function read_first()
        local first = kafka.consumer(
          brokers,
          { "t" },
          support.group_conf({ ["group.id"] = "heirs" }),
          { ["auto.offset.reset"] = "smallest" }
        )
        return once(support.receive(first, 8))
      end
      local seen = read_first()
      support.collect()
      send(9, 16)
      local second = support.consumer(brokers, { "t" }, { ["group.id"] = "heirs" })
      once(support.receive(second, 8, 15), seen)
    end)

    it("of the classic protocol goes on where the group left off", function()
      local conf = {
        ["group.protocol"] = "classic",
        ["group.id"] = "classic",
        ["heartbeat.interval.ms"] = 100,
        ["session.timeout.ms"] = 4000,
      }
      send(1, 40)
      local first = support.consumer(brokers, { "t" }, conf)
      local seen = once(support.receive(first, 15))
      assert.equal(true, first:close())
      local second = support.consumer(brokers, { "t" }, conf)
      once(support.receive(second, 25), seen)
    end)

    it("starts at the end unless told otherwise", function()
      send(1, 8)
      local consumer = kafka.consumer(brokers, { "t" }, support.group_conf({ ["group.id"] = "late" }))
      local producer = support.producer(brokers)
      producer:create_topic("t")
      local last = support.eventually(30, "the consumer has its partitions", function()
        assert.equal(0, producer:send("t", 0, 9, "new"))
        return (consumer:receive(100))
      end)
      assert.equal("new", last)
      assert.equal(true, consumer:close())
    end)
  end)

  it("is made by half: without topics", function()
    local consumer = support.consumer(brokers, nil)
    assert.equal(4, count_results(consumer:receive(50)))
    assert.equal(true, consumer:close())
  end)

  it("takes the names of properties in topic_conf for all its topics", function()
    send(1, 4)
    local consumer = kafka.consumer(
      brokers,
      { "t:1" },
      support.consumer_conf(),
      { ["auto.offset.reset"] = "earliest", ["auto.commit.enable"] = true }
    )
    assert.equal("1", support.receive(consumer, 1)[1].value)
    assert.equal(true, consumer:close())
  end)
end)
