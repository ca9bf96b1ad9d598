--- lua-resty-kafka's basic consumer: reads a partition from an offset that the caller keeps, without a group. See
--- docs/RESTY.md.

local ffi = require("ffi")
local client = require("kafka.resty.client")
local compare = require("kafka.resty.compare")
local config = require("kafka.resty.config")
local err = require("kafka.err")
local errors = require("kafka.resty.errors")
local kafka_consumer = require("kafka.consumer")
local phase = require("kafka.nginx.phase")
local resty = require("kafka.resty")
local task = require("kafka.nginx.task")
local timestamps = require("kafka.resty.protocol.consumer")

local ngx = rawget(_G, "ngx")
local notifier = phase.is_nginx and require("kafka.nginx.notifier")
local codes = err.codes

local int64 = ffi.typeof("int64_t")

-- As much one fetch returns at most.
local FETCH_BYTES = 10 * 1024 * 1024

-- How long a fetch waits for more of what is on its way: somewhat longer than a broker waits for new messages.
local NEXT_MS = 150

-- How long closing one may take.
local CLOSE_MS = 1000

-- How many unused consumers are kept for the same configuration, and for how long.
local IDLE_MAX = 4
local IDLE_S = 60

---@class kafka.resty.Reader a consumer, and where it is
---@field consumer kafka.Consumer
---@field topic? string
---@field partition? integer
---@field offset? integer of the next message
---@field is_at_end? boolean it has been found to have none yet
---@field since number when it was last used, in seconds

---@class kafka.resty.Pool readers of the same configuration
---@field name string
---@field settings kafka.resty.Settings
---@field idle kafka.resty.Reader[]
---@field is_watched boolean whether a timer closes the unused ones

---@type table<string, kafka.resty.Pool[]> by brokers
local pools = {}

---@class kafka.resty.Consumer
---@field client kafka.resty.Client
---@field socket_config table<string, any> lua-resty-kafka's, as it is in force
---@field private pool kafka.resty.Pool
local Consumer = {
  --- Of the lua-resty-kafka that this follows.
  _VERSION = "0.23",
}

local metatable = { __index = Consumer }

local PROPERTIES = {
  -- librdkafka wants a name, but nothing is done in its group.
  ["group.id"] = "kafka.resty.basic-consumer",
  ["enable.auto.commit"] = false,
  ["enable.auto.offset.store"] = false,
  ["enable.partition.eof"] = true,
  ["auto.offset.reset"] = "error",
  ["fetch.wait.max.ms"] = 100,
  ["fetch.message.max.bytes"] = FETCH_BYTES,
  ["queued.max.messages.kbytes"] = FETCH_BYTES / 1024,
}

