--- Records to be produced: Lua's tables, checked, and as the C API takes them.

local clear = require("table.clear")
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

-- Of one by itself, and of one in a batch.
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

local BATCH_FIELDS = {}
for name in pairs(FIELDS) do
  BATCH_FIELDS[name] = name ~= "topic" or nil
end

--- Where to look for a mistake: nothing for a message by itself, `at` is its place in a batch.
local function place_of(at)
  return at and ("message %d: "):format(at) or ""
end

--- The first name in a message that is not among those known. Step by step, as there may be eight of them: a loop would be
--- a trace of its own, which one that is compiled around it cannot go through.
local function unknown_field(message, known)
  local name = next(message)
  if known[name] then
    name = next(message, name)
  end
  if known[name] then
    name = next(message, name)
  end
  if known[name] then
    name = next(message, name)
  end
  if known[name] then
    name = next(message, name)
  end
  if known[name] then
    name = next(message, name)
  end
  if known[name] then
    name = next(message, name)
  end
  if known[name] then
    name = next(message, name)
  end
  if known[name] then
    name = next(message, name)
  end
  return name
end

--- A string, a number, or a null that comes as nil or kafka.null. What it is called is put together only where it is
--- wrong: `at`, `what` and `which`.
local function text(index, at, what, which, value, level)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" then
    return tostring(value)
  elseif value == nil or value == null then
    return nil
  end
  check.fail(index, ("%s%s '%s': string expected, got %s"):format(place_of(at), what, which, kind), level + 1)
end

