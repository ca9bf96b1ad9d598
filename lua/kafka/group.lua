--- A consumer in its group: what it subscribes to, is assigned, and gives back.

local ffi = require("ffi")
local check = require("kafka.check")
local err = require("kafka.err")
local events = require("kafka.events")
local future = require("kafka.future")
local native = require("kafka.native")
local partitions = require("kafka.partitions")
local task = require("kafka.nginx.task")
local wait = require("kafka.wait")

local C = native.C

local group = {}

---@class kafka.Consumer
local Group = {}

local function subscribe(list, self, out)
  return C.kafka_consumer_subscribe(self.handle, list, out, native.error)
end

--- Joins the group, to share these topics with its other members. Replaces an earlier subscription. Never waits for a
--- broker.
---@param topics string[] names; one that begins with "^" is a regular expression
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:subscribe(topics)
  if #check.table(2, topics) == 0 then
    check.fail(2, "the topics array is empty")
  end
  local list, single = partitions.parse(topics)
  if single then
    check.fail(2, "a topic with a partition can be assigned, not subscribed to")
  end
  return future.call(self, list, subscribe)
end

local function unsubscribe(_, self, out)
  return C.kafka_consumer_unsubscribe(self.handle, out, native.error)
end

--- Ends the subscription: the group is left in the background.
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:unsubscribe()
  return future.call(self, nil, unsubscribe)
end

local function subscription(_, self, out, place)
  return C.kafka_consumer_subscription(self.handle, place, out, native.error)
end

--- What is subscribed to, as it was given.
---@return string[]? topics empty if there is no subscription
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:subscription()
  local taken, of_future = partitions.taken, partitions.of_future
  local list, message, code, info = future.call(self, nil, subscription, taken, of_future, partitions.out)
  if not list then
    return nil, message, code, info
  end
  local topics = {}
  for index, item in ipairs(list) do
    topics[index] = item.topic
  end
  return topics
end

local function assign(list, self, out)
  return C.kafka_consumer_assign(self.handle, list, out, native.error)
end

--- Consumes exactly these partitions. In a handler it is the answer to the rebalance.
---@param list kafka.Partition[] with an offset to begin there, without one to go on where the group left off
---@return true? done
---@return string? message
---@return integer? code STATE where the group rebalances cooperatively: see `incremental_assign`
---@return kafka.ErrorInfo? info
function Group:assign(list)
  return future.call(self, partitions.check(2, list), assign)
end

local function incremental_assign(list, self, out)
  return C.kafka_consumer_incremental_assign(self.handle, list, out, native.error)
end

--- Consumes these partitions as well.
---@param list kafka.Partition[]
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:incremental_assign(list)
  return future.call(self, partitions.check(2, list), incremental_assign)
end

local function incremental_unassign(list, self, out)
  return C.kafka_consumer_incremental_unassign(self.handle, list, out, native.error)
end

--- Consumes these partitions no more.
---@param list kafka.Partition[]
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:incremental_unassign(list)
  return future.call(self, partitions.check(2, list), incremental_unassign)
end

local function unassign(_, self, out)
  return C.kafka_consumer_unassign(self.handle, out, native.error)
end

--- Consumes nothing any more.
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:unassign()
  return future.call(self, nil, unassign)
end

local function assignment(_, self, out, place)
  return C.kafka_consumer_assignment(self.handle, place, out, native.error)
end

--- The partitions that are consumed.
---@return kafka.Partition[]? list
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:assignment()
  return future.call(self, nil, assignment, partitions.taken, partitions.of_future, partitions.out)
end

local number_out = native.out("int32_t[1]")

--- Whether the partitions are lost: other members may consume them already.
---@return boolean? lost
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:assignment_lost()
  if not self.handle then
    return err.closed()
  end
  local code = C.kafka_consumer_assignment_lost(self.handle, number_out, native.error)
  if code ~= 0 then
    return err.failed(code)
  end
  return number_out[0] ~= 0
end

local text_out = native.out("const char *[1]")

local function protocol(_, self, out, place)
  return C.kafka_consumer_rebalance_protocol(self.handle, place, out, native.error)
end

local function read_protocol()
  return ffi.string(text_out[0])
end

local function protocol_of_future(handle)
  C.kafka_future_protocol(handle, text_out, nil)
  return read_protocol()
end

--- How the group rebalances.
---@return string? protocol "NONE" as long as it has not been joined, "EAGER" or "COOPERATIVE"
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:rebalance_protocol()
  return future.call(self, nil, protocol, read_protocol, protocol_of_future, text_out)
end

-- The least and the most arguments of each method, the object included.
local COUNTS = {
  subscribe = { 2, 2 },
  unsubscribe = { 1, 1 },
  subscription = { 1, 1 },
  assign = { 2, 2 },
  incremental_assign = { 2, 2 },
  incremental_unassign = { 2, 2 },
  unassign = { 1, 1 },
  assignment = { 1, 1 },
  assignment_lost = { 1, 1 },
  rebalance_protocol = { 1, 1 },
}

--- Adds these methods to a class that is about to be made.
group.extend = check.mixin(Group, COUNTS)

--- The handler for a rebalance. A program without one for lost partitions gets them as revoked.
local function handler_of(self, kind)
  local handlers = self.handlers
  if kind == "assign" then
    if self.is_closing then
      -- What a consumer is given that leaves it never has, so no handler is called for its coming or its going.
      self.is_unannounced = #(self:assignment() or {}) == 0
      return nil
    end
    return handlers.on_assign
  elseif self.is_unannounced then
    return nil
  end
  return kind == "lost" and handlers.on_lost or handlers.on_revoke
end

local function accept(_, self, out)
  return C.kafka_consumer_accept_rebalance(self.handle, nil, out, nil)
end

--- Runs a rebalance's handler, and answers it unless the handler has done so by itself.
local function answer(self, taken)
  local event = events.read(taken)
  local handler = handler_of(self, event.type)
  local succeeded, failure = true, nil
  if handler then
    succeeded, failure = pcall(handler, self, event.partitions)
  end
  -- The group waits for the answer, whatever the handler came to; it may also have closed the consumer.
  future.call(self, nil, accept)
  if not succeeded then
    error(failure, 0)
  end
end

--- Has a rebalance answered that was taken from the library, which cannot be taken again; waits until that is done.
---@param self kafka.Consumer
---@param taken ffi.cdata* a kafka_event
function group.answer(self, taken)
  task.run(taken, -1, answer, self, taken)
end

local function look_for_end(self, _, left_ms)
  local code = C.kafka_consumer_leave(self.handle, left_ms, nil)
  if code ~= C.KAFKA_ERR_TIMED_OUT then
    return code
  end
end

--- Whether a consumer's rebalances have handlers.
---@param self kafka.Consumer
---@return boolean
function group.has_handlers(self)
  local handlers = self.handlers
  return (handlers.on_assign or handlers.on_revoke or handlers.on_lost) ~= nil
end

--- Leaves the group, and runs the handlers of rebalances on the way.
---@param self kafka.Consumer
---@param timeout_ms integer
---@return integer left_ms what is left of the time
---@return any failure an error of a handler's
function group.leave(self, timeout_ms)
  local start = events.now_ms()
  local succeeded, failure = pcall(wait.until_ready, self, timeout_ms, look_for_end)
  local left_ms = timeout_ms < 0 and -1 or math.max(0, timeout_ms - (events.now_ms() - start))
  return left_ms, not succeeded and failure or nil
end

return group
