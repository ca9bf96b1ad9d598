--- kafka.consumer: receives messages.

local ffi = require("ffi")
local batch = require("kafka.batch")
local check = require("kafka.check")
local client = require("kafka.client")
local conf = require("kafka.conf")
local err = require("kafka.err")
local events = require("kafka.events")
local future = require("kafka.future")
local group = require("kafka.group")
local group_metadata = require("kafka.group_metadata")
local lookahead = require("kafka.lookahead")
local message = require("kafka.message")
local native = require("kafka.native")
local phase = require("kafka.nginx.phase")
local offsets = require("kafka.offsets")
local partitions = require("kafka.partitions")
local wait = require("kafka.wait")

local C = native.C

local TAKE_TIMEOUT_MS = 1000
local CLOSE_TIMEOUT_MS = 10000

-- As many messages are taken at once in nginx, where others want their turn.
local AT_ONCE = 500

-- Rebalances without a handler the library answers by itself; nginx cannot wait until it has.
local ANSWERED = phase.is_nginx and C.KAFKA_EVENT_REBALANCE or 0

---@class kafka.Consumer: kafka.Client
---@field private handle? ffi.cdata* nil when closed
---@field is_closing? true this library's own: close() has been called
---@field private is_unannounced? boolean
local Consumer = {}

local function free_consumer(handle)
  C.kafka_consumer_free(handle)
end

local uint32 = ffi.typeof("uint32_t")

--- Receives a message. Trouble with brokers or the network is no error: it goes on waiting.
---@param timeout_ms? integer milliseconds to wait at most, 1000 by default; 0 does not wait, -1 waits without limit
---@return string? message four nils when nothing came; "" also for a message without a payload (a tombstone)
---@return string? topic
---@return integer? partition
---@return string? key nil if the message has none
function Consumer:receive(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, TAKE_TIMEOUT_MS)
  if not self.handle then
    return err.closed()
  end
  local raw, code = lookahead.next(self, timeout_ms)
  if not raw then
    if code == C.KAFKA_ERR_TIMED_OUT or code == C.KAFKA_ERR_PARTITION_EOF then
      return nil, nil, nil, nil
    end
    return err.failure(code)
  end
  local topic = lookahead.topic(self, raw)
  local value, key = raw.value, raw.key
  -- LuaJIT on x64 may load an int32_t field only where its value is used, not minding the C calls in between; by then
  -- it may be another message's. Converted here, it is loaded here.
  local partition = tonumber(ffi.cast(uint32, raw.partition))
  value = value ~= nil and ffi.string(value, raw.value_len) or ""
  key = key ~= nil and ffi.string(key, raw.key_len) or nil
  -- Not before the strings are made, for which there may be no memory.
  lookahead.read(self)
  return value, topic, partition, key
end

--- Why there is no message.
local function nothing(code)
  if code == C.KAFKA_ERR_TIMED_OUT or code == C.KAFKA_ERR_CLOSED then
    return err.failure(code)
  end
  return err.failed(code)
end

--- Takes a message. Trouble with brokers or the network is an event, and it goes on waiting.
---@param timeout_ms? integer milliseconds to wait at most, 1000 by default; 0 does not wait, -1 waits without limit
---@return kafka.Message? message
---@return string? text "timeout" when nothing came
---@return integer? code PARTITION_EOF at a partition's end, with enable.partition.eof: its event says which
---@return kafka.ErrorInfo? info
function Consumer:poll(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, TAKE_TIMEOUT_MS)
  if not self.handle then
    return err.closed()
  end
  local raw, code = lookahead.next(self, timeout_ms)
  if not raw then
    return nothing(code)
  end
  local found = message.read(message.view(raw), lookahead.topic(self, raw))
  lookahead.read(self)
  return found
end

--- An iterator over messages, for `for message in consumer:messages() do`. It ends when nothing has come for some time,
--- and when the consumer is closed or cannot go on.
---@param timeout_ms? integer milliseconds to wait for each at most; -1, the default, waits without limit
---@return fun(): kafka.Message? next
function Consumer:messages(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, -1)
  -- No loop: one inside of the caller's would not be compiled.
  local function next_message()
    local found, _, code = self:poll(timeout_ms)
    if code == C.KAFKA_ERR_PARTITION_EOF then
      return next_message()
    end
    return found
  end
  return next_message
