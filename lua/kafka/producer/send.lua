--- The producer's part of the first documented module: a message with a sequence id, and what became of messages.

local check = require("kafka.check")
local err = require("kafka.err")
local native = require("kafka.native")
local flush = require("kafka.producer.flush")
local reports = require("kafka.producer.reports")
local topics = require("kafka.producer.topics")
local turn = require("kafka.turn")
local wait = require("kafka.wait")

local C = native.C

local INT32_MAX = 0x7fffffff

local NO_ID = native.NO_ID
local ESRCH = err.errno.ESRCH

---@class kafka.Producer: kafka.Client
local Producer = {}

local function send(self, topic, partition, message, opaque)
  -- Looked up anew: a handler may have destroyed the topic.
  local topic_handle = topics.find(self.topics, topic)
  return C.kafka_producer_send(self.handle, topic_handle, partition, nil, 0, message, #message, opaque, nil)
end

--- Queues a copy of a message; never waits, unless the producer was made with `block_ms`. What becomes of it `poll`
--- returns.
---
--- Throws `invalid topic` unless the topic was created on this producer, and `sequence_id out of range`.
---@param topic string
---@param partition integer -1 leaves the choice to the partitioner
---@param sequence_id? integer 0 to 2^64 - 1, for `poll`; above 2^53 a Lua number is not exact
---@param message string
---@return integer? errno 0, or kafka.errno.ENOBUFS (queue full: poll), EMSGSIZE, ENOENT (topic), ESRCH (partition)
---@return string? message "closed" or "forked"
---@return integer? code
function Producer:send(topic, partition, sequence_id, message)
  local handle = self.handle
  if not handle then
    return err.closed()
  end
  local topic_handle = self.topics[topic] or topics.find(self.topics, topic)
  if type(partition) ~= "number" then
    partition = check.integer(3, partition)
  end
  local opaque = NO_ID
  if sequence_id ~= nil then
    opaque = type(sequence_id) == "number" and sequence_id or check.integer(4, sequence_id)
    -- Nor is one of 64 bits that no Lua number is: `poll` could not return it.
    local is_exact = type(sequence_id) ~= "cdata" or sequence_id == opaque
    local in_range = is_exact and opaque >= 0 and opaque < 2 ^ 64
    if not in_range then
      error("sequence_id out of range", 0)
    end
  end
  if type(message) ~= "string" then
    message = check.string(5, message)
  end
  local in_range = partition >= -1 and partition <= INT32_MAX
  if not in_range then
    return ESRCH
  end
  local code = C.kafka_producer_send(handle, topic_handle, partition, nil, 0, message, #message, opaque, nil)
  if code == C.KAFKA_ERR_QUEUE_FULL and self.block_ms then
    code = flush.retry(self, self.block_ms, send, topic, partition, message, opaque)
  end
  if code ~= 0 then
    return err.refused(code)
  end
  return 0
end

local reported = native.out("kafka_poll_result")

local function look_for_reports(self, _, left_ms)
  local code = C.kafka_producer_poll(self.handle, left_ms, reported, nil)
  if code ~= 0 or reported.reported_count ~= 0 then
    return code
  end
end

local function look_for_news(self, _, left_ms)
  local code = C.kafka_producer_wait(self.handle, left_ms, nil)
  if code ~= C.KAFKA_ERR_TIMED_OUT then
    return code
  end
end

local function poll_deliveries(self, timeout_ms)
  local mine = self.deliveries
  local code = 0
  if timeout_ms ~= 0 then
    turn.take()
  end
  if not self.handle then
    return err.closed()
  elseif not mine:has_news() then
    code = wait.until_ready(self, timeout_ms, look_for_news)
  end
  if code == 0 or code == C.KAFKA_ERR_TIMED_OUT then
    code = reports.serve(self, timeout_ms ~= 0)
  end
  if code ~= 0 then
    return err.failure(code)
  end
  return mine:news(self)
end

--- Returns what became of the messages sent, since the last poll. Waits until there is a report or the time is
--- up.
---@param timeout_ms? integer milliseconds; 0, the default, does not wait, -1 waits without limit
---@return integer? sequence_id of the last message of `send` reported; nil if none was, or it was sent without one
---@return integer|string failures messages that were not delivered, `produce`'s too; or "closed", "forked"
---@return integer? code
function Producer:poll(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, 0)
  if not self.handle then
    return err.closed()
  elseif self.deliveries then
    return poll_deliveries(self, timeout_ms)
  end
  local code
  if self.direct then
    code = C.kafka_producer_poll(self.handle, timeout_ms, reported, nil)
  else
    code = wait.until_ready(self, timeout_ms, look_for_reports)
  end
  if code == C.KAFKA_ERR_TIMED_OUT then
    return nil, 0
  elseif code ~= 0 then
    return err.failure(code)
  end
  -- Of the C call that has just returned: nothing has yielded since.
  local last, sequence_id = reported.last_opaque, nil
  if last ~= NO_ID then
    sequence_id = tonumber(last)
  end
  return sequence_id, tonumber(reported.failed_count)
end

-- The least and the most arguments of each method, the object included.
local COUNTS = {
  send = { 5, 5 },
  poll = { 1, 2 },
}

--- Adds these methods to the producers' class, before it is made.
return { extend = check.mixin(Producer, COUNTS) }
