--- Events: what comes from a client besides messages and reports, for handlers and as data.

local ffi = require("ffi")
local err = require("kafka.err")
local native = require("kafka.native")
local partitions = require("kafka.partitions")
local phase = require("kafka.nginx.phase")
local turn = require("kafka.turn")

local C = native.C

local events = {}

---@class kafka.Event
---@field type "error"|"stats"|"log"|"throttle"|"token_refresh"|"assign"|"revoke"|"lost"|"commit_failed"|"partition_eof"
---@field count? integer of an error, a failed commit or a line of log: how often it came; this is the first of them
---@field dropped? integer other events of this type that were dropped, as they were not taken in time
---@field err? string
---@field code? integer
---@field fatal? boolean the client cannot go on: close it
---@field retriable? boolean
---@field json? string statistics
---@field level? integer syslog's
---@field facility? string
---@field text? string
---@field broker? string
---@field broker_id? integer
---@field throttle_ms? integer milliseconds
---@field config? string sasl.oauthbearer.config
---@field partitions? kafka.Partition[]

local ALL = 0xff

--- Milliseconds since some moment in the past.
---@return number
function events.now_ms()
  return tonumber(C.kafka_clock_ms())
end

-- The kinds that a handler of this name gets.
local KINDS = {
  on_error = C.KAFKA_EVENT_ERROR,
  on_stats = C.KAFKA_EVENT_STATS,
  on_log = C.KAFKA_EVENT_LOG,
  on_token_refresh = C.KAFKA_EVENT_TOKEN_REFRESH,
  on_assign = C.KAFKA_EVENT_REBALANCE,
  on_revoke = C.KAFKA_EVENT_REBALANCE,
  on_lost = C.KAFKA_EVENT_REBALANCE,
}

local function text(event)
  return event.text ~= nil and ffi.string(event.text, event.text_len) or nil
end

local function failure(event, kind)
  return {
    type = kind,
    count = event.count,
    err = text(event),
    code = event.code,
    fatal = event.fatal ~= 0,
    retriable = event.retriable ~= 0,
  }
end

local READ = {
  [C.KAFKA_EVENT_ERROR] = function(event)
    return failure(event, "error")
  end,
  [C.KAFKA_EVENT_STATS] = function(event)
    return { type = "stats", json = text(event) }
  end,
  [C.KAFKA_EVENT_LOG] = function(event)
    return {
      type = "log",
      count = event.count,
      level = event.level,
      facility = ffi.string(event.facility),
      text = text(event),
    }
  end,
  [C.KAFKA_EVENT_THROTTLE] = function(event)
    return { type = "throttle", broker = text(event), broker_id = event.level, throttle_ms = event.throttle_ms }
  end,
  [C.KAFKA_EVENT_TOKEN_REFRESH] = function(event)
    return { type = "token_refresh", config = text(event) }
  end,
  [C.KAFKA_EVENT_REBALANCE] = function(event)
    local kind = event.is_lost ~= 0 and "lost" or event.code == C.KAFKA_ERR_ASSIGN_PARTITIONS and "assign" or "revoke"
    return { type = kind, partitions = partitions.read(event.partitions, true) }
  end,
  [C.KAFKA_EVENT_COMMIT_FAILED] = function(event)
    local read = failure(event, "commit_failed")
    read.partitions = partitions.read(event.partitions)
    return read
  end,
  [C.KAFKA_EVENT_PARTITION_EOF] = function(event)
    return { type = "partition_eof", partitions = partitions.read(event.partitions) }
  end,
}

local CALL = {
  error = function(handlers, event)
    return handlers.on_error(event.err, event.code, event.fatal)
  end,
  stats = function(handlers, event)
    return handlers.on_stats(event.json)
  end,
  log = function(handlers, event)
    return handlers.on_log(event.level, event.facility, event.text)
  end,
  token_refresh = function(handlers, event)
    return handlers.on_token_refresh(event.config)
  end,
}

local function release(event)
  C.kafka_event_release(event)
end

