--- Configuration: a Lua table of librdkafka's properties becomes a native one.

local ffi = require("ffi")
local native = require("kafka.native")

local C = native.C

local conf = {}

---@alias kafka.Properties table<string, string|number|boolean> librdkafka's configuration properties

--- A property's value as librdkafka reads it; nil if it cannot be one.
---@param value any
---@return string?
local function to_text(value)
  local kind = type(value)
  if kind == "number" and value == math.floor(value) then
    -- tostring() would write an exponent into large ones.
    return ("%.0f"):format(value)
  elseif kind == "string" or kind == "number" or kind == "boolean" then
    return tostring(value)
  end
end

--- Sets all properties, or says what is wrong with the first that cannot be set.
---@return string? failure
local function set_all(handle, set, properties)
  for name, value in next, properties do
    if type(name) ~= "string" then
      return "invalid config key type: " .. type(name)
    end
    local text = to_text(value)
    if not text then
      return "invalid config value type: " .. type(value)
    end
    local failure
    if value ~= value or value == math.huge or value == -math.huge then
      failure = "not a finite number"
    elseif (name .. text):find("\0", 1, true) then
      failure = "a property cannot contain a NUL byte"
    elseif set(handle, name, text, native.error) ~= 0 then
      failure = native.message()
    end
    if failure then
      return ("Failed to set %s = %s : %s"):format(name, text, failure)
    end
  end
end

local function build(ctype, new, set, free, properties)
  local out = ffi.new(ctype)
  if new(out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  local handle = ffi.gc(out[0], free)
  local failure = set_all(handle, set, properties or {})
  if failure then
    native.release(handle, free)
    error(failure, 0)
  end
  return handle
end

local function free_client(handle)
  C.kafka_conf_free(handle)
end

local function free_topic(handle)
  C.kafka_topic_conf_free(handle)
end

--- Calls `fn(handle, ...)` with the native configuration of a client. Throws what librdkafka says about a property.
---@param properties? kafka.Properties
---@param fn function
---@return any ... what `fn` returns
function conf.with_client(properties, fn, ...)
  local handle = build("kafka_conf *[1]", C.kafka_conf_new, C.kafka_conf_set, free_client, properties)
  return native.using(handle, free_client, fn, ...)
end

--- Calls `fn(handle, ...)` with the native configuration of a topic; nil properties are nil to it too.
---@param properties? kafka.Properties
---@param fn function
---@return any ... what `fn` returns
function conf.with_topic(properties, fn, ...)
  if properties == nil then
    return fn(nil, ...)
  end
  local handle = build("kafka_topic_conf *[1]", C.kafka_topic_conf_new, C.kafka_topic_conf_set, free_topic, properties)
  return native.using(handle, free_topic, fn, ...)
end

--- Whether a client's boolean property is set.
---@param handle ffi.cdata*
---@param name string
---@return boolean
function conf.is_true(handle, name)
  local value, length = ffi.new("char[8]"), ffi.new("size_t[1]")
  return C.kafka_conf_get(handle, name, value, ffi.sizeof(value), length, nil) == 0 and ffi.string(value) == "true"
end

return conf
