--- The part of a producer that is beyond the seed's: records with all they can have, and what becomes of each.

local check = require("kafka.check")
local err = require("kafka.err")
local events = require("kafka.events")
local native = require("kafka.native")
local null = require("kafka.null")
local phase = require("kafka.nginx.phase")
local flush = require("kafka.producer.flush")
local record = require("kafka.producer.record")
local reports = require("kafka.producer.reports")
local topics = require("kafka.producer.topics")
local turn = require("kafka.turn")

local C = native.C

local TIMEOUT_MS = 10000

-- How long a flush goes on before it looks whether the one report has come.
local SLICE_MS = 5

-- How many records of a batch are read, and how many are queued by one call of the library, until others may have their
-- turn.
local TURN, AT_ONCE = 16, 64

---@class kafka.Producer: kafka.Client
---@field deliveries kafka.Deliveries|false this library's own; once the program gets reports one by one
---@field block_ms integer|false this library's own
---@field only_errors boolean this library's own
local Producer = {}

--- Begins to take reports one by one, if that has not begun.
---@param self kafka.Producer
---@return kafka.Deliveries
local function deliveries_of(self)
  local mine = self.deliveries
  if not mine then
    mine = reports.new({}, self.only_errors)
    self.deliveries = mine
  end
  return mine
end

local function number_for(self, handle, checked)
  local mine = checked.on_delivery and deliveries_of(self) or self.deliveries
  return mine and mine:keep(handle, checked.opaque, checked.on_delivery) or native.NO_REPORT_ID
end

local function queue(self, checked, number)
  local topic_handle, code = topics.managed(self, checked.topic)
  return code or record.queue(self.handle, topic_handle, checked, number)
end

--- Queues a record; if the queue is full it tries again until the time is up.
---@param self kafka.Producer open
---@param checked kafka.CheckedRecord
---@param block_ms? integer
---@return integer code
local function produce(self, checked, block_ms)
  -- First of all, since it may throw.
  local topic_handle, gone = topics.managed(self, checked.topic)
  if not topic_handle then
    return gone
  end
  local number = number_for(self, self.handle, checked)
  local code = record.queue(self.handle, topic_handle, checked, number)
  if code == C.KAFKA_ERR_QUEUE_FULL and block_ms then
    deliveries_of(self)
    code = flush.retry(self, block_ms, queue, checked, number)
  end
  if code ~= 0 and self.deliveries then
    self.deliveries:forget(number)
  end
  return code
end

--- Queues a copy of a record. Never waits, unless the producer was made with `block_ms`.
---
--- Its report is fetched by the producer's other calls, which run `on_delivery`. One that is not reported, neither by
--- `on_delivery` nor by `reports`, need not be fetched at all.
---@param message kafka.Record a field that is wrong or unknown throws, by its name
---@return true? queued
---@return string? message "queue full", and others: then nothing was queued
---@return integer? code
function Producer:produce(message)
  local checked = record.read(2, nil, message)
  if not self.handle then
    return err.closed()
  end
  local code = produce(self, checked, self.block_ms)
  if code ~= 0 then
    return err.failure(code)
  end
  return true
end

--- A key or a value, or a null that comes as nil or kafka.null.
local function optional_text(index, value)
  if value ~= nil and value ~= null then
    value = check.string(index, value, 2)
    return value
  end
end

--- As `produce`, without a table: for a record with neither headers nor a timestamp of its own.
---@param topic string
---@param value? string|number nil or kafka.null is a null value, a tombstone
---@param key? string|number nil or kafka.null: no key
---@param partition? integer -1, the default, leaves the choice to the partitioner
---@param opaque? any comes back in the report
---@return true? queued
---@return string? message
---@return integer? code
function Producer:produce_value(topic, value, key, partition, opaque)
  if type(topic) ~= "string" or not self.topics[topic] then
    topic = check.c_string(2, topic)
  end
  if type(value) ~= "string" then
    value = optional_text(3, value)
  end
  if type(key) ~= "string" then
    key = optional_text(4, key)
  end
  partition = check.int32(5, partition, -1)
  if partition < -1 then
    check.fail(5, "number out of range")
  end
  local handle = self.handle
  if not handle then
    return err.closed()
  end
  local topic_handle, gone = topics.managed(self, topic)
  if not topic_handle then
    return err.failure(gone)
  end
  local mine = self.deliveries
  local number = mine and mine:keep(handle, opaque) or native.NO_REPORT_ID
  local key_len, value_len = key and #key or 0, value and #value or 0
  local code = C.kafka_producer_send(handle, topic_handle, partition, key, key_len, value, value_len, number, nil)
  if code ~= 0 then
    if mine then
      mine:forget(number)
    end
    if code == C.KAFKA_ERR_QUEUE_FULL and self.block_ms then
      return self:produce({ topic = topic, value = value, key = key, partition = partition, opaque = opaque })
    end
    return err.failure(code)
  end
  return true
