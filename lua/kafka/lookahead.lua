--- Messages that a consumer has taken ahead of its reader: a call into C for many, and none for most.

local events = require("kafka.events")
local message = require("kafka.message")
local native = require("kafka.native")
local phase = require("kafka.nginx.phase")
local turn = require("kafka.turn")
local wait = require("kafka.wait")

local C = native.C

local lookahead = {}

local cursor_out = native.out("kafka_cursor *[1]")
local messages_out = native.out("const kafka_raw_message *const *[1]")

-- After so many messages that were there others may have their turn.
local TURN = 32

--- Has a consumer that is made with this take its messages ahead.
---@param client_conf ffi.cdata*
function lookahead.configure(client_conf)
  if C.kafka_conf_set_lookahead(client_conf, 1, native.error) ~= 0 then
    error(native.message(), 0)
  end
end

--- Gives a consumer what reading needs: the fields `cursor` and, once there are some messages, `taken`, `topic_at` and
--- `topic`.
---@param consumer table
function lookahead.attach(consumer)
  if C.kafka_consumer_cursor(consumer.handle, cursor_out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  consumer.cursor = cursor_out[0]
end

local function take(consumer, timeout_ms)
  return C.kafka_consumer_take(consumer.handle, timeout_ms, messages_out, native.error)
end

local function look(consumer, _, left_ms)
  local code = take(consumer, left_ms)
  if code ~= C.KAFKA_ERR_TIMED_OUT then
    return code
  end
end

--- Takes messages; the first is at the cursor then.
---@param consumer table
---@param timeout_ms integer
---@return integer code
local function refill(consumer, timeout_ms)
  local code
  if consumer.direct then
    code = take(consumer, timeout_ms)
  else
    code = wait.until_ready(consumer, timeout_ms, look)
  end
  if code == 0 then
    consumer.taken = messages_out[0]
    -- A topic that is new may be where one that is gone has been.
    consumer.topic_at = nil
  end
  return code
end

--- The next message, which stays the next until `read` says that it is the reader's.
---@param consumer table not closed
---@param timeout_ms integer
---@return ffi.cdata*? raw a kafka_raw_message; lasts until the next call
---@return integer? code why there is none
function lookahead.next(consumer, timeout_ms)
  local cursor = consumer.cursor
  if phase.is_nginx and timeout_ms ~= 0 and cursor.next % TURN == 0 then
    turn.take()
    if not consumer.handle then
      return nil, C.KAFKA_ERR_CLOSED
    end
  end
  if consumer.event_count[0] ~= 0 then
    events.dispatch(consumer, timeout_ms ~= 0)
    -- A handler may have closed it.
    if not consumer.handle then
      return nil, C.KAFKA_ERR_CLOSED
    end
  end
  if cursor.next == cursor.count or cursor.is_late ~= 0 or cursor.process ~= cursor.process_now[0] then
    local code = refill(consumer, timeout_ms)
    if code ~= 0 then
      return nil, code
    end
  end
  return consumer.taken[cursor.next]
end

--- Says that the next message is the reader's.
---@param consumer table
function lookahead.read(consumer)
  local cursor = consumer.cursor
  cursor.next = cursor.next + 1
end

--- The name of a message's topic. Most are of the topic of the one before.
---@param consumer table
---@param raw ffi.cdata*
---@return string
function lookahead.topic(consumer, raw)
  local at = raw.topic
  if at ~= consumer.topic_at then
    consumer.topic_at, consumer.topic = at, message.fields.topic(message.view(raw))
  end
  return consumer.topic
end

return lookahead
