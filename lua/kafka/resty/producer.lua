--- lua-resty-kafka's producer, by librdkafka. See docs/RESTY.md.

local ffi = require("ffi")
local check = require("kafka.check")
local client = require("kafka.resty.client")
local compare = require("kafka.resty.compare")
local config = require("kafka.resty.config")
local err = require("kafka.err")
local errors = require("kafka.resty.errors")
local native = require("kafka.native")
local phase = require("kafka.nginx.phase")
local flush = require("kafka.producer.flush")
local produce = require("kafka.producer.produce")
local reports = require("kafka.producer.reports")
local resty = require("kafka.resty")
local task = require("kafka.nginx.task")
local turn = require("kafka.turn")
local wait = require("kafka.wait")

local C = native.C
local ngx = rawget(_G, "ngx")
local codes = err.codes

local int64 = ffi.typeof("int64_t")

-- How long a light thread that fetches reports waits before it looks whether the worker is to end.
local LOOK_MS = 500

-- How long what is queued then may take to be sent, and what is given up to be reported.
local LAST_FLUSH_MS = 2000
local PURGE_MS = 500

-- A message's end is librdkafka's to say, and comes somewhat behind its time.
local MARGIN_MS = 1000

local DEFAULT_CLUSTER = 1

-- What lua-resty-kafka writes for no key, so that consumers go on finding what they found. For librdkafka's partitioner
-- it is none as well.
local NO_KEY = ""

-- What is kept of messages where those that fail are not asked for.
local NO_KEY_AND_MESSAGE = {}

---@class kafka.resty.Failures those of one partition, for one reason
---@field topic string
---@field partition_id integer
---@field queue string[] keys and messages in turn
---@field index integer how many of both
---@field err string
---@field retryable boolean

---@class kafka.resty.Deferred messages of a topic whose partitions are not known yet
---@field queue any[] keys and messages in turn
---@field first integer where the first of them is
---@field last integer where the last of them ends

---@class kafka.resty.Producer
---@field client kafka.resty.Client
---@field async boolean
---@field partitioner function
---@field error_handle? function
---@field socket_config table<string, any> lua-resty-kafka's, as it is in force
---@field ringbuffer table empty
---@field sendbuffer table empty
---@field private settings kafka.resty.ProducerSettings
---@field private name string
---@field private options kafka.ProducerOptions
---@field private entry? kafka.resty.Entry of that producer, once it has been made
---@field private given any[] what it was made with, copied
---@field private correlation_id integer
---@field private outstanding integer messages without a report yet
---@field private offsets table<string, table<integer, integer>>
---@field private failures kafka.resty.Failures[]
---@field private deferred table<string, kafka.resty.Deferred>
---@field private deferred_count integer
---@field private held integer messages that only this object knows of
---@field private producer? kafka.Producer that counts them
---@field private on_delivery fun(report: ffi.cdata*, sent?: any[])
local Producer = {
  --- Of the lua-resty-kafka that this follows.
  _VERSION = "0.23",
}

local metatable = { __index = Producer }

-- What lua-resty-kafka keeps messages in. Some programs look for theirs in there, such as APISIX's kafka-logger; they
-- find none, and go on.
local RING_BUFFER = { queue = {}, size = 0, start = 1, num = 0 }
local SEND_BUFFER = { topics = {}, queue_num = 0 }

-- How many configurations are kept of one name.
local KNOWN_MAX = 32

---@type table<string, kafka.resty.Producer[]> by name, the last one of each configuration, those used last at the end
local known = {}

local function default_partitioner(key, count, correlation_id)
  return (key and ngx.crc32_short(key) or correlation_id) % count
end

--- Changes the number of messages that are nowhere but in here: those are lost should the worker be terminated, and
--- then the librdkafka producer says so.
local function hold(self, count)
  self.held = self.held + count
  if self.producer then
    reports.unsettle(self.producer, count)
  end
end

--- The librdkafka producer that all of the same name and configuration share.
local function connect(self)
  local producer = self.entry and resty.held(self.entry)
  if producer then
    return producer
  end
  local connection = config.connection(self.settings)
  local made, entry = pcall(resty.hold_producer, self.name, connection.brokers, connection.properties, self.options)
  if not made then
    return nil, entry
  end
  local held = self.held
  hold(self, -held)
  self.entry, self.producer = entry, entry.client
  hold(self, held)
  return entry.client
end

