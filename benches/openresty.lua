--- What benches/openresty runs inside nginx: an access log, by one contestant or another; and what benches/measure.py
--- does.

local ffi = require("ffi")

ffi.cdef([[
struct bench_timespec { long tv_sec; long tv_nsec; };
int clock_gettime(int clock, struct bench_timespec *now);
]])

local CLOCK_MONOTONIC = 1
local WAKE_UPS = 2000
local THREADS_MESSAGES = 6400

local contestant = os.getenv("CONTESTANT")
local port = tonumber(os.getenv("BROKER_PORT"))
local broker = "127.0.0.1:" .. port
-- Messages that wait at most, the same for all.
local buffer = tonumber(os.getenv("BUFFER"))

--- Each contestant has a topic of its own, in which the broker counts.
local topic = contestant

local bench = {}

local sent, dropped, failed = 0, 0, 0
--- Takes a message, or does not. Stays nil where nothing is sent.
local send

--- lua-resty-kafka's producer, or what takes its place: as its documentation has it, but for the buffer.
local function resty(name)
  local producer = require(name):new({ { host = "127.0.0.1", port = port } }, {
    producer_type = "async",
    max_buffering = buffer,
    error_handle = function(_, _, _, index)
      failed = failed + index / 2
    end,
  })
  return function(key, value)
    return producer:send(topic, key, value)
  end
end

--- The producer of examples/openresty, but for the buffer and the compression.
local function start_producer(compression)
  local producer = require("kafka").producer(broker, {
    ["linger.ms"] = 500,
    ["batch.num.messages"] = 10000,
    ["compression.type"] = compression,
    ["queue.buffering.max.messages"] = buffer,
    ["queue.buffering.max.kbytes"] = 1024 * 1024,
    ["message.timeout.ms"] = 60000,
  })
  ngx.timer.every(0.5, function()
    local _, count = producer:poll(0)
    failed = failed + (count or 0)
  end)
  return producer
end

local function produce(compression, headers)
  local producer = start_producer(compression)
  return function(key, value)
    return producer:produce({ topic = topic, key = key, value = value, headers = headers and headers() })
  end
end

--- Without a key, which `send` does not have.
local function send_value()
  local producer = start_producer("none")
  producer:create_topic(topic)
  return function(_, value)
    return producer:send(topic, -1, nil, value) == 0
  end
end

local function headers()
  local var = ngx.var
  return { { "host", var.host }, { "request-id", var.request_id } }
end

-- stylua: ignore
local contestants = {
  ["nothing"] = function() end,
  ["line"] = function() end,
  ["lua-resty-kafka"] = function() return resty("resty.kafka.producer") end,
  ["kafka.resty.producer"] = function() return resty("kafka.resty.producer") end,
  ["kafka-send"] = send_value,
  ["kafka"] = function() return produce("none") end,
  ["kafka-lz4"] = function() return produce("lz4") end,
  ["kafka-snappy"] = function() return produce("snappy") end,
  ["kafka-zstd-headers"] = function() return produce("zstd", headers) end,
}

function bench.init()
  send = contestants[contestant]()
end

--- The same line and key for all, with as many keys as there are connections.
function bench.log()
  local var = ngx.var
  local key = var.remote_addr .. ":" .. var.remote_port
  local value = ("%s %s %s %s %s"):format(var.time_iso8601, var.request_method, var.uri, var.status, var.request_id)
  sent = sent + 1
  if send and not send(key, value) then
    dropped = dropped + 1
  end
end

function bench.counters()
  return ("%d %d %d"):format(sent, dropped, failed)
end

local now = ffi.new("struct bench_timespec")

local function now_us()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, now)
  return 1e6 * tonumber(now.tv_sec) + tonumber(now.tv_nsec) / 1e3
end

--- How long it takes from a report's arrival in the library to the light thread that waits for it going on: what a
--- produce_sync takes beyond the message's own latency.
function bench.wake()
  local producer = require("kafka").producer(broker, { ["linger.ms"] = 0 })
  local took = {}
  for at = 1, WAKE_UPS do
    local start = now_us()
    local report = assert(producer:produce_sync({ topic = "wake", value = "x" }, 5000))
    took[at] = now_us() - start - report.latency_us
  end
  producer:close(1000)
  table.sort(took)
  local text = "wake-up: %.0f us at the median, %.0f us at the 99th percentile, of %d\n"
  return text:format(took[WAKE_UPS / 2], took[WAKE_UPS * 0.99], WAKE_UPS)
end

--- How many messages a second so many light threads send, each of which waits for a report before it sends the next.
function bench.threads(count)
  local producer = require("kafka").producer(broker, { ["linger.ms"] = 0 })
  local function run()
    for _ = 1, THREADS_MESSAGES / count do
      assert(producer:produce_sync({ topic = "threads", value = "x" }, 5000))
    end
  end
  assert(producer:produce_sync({ topic = "threads", value = "x" }, 5000))
  local running = {}
  local start = now_us()
  for at = 1, count do
    running[at] = ngx.thread.spawn(run)
  end
  for at = 1, count do
    assert(ngx.thread.wait(running[at]))
  end
  local took = now_us() - start
  producer:close(1000)
  return 1e6 * THREADS_MESSAGES / took
end

return bench
