--- Waiting inside nginx, where a call that blocks would hold up every connection of the worker.
---
--- A light thread that has to wait gives way on a semaphore, and a light thread of a timer, the hub, posts it: it reads
--- a unix socket that the library writes a byte to when there may be something new. Where there can be no hub, a light
--- thread that waits looks again and again, ever more slowly.

local ffi = require("ffi")
local native = require("kafka.native")

local C = native.C
local ngx = rawget(_G, "ngx")

local nginx = {}

--- Whether this is nginx. What runs when an object is collected can ask no more than this: the phase of a state that is
--- being closed is a crash.
nginx.is_here = type(ngx) == "table" and type(ngx.get_phase) == "function"

if not nginx.is_here then
  --- Whether calls wait by blocking, as everywhere but in nginx.
  ---@return boolean
  function nginx.may_block()
    return true
  end

  nginx.may_wait = nginx.may_block

  --- Whether a call that need not wait may give way all the same.
  ---@return boolean
  function nginx.may_yield()
    return false
  end

  --- Refuses to make a client where it could not work.
  function nginx.check_place() end

  --- Gives way for a time, where others want their turn.
  ---@param ms integer
  function nginx.pause(ms) end -- luacheck: ignore 212

  --- Gives way if calls have been served for some time without anybody else having had a turn.
  function nginx.turn() end

  --- When a turn begins, for `is_over`.
  ---@return number
  function nginx.now_us()
    return 0
  end

  --- Whether a call has taken so long that it leaves the rest for the next one.
  ---@param start_us number
  ---@return boolean
  function nginx.is_over(start_us) -- luacheck: ignore 212
    return false
  end

  return nginx
end

local semaphore = require("ngx.semaphore")

local function now_ms()
  return tonumber(C.kafka_clock_ms())
end

-- How long a wait goes on before it looks by itself: a wake-up that is lost may cost this, and never everything.
local LOOK_S = 10

-- How often it looks where there is no hub.
local FIRST_LOOK_S, LAST_LOOK_S = 0.001, 0.05

-- How long calls that need not wait are served before others have their turn.
local TURN_US = 500

-- A wait of the hub's for the next byte: as long as nginx can count, since it logs an error when that is over.
local FOR_EVER_MS = 0x7fffffff

-- How often it looks whether the worker is to end, which would wait for ever for a light thread that reads. A timer far
-- ahead would fire at once then, but not where there are too many.
local EXIT_LOOK_S = 0.25

-- How long nginx may take to begin what it has a timer for. Later than that it has dropped it, with a line in the error
-- log, as it does where `lua_max_running_timers` run already.
local BEGIN_MS = 1000

-- When a hub that could not be made is tried again.
local RETRY_MS = 1000

local YIELDS = {
  rewrite = true,
  server_rewrite = true,
  access = true,
  content = true,
  timer = true,
  preread = true,
  ssl_cert = true,
  ssl_client_hello = true,
  ssl_session_fetch = true,
}

local phase = ngx.get_phase

function nginx.may_block()
  -- The event loop has ended there, and nothing can yield.
  return phase() == "exit_worker"
end

function nginx.check_place()
  if phase() == "init" then
    error(
      "kafka: a client that is made in nginx's master process would be dead in its workers: "
        .. "make it in init_worker_by_lua or later",
      0
    )
  end
end

-- For those who wait for nothing but that others have had their turn.
local turns = assert(semaphore.new(0))

--- The semaphores of those who wait, by their keys. What nobody waits for any more goes away.
local waiting = setmetatable({}, { __mode = "v" })

local next_key = 0

local function work(_, worker, run)
  if worker.is_at_work then
    return
  end
  worker.is_at_work, worker.was_dropped = true, nil
  local ran, text = pcall(run, worker)
  worker.is_at_work, worker.asked_ms = false, nil
  if not ran then
    ngx.log(ngx.ERR, "kafka: ", text)
  end
end

