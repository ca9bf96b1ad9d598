--- Events: what a client has to tell besides messages and reports, as handlers and as data.

local ffi = require("ffi")
local err = require("kafka.err")
local native = require("kafka.native")
local nginx = require("kafka.nginx")
local partitions = require("kafka.partitions")

local C = native.C

local events = {}

---@class kafka.Event
---@field type "error"|"stats"|"log"|"throttle"|"token_refresh"|"assign"|"revoke"|"lost"|"commit_failed"|"partition_eof"
---@field dropped? integer older events of this type that were dropped, as nobody took them in time
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

-- The kinds that a handler of this name hears of.
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
    return { type = "log", level = event.level, facility = ffi.string(event.facility), text = text(event) }
  end,
  [C.KAFKA_EVENT_THROTTLE] = function(event)
    return { type = "throttle", broker = text(event), broker_id = event.level, throttle_ms = event.throttle_ms }
  end,
  [C.KAFKA_EVENT_TOKEN_REFRESH] = function(event)
    return { type = "token_refresh", config = text(event) }
  end,
  [C.KAFKA_EVENT_REBALANCE] = function(event)
    local kind = event.is_lost ~= 0 and "lost" or event.code == C.KAFKA_ERR_ASSIGN_PARTITIONS and "assign" or "revoke"
    return { type = kind, partitions = partitions.read(event.partitions) }
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

local function read(event)
  local found = READ[event.kind](event)
  local dropped = tonumber(event.dropped_count)
  found.dropped = dropped > 0 and dropped or nil
  return found
end

--- Takes the oldest event of these kinds.
---@param client ffi.cdata*
---@param kinds integer
---@return kafka.Event?
---@return string? message
---@return integer? code
local function take(client, kinds)
  local event = ffi.new("kafka_event")
  local code = C.kafka_client_event(client, kinds, event, nil)
  if code ~= 0 then
    return err.failure(code)
  end
  local succeeded, found = pcall(read, event)
  C.kafka_event_release(event)
  if not succeeded then
    error(found, 0)
  end
  return found
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

--- Has a client that is made of this configuration tell of what these options have handlers for.
---@param client_conf ffi.cdata*
---@param options table
---@param also? integer other kinds that it answers
function events.configure(client_conf, options, also)
  if C.kafka_conf_set_events(client_conf, bit.bor(events.kinds(options), also or 0), native.error) ~= 0 then
    error(native.message(), 0)
  end
end

local client_out = ffi.new("kafka_client *[1]")

--- The client in a producer's or consumer's handle, for `attach`.
---@param handle ffi.cdata*
---@param client_of ffi.cdata*|function kafka_producer_client or the like
---@return ffi.cdata*
function events.client(handle, client_of)
  if client_of(handle, client_out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  return client_out[0]
end

--- Makes an object one that has events. It gets the fields `client`, `handlers`, `handled` and `event_count`: where the
--- last is not 0, `dispatch` has work. And `direct`: its calls may wait by themselves, without `waiting`.
---@param object table
---@param client ffi.cdata* lasts as long as the object's handle
---@param handlers table
---@param also? integer as for `configure`
function events.attach(object, client, handlers, also)
  local count = ffi.new("const uint32_t *[1]")
  if C.kafka_client_event_count(client, count, native.error) ~= 0 then
    error(native.message(), 0)
  end
  object.client, object.handlers, object.handled, object.event_count =
    client, handlers, bit.bor(events.kinds(handlers), also or 0), ffi.cast("const volatile uint32_t *", count[0])
  object.direct = object.handled == 0 and not nginx.is_here
end

--- Runs the handlers of all events there are. A consumer's field `answer` is what answers its rebalances.
---
--- A handler's error is passed on; the events behind it stay for the next time. So do those in nginx that would take
--- others their turn, unless it can be given to them meanwhile.
---@param object table
---@param may_wait? boolean
function events.dispatch(object, may_wait)
  local start_us = nginx.now_us()
  -- A handler may close it.
  while object.handle and object.event_count[0] ~= 0 do
    local event = take(object.client, object.handled)
    if not event then
      return
    end
    local call = CALL[event.type]
    if call then
      call(object.handlers, event)
    else
      object.answer(object, event)
    end
    if may_wait then
      nginx.turn()
    elseif nginx.is_over(start_us) then
      return
    end
  end
end

--- Takes events that have no handler, oldest first; never waits.
---@param object table
---@param most integer
---@return kafka.Event[]? events nil if the client is closed
---@return string? message
---@return integer? code
function events.list(object, most)
  local found = {}
  while #found < most do
    local event, message, code = take(object.client, bit.band(ALL, bit.bnot(object.handled)))
    if event then
      found[#found + 1] = event
    elseif code == C.KAFKA_ERR_TIMED_OUT then
      break
    else
      return nil, message, code
    end
  end
  return found
end

local now_ms = events.now_ms

local function look(object, given)
  while object.handle do
    local code = given.wait(0, object, given.argument)
    if code ~= C.KAFKA_ERR_EVENT then
      return code
    end
    events.dispatch(object, given.may_wait)
    if not given.may_wait and object.handle and object.event_count[0] ~= 0 then
      return C.KAFKA_ERR_TIMED_OUT
    end
  end
  return C.KAFKA_ERR_CLOSED
end

--- Calls `wait(timeout_ms, object, argument)` until it returns another code than KAFKA_ERR_EVENT, and runs the handlers
--- whenever it is interrupted; then it goes on for the rest of its time.
---@param object table open
---@param timeout_ms integer -1 waits without limit
---@param wait fun(timeout_ms: integer, object: table, argument: any): integer KAFKA_ERR_TIMED_OUT if nothing came
---@param argument? any saves a closure, which is not compiled
---@return integer code
function events.waiting(object, timeout_ms, wait, argument)
  if not nginx.may_block() then
    local given = { wait = wait, argument = argument, may_wait = timeout_ms ~= 0 }
    return nginx.wait(object, timeout_ms, C.KAFKA_ERR_TIMED_OUT, nil, look, given)
  end
  local start = timeout_ms > 0 and object.handled ~= 0 and now_ms()
  local code = wait(timeout_ms, object, argument)
  while code == C.KAFKA_ERR_EVENT do
    events.dispatch(object)
    if not object.handle then
      return C.KAFKA_ERR_CLOSED
    end
    code = wait(start and math.max(0, timeout_ms - (now_ms() - start)) or timeout_ms, object, argument)
  end
  return code
end

--- Waits for nothing but the time to go by.
---@param producer kafka.Producer
---@param ms integer
function events.pause(producer, ms)
  if nginx.may_block() then
    -- A report that nobody has fetched cuts it short, which costs no more than trying again sooner.
    C.kafka_producer_wait(producer.handle, ms, nil)
  else
    nginx.pause(ms)
  end
end

return events
