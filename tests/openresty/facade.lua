-- What tests/openresty/facade.rs runs inside nginx: kafka.resty, and lua-resty-kafka's API by this library. Every case
-- throws where something is not as it should be.

local ffi = require("ffi")
local kafka = require("kafka")
local resty = require("kafka.resty")
local basic_consumer = require("kafka.resty.basic-consumer")
local client = require("kafka.resty.client")
local producer = require("kafka.resty.producer")
local timestamps = require("kafka.resty.protocol.consumer")

local cases = {}

local NOWHERE = { { host = "127.0.0.1", port = 1 } }

local clusters = {}

--- A cluster in this worker, by name, and its broker list.
local function cluster(name)
  local found = clusters[name]
  if not found then
    local mock = kafka.mock_cluster(1)
    local host, port = mock:bootstrap_servers():match("^(.-):(%d+)$")
    found = { mock = mock, list = { { host = host, port = tonumber(port) } }, servers = host .. ":" .. port }
    clusters[name] = found
  end
  return found.mock, found.list, found.servers
end

local function equal(found, wanted, what)
  if found ~= wanted then
    error(("%s: %s, not %s"):format(what or "found", tostring(found), tostring(wanted)), 2)
  end
end

local function is_int64(value)
  return ffi.istype("int64_t", value)
end

local function eventually(what, fn)
  for _ = 1, 2000 do
    local value = fn()
    if value then
      return value
    end
    ngx.sleep(0.005)
  end
  error("not in time: " .. what, 2)
end

