--- How clients are made.

local ffi = require("ffi")
local native = require("kafka.native")
local request = require("kafka.request")

local C = native.C

local making = {
  --- What makes each kind of client: functions with the arguments of kafka.producer and the like, and one more: whether
  --- to have it made aside, on a thread of its own, where the call gives way meanwhile. Each kind adds its own.
  ---@type table<string, function>
  known = {},
}

local KINDS = {
  producer = {
    out = ffi.new("kafka_producer *[1]"),
    new = C.kafka_producer_new,
    request = C.kafka_producer_new_request,
    take = C.kafka_request_producer,
  },
  consumer = {
    out = ffi.new("kafka_consumer *[1]"),
    new = C.kafka_consumer_new,
    request = C.kafka_consumer_new_request,
    take = C.kafka_request_consumer,
  },
  admin = {
    out = ffi.new("kafka_admin *[1]"),
    new = C.kafka_admin_new,
    request = C.kafka_admin_new_request,
    take = C.kafka_request_admin,
  },
}

--- Starts a client. Throws what librdkafka says against its configuration.
---@param name string its kind
---@param brokers string
---@param client_conf ffi.cdata*
---@param aside? boolean on a thread of its own; gives way
---@return ffi.cdata* handle not yet collected by anybody
function making.start(name, brokers, client_conf, aside)
  local kind = KINDS[name]
  local code, taken
  if aside then
    code, taken = request.await(kind.request(brokers, client_conf, request.out, native.error), function(handle)
      return kind.take(handle, kind.out, native.error)
    end)
    code = code == 0 and taken or code
  else
    code = kind.new(brokers, client_conf, kind.out, native.error)
  end
  if code == C.KAFKA_ERR_INVALID_ARGUMENT then
    error(native.message(), 0)
  elseif code ~= 0 then
    error("rd_kafka_new failed: " .. native.message(), 0)
  end
  return kind.out[0]
end

return making
