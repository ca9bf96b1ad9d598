-- A producer with a record accumulator: what may be different is when a refusal is reported.

local support = require("support")

local kafka = require("kafka")

local UNKNOWN_PARTITION, STATE = -190, -172

describe("a producer with buffer_memory", function()
  local cluster, brokers

  before_each(function()
    cluster, brokers = support.cluster()
    cluster:create_topic("t", 4, 1)
  end)

  after_each(support.close_all)

  local function producer_with(conf, options)
    options = options or {}
    options.buffer_memory = options.buffer_memory or true
    return support.producer(brokers, conf, options)
  end

  local function values(count, ...)
    local read = {}
    for index, message in ipairs(support.receive(support.consumer(brokers, { ... }), count)) do
      read[index] = message.value
    end
    return read
  end

  it("delivers what is sent, produced and produced in batches, in order", function()
    local producer = producer_with({ ["linger.ms"] = 1 }, { reports = true })
    producer:create_topic("t")
    local expected = {}
    for index = 1, 3000, 3 do
      assert.equal(0, producer:send("t", 2, index, "v" .. index))
      assert.is_true(producer:produce({ topic = "t", partition = 2, value = "v" .. index + 1, headers = { a = "b" } }))
      assert.equal(1, (producer:produce_batch("t", { { partition = 2, value = "v" .. index + 2 } })))
      for place = index, index + 2 do
        expected[place] = "v" .. place
      end
    end
    assert.is_true(producer:flush(15000))
    assert.same({ queued = 3000, delivered = 3000, failed = 0, in_flight = 0 }, producer:counters())
    for index, report in ipairs(producer:reports()) do
      assert.same({ "t", 2, index - 1 }, { report.topic, report.partition, report.offset })
    end
    assert.same(expected, values(3000, "t:2"))
  end)

  it("spreads keys as others do", function()
    local partitions = {}
    for _, buffer_memory in ipairs({ false, 1000000 }) do
      local producer = support.producer(brokers, nil, { reports = true, buffer_memory = buffer_memory })
      for key = 1, 100 do
        assert.is_true(producer:produce({ topic = "t", key = "k" .. key, value = "x", opaque = key }))
      end
      assert.is_true(producer:flush(15000))
      local found = {}
      for _, report in ipairs(producer:reports()) do
        found[report.opaque] = report.partition
      end
      partitions[#partitions + 1] = found
    end
    assert.equal(100, #partitions[1])
    assert.same(partitions[1], partitions[2])
  end)

  it("reports what the cluster does not have", function()
    local producer = producer_with(nil, { reports = true })
    assert.equal(0, producer:produce_sync({ topic = "t", partition = 0, value = "x" }, 15000).offset)
    assert.equal(1, #producer:reports())
    assert.is_true(producer:produce({ topic = "t", partition = 9, value = "x", opaque = "mine" }))
    assert.is_true(producer:flush(15000))
    local report = producer:reports()[1]
    assert.same({ "t", 9, "mine", UNKNOWN_PARTITION }, { report.topic, report.partition, report.opaque, report.code })
    assert.equal(1, producer:counters().failed)
  end)

  it("has in a transaction what was sent in it", function()
    local producer = producer_with({ ["transactional.id"] = "buffered" }, { reports = true })
    assert.is_true(producer:init_transactions(15000))
    assert.is_true(producer:produce({ topic = "t", partition = 0, value = "before" }))
    -- Not while the sender has not come to it.
    support.eventually(15, "a transaction has begun", function()
      return producer:begin_transaction()
    end)
    for index = 1, 100 do
      assert.is_true(producer:produce({ topic = "t", partition = 0, value = "v" .. index }))
    end
    assert.is_true(producer:commit_transaction(15000))
    assert.same({ queued = 101, delivered = 100, failed = 1, in_flight = 0 }, producer:counters())
    local refused = producer:reports()[1]
    assert.equal(STATE, refused.code)
    assert.is_true(producer:begin_transaction())
    assert.is_true(producer:produce({ topic = "t", partition = 0, value = "given up" }))
    assert.is_true(producer:abort_transaction(15000))
    assert.equal(0, producer:len())
    assert.equal(100, #values(100, "t:0"))
  end)

  it("gives up what was sent before, and nothing that is sent later", function()
    local producer = producer_with({ ["linger.ms"] = 1000 }, { reports = true })
    for round = 1, 20 do
      assert.is_true(producer:produce({ topic = "t", partition = 0, value = "before" }))
      assert.is_true(producer:purge({ queue = true }))
      assert.is_true(producer:produce({ topic = "t", partition = 0, value = "later" .. round }))
      assert.is_true(producer:flush(15000))
    end
    assert.same({ queued = 40, delivered = 20, failed = 20, in_flight = 0 }, producer:counters())
    local expected = {}
    for round = 1, 20 do
      expected[round] = "later" .. round
    end
    assert.same(expected, values(20, "t:0"))
  end)

  it("counts what it has to give up at the end", function()
    local producer = support.producer(support.NOWHERE, nil, { buffer_memory = true })
    producer:create_topic("t")
    for index = 1, 1000 do
      assert.equal(0, producer:send("t", 0, index, "x"))
    end
    assert.same({ nil, "timeout", support.TIMED_OUT, 1000 }, { support.without_cause(producer:close(20)) })
  end)

  it("refuses what it cannot use", function()
    for value, text in pairs({
      [0] = "number out of range",
      [131071] = "number out of range",
      x = "boolean or number expected, got string",
    }) do
      assert.has_error(function()
        kafka.producer(brokers, nil, { buffer_memory = value })
      end, "bad argument #3 to 'producer' (option 'buffer_memory': " .. text .. ")")
    end
  end)
end)
