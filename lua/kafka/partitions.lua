--- Lists of topics and partitions.

local ffi = require("ffi")
local native = require("kafka.native")

local C = native.C

local INT32_MAX = 0x7fffffff
local ANY_PARTITION = -1

local partitions = {}

---@class kafka.Partition
---@field topic string
---@field partition? integer
---@field offset? integer
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

--- Calls `fn(handle, ...)` with the native list.
---@param list kafka.Partition[]
---@param fn function
---@return any ... what `fn` returns
function partitions.with(list, fn, ...)
  local out = ffi.new("kafka_partitions *[1]")
  if C.kafka_partitions_new(out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  return native.using(ffi.gc(out[0], free), free, add_all, list, fn, ...)
end

local entry = ffi.new("kafka_partition")
local count_out = ffi.new("size_t[1]")

--- Makes an array of a native list.
---@param handle ffi.cdata* not freed
---@return kafka.Partition[]
function partitions.read(handle)
  local list = {}
  if handle == nil then
    return list
  elseif C.kafka_partitions_count(handle, count_out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  for index = 0, tonumber(count_out[0]) - 1 do
    if C.kafka_partitions_get(handle, index, entry, native.error) ~= 0 then
      error(native.message(), 0)
    end
    local code = entry.code
    list[index + 1] = {
      topic = ffi.string(entry.topic),
      partition = entry.partition,
      offset = tonumber(entry.offset),
      err = code ~= 0 and ffi.string(C.kafka_err_text(code)) or nil,
      code = code ~= 0 and code or nil,
    }
  end
  return list
end

return partitions
