--- What a consumer is in its group, for transactions.

local ffi = require("ffi")
local native = require("kafka.native")

local C = native.C

---@class kafka.GroupMetadata
---@field handle ffi.cdata* this library's own
---@field group_id string
---@field member_id string "" if the consumer has not joined
---@field generation_id integer -1 if the consumer has not joined
---@field group_instance_id? string of a static member
local metatable = { __name = "kafka.group_metadata" }

local group_metadata = {}

local function free(handle)
  C.kafka_group_metadata_free(handle)
end

--- Where a function of the C API puts what it makes; `taken` takes it from there.
group_metadata.out = native.out("kafka_group_metadata *[1]")

local text_out = native.out("const char *[1]")
local number_out = native.out("int32_t[1]")

local function text(handle, getter)
  if getter(handle, text_out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  return text_out[0] ~= nil and ffi.string(text_out[0]) or nil
end

--- Makes an object of what has just been made.
---@return kafka.GroupMetadata
function group_metadata.taken()
  local handle = ffi.gc(group_metadata.out[0], free)
  C.kafka_group_metadata_generation_id(handle, number_out, nil)
  return setmetatable({
    handle = handle,
    group_id = text(handle, C.kafka_group_metadata_group_id),
    member_id = text(handle, C.kafka_group_metadata_member_id),
    generation_id = number_out[0],
    group_instance_id = text(handle, C.kafka_group_metadata_group_instance_id),
  }, metatable)
end

--- Reads a future's; see `future.finish`.
---@param handle ffi.cdata* of a future
---@return kafka.GroupMetadata
function group_metadata.of_future(handle)
  if C.kafka_future_group_metadata(handle, group_metadata.out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  return group_metadata.taken()
end

--- Whether something is a consumer's group metadata.
---@param value any
---@return boolean
function group_metadata.is(value)
  return getmetatable(value) == metatable
end

return group_metadata
