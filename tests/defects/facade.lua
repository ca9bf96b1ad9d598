-- Defects of kafka.resty, lua-resty-kafka's own API, and of what it shows of the rest inside nginx: scenarios as in
-- nginx.lua.

local kafka = require("kafka")
local facade = require("kafka.resty.producer")

local scenarios = {}

local function now()
  ngx.update_time()
  return ngx.now()
end

--- A cluster in this process with the topic `t`, and its brokers as lua-resty-kafka takes them.
local function new_cluster(partition_count)
  local cluster = kafka.mock_cluster(1)
  cluster:create_topic("t", partition_count or 1)
  local host, port = cluster:bootstrap_servers():match("^(.*):(%d+)$")
  return cluster, { { host = host, port = tonumber(port) } }
end

--- Has `step` run again and again, every `pause_s`, until the function that this returns is called.
local function keep_doing(pause_s, step)
  local is_over
  local going = ngx.thread.spawn(function()
    while not is_over do
      step()
      ngx.sleep(pause_s)
    end
  end)
  return function()
    is_over = true
    assert(ngx.thread.wait(going))
  end
end

--- A message that was queued while its broker was down has not been sent, so that it may be sent again.
function scenarios.retryable_unsent()
  local cluster, brokers = new_cluster()
  local failed
  local producer = facade:new(brokers, {
    producer_type = "async",
    flush_time = 10,
    max_retry = 1,
    socket_timeout = 1000,
    error_handle = function(_, _, _, _, text, retryable)
      failed = { text, retryable }
    end,
  })
  assert(producer:send("t", nil, "before"))
  producer:flush()
  assert(tonumber((producer:offset())) == 1)
  assert(cluster:broker_down(1))
  ngx.sleep(0.5)
  assert(producer:send("t", nil, "meanwhile"))
  producer:flush()
  assert(failed, "error_handle was not called")
  if failed[2] ~= true then
    return ("a message that was never sent is not retryable: %s"):format(failed[1])
  end
end

--- TLS to a port that does not speak it: the error must say so.
function scenarios.tls_to_a_plain_port()
  local _, brokers = new_cluster()
  local _, text = facade:new(brokers, { ssl = true, socket_timeout = 2000 }):send("t", nil, "x")
  assert(type(text) == "string", "it was sent")
  if not (text:find("SSL", 1, true) or text:find("TLS", 1, true)) then
    return "TLS to a plain port fails with: " .. text
  end
end

function scenarios.offsets_are_text()
  local _, brokers = new_cluster()
  local offset, text = require("kafka.resty.basic-consumer"):new(brokers):list_offset("t", 0, -2)
  assert(offset, text)
  if type(offset) ~= "string" then
    return ('list_offset returns %s, where programs expect the text "0LL"'):format(type(offset))
  end
end

--- Each client asks its own resolver, and what it said once is not true for ever.
function scenarios.own_resolver()
  local client = require("kafka.resty.client")
  local _, brokers = new_cluster()
  local port = brokers[1].port
  local function partitions_by(address)
    local resolving = client:new({ { host = "kafka.test", port = port } }, {
      socket_timeout = 1000,
      resolver = function()
        return address
      end,
    })
    return (resolving:fetch_metadata("t"))
  end
  -- Nothing listens there.
  assert(not partitions_by("127.0.0.9"))
  if not partitions_by("127.0.0.1") then
    return "a client whose resolver knows better uses what another one's said"
  end
end

--- A timer as docs/OPENRESTY.md has it keeps up with 4000 messages a second.
function scenarios.polled_by_a_timer()
  local cluster = kafka.mock_cluster(1)
  cluster:create_topic("t", 1)
  local reported, sent = 0, 0
  local producer = kafka.producer(cluster:bootstrap_servers(), {
    ["linger.ms"] = 5,
    ["queue.buffering.max.messages"] = 4000,
  }, {
    on_delivery = function()
      reported = reported + 1
    end,
  })
  producer:create_topic("t")
  for _ = 1, 16 do
    for _ = 1, 1000 do
      local errno = producer:send("t", 0, 1, "x")
      if errno ~= 0 then
        return ("send fails with %d after %d messages, %d of them reported"):format(errno, sent, reported)
      end
      sent = sent + 1
    end
    ngx.sleep(0.25)
    producer:poll(0)
  end
end

-- How long a broker takes to answer that is sent messages without a pause: long enough that some are always under way,
-- also where the machine is busy.
local RTT_MS = 100

--- flush() waits for what was sent before it, and not for what others go on to send.
function scenarios.flush_ends()
  local cluster, brokers = new_cluster()
  cluster:set_rtt(1, RTT_MS)
  local producer = facade:new(brokers, { producer_type = "async", max_retry = 1, socket_timeout = 3000 })
  local stop = keep_doing(0.002, function()
    producer:send("t", nil, "x")
  end)
  ngx.sleep(1.5)
  local start = now()
  producer:flush()
  local took_s = now() - start
  stop()
  if took_s > 2 then
    return ("flush() took %.1f s before a broker that answers in 0.1 s"):format(took_s)
  end
end

