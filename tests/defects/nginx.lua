-- Defects inside nginx: each scenario runs in the content phase of a worker of its own. It returns how the invariant is
-- broken, or nil where it holds, and throws if it can show neither.

local kafka = require("kafka")

local scenarios = {}

local function now()
  ngx.update_time()
  return ngx.now()
end

--- Waits until `condition` holds; false if that takes longer than `seconds`.
local function within(seconds, condition)
  local deadline = now() + seconds
  while not condition() do
    if now() > deadline then
      return false
    end
    ngx.sleep(0.02)
  end
  return true
end

--- A cluster in this process with the topic `t`, and its brokers.
local function new_cluster(partition_count)
  local cluster = kafka.mock_cluster(1)
  cluster:create_topic("t", partition_count or 1)
  return cluster, cluster:bootstrap_servers()
end

--- Brokers as lua-resty-kafka takes them.
local function broker_list(brokers)
  local host, port = brokers:match("^(.*):(%d+)$")
  return { { host = host, port = tonumber(port) } }
end

local function fill(brokers, count)
  local producer = kafka.producer(brokers)
  for number = 1, count do
    assert(producer:produce({ topic = "t", partition = 0, value = "v" .. number }))
  end
  assert(producer:flush(10000))
  assert(producer:close())
end

local function thread_count()
  for line in io.lines("/proc/self/status") do
    local count = line:match("^Threads:%s*(%d+)")
    if count then
      return tonumber(count)
    end
  end
end

--- Keeps the processor for a time.
local function spin(seconds)
  local finish = os.clock() + seconds
  while os.clock() < finish do -- luacheck: ignore 542
  end
end

-- --- A client closes while a light thread waits for its request ---------------------------------------------------

--- What a request was answered with that `ask` made, and under which its client was closed.
local function closed_under(cluster, client, ask)
  assert(client:metadata({ timeout = 5000 }))
  cluster:set_rtt(1, 3000)
  local waiter = ngx.thread.spawn(ask)
  ngx.sleep(0.3)
  client:close(0)
  local ran, answer, text, code = ngx.thread.wait(waiter)
  assert(ran, answer)
  if answer ~= nil or code ~= kafka.err.CLOSED then
    return ("a request under which its client closed was answered with %s, %s"):format(tostring(answer), tostring(text))
  end
end

function scenarios.metadata_closed_under()
  local cluster, brokers = new_cluster()
  local producer = kafka.producer(brokers)
  return closed_under(cluster, producer, function()
    return producer:metadata({ timeout = 5000 })
  end)
end

function scenarios.admin_closed_under()
  local cluster, brokers = new_cluster()
  local admin = kafka.admin(brokers)
  return closed_under(cluster, admin, function()
    return admin:describe_cluster(nil, 5000)
  end)
end

function scenarios.watermarks_closed_under()
  local cluster, brokers = new_cluster()
  local consumer = kafka.consumer(brokers, nil, { ["group.id"] = "g" })
  return closed_under(cluster, consumer, function()
    return consumer:watermarks("t", 0, 5000)
  end)
end

--- As above, by kafka.resty itself: the configuration of a shared client has changed.
function scenarios.replaced_under()
  local resty = require("kafka.resty")
  resty.grace_ms = 200
  local cluster, brokers = new_cluster()
  local function producer(linger_ms)
    return resty.producer("p", brokers, { ["linger.ms"] = linger_ms })
  end
  assert(producer(1):metadata({ timeout = 5000 }))
  cluster:set_rtt(1, 2000)
  local waiter = ngx.thread.spawn(function()
    return producer(1):metadata({ timeout = 5000 })
  end)
  ngx.sleep(0.3)
  producer(2)
  local ran, answer, text, code = ngx.thread.wait(waiter)
  assert(ran, answer)
  if answer == nil and code ~= kafka.err.CLOSED then
    return "a request under which its client was replaced was answered with " .. tostring(text)
  end
end

-- --- What a call answers is its own ------------------------------------------------------------------------------

