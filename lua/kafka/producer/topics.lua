--- The topics that a producer manages: a table of native handles by name.

local ffi = require("ffi")
local check = require("kafka.check")
local native = require("kafka.native")

local C = native.C

local topics = {}

local function free(handle)
  C.kafka_topic_free(handle)
end

--- Makes a topic's handle.
---@param topic_conf? ffi.cdata*
---@param producer ffi.cdata*
---@param name string
---@return ffi.cdata*? handle
---@return string? message
function topics.create(topic_conf, producer, name)
  local out = ffi.new("kafka_topic *[1]")
  if C.kafka_producer_create_topic(producer, name, topic_conf, out, native.error) ~= 0 then
    return nil, native.message()
  end
  return ffi.gc(out[0], free)
end

--- For what a look into the table does not answer: numbers, which pass for strings, and mistakes.
---@param managed table<string, ffi.cdata*>
---@param name any the second argument of the method that asks
---@return ffi.cdata* handle
function topics.find(managed, name)
  local handle = managed[check.string(2, name, 2)]
  if not handle then
    error("invalid topic", 0)
  end
  return handle
end

--- The handle of a producer's topic, which is made where there is none.
---
--- Throws on a name that librdkafka refuses.
---@param producer kafka.Producer open
---@param name string
---@return ffi.cdata*? handle nil if the producer cannot be used here
---@return integer? code
function topics.managed(producer, name)
  local handle = producer.topics[name]
  if not handle then
    local message
    handle, message = topics.create(nil, producer.handle, name)
    local code = native.error.code
    if not handle and (code == C.KAFKA_ERR_FORKED or code == C.KAFKA_ERR_CLOSED) then
      return nil, code
    elseif not handle then
      error(("invalid topic '%s': %s"):format(name, message), 0)
    end
    producer.topics[name] = handle
  end
  return handle
end

--- Frees a topic's handle, if there is one.
---@param managed table<string, ffi.cdata*>
---@param name string
function topics.destroy(managed, name)
  local handle = managed[name]
  if handle then
    managed[name] = nil
    native.release(handle, free)
  end
end

return topics
