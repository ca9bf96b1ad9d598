--- Futures: what becomes of calls that a thread of the library carries out.

local ffi = require("ffi")
local err = require("kafka.err")
local events = require("kafka.events")
local native = require("kafka.native")
local partitions = require("kafka.partitions")
local phase = require("kafka.nginx.phase")
local wait = require("kafka.wait")

local C = native.C

local future = {}

--- Where a function of the C API puts the future of the call that it starts; `started` and `finish` take it from there.
future.out = native.out("kafka_future *[1]")

-- How much longer than librdkafka's timeout a wait is, for an answer to come from its thread to this one.
local MARGIN_MS = 20

-- How long a wait for an answer blocks before it looks whether there is work for handlers.
local SLICE_MS = 10

local function free(handle)
  C.kafka_future_free(handle)
end

--- The future of the call that has just been started, with a finalizer.
---@return ffi.cdata*
function future.started()
  return ffi.gc(future.out[0], free)
end

--- Ends a call as far as that is possible, and frees its future.
---@param handle ffi.cdata*
function future.cancel(handle)
  C.kafka_future_cancel(handle, nil)
  native.release(handle, free)
end

--- Lets the call that has just been started go on by itself.
function future.detach()
  free(future.out[0])
end

local function look(object, handle, left_ms)
  if object.handled and object.handled ~= 0 then
    events.dispatch(object, true)
    left_ms = left_ms < 0 and SLICE_MS or math.min(left_ms, SLICE_MS)
  end
  if object.client and not object.handle then
    return C.KAFKA_ERR_CLOSED
  end
  local code = C.kafka_future_wait(handle, left_ms, native.error)
  if code ~= C.KAFKA_ERR_IN_PROGRESS then
    return code
  end
end

--- Waits for a future.
---@param handle ffi.cdata*
---@param timeout_ms integer -1 waits without limit
---@param object? table whose handlers run meanwhile, unless it is closed
---@return integer? code what it ended with; nil if it goes on
function future.wait(handle, timeout_ms, object)
  local limit_ms = timeout_ms < 0 and -1 or timeout_ms + MARGIN_MS
  local code = wait.until_ready(object or {}, limit_ms, look, handle, handle)
  -- What it ended with may be this as well.
  if code ~= C.KAFKA_ERR_TIMED_OUT or C.kafka_future_wait(handle, 0, native.error) == code then
    return code
  end
end

--- Waits for the call that has just been started, however long it takes.
---@param code integer what the function that started it returned
---@param read? fun(handle: ffi.cdata*): any as for `finish`
---@return integer code
---@return any result
function future.await(code, read)
  if code ~= 0 then
    return code
  end
  local handle = future.started()
  code = future.wait(handle, -1)
  local result = code == 0 and read and read(handle) or nil
  native.release(handle, free)
  return code, result
end

--- Why an object cannot ask anything: it is closed, or this is no place to wait for an answer.
---@param object table
---@return integer? code nil if it can
function future.refusal(object)
  if not object.handle then
    return C.KAFKA_ERR_CLOSED
  end
  return not phase.may_wait() and C.KAFKA_ERR_WOULD_BLOCK or nil
end

--- Waits for the call that has just been started, and returns its result.
---@param code integer what the function that started it returned
---@param timeout_ms integer that the call was started with; -1 waits without limit
---@param read? fun(handle: ffi.cdata*): any makes the result of it; true without one
---@param object? table whose handlers run meanwhile: the answer may wait for one, as for a token
---@return any result nil if it failed
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info what to do about it
function future.finish(code, timeout_ms, read, object)
  if code ~= 0 then
    return err.failed(code)
  end
  local handle = future.started()
  local ended = future.wait(handle, timeout_ms, object)
  if ended == 0 then
    return native.using(handle, free, read or function()
      return true
    end)
  end
  future.cancel(handle)
  if ended and ended ~= C.KAFKA_ERR_CLOSED then
    return err.failed(ended)
  end
  return err.explained(object and object.client, ended or C.KAFKA_ERR_TIMED_OUT)
end

--- Makes a call that librdkafka's main thread carries out, in this process. Where there is more to do than processors,
--- that takes as long as the thread waits for one: so the call gives way meanwhile, where it may.
---@param object table
---@param list? kafka.Partition[]
---@param start fun(list: ffi.cdata*, object: table, out?: ffi.cdata*, place?: ffi.cdata*): integer starts it; makes it
--- where `out` is nil
---@param read? fun(): any makes the result of the call that was made; true without one
---@param of_future? fun(handle: ffi.cdata*): any the same of a future, as for `finish`
---@param place? ffi.cdata* where the result of the call that is made goes: the C API takes no place beside a future's
---@return any result nil if it failed
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function future.call(object, list, start, read, of_future, place)
  if not object.handle then
    return err.closed()
  elseif phase.may_yield() then
    return future.finish(partitions.with(list, start, object, future.out), -1, of_future)
  end
  local code = partitions.with(list, start, object, nil, place)
  if code ~= 0 then
    return err.failed(code)
  end
  return not read or read()
end

return future