--- Everything in a partition, read by a consumer.
local function values(servers, topic, partition, count)
  local consumer = kafka.consumer(servers, { ("%s:%d"):format(topic, partition) }, {
    ["group.id"] = "values",
    ["auto.offset.reset"] = "earliest",
  })
  local found = {}
  while #found < count do
    local message, text = consumer:poll(10000)
    found[#found + 1] = assert(message, text).value
  end
  consumer:close()
  return table.concat(found, " ")
end

-- --- kafka.resty --------------------------------------------------------------

function cases.shared_by_name()
  local _, _, servers = cluster("shared")
  local one = resty.producer("one", servers, { ["linger.ms"] = 1 })
  equal(resty.producer("one", servers, { ["linger.ms"] = 1 }), one)
  assert(resty.producer("two", servers, { ["linger.ms"] = 1 }) ~= one)
  -- The table is the caller's: what changes in it is a change.
  local properties = { ["linger.ms"] = 1 }
  equal(resty.producer("one", servers, properties), one)
  properties["linger.ms"] = 2
  assert(resty.producer("one", servers, properties) ~= one)
  local admin = resty.admin("one", servers)
  equal(resty.admin("one", servers), admin)
  local topics = { "t:0" }
  local consumer = resty.consumer("one", servers, topics, { ["group.id"] = "g" })
  equal(resty.consumer("one", servers, { "t:0" }, { ["group.id"] = "g" }), consumer)
  assert(consumer:close())
  assert(resty.consumer("one", servers, topics, { ["group.id"] = "g" }) ~= consumer, "a closed one")
end

--- Who asks while one is being made gets that one, and those who are killed meanwhile take nothing with them.
function cases.one_is_made_for_all_who_ask_at_once()
  local _, _, servers = cluster("at once")
  local function ask(properties)
    return resty.producer("at once", servers, properties)
  end
  local threads = {}
  for at = 1, 10 do
    threads[at] = assert(ngx.thread.spawn(ask, { ["linger.ms"] = 1 }))
  end
  assert(coroutine.status(threads[1]) ~= "dead", "it was made at once")
  assert(ngx.thread.kill(threads[1]))
  local found = {}
  for at = 2, 10 do
    local _, one = assert(ngx.thread.wait(threads[at]))
    found[at - 1] = one
    equal(one, found[1])
  end
  equal(ask({ ["linger.ms"] = 1 }), found[1])
  -- What cannot be made is an error of those who want that, and of nobody else.
  local wrong = ngx.thread.spawn(function()
    return pcall(ask, { ["no.such.property"] = 1 })
  end)
  local other = ngx.thread.spawn(ask, { ["linger.ms"] = 2 })
  local _, made, text = ngx.thread.wait(wrong)
  equal(made, false)
  assert(text:find("no.such.property", 1, true), text)
  local _, second = assert(ngx.thread.wait(other))
  assert(second ~= found[1] and not second:is_closed())
end

function cases.a_change_closes_the_one_before()
  resty.grace_ms = 50
  local mock, _, servers = cluster("change")
  mock:create_topic("change", 1)
  local before = resty.producer("p", servers, { ["linger.ms"] = 60000 })
  assert(before:produce({ topic = "change", value = "kept" }))
  local after = resty.producer("p", servers, { ["linger.ms"] = 1 })
  assert(after ~= before)
  assert(not before:is_closed(), "at once")
  eventually("the one before is closed", function()
    return before:is_closed()
  end)
  assert(not after:is_closed())
  equal(values(servers, "change", 0, 1), "kept")
  resty.grace_ms = 30000
end

function cases.one_that_is_in_use_stays()
  resty.grace_ms = 500
  local _, _, servers = cluster("use")
  local function one()
    return resty.producer("p", servers, { ["linger.ms"] = 1 })
  end
  local function other()
    return resty.producer("p", servers, { ["linger.ms"] = 2 })
  end
  local first, second = one(), other()
  for _ = 1, 120 do
    ngx.sleep(0.005)
    equal(one(), first)
    equal(other(), second)
  end
  resty.grace_ms = 30000
end

function cases.handlers_of_the_same_code_are_the_same()
  local _, _, servers = cluster("handlers")
  local function of_a_request()
    return resty.producer("p", servers, nil, {
      on_error = function() end,
    })
  end
  local one = of_a_request()
  equal(of_a_request(), one)
  local other = resty.producer("p", servers, nil, {
    on_error = function(text)
      return text
    end,
  })
  assert(other ~= one)
end

function cases.misuse_throws_and_changes_nothing()
  local _, _, servers = cluster("misuse")
  local one = resty.producer("p", servers)
  local made, text = pcall(resty.producer, "p", servers, { ["no.such"] = 1 })
  assert(not made and text:find("Failed to set no.such = 1", 1, true), text)
  made, text = pcall(resty.producer, "p", nil)
  assert(not made and text:find("string expected, got nil", 1, true), text)
  made, text = pcall(resty.consumer, "p", servers, nil, nil)
  assert(not made and text:find("table expected, got nil", 1, true), text)
  equal(resty.producer("p", servers), one)
end

-- --- kafka.resty.client -------------------------------------------------------

function cases.metadata()
  local mock, list = cluster("metadata")
  mock:create_topic("one", 3)
  mock:create_topic("two", 1)
  local cli = client:new(list, { refresh_interval = 20 })
  local brokers, partitions = cli:refresh()
  equal(brokers, nil)
  equal(partitions, "not topic")
  brokers, partitions = cli:fetch_metadata("one")
  equal(brokers[1].host .. ":" .. brokers[1].port, list[1].host .. ":" .. list[1].port)
  equal(partitions.num, 3)
  equal(partitions.errcode, 0)
  for id = 0, 2 do
    equal(partitions[id].id, id)
    equal(partitions[id].leader, 1)
    equal(partitions[id].errcode, 0)
    equal(partitions[id].replicas[1], 1)
    equal(partitions[id].isr[1], 1)
  end
  equal(partitions[3], nil)
  assert(cli:fetch_metadata("two"))
  local versions
  brokers, partitions, versions = cli:refresh()
  assert(brokers[1])
  equal(type(versions), "table")
  equal(partitions.one.num + partitions.two.num, 4)
  equal(cli:choose_broker("one", 0).port, list[1].port)
  local broker, text = cli:choose_broker("one", 7)
  equal(broker, nil)
  equal(text, "not found partition")
  local before = partitions.one
  ngx.sleep(0.03)
  assert(select(2, cli:fetch_metadata("one")) ~= before, "older than refresh_interval")
  equal(cli:choose_api_version(0), -1)
  -- A table of the caller's own is taken as it is.
  cli = client:new(list)
  cli.topic_partitions = { one = { [0] = { id = 0, leader = 9 }, num = 1 }, two = {} }
  broker, text = cli:choose_broker("one", 0)
  equal(broker, nil)
  equal(text, "not found broker")
  equal(select(2, cli:fetch_metadata("two")).num, 1)
  equal(select(2, cli:fetch_metadata("one"))[0].leader, 1, "asked for together")
end

--- What lua-resty-kafka's clients have for who makes connections of his own.
function cases.metadata_to_connect_with()
  local mock, list = cluster("connect")
  mock:create_topic("t", 1)
  local cli = client:new(list, {
    keepalive_size = 5,
    resolver = function(host)
      return host == "127.0.0.1" and "127.0.0.2" or nil
    end,
  })
  local brokers = assert(cli:fetch_metadata("t"))
  equal(brokers[1].host, "127.0.0.2")
  equal(brokers[1].sasl_config, nil)
  local wanted =
    { socket_timeout = 3000, keepalive_timeout = 600000, keepalive_size = 5, ssl = false, ssl_verify = false }
  for name, value in pairs(wanted) do
    equal(cli.socket_config[name], value, name)
  end
  equal(cli.socket_config.resolver("127.0.0.1"), "127.0.0.2")
  equal(producer:new(list, { socket_timeout = 4000 }).socket_config.socket_timeout, 4000)
  equal(basic_consumer:new(list, { ssl = true }).socket_config.ssl, true)
end

function cases.metadata_that_cannot_be_had()
  local mock, list = cluster("gone")
  mock:create_topic("gone", 1)
  local cli = client:new(list, { socket_timeout = 100, refresh_interval = 20 })
  eventually("what there is", function()
    return cli:fetch_metadata("gone")
  end)
  mock:broker_down(1)
  ngx.sleep(0.03)
  equal(select(2, cli:fetch_metadata("gone")).num, 1, "what it was")
  cli = client:new(NOWHERE, { socket_timeout = 100 })
  local brokers, text = cli:fetch_metadata("one")
  equal(brokers, nil)
  equal(text, "not found topic")
  brokers, text = cli:refresh("one")
  equal(brokers, nil)
  equal(text, "all brokers failed in fetch topic metadata")
end

-- --- kafka.resty.producer, synchronous ------------------------------------------

function cases.sync_send()
  local mock, list, servers = cluster("sync")
  mock:create_topic("sync", 2)
  local p = producer:new(list)
  local first = assert(p:send("sync", "key", "one"))
  assert(is_int64(first))
  local second = assert(p:send("sync", "key", "two"))
  equal(tostring(second - first), "1LL")
  -- Behind the message, as lua-resty-kafka has it.
  equal(second, 2LL)
  local partition = ngx.crc32_short("key") % 2
  equal(values(servers, "sync", partition, 2), "one two")
  local sum, details = p:offset()
  assert(is_int64(sum) and is_int64(details.sync[partition]))
  equal(sum, 2LL)
  equal(p:flush(), true)
end

--- How many clients there are in this worker: each has one main thread.
local function librdkafka_clients()
  local listing = io.popen("grep -l rdk:main /proc/" .. ngx.worker.pid() .. "/task/*/comm | wc -l")
  local count = tonumber(listing:read("*a"))
  listing:close()
  return count
end

function cases.sync_producers_share_one_connection()
  local mock, list = cluster("shared sync")
  mock:create_topic("t", 1)
  assert(producer:new(list):send("t", nil, "x"))
  local before = librdkafka_clients()
  for _ = 1, 5 do
    assert(producer:new(list):send("t", nil, "x"))
  end
  equal(librdkafka_clients(), before)
end

function cases.sync_without_a_key_goes_round()
  local mock, list = cluster("round")
  mock:create_topic("round", 4)
  local p = producer:new(list)
  for _ = 1, 4 do
    assert(p:send("round", nil, "x"))
  end
  local _, details = p:offset()
  for partition = 0, 3 do
    equal(details.round[partition], 1LL)
  end
  -- Also where there is another for each message.
  for at = 0, 3 do
    p = producer:new(list)
    assert(p:send("round", nil, "x"))
    equal(select(2, p:offset()).round[(5 + at) % 4], 2LL)
  end
end

function cases.sync_errors()
  local mock, list = cluster("errors")
  mock:create_topic("errors", 1)
  local p = producer:new(list, { max_retry = 1 })
  mock:push_errors("Produce", kafka.err.MSG_SIZE_TOO_LARGE)
  local offset, text, retryable = p:send("errors", nil, "x")
  equal(offset, nil)
  equal(text, "MESSAGE_TOO_LARGE")
  equal(retryable, false)
  mock:push_errors("Produce", kafka.err.NOT_ENOUGH_REPLICAS)
  offset, text, retryable = p:send("errors", nil, "x")
  equal(offset, nil)
  equal(text, "NOT_ENOUGH_REPLICAS")
  equal(retryable, true)
  local errors = require("kafka.resty.errors")
  equal(errors[3].msg, "UNKNOWN_TOPIC_OR_PARTITION")
  equal(errors[3].retriable, true)
  -- Which librdkafka calls otherwise.
  equal(errors[11].msg, "STALE_CONTROLLER_EPOCH")
  p = producer:new(NOWHERE, { socket_timeout = 100 })
  offset, text = p:send("errors", nil, "x")
  equal(offset, nil)
  equal(text, "not found topic")
  p = producer:new(list, {
    partitioner = function()
      return 9
    end,
  })
  offset, text, retryable = p:send("errors", nil, "x")
  equal(offset, nil)
  equal(text, "not found partition")
  equal(retryable, true)
  p = producer:new(list, {
    partitioner = function()
      return "first"
    end,
  })
  local sent, wrong = pcall(p.send, p, "errors", nil, "x")
  equal(sent, false)
  equal(wrong, "partitioner: the number of a partition expected, got first")
  p = producer:new(list, { required_acks = 5000 })
  offset, text = p:send("errors", nil, "x")
  equal(offset, nil)
  assert(text:find("acks", 1, true), text)
end

function cases.sync_partitioner()
  local mock, list = cluster("partitioner")
  mock:create_topic("p", 4)
  local heard = {}
  local p = producer:new(list, {
    partitioner = function(key, count, correlation_id)
      heard[#heard + 1] = ("%s %d %d"):format(key, count, correlation_id)
      return 2
    end,
  })
  assert(p:send("p", "k", "x"))
  assert(p:send("p", "k", "x"))
  equal(select(2, p:offset()).p[2], 2LL)
  equal(table.concat(heard, ", "), "k 4 1, k 4 2")
end

--- No key is an empty one, as lua-resty-kafka writes it; and a message that is none is refused, where librdkafka would
--- take it for a tombstone.
function cases.what_is_written()
  local mock, list, servers = cluster("written")
  mock:create_topic("written", 1)
  local p = producer:new(list)
  local bp = producer:new(list, { producer_type = "async", flush_time = 1 }, "written")
  assert(p:send("written", nil, "sync"))
  assert(bp:send("written", nil, ""))
  equal(bp:flush(), true)
  for _, one in ipairs({ p, bp }) do
    local sent, text = pcall(function()
      assert(one:send("written", "k", nil))
    end)
    equal(sent, false)
    equal(text, "bad argument #3 to 'send' (string expected, got nil)")
    sent, text = pcall(function()
      assert(one:send(nil, "k", "v"))
    end)
    equal(sent, false)
    equal(text, "bad argument #1 to 'send' (string expected, got nil)")
  end
  assert(p:send("written", "k", "last"))
  local consumer = kafka.consumer(servers, { "written:0" }, {
    ["group.id"] = "written",
    ["auto.offset.reset"] = "earliest",
  })
  local found = {}
  for at = 1, 3 do
    local message = assert(consumer:poll(10000))
    found[at] = ("%s=%s"):format(tostring(message.key), tostring(message.value))
  end
  consumer:close()
  equal(table.concat(found, " "), "=sync = k=last")
end

--- How large a message may be is the broker's to say.
function cases.large_messages()
  local mock, list = cluster("large")
  mock:create_topic("large", 1)
  -- The cluster keeps 5 MiB of a partition.
  local large = ("x"):rep(2 * 1024 * 1024)
  equal(producer:new(list):send("large", nil, large), 1LL)
  local told
  local bp = producer:new(list, {
    producer_type = "async",
    batch_size = 2 * 1024 * 1024,
    error_handle = function(...)
      told = { ... }
    end,
  }, "large")
  assert(bp:send("large", nil, "small"))
  assert(bp:send("large", nil, large))
  bp:flush()
  equal(told, nil)
  local bc, lengths = basic_consumer:new(list), {}
  eventually("three records", function()
    for _, record in ipairs(assert(bc:fetch("large", 0, #lengths)).records) do
      lengths[#lengths + 1] = #record.value
    end
    return #lengths == 3
  end)
  equal(table.concat(lengths, " "), ("%d 5 %d"):format(#large, #large))
  mock:push_errors("Produce", kafka.err.MSG_SIZE_TOO_LARGE)
  equal(bp:send("large", "k", large), true)
  bp:flush()
  local _, partition_id, queue, index, err, retryable = unpack(told)
  equal(partition_id, 0)
  equal(index, 2)
  equal(queue[1], "k")
  equal(#queue[2], #large)
  equal(err, "MESSAGE_TOO_LARGE")
  equal(retryable, false)
end

--- Some programs look into lua-resty-kafka's buffers for what they have sent.
function cases.buffers_are_empty()
  local config = { producer_type = "async", socket_timeout = 100, flush_time = 1, error_handle = function() end }
  local bp, p = producer:new(NOWHERE, config, "empty"), producer:new(NOWHERE)
  assert(bp:send("t", nil, "x"))
  equal(bp.async, true)
  equal(bp.error_handle, config.error_handle)
  equal(bp.ringbuffer.size, 0)
  equal(bp.ringbuffer.queue[1], nil)
  equal(p.async, false)
  equal(p.sendbuffer.topics.t, nil)
end

-- --- kafka.resty.producer, asynchronous -----------------------------------------

function cases.async_send()
  local mock, list, servers = cluster("async")
  mock:create_topic("async", 1)
  local config = { producer_type = "async", flush_time = 60000 }
  local p = producer:new(list, config, "async")
  equal(p:send("async", "k", "one"), true)
  equal(producer:new(list, config, "async"), p)
  assert(producer:new(list, config, "another") ~= p)
  equal(p:send("async", "k", "two"), true)
  equal(p:flush(), true)
  local sum, details = p:offset()
  equal(sum, 2LL)
  equal(details.async[0], 2LL)
  equal(values(servers, "async", 0, 2), "one two")
end

function cases.async_without_acknowledgements()
  local mock, list, servers = cluster("unacknowledged")
  mock:create_topic("unacknowledged", 1)
  local config = { producer_type = "async", required_acks = 0 }
  local p = producer:new(list, config, "unacknowledged")
  assert(p:send("unacknowledged", nil, "x"))
  p:flush()
  equal(values(servers, "unacknowledged", 0, 1), "x")
  -- Nobody has told where it is.
  local sum, details = p:offset()
  equal(sum, 0LL)
  equal(details.unacknowledged[0], 0LL)
end

function cases.async_sends_by_itself()
  local mock, list, servers = cluster("by itself")
  mock:create_topic("timed", 1)
  mock:create_topic("full", 1)
  local p = producer:new(list, { producer_type = "async", flush_time = 10 }, "timed")
  equal(p:offset(), 0)
  assert(p:send("timed", nil, "x"))
  eventually("flush_time", function()
    return p:offset() == 1LL
  end)
  p = producer:new(list, { producer_type = "async", flush_time = 60000, batch_num = 3 }, "full")
  for at = 1, 3 do
    assert(p:send("full", "", tostring(at)))
  end
  equal(values(servers, "full", 0, 3), "1 2 3")
end

function cases.async_chooses_as_lua_resty_kafka_does()
  local mock, list = cluster("chooses")
  mock:create_topic("chooses", 4)
  local p = producer:new(list, { producer_type = "async" }, "chooses")
  local wanted = { [0] = 0, 0, 0, 0 }
  for _, key in ipairs({ "", "", "a", "b", "c", "customer 7", "10.0.0.1" }) do
    assert(p:send("chooses", key, "x"))
    local partition = ngx.crc32_short(key) % 4
    wanted[partition] = wanted[partition] + 1
  end
  p:flush()
  local details = select(2, p:offset()).chooses
  for partition = 0, 3 do
    equal(tonumber(details[partition] or 0), wanted[partition], "partition " .. partition)
  end
end

function cases.async_hears_of_many_at_once()
  local mock, list = cluster("many")
  mock:create_topic("many", 1)
  local p = producer:new(list, { producer_type = "async", batch_num = 10000 }, "many")
  for _ = 1, 30000 do
    assert(p:send("many", nil, "x"))
  end
  p:flush()
  equal(p:offset(), 30000LL)
end

function cases.async_hears_of_failures()
  local told = {}
  local p = producer:new(NOWHERE, {
    producer_type = "async",
    max_retry = 1,
    socket_timeout = 100,
    flush_time = 10,
    error_handle = function(topic, partition_id, queue, index, err, retryable)
      -- It may give way.
      ngx.sleep(0.001)
      told[#told + 1] = { topic, partition_id, queue, index, err, retryable }
    end,
  }, "failures")
  assert(p:send("lost", "k", "one"))
  assert(p:send("lost", nil, "two"))
  eventually("error_handle", function()
    return told[1]
  end)
  equal(#told, 1)
  local topic, partition_id, queue, index, err, retryable = unpack(told[1])
  equal(topic, "lost")
  equal(partition_id, -1)
  equal(index, 4)
  equal(table.concat(queue, "|"), "k|one||two")
  equal(err, "not found topic")
  -- As they had no partition yet.
  equal(retryable, true)
end

--- What the error log says of failures: where error_handle fails, and where there is none.
function cases.async_logs_failures()
  local config = { producer_type = "async", max_retry = 1, socket_timeout = 100, flush_time = 10 }
  assert(producer:new(NOWHERE, config, "without a handler"):send("lost", "k", "one"))
  local was_called = false
  config.error_handle = function()
    was_called = true
    error("no place for it")
  end
  assert(producer:new(NOWHERE, config, "with a handler"):send("lost", "k", "two"))
  eventually("error_handle", function()
    return was_called
  end)
end

function cases.async_tells_what_a_broker_said()
  local mock, list = cluster("said")
  mock:create_topic("said", 1)
  local told
  local p = producer:new(list, {
    producer_type = "async",
    max_retry = 1,
    error_handle = function(...)
      told = { ... }
    end,
  }, "said")
  mock:push_errors("Produce", kafka.err.NOT_ENOUGH_REPLICAS)
  assert(p:send("said", "k", "v"))
  equal(p:flush(), true)
  equal(told[2], 0)
  equal(told[3][1] .. told[3][2], "kv")
  equal(told[4], 2)
  equal(told[5], "NOT_ENOUGH_REPLICAS")
  equal(told[6], true)
end

function cases.async_overflow()
  local config = { producer_type = "async", max_buffering = 2, socket_timeout = 5000 }
  local p = producer:new(NOWHERE, config, "overflow")
  assert(p:send("t", nil, "1"))
  assert(p:send("t", nil, "2"))
  local ok, err = p:send("t", nil, "3")
  equal(ok, nil)
  equal(err, "buffer overflow")
  config.wait_on_buffer_full, config.wait_buffer_timeout = true, 0.1
  p = producer:new(NOWHERE, config, "overflow that waits")
  assert(p:send("t", nil, "1"))
  assert(p:send("t", nil, "2"))
  ngx.update_time()
  local start = ngx.now()
  ok, err = p:send("t", nil, "3")
  ngx.update_time()
  equal(ok, nil)
  equal(err, "buffer overflow timeout")
  assert(ngx.now() - start >= 0.09)
end

function cases.async_waits_for_room()
  local mock, list, servers = cluster("room")
  mock:create_topic("room", 1)
  local config = { producer_type = "async", max_buffering = 2, flush_time = 50, wait_on_buffer_full = true }
  local p = producer:new(list, config, "room")
  for at = 1, 5 do
    assert(p:send("room", nil, tostring(at)))
  end
  p:flush()
  equal(values(servers, "room", 0, 5), "1 2 3 4 5")
end

function cases.async_partitioner()
  local mock, list, servers = cluster("async partitioner")
  mock:create_topic("p", 4)
  local p = producer:new(list, {
    producer_type = "async",
    flush_time = 10,
    partitioner = function(key, count)
      assert(key == nil or key == "k")
      return count - 1
    end,
  }, "partitioner")
  assert(p:send("p", nil, "1"))
  assert(p:send("p", "k", "2"))
  eventually("both", function()
    return p:offset() == 2LL
  end)
  assert(p:send("p", nil, "3"))
  equal(values(servers, "p", 3, 3), "1 2 3")
end

function cases.async_partitioner_without_partitions()
  local told
  local p = producer:new(NOWHERE, {
    producer_type = "async",
    socket_timeout = 50,
    max_retry = 1,
    retry_backoff = 1,
    partitioner = function()
      return 0
    end,
    error_handle = function(...)
      told = { ... }
    end,
  }, "no partitions")
  assert(p:send("p", "k", "v"))
  eventually("error_handle", function()
    return told
  end)
  equal(told[2], -1)
  equal(told[3][1] .. told[3][2], "kv")
  equal(told[5], "not found topic")
end

--- Where nginx runs no timer, sending hears of what was sent before.
function cases.async_without_timers()
  local told = 0
  local p = producer:new(NOWHERE, {
    producer_type = "async",
    socket_timeout = 50,
    max_retry = 1,
    retry_backoff = 1,
    flush_time = 1,
    error_handle = function(_, _, _, index)
      told = told + index / 2
    end,
  }, "no timers")
  for _ = 1, 3 do
    assert(p:send("t", "k", "v"))
  end
  eventually("three failures", function()
    assert(p:send("t", "k", "v"))
    return told >= 3
  end)
end

--- One that waits, and is not going to be sent.
function cases.defer()
  local function first()
    return 0
  end
  local p = producer:new(NOWHERE, { producer_type = "async", partitioner = first }, "deferred")
  assert(p:send("p", "k", "v"))
end

function cases.async_config_change()
  resty.grace_ms = 50
  local mock, list, servers = cluster("config")
  mock:create_topic("config", 1)
  local before = producer:new(list, { producer_type = "async", flush_time = 60000 }, "config")
  assert(before:send("config", nil, "before"))
  local after = producer:new(list, { producer_type = "async", flush_time = 10 }, "config")
  assert(after ~= before)
  assert(after:send("config", nil, "after"))
  eventually("what was sent before the change", function()
    return before:offset() ~= 0 and after:offset() ~= 0
  end)
  assert(#values(servers, "config", 0, 2) == #"before after")
  resty.grace_ms = 30000
end

-- --- Configuration -------------------------------------------------------------

function cases.configuration_names()
  local config = require("kafka.resty.config")
  local list = { { host = "b", port = 9093, sasl_config = { mechanism = "PLAIN", user = "u", password = "p" } } }
  local properties = config.producer(list, {
    producer_type = "async",
    socket_timeout = 4000,
    keepalive_timeout = 5000,
    keepalive_size = 3,
    refresh_interval = 6000,
    ssl = true,
    request_timeout = 1500,
    required_acks = -1,
    max_retry = 4,
    retry_backoff = 200,
    api_version = 2,
    flush_time = 300,
    batch_num = 10,
    batch_size = 2000,
    max_buffering = 30,
    properties = { ["compression.codec"] = "zstd", ["linger.ms"] = 7 },
  }).properties
  for name, wanted in pairs({
    ["socket.timeout.ms"] = 4000,
    ["connections.max.idle.ms"] = 5000,
    ["topic.metadata.refresh.interval.ms"] = 6000,
    ["security.protocol"] = "sasl_ssl",
    ["enable.ssl.certificate.verification"] = false,
    ["sasl.mechanism"] = "PLAIN",
    ["sasl.username"] = "u",
    ["sasl.password"] = "p",
    ["request.timeout.ms"] = 1500,
    ["acks"] = -1,
    ["message.send.max.retries"] = 3,
    ["retry.backoff.ms"] = 200,
    ["message.timeout.ms"] = 4 * 4200 + 300,
    ["linger.ms"] = 7,
    ["batch.num.messages"] = 10,
    ["batch.size"] = 2000,
    ["queue.buffering.max.messages"] = 30,
    ["compression.codec"] = "zstd",
  }) do
    equal(properties[name], wanted, name)
  end
  -- librdkafka takes them all.
  kafka.producer("b:9093", properties):close(0)
  for text, given in pairs({
    ["broker_list"] = {},
    ["broker_list[1]"] = { { host = "b" } },
  }) do
    local made, wrong = pcall(producer.new, producer, given)
    assert(not made and wrong:find(text, 1, true), wrong)
  end
  local made, wrong = pcall(producer.new, producer, list, { ssl = true, client_cert = 1LL })
  assert(not made and wrong:find("client_cert", 1, true), wrong)
  made, wrong = pcall(client.new, client, { { host = "b", port = 1 } }, { auth_config = { tokenauth = true } })
  assert(not made and wrong:find("tokenauth", 1, true), wrong)
end

function cases.resolver()
  local mock, list = cluster("resolver")
  mock:create_topic("t", 1)
  local asked = 0
  local config = {
    resolver = function(host)
      if host == "kafka.test" then
        asked = asked + 1
        return "127.0.0.1"
      end
    end,
  }
  for _ = 1, 2 do
    local p = producer:new({ { host = "kafka.test", port = list[1].port } }, config)
    assert(p:send("t", nil, "x"))
  end
  equal(asked, 1)
end

-- --- kafka.resty.basic-consumer --------------------------------------------------

function cases.basic_consumer()
  local mock, list, servers = cluster("basic")
  mock:create_topic("basic", 1)
  local filler = kafka.producer(servers, { ["linger.ms"] = 1 })
  for at = 1, 3 do
    local key = at > 1 and "k" .. at or nil
    assert(filler:produce({ topic = "basic", partition = 0, key = key, value = "v" .. at, timestamp = 1000 * at }))
  end
  assert(filler:flush(10000))
  local bc = basic_consumer:new(list)
  equal(bc:list_offset("basic", 0), 0LL)
  equal(bc:list_offset("basic", 0, timestamps.LIST_OFFSET_TIMESTAMP_FIRST), 0LL)
  local last = assert(bc:list_offset("basic", 0, timestamps.LIST_OFFSET_TIMESTAMP_LAST))
  assert(is_int64(last))
  equal(last, 3LL)
  local data = assert(bc:fetch("basic", 0, 0))
  equal(data.errcode, 0)
  equal(data.high_watermark, 3LL)
  equal(#data.records, 3)
  local record = data.records[2]
  assert(is_int64(record.offset) and is_int64(record.timestamp))
  equal(record.offset, 1LL)
  equal(record.timestamp, 2000LL)
  equal(record.key .. record.value, "k2v2")
  equal(data.records[1].key, nil)
  -- From where it is, from elsewhere, and with an int64_t.
  equal(#assert(bc:fetch("basic", 0, 3)).records, 0)
  equal(#assert(bc:fetch("basic", 0, 3LL)).records, 0)
  equal(#assert(bc:fetch("basic", 0, tostring(last))).records, 0)
  equal(assert(bc:fetch("basic", 0, 2LL)).records[1].value, "v3")
  assert(filler:produce_sync({ topic = "basic", partition = 0, value = "v4" }, 10000))
  local new = eventually("what is new", function()
    return assert(bc:fetch("basic", 0, 3)).records[1]
  end)
  equal(new.value, "v4")
  filler:close()
end

function cases.basic_consumer_errors()
  local mock, list = cluster("basic")
  mock:create_topic("empty", 1)
  local bc = basic_consumer:new(list)
  local data, err = bc:fetch("empty", 3, 0)
  equal(data, nil)
  equal(err, "not found partition")
  data, err = bc:list_offset("empty", 3)
  equal(data, nil)
  equal(err, "not found partition")
  equal(bc:list_offset("empty", 0), 0LL)
  equal(#assert(bc:fetch("empty", 0, 0)).records, 0)
  data, err = bc:fetch("empty", 0, 1000)
  equal(data, nil)
  equal(err, "OFFSET_OUT_OF_RANGE")
  bc = basic_consumer:new(NOWHERE, { socket_timeout = 100 })
  data, err = bc:fetch("empty", 0, 0)
  equal(data, nil)
  equal(err, "not found topic")
end

function cases.basic_consumers_do_not_meet()
  local mock, list, servers = cluster("meet")
  mock:create_topic("meet", 1)
  local filler = kafka.producer(servers, { ["linger.ms"] = 1 })
  for at = 0, 9 do
    assert(filler:produce({ topic = "meet", partition = 0, value = tostring(at) }))
  end
  assert(filler:flush(10000))
  filler:close()
  local threads = {}
  for at = 0, 9 do
    threads[#threads + 1] = ngx.thread.spawn(function()
      local data = assert(basic_consumer:new(list):fetch("meet", 0, at))
      equal(data.records[1].value, tostring(at))
      equal(#data.records, 10 - at)
    end)
  end
  for _, thread in ipairs(threads) do
    local ran, text = ngx.thread.wait(thread)
    assert(ran, text)
  end
end

-- --- With a broker of its own, and other phases -----------------------------------

local function brokers()
  local host, port = os.getenv("BROKERS"):match("^(.-):(%d+)$")
  return { { host = host, port = tonumber(port) } }
end

--- What goes in by one comes out by the other.
function cases.there_and_back()
  local list, topic = brokers(), os.getenv("TOPIC")
  local p = producer:new(list)
  local first = assert(p:send(topic, "k", "one")) - 1
  equal(assert(p:send(topic, "k", "two")), first + 2)
  local partition = next(select(2, p:offset())[topic])
  local bp = producer:new(list, { producer_type = "async", flush_time = 10 }, "there")
  assert(bp:send(topic, "k", "three"))
  bp:flush()
  equal(select(2, bp:offset())[topic][partition], first + 3)
  local bc = basic_consumer:new(list)
  equal(assert(bc:list_offset(topic, partition)), 0LL)
  equal(assert(bc:list_offset(topic, partition, 1LL)), 0LL)
  local latest = assert(bc:list_offset(topic, partition, timestamps.LIST_OFFSET_TIMESTAMP_MAX))
  assert(latest >= -1, latest)
  local found, offset = {}, first
  eventually("three records", function()
    local data = assert(bc:fetch(topic, partition, offset))
    for _, record in ipairs(data.records) do
      equal(record.offset, first + #found)
      found[#found + 1] = record.key .. " " .. record.value
      offset = record.offset + 1
    end
    return #found == 3
  end)
  equal(table.concat(found, ", "), "k one, k two, k three")
end

local function send_with(sasl, config)
  local list = brokers()
  list[1].sasl_config = sasl
  return producer:new(list, config):send(os.getenv("TOPIC"), nil, "secret")
end

--- A broker that asks for a password.
function cases.sasl()
  for _, mechanism in ipairs({ "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" }) do
    local login = { mechanism = mechanism, user = "somebody", password = "pass word" }
    assert(send_with(login))
    local list = brokers()
    list[1].sasl_config = login
    local _, broker = next((assert(client:new(list):fetch_metadata(os.getenv("TOPIC")))))
    equal(broker.sasl_config.user, "somebody")
    local cli = client:new(brokers(), { auth_config = login })
    equal(cli.auth_config.user, "somebody")
    _, broker = next((assert(cli:fetch_metadata(os.getenv("TOPIC")))))
    equal(broker.sasl_config, nil)
    assert(send_with(nil, { auth_config = login }))
    login.password = "guess"
    local sent, text = send_with(login, { socket_timeout = 500 })
    equal(sent, nil)
    equal(text, "not found topic")
  end
end

--- A broker that speaks TLS, and has a certificate that the system does not trust.
function cases.tls()
  assert(send_with(nil, { ssl = true }))
  local sent, text = send_with(nil, { ssl = true, ssl_verify = true, socket_timeout = 500 })
  equal(sent, nil)
  equal(text, "not found topic")
  local trusted = { ["ssl.ca.location"] = os.getenv("AUTHORITY") }
  assert(send_with(nil, { ssl = true, ssl_verify = true, properties = trusted }))
end

local module_level = producer:new({ { host = "127.0.0.1", port = 1 } }, { producer_type = "async" }, "init")

--- Sends by an asynchronous producer: for log_by_lua.
function cases.log(number)
  local p = producer:new(brokers(), { producer_type = "async", flush_time = 20 }, "log")
  local sent, text = p:send(os.getenv("TOPIC"), nil, "log " .. number)
  if not sent then
    ngx.log(ngx.ERR, "not sent: ", text)
  end
end

--- What a synchronous one says where nothing can wait.
function cases.log_sync()
  local _, text = producer:new(brokers()):send(os.getenv("TOPIC"), nil, "never")
  ngx.shared.results:set("sync", text)
  local waits = { producer_type = "async", max_buffering = 1, wait_on_buffer_full = true, flush_time = 60000 }
  local p = producer:new(NOWHERE, waits, "log that waits")
  p:send("t", nil, "1")
  ngx.shared.results:set("overflow", select(2, p:send("t", nil, "2")))
  ngx.shared.results:set("flush", tostring(p:flush()))
  ngx.shared.results:set("metadata", select(2, client:new(brokers()):fetch_metadata("t")))
end

function cases.logged()
  local said = {}
  for at, name in ipairs({ "metadata", "sync", "overflow", "flush" }) do
    said[at] = ngx.shared.results:get(name)
  end
  return unpack(said, 1, 4)
end

--- In init_by_lua: making a facade's producer works, since it is made later; a client is refused.
function cases.in_init()
  local made, text = pcall(resty.producer, "init", "127.0.0.1:1")
  cases.init_said = tostring(made) .. " " .. text
  cases.init_sent = select(2, module_level:send("t", nil, "x"))
end

function cases.said_in_init()
  assert(cases.init_said:find("^false kafka: a client that is made in nginx's master process"), cases.init_said)
  assert(cases.init_sent:find("^kafka: a client that is made in nginx's master process"), cases.init_sent)
  assert(module_level:send("t", nil, "x"))
end

return cases
