-- Messages with all they carry, batches, and places in partitions, on one cluster whose topics do not change.

local ffi = require("ffi")
local support = require("support")

local kafka = require("kafka")

describe("a consumer", function()
  local cluster, brokers, started

  lazy_setup(function()
    cluster, brokers = kafka.mock_cluster(), nil
    brokers = cluster:bootstrap_servers()
    started = os.time() * 1000
    for topic, partition_count in pairs({ t = 2, two = 2, later = 1 }) do
      cluster:create_topic(topic, partition_count, 1)
    end
    local messages = {
      { partition = 0, key = "key", value = "value" },
      { partition = 0, key = "k\0\255", value = "v\0\255" },
      { partition = 0, key = "", value = "" },
      { partition = 0 },
    }
    support.send_raw(brokers, "t", messages)
    local numbers = {}
    for number = 0, 99 do
      numbers[#numbers + 1] = { partition = number % 2, key = tostring(number), value = "v" .. number }
    end
    support.send_raw(brokers, "two", numbers)
  end)

  lazy_teardown(function()
    cluster:close()
  end)

  after_each(support.close_all)

  local groups = 0

  -- One without topics, in a group of its own.
  local function consumer_of(list, conf, options)
    groups = groups + 1
    local properties = { ["group.id"] = "g" .. groups, ["group.protocol"] = "classic", ["enable.auto.commit"] = false }
    for name, value in pairs(conf or {}) do
      properties[name] = value
    end
    local consumer = support.consumer(brokers, nil, properties, options)
    if list then
      assert.equal(true, consumer:assign(list))
    end
    return consumer
  end

  local function at(topic, partition, offset)
    return { topic = topic, partition = partition, offset = offset }
  end

  local function poll(consumer)
    local message, text = consumer:poll(15000)
    assert.equal(nil, text)
    return message
  end

  describe("polling", function()
    it("returns all that a message carries", function()
      local consumer = consumer_of({ at("t", 0, 0) })
      local first = poll(consumer)
      assert.is_true(first.timestamp >= started - 1000 and first.timestamp < started + 600000)
      first.timestamp = nil
      assert.same({
        topic = "t",
        partition = 0,
        offset = 0,
        key = "key",
        value = "value",
        timestamp_type = "create_time",
        leader_epoch = 0,
      }, first)
      local second = poll(consumer)
      assert.equal("k\0\255", second.key)
      assert.equal("v\0\255", second.value)
    end)

    it("tells nothing from empty", function()
      local consumer = consumer_of({ at("t", 0, 2) })
      local empty, tombstone = poll(consumer), poll(consumer)
      assert.same({ "", "" }, { empty.key, empty.value })
      assert.equal(2, empty.offset)
      assert.same({}, { tombstone.key, tombstone.value })
      assert.equal(3, tombstone.offset)
    end)

    it("says when nothing came", function()
      local consumer = consumer_of({ at("later", 0, 0) })
      assert.same({ nil, "timeout", support.TIMED_OUT }, { consumer:poll(0) })
      assert.same({ nil, "timeout", support.TIMED_OUT }, { consumer:consume(10, 0) })
      assert.same({ nil, "timeout", support.TIMED_OUT }, { consumer:consume_views(10, 0) })
    end)

    it("keeps its time #timing", function()
      local consumer = consumer_of({ at("later", 0, 0) }, nil, { on_error = function() end })
      for _, method in ipairs({ "poll", "receive" }) do
        local overrun = support.overrun(100, 50, function()
          consumer[method](consumer, 100)
        end)
        assert.is_true(overrun > -2 and overrun < 50, method .. ": " .. overrun)
      end
      for _, method in ipairs({ "consume", "consume_views" }) do
        local overrun = support.overrun(100, 50, function()
          consumer[method](consumer, 1000, 100)
        end)
        assert.is_true(overrun > -2 and overrun < 50, method .. ": " .. overrun)
      end
    end)

    it("tells where a partition ends", function()
      local consumer = consumer_of({ at("t", 0, 3) }, { ["enable.partition.eof"] = true })
      assert.equal(3, poll(consumer).offset)
      local message, _, code = consumer:poll(15000)
      assert.equal(nil, message)
      assert.equal(kafka.err.PARTITION_EOF, code)
      local events = consumer:events()
      assert.same({ { type = "partition_eof", partitions = { at("t", 0, 4) } } }, events)
      -- An end is no message: whatever comes next has its place.
      assert.same({ at("t", 0, 4) }, consumer:position())
      assert.same({}, { consumer:receive(10) })
    end)

    it("counts no end among the messages of a batch", function()
      local consumer = consumer_of({ at("t", 0, 0) }, { ["enable.partition.eof"] = true })
      assert.equal(4, #consumer:consume(100, 15000))
      assert.same({ at("t", 0, 4) }, consumer:position())
      assert.same({ at("t", 0, 4) }, consumer:commit())
    end)

    it("iterates until nothing comes", function()
      local consumer = consumer_of({ at("two", 0, 0), at("two", 1, 0) }, { ["enable.partition.eof"] = true })
      local count = 0
      for message in consumer:messages(1000) do
        assert.equal("v" .. message.key, message.value)
        count = count + 1
      end
      assert.equal(100, count)
    end)

    it("ends an iteration when it is closed", function()
      local consumer = consumer_of({ at("two", 0, 0) })
      for message in consumer:messages() do
        assert.equal(0, message.offset)
        assert.equal(true, consumer:close())
      end
      assert.equal(true, consumer:is_closed())
    end)
  end)

  describe("taking batches", function()
    it("returns as many as were asked for", function()
      local consumer = consumer_of({ at("two", 0, 0) })
      for first = 0, 40, 20 do
        local messages = consumer:consume(20, 15000)
        assert.equal(math.min(20, 50 - first), #messages)
        for index, message in ipairs(messages) do
          assert.equal(first + index - 1, message.offset)
          assert.equal("v" .. 2 * message.offset, message.value)
        end
        if first == 20 then
          -- The rest is there; what is missing would not come.
          consumer:seek(at("two", 0, 40))
          assert.equal(10, #consumer:consume(20, 1000))
          break
        end
      end
    end)

    it("gives views that need no copy", function()
      local consumer = consumer_of({ at("t", 0, 0) })
      local batch = consumer:consume_views(4, 15000)
      assert.equal(4, batch:len())
      local pointer, length = batch:value_ptr(2)
      assert.equal("v\0\255", ffi.string(pointer, length))
      assert.equal(string.byte("v"), pointer[0])
      pointer, length = batch:key_ptr(1)
      assert.equal("key", ffi.string(pointer, length))
      pointer, length = batch:value_ptr(3)
      assert.is_true(pointer ~= nil)
      assert.equal(0, length)
      assert.same({}, { batch:value_ptr(4) })
      assert.same({}, { batch:key_ptr(4) })
      assert.same({ "t", 0, 3 }, { batch:topic(4), batch:partition(4), batch:offset(4) })
      assert.equal("value", batch:message(1).value)
      for _, index in ipairs({ 0, 5, -1 }) do
        assert.has_error(function()
          batch:value_ptr(index)
        end, "bad argument #1 to 'value_ptr' (index out of range, of 4 messages)")
      end
      batch:release()
      batch:release()
      assert.same({ nil, "closed", support.CLOSED }, { batch:len() })
      assert.same({ nil, "closed", support.CLOSED }, { batch:value_ptr(1) })
    end)

    it("keeps what a batch points to, whatever is closed or collected", function()
      local consumer = consumer_of({ at("two", 1, 0) })
      local batch = consumer:consume_views(50, 15000)
      local pointers = {}
      for index = 1, batch:len() do
        local pointer, length = batch:value_ptr(index)
        pointers[index] = { pointer, length }
      end
      assert.equal(true, consumer:close())
      consumer = nil
      support.collect()
      for index, place in ipairs(pointers) do
        assert.equal("v" .. 2 * index - 1, ffi.string(place[1], place[2]))
      end
      assert.equal(49, batch:offset(50))
      batch = nil
      support.collect()
      assert.is_nil(batch)
      assert.is_nil(consumer)
    end)

    it("copies what a message holds when it is read, once", function()
      local consumer = consumer_of({ at("t", 0, 0) })
      local messages = consumer:consume(4, 15000)
      assert.equal(true, consumer:close())
      consumer = nil
      support.collect()
      local message = messages[1]
      assert.equal("value", message.value)
      assert.equal("key", message.key)
      assert.same({ "t", 0, 0, "create_time" }, {
        message.topic,
        message.partition,
        message.offset,
        message.timestamp_type,
      })
      assert.is_nil(message.unknown)
      message.mine = "as in every table"
      assert.equal("as in every table", message.mine)
      local tombstone = messages[4]
      assert.same({ n = 2 }, { n = select("#", tombstone.value, tombstone.key), tombstone.value, tombstone.key })
      assert.is_nil(consumer)
      local headers = { { "h", "1" } }
      local producer = support.producer(brokers)
      assert(producer:produce_sync({ topic = "headers", partition = 0, value = "x", headers = headers }, 15000))
      local with_headers = consumer_of({ at("headers", 0, 0) }):consume(1, 15000)[1]
      local read = with_headers.headers
      assert.same(headers, read)
      assert.equal(read, with_headers.headers)
    end)

    it("does not grow while the collector sees nothing but small tables #many", function()
      local big = ("x"):rep(500000)
      assert(support.producer(brokers):produce_sync({ topic = "big", partition = 0, value = big }, 15000))
      for _, method in ipairs({ "consume", "consume_views" }) do
        local consumer = consumer_of({ at("big", 0, 0) })
        assert.equal(1, #assert(consumer:consume(1, 15000)))
        local before = support.resident_kib()
        for _ = 1, 200 do
          assert.equal(true, consumer:seek(at("big", 0, 0), 1000))
          assert(consumer[method](consumer, 1, 15000))
        end
        -- Of 100 MB.
        assert.is_true(support.resident_kib() - before < 50000, method)
      end
    end)

    it("gives back what nobody released", function()
      local consumer = consumer_of({ at("two", 0, 0) })
      for _ = 1, 20 do
        assert.is_true(consumer:consume_views(10, 1000):len() > 0)
        consumer:seek(at("two", 0, 0))
        collectgarbage()
      end
    end)
  end)

  describe("places", function()
    it("are where one puts them", function()
      local consumer = consumer_of({ at("two", 0, 10), at("two", 1, kafka.OFFSET_BEGINNING) })
      local first = {}
      repeat
        local message = poll(consumer)
        first[message.partition] = first[message.partition] or message.offset
      until first[0] and first[1]
      assert.same({ [0] = 10, [1] = 0 }, first)

      assert.equal(true, consumer:assign({ at("two", 1) }))
      assert.same({ at("two", 1) }, consumer:assignment())
      assert.equal(0, poll(consumer).offset)
      assert.equal(true, consumer:unassign())
      assert.same({}, consumer:assignment())
      assert.equal(true, consumer:incremental_assign({ at("two", 0, 30) }))
      assert.equal(30, poll(consumer).offset)
      local done, text, code = consumer:incremental_assign({ at("two", 0) })
      assert.equal(nil, done)
      assert.is_true(text:find("two", 1, true) ~= nil, text)
      assert.equal(kafka.err.CONFLICT, code)
      assert.equal(true, consumer:incremental_unassign({ at("two", 0) }))
      assert.same({}, consumer:assignment())
    end)

    it("can be sought", function()
      local consumer = consumer_of({ at("two", 0, 0) })
      assert.equal(0, poll(consumer).offset)
      assert.equal(true, consumer:seek(at("two", 0, 42)))
      assert.equal(42, poll(consumer).offset)
      assert.same({ at("two", 0, 43) }, consumer:position())
      assert.same({ at("two", 0, 43), at("two", 1) }, consumer:position({ at("two", 0), at("two", 1) }))
      assert.equal(true, consumer:seek(at("two", 0, kafka.OFFSET_BEGINNING)))
      assert.equal(0, poll(consumer).offset)
      local done, text, code = consumer:seek(at("two", 1, 0), 1000)
      assert.equal(nil, done)
      assert.equal("string", type(text))
      assert.equal(kafka.err.STATE, code)
    end)

    it("rest while they are paused", function()
      local consumer = consumer_of({ at("two", 0, 0), at("two", 1, 0) })
      assert.equal(true, consumer:pause({ at("two", 1) }))
      assert.equal(true, consumer:seek(at("two", 1, 0)))
      for _, message in ipairs(consumer:consume(100, 500)) do
        assert.equal(0, message.partition)
      end
      assert.equal(true, consumer:resume({ at("two", 1) }))
      for _, message in ipairs(consumer:consume(50, 15000)) do
        assert.equal(1, message.partition)
      end
    end)

    it("are found by time, and have ends", function()
      local consumer = consumer_of()
      assert.same({ 0, 50 }, { consumer:watermarks("two", 1) })
      assert.same({ 0, 0 }, { consumer:watermarks("later", 0) })
      local low, _, code = consumer:watermarks("two", 9, 2000)
      assert.equal(nil, low)
      assert.equal(kafka.err.UNKNOWN_PARTITION, code)
      -- The mock cluster knows only the end.
      local found = consumer:offsets_for_times({ { topic = "two", partition = 0, timestamp = started } })
      assert.same({ at("two", 0, kafka.OFFSET_END) }, found)
      -- Kafka's protocol has the ends as times, too.
      found = consumer:offsets_for_times({
        { topic = "two", partition = 0, timestamp = kafka.OFFSET_END },
        { topic = "two", partition = 1, timestamp = kafka.OFFSET_BEGINNING },
      })
      assert.same({ at("two", 0, 50), at("two", 1, 0) }, found)
      local twice = { topic = "two", partition = 0, timestamp = started }
      local refused, message, refusal = consumer:offsets_for_times({ twice, twice })
      assert.same({ nil, 'partitions: "two" [0] is there twice', -1000 }, { refused, message, refusal })
    end)
  end)

  describe("committing", function()
    it("takes a message, a list, or what is stored", function()
      local consumer = consumer_of({ at("two", 0, 0), at("two", 1, 0) })
      local both = { at("two", 0), at("two", 1) }
      assert.same({}, consumer:commit())
      assert.same(both, consumer:committed(both))
      local message
      repeat
        message = poll(consumer)
      until message.partition == 1
      assert.same({ at("two", 1, message.offset + 1) }, consumer:commit(message))
      assert.same({ at("two", 0), at("two", 1, message.offset + 1) }, consumer:committed(both))
      assert.same({ at("two", 0, 5), at("two", 1, 6) }, consumer:commit({ at("two", 0, 5), at("two", 1, 6) }))
      assert.same({ at("two", 0, 5), at("two", 1, 6) }, consumer:committed(both))
    end)

    it("commits what was taken, and no more", function()
      local consumer = consumer_of({ at("two", 0, 0) })
      poll(consumer)
      poll(consumer)
      assert.same({ at("two", 0, 2) }, consumer:commit())
      consumer:consume(3, 15000)
      assert.same({ at("two", 0, 5) }, consumer:commit())
    end)

    it("commits what was stored by hand", function()
      local consumer = consumer_of({ at("two", 0, 0) }, { ["enable.auto.offset.store"] = false })
      local message = poll(consumer)
      poll(consumer)
      assert.same({}, consumer:commit())
      assert.equal(true, consumer:store_offsets(message))
      assert.same({ at("two", 0, 1) }, consumer:commit())
      assert.equal(true, consumer:store_offsets({ at("two", 0, 2) }))
      assert.same({ at("two", 0, 2) }, consumer:commit())
      local done, text, code = consumer:store_offsets({ at("two", 1, 2) })
      assert.equal(nil, done)
      assert.is_true(text:find("^two %[1%]: ") ~= nil, text)
      assert.equal(kafka.err.STATE, code)
    end)

    it("says why nothing can be stored by hand", function()
      local done, text, code = consumer_of({ at("two", 0, 0) }):store_offsets({ at("two", 0, 2) })
      assert.equal(nil, done)
      assert.equal("enable.auto.offset.store must be false for offsets to be stored by hand", text)
      assert.equal(kafka.err.INVALID_ARG, code)
    end)

    it("goes on in the background", function()
      local consumer = consumer_of({ at("two", 0, 0) })
      assert.equal(true, consumer:commit_async({ at("two", 0, 7) }))
      support.eventually(15, "the commit", function()
        return consumer:committed({ at("two", 0) })[1].offset == 7
      end)
      assert.same({}, consumer:events())
    end)

    it("tells of a commit that failed", function()
      local consumer = consumer_of({ at("two", 0, 0) })
      assert.same({}, consumer:commit())
      cluster:push_errors("OffsetCommit", kafka.err.OFFSET_METADATA_TOO_LARGE)
      local committed, text, code = consumer:commit({ at("two", 0, 7) })
      assert.equal(nil, committed)
      assert.equal("string", type(text))
      assert.equal(kafka.err.OFFSET_METADATA_TOO_LARGE, code)
      assert.same({}, consumer:events())

      cluster:push_errors("OffsetCommit", kafka.err.OFFSET_METADATA_TOO_LARGE)
      assert.equal(true, consumer:commit_async({ at("two", 0, 7) }))
      local event = support.eventually(15, "the event", function()
        consumer:poll(10)
        return consumer:events()[1]
      end)
      assert.equal("commit_failed", event.type)
      assert.equal(kafka.err.OFFSET_METADATA_TOO_LARGE, event.code)
      assert.equal("two", event.partitions[1].topic)
    end)
  end)

  it("keeps the time of requests that nobody answers #timing", function()
    local consumer = kafka.consumer(support.NOWHERE, nil, support.consumer_conf())
    local list = { at("t", 0, 1) }
    for _, call in ipairs({
      function()
        return consumer:commit(list, 100)
      end,
      function()
        return consumer:committed(list, 100)
      end,
      function()
        return consumer:watermarks("t", 0, 100)
      end,
      function()
        return consumer:offsets_for_times({ { topic = "t", partition = 0, timestamp = 1 } }, 100)
      end,
    }) do
      local overrun = support.overrun(100, 50, function()
        assert.equal(nil, (call()))
      end)
      assert.is_true(overrun < 50, tostring(overrun))
    end
    consumer:close(0)
  end)

  it("refuses what it cannot use, and changes nothing", function()
    local consumer = consumer_of({ at("two", 0, 0) })
    local wrong = {
      { "assign", "x", "bad argument #1 to 'assign' (table expected, got string)" },
      { "assign", { topic = "t" }, "bad argument #1 to 'assign' (array of partitions expected)" },
      { "assign", { "t" }, "bad argument #1 to 'assign' ([1]: table expected, got string)" },
      { "assign", { {} }, "bad argument #1 to 'assign' ([1]: topic: string expected, got nil)" },
      { "assign", { at("", 0) }, "bad argument #1 to 'assign' ([1]: topic: invalid name)" },
      {
        "incremental_assign",
        { at("t", 0), at("t", -1) },
        "bad argument #1 to 'incremental_assign' ([2]: partition: integer from 0 expected, got -1)",
      },
      { "pause", { at("t") }, "bad argument #1 to 'pause' ([1]: partition: integer from 0 expected, got nil)" },
      { "commit", { at("t", 0) }, "bad argument #1 to 'commit' ([1]: offset: integer expected, got nil)" },
      {
        "store_offsets",
        { at("t", 0, 0.5) },
        "bad argument #1 to 'store_offsets' ([1]: offset: integer expected, got 0.5)",
      },
      { "seek", at("t", 0), "bad argument #1 to 'seek' ([1]: offset: integer expected, got nil)" },
      {
        "offsets_for_times",
        { at("t", 0, 1) },
        "bad argument #1 to 'offsets_for_times' ([1]: timestamp: integer expected, got nil)",
      },
      { "subscribe", {}, "bad argument #1 to 'subscribe' (the topics array is empty)" },
      {
        "subscribe",
        { "t:1" },
        "bad argument #1 to 'subscribe' (a topic with a partition can be assigned, not subscribed to)",
      },
      { "consume", 0, "bad argument #1 to 'consume' (number out of range)" },
      { "consume_views", "x", "bad argument #1 to 'consume_views' (number expected, got string)" },
    }
    for _, case in ipairs(wrong) do
      local method, argument, text = case[1], case[2], case[3]
      -- Called by its name, which the message has.
      local call = assert(loadstring(("local consumer, argument = ... consumer:%s(argument)"):format(method)))
      assert.has_error(function()
        call(consumer, argument)
      end, text)
    end
    assert.same({ at("two", 0, 0) }, consumer:assignment())
    assert.equal(0, poll(consumer).offset)
    assert.has_error(function()
      kafka.consumer(brokers, nil, support.consumer_conf(), nil, { on_assgn = print })
    end, "bad argument #5 to 'consumer' (unknown option 'on_assgn')")
    assert.has_error(function()
      kafka.consumer(brokers, nil, support.consumer_conf(), nil, { on_assign = true })
    end, "bad argument #5 to 'consumer' (option 'on_assign': function expected, got boolean)")
  end)

  it("says that it is closed", function()
    local consumer = consumer_of()
    assert.equal(false, consumer:is_closed())
    assert.equal(true, consumer:close())
    assert.equal(true, consumer:is_closed())
    local list = { at("t", 0, 0) }
    local arguments = {
      poll = {},
      receive = {},
      consume = { 1 },
      consume_views = { 1 },
      subscribe = { { "t" } },
      unsubscribe = {},
      subscription = {},
      assign = { list },
      incremental_assign = { list },
      incremental_unassign = { list },
      unassign = {},
      assignment = {},
      assignment_lost = {},
      rebalance_protocol = {},
      commit = {},
      commit_async = {},
      store_offsets = { list },
      pause = { list },
      resume = { list },
      position = {},
      seek = { list[1] },
      committed = { list },
      watermarks = { "t", 0 },
      offsets_for_times = { { { topic = "t", partition = 0, timestamp = 0 } } },
    }
    for method, given in pairs(arguments) do
      local result = { consumer[method](consumer, unpack(given)) }
      assert.same({ nil, "closed", support.CLOSED }, result, method)
    end
    assert.equal(nil, (consumer:messages()()))
  end)
end)
