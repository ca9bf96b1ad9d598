local support = require("support")

local kafka = require("kafka")

local STATE, NOT_CONFIGURED, FENCED = -172, -145, -144
local TOPIC_AUTHORIZATION_FAILED, INVALID_PRODUCER_EPOCH, COORDINATOR_LOAD_IN_PROGRESS = 29, 47, 14

-- The numbers of their APIs in Kafka's protocol.
local ADD_PARTITIONS_TO_TXN, END_TXN, TXN_OFFSET_COMMIT = 24, 26, 28

describe("transactions", function()
  local cluster, brokers, producer

  -- One producer for all: the mock cluster takes half a second to make it one of transactions.
  local function begin_with(conf)
    conf = conf or {}
    conf["transactional.id"] = "spec"
    producer = support.producer(brokers, conf)
    assert.is_true(producer:init_transactions(10000))
  end

  before_each(function()
    cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
  end)

  after_each(support.close_all)

  local function failed(code, results, wanted)
    assert.equal(nil, results[1])
    assert.equal("string", type(results[2]))
    assert.equal(code, results[3])
    local info = results[4]
    assert.equal(kafka.err_name(code), info.name)
    assert.equal("string", type(info.text))
    assert.equal(wanted == "retriable", info.retriable)
    assert.equal(wanted == "fatal", info.fatal)
    assert.equal(wanted == "abort", info.txn_requires_abort)
  end

  it("have an order of calls, and say where it is not kept", function()
    failed(NOT_CONFIGURED, { support.producer(brokers):init_transactions(1000) })
    producer = support.producer(brokers, { ["transactional.id"] = "spec" })
    failed(STATE, { producer:begin_transaction() })
    assert.is_true(producer:init_transactions(10000))
    local ok, _, code = producer:produce({ topic = "t", value = "early" })
    assert.equal(nil, ok)
    assert.equal(STATE, code)
    failed(STATE, { producer:commit_transaction(1000) })
    failed(STATE, { producer:abort_transaction(1000) })
    assert.is_true(producer:begin_transaction())
    failed(STATE, { producer:begin_transaction() })
    assert.is_true(producer:produce({ topic = "t", value = "in time" }))
    assert.is_true(producer:commit_transaction(10000))
    assert.is_true(producer:begin_transaction())
    assert.is_true(producer:abort_transaction(10000))
    assert.equal("in time", support.receive(support.consumer(brokers, { "t:0" }), 1)[1].value)
  end)

  it("commit what a function did, or abort and throw on", function()
    begin_with({ ["linger.ms"] = 10000 })
    local codes = {}
    local function on_delivery(report)
      codes[#codes + 1] = report.code or 0
    end
    assert.same({ true }, {
      producer:transaction(function(given)
        assert.equal(producer, given)
        assert.is_true(given:produce({ topic = "t", value = "committed", on_delivery = on_delivery }))
      end),
    })
    local thrown = {}
    local ok, caught = pcall(producer.transaction, producer, function()
      assert.is_true(producer:produce({ topic = "t", value = "aborted", on_delivery = on_delivery }))
      error(thrown)
    end)
    assert.is_false(ok)
    assert.equal(thrown, caught)
    producer:flush(10000)
    assert.same({ 0, kafka.err.PURGE_QUEUE }, codes)
    -- Over and done with: the next one may begin.
    assert.is_true(producer:transaction(function() end))
    assert.has_error(function()
      producer:transaction("x")
    end, "bad argument #1 to 'transaction' (function expected, got string)")
    -- A caller that aborts knows of what was lost.
    assert.is_true(producer:close(10000))
  end)

  it("that must be aborted say so; transaction() does it", function()
    begin_with()
    assert.is_true(cluster:push_errors(ADD_PARTITIONS_TO_TXN, TOPIC_AUTHORIZATION_FAILED))
    assert.is_true(producer:begin_transaction())
    assert.is_true(producer:produce({ topic = "t", value = "x" }))
    failed(TOPIC_AUTHORIZATION_FAILED, { producer:commit_transaction(10000) }, "abort")
    assert.is_true(producer:abort_transaction(10000))
    assert.is_true(cluster:push_errors(ADD_PARTITIONS_TO_TXN, TOPIC_AUTHORIZATION_FAILED))
    local results = {
      producer:transaction(function()
        assert.is_true(producer:produce({ topic = "t", value = "x" }))
      end, 10000),
    }
    failed(TOPIC_AUTHORIZATION_FAILED, results, "abort")
    assert.is_true(producer:begin_transaction())
    assert.is_true(producer:abort_transaction(10000))
  end)

  it("survive a coordinator's moods", function()
    begin_with()
    assert.is_true(cluster:push_errors(END_TXN, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_LOAD_IN_PROGRESS))
    assert.is_true(producer:transaction(function()
      assert.is_true(producer:produce({ topic = "t", value = "x" }))
    end, 20000))
  end)

  it("of a producer that was fenced are at an end", function()
    begin_with()
    assert.is_true(cluster:push_errors(END_TXN, INVALID_PRODUCER_EPOCH))
    local results = {
      producer:transaction(function()
        assert.is_true(producer:produce({ topic = "t", value = "x" }))
      end, 10000),
    }
    failed(FENCED, results, "fatal")
    local ok, _, code = producer:produce({ topic = "t" })
    assert.equal(nil, ok)
    assert.equal(kafka.err.FATAL, code)
    failed(FENCED, { producer:begin_transaction() }, "fatal")
  end)

  it("commit a consumer's offsets with them", function()
    begin_with()
    local consumer = support.consumer(brokers, { "t:0" }, { ["group.id"] = "g", ["enable.auto.commit"] = false })
    local metadata = consumer:group_metadata()
    assert.equal("g", metadata.group_id)
    assert.equal("", metadata.member_id)
    assert.equal(-1, metadata.generation_id)
    assert.equal(nil, metadata.group_instance_id)
    local offsets = { { topic = "t", partition = 0, offset = 3 } }
    assert.is_true(producer:transaction(function()
      assert.is_true(producer:send_offsets_to_transaction(offsets, consumer, 10000))
      assert.is_true(producer:send_offsets_to_transaction(offsets, metadata))
      assert.is_true(producer:send_offsets_to_transaction({}, metadata))
    end))
    assert.is_true(cluster:push_errors(TXN_OFFSET_COMMIT, TOPIC_AUTHORIZATION_FAILED))
    assert.is_true(producer:begin_transaction())
    failed(TOPIC_AUTHORIZATION_FAILED, { producer:send_offsets_to_transaction(offsets, consumer, 10000) }, "abort")
    assert.is_true(producer:abort_transaction(10000))

    local wrong = {
      { "x", "bad argument #1 to 'send_offsets_to_transaction' (table expected, got string)" },
      { { "x" }, "bad argument #1 to 'send_offsets_to_transaction' (item 1: table expected, got string)" },
      { { {} }, "bad argument #1 to 'send_offsets_to_transaction' (item 1: field 'topic': no topic's name)" },
      {
        { offsets[1], { topic = "t", partition = 0 } },
        "bad argument #1 to 'send_offsets_to_transaction' (item 2: field 'offset': number from 0 expected, got nil)",
      },
    }
    for _, case in ipairs(wrong) do
      assert.has_error(function()
        producer:send_offsets_to_transaction(case[1], consumer)
      end, case[2])
    end
    assert.has_error(function()
      producer:send_offsets_to_transaction(offsets, {})
    end, "bad argument #2 to 'send_offsets_to_transaction' (kafka.consumer expected, got table)")
    consumer:close()
    local results = { producer:send_offsets_to_transaction(offsets, consumer) }
    assert.same({ nil, "closed", support.CLOSED }, { results[1], results[2], results[3] })
  end)

  it("keep their time, and can be closed in the middle #timing", function()
    begin_with()
    assert.is_true(producer:begin_transaction())
    assert.is_true(producer:produce({ topic = "t", value = "x" }))
    cluster:broker_down(1)
    local over = support.overrun(100, 50, function()
      failed(support.TIMED_OUT, { producer:commit_transaction(100) }, "retriable")
    end)
    assert.is_true(over >= -1 and over < 50, over)
    cluster:broker_up(1)
    -- It goes on where it was.
    assert.is_true(producer:commit_transaction(10000))

    assert.is_true(producer:begin_transaction())
    assert.is_true(producer:produce({ topic = "t", value = "x" }))
    cluster:broker_down(1)
    local start = support.now()
    local closed, message = support.without_cause(producer:close(100))
    assert.equal(nil, closed)
    assert.equal("timeout", message)
    assert.is_true(support.now() - start < 3)
    cluster:broker_up(1)
  end)

  it("are gone with a producer that was forgotten in the middle", function()
    begin_with()
    assert.is_true(producer:begin_transaction())
    assert.is_true(producer:produce({ topic = "t", value = "x" }))
    local forgotten = kafka.producer(brokers, { ["transactional.id"] = "other" })
    assert.is_true(forgotten:init_transactions(10000))
    assert.is_true(forgotten:begin_transaction())
    assert.is_true(forgotten:produce({ topic = "t", value = "y" }))
    local start = support.now()
    forgotten = nil -- luacheck: ignore 311
    support.collect()
    assert.is_true(support.now() - start < 4)
    assert.is_true(producer:commit_transaction(10000))
  end)
end)
