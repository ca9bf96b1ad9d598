--- Every call of ours that may be made while nginx's event loop runs, under watch. Whether the calls succeed is for
--- others to say: here brokers may be absent, silent, or about to die.

local watch = require("watch")
local kafka = require("kafka")
local resty = require("kafka.resty")
local resty_client = require("kafka.resty.client")
local resty_consumer = require("kafka.resty.basic-consumer")
local resty_producer = require("kafka.resty.producer")

local brokers, topic = os.getenv("BROKERS"), os.getenv("TOPIC")

-- How long a call waits for what does not come.
local MS = 60

local every_call = {
  --- "at work", "absent", "silent" or "unsteady".
  broker = "absent",
}

-- Each with a name of its own, for several play at once.
local scenes = {}

--- How long it waits for what a broker at work will send.
local function patience()
  return every_call.broker == "at work" and 20000 or 10 * MS
end

--- Calls methods, each as a piece of its own: `{ "name", arguments... }`.
local function call_all(kind, object, calls)
  for _, call in ipairs(calls) do
    local name = call[1]
    watch.run(kind .. "." .. name, object[name], object, unpack(call, 2, table.maxn(call)))
  end
end

local function nothing() end

local CLIENT = {
  { "metadata", { topic = topic, timeout = MS } },
  { "metadata", { timeout = MS } },
  { "cluster_id", MS },
  { "events" },
  { "set_oauthbearer_token", { token = "t", lifetime_ms = 4e12, extensions = { a = "b" } } },
  { "set_oauthbearer_failure", "none" },
  { "set_sasl_credentials", "user", "password" },
}

local RECORD = { topic = topic, value = "v", key = "k", headers = { { "a", "b" } } }

local function reported(value)
  return { topic = topic, value = value, on_delivery = nothing }
end

local function records(count)
  local list = {}
  for at = 1, count do
    list[at] = { value = "value " .. at, key = "key", headers = { { "name", "value" } } }
  end
  return list
end

function scenes.producer()
  local producer = watch.run("kafka.producer", kafka.producer, brokers, { ["linger.ms"] = 1 })
  call_all("producer", producer, {
    { "create_topic", topic, { ["request.timeout.ms"] = 1000 } },
    { "has_topic", topic },
    { "send", topic, 0, 7, "seven" },
    { "poll", MS },
    { "poll", 0 },
    { "produce", RECORD },
    { "produce_batch", topic, records(20) },
    { "flush", MS },
    { "produce", reported("v") },
    { "poll", MS },
    { "produce_value", topic, "v", "k" },
    { "produce_sync", RECORD, MS },
    { "counters" },
    { "len" },
    { "destroy_topic", topic },
    { "is_closed" },
  })
  call_all("producer", producer, CLIENT)
  call_all("producer", producer, { { "close", MS } })
end

--- One whose message waits for the others of its batch until it is given up.
function scenes.purging_producer()
  local producer = kafka.producer(brokers, { ["linger.ms"] = 60000 })
  call_all("purging producer", producer, {
    { "produce", reported("given up") },
    { "purge" },
    { "poll", 10 * MS },
    { "close", MS },
  })
end

function scenes.handing_producer()
  local producer = watch.run("kafka.producer", kafka.producer, brokers, nil, { buffer_memory = true })
  call_all("handing producer", producer, {
    { "produce", RECORD },
    { "produce_batch", topic, records(20) },
    { "poll", MS },
    { "flush", MS },
    { "purge" },
    { "close", MS },
  })
end

--- One with a handler for everything, and no room.
function scenes.handling_producer()
  local options = { reports = true, on_delivery = nothing, on_error = nothing, on_stats = nothing, block_ms = MS }
  local properties = { ["queue.buffering.max.messages"] = 10, ["statistics.interval.ms"] = 20 }
  local producer = kafka.producer(brokers, properties, options)
  call_all("handling producer", producer, {
    { "produce_batch", topic, records(12) },
    { "produce", RECORD },
    { "poll", MS },
    { "reports" },
    { "flush", MS },
    { "close", MS },
  })
end

