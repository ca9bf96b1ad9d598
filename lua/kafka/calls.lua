--- Calls of a consumer that have a thread of librdkafka's do something in this process, and wait for it. Where there is
--- more to do than processors that takes as long as the thread waits for one: nginx has them as requests meanwhile.

local err = require("kafka.err")
local native = require("kafka.native")
local nginx = require("kafka.nginx")
local partitions = require("kafka.partitions")
local request = require("kafka.request")

local C = native.C

local calls = {}

local function begin(list, consumer, number)
  return C.kafka_consumer_request(consumer.handle, number, list, request.out, native.error)
end

--- Makes such a call.
---@param consumer kafka.Consumer
---@param number integer a KAFKA_CALL constant
---@param list? kafka.Partition[]
---@param direct fun(list: ffi.cdata*, consumer: kafka.Consumer): integer makes the call where it may not give way
---@param read? fun(): any what that has made; true without one
---@param of_request? fun(handle: ffi.cdata*): any the same, as for `request.finish`
---@return any result nil if it failed
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function calls.make(consumer, number, list, direct, read, of_request)
  if not consumer.handle then
    return err.closed()
  elseif nginx.may_yield() then
    return request.finish(partitions.with(list, begin, consumer, number), -1, of_request)
  end
  local code = partitions.with(list, direct, consumer)
  if code ~= 0 then
    return err.failed(code)
  end
  return not read or read()
end

return calls
