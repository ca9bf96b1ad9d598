--- Requests: what a broker is asked. This is the one place where Lua waits for an answer.

local ffi = require("ffi")
local err = require("kafka.err")
local events = require("kafka.events")
local native = require("kafka.native")
local nginx = require("kafka.nginx")

local C = native.C

local request = {}

--- Where a function of the C API puts the request that it starts; `started` and `finish` take it from there.
request.out = ffi.new("kafka_request *[1]")

-- What an answer may take longer than librdkafka was told, to come from its thread to this one.
local MARGIN_MS = 20

-- How long a wait for an answer goes on before it looks whether there is work for handlers.
local SLICE_MS = 10

local function free(handle)
  C.kafka_request_free(handle)
end

--- The request that has just been started; collected when nobody has it any more.
---@return ffi.cdata*
function request.started()
  return ffi.gc(request.out[0], free)
end

local function look(object, handle)
  if object.handled and object.handled ~= 0 then
    events.dispatch(object, true)
  end
  return C.kafka_request_wait(handle, 0, native.error)
end

local function wait(handle, timeout_ms, object)
  local limit = timeout_ms < 0 and -1 or timeout_ms + MARGIN_MS
  if not nginx.may_block() then
    -- Without an object only the request is waited for.
    return nginx.wait(object or {}, limit, C.KAFKA_ERR_IN_PROGRESS, handle, look, handle)
  elseif not object or object.handled == 0 then
    return C.kafka_request_wait(handle, limit, native.error)
  end
  local start = events.now_ms()
  local code
  repeat
    events.dispatch(object)
    code = C.kafka_request_wait(handle, SLICE_MS, native.error)
  until code ~= C.KAFKA_ERR_IN_PROGRESS or limit >= 0 and events.now_ms() - start >= limit
  return code
end

--- Waits for the request that has just been started, however long it takes.
---@param code integer what the function that started it returned
---@param read? fun(handle: ffi.cdata*): any as for `finish`
---@return integer code
---@return any result
function request.await(code, read)
  if code ~= 0 then
    return code
  end
  local handle = request.started()
  code = wait(handle, -1)
  local result = code == 0 and read and read(handle) or nil
  native.release(handle, free)
  return code, result
end

--- Why an object cannot ask anything: it is closed, or this is no place to wait for an answer.
---@param object table
---@return integer? code nil if it can
function request.refusal(object)
  if not object.handle then
    return C.KAFKA_ERR_CLOSED
  end
  return not nginx.may_wait() and C.KAFKA_ERR_WOULD_BLOCK or nil
end

--- Waits for the request that has just been started, and returns what came of it.
---@param code integer what the function that started it returned
---@param timeout_ms integer that the request was started with; -1 waits without limit
---@param read? fun(handle: ffi.cdata*): any makes the result of it; true without one
---@param object? table whose handlers run meanwhile: the answer may wait for one, as for a token
---@return any result nil if it failed
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info what to do about it
function request.finish(code, timeout_ms, read, object)
  if code ~= 0 then
    return err.failed(code)
  end
  local handle = request.started()
  code = wait(handle, timeout_ms, object)
  if code == C.KAFKA_ERR_IN_PROGRESS then
    -- It goes on by itself, and nobody hears of it any more.
    native.release(handle, free)
    local _, message, late = err.failure(C.KAFKA_ERR_TIMED_OUT)
    return nil, message, late, err.info(late)
  elseif code ~= 0 then
    native.release(handle, free)
    return err.failed(code)
  end
  return native.using(handle, free, read or function()
    return true
  end)
end

return request
