--- What benches/openresty runs inside nginx.

local ffi = require("ffi")
local kafka = require("kafka")

ffi.cdef([[
struct bench_timespec { long tv_sec; long tv_nsec; };
int clock_gettime(int clock, struct bench_timespec *now);
]])

local CLOCK_MONOTONIC = 1
local MESSAGES = 2000

local bench = {}

local producer, waiting

function bench.init(brokers)
  producer = kafka.producer(brokers, { ["linger.ms"] = 100, ["compression.type"] = "lz4" })
  waiting = kafka.producer(brokers, { ["linger.ms"] = 0 })
end

--- As an access log would, with a key and a header.
function bench.log()
  local var = ngx.var
  producer:produce({
    topic = "bench",
    key = var.remote_addr,
    value = ("%s %s %s %s"):format(var.time_iso8601, var.request_method, var.uri, var.status),
    headers = { { "request-id", var.request_id } },
  })
end

local now = ffi.new("struct bench_timespec")

local function now_us()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, now)
  return 1e6 * tonumber(now.tv_sec) + tonumber(now.tv_nsec) / 1e3
end

--- How long it takes from a report's arrival in the library to the light thread that waits for it going on: what a
--- produce_sync takes beyond the message's own latency.
function bench.wake()
  local took = {}
  for at = 1, MESSAGES do
    local start = now_us()
    local report = assert(waiting:produce_sync({ topic = "bench", value = "x" }, 5000))
    took[at] = now_us() - start - report.latency_us
  end
  table.sort(took)
  local text = "wake-up: %.0f us at the median, %.0f us at the 99th percentile, of %d\n"
  return text:format(took[MESSAGES / 2], took[MESSAGES * 0.99], MESSAGES)
end

function bench.counters()
  assert(producer:flush(10000))
  local counters = producer:counters()
  return ("of %d messages from the log phase %d were delivered\n"):format(counters.queued, counters.delivered)
end

return bench
