--- What producers, consumers and admin clients have in common.

local ffi = require("ffi")
local check = require("kafka.check")
local err = require("kafka.err")
local events = require("kafka.events")
local native = require("kafka.native")
local request = require("kafka.request")
local value = require("kafka.value")

local C = native.C

local TIMEOUT_MS = 10000

---@class kafka.Client
---@field handle? ffi.cdata* this library's own; nil when closed
---@field client ffi.cdata* this library's own
local Client = {}

--- Takes what there is to tell that no handler hears of: errors, statistics, logs and the like, oldest first. Of what
--- nobody takes, the newest are kept, and the others counted. Never waits.
---@param max? integer 100 by default
---@return kafka.Event[]? events
---@return string? message
---@return integer? code
function Client:events(max)
  max = check.int32(2, max, 100)
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
  local refused = request.refusal(self)
  if refused then
    return err.failure(refused)
  end
  local code = C.kafka_client_metadata(self.client, topic, timeout_ms, request.out, native.error)
  return request.finish(code, timeout_ms, value.of_request, self)
end

--- Asks for the cluster's name for itself.
---@param timeout_ms? integer milliseconds, 10000 by default
---@return string? id
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Client:cluster_id(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, TIMEOUT_MS)
  local refused = request.refusal(self)
  if refused then
    return err.failure(refused)
  end
  local code = C.kafka_client_cluster_id(self.client, timeout_ms, request.out, native.error)
  return request.finish(code, timeout_ms, value.of_request, self)
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

local client = {}

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
