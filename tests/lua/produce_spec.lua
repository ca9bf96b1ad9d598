local support = require("support")

local kafka = require("kafka")

local QUEUE_FULL, MSG_TIMED_OUT, PURGE_QUEUE, UNKNOWN_PARTITION, MSG_SIZE = -184, -192, -152, -190, 10

describe("a producer", function()
  local cluster, brokers

  before_each(function()
    cluster, brokers = support.cluster()
    cluster:create_topic("t", 4, 1)
  end)

  after_each(support.close_all)

  local function reader()
    return support.consumer(brokers, { "t:0", "t:1", "t:2", "t:3" })
  end

  -- No broker answers there.
  local function unreachable(conf, options)
    return support.producer(support.NOWHERE, conf, options)
  end

  -- Polls until so many reports have come in.
  local function await(list, count, producer)
    support.eventually(15, count .. " reports", function()
      producer:poll(10)
      return #list >= count
    end)
  end

  describe("that produces", function()
    it("makes the topic by itself, and sends key, value and partition", function()
      local producer = support.producer(brokers)
      assert.is_false(producer:has_topic("t"))
      assert.is_true(producer:produce({ topic = "t", key = "k", value = "v", partition = 2 }))
      assert.is_true(producer:has_topic("t"))
      assert.is_true(producer:produce({ topic = "t", key = 12, value = 3.5, partition = "3" }))
      assert.is_true(producer:flush(10000))
      local messages = support.receive(reader(), 2)
      table.sort(messages, function(left, right)
        return left.partition < right.partition
      end)
      assert.same({ value = "v", topic = "t", partition = 2, key = "k" }, messages[1])
      assert.same({ value = "3.5", topic = "t", partition = 3, key = "12" }, messages[2])
    end)

    it("takes headers as a list or a map, and no field that it does not know", function()
      local producer = support.producer(brokers)
      local null = kafka.null
      local backwards = {}
      for index = 3, 1, -1 do
        backwards[index] = { tostring(index), "x" }
      end
      local fine = {
        { { "z", "1" }, { "a", "2" }, { "z", "1" }, { "n", null }, { "m" }, { "", "" }, { "b", "\0\255" }, { 5, 6 } },
        { b = null, c = 7, a = "1" },
        {},
        backwards,
      }
      for _, headers in ipairs(fine) do
        assert.is_true(producer:produce({ topic = "t", partition = 0, value = "x", headers = headers }))
      end
      -- As they come out: in order, duplicates and all, a null value apart from an empty one; a map sorted by name.
      local read = support.consumer(brokers, { "t:0" })
      assert.same({
        { "z", "1" },
        { "a", "2" },
        { "z", "1" },
        { "n", null },
        { "m", null },
        { "", "" },
        { "b", "\0\255" },
        { "5", "6" },
      }, read:poll(15000).headers)
      assert.same({ { "a", "1" }, { "b", null }, { "c", "7" } }, read:poll(15000).headers)
      assert.equal(nil, read:poll(15000).headers)
      assert.same({ { "1", "x" }, { "2", "x" }, { "3", "x" } }, read:poll(15000).headers)
      local count = producer:counters().queued
      local wrong = {
        ["field 'topic': string expected, got nil"] = { value = "x" },
        ["field 'topic': string contains a NUL byte"] = { topic = "t\0" },
        ["field 'value': string expected, got table"] = { topic = "t", value = {} },
        ["field 'key': string expected, got boolean"] = { topic = "t", key = true },
        ["field 'partition': number expected, got string"] = { topic = "t", partition = "x" },
        ["field 'partition': number out of range"] = { topic = "t", partition = -2 },
        ["field 'timestamp': number expected, got table"] = { topic = "t", timestamp = {} },
        ["field 'timestamp': number out of range"] = { topic = "t", timestamp = 0 / 0 },
        ["field 'on_delivery': function expected, got string"] = { topic = "t", on_delivery = "x" },
        ["field 'headers': table expected, got string"] = { topic = "t", headers = "x" },
        ["field 'headers': table expected, got kafka.null"] = { topic = "t", headers = kafka.null },
        ["field 'headers': item 1: table expected, got string"] = { topic = "t", headers = { "x" } },
        ["field 'headers': item 2: table expected, got nil"] = { topic = "t", headers = { { "a" }, nil, { "b" } } },
        ["field 'headers': neither a list nor a map, with key a"] = { topic = "t", headers = { { "b" }, a = "x" } },
        ["field 'headers': neither a list nor a map, with key 2"] = { topic = "t", headers = { [2] = "x" } },
        ["field 'headers': name: string expected, got nil"] = { topic = "t", headers = { {} } },
        ["field 'headers': name contains a NUL byte"] = { topic = "t", headers = { ["a\0"] = "x" } },
        ["field 'headers': header 'a': string expected, got table"] = { topic = "t", headers = { a = {} } },
        ["unknown field 'valeu'"] = { topic = "t", valeu = "x" },
      }
      for text, message in pairs(wrong) do
        local ok, thrown = pcall(function()
          producer:produce(message)
        end)
        assert.is_false(ok, text)
        assert.equal(("bad argument #1 to 'produce' (%s)"):format(text), thrown)
      end
      assert.has_error(function()
        producer:produce("x")
      end, "bad argument #1 to 'produce' (table expected, got string)")
      local ok, thrown = pcall(producer.produce, producer, { topic = ("x"):rep(600) })
      assert.is_false(ok)
      assert.matches("^invalid topic 'x+': ", thrown)
      assert.equal(count, producer:counters().queued)
    end)

    it("says what was refused, and counts nothing of it", function()
      local producer = support.producer(brokers, { ["queue.buffering.max.messages"] = 2, ["message.max.bytes"] = 1000 })
      local headers = { { "a", "b" } }
      local large = ("x"):rep(2000)
      local results = { producer:produce({ topic = "t", value = large, headers = headers, on_delivery = print }) }
      assert.equal(nil, results[1])
      assert.equal(MSG_SIZE, results[3])
      assert.is_true(producer:produce_sync({ topic = "t", value = "x" }) ~= nil)
      local ok, message, code = producer:produce({ topic = "t", partition = 40, headers = headers })
      assert.equal(nil, ok)
      assert.equal("string", type(message))
      assert.equal(UNKNOWN_PARTITION, code)
      for _ = 1, 2 do
        assert.equal(0, producer:send("t", 0, 1, "x"))
      end
      for _, given in ipairs({ headers, false }) do
        ok, message, code = producer:produce({ topic = "t", value = "x", headers = given or nil })
        assert.equal(nil, ok)
        assert.equal("queue full", message)
        assert.equal(QUEUE_FULL, code)
      end
      assert.same({ 105 }, { producer:send("t", 0, 1, "x") })
      assert.is_true(producer:flush(10000))
      assert.same({ queued = 3, in_flight = 0, delivered = 3, failed = 0 }, producer:counters())
    end)

    it("never stalls where no reports are asked for", function()
      local producer = support.producer(brokers, { ["queue.buffering.max.messages"] = 10 }, nil)
      for index = 1, 5 do
        for _ = 1, 10 do
          assert.is_true(producer:produce({ topic = "t", value = "x", opaque = index }))
        end
        assert.is_true(producer:flush(10000))
      end
      assert.same({ nil, 0 }, { producer:poll() })
      assert.equal(50, producer:counters().delivered)
    end)

    it("counts the failures of those messages for poll", function()
      local producer = unreachable({ ["message.timeout.ms"] = 50 })
      assert.is_true(producer:produce({ topic = "t" }))
      assert.is_true(producer:produce({ topic = "t" }))
      assert.is_true(producer:flush(10000))
      assert.same({ nil, 2 }, { producer:poll(10000) })
      assert.same({ nil, 0 }, { producer:poll() })
      assert.same({ queued = 2, in_flight = 0, delivered = 0, failed = 2 }, producer:counters())
    end)
  end)

  describe("with on_delivery", function()
    it("calls each message's function, and the producer's for the others", function()
      local own, others = {}, {}
      local producer = support.producer(brokers, nil, {
        on_delivery = function(report)
          others[#others + 1] = report
        end,
      })
      local opaque = {}
      producer:create_topic("t")
      assert.is_true(producer:produce({
        topic = "t",
        partition = 1,
        value = "x",
        opaque = opaque,
        on_delivery = function(report)
          own[#own + 1] = report
        end,
      }))
      assert.is_true(producer:produce({ topic = "t", partition = 1, opaque = false }))
      assert.equal(0, producer:send("t", 1, 77, "x"))
      await(others, 2, producer)
      assert.equal(1, #own)
      local report = own[1]
      assert.equal(opaque, report.opaque)
      assert.equal("t", report.topic)
      assert.equal(1, report.partition)
      assert.equal(0, report.offset)
      assert.is_true(report.timestamp > 0)
      assert.is_true(report.latency_us > 0)
      assert.equal(nil, report.err)
      assert.equal(nil, report.code)
      assert.is_false(others[1].opaque)
      assert.equal(1, others[1].offset)
      assert.equal(77, others[2].opaque)
    end)

    it("says why a message failed", function()
      local reports = {}
      local producer = unreachable({ ["message.timeout.ms"] = 50 })
      assert.is_true(producer:produce({
        topic = "t",
        on_delivery = function(report)
          reports[#reports + 1] = report
        end,
      }))
      await(reports, 1, producer)
      assert.equal("Local: Message timed out: 127.0.0.1:1: Connection refused", reports[1].err)
      assert.equal(MSG_TIMED_OUT, reports[1].code)
      assert.equal(nil, reports[1].offset)
      assert.equal(nil, reports[1].timestamp)
    end)

    it("keeps poll's meaning: sequence ids of send, failures of all, since the last poll", function()
      local reported = 0
      local producer = support.producer(brokers, nil, {
        on_delivery = function()
          reported = reported + 1
        end,
      })
      producer:create_topic("t")
      assert.equal(0, producer:send("t", 0, 2 ^ 63, "x"))
      assert.is_true(producer:produce({ topic = "t", partition = 0, opaque = 5 }))
      -- Fetched by another call, remembered for poll, which then does not wait.
      assert.is_true(producer:flush(10000))
      assert.equal(2, reported)
      assert.same({ 2 ^ 63, 0 }, { producer:poll(10000) })
      assert.equal(0, producer:send("t", 0, 1, "y"))
      assert.same({ 1, 0 }, { producer:poll(10000) })
      assert.same({ nil, 0 }, { producer:poll() })
    end)

    it("passes a handler's error on, and runs the others the next time", function()
      local reported = {}
      local producer = support.producer(brokers, nil, {
        on_delivery = function(report)
          reported[#reported + 1] = report.opaque
          if report.opaque == 1 then
            error("on purpose", 0)
          end
        end,
      })
      for opaque = 1, 3 do
        assert.is_true(producer:produce({ topic = "t", partition = 0, opaque = opaque }))
      end
      assert.has_error(function()
        producer:flush(10000)
      end, "on purpose")
      producer:flush(10000)
      assert.same({ 1, 2, 3 }, reported)
    end)

    it("lets a handler produce, poll, destroy the topic, and close", function()
      local producer, count = nil, 0
      producer = support.producer(brokers, { ["queue.buffering.max.messages"] = 3 }, {
        block_ms = 10000,
        on_delivery = function()
          count = count + 1
          if count < 20 then
            producer:destroy_topic("t")
            assert(producer:produce({ topic = "t", value = "again", headers = { { "a", "b" } } }))
            producer:poll(0)
          elseif count == 20 then
            assert(producer:close(1000))
          end
        end,
      })
      for _ = 1, 6 do
        local ok, _, code = producer:produce({ topic = "t", value = "x" })
        assert.is_true(ok or code == support.CLOSED)
      end
      support.eventually(15, "closed by a handler", function()
        producer:poll(10)
        return producer:is_closed()
      end)
    end)

    it("runs what is left when it is closed, and after it is", function()
      local codes, closed = {}, nil
      local producer = unreachable(nil, {
        on_delivery = function(report)
          codes[#codes + 1] = report.code
          error("on purpose", 0)
        end,
      })
      for _ = 1, 3 do
        assert.is_true(producer:produce({
          topic = "t",
          on_delivery = function(report)
            codes[#codes + 1] = report.code
            closed = producer:is_closed()
          end,
        }))
      end
      assert.same({ nil, "timeout", support.TIMED_OUT, 3 }, { support.without_cause(producer:close(20)) })
      assert.same({ PURGE_QUEUE, PURGE_QUEUE, PURGE_QUEUE }, codes)
      assert.is_true(closed)

      -- Not even a handler that throws keeps it open.
      producer = unreachable(nil, {
        on_delivery = function()
          error("on purpose", 0)
        end,
      })
      assert.is_true(producer:produce({ topic = "t" }))
      assert.has_error(function()
        producer:close(0)
      end, "on purpose")
      assert.is_true(producer:is_closed())
      assert.is_true(producer:close())
    end)

    it("is refused where the report would never come", function()
      local producer = support.producer(brokers, { ["delivery.report.only.error"] = true })
      assert.has_error(function()
        producer:produce({ topic = "t", on_delivery = print })
      end, "delivery.report.only.error cannot be true where a message has an opaque or on_delivery")
      assert.is_true(producer:produce({ topic = "t" }))
    end)
  end)

  describe("with reports = true", function()
    it("reports every message, whoever sent it, in order", function()
      local producer = support.producer(brokers, nil, { reports = true })
      producer:create_topic("t")
      for index = 1, 10 do
        if index % 2 == 0 then
          assert.equal(0, producer:send("t", 1, index, "x"))
        else
          assert.is_true(producer:produce({ topic = "t", partition = 1, opaque = { index } }))
        end
      end
      assert.is_true(producer:flush(10000))
      local first, rest = producer:reports(3), producer:reports()
      assert.equal(3, #first)
      assert.equal(7, #rest)
      assert.equal(1, first[1].opaque[1])
      assert.equal(2, first[2].opaque)
      assert.equal(10, rest[7].opaque)
      for index, report in ipairs(rest) do
        assert.equal(index + 2, report.offset)
        assert.equal("t", report.topic)
        assert.equal(1, report.partition)
      end
      assert.same({}, producer:reports())
      assert.same({ 10, 0 }, { producer:poll() })
    end)

    it("stalls, in bounded memory, where they are not taken #many", function()
      local producer = support.producer(
        brokers,
        { ["queue.buffering.max.messages"] = 200 },
        { reports = true, block_ms = 10000 }
      )
      local accepted = 0
      local ok, message
      repeat
        ok, message = producer:produce({ topic = "t", value = "x" })
        accepted = accepted + (ok and 1 or 0)
      until not ok or accepted == 12000
      assert.equal("queue full", message)
      assert.is_true(accepted >= 10000 and accepted <= 10200 + 256, accepted)
      local taken = 0
      repeat
        producer:flush(10000)
        local reports = producer:reports()
        taken = taken + #reports
      until #reports == 0
      assert.equal(accepted, taken)
      assert.is_true(producer:produce({ topic = "t", value = "x" }))
    end)

    it("has none without it", function()
      local producer = support.producer(brokers)
      assert.has_error(function()
        producer:reports()
      end, "reports: the producer was not made with reports = true")
    end)
  end)

  describe("whose queue is full", function()
    it("waits for room with block_ms, send too", function()
      local producer = support.producer(brokers, { ["queue.buffering.max.messages"] = 5 }, { block_ms = 10000 })
      producer:create_topic("t")
      for index = 1, 40 do
        assert.equal(0, producer:send("t", 0, index, "x"))
        assert.is_true(producer:produce({ topic = "t", partition = 0, value = "x" }))
      end
      assert.equal(0, support.reported(producer, 40))
      assert.equal(80, #support.receive(reader(), 80))
    end)

    it("waits no longer than that #timing", function()
      local producer = unreachable({ ["queue.buffering.max.messages"] = 1 }, { block_ms = 100 })
      assert.is_true(producer:produce({ topic = "t" }))
      local over = support.overrun(100, 50, function()
        local ok, message, code = producer:produce({ topic = "t" })
        assert.same({ nil, "queue full", QUEUE_FULL }, { ok, message, code })
      end)
      assert.is_true(over >= -1 and over < 50, over)
    end)

    it("waits where librdkafka's limit on bytes is met", function()
      local producer = support.producer(brokers, { ["queue.buffering.max.kbytes"] = 1 }, { block_ms = 10000 })
      for _ = 1, 10 do
        assert.is_true(producer:produce({ topic = "t", value = ("x"):rep(600) }))
      end
    end)
  end)

  describe("with batches", function()
    it("queues them in order, with headers and all", function()
      local reports = {}
      local producer = support.producer(brokers)
      local queued, errors = producer:produce_batch("t", {
        "a",
        { value = "b", partition = 0, headers = { { "h", "v" } }, timestamp = 1234567890123 },
        { value = "c", partition = 0, key = "k" },
        {
          partition = 0,
          opaque = "o",
          on_delivery = function(report)
            reports[#reports + 1] = report
          end,
        },
      })
      assert.equal(4, queued)
      assert.same({}, errors)
      await(reports, 1, producer)
      assert.equal("o", reports[1].opaque)
      local values = {}
      for _, message in ipairs(support.receive(reader(), 4)) do
        if message.value ~= "a" then
          values[#values + 1] = message.value
        end
      end
      assert.same({ "b", "c", "" }, values)
      assert.same({ 0, {} }, { producer:produce_batch("t", {}) })
    end)

    it("says which messages were refused, and why", function()
      local producer = support.producer(brokers, { ["queue.buffering.max.messages"] = 3, ["message.max.bytes"] = 1000 })
      local queued, errors = producer:produce_batch("t", { "a", ("x"):rep(2000), "b", "c", "d", "e" })
      assert.equal(3, queued)
      assert.equal(3, #errors)
      assert.equal(2, errors[1].index)
      assert.equal(MSG_SIZE, errors[1].code)
      assert.same({ index = 5, err = "queue full", code = QUEUE_FULL }, errors[2])
      assert.same({ index = 6, err = "queue full", code = QUEUE_FULL }, errors[3])
      assert.is_true(producer:flush(10000))
      local before = producer:counters()
      local function batch(messages)
        return function()
          producer:produce_batch("t", messages)
        end
      end
      assert.has_error(
        batch({ "a", { value = {} } }),
        "bad argument #2 to 'produce_batch' (message 2: field 'value': string expected, got table)"
      )
      assert.has_error(
        batch({ { topic = "t" } }),
        "bad argument #2 to 'produce_batch' (message 1: unknown field 'topic')"
      )
      assert.has_error(
        batch({ 1 }),
        "bad argument #2 to 'produce_batch' (message 1: table or string expected, got number)"
      )
      assert.same(before, producer:counters())
    end)

    it("keeps the order of each partition, whatever names it, and puts keys where produce puts them", function()
      local producer = support.producer(brokers)
      -- Until the partitions are known records go one by one, and afterwards together.
      for first = 1, 401, 200 do
        local messages = {}
        for index = first, first + 199 do
          local key = index % 3 > 0 and "key " .. index % 7 or nil
          messages[#messages + 1] = {
            key = key,
            value = index,
            partition = not key and index % 4 or nil,
            headers = index % 5 == 0 and { { "h", "v" } } or nil,
            timestamp = index % 11 == 0 and 1234567890123 or nil,
          }
        end
        assert.same({ 200, {} }, { producer:produce_batch("t", messages) })
        assert.is_true(producer:flush(10000))
      end
      for index = 1, 7 do
        assert.is_true(producer:produce({ topic = "t", key = "key " .. index % 7, value = 1000 + index }))
      end
      local last, partition_of = {}, {}
      for _, message in ipairs(support.receive(reader(), 607)) do
        local index, partition, key = tonumber(message.value), message.partition, message.key
        local expected = index % 4
        if key then
          partition_of[key] = partition_of[key] or partition
          expected = partition_of[key]
        end
        assert.equal(expected, partition)
        assert.is_true(index > (last[partition] or 0))
        last[partition] = index
      end
    end)

    it("puts messages without a key and a partition into one, if they come at once", function()
      local producer = support.producer(brokers, { ["sticky.partitioning.linger.ms"] = 10000 })
      assert.is_true(producer:produce_sync({ topic = "t", value = "first" }) ~= nil)
      local messages = {}
      for index = 1, 300 do
        messages[index] = tostring(index)
      end
      assert.same({ 300, {} }, { producer:produce_batch("t", messages) })
      assert.is_true(producer:flush(10000))
      local received = support.receive(reader(), 301)
      for index = 2, 301 do
        assert.equal(received[1].partition, received[index].partition)
        assert.equal(tostring(index - 1), received[index].value)
      end
    end)

    it("refuses a partition that is not there, and a topic's records that are too large, alone", function()
      local producer = support.producer(brokers, { ["message.max.bytes"] = 1000 })
      assert.is_true(producer:produce_sync({ topic = "t", value = "first" }) ~= nil)
      local large = ("x"):rep(2000)
      local queued, errors = producer:produce_batch("t", {
        { value = "a", partition = 9 },
        { value = "b", partition = 1 },
        { value = large, partition = 1, headers = { { "h", "v" } } },
        { value = "c", partition = 9, headers = { { "h", "v" } } },
        { value = large, partition = 1 },
        { value = "d", partition = 1 },
      })
      assert.equal(2, queued)
      local found = {}
      for index, failed in ipairs(errors) do
        found[index] = { failed.index, failed.code }
      end
      assert.same({ { 1, UNKNOWN_PARTITION }, { 3, MSG_SIZE }, { 4, UNKNOWN_PARTITION }, { 5, MSG_SIZE } }, found)
      assert.is_true(producer:flush(10000))
      assert.same({ queued = 3, in_flight = 0, delivered = 3, failed = 0 }, producer:counters())
    end)

    it("leaves alone what a handler produces while it waits for room", function()
      local producer
      local inner, messages = 0, {}
      producer = support.producer(brokers, { ["queue.buffering.max.messages"] = 10 }, {
        block_ms = 10000,
        on_delivery = function(report)
          if report.opaque then
            inner = inner + producer:produce_batch("t", { { value = "inner", headers = { { "h", "inner" } } } })
          end
        end,
      })
      for index = 1, 50 do
        local headers = { { "h", tostring(index) }, { "i", "outer" } }
        messages[index] = { value = index, partition = 1, headers = headers, opaque = index % 10 == 0 or nil }
      end
      assert.same({ 50, {} }, { producer:produce_batch("t", messages) })
      assert.is_true(producer:flush(10000))
      assert.is_true(inner > 0)
      local read, index = support.consumer(brokers, { "t:1" }), 0
      repeat
        local message = assert(read:poll(15000))
        if message.value ~= "inner" then
          index = index + 1
          assert.equal(tostring(index), message.value)
          assert.same({ { "h", message.value }, { "i", "outer" } }, message.headers)
        end
      until index == 50
    end)

    it("waits for room with block_ms", function()
      local producer = support.producer(brokers, { ["queue.buffering.max.messages"] = 4 }, { block_ms = 10000 })
      local messages, reports = {}, {}
      for index = 1, 30 do
        messages[index] = {
          value = tostring(index),
          partition = 2,
          on_delivery = function(report)
            reports[#reports + 1] = report
          end,
        }
      end
      local queued, errors = producer:produce_batch("t", messages)
      assert.equal(30, queued)
      assert.same({}, errors)
      await(reports, 30, producer)
      for index, message in ipairs(support.receive(reader(), 30)) do
        assert.equal(tostring(index), message.value)
      end
    end)
  end)

  describe("that waits for one message", function()
    it("gets its report, whatever linger.ms is", function()
      local producer = support.producer(brokers, { ["linger.ms"] = 20000 })
      local given
      local start = support.now()
      local report = producer:produce_sync({
        topic = "t",
        partition = 3,
        value = "x",
        opaque = "o",
        on_delivery = function(report)
          given = report
        end,
      }, 15000)
      assert.is_true(support.now() - start < 10)
      assert.equal(0, report.offset)
      assert.equal(3, report.partition)
      assert.equal("o", report.opaque)
      assert.equal(report, given)
    end)

    it("returns why it was not delivered, or that the time was up #timing", function()
      local producer = unreachable({ ["message.timeout.ms"] = 60 })
      local report, message, code, failed = producer:produce_sync({ topic = "t" }, 10000)
      assert.same({ nil, "Local: Message timed out: 127.0.0.1:1: Connection refused" }, { report, message })
      assert.equal(MSG_TIMED_OUT, code)
      assert.equal("not_persisted", failed.status)
      producer = unreachable()
      local over = support.overrun(100, 50, function()
        report, message, code = support.without_cause(producer:produce_sync({ topic = "t" }, 100))
        assert.same({ nil, "timeout", support.TIMED_OUT }, { report, message, code })
      end)
      assert.is_true(over >= -1 and over < 50, over)
    end)
  end)

  it("flushes, purges and counts", function()
    local producer = unreachable()
    for _ = 1, 3 do
      assert.is_true(producer:produce({ topic = "t" }))
    end
    assert.equal(3, producer:len())
    assert.same({ nil, "timeout", support.TIMED_OUT, 3 }, { support.without_cause(producer:flush(10)) })
    assert.is_true(producer:purge({ inflight = true }))
    assert.equal(3, producer:len())
    assert.is_true(producer:purge({ queue = true }))
    assert.is_true(producer:flush(10000))
    assert.equal(0, producer:len())
    assert.is_true(producer:produce({ topic = "t" }))
    assert.is_true(producer:purge())
    assert.is_true(producer:flush(10000))
    assert.same({ queued = 4, in_flight = 0, delivered = 0, failed = 4 }, producer:counters())
    assert.has_error(function()
      producer:purge({ queued = true })
    end, "bad argument #1 to 'purge' (unknown option 'queued')")
    -- A caller that gives messages up itself needs no report.
    assert.is_true(producer:close(0))
  end)

  it("has called its handler for everything when it is flushed #many", function()
    local given = 0
    local producer = support.producer(brokers, { ["linger.ms"] = 50 }, {
      on_delivery = function()
        given = given + 1
      end,
    })
    for _ = 1, 30000 do
      assert(producer:produce({ topic = "t", value = "x" }))
    end
    assert.equal(true, producer:flush(30000))
    assert.equal(30000, given)
  end)

  it("produces without a table", function()
    local producer = support.producer(brokers, nil, { reports = true })
    assert.is_true(producer:produce_value("t", "a", "key", 2, { "opaque" }))
    assert.is_true(producer:produce_value("t", kafka.null, 12))
    assert.is_true(producer:produce_value("t", nil, nil, 3))
    assert.is_true(producer:flush(10000))
    local reports = producer:reports()
    local partitions, opaques = {}, 0
    for _, report in ipairs(reports) do
      partitions[report.partition] = true
      opaques = opaques + (report.opaque and report.opaque[1] == "opaque" and 1 or 0)
    end
    assert.same({ 3, true, true, 1 }, { #reports, partitions[2], partitions[3], opaques })
    local function fails(message, ...)
      local arguments = { n = select("#", ...), ... }
      assert.has_error(function()
        producer:produce_value(unpack(arguments, 1, arguments.n))
      end, message)
    end
    fails("bad argument #1 to 'produce_value' (string expected, got nil)", nil, "x")
    fails("bad argument #1 to 'produce_value' (string contains a NUL byte)", "a\0b", "x")
    fails("bad argument #2 to 'produce_value' (string expected, got table)", "t", {})
    fails("bad argument #3 to 'produce_value' (string expected, got boolean)", "t", "x", true)
    fails("bad argument #4 to 'produce_value' (number out of range)", "t", "x", "k", -2)
    assert.is_true(producer:close())
    assert.same({ nil, "closed", support.CLOSED }, { producer:produce_value("t", "x") })
  end)

  it("waits for room without a table as well", function()
    local producer = support.producer(brokers, { ["queue.buffering.max.messages"] = 5 }, { block_ms = 10000 })
    for number = 1, 100 do
      assert.is_true(producer:produce_value("t", "v", nil, nil, number))
    end
    assert.is_true(producer:flush(10000))
    assert.equal(100, producer:counters().delivered)
    producer = unreachable({ ["queue.buffering.max.messages"] = 1 })
    assert.is_true(producer:produce_value("t", "x"))
    assert.same({ nil, "queue full", kafka.err.QUEUE_FULL }, { producer:produce_value("t", "x") })
  end)

  it("checks its options", function()
    local function made_with(options)
      return function()
        kafka.producer(brokers, nil, options)
      end
    end
    assert.has_error(made_with({ report = true }), "bad argument #3 to 'producer' (unknown option 'report')")
    assert.has_error(
      made_with({ reports = 1 }),
      "bad argument #3 to 'producer' (option 'reports': boolean expected, got number)"
    )
    assert.has_error(
      made_with({ block_ms = "1" }),
      "bad argument #3 to 'producer' (option 'block_ms': number expected, got string)"
    )
    assert.has_error(
      made_with({ block_ms = -2 }),
      "bad argument #3 to 'producer' (option 'block_ms': timeout out of range)"
    )
    assert.has_error(
      made_with({ on_delivery = true }),
      "bad argument #3 to 'producer' (option 'on_delivery': function expected, got boolean)"
    )
    assert.has_error(
      made_with({ delivery = "once" }),
      "bad argument #3 to 'producer' (option 'delivery': \"ordered\" expected, got once)"
    )
  end)

  it("keeps its messages in order with delivery = 'ordered', and refuses what contradicts it", function()
    local function made_with(properties)
      return function()
        return support.producer(brokers, properties, { delivery = "ordered" })
      end
    end
    assert.has_error(
      made_with({ ["enable.idempotence"] = false }),
      "option 'delivery': \"ordered\" needs enable.idempotence, which is false"
    )
    assert.has_error(
      made_with({ acks = 1 }),
      "rd_kafka_new failed: `acks` must be set to `all` when `enable.idempotence` is true"
    )
    assert(made_with({ ["enable.idempotence"] = 1 })())
    local properties = { ["linger.ms"] = 1 }
    local producer = made_with(properties)()
    assert.same({ ["linger.ms"] = 1 }, properties)
    local report = assert(producer:produce_sync({ topic = "t", partition = 1, value = "x" }, 10000))
    assert.equal(1, report.partition)
  end)

  it("says closed from every method", function()
    local producer = support.producer(brokers, nil, { reports = true })
    assert.is_false(producer:is_closed())
    assert.is_true(producer:close())
    assert.is_true(producer:is_closed())
    for name, argument in pairs({
      produce = { topic = "t" },
      produce_sync = { topic = "t" },
      reports = 1,
      flush = 1,
      purge = {},
      init_transactions = 1,
      commit_transaction = 1,
      abort_transaction = 1,
      transaction = print,
    }) do
      assert.same({ nil, "closed", support.CLOSED }, { producer[name](producer, argument) }, name)
    end
    for _, name in ipairs({ "counters", "len", "begin_transaction" }) do
      assert.same({ nil, "closed", support.CLOSED }, { producer[name](producer) }, name)
    end
    assert.same({ nil, "closed", support.CLOSED }, { producer:produce_batch("t", { "x" }) })
  end)

  it("keeps what is under way while the collector runs", function()
    local producer = support.producer(brokers, { ["linger.ms"] = 2 }, { block_ms = 10000 })
    local sum, count, expected = 0, 2000, 0
    for index = 1, count do
      expected = expected + index
      -- Nothing but the producer knows of these.
      assert.is_true(producer:produce({
        topic = "t",
        value = ("value %d"):format(index),
        key = index,
        headers = { { "name " .. index, "value " .. index } },
        opaque = { index },
        on_delivery = function(report)
          sum = sum + report.opaque[1]
        end,
      }))
      if index % 10 == 0 then
        collectgarbage("step", 100)
        producer:poll()
      end
    end
    support.collect()
    assert.is_true(producer:flush(10000))
    producer:poll()
    assert.equal(expected, sum)
    assert.same({ queued = count, in_flight = 0, delivered = count, failed = 0 }, producer:counters())
    local seen = 0
    local consumer = reader()
    for _, message in ipairs(support.receive(consumer, count)) do
      assert.equal("value " .. message.key, message.value)
      seen = seen + 1
    end
    assert.equal(count, seen)
  end)

  it("in a forked child says so", function()
    local result = support.program(([[
      local ffi = require("ffi")
      ffi.cdef("int fork(void); void _exit(int); int waitpid(int, int *, int);")
      local kafka = require("kafka")
      local producer = kafka.producer(%q, nil, { reports = true })
      local child = ffi.C.fork()
      if child == 0 then
        local succeeded, text = pcall(function()
          for _, name in ipairs({ "reports", "flush", "purge", "counters", "len", "begin_transaction" }) do
            local ok, message, code = producer[name](producer)
            assert(ok == nil and message == "forked" and code == kafka.err.FORKED, name)
          end
          local ok, message = producer:produce({ topic = "t" })
          assert(ok == nil and message == "forked", "produce")
          ok, message = producer:produce_batch("t", { "x" })
          assert(ok == nil and message == "forked", "produce_batch")
        end)
        io.stderr:write(succeeded and "" or text)
        ffi.C._exit(succeeded and 0 or 1)
      end
      local status = ffi.new("int[1]")
      assert(ffi.C.waitpid(child, status, 0) == child)
      assert(producer:produce_sync({ topic = "t" }))
      print(status[0])
    ]]):format(brokers))
    assert.equal("", result.err)
    assert.equal("0\n", result.out)
  end)
end)
