--- The one place where the library waits. In a script a look blocks inside the library for as long as there is time. In
--- nginx it never does: the light thread gives way until the notifier wakes it, and looks again.

local events = require("kafka.events")
local native = require("kafka.native")
local phase = require("kafka.nginx.phase")
local turn = require("kafka.turn")
local notifier = phase.is_nginx and require("kafka.nginx.notifier")

local C = native.C
local ngx = rawget(_G, "ngx")

-- How long a light thread waits before it looks by itself: a wake-up that is lost may cost this, and never everything.
local LOOK_MS = 10000

-- How often it looks where there is no notifier.
local FIRST_LOOK_MS, LAST_LOOK_MS = 1, 50

local wait = {}

--- Waits for a moment that is not over before the time is up.
---@param armed? integer what this returned before
---@return integer? armed what comes from here on ends the next one, whatever gives way before it
---@return integer sleep_ms how long the next one lasts without a notifier
local function park(object, future, left_ms, armed, sleep_ms)
  if not armed then
    armed = notifier.arm(object, future)
    if armed then
      return armed, FIRST_LOOK_MS
    end
  elseif armed ~= object.waiter.wakes then
    return nil, FIRST_LOOK_MS
  end
  left_ms = left_ms < 0 and LOOK_MS or math.min(left_ms, LOOK_MS)
  turn.given()
  if armed then
    object.waiter.semaphore:wait(left_ms / 1000)
    return nil, FIRST_LOOK_MS
  end
  ngx.sleep(math.min(left_ms, sleep_ms) / 1000)
  return nil, math.min(2 * sleep_ms, LAST_LOOK_MS)
end

--- Calls `look(object, argument, left_ms)` until it returns a code, or the time is up.
---
--- It returns nil as long as there is nothing, and may block for up to `left_ms`, which is 0 where nothing may block.
--- KAFKA_ERR_EVENT says that there is work for handlers, or more to look at: they run, and it is called again.
---@param object table whose client, handle and handlers these are
---@param timeout_ms integer -1 waits without limit
---@param look fun(object: table, argument: any, left_ms: integer): integer?
---@param argument? any saves a closure, which is not compiled
---@param future? ffi.cdata* what is waited for besides what the client has; then the object may be closed
---@return integer code KAFKA_ERR_TIMED_OUT; KAFKA_ERR_CLOSED; KAFKA_ERR_WOULD_BLOCK in a phase that cannot yield
function wait.until_ready(object, timeout_ms, look, argument, future)
  local may_block, may_wait = phase.may_block(), timeout_ms ~= 0
  local deadline = timeout_ms > 0 and events.now_ms() + timeout_ms
  local left_ms, armed, sleep_ms = timeout_ms, nil, FIRST_LOOK_MS
  if may_wait then
    turn.take()
  end
  while future or object.handle do
    local code = look(object, argument, may_block and left_ms or 0)
    if code and code ~= C.KAFKA_ERR_EVENT then
      return code
    end
    left_ms = deadline and math.max(0, deadline - events.now_ms()) or timeout_ms
    if code then
      events.dispatch(object, may_wait)
      if may_wait then
        turn.take()
      elseif not may_block and object.handle and object.event_count[0] ~= 0 then
        return C.KAFKA_ERR_TIMED_OUT
      end
    elseif left_ms == 0 then
      return C.KAFKA_ERR_TIMED_OUT
    elseif not may_block then
      if not phase.yields() then
        return C.KAFKA_ERR_WOULD_BLOCK
      end
      armed, sleep_ms = park(object, future, left_ms, armed, sleep_ms)
      turn.take()
    end
  end
  return C.KAFKA_ERR_CLOSED
end

--- Has the light threads that wait with an object look again: it is being closed.
---@param object table
function wait.interrupt(object)
  if object.waiter then
    notifier.wake(object.waiter)
  end
end

--- Waits for nothing but the time to go by.
---@param ms integer
---@param producer? kafka.Producer where it may block, without which it does not wait
function wait.pause(ms, producer)
  if phase.may_block() then
    -- A report that has not been fetched cuts it short, which costs no more than trying again sooner.
    C.kafka_producer_wait(producer and producer.handle, ms, nil)
  elseif phase.yields() then
    turn.given()
    ngx.sleep(ms / 1000)
  end
end

return wait