function scenes.transactions(own)
  local producer = kafka.producer(brokers, { ["transactional.id"] = own })
  local consumer = kafka.consumer(brokers, nil, { ["group.id"] = own })
  local offsets = { { topic = topic, partition = 0, offset = 1 } }
  call_all("transactions", producer, {
    { "init_transactions", 10 * MS },
    { "begin_transaction" },
    { "produce", RECORD },
    { "send_offsets_to_transaction", offsets, consumer, MS },
    { "commit_transaction", MS },
    { "begin_transaction" },
    { "produce", RECORD },
    { "abort_transaction", MS },
    { "transaction", nothing, MS },
    { "close", MS },
  })
  call_all("transactions", consumer, { { "close", MS } })
end

function scenes.assigned_consumer(own)
  local consumer = watch.run("kafka.consumer", kafka.consumer, brokers, { topic .. ":0" }, {
    ["group.id"] = own,
    ["auto.offset.reset"] = "earliest",
    ["enable.auto.commit"] = false,
    ["enable.auto.offset.store"] = false,
  })
  local place = { topic = topic, partition = 0 }
  local at_start = { topic = topic, partition = 0, offset = 0 }
  call_all("consumer", consumer, {
    { "receive", patience() },
    { "receive", 0 },
    { "poll", MS },
    { "consume", 20, MS },
    { "consume_views", 20, MS },
    -- More than there are.
    { "consume", 10000, math.min(patience(), 1000) },
    { "position" },
    { "assignment" },
    { "store_offsets", { { topic = topic, partition = 0, offset = 1 } } },
    { "commit", nil, MS },
    { "commit", { at_start }, MS },
    { "commit_async", { at_start } },
    { "committed", { place }, MS },
    { "watermarks", topic, 0, MS },
    { "offsets_for_times", { { topic = topic, partition = 0, timestamp = 0 } }, MS },
    { "pause", { place } },
    { "receive", MS },
    { "resume", { place } },
    { "seek", at_start, MS },
    { "poll", 5 * MS },
    { "group_metadata" },
    { "unassign" },
    { "assign", { at_start } },
    { "consume", 3, 5 * MS },
    { "unassign" },
    { "incremental_assign", { at_start } },
  })
  local views = watch.run("consumer.consume_views", consumer.consume_views, consumer, 1, patience())
  if views then
    call_all("batch", views, {
      { "len" },
      { "value_ptr", 1 },
      { "key_ptr", 1 },
      { "topic", 1 },
      { "partition", 1 },
      { "offset", 1 },
      { "message", 1 },
    })
  end
  watch.run("consumer.messages", consumer:messages(MS))
  call_all("consumer", consumer, { { "incremental_unassign", { place } } })
  call_all("consumer", consumer, CLIENT)
  call_all("consumer", consumer, { { "is_closed" }, { "close", MS } })
  if views then
    -- It is all that is left of its consumer.
    call_all("batch", views, { { "release" } })
  end
end

function scenes.group_member(own)
  local is_member = false
  local function on_assign()
    is_member = true
  end
  local handlers =
    { on_assign = on_assign, on_revoke = nothing, on_lost = nothing, on_error = nothing, on_log = nothing }
  local properties = {
    ["group.id"] = own .. "-member",
    ["session.timeout.ms"] = 6000,
    ["auto.offset.reset"] = "earliest",
    ["debug"] = "cgrp",
  }
  local consumer = kafka.consumer(brokers, { topic }, properties, { ["auto.commit.interval.ms"] = 100 }, handlers)
  local waited_ms = 0
  repeat
    call_all("member", consumer, { { "poll", 2 * MS } })
    waited_ms = waited_ms + 2 * MS
  until is_member or waited_ms > patience()
  call_all("member", consumer, {
    { "subscription" },
    { "rebalance_protocol" },
    { "assignment_lost" },
    { "subscribe", { topic, "^" .. topic } },
    { "poll", MS },
    { "commit", nil, MS },
    { "unsubscribe" },
    { "poll", MS },
    { "subscribe", { topic } },
    { "poll", MS },
    { "close", 5 * MS },
  })
end

