--- Work that goes on whatever becomes of the light thread that asked for it: it runs in a light thread of a timer,
--- which no request can kill. A light thread that is killed while it waits for a task only stops waiting.

local native = require("kafka.native")
local phase = require("kafka.nginx.phase")
local semaphore = phase.is_nginx and require("ngx.semaphore")

local C = native.C
local ngx = rawget(_G, "ngx")

local task = {}

--- The coroutines that do work of these keys themselves.
local inline = setmetatable({}, { __mode = "kv" })

local function running()
  return coroutine.running() or task
end

local function answer(succeeded, ...)
  if not succeeded then
    error((...), 0)
  end
  return ...
end

local function leave(key, before, ...)
  inline[key] = before
  return answer(...)
end

--- Does the work in the caller.
local function run_inline(key, body, ...)
  local before = inline[key]
  inline[key] = running()
  return leave(key, before, pcall(body, ...))
end

-- How long nginx may take to begin what it has a timer for. Later than that it has dropped it, with a line in the error
-- log, as it does where `lua_max_running_timers` run already. Callers that wait know it sooner: a later timer of theirs
-- has run out. For as long they do without tasks then.
local BEGIN_MS = 1000
local BEGIN_S = 0.005

-- How long one wait of a semaphore lasts.
local LOOK_S = 1
local LIFE_S = 86400

---@class kafka.Task
---@field asked_ms number when nginx was asked for a timer
---@field thread? thread that the body runs in
---@field life ngx.semaphore the timer's own light thread waits here as long as the body runs; it is gone from here
--- once nginx has ended it, however that came
---@field done ngx.semaphore light threads that want the result wait here
---@field has_begun? boolean
---@field has_ended? boolean
---@field is_given_up? boolean nginx has not begun it in time; it must not begin later
---@field results? any[] what pcall has returned

---@type table<any, kafka.Task>
local tasks = {}

-- By key: nginx has not begun the last one.
local was_dropped = setmetatable({}, { __mode = "k" })

-- When that was so last, whatever the key.
local dropped_ms = -BEGIN_MS

local function now_ms()
  return tonumber(C.kafka_clock_ms())
end

--- Writes to the error log what no caller is left to receive.
---@param text string
function task.log(text)
  ngx.log(ngx.ERR, "kafka: ", text)
end

--- Wakes all light threads that wait at a semaphore.
---@param waiter ngx.semaphore
function task.wake(waiter)
  -- Below zero it is the number of those that wait.
  local count = -waiter:count()
  if count > 0 then
    waiter:post(count)
  end
end

local function execute(self, key, body, ...)
  self.thread = running()
  self.results = { pcall(body, ...) }
  self.has_ended = true
  if tasks[key] == self then
    tasks[key] = nil
  end
  if not self.results[1] and self.done:count() >= 0 then
    task.log(tostring(self.results[2]))
  end
  task.wake(self.done)
  task.wake(self.life)
end

local function main(_, self, key, ...)
  if self.is_given_up then
    return
  end
  was_dropped[key] = nil
  ngx.thread.spawn(execute, self, key, ...)
  self.has_begun = true
  while not self.has_ended do
    self.life:wait(LIFE_S)
  end
end

--- Forgets a task that nginx has dropped, or has ended.
local function forget(self, key)
  tasks[key] = nil
  if not self.has_begun then
    self.is_given_up, was_dropped[key], dropped_ms = true, true, now_ms()
  end
end

--- The task of this key that is under way.
local function find(key)
  local self = tasks[key]
  if not self then
    return nil
  end
  local is_alive = self.life:count() < 0
  if not self.has_begun then
    is_alive = self.thread ~= nil or now_ms() - self.asked_ms < BEGIN_MS
  end
  if is_alive then
    return self
  end
  forget(self, key)
end

local function start(key, body, ...)
  local self = find(key)
  if self then
    return self
  end
  self = { asked_ms = now_ms(), life = semaphore.new(0), done = semaphore.new(0) }
  if not ngx.timer.at(0, main, self, key, body, ...) then
    return nil
  end
  tasks[key] = self
  return self
end

--- Has `body(...)` run, unless work of this key is under way already. Never waits.
---@param key any
---@param body function
---@return boolean runs it does, or is about to; false where no timer can be had, or the last one never began
function task.start(key, body, ...)
  return start(key, body, ...) ~= nil and not was_dropped[key]
end

--- Whether the caller is called by work of this key.
---@param key any
---@return boolean
function task.is_here(key)
  local self = find(key)
  return inline[key] == running() or self ~= nil and self.thread == running()
end

--- Whether light threads wait for work of this key, or the caller does it itself.
---@param key any
---@return boolean
function task.is_awaited(key)
  local self = tasks[key]
  return self == nil or self.done:count() < 0
end

--- Waits until a task has ended, nginx has dropped it, or the time is up.
local function await(self, key, timeout_ms)
  local deadline = timeout_ms >= 0 and now_ms() + timeout_ms
  while not self.has_ended and find(key) == self do
    local left_s = deadline and (deadline - now_ms()) / 1000 or LOOK_S
    if left_s <= 0 then
      return
    end
    local is_woken = self.done:wait(math.min(left_s, self.has_begun and LOOK_S or BEGIN_S))
    if not is_woken and not self.has_begun and left_s > BEGIN_S and tasks[key] == self then
      forget(self, key)
    end
  end
end

--- Does work of this key, and waits until it is done; joins that of the key which is under way. Where there is no timer
--- the caller does it.
---@param key any
---@param timeout_ms integer how long another caller's work is waited for; -1 waits without limit
---@param body function
---@return boolean done false if another caller's goes on
---@return any ... what `body(...)` returns; an error that it throws is thrown here
function task.run(key, timeout_ms, body, ...)
  local may_yield = phase.may_yield()
  local self, is_own = may_yield and find(key), false
  if not self and may_yield and now_ms() - dropped_ms >= BEGIN_MS then
    self, is_own = start(key, body, ...), true
  end
  if self and self.thread ~= running() then
    await(self, key, is_own and -1 or timeout_ms)
    if self.has_ended then
      return true, answer(unpack(self.results, 1, table.maxn(self.results)))
    elseif find(key) == self then
      return false
    end
  end
  return true, run_inline(key, body, ...)
end

return task
