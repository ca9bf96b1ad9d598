--- Watches what Lua and the library do to the worker's thread, however busy the machine is.
---
--- A thread is late for three reasons: it computes, which its processor time shows; it sleeps in a system call, which
--- the kernel counts as a voluntary switch; or others take the processor from it, which the library cannot help. So
--- each piece, from where a light thread begins or goes on to where it gives way or ends, is measured by the first two.

-- It puts its own functions in the place of nginx's.
-- luacheck: ignore 122

local ffi = require("ffi")

ffi.cdef([[
typedef struct { long seconds, nanoseconds; } watch_time;
typedef struct { long others[16], switches, preemptions; } watch_usage;
int watch_clock(int id, watch_time *time) __asm__("clock_gettime");
int watch_resources(int who, watch_usage *usage) __asm__("getrusage");
]])

local CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME, RUSAGE_THREAD = 1, 3, 1

local watch = {
  --- How often each function of the C API was called.
  calls = {},
  --- Of each kind of piece, and of each function: how many there were, and those that took too long.
  measured = {},
  --- ngx.thread.spawn, for light threads that are not watched.
  spawn = ngx.thread.spawn,
}

local time, usage = ffi.new("watch_time"), ffi.new("watch_usage")

local function clock_us(id)
  ffi.C.watch_clock(id, time)
  return tonumber(time.seconds) * 1e6 + tonumber(time.nanoseconds) / 1e3
end

local function look()
  ffi.C.watch_resources(RUSAGE_THREAD, usage)
  local switches = tonumber(usage.switches)
  local wall = clock_us(CLOCK_MONOTONIC)
  return { switches = switches, wall = wall, cpu = clock_us(CLOCK_THREAD_CPUTIME) }
end

-- How long a piece may compute, and one in which a client is made: librdkafka starts its threads there.
local LIMIT_US, MAKING_US = 1000, 5000

-- How long making a client may sleep, until librdkafka's threads run. What waits for a broker that does not answer does
-- so each time, for as long as it is given.
local SLEEP_MAKING_US = 400000

-- The last two while a consumer is made; else they are requests.
local MAKES = {
  kafka_producer_new = true,
  kafka_consumer_new = true,
  kafka_admin_new = true,
  kafka_consumer_subscribe = true,
  kafka_consumer_assign = true,
}

--- Compares two looks at the thread.
local function judge(name, before)
  local now = look()
  local cpu, wall = now.cpu - before.cpu, now.wall - before.wall
  local limit = before.makes and MAKING_US or LIMIT_US
  local measured = watch.measured[name] or { count = 0, longest = 0, computed = {}, slept = {} }
  watch.measured[name] = measured
  measured.count, measured.longest = measured.count + 1, math.max(measured.longest, cpu)
  local switches = now.switches - before.switches
  local list = cpu > limit and measured.computed
    or switches > 0 and (not before.makes or wall > SLEEP_MAKING_US) and measured.slept
  if list then
    table.insert(list, ("%d us of %d us, %d switches"):format(cpu, wall, switches))
  end
end

local are_pieces_watched = false

---@type table? the look at the beginning of the piece that runs
local piece
local piece_name

local function begin(name)
  piece_name, piece = name, look()
end

local function finish()
  if piece then
    judge(piece_name, piece)
    piece = nil
  end
end

local function go_on(name, ...)
  if name then
    begin(name)
  end
  return ...
end

--- Calls what gives way: a piece ends there, and another begins.
local function giving_way(fn, ...)
  local name = piece and piece_name
  finish()
  return go_on(name, fn(...))
end

local function ended(outer, ran, ...)
  finish()
  if outer then
    begin(outer)
  end
  if not ran then
    error((...), 0)
  end
  return ...
end

local function run(name, fn, ...)
  if not are_pieces_watched then
    return fn(...)
  end
  local outer = piece and piece_name
  finish()
  begin(name)
  return ended(outer, pcall(fn, ...))
end

--- Runs a function as a piece, or as many as it is cut into by giving way.
---@param name string
---@param fn function
---@return any ... what it returns
watch.run = run

--- Has everything watched that gives way.
local function watch_pieces()
  are_pieces_watched = true
  local sleep, at, every, tcp = ngx.sleep, ngx.timer.at, ngx.timer.every, ngx.socket.tcp
  function ngx.sleep(seconds)
    return giving_way(sleep, seconds)
  end
  local function watched(fn)
    local at_line = debug.getinfo(fn, "S")
    local name = ("%s:%d"):format(at_line.source:match("[^/]*$"), at_line.linedefined)
    return function(...)
      return run(name, fn, ...)
    end
  end
  function ngx.timer.at(delay, fn, ...)
    return at(delay, watched(fn), ...)
  end
  function ngx.timer.every(delay, fn, ...)
    return every(delay, watched(fn), ...)
  end
  function ngx.socket.tcp()
    local socket = tcp()
    return setmetatable({}, {
      __index = function(_, name)
        return function(_, ...)
          return giving_way(socket[name], socket, ...)
        end
      end,
    })
  end
  function ngx.thread.spawn(fn, ...)
    return giving_way(watch.spawn, watched(fn), ...)
  end
  local semaphore = require("ngx.semaphore")
  local wait = semaphore.wait
  function semaphore.wait(...)
    return giving_way(wait, ...)
  end
end

local function finished(name, before, ...)
  judge(name, before)
  return ...
end

--- Has functions of the C API watched and counted: all, or those that make clients.
local function watch_calls(all)
  local native = require("kafka.native")
  local C = native.C
  native.C = setmetatable({}, {
    __index = function(proxy, name)
      local value = C[name]
      if type(value) == "cdata" and (all or MAKES[name]) then
        local fn = value
        value = function(...)
          watch.calls[name] = (watch.calls[name] or 0) + 1
          local before = look()
          before.makes = MAKES[name]
          if piece and before.makes then
            piece.makes = true
          end
          return finished(name, before, fn(...))
        end
      end
      rawset(proxy, name, value)
      return value
    end,
  })
end

--- Begins, before anything else of the library is loaded.
---@param calls boolean whether each call of the C API is to be watched; pieces are not then, as that makes them slower
function watch.start(calls)
  if not calls then
    watch_pieces()
  end
  watch_calls(calls)
end

-- The machine may make any piece look as if it were late by itself. One that is, is so again. And any may find a lock
-- taken; what waits for another thread's answer sleeps nearly every time, however short.
local CHANCE = 2

-- Of how many pieces that is. LuaJIT compiles when it likes, where it may, and takes a millisecond for a long trace.
local SHARE, SHARE_COMPILING = 0.02, 0.05

--- What takes too long, a line each.
---@return string
function watch.report()
  local lines, total = {}, 0
  local share_computed = require("jit").status() and SHARE_COMPILING or SHARE
  for name, measured in pairs(watch.measured) do
    total = total + measured.count
    for list, share in pairs({ [measured.computed] = share_computed, [measured.slept] = 0.8 }) do
      if #list > math.max(CHANCE, measured.count * share) then
        lines[#lines + 1] = ("%s: %d times of %d: %s"):format(name, #list, measured.count, table.concat(list, "; "))
      end
    end
  end
  lines[#lines + 1] = total .. " measured"
  return table.concat(lines, "\n")
end

--- All that was measured, a line each: for people.
---@return string
function watch.table()
  local lines = {}
  for name, measured in pairs(watch.measured) do
    lines[#lines + 1] = ("%6d us, late %d + %d of %d: %s"):format(
      measured.longest,
      #measured.computed,
      #measured.slept,
      measured.count,
      name
    )
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

return watch
