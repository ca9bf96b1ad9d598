--- What producers, consumers and admin clients have in common.

local ffi = require("ffi")
local check = require("kafka.check")
local err = require("kafka.err")
local events = require("kafka.events")
local future = require("kafka.future")
local native = require("kafka.native")
local phase = require("kafka.nginx.phase")
local task = require("kafka.nginx.task")
local value = require("kafka.value")
local wait = require("kafka.wait")

local C = native.C

local TIMEOUT_MS = 10000

---@class kafka.Client
---@field handle? ffi.cdata* this library's own; nil when closed
---@field client ffi.cdata* this library's own
local Client = {}

--- Takes the events that no handler gets: errors, statistics, logs and the like, oldest first. Of what
--- is not taken, the newest are kept, and the others counted. Never waits.
---@param max? integer 100 by default
---@return kafka.Event[]? events
---@return string? message
---@return integer? code
function Client:events(max)
  max = check.count(2, max, 100)
  if not self.handle then
    return err.closed()
  end
  return events.list(self, max)
end

---@class kafka.ClientOptions handlers run inside of calls of the object that may wait, and nowhere else
---@field on_error? fun(err: string, code: integer, fatal: boolean)
---@field on_stats? fun(json: string) every `statistics.interval.ms`
---@field on_log? fun(level: integer, facility: string, text: string) level is syslog's
---@field on_token_refresh? fun(config: string) answer with `set_oauthbearer_token` or `set_oauthbearer_failure`

---@class kafka.Metadata
---@field broker_id integer the broker that answered, -1 if it has no number
---@field brokers {id: integer, host: string, port: integer}[]
---@field topics table<string, {partitions: table[], err?: string, code?: integer}>

local METADATA_OPTIONS = { topic = true, timeout = true }

--- Asks for the cluster's brokers, topics and partitions.
---@param options? {topic?: string, timeout?: integer} one topic instead of all; milliseconds, 10000 by default
---@return kafka.Metadata? metadata
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Client:metadata(options)
  options = check.options(2, options, METADATA_OPTIONS)
  local topic = options.topic ~= nil and check.c_string(2, options.topic) or nil
  local timeout_ms = check.timeout(2, options.timeout, TIMEOUT_MS)
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  local code = C.kafka_client_metadata(self.client, topic, timeout_ms, nil, future.out, native.error)
  return future.finish(code, timeout_ms, value.of_future, self)
end

--- Asks for the cluster's name for itself.
---@param timeout_ms? integer milliseconds, 10000 by default
---@return string? id
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Client:cluster_id(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, TIMEOUT_MS)
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  local code = C.kafka_client_cluster_id(self.client, timeout_ms, nil, future.out, native.error)
  return future.finish(code, timeout_ms, value.of_future, self)
end

---@class kafka.Token
---@field token string
---@field lifetime_ms integer when it expires, in milliseconds since 1970-01-01 UTC
---@field principal? string "" by default
---@field extensions? table<string, string>

