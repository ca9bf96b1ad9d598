--- Consumed messages, as tables.

local ffi = require("ffi")
local native = require("kafka.native")
local null = require("kafka.null")

local C = native.C

---@class kafka.Message
---@field topic string
---@field partition integer
---@field offset integer
---@field timestamp? integer milliseconds since 1970-01-01 UTC
---@field timestamp_type? string "create_time": the producer's; "log_append_time": the broker's; nil without a timestamp
---@field key? string nil if it has none
---@field value? string nil for a tombstone
---@field headers? {[1]: string, [2]: string|kafka.Null}[] names and values in order; a null value is kafka.null
---@field leader_epoch? integer of the partition's leader, if known

local TIMESTAMP_TYPES = { "create_time", "log_append_time" }

-- As many headers are read without making room for them.
local HEADERS = 16

local some_headers = native.out("kafka_header[?]", HEADERS)
local count_out = native.out("size_t[1]")

local function check(code)
  if code ~= 0 then
    error(native.message(), 0)
  end
end

local function text(pointer, length)
  return pointer ~= nil and ffi.string(pointer, length) or nil
end

local function read_headers(view)
  local headers = some_headers
  check(C.kafka_message_headers(view, headers, HEADERS, count_out, native.error))
  local count = tonumber(count_out[0])
  if count == 0 then
    return nil
  elseif count > HEADERS then
    headers = ffi.new("kafka_header[?]", count)
    check(C.kafka_message_headers(view, headers, count, count_out, native.error))
  end
  local list = {}
  for index = 1, count do
    local header = headers[index - 1]
    list[index] = { ffi.string(header.name, header.name_len), text(header.value, header.value_len) or null }
  end
  return list
end

local uint32 = ffi.typeof("uint32_t")
local UNKNOWN = 0xffffffff

-- What a message is read with, field by field. LuaJIT on x64 may load an int32_t field only where its value is used,
-- not minding the C calls in between; by then the message may have been released, or another one may be there.
-- Converted here, they are loaded here.
local fields = {
  topic = function(view)
    return ffi.string(view.topic)
  end,
  partition = function(view)
    return tonumber(ffi.cast(uint32, view.partition))
  end,
  offset = function(view)
    return tonumber(view.offset)
  end,
  timestamp = function(view)
    return view.timestamp_type ~= 0 and tonumber(view.timestamp) or nil
  end,
  timestamp_type = function(view)
    return TIMESTAMP_TYPES[tonumber(ffi.cast(uint32, view.timestamp_type))]
  end,
  leader_epoch = function(view)
    local leader_epoch = tonumber(ffi.cast(uint32, view.leader_epoch))
    return leader_epoch ~= UNKNOWN and leader_epoch or nil
  end,
  key = function(view)
    return text(view.key, view.key_len)
  end,
  value = function(view)
    return text(view.value, view.value_len)
  end,
  headers = read_headers,
}

--- What a message holds, copied.
---@param view ffi.cdata* a kafka_message, not released
---@param topic? string its topic, where that is known
---@return kafka.Message
local function read(view, topic)
  -- Eight fields make a table half as large as nine do.
  local found = {
    topic = topic or fields.topic(view),
    partition = fields.partition(view),
    offset = fields.offset(view),
    timestamp = fields.timestamp(view),
    timestamp_type = fields.timestamp_type(view),
    key = fields.key(view),
    value = fields.value(view),
    leader_epoch = fields.leader_epoch(view),
  }
  local headers = fields.headers(view)
  if headers then
    found.headers = headers
  end
  return found
end

-- Where a message keeps its copies, which are made once. False: not read yet.
local SLOTS = { value = 3, key = 4, headers = 5 }

-- What is where librdkafka has it, and read without a call.
local IS_RAW = { partition = true, offset = true, key = true, value = true }

local seen = native.out("kafka_message")

--- All that a message holds.
---@param raw ffi.cdata* a kafka_raw_message
---@return ffi.cdata* view a kafka_message; lasts until the next call
local function view(raw)
  check(C.kafka_raw_message_view(raw, seen, native.error))
  return seen
end

local Lazy = {}

function Lazy.__index(self, name)
  local field = fields[name]
  if not field then
    return nil
  end
  local slot = SLOTS[name]
  if slot then
    local copy = self[slot]
    if copy ~= false then
      return copy
    end
  end
  local raw = self[1].raw[self[2]]
  local found = field(IS_RAW[name] and raw or view(raw))
  if slot then
    self[slot] = found
  end
  return found
end

--- A message of a batch, which it keeps. Nothing is copied before it is read.
---@param batch table its handle, which is freed when it is collected, and the messages of it where they are: `raw`
---@param at integer the message's place, from 0
---@return kafka.Message
local function of_batch(batch, at)
  return setmetatable({ batch, at, false, false, false }, Lazy)
end

return { fields = fields, read = read, view = view, of_batch = of_batch }
