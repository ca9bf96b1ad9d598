--- kafka.producer: sends messages, and returns what became of them.

local ffi = require("ffi")
local check = require("kafka.check")
local client = require("kafka.client")
local conf = require("kafka.conf")
local err = require("kafka.err")
local events = require("kafka.events")
local native = require("kafka.native")
local phase = require("kafka.nginx.phase")
local task = require("kafka.nginx.task")
local flush = require("kafka.producer.flush")
local produce = require("kafka.producer.produce")
local reports = require("kafka.producer.reports")
local sandbox = require("kafka.producer.sandbox")
local send = require("kafka.producer.send")
local topics = require("kafka.producer.topics")
local transaction = require("kafka.producer.transaction")
local value = require("kafka.value")

local C = native.C

local INT32_MAX = 0x7fffffff
local CLOSE_TIMEOUT_MS = 10000

---@class kafka.Producer: kafka.Client
---@field handle? ffi.cdata* this library's own; nil when closed
---@field is_closing? true this library's own: close() has been called
---@field topics table<string, ffi.cdata*> this library's own
---@field ids? kafka.Tokens this library's own; in a sandbox host
local Producer = {}

local function free_producer(handle)
  C.kafka_producer_free(handle)
end

local function close_producer(handle, timeout_ms, out)
  return C.kafka_producer_close(handle, timeout_ms, nil, out, native.error)
end

local message_count = native.out("uint64_t[1]")

--- Why a producer cannot be used, for methods that would not notice by themselves.
---@param self kafka.Producer
---@return integer? code nil if it can
local function unusable(self)
  local handle = self.handle
  local code = handle and C.kafka_producer_len(handle, message_count, nil) or C.KAFKA_ERR_CLOSED
  return code ~= 0 and code or nil
end

--- Creates a topic to send to; does nothing if this producer manages it already. It makes a handle and waits for
--- nothing: whether the cluster has the topic shows when messages are sent.
---
--- Throws on a topic name or a property that librdkafka refuses.
---@param topic string
---@param topic_conf? kafka.Properties on top of what the producer was made with
---@return nil
---@return string? message why not: "closed" or "forked"
---@return integer? code
function Producer:create_topic(topic, topic_conf)
  topic = check.c_string(2, topic)
  check.optional_table(3, topic_conf)
  local code = unusable(self)
  if code then
    return err.failure(code)
  end
  if self.topics[topic] then
    return
  end
  local topic_handle, text = conf.with_topic(topic_conf, topics.create, self.handle, topic)
  if not topic_handle then
    error("create_topic failed: " .. text, 0)
  end
  self.topics[topic] = topic_handle
end

--- Whether this producer manages a topic.
---@param topic string
---@return boolean? managed
---@return string? message
---@return integer? code
function Producer:has_topic(topic)
  topic = check.string(2, topic)
  local code = unusable(self)
  if code then
    return err.failure(code)
  end
  return self.topics[topic] ~= nil
end

--- Removes a topic; does nothing if this producer does not manage it. What has been sent to it is delivered all the
--- same.
---@param topic string
---@return nil
---@return string? message
---@return integer? code
function Producer:destroy_topic(topic)
  topic = check.string(2, topic)
  local code = unusable(self)
  if code then
    return err.failure(code)
  end
  topics.destroy(self.topics, topic)
end

-- How long a flush goes on before close looks whether there is work for handlers, and no message that was given up may
-- be reported until close takes the rest for lost: a thread of librdkafka's that waits for a name server reports late.
local SLICE_MS = 50
local PURGE_MS = 15