--- Takes the oldest event of these kinds.
---@param client ffi.cdata*
---@param kinds integer
---@return integer code
---@return ffi.cdata* event a kafka_event, collected with it
local function take(client, kinds)
  local event = ffi.gc(ffi.new("kafka_event"), release)
  return C.kafka_client_poll_event(client, kinds, event, nil), event
end

local function read(event)
  local found = READ[event.kind](event)
  local dropped = tonumber(event.dropped_count)
  found.dropped = dropped > 0 and dropped or nil
  return found
end

--- Reads an event that was taken, and frees it. One of a rebalance in a phase that yields gives way meanwhile.
---@param event ffi.cdata*
---@return kafka.Event
function events.read(event)
  return native.using(event, release, read)
end

--- The kinds of events that these options have handlers for: for kafka_conf_set_events.
---@param options table
---@return integer kinds
function events.kinds(options)
  local kinds = 0
  for name, bit_of_it in pairs(KINDS) do
    if options[name] then
      kinds = bit.bor(kinds, bit_of_it)
    end
  end
  return kinds
end

--- The options that are handlers which every client may have.
events.OPTIONS = { on_error = true, on_stats = true, on_log = true, on_token_refresh = true }

--- Has a client that is made of this configuration raise the events that these options have handlers for.
---@param client_conf ffi.cdata*
---@param options table
---@param also? integer other kinds that it answers
function events.configure(client_conf, options, also)
  if C.kafka_conf_set_events(client_conf, bit.bor(events.kinds(options), also or 0), native.error) ~= 0 then
    error(native.message(), 0)
  end
end

local client_out = native.out("kafka_client *[1]")

local function free(client)
  C.kafka_client_free(client)
end

--- The client in a producer's or consumer's handle, for `attach`. It may be used when that has been closed or freed.
---@param handle ffi.cdata*
---@param client_of ffi.cdata*|function kafka_producer_client or the like
---@return ffi.cdata*
function events.client(handle, client_of)
  if client_of(handle, client_out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  return ffi.gc(client_out[0], free)
end

--- Makes an object one that has events. It gets the fields `client`, `handlers`, `handled` and `event_count`: where the
--- last is not 0, `dispatch` has work. And `direct`: its calls may wait by themselves, without `waiting`.
---@param object table
---@param client ffi.cdata*
---@param handlers table
---@param also? integer as for `configure`
function events.attach(object, client, handlers, also)
  local count = ffi.new("const volatile uint32_t *[1]")
  if C.kafka_client_event_count(client, count, native.error) ~= 0 then
    error(native.message(), 0)
  end
  object.client, object.handlers, object.handled, object.event_count =
    client, handlers, bit.bor(events.kinds(handlers), also or 0), count[0]
  object.direct = object.handled == 0 and not phase.is_nginx
end

--- Runs the handlers of all events there are. A consumer's field `answer` is what answers its rebalances.
---
--- A handler's error is passed on; the events behind it stay for the next time. So do those in nginx that would take
--- others their turn, unless it can be given to them meanwhile.
---@param object table
---@param may_wait? boolean
function events.dispatch(object, may_wait)
  local start_us = turn.now_us()
  -- A handler may close it.
  while object.handle and object.event_count[0] ~= 0 do
    local code, event = take(object.client, object.handled)
    if code ~= 0 then
      return
    elseif event.kind == C.KAFKA_EVENT_REBALANCE then
      object.answer(object, event)
    else
      local found = events.read(event)
      CALL[found.type](object.handlers, found)
    end
    if may_wait then
      turn.take()
    elseif turn.is_over(start_us) then
      return
    end
  end
end

--- Takes events that have no handler, oldest first; never waits. In nginx it leaves those that would take others their
--- turn for the next call.
---@param object table
---@param most integer
---@return kafka.Event[]? events nil if the client is closed
---@return string? message
---@return integer? code
function events.list(object, most)
  local found, start_us = {}, turn.now_us()
  while #found < most and not turn.is_over(start_us) do
    local code, event = take(object.client, bit.band(ALL, bit.bnot(object.handled)))
    if code == C.KAFKA_ERR_TIMED_OUT then
      break
    elseif code ~= 0 then
      return err.failure(code)
    end
    found[#found + 1] = events.read(event)
  end
  return found
end

return events