end

local function look_for_batch(self, most, left_ms)
  local code = C.kafka_consumer_consume(self.handle, most, left_ms, batch.out, native.error)
  if code ~= C.KAFKA_ERR_TIMED_OUT then
    return code
  end
end

--- Looks for so many messages in portions, after which others may have their turn. What is there is taken back if its
--- partition moves meanwhile.
local function look_ahead(self, wanted, left_ms)
  local code = C.kafka_consumer_look_ahead(self.handle, math.min(wanted.most, wanted.count), left_ms, native.error)
  if code == 0 and wanted.count < wanted.most then
    wanted.count = wanted.count + AT_ONCE
    return C.KAFKA_ERR_EVENT
  elseif code ~= C.KAFKA_ERR_TIMED_OUT then
    return code
  end
end

local function take(self, most, timeout_ms, made)
  if not self.handle then
    return err.closed()
  end
  local missed
  if not phase.may_block() then
    -- Here no call waits by itself until they are all there.
    local code = wait.until_ready(self, timeout_ms, look_ahead, { most = most, count = AT_ONCE })
    if not self.handle then
      return err.closed()
    elseif code ~= 0 and code ~= C.KAFKA_ERR_TIMED_OUT then
      -- It is returned unless there are messages to be read first.
      missed = { nothing(code) }
    end
    timeout_ms = 0
  end
  local code = wait.until_ready(self, timeout_ms, look_for_batch, most)
  if code == C.KAFKA_ERR_TIMED_OUT and missed then
    return unpack(missed, 1, 4)
  elseif code ~= 0 then
    return nothing(code)
  end
  return made(batch.taken())
end

local function check_most(most)
  most = check.int32(2, most, nil, 2)
  if most < 1 then
    check.fail(2, "number out of range", 2)
  end
  return most
end

--- Takes messages: waits until there are `most`, or the time is up, and returns those that came. What a message holds
--- is copied when it is read; the messages of one call are freed together, when none of them is referred to any more.
---@param most integer 1 at least
---@param timeout_ms? integer milliseconds to wait at most, 1000 by default; 0 does not wait, -1 waits without limit
---@return kafka.Message[]? messages one at least
---@return string? text as `poll` when nothing came
---@return integer? code
---@return kafka.ErrorInfo? info
function Consumer:consume(most, timeout_ms)
  most = check_most(most)
  timeout_ms = check.timeout(3, timeout_ms, TAKE_TIMEOUT_MS)
  return take(self, most, timeout_ms, batch.messages)
end

--- As `consume`, without copying what the messages hold.
---@param most integer 1 at least
---@param timeout_ms? integer milliseconds to wait at most, 1000 by default; 0 does not wait, -1 waits without limit
---@return kafka.Batch? batch
---@return string? text as `poll` when nothing came
---@return integer? code
---@return kafka.ErrorInfo? info
function Consumer:consume_views(most, timeout_ms)
  most = check_most(most)
  timeout_ms = check.timeout(3, timeout_ms, TAKE_TIMEOUT_MS)
  return take(self, most, timeout_ms, batch.object)
end

local function metadata(_, self, out, place)
  return C.kafka_consumer_group_metadata(self.handle, place, out, native.error)
end

--- What the consumer is in its group at the moment, for `send_offsets_to_transaction`.
---@return kafka.GroupMetadata? metadata
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Consumer:group_metadata()
  return future.call(self, nil, metadata, group_metadata.taken, group_metadata.of_future, group_metadata.out)
end

local function close(self, timeout_ms)
  local left_ms, failure = timeout_ms, nil
  if self.handle and group.has_handlers(self) then
    left_ms, failure = group.leave(self, timeout_ms)
  end
  local code = 0
  -- A handler may have closed it meanwhile.
  if self.handle or self.ending then
    code = client.finish(self, left_ms, C.kafka_consumer_close, free_consumer)
  end
  if code == C.KAFKA_ERR_FORKED then
    return err.failure(code)
  end
  local text = code ~= 0 and native.message() or nil
  if failure then
    error(failure, 0)
  elseif text then
    return err.failure(code, text)
  end
  return true