end

---@class kafka.BatchUnderWay a batch, or a part of one
---@field topic string
---@field records ffi.cdata* those to be queued
---@field codes ffi.cdata* room for what becomes of them
---@field first integer how many come before this part
---@field count integer how many are left to be queued
---@field indices? integer[] which these are; all, at first
---@field queued integer
---@field errors {index: integer, err: string, code: integer}[]

local function fail_batch(batch, at, code, text)
  local index = batch.indices and batch.indices[at] or batch.first + at
  batch.errors[#batch.errors + 1] = { index = index, err = text, code = code }
end

--- Keeps those that found the queue full, to try again. What is refused for another reason is not.
local function sort_out(batch)
  local records, codes, left = batch.records, batch.codes, {}
  for at = 1, batch.count do
    local code = codes[at - 1]
    if code == C.KAFKA_ERR_QUEUE_FULL then
      left[#left + 1] = batch.indices and batch.indices[at] or batch.first + at
      records[#left - 1] = records[at - 1]
    elseif code ~= 0 then
      fail_batch(batch, at, code, err.text(code))
    end
  end
  batch.indices, batch.count = left, #left
  return left[1] and C.KAFKA_ERR_QUEUE_FULL or 0
end

local queued_count = native.out("size_t[1]")

local function queue_batch(self, batch)
  local topic_handle, code = topics.managed(self, batch.topic)
  if not topic_handle then
    return code
  end
  code = C.kafka_producer_produce_batch(
    self.handle,
    topic_handle,
    batch.records,
    batch.count,
    batch.codes,
    queued_count,
    native.error
  )
  if code ~= 0 then
    return code
  end
  local queued = tonumber(queued_count[0])
  batch.queued = batch.queued + queued
  return queued == batch.count and 0 or sort_out(batch)
end

--- Queues a part of a batch; if the queue is full it tries again until the time is up.
---@return integer code why the rest was not queued
local function queue_part(self, batch, deadline_ms)
  local code = self.handle and queue_batch(self, batch) or C.KAFKA_ERR_CLOSED
  if code == C.KAFKA_ERR_QUEUE_FULL and self.block_ms then
    deliveries_of(self)
    local left_ms = deadline_ms and math.max(0, deadline_ms - events.now_ms()) or self.block_ms
    code = flush.retry(self, left_ms, queue_batch, batch)
  end
  return code
end

--- Queues a batch, in parts where others may have their turn meanwhile.
local function queue_all(self, batch, room, count, may_yield)
  local most = may_yield and AT_ONCE or count
  local deadline_ms = most < count and self.block_ms and self.block_ms >= 0 and events.now_ms() + self.block_ms
  local code = 0
  for first = 0, count - 1, most do
    batch.first, batch.records, batch.indices = first, room.records + first, nil
    batch.count = math.min(most, count - first)
    if first > 0 and code == 0 then
      turn.take()
    end
    if code == 0 then
      code = queue_part(self, batch, deadline_ms)
    end
    -- What is left of this part, and then all of each.
    for at = 1, code ~= 0 and batch.count or 0 do
      fail_batch(batch, at, code, (select(2, err.failure(code))))
    end
  end
end

--- Ends a batch of which some were not queued.
local function forget_failed(self, batch, followed)
  table.sort(batch.errors, function(left, right)
    return left.index < right.index
  end)
  for _, failed in ipairs(batch.errors) do
    local number = followed[failed.index]
    if number and self.deliveries then
      self.deliveries:forget(number)
    end
  end
end

local NOTHING = {}

--- Queues copies of records by one call of the library, those of a partition in their order. Once the queue is full,
--- and `block_ms` is over if the producer was made with it, the rest is not tried. In nginx, where that is possible, a
--- large batch gives way to others.
---@param topic string
---@param messages (kafka.Record|string)[] records without `topic`; a string is a value
---@return integer? queued how many were queued; nil if the producer is closed
---@return {index: integer, err: string, code: integer}[]|string errors of those that were not
---@return integer? code
function Producer:produce_batch(topic, messages)
  topic = check.c_string(2, topic)
  check.table(3, messages)
  local handle, count = self.handle, #messages
  local number = handle and number_for(self, handle, NOTHING) or native.NO_REPORT_ID
  local room = record.take_room(count)
  local may_yield = count > TURN and phase.may_yield()
  -- Those that may have reports one by one, and then their numbers.
  local followed = NOTHING
  for at = 1, count do
    if may_yield and at % TURN == 0 then
      turn.take()
    end
    local checked = record.read(3, at, messages[at], room)
    record.fill(room, at - 1, checked, number)
    if checked.on_delivery or checked.opaque ~= nil then
      followed = followed == NOTHING and {} or followed
      followed[at] = checked
    end
  end
  -- It may have been closed meanwhile.
  if not self.handle then
    return err.closed()
  elseif count == 0 then
    return 0, {}
  end
  local topic_handle, gone = topics.managed(self, topic)
  if not topic_handle then
    return err.failure(gone)
  end
  for at, checked in pairs(followed) do
    followed[at] = number_for(self, handle, checked)
    room.records[at - 1].opaque = followed[at]
  end

  local batch = { topic = topic, codes = room.codes, queued = 0, errors = {} }
  queue_all(self, batch, room, count, may_yield)
  if batch.errors[1] then
    forget_failed(self, batch, followed)
  end
  record.give_room(room)
  return batch.queued, batch.errors
end

--- Produces a record and waits until it is delivered; it does not wait for `linger.ms`, nor do those queued before it.
---@param message kafka.Record
---@param timeout_ms? integer milliseconds, 10000 by default; -1 waits without limit
---@return kafka.Report? report nil if it was not delivered, or not in time: then it is still under way
---@return string? message
---@return integer? code
---@return kafka.Report? report of a message that was not delivered
function Producer:produce_sync(message, timeout_ms)
  local checked = record.read(2, nil, message)
  timeout_ms = check.timeout(3, timeout_ms, TIMEOUT_MS)
  if not self.handle then
    return err.closed()
  end
  local report
  local on_delivery = checked.on_delivery or deliveries_of(self).on_delivery
  function checked.on_delivery(taken)
    report = taken
    if on_delivery then
      on_delivery(taken)
    end
  end
  local start = tonumber(C.kafka_clock_ms())
  local code = produce(self, checked, timeout_ms)
  if code == 0 then
    local left = timeout_ms < 0 and -1 or math.max(0, timeout_ms - (tonumber(C.kafka_clock_ms()) - start))
    code = flush.until_reported(self, left, SLICE_MS, reports.serve, function()
      return report ~= nil
    end)
  end
  if not report then
    -- A flush that found nothing left has left its report where it is not taken.
    local _, text, failed = err.explained(self.client, code == 0 and C.KAFKA_ERR_TIMED_OUT or code)
    return nil, text, failed
  elseif report.err then
    return nil, report.err, report.code, report
  end
  return report
end

--- Takes the reports of messages, `send`'s too, oldest first. Never waits; `poll` does. Those that are not taken have
--- their room in the producer's queue.
---
--- Throws unless the producer was made with `reports = true`.
---@param max? integer 1000 by default
---@return kafka.Report[]? reports
---@return string? message
---@return integer? code
function Producer:reports(max)
  max = check.count(2, max, 1000)
  if not self.handle then
    return err.closed()
  elseif not self.deliveries or not self.deliveries.kept then
    error("reports: the producer was not made with reports = true", 0)
  end
  local code = reports.serve(self)
  if code ~= 0 then
    return err.failure(code)
  end
  return self.deliveries:take(max)
end

local counters_out = native.out("kafka_counters")

---@class kafka.Counters
---@field queued integer accepted since the producer was made: the sum of the others
---@field in_flight integer accepted, and neither delivered nor failed yet
---@field delivered integer
---@field failed integer

--- Counts what became of all messages since the producer was made. Never waits.
---@return kafka.Counters? counters
---@return string? message
---@return integer? code
function Producer:counters()
  if not self.handle then
    return err.closed()
  end
  local code = C.kafka_producer_counters(self.handle, counters_out, nil)
  if code ~= 0 then
    return err.failure(code)
  end
  return {
    queued = tonumber(counters_out.queued),
    in_flight = tonumber(counters_out.in_flight),
    delivered = tonumber(counters_out.delivered),
    failed = tonumber(counters_out.failed),
  }
end

local count_out = native.out("uint64_t[1]")

--- Counts the messages that are queued or under way. Never waits.
---@return integer? count
---@return string? message
---@return integer? code
function Producer:len()
  if not self.handle then
    return err.closed()
  end
  local code = C.kafka_producer_len(self.handle, count_out, nil)
  if code ~= 0 then
    return err.failure(code)
  end
  return tonumber(count_out[0])
end

--- Whether the producer is closed.
---@return boolean
function Producer:is_closed()
  return self.handle == nil
end

local extension = {}

--- Queues a record that is known to be right, as `produce` does.
---@param producer kafka.Producer
---@param checked kafka.CheckedRecord
---@return integer code
function extension.queue(producer, checked)
  if not producer.handle then
    return C.KAFKA_ERR_CLOSED
  end
  return produce(producer, checked, producer.block_ms)
end

-- The least and the most arguments of each method, the object included.
local COUNTS = {
  produce = { 2, 2 },
  produce_value = { 3, 6 },
  produce_batch = { 3, 3 },
  produce_sync = { 2, 3 },
  reports = { 1, 2 },
  counters = { 1, 1 },
  len = { 1, 1 },
  is_closed = { 1, 1 },
}

--- Adds these methods to the producers' class, before it is made.
extension.extend = check.mixin(Producer, COUNTS)

return extension
