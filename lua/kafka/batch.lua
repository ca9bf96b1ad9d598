--- Batches: messages that were taken at one go.

local ffi = require("ffi")
local new_table = require("table.new")
local check = require("kafka.check")
local err = require("kafka.err")
local message = require("kafka.message")
local native = require("kafka.native")

local C = native.C

local batch = {}

--- A batch of messages that are not copied. Pointers into it are good until it is released or collected: keep the batch
--- in a variable as long as they are used. The consumer may be closed before.
---@class kafka.Batch
---@field private handle? ffi.cdata* nil when released
---@field private raw ffi.cdata* the messages where they are, as long as there is the handle
---@field private count integer
local Batch = {}

local bytes_out = native.out("size_t[1]")

-- What batches hold that have not been released or collected, in bytes. The collector does not see it: where it is
-- much, the collector is driven on as if the messages were Lua's.
local held = 0
local HELD_FREELY = 16 * 1024 * 1024

local function bytes_of(handle)
  return C.kafka_batch_bytes(handle, bytes_out, nil) == 0 and tonumber(bytes_out[0]) or 0
end

local function free(handle)
  local byte_count = bytes_of(handle)
  -- Read here and not before: the call above may collect other batches, which are counted as well.
  held = held - byte_count
  C.kafka_batch_free(handle)
end

--- A message where it is; what is not there is a mistake of the caller's.
local function look(self, index)
  if not self.handle then
    return err.closed()
  end
  local number = check.int32(2, index, nil, 2)
  if number < 1 or number > self.count then
    check.fail(2, ("index out of range, of %d messages"):format(self.count), 2)
  end
  return self.raw[number - 1]
end

local bytes = ffi.typeof("const uint8_t *")

--- How many messages there are.
---@return integer? count nil when released
---@return string? message
---@return integer? code
function Batch:len()
  if not self.handle then
    return err.closed()
  end
  return self.count
end

--- A message's value, where it is.
---@param index integer from 1
---@return ffi.cdata*? pointer `const uint8_t *`; nil for a tombstone
---@return integer|string|nil length in bytes; or a message, once it is released
---@return integer? code
function Batch:value_ptr(index)
  local found, text, code = look(self, index)
  if not found then
    return nil, text, code
  elseif found.value == nil then
    return nil
  end
  return ffi.cast(bytes, found.value), tonumber(found.value_len)
end

--- A message's key, where it is.
---@param index integer from 1
---@return ffi.cdata*? pointer `const uint8_t *`; nil if it has none
---@return integer|string|nil length in bytes; or a message, once it is released
---@return integer? code
function Batch:key_ptr(index)
  local found, text, code = look(self, index)
  if not found then
    return nil, text, code
  elseif found.key == nil then
    return nil
  end
  return ffi.cast(bytes, found.key), tonumber(found.key_len)
end

--- A message's topic.
---@param index integer from 1
---@return string? topic
---@return string? message
---@return integer? code
function Batch:topic(index)
  local found, text, code = look(self, index)
  if not found then
    return nil, text, code
  end
  return message.fields.topic(message.view(found))
end

--- A message's partition.
---@param index integer from 1
---@return integer? partition
---@return string? message
---@return integer? code
function Batch:partition(index)
  local found, text, code = look(self, index)
  if not found then
    return nil, text, code
  end
  return message.fields.partition(found)
end

--- A message's offset.
---@param index integer from 1
---@return integer? offset
---@return string? message
---@return integer? code
function Batch:offset(index)
  local found, text, code = look(self, index)
  if not found then
    return nil, text, code
  end
  return message.fields.offset(found)
end

--- A message, copied: it does not need the batch any more.
---@param index integer from 1
---@return kafka.Message? message
---@return string? text
---@return integer? code
function Batch:message(index)
  local found, text, code = look(self, index)
  if not found then
    return nil, text, code
  end
  return message.read(message.view(found))
end

--- Gives the messages back; doing so twice is harmless.
function Batch:release()
  local handle = self.handle
  if handle then
    self.handle = nil
    native.release(handle, free)
  end
end

local metatable = check.class("kafka.batch", Batch, {
  len = { 1, 1 },
  value_ptr = { 2, 2 },
  key_ptr = { 2, 2 },
  topic = { 2, 2 },
  partition = { 2, 2 },
  offset = { 2, 2 },
  message = { 2, 2 },
  release = { 1, 1 },
})

--- Where kafka_consumer_consume puts the batch; `taken` takes it from there.
batch.out = native.out("kafka_batch *[1]")

local count_out = native.out("size_t[1]")

local function count_of(handle)
  if C.kafka_batch_count(handle, count_out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  return tonumber(count_out[0])
end

--- The batch that has just been taken. `object` or `messages` makes what is shown of it.
---@return ffi.cdata* handle
function batch.taken()
  return ffi.gc(batch.out[0], free)
end

--- Counts what a batch holds.
local function account(handle)
  local byte_count = bytes_of(handle)
  held = held + byte_count
  if held > HELD_FREELY then
    collectgarbage("step", byte_count / 1024)
  end
  return count_of(handle)
end

local raw_out = native.out("const kafka_raw_message *const *[1]")

--- What messages of a batch are read by; they last as long as the program has it.
local function hold(handle)
  if C.kafka_batch_raw_messages(handle, raw_out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  return { handle = handle, raw = raw_out[0], count = account(handle) }
end

--- A batch as an object.
---@param handle ffi.cdata*
---@return kafka.Batch
function batch.object(handle)
  return setmetatable(hold(handle), metatable)
end

--- A batch as an array of messages, which keep it.
---@param handle ffi.cdata*
---@return kafka.Message[]
function batch.messages(handle)
  local held_by = hold(handle)
  local messages = new_table(held_by.count, 0)
  for index = 1, held_by.count do
    messages[index] = message.of_batch(held_by, index - 1)
  end
  return messages
end

return batch
