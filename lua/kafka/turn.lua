--- Turns: in nginx a call that need not wait gives way all the same where calls have been served for some time without
--- others having had a turn. Elsewhere there are no turns.

local native = require("kafka.native")
local phase = require("kafka.nginx.phase")

local C = native.C
local ngx = rawget(_G, "ngx")
local is_nginx = phase.is_nginx
local notifier = is_nginx and require("kafka.nginx.notifier")

local turn = {}

-- How long calls that need not wait are served before others have their turn.
local TURN_US = 500

-- After how many steps `step` looks at the clock. A step takes up to ten microseconds where LuaJIT does not compile.
local STEPS = 8

-- How long a turn of others is waited for, and how long it is where there is no notifier.
local LONGEST_S, SLEEP_S = 0.05, 0.001

---@type number? since when calls have been served without a pause
local began_us

local steps = 0

--- When a turn begins, for `is_over`.
---@return number
function turn.now_us()
  return is_nginx and tonumber(C.kafka_clock_us()) or 0
end

--- Whether a call has taken so long that it leaves the rest for the next one.
---@param start_us number
---@return boolean
function turn.is_over(start_us)
  return is_nginx and turn.now_us() - start_us >= TURN_US
end

--- Says that the light thread has given way.
function turn.given()
  began_us = nil
end

--- Gives way until the event loop has come round: a sleep of no time is a warning in nginx's log, and one of the least
--- time half of the processor's.
local function give()
  if notifier.come_round() then
    notifier.turns:wait(LONGEST_S)
  else
    ngx.sleep(SLEEP_S)
  end
  -- What the caller does from here on is in this turn.
  began_us = turn.now_us()
end

--- Gives way if calls have been served for some time without others having had a turn.
function turn.take()
  if not phase.yields() then
    return
  end
  if not began_us then
    began_us = turn.now_us()
  elseif turn.is_over(began_us) then
    give()
  end
end

--- As `take`, after each of many steps that take microseconds.
function turn.step()
  steps = steps + 1
  if steps >= STEPS then
    steps = 0
    turn.take()
  end
end

return turn
