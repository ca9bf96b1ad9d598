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
---@field on_delivery? fun(report: kafka.Report) called with the report, in place of the producer's own `on_delivery`

---@class kafka.RecordRoom what is needed to hand records over
---@field records ffi.cdata* from 0 on
---@field codes ffi.cdata* what became of each
---@field capacity integer
---@field private strings (string|false)[] those in the records, so that they are not collected
---@field private headers? ffi.cdata*
---@field private header_count integer
---@field private headers_max integer
---@field private header_strings (string|false)[]
---@field private outgrown table[]

---@class kafka.CheckedRecord
---@field topic? string
---@field partition integer
---@field key? string
---@field value? string
---@field room? kafka.RecordRoom where its headers are, if it has any
---@field first_header integer
---@field header_count integer
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

local records_of = ffi.typeof("kafka_record[?]")
local headers_of = ffi.typeof("kafka_header[?]")
local codes_of = ffi.typeof("int32_t[?]")

-- Room for the next batch, if that needs no more, and how much of it is kept at most.
local spare
local SPARE_MAX = 4096

--- Room for records: of one caller until it is given back.
---@param count integer
---@return kafka.RecordRoom
function record.take_room(count)
  local room = spare
  spare = nil
  if room and room.capacity >= count then
    return room
  end
  local capacity = math.max(count, 16)
  return {
    records = records_of(capacity),
    codes = codes_of(capacity),
    capacity = capacity,
    strings = {},
    header_count = 0,
    headers_max = 0,
    header_strings = {},
    outgrown = {},
  }
end

--- Gives room back that is not needed any more.
---@param room kafka.RecordRoom
function record.give_room(room)
  if math.max(room.capacity, room.headers_max) <= SPARE_MAX then
    room.header_count = 0
    clear(room.strings)
    clear(room.header_strings)
    clear(room.outgrown)
    spare = room
  end
end

--- Where to look for a mistake: nothing for a message by itself, `at` is its place in a batch.
local function place_of(at)
  return at and ("message %d: "):format(at) or ""
end

--- The first name in a message that is not among those known. Step by step, as there may be eight of them: a loop would
--- be a trace of its own, which one that is compiled around it cannot go through.
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