local function find_pool(name, settings)
  local list = pools[name] or {}
  pools[name] = list
  for _, pool in ipairs(list) do
    if compare.difference(pool.settings, settings) == nil then
      return pool
    end
  end
  local pool = { name = name, settings = settings, idle = {}, is_watched = false }
  list[#list + 1] = pool
  return pool
end

---@class kafka.resty.ConsumerConfig: kafka.resty.ClientConfig
---@field isolation_level? 0|1 1 does not see messages of transactions that are not committed
---@field client_rack? string

--- Makes a consumer; connects when it is first used.
---@param broker_list kafka.resty.Broker[]
---@param client_config? kafka.resty.ConsumerConfig
---@return kafka.resty.Consumer
function Consumer.new(_, broker_list, client_config)
  local opts = client_config or {}
  local settings = config.client(broker_list, opts)
  local properties = settings.properties
  for name, value in pairs(PROPERTIES) do
    if properties[name] == nil then
      properties[name] = value
    end
  end
  properties["isolation.level"] = opts.isolation_level == 1 and "read_committed" or "read_uncommitted"
  properties["client.rack"] = opts.client_rack
  local pool = find_pool(config.names(broker_list), settings)
  local asking = client:new(broker_list, client_config)
  return setmetatable({ pool = pool, client = asking, socket_config = asking.socket_config }, metatable)
end

-- What has nothing to do with reading; the others that a broker names end a fetch.
local IGNORED = { [codes.GROUP_AUTHORIZATION_FAILED] = true, [codes.COORDINATOR_NOT_AVAILABLE] = true }

local OPTIONS = {
  -- Ends the wait.
  on_error = function(_, code)
    if code == codes.AUTO_OFFSET_RESET or code == codes.AUTHENTICATION or code > 0 and not IGNORED[code] then
      error({ code = code })
    end
  end,
}

local function make_reader(settings)
  local connection = config.connection(settings)
  local made, consumer = pcall(kafka_consumer, connection.brokers, nil, connection.properties, nil, OPTIONS)
  if not made then
    return nil, consumer
  end
  return { consumer = consumer, since = ngx.now() }
end

--- A reader for one light thread: one that is where it wants to read, if there is one.
local function take(pool, topic, partition, offset)
  local idle = pool.idle
  for at = #idle, 1, -1 do
    local reader = idle[at]
    if reader.topic == topic and reader.partition == partition and reader.offset == offset then
      return table.remove(idle, at)
    end
  end
  return table.remove(idle) or make_reader(pool.settings)
end

--- Closes readers that have not been used for a while.
local function watch(premature, pool)
  local idle, oldest = pool.idle, ngx.now() - (premature and 0 or IDLE_S)
  while idle[1] and idle[1].since <= oldest do
    table.remove(idle, 1).consumer:close(CLOSE_MS)
  end
  pool.is_watched = idle[1] ~= nil and ngx.timer.at(IDLE_S, watch, pool) ~= nil
end

local function give_back(pool, reader)
  if notifier.is_short_lived() then
    -- It will not be asked for.
    reader.consumer:close(CLOSE_MS)
    return
  end
  reader.since = ngx.now()
  local idle = pool.idle
  idle[#idle + 1] = reader
  if #idle > IDLE_MAX then
    table.remove(idle, 1).consumer:close(CLOSE_MS)
  elseif not pool.is_watched then
    pool.is_watched = ngx.timer.at(IDLE_S, watch, pool) ~= nil
  end
end

--- A consumer that reads nothing, to ask with: behind a fetch that waits for messages questions would wait as well.
local function asker(pool)
  local connection = config.connection(pool.settings)
  local name = "lua-resty-kafka basic-consumer " .. pool.name
  local made, consumer = pcall(resty.consumer, name, connection.brokers, nil, connection.properties)
  if not made then
    return nil, consumer
  end
  return consumer
end

--- An offset as it is returned: an int64_t, as all offsets of this API are.
local function returned(offset)
  return int64(math.max(offset, -1))
end

--- Asks for an offset of a partition.
---@param topic string
---@param partition integer
---@param timestamp? integer|ffi.cdata* milliseconds since 1970-01-01 UTC: the first message of that time or later; or
--- -2, the default, for the first message of all, -1 for the end, -3 for the latest message
---@return ffi.cdata*? offset an int64_t; -1 if there is no such message
---@return string? err
function Consumer:list_offset(topic, partition, timestamp)
  timestamp = tonumber(timestamp or timestamps.LIST_OFFSET_TIMESTAMP_FIRST)
  if timestamp == timestamps.LIST_OFFSET_TIMESTAMP_MAX then
    return self:list_latest(topic, partition)
  end
  local broker, text = self.client:choose_broker(topic, partition)
  if not broker then
    return nil, text
  end
  local consumer, wrong = asker(self.pool)
  if not consumer then
    return nil, wrong
  end
  local timeout_ms = self.pool.settings.timeout_ms
  if timestamp < 0 then
    local low, high, code = consumer:watermarks(topic, partition, timeout_ms)
    if not low then
      return nil, errors.text(code)
    end
    return returned(timestamp == timestamps.LIST_OFFSET_TIMESTAMP_FIRST and low or high)
  end
  local place = { topic = topic, partition = partition, timestamp = timestamp }
  local found, _, code = consumer:offsets_for_times({ place }, timeout_ms)
  if not found or found[1].code then
    return nil, errors.text(code or found[1].code)
  end
  return returned(found[1].offset)
end

--- As `list_offset`, for the message with the latest time.
---@private
function Consumer:list_latest(topic, partition)
  local broker, text = self.client:choose_broker(topic, partition)
  if not broker then
    return nil, text
  end
  local admin, wrong = self.client.connect()
  if not admin then
    return nil, wrong
  end
  local place = { topic = topic, partition = partition, offset = "max_timestamp" }
  local found, _, code = admin:list_offsets({ place }, self.pool.settings.timeout_ms)
  local outcome = found and found[topic .. ":" .. partition]
  if not outcome or outcome.code then
    return nil, errors.text(code or outcome.code)
  end
  return returned(outcome.offset)
end

--- Puts a reader at an offset, if it is not there.
---@return integer? code why it cannot be
local function go(reader, topic, partition, offset)
  if reader.topic == topic and reader.partition == partition and reader.offset == offset then
    return nil
  end
  reader.topic, reader.partition, reader.offset, reader.is_at_end = topic, partition, offset, false
  local _, _, code = reader.consumer:assign({ { topic = topic, partition = partition, offset = offset } })
  return code
end

local function record_of(message)
  return {
    offset = int64(message.offset),
    timestamp = int64(message.timestamp or -1),
    key = message.key,
    value = message.value,
    headers = message.headers,
  }
end

--- The next message, or the code of why there is none.
local function poll(consumer, timeout_ms)
  local ran, message, _, code = pcall(consumer.poll, consumer, timeout_ms)
  if ran then
    return message, code
  elseif type(message) ~= "table" then
    error(message, 0)
  end
  return nil, message.code
end

--- Reads what there is, up to the offset behind the last message where that is known.
---@return table[]? records
---@return string? err
local function read(reader, topic, partition, offset, high, timeout_ms)
  local consumer = reader.consumer
  local code = go(reader, topic, partition, offset)
  if code then
    return nil, errors.text(code)
  end
  local records, bytes = {}, 0
  -- The end of a partition comes to a consumer once.
  local wait_ms = reader.is_at_end and NEXT_MS or timeout_ms
  repeat
    local message, why = poll(consumer, wait_ms)
    if message then
      records[#records + 1] = record_of(message)
      bytes = bytes + #(message.key or "") + #(message.value or "")
      reader.offset, reader.is_at_end, wait_ms = message.offset + 1, false, NEXT_MS
    elseif why == codes.PARTITION_EOF then
      reader.is_at_end = true
    elseif why ~= codes.TIMED_OUT or not records[1] and not reader.is_at_end then
      return nil, errors.text(why)
    end
  until not message or bytes >= FETCH_BYTES or reader.offset >= high
  return records
end

--- Reads messages of a partition whose broker is known, by a reader that goes back to the others in the end.
local function fetch(key, pool, topic, partition, offset)
  local asked, wrong = asker(pool)
  if not asked then
    return nil, wrong
  end
  local timeout_ms = pool.settings.timeout_ms
  local low, high = asked:watermarks(topic, partition, timeout_ms)
  low, high = low or -1, low and high or math.huge
  if not task.is_awaited(key) then
    return nil
  end
  local reader
  reader, wrong = take(pool, topic, partition, offset)
  if not reader then
    return nil, wrong
  end
  local ran, records, failure = pcall(read, reader, topic, partition, offset, high, timeout_ms)
  if not ran or not records then
    -- It may be anywhere.
    reader.consumer:close(CLOSE_MS)
    if not ran then
      error(records, 0)
    end
    return nil, failure
  end
  give_back(pool, reader)
  return {
    errcode = 0,
    high_watermark = int64(math.max(high < math.huge and high or 0, reader.offset)),
    log_start_offset = int64(low),
    aborted_transactions = {},
    preferred_read_replica = -1,
    records = records,
  }
end

--- Reads messages from an offset on: what there is, up to 10 MiB.
---@param topic string
---@param partition integer
---@param offset integer|ffi.cdata*|string also a text such as "5LL"
---@return {errcode: integer, high_watermark: ffi.cdata*, log_start_offset: ffi.cdata*, records: table[]}? data each
--- record has offset and timestamp, both int64_t, key, value and headers
---@return string? err
function Consumer:fetch(topic, partition, offset)
  offset = tonumber(type(offset) == "string" and offset:gsub("U?LL$", "") or offset)
  local broker, text = self.client:choose_broker(topic, partition)
  if not broker then
    return nil, text
  end
  -- A task of its own: where its caller is killed, the reader is given back all the same.
  local key = {}
  return select(2, task.run(key, -1, fetch, key, self.pool, topic, partition, offset))
end

return Consumer
