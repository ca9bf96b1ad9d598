--- Records to be produced: Lua's tables, checked, and as the C API takes them.

local ffi = require("ffi")
local check = require("kafka.check")
local native = require("kafka.native")
local null = require("kafka.null")

local C = native.C

local INT32_MAX = 0x7fffffff

local record = {}

---@class kafka.Record
---@field topic string the only field that there must be
---@field value? string|number|table nil or kafka.null is a null value, a tombstone; "" is an empty one
---@field key? string|number|table nil or kafka.null: no key
---@field partition? integer -1, the default, leaves the choice to the partitioner
---@field headers? table `{{"name", "value"}, ...}`, in this order and with duplicates, or `{name = "value"}`, by name;
---a value may be kafka.null
---@field timestamp? integer milliseconds since 1970-01-01 UTC; now, if it is nil, 0 or -1
---@field opaque? any comes back in the report
---@field on_delivery? fun(report: kafka.Report) hears of the report, in place of the producer's own `on_delivery`

---@class kafka.CheckedRecord
---@field topic? string
---@field partition integer
---@field key? string
---@field value? string
---@field headers? (string|false)[] names and values in turn, false for null
---@field timestamp integer 0 is now
---@field opaque any
---@field on_delivery? function

local FIELDS = {
  topic = true,
  value = true,
  key = true,
  partition = true,
  headers = true,
  timestamp = true,
  opaque = true,
  on_delivery = true,
}

--- A string, a number, or a null that comes as nil or kafka.null. What it is called is put together only where it is
--- wrong: `place`, `what` and `which` are what to put before the text.
local function text(index, place, what, which, value, level)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" then
    return tostring(value)
  elseif value == nil or value == null then
    return nil
  end
  check.fail(index, ("%s%s '%s': string expected, got %s"):format(place, what, which, kind), level + 1)
end