--- Makes room for the headers of one record; where the first one goes.
local function make_room(room, count)
  if room.header_count + count > room.headers_max then
    -- Records that have been filled in point to those that there are.
    room.outgrown[#room.outgrown + 1] = { room.headers, room.header_strings }
    room.headers_max = math.max(2 * room.headers_max, count, 16)
    room.headers, room.header_strings, room.header_count = headers_of(room.headers_max), {}, 0
  end
  return room.header_count
end

local function add_header(index, at, room, name, value, level)
  if type(name) ~= "string" and type(name) ~= "number" then
    local wrong = "%sfield 'headers': name: string expected, got %s"
    check.fail(index, wrong:format(place_of(at), type(name)), level + 1)
  end
  name = tostring(name)
  if name:find("\0", 1, true) then
    check.fail(index, ("%sfield 'headers': name contains a NUL byte"):format(place_of(at)), level + 1)
  end
  value = text(index, at, "field 'headers': header", name, value, level + 1)
  local count, strings = room.header_count, room.header_strings
  local header = room.headers[count]
  header.name, header.name_len = name, #name
  header.value, header.value_len = value, value and #value or 0
  strings[2 * count + 1], strings[2 * count + 2] = name, value or false
  room.header_count = count + 1
end

local function map_headers(index, at, room, headers, level)
  local names = {}
  for name in pairs(headers) do
    if type(name) ~= "string" then
      local wrong = "%sfield 'headers': neither a list nor a map, with key %s"
      check.fail(index, wrong:format(place_of(at), tostring(name)), level + 1)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  local first = make_room(room, #names)
  for _, name in ipairs(names) do
    add_header(index, at, room, name, headers[name], level + 1)
  end
  return first
end

--- Reads a header of a list. Nil if it is not the next one in the table.
local function take_header(index, at, room, headers, item, level)
  local key, pair = next(headers, item > 1 and item - 1 or nil)
  if key == nil then
    return false
  elseif key ~= item then
    return nil
  elseif type(pair) ~= "table" then
    local wrong = "%sfield 'headers': item %d: table expected, got %s"
    check.fail(index, wrong:format(place_of(at), item, type(pair or nil)), level + 1)
  end
  add_header(index, at, room, pair[1], pair[2], level + 1)
  return true
end

--- Whether the table's keys are those of a list, and in order.
local function list_headers(index, at, room, headers, level)
  level = level + 1
  -- The first ones without a loop, as in unknown_field.
  local taken = take_header(index, at, room, headers, 1, level)
  taken = taken and take_header(index, at, room, headers, 2, level)
  taken = taken and take_header(index, at, room, headers, 3, level)
  taken = taken and take_header(index, at, room, headers, 4, level)
  local item = 4
  while taken do
    item = item + 1
    taken = take_header(index, at, room, headers, item, level)
  end
  return taken == false
end

--- What is a list, and has been put together in another order.
local function put_in_order(index, at, headers, level)
  local list = {}
  for key in pairs(headers) do
    if type(key) ~= "number" then
      local wrong = "%sfield 'headers': neither a list nor a map, with key %s"
      check.fail(index, wrong:format(place_of(at), tostring(key)), level + 1)
    end
    list[#list + 1] = headers[#list + 1] or false
  end
  return list
end

--- Reads headers into room: the first one, and how many there are.
local function read_headers(index, at, room, headers, level)
  local first
  if type(headers) ~= "table" or headers == null then
    local wrong = "%sfield 'headers': table expected, got %s"
    check.fail(index, wrong:format(place_of(at), headers == null and "kafka.null" or type(headers)), level + 1)
  elseif headers[1] == nil then
    first = map_headers(index, at, room, headers, level + 1)
  else
    first = make_room(room, #headers)
    if not list_headers(index, at, room, headers, level + 1) then
      room.header_count = first
      list_headers(index, at, room, put_in_order(index, at, headers, level + 1), level + 1)
    end
  end
  return first, room.header_count - first
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

-- The last topic's name: most often the next is the same, and need not be looked through.
local fine_topic

--- Checks a message, and reads it once: what its fields' owner changes afterwards does not matter.
---@param index integer the argument's
---@param at? integer its place in a batch, whose messages have no topic of their own
---@param message any
---@param room? kafka.RecordRoom the batch's; for headers only
---@param level? integer
---@return kafka.CheckedRecord
function record.read(index, at, message, room, level)
  level = (level or 1) + 1
  if at and type(message) == "string" then
    return { partition = -1, value = message, timestamp = 0, first_header = 0, header_count = 0 }
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
    elseif topic ~= fine_topic and topic:find("\0", 1, true) then
      check.fail(index, "field 'topic': string contains a NUL byte", level)
    end
    fine_topic = topic
  end
  if on_delivery ~= nil and type(on_delivery) ~= "function" then
    local wrong = "%sfield 'on_delivery': function expected, got %s"
    check.fail(index, wrong:format(place_of(at), type(on_delivery)), level)
  end
  local partition, timestamp, headers = message.partition, message.timestamp, message.headers
  partition = partition ~= nil and number(index, at, "partition", partition, -1, INT32_MAX, level) or -1
  -- The C API's -1 is now as well.
  timestamp = timestamp ~= nil and number(index, at, "timestamp", timestamp, -1, 2 ^ 53, level) or 0
  local key = text(index, at, "field", "key", message.key, level)
  local value = text(index, at, "field", "value", message.value, level)
  local first_header, header_count = 0, 0
  if headers ~= nil then
    room = room or record.take_room(1)
    first_header, header_count = read_headers(index, at, room, headers, level)
  end
  return {
    topic = topic,
    partition = partition,
    key = key,
    value = value,
    room = room,
    first_header = first_header,
    header_count = header_count,
    timestamp = timestamp,
    opaque = message.opaque,
    on_delivery = on_delivery,
  }
end

--- Fills a native record in.
---@param room kafka.RecordRoom where the record's headers are, if it has any
---@param at integer from 0 on
---@param checked kafka.CheckedRecord
---@param opaque integer|ffi.cdata*
function record.fill(room, at, checked, opaque)
  local native_record, strings = room.records[at], room.strings
  local key, value = checked.key, checked.value
  strings[2 * at + 1], strings[2 * at + 2] = key or false, value or false
  native_record.key, native_record.key_len = key, key and #key or 0
  native_record.value, native_record.value_len = value, value and #value or 0
  native_record.timestamp = checked.timestamp
  native_record.partition = checked.partition
  native_record.opaque = opaque
  if checked.header_count > 0 then
    native_record.headers = room.headers + checked.first_header
  end
  native_record.header_count = checked.header_count
end

--- Queues a record.
---@param handle ffi.cdata* the producer's
---@param topic_handle ffi.cdata*
---@param checked kafka.CheckedRecord
---@param opaque integer|ffi.cdata*
---@return integer code
function record.queue(handle, topic_handle, checked, opaque)
  local room = checked.room
  if not room and checked.timestamp == 0 then
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
  room = room or record.take_room(1)
  record.fill(room, 0, checked, opaque)
  local code = C.kafka_producer_produce(handle, topic_handle, room.records, nil)
  if code ~= C.KAFKA_ERR_QUEUE_FULL then
    record.give_room(room)
  end
  return code
end

return record