--- Has `run(worker)` run in a light thread of its own, unless it does already. Never waits.
---@generic T
---@param worker T a table that this keeps its fields in: is_at_work, asked_ms, was_dropped
---@param run fun(worker: T)
---@return boolean runs it does, or is about to; false where no timer can be had, or the last one never fired
function nginx.start(worker, run)
  if worker.is_at_work then
    return true
  end
  local now, asked_ms = now_ms(), worker.asked_ms
  if not asked_ms or now - asked_ms >= BEGIN_MS then
    worker.was_dropped = asked_ms and true
    worker.asked_ms = ngx.timer.at(0, work, worker, run) and now or nil
  end
  return worker.asked_ms ~= nil and not worker.was_dropped
end

local hub_out = ffi.new("kafka_hub *[1]")

---@type ffi.cdata*? the hub, while it works
local hub

local retry_ms = 0

local keeper = {}

local function free_hub(handle)
  C.kafka_hub_free(handle)
end

local keys = ffi.new("uint64_t[64]")
local count_out = ffi.new("size_t[1]")
local path_out = ffi.new("const char *[1]")

--- Wakes all who wait at a semaphore.
---@param waiter ngx.semaphore
function nginx.wake(waiter)
  -- Below zero it is the number of those who wait.
  local count = -waiter:count()
  if count > 0 then
    waiter:post(count)
  end
end

--- Wakes those whose keys there are. False if the hub has to end.
local function tell(handle)
  repeat
    if C.kafka_hub_take(handle, keys, 64, count_out, nil) ~= 0 then
      return false
    end
    for at = 0, tonumber(count_out[0]) - 1 do
      local waiter = waiting[tonumber(keys[at])]
      if waiter then
        nginx.wake(waiter)
      end
    end
  until count_out[0] < 64
  nginx.wake(turns)
  return not ngx.worker.exiting()
end

local function connect(handle)
  if C.kafka_hub_path(handle, path_out, nil) ~= 0 then
    return nil
  end
  local socket = ngx.socket.tcp()
  socket:settimeouts(1000, 1000, FOR_EVER_MS)
  local connected = socket:connect("unix:" .. ffi.string(path_out[0]))
  return connected and C.kafka_hub_accept(handle, nil) == 0 and socket
end

--- Ends the hub when the worker is to end.
local function await_exit(handle)
  while not ngx.worker.exiting() do
    ngx.sleep(EXIT_LOOK_S)
  end
  C.kafka_hub_wake(handle, nil)
end

local function serve(handle, socket)
  hub = handle
  local watcher = ngx.thread.spawn(await_exit, handle)
  while tell(handle) and socket:receive(1) do
  end
  hub = nil
  ngx.thread.kill(watcher)
  socket:close()
  -- They look by themselves from now on, or start another hub.
  for _, waiter in pairs(waiting) do
    nginx.wake(waiter)
  end
  nginx.wake(turns)
end

--- The hub's light thread.
local function run()
  local code = C.kafka_hub_new(hub_out, nil)
  -- A state that lasts for one request will never have one.
  retry_ms = code == C.KAFKA_ERR_STATE and math.huge or now_ms() + RETRY_MS
  if code ~= 0 then
    return
  end
  local handle = ffi.gc(hub_out[0], free_hub)
  local socket = connect(handle)
  if socket then
    serve(handle, socket)
  end
  native.release(handle, free_hub)
end

--- Whether this Lua state lasts for no longer than a request, as far as that is known: `lua_code_cache off`.
---@return boolean
function nginx.is_short_lived()
  return retry_ms == math.huge
end

--- The hub; nil where there is none yet, or can be none.
local function get_hub()
  if not hub and now_ms() >= retry_ms and not ngx.worker.exiting() then
    nginx.start(keeper, run)
  end
  return hub
end

--- Something to wait with: the key that the hub knows it by, and its semaphore.
local function waiter_of(object)
  if not object.waiter then
    next_key = next_key + 1
    object.waiter, object.waiter_key = assert(semaphore.new(0)), next_key
    waiting[next_key] = object.waiter
  end
  return object.waiter, object.waiter_key