--- poll(0) of a producer that has sent nothing, and whose handler takes long.
function scenarios.poll_of_another()
  local _, brokers = new_cluster()
  local handler_s = 0
  local other = kafka.producer(brokers, { ["linger.ms"] = 0 })
  local producer = kafka.producer(brokers, { debug = "all" }, {
    on_log = function()
      spin(handler_s)
    end,
  })
  other:create_topic("t")
  assert(other:send("t", 0, 42, "x") == 0)
  repeat
    local id = other:poll(50)
  until id
  handler_s = 0.0006
  local count = 0
  for _ = 1, 500 do
    if producer:poll(0) then
      count = count + 1
    end
    ngx.sleep(0.001)
  end
  if count > 0 then
    return ("poll(0) of a producer that has sent nothing returned another one's result %d times"):format(count)
  end
end

-- --- A light thread may be killed, and a call may throw -----------------------------------------------------------

function scenarios.killed_facade_flush()
  local cluster, brokers = new_cluster(2)
  local facade = require("kafka.resty.producer")
  local producer = facade:new(broker_list(brokers), {
    producer_type = "async",
    flush_time = 50,
    -- The topic's partitions have to be asked for.
    partitioner = function(_, partition_count, number)
      return number % partition_count
    end,
  })
  -- Another topic first: then the flush itself asks for the partitions of this one.
  cluster:create_topic("other", 1)
  assert(producer:send("other", nil, "x"))
  producer:flush()
  cluster:set_rtt(1, 1500)
  local flushing = ngx.thread.spawn(function()
    assert(producer:send("t", nil, "first"))
    producer:flush()
  end)
  ngx.sleep(0.3)
  assert(ngx.thread.kill(flushing))
  cluster:set_rtt(1, 0)
  ngx.sleep(2)
  for number = 1, 5 do
    assert(producer:send("t", nil, "later" .. number))
  end
  producer:flush()
  local function delivered()
    return tonumber((producer:offset())) - 1
  end
  if not within(3, function()
    return delivered() == 6
  end) then
    return ("%d of 6 messages are delivered 3 s after a flush() that was killed"):format(delivered())
  end
end

--- Whether closing anew closes it: close() said true.
local function stays_open(object, how)
  local closed = object:close(1000)
  if closed and not object:is_closed() then
    return how .. ": close() returned true, and is_closed() says false"
  end
end

function scenarios.killed_producer_close()
  local cluster, brokers = new_cluster()
  local producer = kafka.producer(brokers)
  cluster:broker_down(1)
  ngx.sleep(0.2)
  assert(producer:produce({ topic = "t", partition = 0, value = "x" }))
  local closing = ngx.thread.spawn(function()
    return producer:close(5000)
  end)
  ngx.sleep(0.2)
  assert(ngx.thread.kill(closing))
  return stays_open(producer, "a close() was killed")
end

function scenarios.killed_consumer_close()
  local _, brokers = new_cluster()
  local is_revoking
  local consumer = kafka.consumer(
    brokers,
    { "t" },
    {
      ["group.id"] = "g",
      ["group.protocol"] = "consumer",
    },
    nil,
    {
      on_assign = function() end,
      on_revoke = function()
        is_revoking = true
        ngx.sleep(1)
      end,
    }
  )
  assert(within(20, function()
    consumer:receive(200)
    return #(consumer:assignment() or {}) > 0
  end))
  local closing = ngx.thread.spawn(function()
    return consumer:close(5000)
  end)
  assert(within(2, function()
    return is_revoking
  end))
  assert(ngx.thread.kill(closing))
  return stays_open(consumer, "a close() was killed in on_revoke")
end

function scenarios.thrown_close()
  local _, brokers = new_cluster()
  local producer = kafka.producer(brokers)
  local ran, text = pcall(string.gsub, "x", "x", function()
    producer:close()
  end)
  assert(ran or text:find("attempt to yield across C-call boundary", 1, true), text)
  return stays_open(producer, "a close() threw, as it could not give way")
end

