--- A producer's reports, one for each message: for `on_delivery`, `reports` and `produce_sync`.
---
--- A call fetches all reports there are. What is not for itself it leaves here: for `poll`, for `reports`, and for the
--- handlers, which run when the call has nothing else to do.

local ffi = require("ffi")
local err = require("kafka.err")
local events = require("kafka.events")
local native = require("kafka.native")
local phase = require("kafka.nginx.phase")
local delivery = require("kafka.producer.delivery")
local turn = require("kafka.turn")

local C = native.C

-- How many reports are fetched by one call of the C API, and how many by one of `fetch` at most: in nginx others want
-- their turn.
local AT_ONCE = phase.is_nginx and 64 or 256
local MOST = phase.is_nginx and 512 or 10240

-- After so many handlers others may have their turn.
local TURN = 32

-- How many reports wait here for `reports` to be called. The others stay with the library, where they take room in the
-- producer's queue: a program that does not take them stalls, and does not run out of memory.
local KEPT_MAX = 10000

-- Handlers that get a report where it is, as soon as it is fetched: see `handle_at_once`.
local at_once = setmetatable({}, { __mode = "k" })

local reports = {}

---@class kafka.Report
---@field topic string
---@field partition integer -1 if none had been chosen
---@field offset? integer if it was delivered
---@field timestamp? integer milliseconds since 1970-01-01 UTC, if it was delivered
---@field latency_us? integer microseconds from being produced to being reported
---@field opaque any of `produce`; the sequence id of `send`
---@field err? string why it was not delivered
---@field code? integer
---@field status? string of one that was not delivered: "not_persisted", it was not sent, or was refused, in the last
--- attempt; "possibly_persisted", a broker may have it; or "persisted"

---@class kafka.Deliveries
---@field private all boolean whether every message has a report for the program
---@field private on_delivery? function
---@field private kept? kafka.Report[] for `reports`
---@field private only_errors boolean
local Deliveries = {}
Deliveries.__index = Deliveries

--- Begins to take a report of each message of a producer.
---@param options {reports?: boolean, on_delivery?: function}
---@param only_errors boolean whether successes are not reported
---@param sequence_id? fun(opaque: ffi.cdata*): any what a message of `send` was sent with
---@return kafka.Deliveries
function reports.new(options, only_errors, sequence_id)
  return setmetatable({
    all = options.reports or options.on_delivery ~= nil,
    on_delivery = options.on_delivery,
    kept = options.reports and {} or nil,
    kept_first = 1,
    kept_last = 0,
    only_errors = only_errors,
    resolve = sequence_id or tonumber,
    -- Messages that carry a number of their own.
    messages = delivery.new(),
    -- Handlers and reports in turn, for `dispatch`.
    calls = {},
    first_call = 1,
    last_call = 0,
    -- For `poll`.
    reported = 0,
    failures = 0,
    sequence_id = nil,
    -- Failures that no handler, and no `reports`, passes on.
    unreported = 0,
    -- Those whose handlers have not run yet.
    unhandled = 0,
    -- How many of both the library counts as lost, should this state end before they are passed on.
    counted = 0,
    timed = false,
    has_more = false,
  }, Deliveries)
end

--- Has a handler called with a report where it is, a kafka_report, and with the message's opaque, instead of with a
--- table once there is nothing else to do. It must neither throw nor wait, nor use the producer.
---@param handler fun(report: ffi.cdata*, opaque: any)
function reports.handle_at_once(handler)
  at_once[handler] = true
end

--- The number to give to a message of `produce`.
---@param handle ffi.cdata* the producer's
---@param opaque any
---@param on_delivery? function
---@return ffi.cdata* number
function Deliveries:keep(handle, opaque, on_delivery)
  if not on_delivery and not self.all then
    return native.NO_REPORT_ID
  end
  self:time(handle)
  if opaque == nil and not on_delivery then
    return delivery.FIRST
  elseif self.only_errors then
    error("delivery.report.only.error cannot be true where a message has an opaque or on_delivery", 0)
  end
  return self.messages:keep(opaque, on_delivery)
end

--- Takes `keep` back: the message was refused.
---@param number ffi.cdata*
function Deliveries:forget(number)
  if delivery.is_one(number) then
    self.messages:take(number)
  end
end

--- Gives reports timestamps and latencies, which only a program pays for that gets reports.
---@param handle ffi.cdata* the producer's
function Deliveries:time(handle)
  if not self.timed then
    self.timed = C.kafka_producer_set_report_timestamps(handle, 1, nil) == 0
  end
end

local function present(number)
  return number >= 0 and tonumber(number) or nil
end

local STATUS = {
  [C.KAFKA_MSG_STATUS_NOT_PERSISTED] = "not_persisted",
  [C.KAFKA_MSG_STATUS_POSSIBLY_PERSISTED] = "possibly_persisted",
  [C.KAFKA_MSG_STATUS_PERSISTED] = "persisted",
}

local function text_of(report)
  local text = err.text(report.code)
  return report.cause == nil and text or text .. ": " .. ffi.string(report.cause)
end

local function read(report, opaque)
  local code = report.code
  return {
    topic = ffi.string(report.topic),
    partition = tonumber(report.partition),
    offset = code == 0 and present(report.offset) or nil,
    timestamp = present(report.timestamp),
    latency_us = present(report.latency_us),
    opaque = opaque,
    err = code ~= 0 and text_of(report) or nil,
    code = code ~= 0 and code or nil,
    status = code ~= 0 and STATUS[report.status] or nil,
  }
end

