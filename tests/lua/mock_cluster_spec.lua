-- The cluster for users' own tests: what it does on demand, as its clients see it.

local kafka = require("kafka")
local support = require("support")

local POLICY_VIOLATION = kafka.err.POLICY_VIOLATION

describe("the mock cluster", function()
  after_each(support.close_all)

  local function leader(client, topic, partition)
    local metadata = assert(client:metadata({ topic = topic, timeout = 5000 }))
    return metadata.topics[topic].partitions[partition + 1].leader
  end

  it("fails requests by the API's name and by its number", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    local producer = support.producer(brokers)
    producer:create_topic("t")
    for index, api in ipairs({ "Produce", "produce", 0, "0" }) do
      assert.equal(true, cluster:push_errors(api, POLICY_VIOLATION))
      assert.equal(0, producer:send("t", 0, index, "refused"))
      assert.equal(1, support.reported(producer, index))
    end
    assert.equal(0, producer:send("t", 0, 9, "taken"))
    assert.equal(0, support.reported(producer, 9))
    local consumer = support.consumer(brokers, { "t:0" })
    assert.equal(true, cluster:push_errors("Fetch", kafka.err.UNKNOWN, 0, kafka.err.UNKNOWN))
    assert.equal("taken", support.receive(consumer, 1)[1].value)
  end)

  it("fails them in the order of the codes", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    local producer = support.producer(brokers)
    producer:create_topic("t")
    assert.equal(true, cluster:push_errors("Produce", POLICY_VIOLATION, 0, POLICY_VIOLATION))
    for index, failures in ipairs({ 1, 0, 1, 0 }) do
      assert.equal(0, producer:send("t", 0, index, "x"))
      assert.equal(failures, support.reported(producer, index))
    end
  end)

  it("knows no API of another name", function()
    local cluster = support.cluster()
    for name, text in pairs({
      Prodcue = 'api is "Prodcue", and not one of Kafka\'s as "Produce" or "InitProducerId"',
      [""] = 'api is "", and not one of Kafka\'s as "Produce" or "InitProducerId"',
      ["Pro\0duce"] = "bad argument #1 to 'push_errors' (string contains a NUL byte)",
    }) do
      local succeeded, message = pcall(function()
        cluster:push_errors(name, 1)
      end)
      assert.equal(false, succeeded)
      assert.equal(text, message)
    end
    for _, api in ipairs({ -1, 40000 }) do
      assert.equal(false, (pcall(cluster.push_errors, cluster, api, 1)))
    end
    for _, api in ipairs({ {}, true, print }) do
      assert.equal(false, (pcall(cluster.push_errors, cluster, api, 1)))
    end
  end)

  it("moves a leader, and clients follow", function()
    local cluster, brokers = support.cluster(3)
    cluster:create_topic("t", 1, 3)
    local producer = support.producer(brokers)
    local consumer = support.consumer(brokers, { "t:0" })
    producer:create_topic("t")
    for id = 1, 3 do
      assert.equal(true, cluster:set_leader("t", 0, id))
      assert.equal(id, leader(producer, "t", 0))
      assert.equal(0, producer:send("t", 0, id, "by broker " .. id))
      assert.equal(0, support.reported(producer, id))
      assert.equal("by broker " .. id, support.receive(consumer, 1)[1].value)
    end
    local moved, _, code = cluster:set_leader("t", 7, 1)
    assert.equal(nil, moved)
    assert.equal(kafka.err.UNKNOWN_TOPIC_OR_PART, code)
  end)

  it("takes a broker down and brings it up again", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    local errors = {}
    local producer = support.producer(brokers, {}, {
      on_error = function(_, code)
        errors[code] = true
      end,
    })
    producer:create_topic("t")
    assert.equal(1, leader(producer, "t", 0))
    assert.equal(true, cluster:broker_down(1))
    support.eventually(10, "all brokers are down", function()
      producer:poll(20)
      return errors[kafka.err.ALL_BROKERS_DOWN]
    end)
    assert.equal(nil, (producer:metadata({ timeout = 50 })))
    assert.equal(0, producer:send("t", 0, 1, "x"))
    assert.equal(true, cluster:broker_up(1))
    assert.equal(0, support.reported(producer, 1))
    assert.equal("x", support.receive(support.consumer(brokers, { "t:0" }), 1)[1].value)
  end)

  it("makes a broker slow and fast again", function()
    local cluster, brokers = support.cluster()
    local producer = support.producer(brokers)
    assert(producer:metadata())
    assert.equal(true, cluster:set_rtt(1, 200))
    local start = support.now()
    assert(producer:metadata())
    assert.is_true(support.now() - start >= 0.19)
    local metadata, _, code = producer:metadata({ timeout = 50 })
    assert.equal(nil, metadata)
    assert.equal(kafka.err.TIMED_OUT, code)
    assert.equal(true, cluster:set_rtt(1, 0))
    assert(producer:metadata())
  end)
end)