local function add_header(index, at, found, name, value, level)
  if type(name) ~= "string" and type(name) ~= "number" then
    local wrong = "%sfield 'headers': name: string expected, got %s"
    check.fail(index, wrong:format(place_of(at), type(name)), level + 1)
  end
  name = tostring(name)
  if name:find("\0", 1, true) then
    check.fail(index, ("%sfield 'headers': name contains a NUL byte"):format(place_of(at)), level + 1)
  end
  found[#found + 1] = name
  found[#found + 1] = text(index, at, "field 'headers': header", name, value, level + 1) or false
end

local function map_headers(index, at, headers, found, level)
  local names = {}
  for name in pairs(headers) do
    if type(name) ~= "string" then
      local wrong = "%sfield 'headers': neither a list nor a map, with key %s"
      check.fail(index, wrong:format(place_of(at), tostring(name)), level + 1)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    add_header(index, at, found, name, headers[name], level + 1)
  end
end

local function list_headers(index, at, headers, found, level)
  local count = 0
  for key in pairs(headers) do
    if type(key) ~= "number" then
      local wrong = "%sfield 'headers': neither a list nor a map, with key %s"
      check.fail(index, wrong:format(place_of(at), tostring(key)), level + 1)
    end
    count = count + 1
  end
  for item = 1, count do
    local pair = headers[item]
    if type(pair) ~= "table" then
      local wrong = "%sfield 'headers': item %d: table expected, got %s"
      check.fail(index, wrong:format(place_of(at), item, type(pair)), level + 1)
    end
    add_header(index, at, found, pair[1], pair[2], level + 1)
  end
end

--- Headers as names and values in turn; nil if there are none.
local function read_headers(index, at, headers, level)
  if headers == nil then
    return nil
  elseif type(headers) ~= "table" or headers == null then
    local wrong = "%sfield 'headers': table expected, got %s"
    check.fail(index, wrong:format(place_of(at), headers == null and "kafka.null" or type(headers)), level + 1)
  end
  local found = {}
  local read = headers[1] == nil and map_headers or list_headers
  read(index, at, headers, found, level + 1)
  return found[1] and found or nil
end

local function number(index, at, name, value, least, most, level)
  local found = tonumber(value)
  if not found then
    local wrong = "%sfield '%s': number expected, got %s"
    check.fail(index, wrong:format(place_of(at), name, type(value)), level + 1)
  end
  found = found < 0 and math.ceil(found) or math.floor(found)
  local in_range = found >= least and found <= most
  if not in_range then
    check.fail(index, ("%sfield '%s': number out of range"):format(place_of(at), name), level + 1)
  end
  return found
end

--- Checks a message, and reads it once: what its fields' owner changes afterwards does not matter.
---@param index integer the argument's
---@param at? integer its place in a batch, whose messages have no topic of their own
---@param message any
---@param level? integer
---@return kafka.CheckedRecord
function record.read(index, at, message, level)
  level = (level or 1) + 1
  if at and type(message) == "string" then
    return { partition = -1, value = message, timestamp = 0 }
  elseif type(message) ~= "table" or message == null then
    local wrong = "%s%s expected, got %s"
    check.fail(index, wrong:format(place_of(at), at and "table or string" or "table", type(message)), level)
  end
  local unknown = unknown_field(message, at and BATCH_FIELDS or FIELDS)
  if unknown ~= nil then
    check.fail(index, ("%sunknown field '%s'"):format(place_of(at), tostring(unknown)), level)
  end
  local topic, on_delivery = nil, message.on_delivery
  if not at then
    topic = text(index, at, "field", "topic", message.topic, level)
    if not topic then
      check.fail(index, ("field 'topic': string expected, got %s"):format(tostring(message.topic)), level)
    elseif topic:find("\0", 1, true) then
      check.fail(index, "field 'topic': string contains a NUL byte", level)
    end
  end
  if on_delivery ~= nil and type(on_delivery) ~= "function" then
    local wrong = "%sfield 'on_delivery': function expected, got %s"
    check.fail(index, wrong:format(place_of(at), type(on_delivery)), level)
  end
  local partition, timestamp = message.partition, message.timestamp
  return {
    topic = topic,
    partition = partition ~= nil and number(index, at, "partition", partition, -1, INT32_MAX, level) or -1,
    key = text(index, at, "field", "key", message.key, level),
    value = text(index, at, "field", "value", message.value, level),
    headers = read_headers(index, at, message.headers, level),
    -- The C API's -1 is now as well.
    timestamp = timestamp ~= nil and number(index, at, "timestamp", timestamp, -1, 2 ^ 53, level) or 0,
    opaque = message.opaque,
    on_delivery = on_delivery,
  }
end

local records_of = ffi.typeof("kafka_record[?]")
local headers_of = ffi.typeof("kafka_header[?]")
local codes_of = ffi.typeof("int32_t[?]")

---@class kafka.RecordRoom native records, and what they point to
---@field records ffi.cdata* from 0 on
---@field codes ffi.cdata* what became of each
---@field capacity integer
---@field private all_headers? ffi.cdata*
---@field private headers_max integer
---@field private headers? ffi.cdata* those that are left of them
---@field private headers_left integer
---@field private held any[] what must not be collected meanwhile

local function room_of(capacity)
  return {
    records = records_of(capacity),
    codes = codes_of(capacity),
    capacity = capacity,
    headers_max = 0,
    headers_left = 0,
    held = {},
  }
end

--- The place for the headers of a record.
local function place_headers(room, count)
  if room.headers_left < count then
    -- Records that have been filled in point to the old ones.
    room.held[#room.held + 1] = room.all_headers
    room.headers_max = math.max(count, 2 * room.headers_max, 16)
    room.all_headers = headers_of(room.headers_max)
    room.headers, room.headers_left = room.all_headers + 0, room.headers_max
  end
  local headers = room.headers
  room.headers, room.headers_left = headers + count, room.headers_left - count
  return headers
end

--- Fills a native record in.
---@param room kafka.RecordRoom
---@param at integer from 0 on
---@param checked kafka.CheckedRecord
---@param opaque integer|ffi.cdata*
function record.fill(room, at, checked, opaque)
  local native_record = room.records[at]
  local key, value, names = checked.key, checked.value, checked.headers
  local held = room.held
  held[2 * at + 1], held[2 * at + 2] = key or false, value or false
  native_record.key, native_record.key_len = key, key and #key or 0
  native_record.value, native_record.value_len = value, value and #value or 0
  native_record.timestamp = checked.timestamp
  native_record.partition = checked.partition
  native_record.opaque = opaque
  if not names then
    native_record.headers, native_record.header_count = nil, 0
    return
  end
  held[#held + 1] = names
  local count = #names / 2
  local headers = place_headers(room, count)
  native_record.headers, native_record.header_count = headers, count
  for item = 0, count - 1 do
    local name, header_value = names[2 * item + 1], names[2 * item + 2] or nil
    local header = headers[item]
    header.name, header.name_len = name, #name
    header.value, header.value_len = header_value, header_value and #header_value or 0
  end
end

local single = room_of(1)

-- Room for the next batch, if it needs no more.
local spare
local SPARE_MAX = 4096

--- Room for records: nobody else's until it is given back.
---@param count integer
---@return kafka.RecordRoom
function record.take_room(count)
  local room = spare
  spare = nil
  if room and room.capacity >= count then
    return room
  end
  return room_of(math.max(count, 64))
end

local function empty(room)
  clear(room.held)
  room.headers, room.headers_left = room.all_headers, room.headers_max
end

--- Gives room back that is not needed any more.
---@param room kafka.RecordRoom
function record.give_room(room)
  if room.capacity <= SPARE_MAX then
    empty(room)
    spare = room
  end
end

--- Queues a record.
---@param handle ffi.cdata* the producer's
---@param topic_handle ffi.cdata*
---@param checked kafka.CheckedRecord
---@param opaque integer|ffi.cdata*
---@return integer code
function record.queue(handle, topic_handle, checked, opaque)
  if not checked.headers and checked.timestamp == 0 then
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
  record.fill(single, 0, checked, opaque)
  local code = C.kafka_producer_produce(handle, topic_handle, single.records, nil)
  empty(single)
  return code
end

return record