end

---@type number? since when calls have been served without a pause
local turn_began_us

--- When a turn begins, for `is_over`.
---@return number
function nginx.now_us()
  return tonumber(C.kafka_clock_us())
end

--- Whether a call has taken so long that it leaves the rest for the next one.
---@param start_us number
---@return boolean
function nginx.is_over(start_us)
  return nginx.now_us() - start_us >= TURN_US
end

--- Gives way until the event loop has come round: a sleep of no time is a warning in nginx's log, and one of the least
--- time half of the processor's.
local function give_turn()
  turn_began_us = nil
  local handle = get_hub()
  if handle and C.kafka_hub_wake(handle, nil) == 0 then
    turns:wait(LAST_LOOK_S)
  else
    ngx.sleep(FIRST_LOOK_S)
  end
end

--- Gives way if calls have been served for some time without anybody else having had a turn. For calls that may wait
--- and need not: one behind the other would hold up the event loop.
function nginx.turn()
  if not YIELDS[phase()] then
    return
  end
  if not turn_began_us then
    turn_began_us = nginx.now_us()
  elseif nginx.is_over(turn_began_us) then
    give_turn()
  end
end

--- Calls `try(object, argument)` until it returns another code than `pending`, and gives way in between.
---@param object table with a field `client`, unless there is a request
---@param timeout_ms integer -1 waits without limit
---@param pending integer
---@param request? ffi.cdata* what is waited for, besides what the client has to tell
---@param try fun(object: table, argument: any): integer never waits
---@param argument any
---@return integer code KAFKA_ERR_WOULD_BLOCK where it would have to wait in a phase that cannot yield
function nginx.wait(object, timeout_ms, pending, request, try, argument)
  if timeout_ms ~= 0 then
    nginx.turn()
  end
  local code = try(object, argument)
  if code ~= pending or timeout_ms == 0 then
    return code
  elseif not YIELDS[phase()] then
    return C.KAFKA_ERR_WOULD_BLOCK
  end
  local deadline = timeout_ms > 0 and now_ms() + timeout_ms
  local look_s = FIRST_LOOK_S
  local waiter, key = waiter_of(object)
  while true do
    local handle = get_hub()
    if handle then
      -- First this, then another look: what comes in between is told.
      if request then
        C.kafka_request_notify(request, handle, key, nil)
      end
      if object.client then
        C.kafka_client_notify(object.client, handle, key, nil)
      end
      code = try(object, argument)
    end
    local left_s = deadline and (deadline - now_ms()) / 1000 or LOOK_S
    if code ~= pending or left_s <= 0 then
      return code
    end
    turn_began_us = nil
    if handle then
      waiter:wait(math.min(left_s, LOOK_S))
    else
      ngx.sleep(math.min(left_s, look_s))
      look_s = math.min(2 * look_s, LAST_LOOK_S)
      code = try(object, argument)
    end
  end
end

--- Gives way for a time.
---@param ms integer 0: until others have had their turn
function nginx.pause(ms)
  if not YIELDS[phase()] then
    return
  elseif ms == 0 then
    give_turn()
  else
    turn_began_us = nil
    ngx.sleep(ms / 1000)
  end
end

--- Whether a call that has to wait can, in one way or the other.
---@return boolean
function nginx.may_wait()
  return YIELDS[phase()] or nginx.may_block()
end

-- nginx's coroutine library does not have it.
pcall(ffi.cdef, 'int nginx_lua_isyieldable(void *state) __asm__("lua_isyieldable");')
local can_ask = pcall(function()
  return ffi.C.nginx_lua_isyieldable
end)

--- Whether a call that need not wait may give way all the same: not where Lua is called by C, as while a module is
--- loaded.
---@return boolean
function nginx.may_yield()
  local running = YIELDS[phase()] and can_ask and coroutine.running()
  local state = running and ffi.cast("void *", tonumber(("%p"):format(running)))
  return state and ffi.C.nginx_lua_isyieldable(state) ~= 0 or false
end

return nginx