function Deliveries:add(report)
  local number, handler, opaque = report.opaque, self.on_delivery, nil
  if delivery.is_one(number) then
    local its_own
    opaque, its_own = self.messages:take(number)
    handler = its_own or handler
  else
    if number ~= native.NO_ID then
      opaque = self.resolve(number)
    end
    self.sequence_id = opaque
  end
  self.reported = self.reported + 1
  if handler and at_once[handler] then
    self.failures = report.code ~= 0 and self.failures + 1 or self.failures
    return handler(report, opaque)
  end
  local kept = self.kept
  if report.code ~= 0 then
    self.failures = self.failures + 1
    if handler then
      self.unhandled = self.unhandled + 1
    elseif not kept then
      self.unreported = self.unreported + 1
    end
  end
  if handler or kept then
    local taken = read(report, opaque)
    if kept then
      self.kept_last = self.kept_last + 1
      kept[self.kept_last] = taken
    end
    if handler then
      local last = self.last_call + 2
      self.calls[last - 1], self.calls[last], self.last_call = handler, taken, last
    end
  end
end

local buffer = native.out("kafka_report[?]", AT_ONCE)
local count_out = native.out("size_t[1]")
local failed_out = native.out("uint64_t[1]")

--- Whether reports have to be taken by `reports` before more of them are fetched.
---@return boolean
function Deliveries:is_full()
  return self.kept ~= nil and self.kept_last - self.kept_first + 1 >= KEPT_MAX
end

--- Changes how many failures of a producer's are known in Lua and nowhere else: they count as lost, should it end
--- before they are passed on.
---@param producer kafka.Producer
---@param change integer
function reports.unsettle(producer, change)
  if change ~= 0 and producer.handle then
    producer.unsettled = producer.unsettled + change
    C.kafka_producer_set_unsettled(producer.handle, producer.unsettled, nil)
  end
end

--- Has the library know how many failures are known here.
---@param producer kafka.Producer
---@param count? integer
function Deliveries:count(producer, count)
  count = count or self.unreported + self.unhandled
  reports.unsettle(producer, count - self.counted)
  self.counted = count
end

local function fetch(self, handle)
  local code = C.kafka_producer_unreported_failures(handle, failed_out, nil)
  if code ~= 0 then
    return code
  end
  local failed = tonumber(failed_out[0])
  self.failures, self.unreported = self.failures + failed, self.unreported + failed
  self.has_more = false
  local start_us = turn.now_us()
  for fetched = AT_ONCE, MOST, AT_ONCE do
    if self:is_full() then
      break
    end
    code = C.kafka_producer_reports(handle, buffer, AT_ONCE, count_out, nil)
    if code ~= 0 then
      return code
    end
    local count = tonumber(count_out[0])
    for at = 0, count - 1 do
      self:add(buffer[at])
    end
    if count < AT_ONCE then
      break
    end
    self.has_more = fetched == MOST or turn.is_over(start_us)
    if self.has_more then
      break
    end
  end
  return 0
end

--- Fetches what has been reported, up to a limit: then the field `has_more` is true. Runs no handlers.
---@param producer kafka.Producer
---@return integer code
function Deliveries:fetch(producer)
  local code = fetch(self, producer.handle)
  self:count(producer)
  return code
end

--- Runs the handlers of what was fetched. A handler's error is passed on; those behind it run the next time.
---@param producer kafka.Producer
---@param may_wait? boolean whether it may give way meanwhile
function Deliveries:dispatch(producer, may_wait)
  local calls, seen = self.calls, 0
  while self.first_call < self.last_call do
    if may_wait and seen % TURN == 0 then
      turn.take()
    end
    seen = seen + 1
    local at = self.first_call
    local handler, report = calls[at], calls[at + 1]
    if not handler then
      -- Another light thread has run the last meanwhile.
      return
    end
    -- Forgotten first: the handler may get here again, or throw.
    calls[at], calls[at + 1], self.first_call = nil, nil, at + 2
    if report.code then
      self.unhandled = self.unhandled - 1
      self:count(producer)
    end
    handler(report)
  end
end

--- What there is for `poll` to return, if anything: then it need not wait.
---@return boolean
function Deliveries:has_news()
  return self.reported > 0 or self.failures > 0
end

--- What has been reported since the last time.
---@param producer kafka.Producer
---@return any sequence_id
---@return integer failures
function Deliveries:news(producer)
  local sequence_id, failures = self.sequence_id, self.failures
  self.reported, self.failures, self.unreported, self.sequence_id = 0, 0, 0, nil
  self:count(producer)
  return sequence_id, failures
end

--- Takes up to `most` reports for `reports`.
---@param most integer
---@return kafka.Report[]
function Deliveries:take(most)
  local taken, kept = {}, self.kept
  local first = self.kept_first
  local last = math.min(self.kept_last, first + most - 1)
  for at = first, last do
    taken[at - first + 1], kept[at] = kept[at], nil
  end
  self.kept_first = last + 1
  return taken
end

--- Drops what is kept for `reports`: the producer is being closed, and has to be emptied.
function Deliveries:take_all()
  if self.kept then
    self:take(self.kept_last)
  end
end

--- Does what there is to do in a call of the producer's: fetches reports and runs handlers.
---@param producer kafka.Producer
---@param may_wait? boolean whether it may give way meanwhile
---@return integer code
function reports.serve(producer, may_wait)
  local mine = producer.deliveries
  if mine then
    local code = mine:fetch(producer)
    if code ~= 0 then
      return code
    end
    mine:dispatch(producer, may_wait)
  end
  -- It looks first whether a handler has closed the producer.
  events.dispatch(producer, may_wait)
  return producer.handle and 0 or C.KAFKA_ERR_CLOSED
end

return reports