function scenes.admin(own)
  local admin = watch.run("kafka.admin", kafka.admin, brokers)
  -- A broker at work may take its time, and its answers are to be read.
  local ms = every_call.broker == "at work" and patience() or MS
  local other, group = own .. "-other", own .. "-group"
  local place = { topic = other, partition = 0, offset = 0 }
  local config = { type = "topic", name = other }
  local acl = {
    type = "topic",
    name = topic,
    principal = "User:a",
    host = "*",
    operation = "read",
    permission = "allow",
  }
  call_all("admin", admin, {
    { "create_topics", { { topic = other, partitions = 1, replication = 1 } }, ms, { validate_only = false } },
    { "create_partitions", { { topic = other, partitions = 2 } }, ms },
    { "describe_topics", { other }, ms },
    { "describe_cluster", ms },
    { "describe_configs", { config }, ms },
    {
      "incremental_alter_configs",
      { { type = "topic", name = other, set = { ["retention.ms"] = "60000" } } },
      ms,
    },
    { "list_groups", ms },
    { "list_offsets", { { topic = other, partition = 0, offset = "latest" } }, ms },
    { "delete_records", { place }, ms },
    { "elect_leaders", { { topic = other, partition = 0 } }, ms },
    {
      "alter_user_scram_credentials",
      { { user = own, mechanism = "SCRAM-SHA-256", iterations = 4096, password = "p" } },
      ms,
    },
    { "describe_user_scram_credentials", { own }, ms },
    { "alter_user_scram_credentials", { { user = own, mechanism = "SCRAM-SHA-256", delete = true } }, ms },
    { "delete_topics", { other }, ms },
    { "is_closed" },
  })
  if every_call.broker ~= "unsteady" then
    -- librdkafka aborts the process where the connection to a group's coordinator breaks in one of these.
    call_all("admin", admin, {
      { "describe_groups", { group }, ms },
      { "list_group_offsets", { { group = group } }, ms },
      { "alter_group_offsets", { { group = group, offsets = { place } } }, ms },
      { "delete_group_offsets", { { group = group, partitions = { { topic = other, partition = 0 } } } }, ms },
      { "delete_groups", { group }, ms },
    })
  end
  -- It is looked at before a broker is asked.
  assert(
    not pcall(admin.incremental_alter_configs, admin, { { type = "topic", name = other, set = { a = kafka.null } } })
  )
  call_all("admin", admin, CLIENT)
  call_all("admin", admin, { { "close", MS } })
  -- No broker answers this one: the answers of some brokers to these make librdkafka abort the process.
  local unanswered = kafka.admin("127.0.0.1:1")
  call_all("admin", unanswered, {
    { "create_acls", { acl }, MS },
    { "describe_acls", acl, MS },
    { "describe_acls", nil, MS },
    { "delete_acls", { acl }, MS },
    { "close" },
  })
end

function scenes.shared(own)
  watch.run("resty.producer", resty.producer, own, brokers)
  watch.run("resty.producer", resty.producer, own, brokers, { ["linger.ms"] = 2 })
  watch.run("resty.consumer", resty.consumer, own, brokers, { topic .. ":0" }, { ["group.id"] = own })
  watch.run("resty.admin", resty.admin, own, brokers)
  -- It reads the certificates of all authorities that this machine trusts.
  watch.run("resty.producer with TLS", resty.producer, own .. "-tls", brokers, { ["security.protocol"] = "ssl" })
end

local function list_of(text)
  local host, port = text:match("^([^,:]+):(%d+)")
  return { { host = host, port = tonumber(port) } }
end

function scenes.facade()
  local list, config = list_of(brokers), { socket_timeout = 2 * MS, max_retry = 1, request_timeout = 2 * MS }
  local client = resty_client:new(list, config)
  call_all("facade client", client, {
    { "fetch_metadata", topic },
    { "refresh", topic },
    { "choose_broker", topic, 0 },
  })
  local sync = resty_producer:new(list, config)
  call_all("facade producer", sync, { { "send", topic, "key", "message" }, { "flush" }, { "offset" } })
  local async = resty_producer:new(list, { producer_type = "async", request_timeout = 2 * MS, error_handle = nothing })
  call_all("facade producer", async, { { "send", topic, "key", "message" }, { "flush" }, { "offset" } })
  local consumer = resty_consumer:new(list, config)
  call_all("facade consumer", consumer, {
    { "list_offset", topic, 0, -1 },
    { "list_offset", topic, 0, -3 },
    { "fetch", topic, 0, 0 },
  })
end