--- Puts messages that were not delivered to others of their kind.
local function fail(self, topic, partition_id, key, message, text, retryable)
  local failures = self.failures
  local found
  for at = #failures, 1, -1 do
    local group = failures[at]
    local is_same = group.err == text and group.retryable == retryable
    if is_same and group.topic == topic and group.partition_id == partition_id then
      found = group
      break
    end
  end
  if not found then
    found = { topic = topic, partition_id = partition_id, queue = {}, index = 0, err = text, retryable = retryable }
    failures[#failures + 1] = found
  end
  local index = found.index + 2
  found.queue[index - 1], found.queue[index], found.index = key or NO_KEY, message, index
  hold(self, 1)
end

--- Remembers how far a partition has come.
---@return integer offset behind the message, which is what lua-resty-kafka returns
local function remember(self, topic, partition_id, offset)
  local offsets = self.offsets[topic]
  if not offsets then
    offsets = {}
    self.offsets[topic] = offsets
  end
  offsets[partition_id] = offset + 1
  return offset + 1
end

local function account_for(self, report, sent)
  self.outstanding = self.outstanding - 1
  local topic, partition_id, code = ffi.string(report.topic), tonumber(report.partition), tonumber(report.code)
  if code == 0 then
    -- Less than 0 where no broker has given one.
    remember(self, topic, partition_id, math.max(tonumber(report.offset), -1))
    return
  end
  local text = errors.text(code)
  -- What had no partition yet: its topic was not to be had.
  if partition_id < 0 and code == codes.MSG_TIMED_OUT then
    text = errors.text(codes.UNKNOWN_TOPIC)
  end
  sent = sent or NO_KEY_AND_MESSAGE
  local is_absent = report.status == C.KAFKA_MSG_STATUS_NOT_PERSISTED
  fail(self, topic, partition_id, sent[1], sent[2], text, errors.is_retryable(code, is_absent))
end

--- Reports messages that were not delivered: to the program's handler, or in the error log.
local function report_failures(self)
  local handle = self.error_handle
  while self.failures[1] do
    local failed = table.remove(self.failures, 1)
    hold(self, -failed.index / 2)
    if handle then
      local succeeded, text =
        pcall(handle, failed.topic, failed.partition_id, failed.queue, failed.index, failed.err, failed.retryable)
      if not succeeded then
        ngx.log(ngx.ERR, "kafka: failed to callback error_handle: ", text)
      end
    else
      -- As lua-resty-kafka says it: programs may look for that in the log.
      local format =
        "kafka: buffered messages send to kafka err: %s, retryable: %s, topic: %s, partition_id: %d, length: %d"
      local count, retryable = failed.index / 2, tostring(failed.retryable)
      ngx.log(ngx.ERR, format:format(failed.err, retryable, failed.topic, failed.partition_id, count))
    end
  end
end

local function make(settings, name)
  local self = {
    settings = settings,
    name = name,
    options = { block_ms = settings.block_ms },
    async = settings.is_async,
    partitioner = settings.partitioner or default_partitioner,
    error_handle = settings.error_handle,
    socket_config = settings.socket_config,
    ringbuffer = RING_BUFFER,
    sendbuffer = SEND_BUFFER,
    correlation_id = 1,
    outstanding = 0,
    offsets = {},
    failures = {},
    deferred = {},
    deferred_count = 0,
    held = 0,
  }
  self.client = client.of(settings, function()
    return connect(self)
  end)
  function self.on_delivery(report, sent)
    account_for(self, report, sent)
  end
  reports.handle_at_once(self.on_delivery)
  return setmetatable(self, metatable)
end

--- Takes the last producer of a configuration out of a list.
local function take_known(list, given)
  for at = #list, 1, -1 do
    if compare.difference(list[at].given, given) == nil then
      return table.remove(list, at)
    end
  end
end

--- Makes a producer, or returns the asynchronous one that there is of this cluster if it is configured so. It connects
--- when it is first used, so it can be made in any phase.
---@param broker_list kafka.resty.Broker[]
---@param producer_config? kafka.resty.ProducerConfig
---@param cluster_name? any 1 by default; for asynchronous ones
---@return kafka.resty.Producer
function Producer.new(_, broker_list, producer_config, cluster_name)
  producer_config = producer_config or {}
  local is_async = producer_config.producer_type == "async"
  local name = is_async and "async " .. tostring(cluster_name or DEFAULT_CLUSTER)
    or "sync " .. config.names(broker_list)
  local list, given = known[name] or {}, { broker_list, producer_config }
  local before = take_known(list, given)
  local made = before
  if not (before and is_async) then
    local settings = before and before.settings or config.producer(broker_list, producer_config)
    made = make(settings, "lua-resty-kafka " .. name)
    made.given = before and before.given or compare.copy(given)
    if before then
      -- What is known of topics is known to all, and they go round together.
      made.client, made.correlation_id = before.client, before.correlation_id
    end
  end
  list[#list + 1], known[name] = made, list
  if #list > KNOWN_MAX then
    table.remove(list, 1)
  end
  return made
end

--- The partition of a message, out of so many.
local function choose(self, key, count)
  local partition_id = self.partitioner(key, count, self.correlation_id)
  local is_one = type(partition_id) == "number"
    and partition_id >= 0
    and partition_id % 1 == 0
    and partition_id < 2 ^ 31
  if not is_one then
    error("partitioner: the number of a partition expected, got " .. tostring(partition_id), 0)
  end
  self.correlation_id = (self.correlation_id + 1) % 2 ^ 30
  return partition_id
end

local function enqueue(self, producer, topic, partition_id, key, message)
  local code = produce.queue(producer, {
    topic = topic,
    partition = partition_id,
    key = key or NO_KEY,
    value = message,
    timestamp = 0,
    first_header = 0,
    header_count = 0,
    -- For error_handle only.
    opaque = self.error_handle and { key, message } or nil,
    on_delivery = self.on_delivery,
  })
  if code == 0 then
    self.outstanding = self.outstanding + 1
    return true
  end
  return nil, code
end

--- Brokers and partitions of a topic, for which it asks as often as a message is tried to be sent.
local function insist(self, topic)
  local properties = self.settings.properties
  for _ = 1, properties["message.send.max.retries"] do
    local brokers, partitions = self.client:fetch_metadata(topic)
    if brokers then
      return brokers, partitions
    end
    wait.pause(properties["retry.backoff.ms"])
  end
  return self.client:fetch_metadata(topic)
end

local function place(self, producer, topic, partitions, key, message)
  local partition_id = choose(self, key, partitions.num)
  local sent, code = enqueue(self, producer, topic, partition_id, key, message)
  return sent or errors.text(code)
end

--- Sends what waits for its topic's partitions to be known. Where they cannot be had it fails.
local function send_deferred(self, producer)
  while next(self.deferred) do
    local topic, deferred = next(self.deferred)
    local brokers, partitions = insist(self, topic)
    local queue = deferred.queue
    -- Others may come meanwhile.
    while deferred.first < deferred.last do
      local at = deferred.first
      local key, message = queue[at] or nil, queue[at + 1]
      queue[at], queue[at + 1], deferred.first = nil, nil, at + 2
      self.deferred_count = self.deferred_count - 1
      local placed, text = false, partitions
      if brokers then
        placed, text = pcall(place, self, producer, topic, partitions, key, message)
      end
      if not placed or text ~= true then
        fail(self, topic, -1, key, message, text, brokers == nil)
      end
      hold(self, -1)
    end
    if self.deferred[topic] == deferred then
      self.deferred[topic] = nil
    end
  end
end

--- Has that done by a task, and waits for it.
local function await_deferred(self, producer)
  if next(self.deferred) then
    task.run(self.deferred, -1, send_deferred, self, producer)
  end
end

--- Sends what there is before the worker ends; what cannot be sent is reported.
local function settle(producer)
  if not producer:flush(LAST_FLUSH_MS) then
    flush.give_up(producer)
    producer:flush(PURGE_MS)
  end
end

--- Fetches reports, as long as there are messages without.
local function fetch_all(self)
  local producer = connect(self)
  while producer and (self.outstanding > 0 or self.deferred_count > 0) do
    await_deferred(self, producer)
    if ngx.worker.exiting() then
      settle(producer)
    else
      producer:poll(LOOK_MS)
    end
    report_failures(self)
    if producer:is_closed() then
      -- What it had has been reported. What there is now is another's.
      producer = connect(self)
    end
  end
  report_failures(self)
end

--- Has a light thread fetch reports; what can be fetched without waiting is fetched here where there can be none.
local function start_fetching(self, producer)
  if not task.start(self, fetch_all, self) then
    producer:poll(0)
    report_failures(self)
  end
end

local function defer(self, topic, key, message)
  local deferred = self.deferred[topic]
  if not deferred then
    deferred = { queue = {}, first = 1, last = 0 }
    self.deferred[topic] = deferred
  end
  local last = deferred.last + 2
  deferred.queue[last - 1], deferred.queue[last], deferred.last = key or false, message, last
  hold(self, 1)
  self.deferred_count = self.deferred_count + 1
end

--- What lua-resty-kafka says where there is no room.
local function overflow(self, code)
  if not self.settings.block_ms then
    return "buffer overflow"
  elseif code == codes.WOULD_BLOCK then
    return "buffer overflow API disabled in the current context"
  end
  return "buffer overflow timeout"
end

--- Where a partition is not there, what is known of the topic is out of date.
local function doubt(self, topic, code)
  if code == codes.UNKNOWN_PARTITION or code == codes.UNKNOWN_TOPIC then
    self.client:forget(topic)
  end
end

local function send_async(self, topic, key, message)
  local producer, text = connect(self)
  if not producer then
    return nil, text
  end
  local partition_id = -1
  if self.settings.partitioner then
    local partitions, is_old = self.client:known(topic)
    if not partitions or is_old or self.deferred[topic] then
      if self.deferred_count + producer:len() >= self.settings.capacity then
        return nil, "buffer overflow"
      end
      if not task.start(self, fetch_all, self) then
        return nil, "no timer to be had for asking about the topic"
      end
      defer(self, topic, key, message)
      return true
    end
    partition_id = choose(self, key, partitions.num)
  elseif key == "" then
    -- crc32("") is 0, while librdkafka takes it for no key.
    partition_id = 0
  end
  local sent, code = enqueue(self, producer, topic, partition_id, key, message)
  if code == codes.QUEUE_FULL then
    -- Reports that have not been fetched take room.
    producer:poll(0)
    sent, code = enqueue(self, producer, topic, partition_id, key, message)
  end
  if not sent and (code == codes.QUEUE_FULL or code == codes.WOULD_BLOCK) then
    start_fetching(self, producer)
    return nil, overflow(self, code)
  elseif not sent then
    doubt(self, topic, code)
    return nil, errors.text(code)
  end
  start_fetching(self, producer)
  return true
end

local function send_sync(self, topic, key, message)
  if not phase.may_wait() then
    return nil, err.text(codes.WOULD_BLOCK)
  end
  local brokers, partitions = self.client:fetch_metadata(topic)
  if not brokers then
    return nil, partitions
  end
  local producer, text = connect(self)
  if not producer then
    return nil, text
  end
  local partition_id = choose(self, key, partitions.num)
  local record = { topic = topic, partition = partition_id, key = key or NO_KEY, value = message }
  local report, _, code, failed = producer:produce_sync(record, self.settings.delivery_ms + MARGIN_MS)
  if not report then
    doubt(self, topic, code)
    local is_absent = failed and failed.status == "not_persisted"
    return nil, errors.text(code), errors.is_retryable(code, is_absent)
  end
  return int64(remember(self, report.topic, report.partition, report.offset or -1))
end

--- Sends a message. A synchronous producer waits until it is delivered; an asynchronous one never waits, unless it has
--- `wait_on_buffer_full`, and works in every phase.
---@param topic string
---@param key? string
---@param message string
---@return ffi.cdata*|true|nil offset an int64_t, the one behind the message; true from an asynchronous producer
---@return string? err
---@return boolean? retryable
function Producer:send(topic, key, message)
  topic = check.c_string(2, topic)
  key = key ~= nil and check.string(3, key) or nil
  -- None at all would be a tombstone.
  message = check.string(4, message)
  if self.async then
    return send_async(self, topic, key, message)
  end
  return send_sync(self, topic, key, message)
end

--- Sends what is gathered, and waits until all of it is delivered or has failed; `error_handle` runs in here.
---@return true done
function Producer:flush()
  local producer = connect(self)
  if producer then
    if phase.may_wait() then
      await_deferred(self, producer)
    end
    producer:flush(self.settings.delivery_ms + MARGIN_MS)
    -- One call fetches so many reports, and no more.
    local before
    repeat
      before = self.outstanding
      turn.take()
      producer:poll(0)
    until self.outstanding == before or self.outstanding == 0
    report_failures(self)
  end
  return true
end

--- The offsets behind the last messages that were delivered.
---@return ffi.cdata*|integer sum of all, an int64_t; 0 if there are none
---@return table<string, table<integer, ffi.cdata*>> details by topic and partition
function Producer:offset()
  local sum, details = 0, {}
  for topic, offsets in pairs(self.offsets) do
    details[topic] = {}
    for partition_id, offset in pairs(offsets) do
      local exact = int64(offset)
      sum, details[topic][partition_id] = sum + exact, exact
    end
  end
  return sum, details
end

return Producer