--- The first half of closing where the program gets events, or reports one by one: fetches all reports, also those
--- of messages that have to be given up. Handlers of events run, for what is queued may wait for one, as for a token;
--- those of reports run afterwards. None of them can keep the producer from being closed.
---@param self kafka.Producer
---@param timeout_ms integer
---@return integer code
---@return integer lost messages given up, or failed without having been reported
---@return any failure an error of a handler's
local function settle(self, timeout_ms)
  local failure
  local function serve()
    local succeeded, thrown = pcall(events.dispatch, self, true)
    failure = failure or not succeeded and thrown or nil
    local mine = self.deliveries
    if not mine then
      return 0
    end
    mine:take_all()
    return mine:fetch(self)
  end
  local code = flush.until_reported(self, timeout_ms, SLICE_MS, serve)
  local mine = self.deliveries
  local lost = mine and mine.unreported or 0
  if code == C.KAFKA_ERR_TIMED_OUT and mine then
    local left = self:len() or 0
    local given_up = left
    flush.give_up(self)
    repeat
      local before = left
      code = flush.until_reported(self, PURGE_MS, SLICE_MS, serve)
      left = self:len() or 0
    until left == 0 or left == before or code ~= C.KAFKA_ERR_TIMED_OUT
    -- The rest is counted by closing.
    lost = lost + given_up - left
  end
  if mine then
    -- The caller of close() gets them.
    mine:count(self, 0)
  end
  local is_settled = code == C.KAFKA_ERR_TIMED_OUT or code == C.KAFKA_ERR_CLOSED
  return is_settled and 0 or code, lost, failure
end

local function runs_handlers(self)
  return self.deliveries ~= false or self.handled ~= 0
end

local function close(self, timeout_ms)
  local settled, lost_count, failure = 0, 0, nil
  if self.handle and runs_handlers(self) then
    settled, lost_count, failure = settle(self, timeout_ms)
    timeout_ms = self.ending and timeout_ms or 0
  end
  local code = 0
  -- A handler may have closed it meanwhile.
  if self.handle or self.ending then
    local ended
    code, ended = client.finish(self, timeout_ms, close_producer, free_producer)
    if code == 0 then
      lost_count = lost_count + value.of_future(ended)
    end
  end
  if code == C.KAFKA_ERR_FORKED then
    return err.failure(code)
  end
  for topic in pairs(self.topics) do
    topics.destroy(self.topics, topic)
  end
  if self.deliveries then
    self.deliveries:dispatch(self, true)
  end
  if lost_count > 0 and not task.is_awaited(self) then
    task.log(("gave up %d messages of a producer whose close() was ended"):format(lost_count))
  end
  if failure then
    error(failure, 0)
  elseif lost_count > 0 then
    code = C.KAFKA_ERR_TIMED_OUT
  elseif code == 0 then
    code = settled
  end
  if code ~= 0 then
    local _, message = err.explained(self.client, code)
    return nil, message, code, lost_count
  end
  return true
end

--- Sends what is queued, waits for its delivery, and ends the producer; then runs the handlers that are left. Closing
--- again returns true, once it has ended. An error of a handler's is passed on when it is closed.
---@param timeout_ms? integer milliseconds to wait at most, 10000 by default; -1 waits without limit
---@return true? closed nil if messages had to be given up: then "timeout", the code, and how many
---@return string? message
---@return integer? code
---@return integer? lost messages given up
function Producer:close(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, CLOSE_TIMEOUT_MS)
  return client.close(self, timeout_ms, runs_handlers(self), close)
end

local counts = {
  create_topic = { 2, 3 },
  has_topic = { 2, 2 },
  destroy_topic = { 2, 2 },
  close = { 1, 2 },
}
client.extend(Producer, counts)
send.extend(Producer, counts)
produce.extend(Producer, counts)
flush.extend(Producer, counts)
transaction.extend(Producer, counts)
local metatable = check.class("kafka.producer", Producer, counts)

local sandbox_send = check.method(metatable, 5, 5, sandbox.send)
local sandbox_poll = check.method(metatable, 1, 1, sandbox.poll)

-- The least, and what there is by default, as Kafka's own.
local LEAST_BUFFER_MEMORY, BUFFER_MEMORY = 128 * 1024, 32 * 1024 * 1024

local function start(client_conf, brokers, hosted, options, aside)
  if hosted then
    sandbox.check_conf(client_conf)
  end
  if options.delivery and not conf.is_true(client_conf, "enable.idempotence") then
    error("option 'delivery': \"ordered\" needs enable.idempotence, which is false", 0)
  end
  events.configure(client_conf, options)
  local bytes = options.buffer_memory
  if bytes then
    C.kafka_conf_set_buffer_memory(client_conf, bytes == true and BUFFER_MEMORY or bytes, nil)
  end
  local handle = ffi.gc(client.start("producer", brokers, client_conf, aside), free_producer)
  return handle, conf.is_true(client_conf, "delivery.report.only.error")