--- These are not closed. Their collector closes them, and what it finds it must not wait for.
function scenes.collected(own)
  local function leave_behind()
    local producer = kafka.producer(brokers)
    producer:create_topic(topic)
    producer:send(topic, 0, 1, "left behind")
    producer:produce(reported("left behind"))
    local consumer = kafka.consumer(brokers, { topic .. ":0" }, { ["group.id"] = own })
    consumer:poll(MS)
    local views = consumer:consume_views(1, MS)
    kafka.admin(brokers)
    return views
  end
  leave_behind()
  ngx.sleep(0.01)
  -- As a piece it would measure how long Lua's collector takes. The calls that it makes are ours.
  collectgarbage()
  collectgarbage()
end

-- How often each scene is played: what is late once may be so by chance.
local TIMES = 3

--- Plays all scenes at once, each in light threads of its own that wait side by side.
---@return string report
function every_call.play()
  local threads = {}
  for name, scene in pairs(scenes) do
    for at = 1, TIMES do
      threads[#threads + 1] = watch.spawn(function()
        local ran, text = xpcall(scene, debug.traceback, ("%s-%s-%d"):format(topic, name, at))
        return not ran and name .. ": " .. text or nil
      end)
    end
  end
  local lines = {}
  for _, thread in ipairs(threads) do
    local _, failure = ngx.thread.wait(thread)
    lines[#lines + 1] = failure
  end
  lines[#lines + 1] = watch.report()
  return table.concat(lines, "\n")
end

-- As many come at once.
local MANY = 2000

local function send_many(producer, send)
  for at = 1, MANY do
    assert(send(producer, at))
  end
end

local function produce(producer, at)
  return producer:produce({ topic = "many", value = tostring(at), key = "key" })
end

--- Calls until there are as many as were sent.
local function until_all(name, fn)
  local count = 0
  while count < MANY do
    count = count + watch.run(name, fn)
  end
  assert(count == MANY, name .. ": " .. count)
end

--- What comes in thousands.
---@return string report
function every_call.many()
  local cluster = kafka.mock_cluster()
  assert(cluster:create_topic("many", 1, 1))
  local reported_count = 0
  local function handle()
    reported_count = reported_count + 1
  end
  local failed_count = 0
  -- The same each time, as is the producer.
  local function count_failed(_, _, _, index)
    failed_count = failed_count + index / 2
  end
  for _ = 1, TIMES do
    local producer = kafka.producer("127.0.0.1:1", nil, { reports = true, on_delivery = handle })
    send_many(producer, produce)
    producer:purge()
    ngx.sleep(0.1)
    until_all("failures of poll", function()
      return (select(2, producer:poll(1000)))
    end)
    until_all("reports", function()
      return #producer:reports(100)
    end)
    send_many(producer, produce)
    producer:purge()
    ngx.sleep(0.1)
    assert(watch.run("flush of many", producer.flush, producer, 10000))
    assert(watch.run("close of many", producer.close, producer, 1000))

    failed_count = 0
    local facade = resty_producer:new(list_of("127.0.0.1:1"), {
      producer_type = "async",
      request_timeout = 100,
      socket_timeout = 100,
      max_retry = 1,
      retry_backoff = 1,
      max_buffering = 2 * MANY,
      error_handle = count_failed,
    })
    send_many(facade, function(_, at)
      return facade:send("many", nil, tostring(at))
    end)
    watch.run("facade flush of many", facade.flush, facade)
    assert(failed_count == MANY, failed_count)
  end
  assert(reported_count == 2 * TIMES * MANY, reported_count)

  local producer = kafka.producer(cluster:bootstrap_servers())
  send_many(producer, produce)
  assert(producer:flush(10000))
  for at = 1, TIMES do
    local consumer = kafka.consumer(cluster:bootstrap_servers(), { "many:0" }, {
      ["group.id"] = "many-" .. at,
      ["auto.offset.reset"] = "earliest",
      ["enable.auto.commit"] = false,
    })
    assert(#watch.run("consume of many", consumer.consume, consumer, MANY, 10000) == MANY)
    assert(consumer:seek({ topic = "many", partition = 0, offset = 0 }))
    assert(watch.run("views of many", consumer.consume_views, consumer, MANY, 10000):len() == MANY)
    assert(consumer:seek({ topic = "many", partition = 0, offset = 0 }))
    watch.run("poll, many times", function()
      for number = 1, MANY do
        local message = assert(consumer:poll(10000))
        assert(message.value == tostring(number))
      end
    end)
    assert(consumer:close())
  end
  return watch.report()
end

--- A batch of thousands.
---@return string report
function every_call.batch()
  -- Of which some are refused, each for itself.
  local batch, sizes = records(2 * MANY), { ["message.max.bytes"] = 1000, ["queue.buffering.max.messages"] = 3 * MANY }
  for at = 1000, 2 * MANY, 1000 do
    batch[at].value = ("x"):rep(2000)
  end
  for _ = 1, TIMES do
    local plain = kafka.producer("127.0.0.1:1", sizes)
    local queued, errors = watch.run("produce_batch of many", plain.produce_batch, plain, "many", batch)
    assert(queued == 2 * MANY - #errors and #errors == 2 * MANY / 1000)
    for at, failed in ipairs(errors) do
      assert(failed.index == 1000 * at and failed.code == kafka.err.MSG_SIZE_TOO_LARGE)
    end
    -- And those that find no room.
    queued, errors = plain:produce_batch("many", batch)
    assert(queued == MANY + 4 and #errors == MANY - 4)
    assert(errors[#errors].index == 2 * MANY and errors[#errors].code == kafka.err.QUEUE_FULL)
    assert(plain:purge() and plain:flush(10000) and plain:close())
  end
  return watch.report()
end

--- Answers about thousands of topics and partitions.
---@return string report
function every_call.answers()
  local cluster = kafka.mock_cluster()
  for at = 1, MANY do
    assert(cluster:create_topic("topic-" .. at, 4, 1))
    -- It may overlook for a second what comes while it finishes the last one.
    ngx.sleep(0.001)
  end
  assert(cluster:create_topic("wide", MANY, 1))
  -- It is waited for.
  watch.measured = {}
  local producer = kafka.producer(cluster:bootstrap_servers())
  local consumer = kafka.consumer(cluster:bootstrap_servers(), nil, { ["group.id"] = "many" })
  local list = {}
  for at = 1, MANY do
    list[at] = { topic = "wide", partition = at - 1, offset = 0 }
  end
  assert(consumer:assign(list))
  for _ = 1, TIMES do
    local metadata = assert(watch.run("metadata of many", producer.metadata, producer, { timeout = 10000 }))
    for at = 1, MANY do
      assert(#metadata.topics["topic-" .. at].partitions == 4)
    end
    assert(#watch.run("assignment of many", consumer.assignment, consumer) == MANY)
    assert(#watch.run("position of many", consumer.position, consumer) == MANY)
  end
  assert(consumer:close() and producer:close())
  return watch.report()
end

--- Of ten messages that are wanted five are there, and five come later.
function every_call.consume_waits()
  local cluster = kafka.mock_cluster()
  assert(cluster:create_topic("many", 1, 1))
  local producer = kafka.producer(cluster:bootstrap_servers(), { ["linger.ms"] = 0 })
  local function send_five()
    for at = 1, 5 do
      assert(produce(producer, at))
    end
  end
  local consumer = kafka.consumer(cluster:bootstrap_servers(), { "many:0" }, {
    ["group.id"] = "waits",
    ["fetch.wait.max.ms"] = 10,
    ["auto.offset.reset"] = "earliest",
  })
  send_five()
  assert(#consumer:consume(5, 10000) == 5)
  assert(consumer:seek({ topic = "many", partition = 0, offset = 0 }))
  ngx.timer.at(0.3, send_five)
  assert(#consumer:consume(10, 10000) == 10)
  ngx.update_time()
  local start = ngx.now()
  send_five()
  -- The time is up before there are as many.
  assert(consumer:consume_views(10, 300):len() == 5)
  ngx.update_time()
  local took_ms = (ngx.now() - start) * 1000
  assert(took_ms > 250 and took_ms < 1000, took_ms)
  send_five()
  ngx.sleep(0.3)
  -- What there is is there without waiting, and is not waited for.
  consumer:poll(1000)
  assert(#consumer:consume(10, 0) == 4)
  assert(consumer:close())
  return "ok"
end

--- The functions of the C API that were called, with their numbers.
function every_call.seen()
  local seen = {}
  for name in pairs(watch.calls) do
    seen[#seen + 1] = name
  end
  table.sort(seen)
  return table.concat(seen, "\n")
end

return every_call