end

--- Commits what was received, leaves the group, and ends the consumer. Closing again returns true, once it has ended.
--- An error of a handler's is passed on when it is closed.
---@param timeout_ms? integer milliseconds to wait at most, 10000 by default; -1 waits without limit
---@return true? closed nil if the group could not be left in time: then "timeout" and the code. It is closed even so
---@return string? message
---@return integer? code
function Consumer:close(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, CLOSE_TIMEOUT_MS)
  return client.close(self, timeout_ms, group.has_handlers(self), close)
end

--- Whether it has been closed.
---@return boolean
function Consumer:is_closed()
  return not self.handle
end

local counts = {
  receive = { 1, 2 },
  poll = { 1, 2 },
  messages = { 1, 2 },
  consume = { 2, 3 },
  consume_views = { 2, 3 },
  group_metadata = { 1, 1 },
  close = { 1, 2 },
  is_closed = { 1, 1 },
}
client.extend(Consumer, counts)
group.extend(Consumer, counts)
offsets.extend(Consumer, counts)
local metatable = check.class("kafka.consumer", Consumer, counts)

local function create(client_conf, brokers, aside)
  return ffi.gc(client.start("consumer", brokers, client_conf, aside), free_consumer)
end

local function create_with_topics(list, single, client_conf, brokers, aside)
  local handle = create(client_conf, brokers, aside)
  local begin = single and C.kafka_consumer_assign or C.kafka_consumer_subscribe
  local code = begin(handle, list, aside and future.out or nil, native.error)
  if aside then
    code = future.await(code)
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

local function start(client_conf, brokers, topics, properties, topic_properties, options, aside)
  local group_id = properties["group.id"]
  if group_id == nil or group_id == "" then
    error("group.id must be set", 0)
  end
  conf.with_topic(topic_properties, set_topic_conf, client_conf)
  events.configure(client_conf, options, ANSWERED)
  lookahead.configure(client_conf)
  if topics == nil then
    return create(client_conf, brokers, aside)
  end
  -- Read before there is a client: one that is made in vain takes its time to go away.
  local list, single = partitions.parse(topics)
  return partitions.with(list, create_with_topics, single, client_conf, brokers, aside)
end

---@class kafka.ConsumerOptions: kafka.ClientOptions
---@field on_assign? fun(consumer: kafka.Consumer, partitions: kafka.Partition[]) partitions are given
---@field on_revoke? fun(consumer: kafka.Consumer, partitions: kafka.Partition[]) they are about to be taken
---@field on_lost? fun(consumer: kafka.Consumer, partitions: kafka.Partition[]) they are gone; on_revoke by default

local KNOWN_OPTIONS = { on_assign = true, on_revoke = true, on_lost = true }
for name in pairs(events.OPTIONS) do
  KNOWN_OPTIONS[name] = true
end

--- Makes a consumer. It connects in the background: brokers that cannot be reached are no error here.
---
--- Throws on a property that librdkafka refuses, on topics that cannot be, `group.id must be set`, and
--- `invalid broker list`.
---@param brokers string "host:port,host:port"
---@param topics? string[] "topic" or "^pattern" to share them with the consumer's group; "topic:partition" to consume
--- just that partition, without the group's balancing. The two cannot be mixed
---@param properties kafka.Properties must have "group.id"
---@param topic_properties? kafka.Properties those of each topic
---@param options? kafka.ConsumerOptions what is not a property of librdkafka
---@return kafka.Consumer
local function new(brokers, topics, properties, topic_properties, options, aside)
  brokers = check.c_string(1, brokers)
  if check.optional_table(2, topics) and #topics == 0 then
    check.fail(2, "the topics array is empty")
  end
  check.table(3, properties)
  check.optional_table(4, topic_properties)
  options = check.options(5, options, KNOWN_OPTIONS)
  phase.check_place()
  local handle = conf.with_client(properties, start, brokers, topics, properties, topic_properties, options, aside)
  local self = setmetatable({ handle = handle, answer = group.answer }, metatable)
  events.attach(self, events.client(handle, C.kafka_consumer_client), options, ANSWERED)
  lookahead.attach(self)
  return self
end

client.constructors.consumer = new

return check.counted(3, 5, new)
