--- Lists of topics and partitions.

local ffi = require("ffi")
local check = require("kafka.check")
local native = require("kafka.native")
local turn = require("kafka.turn")

local C = native.C

local INT32_MAX = 0x7fffffff
local ANY_PARTITION = -1

local partitions = {}

---@class kafka.Partition
---@field topic string
---@field partition? integer
---@field offset? integer nil where there is none
---@field timestamp? integer in the place of an offset, for `offsets_for_times`
---@field err? string what went wrong with this one
---@field code? integer

--- Reads "topic" or "topic:partition". A pattern, which starts with "^", has no partition: its colons are its own.
---@param text string
---@return kafka.Partition
local function parse(text)
  local topic, digits = text:match("^([^:]*):(.*)$")
  if not topic or text:find("^", 1, true) == 1 then
    return { topic = text }
  end
  local partition = digits:match("^[+-]?%d+$") and tonumber(digits)
  if not partition then
    error(("invalid topic partition '%s' in '%s'"):format(digits, text), 0)
  elseif partition > INT32_MAX then
    error("invalid topic partition > INT32_MAX", 0)
  elseif partition < 0 then
    error("invalid topic partition < 0", 0)
  end
  return { topic = topic, partition = partition }
end

--- Reads an array of "topic" or of "topic:partition".
---@param texts string[]
---@return kafka.Partition[] list
---@return boolean single whether they are single partitions
function partitions.parse(texts)
  local list, whole, single = {}, nil, nil
  for index, text in next, texts do
    if type(index) ~= "number" or type(text) ~= "string" then
      error("topics must be an array of strings", 0)
    end
    local item = parse(text)
    if item.topic:find("\0", 1, true) then
      error("a topic's name cannot contain a NUL byte", 0)
    end
    list[#list + 1] = item
    if item.partition then
      single = text
    else
      whole = text
    end
  end
  if whole and single then
    error(("topics are either all with or all without a partition: '%s', '%s'"):format(whole, single), 0)
  end
  return list, single ~= nil
end

-- What offsets and timestamps are taken from: as far as Lua's numbers are exact.
local MOST = 2 ^ 53

local function is_integer(value, least, most)
  return type(value) == "number" and value >= least and value <= most and value == math.floor(value)
end

local int64 = ffi.typeof("int64_t")

--- A number of Lua's in the place of an int64_t, as kafka.resty returns offsets; one that is not exact stays as it is.
local function plain(value)
  if type(value) == "cdata" and ffi.istype(int64, value) and value >= -MOST and value <= MOST then
    return tonumber(value)
  end
  return value
end

--- What is wrong with an entry of a list of single partitions.
local function mistake(item, number, required)
  if type(item) ~= "table" then
    return ("table expected, got %s"):format(type(item))
  elseif type(item.topic) ~= "string" then
    return ("topic: string expected, got %s"):format(type(item.topic))
  elseif item.topic == "" or item.topic:find("\0", 1, true) then
    return "topic: invalid name"
  elseif not is_integer(item.partition, 0, INT32_MAX) then
    return ("partition: integer from 0 expected, got %s"):format(tostring(item.partition))
  elseif (required or item[number] ~= nil) and not is_integer(plain(item[number]), -MOST, MOST) then
    return ("%s: integer expected, got %s"):format(number, tostring(item[number]))
  end
end

--- An argument that is an array of single partitions.
---@param index integer the argument's
---@param list any
---@param number? string what each entry must have, "offset" or "timestamp"; nil: an offset or none
---@param level? integer as for `check`
---@return kafka.Partition[]
function partitions.check(index, list, number, level)
  level = (level or 1) + 1
  check.table(index, list, level)
  local copy = {}
  for place, item in ipairs(list) do
    local text = mistake(item, number or "offset", number ~= nil)
    if text then
      check.fail(index, ("[%d]: %s"):format(place, text), level)
    end
    copy[place] = { topic = item.topic, partition = item.partition, offset = plain(item[number or "offset"]) }
  end
  local count = 0
  for _ in next, list do
    count = count + 1
  end
  if count > #copy then
    check.fail(index, "array of partitions expected", level)
  end
  return copy
end

local function free(handle)
  C.kafka_partitions_free(handle)
end

local function add_all(handle, list, fn, ...)
  for _, item in ipairs(list) do
    local partition = item.partition or ANY_PARTITION
    local offset = item.offset or C.KAFKA_OFFSET_INVALID
    if C.kafka_partitions_add(handle, item.topic, partition, offset, native.error) ~= 0 then
      error(native.message(), 0)
    end
  end
  return fn(handle, ...)
end

--- Calls `fn(handle, ...)` with the native list; with nil if there is no list.
---@param list? kafka.Partition[]
---@param fn function
---@return any ... what `fn` returns
function partitions.with(list, fn, ...)
  if not list then
    return fn(nil, ...)
  end
  local out = ffi.new("kafka_partitions *[1]")
  if C.kafka_partitions_new(out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  return native.using(ffi.gc(out[0], free), free, add_all, list, fn, ...)
end

-- Those that say no more than that there is none.
local NO_OFFSET = { [C.KAFKA_OFFSET_INVALID] = true, [C.KAFKA_OFFSET_STORED] = true }

local entry = native.out("kafka_partition")
local count_out = native.out("size_t[1]")

--- Makes an array of a native list.
---@param handle ffi.cdata* not freed
---@param may_wait? boolean in nginx it gives way where that takes long
---@return kafka.Partition[]
function partitions.read(handle, may_wait)
  local list = {}
  if handle == nil then
    return list
  elseif C.kafka_partitions_count(handle, count_out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  for index = 0, tonumber(count_out[0]) - 1 do
    if may_wait then
      turn.step()
    end
    if C.kafka_partitions_get(handle, index, entry, native.error) ~= 0 then
      error(native.message(), 0)
    end
    local code, offset = entry.code, tonumber(entry.offset)
    list[index + 1] = {
      topic = ffi.string(entry.topic),
      partition = entry.partition >= 0 and entry.partition or nil,
      offset = not NO_OFFSET[offset] and offset or nil,
      err = code ~= 0 and ffi.string(C.kafka_err_text(code)) or nil,
      code = code ~= 0 and code or nil,
    }
  end
  return list
end

--- Where a function of the C API puts the list that it makes; `taken` takes it from there.
partitions.out = native.out("kafka_partitions *[1]")

--- Makes an array of the list that has just been made, and frees it.
---@return kafka.Partition[]
function partitions.taken()
  return native.using(ffi.gc(partitions.out[0], free), free, partitions.read)
end

local list_out = native.out("const kafka_partitions *[1]")

--- Reads a future's partitions; see `future.finish`.
---@param handle ffi.cdata* of a future
---@return kafka.Partition[]
function partitions.of_future(handle)
  if C.kafka_future_partitions(handle, list_out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  return partitions.read(list_out[0], true)
end

return partitions