--- Sets the OAUTHBEARER token to use from now on: the answer to `on_token_refresh`.
---@param token kafka.Token
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Client:set_oauthbearer_token(token)
  check.table(2, token)
  local text = check.c_string(2, token.token)
  local lifetime_ms = check.integer(2, token.lifetime_ms)
  if lifetime_ms ~= lifetime_ms then
    check.fail(2, "field 'lifetime_ms': number out of range")
  end
  local principal = check.c_string(2, token.principal or "")
  local extensions = check.optional_table(2, token.extensions) or {}
  local texts = {}
  for name, extension in pairs(extensions) do
    texts[#texts + 1] = check.c_string(2, name)
    texts[#texts + 1] = check.c_string(2, extension)
  end
  if not self.handle then
    return err.closed()
  end
  local list = ffi.new("const char *[?]", #texts + 1, texts)
  return err.done(
    C.kafka_client_set_oauthbearer_token(self.client, text, lifetime_ms, principal, list, #texts, native.error)
  )
end

--- Says that no token could be had; librdkafka asks again in a while.
---@param text string why
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Client:set_oauthbearer_failure(text)
  text = check.c_string(2, text)
  if not self.handle then
    return err.closed()
  end
  return err.done(C.kafka_client_set_oauthbearer_failure(self.client, text, native.error))
end

--- Sets the user and password for PLAIN or SCRAM, for connections made from now on.
---@param user string
---@param password string
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Client:set_sasl_credentials(user, password)
  user, password = check.c_string(2, user), check.c_string(3, password)
  if not self.handle then
    return err.closed()
  end
  return err.done(C.kafka_client_set_sasl_credentials(self.client, user, password, native.error))
end

local client = {
  --- What makes each kind of client: functions with the arguments of kafka.producer and the like, and one more: whether
  --- to have it made on a thread of its own, where the call gives way meanwhile. Each kind adds its own.
  ---@type table<string, function>
  constructors = {},
}

local KINDS = {
  producer = { out = native.out("kafka_producer *[1]"), new = C.kafka_producer_new, take = C.kafka_future_producer },
  consumer = { out = native.out("kafka_consumer *[1]"), new = C.kafka_consumer_new, take = C.kafka_future_consumer },
  admin = { out = native.out("kafka_admin *[1]"), new = C.kafka_admin_new, take = C.kafka_future_admin },
}

--- Starts a client. Throws what librdkafka says against its configuration.
---@param name string its kind
---@param brokers string
---@param client_conf ffi.cdata*
---@param aside? boolean on a thread of its own; gives way
---@return ffi.cdata* handle without a finalizer
function client.start(name, brokers, client_conf, aside)
  local kind = KINDS[name]
  local code, taken
  if aside then
    code, taken = future.await(kind.new(brokers, client_conf, nil, future.out, native.error), function(handle)
      return kind.take(handle, kind.out, native.error)
    end)
    code = code == 0 and taken or code
  else
    code = kind.new(brokers, client_conf, kind.out, nil, native.error)
  end
  if code == C.KAFKA_ERR_INVALID_ARGUMENT then
    error(native.message(), 0)
  elseif code ~= 0 then
    error("rd_kafka_new failed: " .. native.message(), 0)
  end
  return kind.out[0]
end

local function closed(done, ...)
  if not done then
    return err.failure(C.KAFKA_ERR_TIMED_OUT)
  end
  return ...
end

--- Closes an object, or waits for the close that is under way. Whatever becomes of its caller, it goes on: where it
--- runs handlers it is a task, and otherwise a future of a call that has been started before anything can yield.
---@param object table
---@param timeout_ms integer
---@param runs_handlers boolean
---@param body fun(object: table, timeout_ms: integer): ... what close() returns
function client.close(object, timeout_ms, runs_handlers, body)
  -- A handler that runs while it closes may want to close it as well.
  if not (object.handle or object.ending) or task.is_here(object) then
    return true
  elseif not phase.may_wait() then
    return err.failure(C.KAFKA_ERR_WOULD_BLOCK)
  end
  object.is_closing = true
  wait.interrupt(object)
  if runs_handlers then
    return closed(task.run(object, timeout_ms, body, object, timeout_ms))
  end
  return body(object, timeout_ms)
end

--- Has the library end an object, or joins the end that is under way, and waits for it. From its beginning on the
--- object has no handle.
---@param object table
---@param timeout_ms integer
---@param start fun(handle: ffi.cdata*, timeout_ms: integer, out: ffi.cdata*, err: ffi.cdata*): integer
---@param free fun(handle: ffi.cdata*)
---@return integer code KAFKA_ERR_TIMED_OUT also where another call began it, and it takes longer than this one may
---@return ffi.cdata*? handle of the future, once it is complete
function client.finish(object, timeout_ms, start, free)
  local ending, limit_ms = object.ending, timeout_ms
  if not ending then
    local code = start(object.handle, timeout_ms, future.out, native.error)
    if code ~= 0 then
      return code
    end
    ending, limit_ms = { of = object.handle, future = future.started() }, -1
    object.handle, object.ending = nil, ending
    wait.interrupt(object)
  end
  local code = future.wait(ending.future, limit_ms, ending)
  if not code then
    return C.KAFKA_ERR_TIMED_OUT
  elseif object.ending == ending then
    object.ending = nil
    native.release(ending.of, free)
  end
  return code, ending.future
end

-- The least and the most arguments of each method, the object included.
local COUNTS = {
  events = { 1, 2 },
  metadata = { 1, 2 },
  cluster_id = { 1, 2 },
  set_oauthbearer_token = { 2, 2 },
  set_oauthbearer_failure = { 2, 2 },
  set_sasl_credentials = { 3, 3 },
}

--- Adds what all clients have to a class that is about to be made.
client.extend = check.mixin(Client, COUNTS)

return client
