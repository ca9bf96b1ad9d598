--- kafka.consumer: receives messages.

local ffi = require("ffi")
local check = require("kafka.check")
local client = require("kafka.client")
local conf = require("kafka.conf")
local err = require("kafka.err")
local events = require("kafka.events")
local native = require("kafka.native")
local partitions = require("kafka.partitions")

local C = native.C

local RECEIVE_TIMEOUT_MS = 1000
local CLOSE_TIMEOUT_MS = 10000

---@class kafka.Consumer: kafka.Client
---@field private handle? ffi.cdata* nil when closed
---@field private message ffi.cdata* what the handle polls into
local Consumer = {}

local function free_consumer(handle)
  C.kafka_consumer_free(handle)
end

local uint32 = ffi.typeof("uint32_t")

local function read(message)
  local value, key = message.value, message.key
  -- LuaJIT on x64 may load an int32_t field only where its value is used, not minding the C calls in between; by then
  -- the message has been released. Converted here, it is loaded here.
  local partition = tonumber(ffi.cast(uint32, message.partition))
  return value ~= nil and ffi.string(value, message.value_len) or "",
    ffi.string(message.topic),
    partition,
    key ~= nil and ffi.string(key, message.key_len) or nil
end

local function wait_for_message(timeout_ms, self)
  return C.kafka_consumer_poll(self.handle, timeout_ms, self.message, nil)
end

--- Receives a message. Trouble with brokers or the network is no error: it goes on waiting.
---@param timeout_ms? integer milliseconds to wait at most, 1000 by default; 0 does not wait, -1 waits without limit
---@return string? message four nils when nothing came; "" also for a message without a payload (a tombstone)
---@return string? topic
---@return integer? partition
---@return string? key nil if the message has none
function Consumer:receive(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, RECEIVE_TIMEOUT_MS)
  if not self.handle then
    return err.closed()
  end
  local message = self.message
  local code = events.waiting(self, timeout_ms, wait_for_message)
  if code == 0 then
    -- Lua may run out of memory on the way, and the message must be given back all the same.
    local succeeded, value, topic, partition, key = pcall(read, message)
    C.kafka_message_release(message)
    if not succeeded then
      error(value, 0)
    end
    return value, topic, partition, key
  elseif code == C.KAFKA_ERR_TIMED_OUT then
    return nil, nil, nil, nil
  end
  return err.failure(code)
end

--- Commits what was received, leaves the group, and ends the consumer. Closing again returns true.
---@param timeout_ms? integer milliseconds to wait at most, 10000 by default; -1 waits without limit
---@return true? closed nil if the group could not be left in time: then "timeout" and the code. It is closed even so
---@return string? message
---@return integer? code
function Consumer:close(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, CLOSE_TIMEOUT_MS)
  local handle = self.handle
  if not handle then
    return true
  end
  local code = C.kafka_consumer_close(handle, timeout_ms, native.error)
  if code == C.KAFKA_ERR_FORKED then
    return err.failure(code)
  end
  local text = code ~= 0 and native.message() or nil
  self.handle = nil
  native.release(handle, free_consumer)
  if text then
    return err.failure(code, text)
  end
  return true
end

local counts = {
  receive = { 1, 2 },
  close = { 1, 2 },
}
client.extend(Consumer, counts)
local metatable = check.class("kafka.consumer", Consumer, counts)

local function create(client_conf, brokers)
  local out = ffi.new("kafka_consumer *[1]")
  local code = C.kafka_consumer_new(brokers, client_conf, out, native.error)
  if code == C.KAFKA_ERR_INVALID_ARGUMENT then
    error(native.message(), 0)
  elseif code ~= 0 then
    error("rd_kafka_new failed: " .. native.message(), 0)
  end
  return ffi.gc(out[0], free_consumer)
end

local function create_with_topics(list, single, client_conf, brokers)
  local handle = create(client_conf, brokers)
  local code
  if single then
    code = C.kafka_consumer_assign(handle, list, native.error)
  else
    code = C.kafka_consumer_subscribe(handle, list, native.error)
  end
  if code ~= 0 then
    local text = native.message()
    native.release(handle, free_consumer)
    error((single and "assign" or "subscribe") .. " failed: " .. text, 0)
  end
  return handle
end

local function set_topic_conf(topic_conf, client_conf)
  if topic_conf and C.kafka_conf_set_topic_conf(client_conf, topic_conf, native.error) ~= 0 then
    error(native.message(), 0)
  end
end

local function start(client_conf, brokers, topics, properties, topic_properties, options)
  local group_id = properties["group.id"]
  if group_id == nil or group_id == "" then
    error("group.id must be set", 0)
  end
  conf.with_topic(topic_properties, set_topic_conf, client_conf)
  events.configure(client_conf, options)
  if topics == nil then
    return create(client_conf, brokers)
  end
  -- Read before there is a client: one that is made in vain takes its time to go away.
  local list, single = partitions.parse(topics)
  return partitions.with(list, create_with_topics, single, client_conf, brokers)
end

local KNOWN_OPTIONS = events.OPTIONS

--- Makes a consumer. It connects in the background: brokers that cannot be reached are no error here.
---
--- Throws on a property that librdkafka refuses, on topics that cannot be, `group.id must be set`, and
--- `invalid broker list`.
---@param brokers string "host:port,host:port"
---@param topics? string[] "topic" or "^pattern" to share them with the consumer's group; "topic:partition" to consume
--- just that partition, without the group's balancing. The two cannot be mixed
---@param properties kafka.Properties must have "group.id"
---@param topic_properties? kafka.Properties those of each topic
---@param options? kafka.ClientOptions what is not a property of librdkafka
---@return kafka.Consumer
local function new(brokers, topics, properties, topic_properties, options)
  brokers = check.c_string(1, brokers)
  if check.optional_table(2, topics) and #topics == 0 then
    check.fail(2, "the topics array is empty")
  end
  check.table(3, properties)
  check.optional_table(4, topic_properties)
  options = check.options(5, options, KNOWN_OPTIONS)
  local handle = conf.with_client(properties, start, brokers, topics, properties, topic_properties, options)
  local self = setmetatable({ handle = handle, message = ffi.new("kafka_message") }, metatable)
  events.attach(self, events.client(handle, C.kafka_consumer_client), options)
  return self
end

return check.counted(3, 5, new)
