--- An access log that goes to Kafka: one record for each request, from the log phase. See access_log.conf beside it.

local kafka = require("kafka")

local access_log = {}

local producer
local dropped = 0

--- Call it in init_worker_by_lua.
---@param brokers string
---@param topic string
function access_log.init(brokers, topic)
  access_log.topic = topic
  producer = kafka.producer(brokers, {
    -- Up to half a second of requests in one compressed batch.
    ["linger.ms"] = 500,
    ["batch.num.messages"] = 10000,
    ["compression.type"] = "zstd",
    -- What a worker holds at most while Kafka is down, and for how long.
    ["queue.buffering.max.messages"] = 1000000,
    ["queue.buffering.max.kbytes"] = 64 * 1024,
    ["message.timeout.ms"] = 60000,
  })
  -- Now and then, what went wrong; never for each message.
  ngx.timer.every(10, function()
    local _, failed = producer:poll(0)
    if failed and failed > 0 or dropped > 0 then
      ngx.log(ngx.ERR, "access log: ", failed or 0, " requests not delivered, ", dropped, " dropped: queue full")
      dropped = 0
    end
  end)
end

--- Call it in log_by_lua. It never waits.
function access_log.log()
  local var = ngx.var
  local queued = producer:produce({
    topic = access_log.topic,
    -- The same client's requests stay in order.
    key = var.remote_addr,
    value = ("%s %s %s %s"):format(var.time_iso8601, var.request_method, var.uri, var.status),
    headers = { { "host", var.host or "" }, { "request-id", var.request_id } },
  })
  if not queued then
    -- The queue is full: Kafka is down, or slower than the requests. The newest is dropped, and counted.
    dropped = dropped + 1
  end
end

return access_log
