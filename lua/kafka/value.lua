--- Structured data between Lua's tables and the C API's values.

local ffi = require("ffi")
local native = require("kafka.native")
local null = require("kafka.null")
local turn = require("kafka.turn")

local C = native.C

local value = {}

local out = native.out("kafka_value *[1]")
local item_out = native.out("const kafka_value *[1]")
local name_out = native.out("const char *[1]")
local text_out = native.out("const char *[1]")
local size_out = native.out("size_t[1]")
local kind_out = native.out("int32_t[1]")
local number_out = native.out("int64_t[1]")

local function check(code)
  if code ~= 0 then
    error(native.message(), 0)
  end
end

local function free(handle)
  C.kafka_value_free(handle)
end

local function taken()
  return ffi.gc(out[0], free)
end

local encode

local function give(handle, code)
  check(code)
  -- It is its container's now.
  ffi.gc(handle, nil)
end

--- A table is a list if it has items from 1 on, or nothing at all: its reader takes an empty one for a map as well.
local function encode_table(data, place)
  local count = #data
  if count > 0 or next(data) == nil then
    for name in next, data do
      if type(name) ~= "number" or name < 1 or name > count or name % 1 ~= 0 then
        error(("%s: a list of %d has no '%s'"):format(place, count, tostring(name)), 0)
      end
    end
    check(C.kafka_value_new_list(out, native.error))
    local list = taken()
    for index = 1, count do
      turn.step()
      local item = data[index]
      local encoded = encode(item, ("%s[%d]"):format(place, index))
      give(encoded, C.kafka_value_append(list, encoded, native.error))
    end
    return list
  end
  check(C.kafka_value_new_map(out, native.error))
  local map = taken()
  for name, item in next, data do
    if type(name) ~= "string" or name:find("\0", 1, true) then
      error(("%s: invalid name '%s'"):format(place, tostring(name)), 0)
    end
    local encoded = encode(item, ("%s.%s"):format(place, name))
    give(encoded, C.kafka_value_set(map, name, encoded, native.error))
  end
  return map
end

--- Makes a value of Lua's data. Throws where it holds what a value cannot. In nginx it gives way in long lists.
---@param data any nil, kafka.null, a boolean, a number, a string, or a table of such
---@param place string what to call it in a message
---@return ffi.cdata* handle collected with it
function encode(data, place)
  local kind = type(data)
  if data == nil or data == null then
    check(C.kafka_value_new_null(out, native.error))
  elseif kind == "table" then
    return encode_table(data, place)
  elseif kind == "boolean" then
    check(C.kafka_value_new_bool(data and 1 or 0, out, native.error))
  elseif kind == "number" then
    if data ~= data or math.abs(data) > 2 ^ 53 then
      error(("%s: %s is out of range"):format(place, tostring(data)), 0)
    elseif data ~= math.floor(data) then
      -- A value has no fractions. A property's text may have.
      return encode(tostring(data), place)
    end
    check(C.kafka_value_new_int(data, out, native.error))
  elseif kind == "string" then
    check(C.kafka_value_new_text(data, #data, out, native.error))
  else
    error(("%s: a %s cannot be used"):format(place, kind), 0)
  end
  return taken()
end

value.encode = encode

--- Makes Lua's data of a value. In nginx it gives way where that takes long.
---@param handle ffi.cdata* not freed
---@return any
function value.decode(handle)
  check(C.kafka_value_kind(handle, kind_out, native.error))
  local kind = kind_out[0]
  if kind == C.KAFKA_VALUE_NULL then
    return nil
  elseif kind == C.KAFKA_VALUE_BOOL or kind == C.KAFKA_VALUE_INT then
    check(C.kafka_value_int(handle, number_out, native.error))
    local number = tonumber(number_out[0])
    if kind == C.KAFKA_VALUE_BOOL then
      return number ~= 0
    end
    return number
  elseif kind == C.KAFKA_VALUE_TEXT then
    check(C.kafka_value_text(handle, text_out, size_out, native.error))
    return ffi.string(text_out[0], size_out[0])
  end
  local is_list = kind == C.KAFKA_VALUE_LIST
  check(C.kafka_value_count(handle, size_out, native.error))
  local data = {}
  for index = 0, tonumber(size_out[0]) - 1 do
    turn.step()
    check(C.kafka_value_item(handle, index, name_out, item_out, native.error))
    local name = is_list and index + 1 or ffi.string(name_out[0])
    data[name] = value.decode(item_out[0])
  end
  return data
end

--- Reads a future's value; see `future.finish`.
---@param handle ffi.cdata* of a future
---@return any
function value.of_future(handle)
  check(C.kafka_future_value(handle, item_out, native.error))
  return value.decode(item_out[0])
end

return value