local function add_header(index, place, found, name, value, level)
  if type(name) ~= "string" and type(name) ~= "number" then
    local wrong = "%sfield 'headers': name: string expected, got %s"
    check.fail(index, wrong:format(place, type(name)), level + 1)
  end
  name = tostring(name)
  if name:find("\0", 1, true) then
    check.fail(index, ("%sfield 'headers': name contains a NUL byte"):format(place), level + 1)
  end
  found[#found + 1] = name
  found[#found + 1] = text(index, place, "field 'headers': header", name, value, level + 1) or false
end

local function map_headers(index, place, headers, found, level)
  local names = {}
  for name in pairs(headers) do
    if type(name) ~= "string" then
      local wrong = "%sfield 'headers': neither a list nor a map, with key %s"
      check.fail(index, wrong:format(place, tostring(name)), level + 1)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    add_header(index, place, found, name, headers[name], level + 1)
  end
end

local function list_headers(index, place, headers, found, level)
  local count = 0
  for key in pairs(headers) do
    if type(key) ~= "number" then
      local wrong = "%sfield 'headers': neither a list nor a map, with key %s"
      check.fail(index, wrong:format(place, tostring(key)), level + 1)
    end
    count = count + 1
  end
  for at = 1, count do
    local pair = headers[at]
    if type(pair) ~= "table" then
      local wrong = "%sfield 'headers': item %d: table expected, got %s"
      check.fail(index, wrong:format(place, at, type(pair)), level + 1)
    end
    add_header(index, place, found, pair[1], pair[2], level + 1)
  end
end

--- Headers as names and values in turn; nil if there are none.
local function read_headers(index, place, headers, level)
  if headers == nil then
    return nil
  elseif type(headers) ~= "table" or headers == null then
    local wrong = "%sfield 'headers': table expected, got %s"
    check.fail(index, wrong:format(place, headers == null and "kafka.null" or type(headers)), level + 1)
  end
  local found = {}
  local read = headers[1] == nil and map_headers or list_headers
  read(index, place, headers, found, level + 1)
  return found[1] and found or nil
end

local function number(index, place, name, value, least, most, level)
  local found = tonumber(value)
  if not found then
    local wrong = "%sfield '%s': number expected, got %s"
    check.fail(index, wrong:format(place, name, type(value)), level + 1)
  end
  found = found < 0 and math.ceil(found) or math.floor(found)
  local in_range = found >= least and found <= most
  if not in_range then
    check.fail(index, ("%sfield '%s': number out of range"):format(place, name), level + 1)
  end
  return found
end

--- Checks a message, and reads it once: what its fields' owner changes afterwards does not matter.
---@param index integer the argument's
---@param place string what to put before the name of a field that is wrong
---@param message any
---@param has_topic boolean whether it must have a topic, or else must not
---@param level? integer
---@return kafka.CheckedRecord
function record.read(index, place, message, has_topic, level)
  level = (level or 1) + 1
  if type(message) == "string" and not has_topic then
    return { partition = -1, value = message, timestamp = 0 }
  elseif type(message) ~= "table" or message == null then
    check.fail(
      index,
      ("%s%s expected, got %s"):format(place, has_topic and "table" or "table or string", type(message)),
      level
    )
  end
  for name in pairs(message) do
    if not FIELDS[name] or name == "topic" and not has_topic then
      check.fail(index, ("%sunknown field '%s'"):format(place, tostring(name)), level)
    end
  end
  local topic, on_delivery = nil, message.on_delivery
  if has_topic then
    topic = text(index, place, "field", "topic", message.topic, level)
    if not topic then
      check.fail(index, ("%sfield 'topic': string expected, got %s"):format(place, tostring(message.topic)), level)
    elseif topic:find("\0", 1, true) then
      check.fail(index, ("%sfield 'topic': string contains a NUL byte"):format(place), level)
    end
  end
  if on_delivery ~= nil and type(on_delivery) ~= "function" then
    local wrong = "%sfield 'on_delivery': function expected, got %s"
    check.fail(index, wrong:format(place, type(on_delivery)), level)
  end
  local partition, timestamp = message.partition, message.timestamp
  return {
    topic = topic,
    partition = partition ~= nil and number(index, place, "partition", partition, -1, INT32_MAX, level) or -1,
    key = text(index, place, "field", "key", message.key, level),
    value = text(index, place, "field", "value", message.value, level),
    headers = read_headers(index, place, message.headers, level),
    -- The C API's -1 is now as well.
    timestamp = timestamp ~= nil and number(index, place, "timestamp", timestamp, -1, 2 ^ 53, level) or 0,
    opaque = message.opaque,
    on_delivery = on_delivery,
  }
end

local records_of = ffi.typeof("kafka_record[?]")
local headers_of = ffi.typeof("kafka_header[?]")
local codes_of = ffi.typeof("int32_t[?]")

-- Room for the headers of one call, and what keeps the strings in it from being collected until its end.
local headers_room, headers_max = nil, 0
local held = {} -- luacheck: ignore 241

local function room_for_headers(count)
  if count > headers_max then
    headers_max = math.max(count, 16)
    headers_room = headers_of(headers_max)
  end
  return headers_room
end

--- Fills a native record in. The strings are the checked record's, which has to outlive it.
local function fill(native_record, checked, headers, opaque)
  local key, value, names = checked.key, checked.value, checked.headers
  native_record.key, native_record.key_len = key, key and #key or 0
  native_record.value, native_record.value_len = value, value and #value or 0
  native_record.timestamp = checked.timestamp
  native_record.partition = checked.partition
  native_record.opaque = opaque
  local count = names and #names / 2 or 0
  native_record.headers, native_record.header_count = headers, count
  for at = 0, count - 1 do
    local name, header_value = names[2 * at + 1], names[2 * at + 2] or nil
    local header = headers[at]
    header.name, header.name_len = name, #name
    header.value, header.value_len = header_value, header_value and #header_value or 0
  end
  return count
end

local single = ffi.new("kafka_record")

--- Queues a record.
---@param handle ffi.cdata* the producer's
---@param topic_handle ffi.cdata*
---@param checked kafka.CheckedRecord
---@param opaque integer|ffi.cdata*
---@return integer code
function record.queue(handle, topic_handle, checked, opaque)
  local names = checked.headers
  if not names and checked.timestamp == 0 then
    local key, value = checked.key, checked.value
    return C.kafka_producer_send(
      handle,
      topic_handle,
      checked.partition,
      key,
      key and #key or 0,
      value,
      value and #value or 0,
      opaque,
      nil
    )
  end
  held[1] = checked
  fill(single, checked, names and room_for_headers(#names / 2), opaque)
  return C.kafka_producer_produce(handle, topic_handle, single, nil)
end

local queued_count = ffi.new("size_t[1]")

--- Queues records from `first` on; until the queue is full, if it is.
---@param handle ffi.cdata* the producer's
---@param topic_handle ffi.cdata*
---@param list kafka.CheckedRecord[]
---@param first integer
---@param opaques (integer|ffi.cdata*)[]
---@return integer code
---@return integer queued
---@return ffi.cdata* codes of each, from 0 on
function record.queue_all(handle, topic_handle, list, first, opaques)
  local count, header_count = #list - first + 1, 0
  for at = first, #list do
    local names = list[at].headers
    header_count = header_count + (names and #names / 2 or 0)
  end
  local records, codes = records_of(count), codes_of(count)
  local headers = room_for_headers(header_count)
  held[1], held[2] = list, records
  for at = 0, count - 1 do
    local used = fill(records[at], list[first + at], headers, opaques[first + at])
    headers = used > 0 and headers + used or headers
  end
  local code = C.kafka_producer_produce_batch(handle, topic_handle, records, count, codes, queued_count, native.error)
  held[1], held[2] = nil, nil
  return code, tonumber(queued_count[0]), codes
end

return record
