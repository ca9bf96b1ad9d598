--- What a producer waits for: room in its queue, and that what was sent is reported.

local check = require("kafka.check")
local err = require("kafka.err")
local future = require("kafka.future")
local native = require("kafka.native")
local phase = require("kafka.nginx.phase")
local task = require("kafka.nginx.task")
local reports = require("kafka.producer.reports")
local wait = require("kafka.wait")

local C = native.C

local TIMEOUT_MS = 10000

-- How long a flush goes on before it looks whether there is work for handlers.
local SLICE_MS = 50

local flush = {}

local function look_for_room(producer, retried, left_ms)
  if producer.is_closing then
    return C.KAFKA_ERR_CLOSED
  end
  local code = reports.serve(producer, true)
  if code ~= 0 then
    return code
  end
  code = retried.try(producer, unpack(retried))
  -- Where the reports that are kept are not taken, waiting makes no room.
  if code ~= C.KAFKA_ERR_QUEUE_FULL or producer.deliveries:is_full() then
    return code
  elseif left_ms ~= 0 then
    code = C.kafka_producer_wait_for_room(producer.handle, left_ms, nil)
    if code ~= C.KAFKA_ERR_TIMED_OUT then
      return code == 0 and C.KAFKA_ERR_EVENT or code
    end
  end
end

--- Tries again to queue what found the queue full, whenever there may be room, until it succeeds or the time is up.
---@param producer kafka.Producer with deliveries
---@param timeout_ms integer
---@param try fun(producer: kafka.Producer, ...): integer looks everything up anew: handlers have run
---@return integer code
function flush.retry(producer, timeout_ms, try, ...)
  local code = wait.until_ready(producer, timeout_ms, look_for_room, { try = try, ... })
  return code == C.KAFKA_ERR_TIMED_OUT and C.KAFKA_ERR_QUEUE_FULL or code
end

--- Has a thread of the library flush, from the first call on.
---@return integer code TIMED_OUT as long as it goes on
local function flush_aside(producer, flushed)
  if not flushed.future then
    if producer:len() == 0 then
      return 0
    end
    local code = C.kafka_producer_flush(producer.handle, flushed.timeout_ms, future.out, nil)
    if code ~= 0 then
      return code
    end
    flushed.future = future.started()
  end
  local code = C.kafka_future_wait(flushed.future, 0, nil)
  return code == C.KAFKA_ERR_IN_PROGRESS and C.KAFKA_ERR_TIMED_OUT or code
end

local function look_for_end(producer, flushed, left_ms)
  -- The close gives up what is left; so that there is nothing left says nothing to any other caller.
  if producer.is_closing and not task.is_here(producer) then
    return C.KAFKA_ERR_CLOSED
  end
  local code
  if phase.may_block() then
    local limit = left_ms < 0 and flushed.slice_ms or math.min(left_ms, flushed.slice_ms)
    code = C.kafka_producer_flush(producer.handle, limit, nil, nil)
  else
    code = flush_aside(producer, flushed)
  end
  -- Behind it: where it has found nothing left, all that was reported is there to be fetched.
  local served = flushed.serve(producer, true)
  if served ~= 0 or flushed.done and flushed.done() then
    return served
  elseif producer.deliveries and producer.deliveries.has_more then
    return C.KAFKA_ERR_EVENT
  elseif code ~= C.KAFKA_ERR_TIMED_OUT and code ~= C.KAFKA_ERR_EVENT then
    return code
  end
end

--- Flushes and serves until `done` answers true, what was sent before is reported, or the time is up.
---@param producer kafka.Producer
---@param timeout_ms integer -1 waits without limit
---@param slice_ms integer how long a flush blocks before it looks up
---@param serve fun(producer: kafka.Producer, may_wait: boolean): integer
---@param done? fun(): boolean
---@return integer code
function flush.until_reported(producer, timeout_ms, slice_ms, serve, done)
  local flushed = { slice_ms = slice_ms, timeout_ms = timeout_ms, serve = serve, done = done }
  local code = wait.until_ready(producer, timeout_ms, look_for_end, flushed)
  if flushed.future then
    future.cancel(flushed.future)
  end
  return code
end

---@class kafka.Producer: kafka.Client
local Producer = {}

--- Has what was sent before sent without waiting for `linger.ms`, and waits until it is reported. Runs handlers.
---@param timeout_ms? integer milliseconds, 10000 by default; -1 waits without limit
---@return true? flushed
---@return string? message
---@return integer? code
---@return integer? remaining messages, where the time was up; they stay queued
function Producer:flush(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, TIMEOUT_MS)
  if not self.handle then
    return err.closed()
  end
  local code
  if self.deliveries or not self.direct then
    code = flush.until_reported(self, timeout_ms, SLICE_MS, reports.serve)
  else
    code = C.kafka_producer_flush(self.handle, timeout_ms, nil, nil)
  end
  if code == C.KAFKA_ERR_TIMED_OUT then
    local _, message = err.explained(self.client, code)
    return nil, message, code, self:len()
  elseif code ~= 0 then
    return err.failure(code)
  end
  return true
end

local PURGE_FIELDS = { queue = true, inflight = true }

--- Gives up the messages that were sent before: each is reported as failed, PURGE_QUEUE or PURGE_INFLIGHT. Waits until
--- librdkafka's threads have done it. In the phases of nginx where it cannot, it begins, and messages that are sent
--- meanwhile may be given up as well.
---@param which? {queue?: boolean, inflight?: boolean} those that no broker has been sent, or those that none has
--- answered for, which may have arrived; both without it
---@return true? purged
---@return string? message
---@return integer? code
function Producer:purge(which)
  check.options(2, which, PURGE_FIELDS)
  local flags = which and 0 or C.KAFKA_PURGE_QUEUE + C.KAFKA_PURGE_INFLIGHT
  if which then
    flags = (which.queue and C.KAFKA_PURGE_QUEUE or 0) + (which.inflight and C.KAFKA_PURGE_INFLIGHT or 0)
  end
  if not self.handle then
    return err.closed()
  end
  if flags == 0 then
    return true
  elseif phase.may_yield() then
    return future.finish(C.kafka_producer_purge(self.handle, flags, future.out, native.error), -1)
  elseif phase.is_nginx then
    flags = flags + C.KAFKA_PURGE_NON_BLOCKING
  end
  local code = C.kafka_producer_purge(self.handle, flags, nil, nil)
  if code ~= 0 then
    return err.failure(code)
  end
  return true
end

local ALL = C.KAFKA_PURGE_QUEUE + C.KAFKA_PURGE_INFLIGHT + C.KAFKA_PURGE_NON_BLOCKING

--- Begins to give all messages up, where nothing is sent any more. Never waits.
---@param producer kafka.Producer
function flush.give_up(producer)
  C.kafka_producer_purge(producer.handle, ALL, nil, nil)
end

-- The least and the most arguments of each method, the object included.
local COUNTS = {
  flush = { 1, 2 },
  purge = { 1, 2 },
}

--- Adds these methods to the producers' class, before it is made.
flush.extend = check.mixin(Producer, COUNTS)

return flush