--- What is sent after a flush() lingers as before.
local function lingers_behind(call)
  local cluster = kafka.mock_cluster(1)
  cluster:create_topic("t", 3)
  cluster:set_rtt(1, RTT_MS)
  local producer = kafka.producer(
    cluster:bootstrap_servers(),
    { ["linger.ms"] = 1000, ["batch.num.messages"] = 10000 },
    { reports = true }
  )
  local stop = keep_doing(0.001, function()
    for _ = 1, 5 do
      producer:produce({ topic = "t", value = "x" })
    end
  end)
  ngx.sleep(1)
  call(producer)
  ngx.sleep(2)
  producer:poll(20)
  producer:reports(1000000)
  local latencies = {}
  local finish = now() + 1.5
  while now() < finish do
    producer:poll(20)
    for _, report in ipairs(producer:reports(5000)) do
      latencies[#latencies + 1] = tonumber(report.latency_us) / 1000
    end
  end
  stop()
  table.sort(latencies)
  local median_ms = latencies[math.ceil(#latencies / 2)]
  if median_ms < 3 * RTT_MS then
    return ("messages that are to linger for a second are delivered after %d ms"):format(median_ms)
  end
end

function scenarios.lingers_behind_flush()
  return lingers_behind(function(producer)
    producer:flush(1000)
  end)
end

function scenarios.lingers_behind_produce_sync()
  return lingers_behind(function(producer)
    assert(producer:produce_sync({ topic = "t", value = "now" }, 5000))
  end)
end

--- The number that librdkafka gives to a client that is made now: it counts them.
local function next_client()
  local number
  local producer = kafka.producer("127.0.0.1:1", { ["statistics.interval.ms"] = 10 }, {
    on_stats = function(json)
      number = tonumber(json:match('"name":%s*"rdkafka#producer%-(%d+)"'))
    end,
  })
  while not number do
    producer:poll(100)
  end
  assert(producer:close())
  return number
end

--- Two routes of a gateway, which each keep their producer and use it now and then.
function scenarios.two_routes()
  require("kafka.resty").grace_ms = 200
  local _, brokers = new_cluster()
  local routes = {
    facade:new(brokers, { producer_type = "async", flush_time = 10, request_timeout = 1000 }),
    facade:new(brokers, { producer_type = "async", flush_time = 10, request_timeout = 2000 }),
  }
  local first = next_client()
  for _ = 1, 5 do
    for _, producer in ipairs(routes) do
      assert(producer:send("t", nil, "x"))
      ngx.sleep(0.3)
    end
  end
  local made = next_client() - first - 1
  if made > 2 then
    return ("%d clients were made for 2 configurations"):format(made)
  end
end

function scenarios.two_configurations()
  local _, brokers = new_cluster(4)
  local chosen = {}
  local first = {
    producer_type = "async",
    flush_time = 100,
    partitioner = function(_, partition_count, number)
      chosen[#chosen + 1] = number % partition_count
      return number % partition_count
    end,
  }
  local second = { producer_type = "async", flush_time = 200 }
  local seen, count = {}, 0
  for _ = 1, 10 do
    local producers = { facade:new(brokers, first), facade:new(brokers, second) }
    for _, producer in ipairs(producers) do
      if not seen[producer] then
        seen[producer], count = true, count + 1
      end
    end
    assert(producers[1]:send("t", nil, "x"))
    ngx.sleep(0.01)
  end
  local deadline = now() + 5
  while #chosen < 10 do
    assert(now() < deadline, "the partitioner is not called")
    ngx.sleep(0.02)
  end
  if count > 2 then
    return ("%d objects were made for 2 configurations; the partitioner chose %s"):format(
      count,
      table.concat(chosen, " ")
    )
  end
end

--- The listener of the environment.
local function listener()
  local host, port = os.getenv("BROKERS"):match("^(.*):(%d+)$")
  return { host = host, port = tonumber(port) }
end

--- What a synchronous send fails with that cannot reach this broker.
local function failure_at(broker, options)
  options.socket_timeout, options.max_retry = 2000, 1
  local sent, text = facade:new({ broker }, options):send("t", nil, "x")
  assert(not sent and type(text) == "string")
  return text
end

function scenarios.wrong_password()
  local broker = listener()
  broker.sasl_config = { mechanism = "PLAIN", user = "bob", password = "guess" }
  local text = failure_at(broker, {})
  if not text:find("uthentication", 1, true) then
    return "a wrong password fails with: " .. text
  end
end

function scenarios.untrusted_certificate()
  local text = failure_at(listener(), { ssl = true, ssl_verify = true })
  if not text:find("certificate", 1, true) then
    return "a certificate of an unknown authority fails with: " .. text
  end
end

--- Names itself to the broker of the environment, which answers nothing.
function scenarios.client_id()
  failure_at(listener(), { client_id = "teller" })
end

--- Programs read a client's broker list, and connect by themselves.
function scenarios.client_sasl_config()
  local _, brokers = new_cluster()
  brokers[1].sasl_config = { mechanism = "PLAIN", user = "u", password = "p" }
  local client = require("kafka.resty.client"):new(brokers)
  if not client.broker_list[1].sasl_config then
    return "a client's broker_list has no sasl_config"
  end
end

return scenarios