end

---@class kafka.ProducerOptions: kafka.ClientOptions
---@field reports? boolean every message is reported by `reports`
---@field on_delivery? fun(report: kafka.Report) called for every message that has no `on_delivery` of its own
---@field block_ms? integer how long a call waits for room where the queue is full; -1 waits without limit
---@field buffer_memory? boolean|integer messages go to a record accumulator; as a number, how many bytes of them there
--- may be that are not reported yet, 32 MiB by default
---@field delivery? "ordered" a message that is delivered is there once, and in order, also when brokers are lost:
--- enable.idempotence

local KNOWN_OPTIONS = { reports = true, on_delivery = true, block_ms = true, buffer_memory = true, delivery = true }
for name in pairs(events.OPTIONS) do
  KNOWN_OPTIONS[name] = true
end

--- Checks what is not a function among the options.
local function check_options(options, level)
  local wrong = "option '%s': %s expected, got %s"
  local has_reports, block_ms, buffer_memory = options.reports, options.block_ms, options.buffer_memory
  if has_reports ~= nil and type(has_reports) ~= "boolean" then
    check.fail(3, wrong:format("reports", "boolean", type(has_reports)), level + 1)
  elseif block_ms ~= nil and type(block_ms) ~= "number" then
    check.fail(3, wrong:format("block_ms", "number", type(block_ms)), level + 1)
  end
  if type(buffer_memory) == "number" then
    if not (buffer_memory >= LEAST_BUFFER_MEMORY and buffer_memory <= INT32_MAX) then
      check.fail(3, "option 'buffer_memory': number out of range", level + 1)
    end
  elseif buffer_memory ~= nil and type(buffer_memory) ~= "boolean" then
    check.fail(3, wrong:format("buffer_memory", "boolean or number", type(buffer_memory)), level + 1)
  end
  local delivery = options.delivery
  if delivery ~= nil and delivery ~= "ordered" then
    check.fail(3, ("option 'delivery': \"ordered\" expected, got %s"):format(tostring(delivery)), level + 1)
  end
  -- Not a number is not in range either.
  local in_range = block_ms == nil or block_ms == -1 or block_ms >= 0
  if not in_range then
    check.fail(3, "option 'block_ms': timeout out of range", level + 1)
  end
  return block_ms and math.min(math.floor(block_ms), INT32_MAX)
end

--- The properties with those besides that keep messages in order.
local function in_order(properties)
  local all = { ["enable.idempotence"] = true }
  for name, set in pairs(properties or {}) do
    all[name] = set
  end
  return all
end

--- Makes a producer. It connects in the background: brokers that cannot be reached are no error here.
---
--- Throws on a property that librdkafka refuses, and `invalid broker list`.
---@param brokers string "host:port,host:port"
---@param properties? kafka.Properties
---@param options? kafka.ProducerOptions what is not a property of librdkafka
---@return kafka.Producer
local function new(brokers, properties, options, aside)
  brokers = check.c_string(1, brokers)
  check.optional_table(2, properties)
  options = check.options(3, options, KNOWN_OPTIONS)
  phase.check_place()
  local block_ms = check_options(options, 1)
  if options.delivery then
    properties = in_order(properties)
  end
  local hosted = sandbox.is_host()
  local handle, only_errors = conf.with_client(properties, start, brokers, hosted, options, aside)
  -- False, not nil: to find that a field is not there takes a look into the class as well.
  local self = {
    handle = handle,
    topics = {},
    only_errors = only_errors,
    block_ms = block_ms or false,
    deliveries = false,
    unsettled = 0,
  }
  events.attach(self, events.client(handle, C.kafka_producer_client), options)
  if hosted then
    local take
    self.ids, take = sandbox.new_ids()
    self.deliveries = reports.new(options, only_errors, take)
    self.send = sandbox_send
    self.poll = sandbox_poll
  elseif block_ms or options.reports or options.on_delivery then
    self.deliveries = reports.new(options, only_errors)
  end
  if options.reports or options.on_delivery then
    self.deliveries:time(handle)
  end
  return setmetatable(self, metatable)
end

client.constructors.producer = new

return check.counted(1, 3, new)