function scenarios.killed_rebalance()
  local _, brokers = new_cluster()
  fill(brokers, 10)
  local call_count = 0
  local consumer = kafka.consumer(
    brokers,
    { "t" },
    {
      ["group.id"] = "g",
      ["group.protocol"] = "consumer",
      ["auto.offset.reset"] = "earliest",
    },
    nil,
    {
      on_assign = function()
        call_count = call_count + 1
        if call_count == 1 then
          ngx.sleep(1)
        end
      end,
    }
  )
  local reading = ngx.thread.spawn(function()
    return consumer:receive(20000)
  end)
  assert(within(20, function()
    return call_count > 0
  end))
  assert(ngx.thread.kill(reading))
  local count = 0
  within(5, function()
    if consumer:receive(200) then
      count = count + 1
    end
    return count == 10
  end)
  consumer:close(3000)
  if count < 10 then
    return ("%d of 10 messages came within 5 s of an on_assign that was killed"):format(count)
  end
end

--- Thirty fetches that are killed; how many threads are more than before when their consumers have had time to end.
function scenarios.killed_fetches()
  local cluster, brokers = new_cluster()
  fill(brokers, 100)
  local consumer = require("kafka.resty.basic-consumer"):new(broker_list(brokers))
  assert(consumer:fetch("t", 0, 0))
  local before, after = thread_count(), nil
  -- So that none of them ends by itself.
  cluster:set_rtt(1, 1000)
  for offset = 1, 30 do
    local fetching = ngx.thread.spawn(function()
      return consumer:fetch("t", 0, offset)
    end)
    ngx.sleep(0.02)
    assert(ngx.thread.kill(fetching))
  end
  if not within(5, function()
    after = thread_count()
    return after < before + 15
  end) then
    return ("%d threads more than before are there 5 s after 30 fetches that were killed"):format(after - before)
  end
end

-- --- Without a directory for the socket of the event loop ---------------------------------------------------------

--- How late calls are woken: half of them within this time.
function scenarios.late_wakes()
  local cluster, brokers = new_cluster()
  local producer = kafka.producer(brokers, { ["linger.ms"] = 0 })
  local message = { topic = "t", partition = 0, value = "x" }
  assert(producer:produce_sync(message, 5000))
  cluster:set_rtt(1, 120)
  local late_ms = {}
  for at = 1, 15 do
    local start = now()
    assert(producer:produce_sync(message, 5000))
    late_ms[at] = (now() - start) * 1000 - 120
  end
  table.sort(late_ms)
  if late_ms[8] > 20 then
    return ("produce_sync is answered %d ms after the broker's answer"):format(late_ms[8])
  end
end

--- A message that waits for room in a producer that closes meanwhile.
function scenarios.produce_closed_under()
  local cluster, brokers = new_cluster()
  local producer = kafka.producer(brokers, { ["queue.buffering.max.messages"] = 1 }, { block_ms = 10000 })
  cluster:broker_down(1)
  local message = { topic = "t", partition = 0, value = "x" }
  assert(producer:produce(message))
  local waiter = ngx.thread.spawn(function()
    return producer:produce(message)
  end)
  ngx.sleep(0.3)
  producer:close(0)
  local ran, queued, text, code = ngx.thread.wait(waiter)
  assert(ran and not queued, queued)
  if code ~= kafka.err.CLOSED then
    return ("a message that waited for room, and whose producer closed, ended with %s (%d)"):format(text, code)
  end
end

-- --- Phases ------------------------------------------------------------------------------------------------------

--- In which phases that can yield a call that has to wait is refused. They are newer than the module tested with, so
--- this one says that it is in them.
function scenarios.phases()
  local _, brokers = new_cluster()
  local real = ngx.get_phase
  local refused = {}
  for _, phase in ipairs({ "precontent", "proxy_ssl_cert", "proxy_ssl_verify" }) do
    ngx.get_phase = function() -- luacheck: ignore 122
      return phase
    end
    for name in pairs(package.loaded) do
      if name:find("^kafka") then
        package.loaded[name] = nil
      end
    end
    local producer = require("kafka").producer(brokers)
    local answer, _, code = producer:metadata({ timeout = 5000 })
    if not answer and code == kafka.err.WOULD_BLOCK then
      refused[#refused + 1] = phase
    else
      assert(answer)
    end
  end
  ngx.get_phase = real -- luacheck: ignore 122
  if #refused > 0 then
    return "calls that wait are refused in " .. table.concat(refused, ", ")
  end
end

return scenarios
