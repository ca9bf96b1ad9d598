--- A consumer's places in its partitions: those it is at, and those its group has committed.

local check = require("kafka.check")
local err = require("kafka.err")
local future = require("kafka.future")
local native = require("kafka.native")
local partitions = require("kafka.partitions")
local value = require("kafka.value")

local C = native.C

local TIMEOUT_MS = 10000

local offsets = {}

---@class kafka.Consumer
local Offsets = {}

--- A message, as the list that commits it; or a list.
local function list_of(index, given, level)
  level = (level or 1) + 1
  local is_message = type(given) == "table" and given.topic ~= nil
  -- No tail calls: the name of the method is looked for in the stack.
  local list = partitions.check(index, is_message and { given } or given, "offset", level)
  if is_message then
    list[1].offset = list[1].offset + 1
  end
  return list
end

local function start(list, self, function_of_c, timeout_ms)
  return function_of_c(self.handle, list, timeout_ms, nil, future.out, native.error)
end

--- Asks the brokers about partitions.
local function ask(self, list, function_of_c, timeout_ms)
  local code = partitions.with(list, start, self, function_of_c, timeout_ms)
  return future.finish(code, timeout_ms, partitions.of_future, self)
end

--- Commits offsets, and waits until that is done.
---@param given? kafka.Message|kafka.Partition[] a message: the offset behind it; a list: the offsets of the next
--- messages to consume; nil: what is stored for all partitions that are assigned
---@param timeout_ms? integer milliseconds, 10000 by default; -1 waits without limit
---@return kafka.Partition[]? committed empty if there was nothing to commit
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Offsets:commit(given, timeout_ms)
  local list = given ~= nil and list_of(2, given) or nil
  timeout_ms = check.timeout(3, timeout_ms, TIMEOUT_MS)
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  return ask(self, list, C.kafka_consumer_commit, timeout_ms)
end

local function commit_async(list, self)
  return C.kafka_consumer_commit_async(self.handle, list, native.error)
end

--- Commits offsets in the background; a failure is an event, "commit_failed". Never waits.
---@param given? kafka.Message|kafka.Partition[] as for `commit`
---@return true? begun
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Offsets:commit_async(given)
  local list = given ~= nil and list_of(2, given) or nil
  if not self.handle then
    return err.closed()
  end
  return err.done(partitions.with(list, commit_async, self))
end

local function store_offsets(list, self)
  return C.kafka_consumer_store_offsets(self.handle, list, native.error)
end

--- Has offsets committed with the next commit of all. It needs `enable.auto.offset.store = false`. Never waits.
---@param given kafka.Message|kafka.Partition[] as for `commit`
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Offsets:store_offsets(given)
  local list = list_of(2, given)
  if not self.handle then
    return err.closed()
  end
  return err.done(partitions.with(list, store_offsets, self))
end

local function pause(list, self, out)
  return C.kafka_consumer_pause(self.handle, list, out, native.error)
end

--- Takes no messages of these partitions, until they are resumed or assigned anew. Never waits for a broker.
---@param list kafka.Partition[]
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Offsets:pause(list)
  return future.call(self, partitions.check(2, list), pause)
end

local function resume(list, self, out)
  return C.kafka_consumer_resume(self.handle, list, out, native.error)
end

--- The reverse of `pause`.
---@param list kafka.Partition[]
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Offsets:resume(list)
  return future.call(self, partitions.check(2, list), resume)
end

local function position(list, self, out, place)
  return C.kafka_consumer_position(self.handle, list, place, out, native.error)
end

--- The offsets of the next messages. Never waits for a broker.
---@param list? kafka.Partition[] nil for all that are assigned
---@return kafka.Partition[]? positions without an offset where nothing has been taken yet
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Offsets:position(list)
  list = list ~= nil and partitions.check(2, list) or nil
  return future.call(self, list, position, partitions.taken, partitions.of_future, partitions.out)
end

--- Goes on from another offset, in a partition that is assigned.
---@param place kafka.Partition with an offset, also kafka.OFFSET_BEGINNING or kafka.OFFSET_END
---@param timeout_ms? integer milliseconds, 10000 by default; -1 waits without limit
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Offsets:seek(place, timeout_ms)
  local list = partitions.check(2, { check.table(2, place) }, "offset")
  timeout_ms = check.timeout(3, timeout_ms, TIMEOUT_MS)
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  local places, text, code, info = ask(self, list, C.kafka_consumer_seek, timeout_ms)
  if not places then
    return nil, text, code, info
  elseif places[1].code then
    return err.failure(places[1].code)
  end
  return true
end

--- Asks for what the group has committed.
---@param list kafka.Partition[]
---@param timeout_ms? integer milliseconds, 10000 by default; -1 waits without limit
---@return kafka.Partition[]? committed without an offset where nothing is committed
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Offsets:committed(list, timeout_ms)
  list = partitions.check(2, list)
  timeout_ms = check.timeout(3, timeout_ms, TIMEOUT_MS)
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  return ask(self, list, C.kafka_consumer_committed, timeout_ms)
end

--- Asks for the offsets of the first messages from some time on.
---@param list kafka.Partition[] with timestamps: milliseconds since 1970-01-01 UTC
---@param timeout_ms? integer milliseconds, 10000 by default; -1 waits without limit
---@return kafka.Partition[]? found with kafka.OFFSET_END where no message is that young
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Offsets:offsets_for_times(list, timeout_ms)
  list = partitions.check(2, list, "timestamp")
  timeout_ms = check.timeout(3, timeout_ms, TIMEOUT_MS)
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  return ask(self, list, C.kafka_consumer_offsets_for_times, timeout_ms)
end

--- Asks for the ends of a partition.
---@param topic string
---@param partition integer
---@param timeout_ms? integer milliseconds, 10000 by default; -1 waits without limit
---@return integer? low the first offset that it has; nil if they could not be had
---@return integer|string|nil high the offset that its next message will have; or a message
---@return integer? code
---@return kafka.ErrorInfo? info
function Offsets:watermarks(topic, partition, timeout_ms)
  topic = check.c_string(2, topic)
  partition = check.int32(3, partition)
  if partition < 0 then
    check.fail(3, "invalid topic partition < 0")
  end
  timeout_ms = check.timeout(4, timeout_ms, TIMEOUT_MS)
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  local out = future.out
  local begun = C.kafka_consumer_watermarks(self.handle, topic, partition, timeout_ms, nil, nil, out, native.error)
  local found, text, code, info = future.finish(begun, timeout_ms, value.of_future, self)
  if not found then
    return nil, text, code, info
  end
  return found.low, found.high
end

-- The least and the most arguments of each method, the object included.
local COUNTS = {
  commit = { 1, 3 },
  commit_async = { 1, 2 },
  store_offsets = { 2, 2 },
  pause = { 2, 2 },
  resume = { 2, 2 },
  position = { 1, 2 },
  seek = { 2, 3 },
  committed = { 2, 3 },
  offsets_for_times = { 2, 3 },
  watermarks = { 3, 4 },
}

--- Adds these methods to a class that is about to be made.
offsets.extend = check.mixin(Offsets, COUNTS)

return offsets
