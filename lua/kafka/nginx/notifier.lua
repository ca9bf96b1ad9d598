--- How the library's threads wake light threads: one light thread of a timer reads a socket that the library
--- writes a byte to when there may be something new, and wakes those that wait for it.

local ffi = require("ffi")
local native = require("kafka.native")
local task = require("kafka.nginx.task")
local semaphore = require("ngx.semaphore")

local C = native.C
local ngx = rawget(_G, "ngx")

local notifier = {
  --- For light threads that wait for nothing but that others have had their turn.
  ---@type ngx.semaphore
  turns = assert(semaphore.new(0)),
}

-- A wait for the next byte: as long as nginx can count, since it logs an error when that is over.
local FOR_EVER_MS = 0x7fffffff

-- How often it looks whether the worker is to end, which would wait for ever for a light thread that reads. A timer far
-- ahead would fire at once then, but not where there are too many.
local EXIT_LOOK_S = 0.25

-- When one that could not be made is tried again.
local RETRY_MS = 1000

local KEY_MAX = 64

---@class kafka.Waiter what light threads wait with that wait for an object
---@field key integer by which the notifier knows it
---@field semaphore ngx.semaphore
---@field wakes integer how often it was woken, which is seen also where nothing waited

--- Those of all objects, by their keys; gone with the object.
---@type table<integer, kafka.Waiter>
local waiters = setmetatable({}, { __mode = "v" })

local next_key = 0

---@type ffi.cdata*? the notifier, while it works
local current

local retry_ms = 0

local keys = native.out("uint64_t[?]", KEY_MAX)
local count_out = native.out("size_t[1]")
local path_out = native.out("const char *[1]")
local notifier_out = native.out("kafka_notifier *[1]")

local function now_ms()
  return tonumber(C.kafka_clock_ms())
end

local function free(handle)
  C.kafka_notifier_free(handle)
end

--- Has the light threads that wait look again.
---@param waiter kafka.Waiter
function notifier.wake(waiter)
  waiter.wakes = waiter.wakes + 1
  task.wake(waiter.semaphore)
end

--- Wakes those whose keys there are. False if the notifier has to end.
local function drain(handle)
  repeat
    if C.kafka_notifier_drain(handle, keys, KEY_MAX, count_out, nil) ~= 0 then
      return false
    end
    for at = 0, tonumber(count_out[0]) - 1 do
      local waiter = waiters[tonumber(keys[at])]
      if waiter then
        notifier.wake(waiter)
      end
    end
  until count_out[0] < KEY_MAX
  task.wake(notifier.turns)
  return not ngx.worker.exiting()
end

local function connect(handle)
  if C.kafka_notifier_path(handle, path_out, nil) ~= 0 then
    return nil
  end
  local socket, path = ngx.socket.tcp(), ffi.string(path_out[0])
  socket:settimeouts(1000, 1000, FOR_EVER_MS)
  local host, port, cookie = path:match("^([%d.]+):(%d+)/(%x+)$")
  if not host then
    return socket:connect("unix:" .. path) and C.kafka_notifier_accept(handle, nil) == 0 and socket
  elseif not (socket:connect(host, tonumber(port)) and socket:send(cookie)) then
    return nil
  end
  -- What was sent takes a moment, mostly none.
  local deadline = now_ms() + 1000
  while C.kafka_notifier_accept(handle, nil) ~= 0 do
    if now_ms() > deadline then
      return nil
    end
    ngx.sleep(0.001)
  end
  return socket
end

local has_complained = false

--- Says once what it costs that there is no notifier.
local function complain(text)
  if not has_complained then
    has_complained = true
    local cost = "calls that wait look every 1 to 50 ms in place of being woken"
    ngx.log(ngx.ERR, "kafka: ", text, ": ", cost, ": let TMPDIR name a directory that the worker may write to")
  end
end

--- Ends the notifier when the worker is to end.
local function await_exit(handle)
  while not ngx.worker.exiting() do
    ngx.sleep(EXIT_LOOK_S)
  end
  C.kafka_notifier_wake(handle, nil)
end

local function serve(handle, socket)
  current = handle
  local watcher = ngx.thread.spawn(await_exit, handle)
  while drain(handle) and socket:receive(1) do
  end
  current = nil
  ngx.thread.kill(watcher)
  socket:close()
  -- They look by themselves from now on, or start another one.
  for _, waiter in pairs(waiters) do
    notifier.wake(waiter)
  end
  task.wake(notifier.turns)
end

--- The notifier's light thread.
local function run()
  local code = C.kafka_notifier_new(notifier_out, native.error)
  -- A state that lasts for one request will never have one.
  retry_ms = code == C.KAFKA_ERR_STATE and math.huge or now_ms() + RETRY_MS
  if code == C.KAFKA_ERR_STATE then
    return
  elseif code ~= 0 then
    return complain(native.message())
  end
  local handle = ffi.gc(notifier_out[0], free)
  local socket = connect(handle)
  if socket then
    serve(handle, socket)
  else
    complain("the worker cannot connect to the library's socket")
  end
  native.release(handle, free)
end

--- Whether this Lua state lasts for no longer than a request, as far as that is known: `lua_code_cache off`.
---@return boolean
function notifier.is_short_lived()
  return retry_ms == math.huge
end

--- The notifier; nil where there is none yet, or can be none.
---@return ffi.cdata*?
function notifier.get()
  if not current and now_ms() >= retry_ms and not ngx.worker.exiting() then
    task.start(notifier, run)
  end
  return current
end

--- Has the notifier wake those that wait for an object, once, when there may be something new: of the object's client,
--- as long as it is open, and of a future.
---@param object table
---@param future? ffi.cdata*
---@return integer? wakes nil where there is no notifier; otherwise look again, and wait if there have been no more
function notifier.arm(object, future)
  local handle, waiter = notifier.get(), object.waiter
  if not waiter then
    next_key = next_key + 1
    waiter = { key = next_key, semaphore = assert(semaphore.new(0)), wakes = 0 }
    object.waiter, waiters[next_key] = waiter, waiter
  end
  if handle and future then
    C.kafka_future_notify(future, handle, waiter.key, nil)
  end
  if handle and object.handle then
    C.kafka_client_notify(object.client, handle, waiter.key, nil)
  end
  return handle and waiter.wakes
end

--- Has the notifier come round once.
---@return boolean begun false where there is none
function notifier.come_round()
  local handle = notifier.get()
  return handle ~= nil and C.kafka_notifier_wake(handle, nil) == 0
end

return notifier
