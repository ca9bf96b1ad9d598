--- A request that is answered when the broker has its message, and not before. See order.conf beside it.

local kafka = require("kafka")
local resty = require("kafka.resty")

local order = {}

-- How long a client is kept waiting.
local TIMEOUT_MS = 2000

local PROPERTIES = {
  -- It is acknowledged when all replicas in sync have it, and stored once, however often it had to be sent.
  ["enable.idempotence"] = true,
  -- A message that no request waits for any more is given up.
  ["message.timeout.ms"] = TIMEOUT_MS,
}

local STATUS = {
  -- It may have arrived: do not say to the client that it has not.
  [kafka.err.TIMED_OUT] = ngx.HTTP_GATEWAY_TIMEOUT,
  [kafka.err.MSG_TIMED_OUT] = ngx.HTTP_GATEWAY_TIMEOUT,
  [kafka.err.MSG_SIZE_TOO_LARGE] = 413,
}

--- Call it in content_by_lua.
---@param brokers string
---@param topic string
function order.take(brokers, topic)
  ngx.req.read_body()
  local producer = resty.producer("orders", brokers, PROPERTIES)
  -- Other requests run while this one waits; their messages go in the same batches.
  local report, text, code = producer:produce_sync({
    topic = topic,
    key = ngx.var.arg_customer,
    value = ngx.req.get_body_data() or "",
    headers = { { "request-id", ngx.var.request_id } },
  }, TIMEOUT_MS)
  if not report then
    ngx.log(ngx.ERR, "kafka: an order was not delivered: ", text)
    return ngx.exit(STATUS[code] or ngx.HTTP_SERVICE_UNAVAILABLE)
  end
  ngx.say(report.partition, ":", report.offset)
end

return order
