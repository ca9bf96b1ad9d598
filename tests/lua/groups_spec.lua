-- Consumers in groups, and their handlers. Each case has a group of its own.

local support = require("support")

local kafka = require("kafka")

-- Cases of the classic protocol are tagged #timing: on a machine that is as busy as valgrind makes it, the mock cluster
-- does not always answer a member that joins.
local KINDS = {
  eager = { ["group.protocol"] = "classic" },
  cooperative = { ["group.protocol"] = "classic", ["partition.assignment.strategy"] = "cooperative-sticky" },
  consumer = { ["group.protocol"] = "consumer" },
}

describe("a group", function()
  local cluster, brokers

  before_each(function()
    cluster, brokers = support.cluster()
    cluster:create_topic("t", 4, 1)
  end)

  after_each(support.close_all)

  local function send(first, last)
    local messages = {}
    for number = first, last do
      messages[#messages + 1] = { partition = number % 4, value = tostring(number) }
    end
    support.send_raw(brokers, "t", messages)
  end

  local function conf_of(kind, more)
    local conf = { ["group.id"] = kind, ["enable.auto.commit"] = false }
    for _, properties in ipairs({ KINDS[kind], more or {} }) do
      for name, value in pairs(properties) do
        conf[name] = value
      end
    end
    if conf["group.protocol"] == "classic" then
      conf["session.timeout.ms"], conf["heartbeat.interval.ms"] = 3000, 200
    end
    return conf
  end

  -- The events of a member: "assign 0 1", in order.
  local function recorder(moves, more)
    local function record(kind)
      return function(consumer, partitions)
        local numbers = {}
        for index, item in ipairs(partitions) do
          assert.equal("t", item.topic)
          numbers[index] = item.partition
        end
        table.sort(numbers)
        moves[#moves + 1] = ("%s %s"):format(kind, table.concat(numbers, " "))
        if more and more[kind] then
          more[kind](consumer, partitions)
        end
      end
    end
    return { on_assign = record("assign"), on_revoke = record("revoke"), on_lost = record("lost") }
  end

  local function take(consumer, messages)
    local message = consumer:poll(20)
    if message then
      messages[#messages + 1] = message
    end
  end

  local KEEPS_THE_CLOCK = { eager = " #timing", cooperative = " #timing", consumer = "" }

  for kind in pairs(KINDS) do
    it("runs handlers inside of calls: " .. kind .. KEEPS_THE_CLOCK[kind], function()
      send(1, 8)
      local moves, messages = {}, {}
      local committed
      local protocol
      local consumer = support.consumer(
        brokers,
        { "t" },
        conf_of(kind),
        recorder(moves, {
          assign = function(self)
            protocol = self:rebalance_protocol()
          end,
          revoke = function(self)
            committed = self:commit()
          end,
        })
      )
      assert.same({}, moves)
      support.eventually(15, "all messages", function()
        take(consumer, messages)
        return #messages == 8
      end)
      assert.same({ "assign 0 1 2 3" }, moves)
      assert.equal(kind == "eager" and "EAGER" or "COOPERATIVE", protocol)
      assert.equal(4, #consumer:assignment())
      assert.same({ "t" }, consumer:subscription())
      assert.equal(false, consumer:assignment_lost())
      assert.equal(true, consumer:close())
      assert.same({ "assign 0 1 2 3", "revoke 0 1 2 3" }, moves)
      table.sort(committed, function(left, right)
        return left.partition < right.partition
      end)
      for partition = 0, 3 do
        assert.same({ topic = "t", partition = partition, offset = 2 }, committed[partition + 1])
      end
      -- It took effect: the next member does not see them again.
      local places = {}
      for partition = 0, 3 do
        places[#places + 1] = { topic = "t", partition = partition }
      end
      local next_one = support.consumer(brokers, nil, conf_of(kind))
      for _, place in ipairs(next_one:committed(places)) do
        assert.equal(2, place.offset)
      end
    end)
  end

  it("shares partitions among members that come and go", function()
    local seen, moves = {}, { {}, {} }
    local function member(number)
      return support.consumer(
        brokers,
        { "t" },
        conf_of("consumer"),
        recorder(moves[number], {
          revoke = function(self)
            self:commit()
          end,
        })
      )
    end
    local members = { member(1) }
    local sent = 0
    local function pass(count)
      send(sent + 1, sent + count)
      sent = sent + count
    end
    local function consume()
      for _, consumer in pairs(members) do
        local messages = consumer:consume(100, 20) or {}
        for _, message in ipairs(messages) do
          seen[message.value] = (seen[message.value] or 0) + 1
        end
      end
    end
    local function all_seen()
      consume()
      for number = 1, sent do
        if not seen[tostring(number)] then
          return false
        end
      end
      return true
    end
    pass(40)
    support.eventually(15, "the first reads all", all_seen)
    members[2] = member(2)
    support.eventually(20, "the second has its share", function()
      consume()
      return #members[1]:assignment() == 2 and #members[2]:assignment() == 2
    end)
    pass(40)
    support.eventually(15, "both read all", all_seen)
    assert.equal(true, members[1]:close())
    members[1] = nil
    support.eventually(20, "the second has it all", function()
      consume()
      return #members[2]:assignment() == 4
    end)
    pass(40)
    support.eventually(15, "the second reads all", all_seen)
    for number = 1, sent do
      assert.equal(1, seen[tostring(number)], number .. " came more than once")
    end
    assert.equal("assign 0 1 2 3", moves[1][1])
  end)

  it("lets a handler begin where it wants", function()
    send(1, 40)
    local first = {}
    local consumer = support.consumer(brokers, { "t" }, conf_of("consumer"), {
      on_assign = function(self, partitions)
        for _, item in ipairs(partitions) do
          item.offset = 7
        end
        assert.equal(true, self:incremental_assign(partitions))
      end,
    })
    support.eventually(15, "a message of each partition", function()
      local message = consumer:poll(100)
      if message and not first[message.partition] then
        first[message.partition] = message.offset
      end
      return first[0] and first[1] and first[2] and first[3]
    end)
    assert.same({ [0] = 7, [1] = 7, [2] = 7, [3] = 7 }, first)
  end)

  it("goes on when a handler throws, and passes it on", function()
    send(1, 4)
    local consumer = support.consumer(brokers, { "t" }, conf_of("consumer"), {
      on_assign = function()
        error({ "on purpose" })
      end,
      on_revoke = function()
        error("on purpose too", 0)
      end,
    })
    local failure = support.eventually(15, "the handler", function()
      local succeeded, failure = pcall(consumer.poll, consumer, 100)
      return not succeeded and failure
    end)
    assert.same({ "on purpose" }, failure)
    support.receive(consumer, 4)
    local succeeded, text = pcall(consumer.close, consumer)
    assert.equal(false, succeeded)
    assert.equal("on purpose too", text)
    assert.equal(true, consumer:is_closed())
  end)

  it("lets a handler close the consumer", function()
    local consumer = support.consumer(brokers, { "t" }, conf_of("consumer"), {
      on_assign = function(self)
        assert.equal(true, self:close())
      end,
    })
    local result
    support.eventually(15, "the handler", function()
      result = { consumer:poll(100) }
      return consumer:is_closed()
    end)
    assert.same({ nil, "closed", support.CLOSED }, result)
  end)

  it("has an event for lost partitions, or calls them revoked #timing", function()
    local moves, members = { {}, {} }, {}
    for number = 1, 2 do
      local options = recorder(moves[number])
      if number == 2 then
        options.on_lost = nil
      end
      local conf = conf_of("eager", { ["group.id"] = "lost" .. number })
      members[number] = support.consumer(brokers, { "t" }, conf, options)
    end
    local function both_have_moved(count)
      return function()
        members[1]:poll(20)
        members[2]:poll(20)
        return #moves[1] >= count and #moves[2] >= count
      end
    end
    support.eventually(15, "partitions", both_have_moved(1))
    cluster:push_errors("Heartbeat", kafka.err.UNKNOWN_MEMBER_ID, kafka.err.UNKNOWN_MEMBER_ID)
    support.eventually(15, "the loss", both_have_moved(2))
    assert.equal("lost 0 1 2 3", moves[1][2])
    assert.equal("revoke 0 1 2 3", moves[2][2])
  end)

  for _, kind in ipairs({ "eager", "consumer" }) do
    it("reads a pattern of topics, and another one later: " .. kind .. KEEPS_THE_CLOCK[kind], function()
      cluster:create_topic("u1", 1, 1)
      cluster:create_topic("u2", 1, 1)
      local consumer = support.consumer(brokers, nil, conf_of(kind))
      assert.equal("NONE", consumer:rebalance_protocol())
      assert.equal(true, consumer:subscribe({ "^u[0-9]" }))
      support.eventually(15, "two topics", function()
        consumer:poll(50)
        return #consumer:assignment() == 2
      end)
      assert.same({ "^u[0-9]" }, consumer:subscription())
      assert.equal(true, consumer:unsubscribe())
      support.eventually(15, "none", function()
        consumer:poll(50)
        return #consumer:assignment() == 0
      end)
      assert.same({}, consumer:subscription())
      assert.equal(true, consumer:subscribe({ "^u[^2]$", "t" }))
      support.eventually(15, "those and another topic", function()
        consumer:poll(50)
        return #consumer:assignment() == 5
      end)
    end)
  end

  it("keeps a static member's partitions #timing", function()
    send(1, 4)
    local conf = conf_of("eager", { ["group.instance.id"] = "one" })
    local first = support.consumer(brokers, { "t" }, conf)
    support.receive(first, 4)
    assert.equal(4, #first:commit())
    assert.equal(true, first:close())
    send(5, 8)
    local again = support.consumer(brokers, { "t" }, conf)
    local values = {}
    for _, message in ipairs(support.receive(again, 4)) do
      values[#values + 1] = message.value
    end
    table.sort(values)
    assert.same({ "5", "6", "7", "8" }, values)
  end)

  it("keeps the partitions of a static member that is away for a while", function()
    send(1, 4)
    local function member(number)
      local conf = conf_of("consumer", { ["group.instance.id"] = "member " .. number })
      return support.consumer(brokers, { "t" }, conf)
    end
    local function await_partitions(consumer, count)
      support.eventually(15, count .. " partitions", function()
        consumer:poll(20)
        return #consumer:assignment() == count
      end)
    end
    local first = member(1)
    support.receive(first, 4)
    assert.equal(4, #first:commit())
    assert.equal("member 1", first:group_metadata().group_instance_id)
    assert.equal(true, first:close())
    -- All four would be there for a member that joins an empty group.
    local second = member(2)
    await_partitions(second, 2)
    first = member(1)
    await_partitions(first, 2)
    local owned = {}
    for _, consumer in ipairs({ first, second }) do
      for _, item in ipairs(consumer:assignment()) do
        owned[#owned + 1] = item.partition
      end
    end
    table.sort(owned)
    assert.same({ 0, 1, 2, 3 }, owned)
  end)

  -- Then a rebalance is under way, and no member polls.
  local function await_event(consumer)
    local clib, out = support.clib(), require("ffi").new("kafka_message")
    support.eventually(15, "the event", function()
      return clib.kafka_consumer_poll(consumer.handle, 50, out, nil) == clib.KAFKA_ERR_EVENT
    end)
  end

  it("#many can be left at any moment", function()
    -- librdkafka ends the group while the second of two rebalances is answered, and may then forget to say so.
    local moves = {}
    for number = 1, 40 do
      local conf = conf_of("consumer", { ["group.id"] = "left " .. number })
      local consumer = support.consumer(brokers, { "t" }, conf, recorder(moves))
      await_event(consumer)
      assert.equal(true, consumer:close(10000))
    end
    assert.same({}, moves)
  end)

  it("is left within its time, whatever was not answered", function()
    local moves = {}
    local consumer = support.consumer(brokers, { "t" }, conf_of("consumer"), recorder(moves))
    await_event(consumer)
    local start = support.now()
    consumer:close(3000)
    assert.is_true(support.now() - start < 4.5)
    -- What it was given it never had.
    assert.same({}, moves)

    local forgotten = support.consumer(brokers, { "t" }, conf_of("consumer"), recorder(moves))
    support.eventually(15, "partitions", function()
      forgotten:poll(50)
      return #forgotten:assignment() == 4
    end)
    start = support.now()
    assert.same({}, { forgotten:receive(0) })
    local clib = support.clib()
    local handle = forgotten.handle
    forgotten.handle = nil
    require("kafka.native").release(handle, clib.kafka_consumer_free)
    assert.is_true(support.now() - start < 3)
    assert.same({ "assign 0 1 2 3" }, moves)
  end)
end)
