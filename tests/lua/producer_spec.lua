local support = require("support")

local kafka = require("kafka")

-- Linux's numbers, which the module promises by name.
local ENOENT, ESRCH, EMSGSIZE, ENOBUFS = 2, 3, 90, 105

local function count_results(...)
  return select("#", ...)
end

describe("a producer", function()
  local cluster, brokers

  before_each(function()
    cluster, brokers = support.cluster()
    cluster:create_topic("t", 4, 1)
  end)

  after_each(support.close_all)

  local function reader(topic, partition_count)
    local topics = {}
    for partition = 0, (partition_count or 4) - 1 do
      topics[#topics + 1] = (topic or "t") .. ":" .. partition
    end
    return support.consumer(brokers, topics)
  end

  describe("with its topics", function()
    it("has those that were created on it", function()
      local producer, other = support.producer(brokers), support.producer(brokers)
      assert.is_false(producer:has_topic("t"))
      assert.equal(0, count_results(producer:create_topic("t")))
      assert.is_true(producer:has_topic("t"))
      assert.is_false(producer:has_topic("u"))
      assert.is_false(other:has_topic("t"))
    end)

    it("creates one once, whatever comes with the second call", function()
      local producer = support.producer(brokers)
      producer:create_topic("t")
      assert.equal(0, count_results(producer:create_topic("t", nil)))
      assert.equal(0, count_results(producer:create_topic("t", { ["message.timeout.ms"] = 1 })))
      assert.equal(0, producer:send("t", 0, 1, "x"))
      assert.equal(0, support.reported(producer, 1))
    end)

    it("destroys one, and nothing when there is none", function()
      local producer = support.producer(brokers)
      assert.equal(0, count_results(producer:destroy_topic("t")))
      producer:create_topic("t")
      assert.equal(0, count_results(producer:destroy_topic("t")))
      assert.is_false(producer:has_topic("t"))
      local ok, message = pcall(producer.send, producer, "t", -1, 1, "x")
      assert.is_false(ok)
      assert.equal("invalid topic", message)
      producer:destroy_topic("t")
      producer:create_topic("t")
      assert.equal(0, producer:send("t", -1, 1, "x"))
      assert.equal(0, support.reported(producer, 1))
    end)

    it("delivers what was sent before the topic was destroyed", function()
      local producer = support.producer(brokers, { ["linger.ms"] = 300 })
      producer:create_topic("t")
      for index = 1, 10 do
        assert.equal(0, producer:send("t", 2, index, "message " .. index))
      end
      producer:destroy_topic("t")
      support.collect()
      assert.equal(0, support.reported(producer, 10))
      local messages = support.receive(reader(), 10)
      assert.equal("message 1", messages[1].value)
      assert.equal("message 10", messages[10].value)
    end)

    it("honours each one's topic_conf", function()
      local producer = support.producer(support.NOWHERE)
      producer:create_topic("impatient", { ["message.timeout.ms"] = 300 })
      producer:create_topic("patient", { ["message.timeout.ms"] = "60000" })
      assert.equal(0, producer:send("patient", 0, 1, "x"))
      assert.equal(0, producer:send("impatient", 0, 2, "x"))
      assert.equal(0, producer:send("patient", 0, 3, "x"))
      local id, failures = producer:poll(10000)
      assert.equal(2, id)
      assert.equal(1, failures)
      id, failures = producer:poll(500)
      assert.equal(nil, id)
      assert.equal(0, failures)
      local closed, message, code, lost = support.without_cause(producer:close(0))
      assert.equal(nil, closed)
      assert.equal("timeout", message)
      assert.equal(support.TIMED_OUT, code)
      assert.equal(2, lost)
    end)

    it("takes numbers for names", function()
      cluster:create_topic("12", 1, 1)
      local producer = support.producer(brokers)
      producer:create_topic(12)
      assert.is_true(producer:has_topic("12"))
      assert.is_true(producer:has_topic(12))
      assert.equal(0, producer:send(12, 0, 1, 34.5))
      assert.equal(0, producer:send("12", "0", 2, 67))
      assert.equal(0, support.reported(producer, 2))
      local messages = support.receive(reader("12", 1), 2)
      assert.equal("34.5", messages[1].value)
      assert.equal("67", messages[2].value)
      producer:destroy_topic(12)
      assert.is_false(producer:has_topic("12"))
    end)

    it("refuses a name that cannot be one", function()
      local producer = support.producer(brokers)
      for _, name in ipairs({ "", ("x"):rep(600), "half\0name" }) do
        local ok, message = pcall(producer.create_topic, producer, name)
        assert.is_false(ok)
        assert.equal("string", type(message))
        assert.is_false(producer:has_topic(name))
      end
    end)
  end)

  describe("sending", function()
    it("reaches the partition that was asked for", function()
      local producer = support.producer(brokers)
      producer:create_topic("t")
      for partition = 0, 3 do
        assert.equal(0, producer:send("t", partition, partition, "for " .. partition))
      end
      for _, message in ipairs(support.receive(reader(), 4)) do
        assert.equal("t", message.topic)
        assert.equal(("for %d"):format(message.partition), message.value)
      end
    end)

    -- The partitions that messages without one went to, each once.
    local function chosen(properties, count, pause_ms)
      local producer = support.producer(brokers, properties, { reports = true })
      producer:create_topic("t")
      -- From here on the partitions are known: what is sent before is chosen for all at once.
      assert(producer:produce_sync({ topic = "t", partition = 0 }))
      producer:reports()
      local seen, partitions = {}, {}
      for index = 1, count do
        assert.equal(0, producer:send("t", -1, index, "x"))
        support.sleep(pause_ms / 1000)
      end
      assert(producer:flush())
      local reports = producer:reports(count)
      assert.equal(count, #reports)
      for _, report in ipairs(reports) do
        if not seen[report.partition] then
          seen[report.partition] = true
          partitions[#partitions + 1] = report.partition
        end
      end
      return partitions
    end

    it("spreads over the partitions when none was asked for", function()
      assert.is_true(#chosen({ ["sticky.partitioning.linger.ms"] = 0 }, 100, 0) > 1)
    end)

    it("keeps messages without a key together for sticky.partitioning.linger.ms", function()
      assert.equal(1, #chosen({ ["sticky.partitioning.linger.ms"] = 60000 }, 50, 1))
      -- Some 15 choices among 4 partitions.
      assert.is_true(#chosen({ ["sticky.partitioning.linger.ms"] = 10 }, 100, 3) > 1)
      -- These do not keep.
      assert.is_true(#chosen({ partitioner = "random", ["sticky.partitioning.linger.ms"] = 60000 }, 100, 0) > 1)
    end)

    it("chooses by the key as the partitioner in use does", function()
      cluster:create_topic("seven", 7, 1)
      -- crc32 of zlib, murmur2 of kafka-python, and FNV-1a with its sign dropped as sarama has it; each modulo 7.
      local keys = { "kafka", "giberish123456789", "1234", "key" }
      local expected = {
        consistent = { 6, 2, 2, 5 },
        consistent_random = { 6, 2, 2, 5 },
        murmur2 = { 3, 5, 0, 4 },
        murmur2_random = { 3, 5, 0, 4 },
        fnv1a = { 4, 5, 6, 4 },
        fnv1a_random = { 4, 5, 6, 4 },
      }
      for partitioner, partitions in pairs(expected) do
        local producer = support.producer(brokers, { partitioner = partitioner })
        producer:create_topic("seven")
        for index, key in ipairs(keys) do
          local report = assert(producer:produce_sync({ topic = "seven", key = key }))
          assert.equal(partitions[index], report.partition, partitioner .. " of " .. key)
        end
      end
    end)

    it("carries any bytes", function()
      local every_byte = {}
      for byte = 0, 255 do
        every_byte[#every_byte + 1] = string.char(byte)
      end
      local payloads = { "", "\0", "a\0b", table.concat(every_byte), ("\255\0"):rep(300000), "end" }
      local producer = support.producer(brokers)
      producer:create_topic("t")
      for index, payload in ipairs(payloads) do
        assert.equal(0, producer:send("t", 0, index, payload))
      end
      for index, message in ipairs(support.receive(reader(), #payloads)) do
        -- Not assert.equal, which would print half a megabyte.
        assert.is_true(payloads[index] == message.value, "payload " .. index)
        assert.equal(nil, message.key)
      end
    end)

    it("copies: the string may be collected", function()
      local producer = support.producer(brokers, { ["linger.ms"] = 200 })
      producer:create_topic("t")
      for index = 1, 1000 do
        assert.equal(0, producer:send("t", 0, index, ("%d "):format(index):rep(20)))
      end
      support.collect()
      for index, message in ipairs(support.receive(reader(), 1000)) do
        assert.equal(("%d "):format(index):rep(20), message.value)
      end
    end)

    it("says EMSGSIZE for what is longer than message.max.bytes", function()
      local producer = support.producer(brokers, { ["message.max.bytes"] = 2000 })
      producer:create_topic("t")
      assert.equal(EMSGSIZE, producer:send("t", 0, 1, ("x"):rep(2001)))
      assert.equal(0, producer:send("t", 0, 2, ("x"):rep(1000)))
      assert.equal(EMSGSIZE, producer:send("t", -1, 3, ("x"):rep(1000000)))
      assert.equal(0, support.reported(producer, 2))
      assert.equal(1000, #support.receive(reader(), 1)[1].value)
    end)

    it("says ENOBUFS until the reports have been fetched, yet delivers", function()
      local producer = support.producer(brokers, { ["queue.buffering.max.messages"] = 10 })
      producer:create_topic("t")
      for index = 1, 10 do
        assert.equal(0, producer:send("t", 0, index, "first " .. index))
      end
      assert.equal(ENOBUFS, producer:send("t", 0, 11, "too many"))

      local consumer = reader()
      local messages = support.receive(consumer, 10)
      assert.equal("first 10", messages[10].value)
      for index = 11, 15 do
        assert.equal(ENOBUFS, producer:send("t", 0, index, "too many"))
        support.sleep(0.02)
      end

      support.reported(producer, 10)
      for index = 21, 30 do
        assert.equal(0, producer:send("t", 0, index, "second " .. index))
      end
      assert.equal(ENOBUFS, producer:send("t", 0, 31, "too many"))
      messages = support.receive(consumer, 10)
      assert.equal("second 21", messages[1].value)
      assert.equal("second 30", messages[10].value)
      -- Nothing of what was refused follows.
      assert.equal(nil, (consumer:receive(300)))
    end)

    it("does not wait for brokers", function()
      local producer = support.producer(support.NOWHERE)
      producer:create_topic("t")
      local start = support.now()
      for index = 1, 1000 do
        assert.equal(0, producer:send("t", -1, index, "x"))
      end
      -- Ten milliseconds for each would be more than this, also where each takes long.
      assert.is_true(support.now() - start < 5)
      producer:close(0)
    end)

    it("says ESRCH for a partition that the cluster does not have", function()
      local producer = support.producer(brokers)
      producer:create_topic("t")
      -- Before the metadata of the cluster has come, it can only be found out later.
      local first = producer:send("t", 99, 1, "x")
      if first == 0 then
        local id, failures = producer:poll(10000)
        assert.equal(1, id)
        assert.equal(1, failures)
      end
      assert.equal(ESRCH, producer:send("t", 99, 2, "x"))
      assert.equal(ESRCH, producer:send("t", 4, 3, "x"))
      assert.equal(0, producer:send("t", 3, 4, "x"))
      assert.equal(0, support.reported(producer, 4))
    end)

    it("says ESRCH for a number that no partition can have", function()
      local producer = support.producer(brokers)
      producer:create_topic("t")
      for _, partition in ipairs({ -2, -2 ^ 31, 2 ^ 31, 2 ^ 32, 2 ^ 40, -2 ^ 40, math.huge, 0 / 0 }) do
        assert.equal(ESRCH, producer:send("t", partition, 1, "x"), partition)
      end
      assert.equal(0, producer:send("t", 0, 2, "the only one"))
      assert.equal(0, support.reported(producer, 2))
      local consumer = reader()
      assert.equal("the only one", support.receive(consumer, 1)[1].value)
      assert.equal(nil, (consumer:receive(200)))
    end)

    it("names these errors in kafka.errno", function()
      assert.equal(ENOENT, kafka.errno.ENOENT)
      assert.equal(ESRCH, kafka.errno.ESRCH)
      assert.equal(EMSGSIZE, kafka.errno.EMSGSIZE)
      assert.equal(ENOBUFS, kafka.errno.ENOBUFS)
    end)
  end)

  describe("polling", function()
    it("returns the id of the last message reported, then the failures", function()
      local producer = support.producer(brokers)
      producer:create_topic("t")
      assert.equal(2, count_results(producer:poll()))
      local id, failures = producer:poll()
      assert.equal(nil, id)
      assert.equal(0, failures)
      for index = 1, 20 do
        assert.equal(0, producer:send("t", 0, index * 10, "x"))
      end
      assert.equal(0, support.reported(producer, 200))
      id, failures = producer:poll(0)
      assert.equal(nil, id)
      assert.equal(0, failures)
    end)

    it("counts the failures since the last poll, each once", function()
      local producer = support.producer(support.NOWHERE, { ["message.timeout.ms"] = 200 })
      producer:create_topic("t")
      for round = 1, 2 do
        for index = 1, 7 do
          assert.equal(0, producer:send("t", -1, round * 100 + index, "x"))
        end
        assert.equal(7, support.reported(producer, round * 100 + 7))
        local id, failures = producer:poll()
        assert.equal(nil, id)
        assert.equal(0, failures)
      end
    end)

    for _, id in ipairs({ 0, 1, 2 ^ 31, 2 ^ 32, 2 ^ 53 - 1, 2 ^ 53, 2 ^ 63, 2 ^ 64 - 2048 }) do
      it(("returns the id %.0f as it was given"):format(id), function()
        local producer = support.producer(brokers)
        producer:create_topic("t")
        assert.equal(0, producer:send("t", 0, id, "x"))
        local reported, failures = producer:poll(10000)
        assert.equal(id, reported)
        assert.equal(0, failures)
      end)
    end

    it("returns a number for an id that was a string of digits", function()
      local producer = support.producer(brokers)
      producer:create_topic("t")
      assert.equal(0, producer:send("t", 0, "12", "x"))
      assert.equal(12, (producer:poll(10000)))
    end)

    it("returns no id for a message that was sent without one", function()
      local producer = support.producer(brokers)
      producer:create_topic("t")
      assert.equal(0, producer:send("t", 0, nil, "x"))
      local start = support.now()
      local id, failures = producer:poll(10000)
      assert.equal(nil, id)
      assert.equal(0, failures)
      assert.is_true(support.now() - start < 8, "it did not return when the report came")
      local none = support.producer(support.NOWHERE, { ["message.timeout.ms"] = 100 })
      none:create_topic("t")
      assert.equal(0, none:send("t", 0, nil, "x"))
      id, failures = none:poll(10000)
      assert.equal(nil, id)
      assert.equal(1, failures)
    end)

    it("#timing waits as long as asked, and not longer", function()
      local producer = support.producer(brokers)
      for _, timeout in ipairs({ 0, 100, 250 }) do
        local overrun = support.overrun(timeout, 50, function()
          assert.equal(nil, (producer:poll(timeout)))
        end)
        assert.is_true(overrun > -2 and overrun < 50, ("poll(%d): %.1f ms too long"):format(timeout, overrun))
      end
      for _, call in ipairs({
        function()
          producer:poll()
        end,
        function()
          producer:poll(nil)
        end,
      }) do
        assert.is_true(support.overrun(0, 50, call) < 50)
      end
    end)

    it("#timing returns as soon as a report arrives", function()
      local producer = support.producer(brokers)
      producer:create_topic("t")
      assert.equal(0, producer:send("t", 0, 1, "x"))
      assert.equal(0, support.reported(producer, 1))
      for _, timeout in ipairs({ 10000, -1 }) do
        local overrun = support.overrun(0, 250, function()
          assert.equal(0, producer:send("t", 0, 2, "x"))
          assert.equal(2, (producer:poll(timeout)))
        end)
        assert.is_true(overrun < 250, ("poll(%d) took %.1f ms"):format(timeout, overrun))
      end
    end)
  end)

  it("keeps its reports from those of another", function()
    local first, second = support.producer(brokers), support.producer(brokers)
    first:create_topic("t")
    second:create_topic("t")
    assert.equal(0, first:send("t", 0, 1, "x"))
    assert.equal(0, second:send("t", 0, 2, "x"))
    assert.equal(1, (first:poll(10000)))
    assert.equal(2, (second:poll(10000)))
    assert.equal(nil, (first:poll(50)))
    assert.equal(nil, (second:poll(50)))
  end)

  for _, codec in ipairs({ "none", "gzip", "snappy", "lz4", "zstd" }) do
    it("compresses with " .. codec, function()
      local producer = support.producer(brokers, { ["compression.codec"] = codec, ["linger.ms"] = 50 })
      producer:create_topic("t")
      local payload = ("compressible \0 text "):rep(500)
      for index = 1, 20 do
        assert.equal(0, producer:send("t", 1, index, payload .. index))
      end
      assert.equal(0, support.reported(producer, 20))
      for index, message in ipairs(support.receive(reader(), 20)) do
        assert.is_true(message.value == payload .. index)
      end
    end)
  end
end)
