--- A consumer in its group: what it subscribes to, is assigned, and gives back.

local ffi = require("ffi")
local check = require("kafka.check")
local err = require("kafka.err")
local events = require("kafka.events")
local native = require("kafka.native")
local partitions = require("kafka.partitions")

local C = native.C

local group = {}

---@class kafka.Consumer
local Group = {}

local function subscribe(list, self)
  return C.kafka_consumer_subscribe(self.handle, list, native.error)
end

--- Joins the group, to share these topics with its other members. Replaces an earlier subscription. Never waits.
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
  elseif not self.handle then
    return err.closed()
  end
  return err.done(partitions.with(list, subscribe, self))
end

--- Ends the subscription: the group is left in the background.
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:unsubscribe()
  if not self.handle then
    return err.closed()
  end
  return err.done(C.kafka_consumer_unsubscribe(self.handle, native.error))
end

--- What is subscribed to, as it was given.
---@return string[]? topics empty if there is no subscription
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:subscription()
  if not self.handle then
    return err.closed()
  end
  local code = C.kafka_consumer_subscription(self.handle, partitions.out, native.error)
  if code ~= 0 then
    return err.failed(code)
  end
  local topics = {}
  for index, item in ipairs(partitions.taken()) do
    topics[index] = item.topic
  end
  return topics
end

local function assign(list, self, function_of_c)
  return function_of_c(self.handle, list, native.error)
end

--- Consumes exactly these partitions. In a handler it is the answer to the rebalance.
---@param list kafka.Partition[] with an offset to begin there, without one to go on where the group left off
---@return true? done
---@return string? message
---@return integer? code STATE where the group rebalances cooperatively: see `incremental_assign`
---@return kafka.ErrorInfo? info
function Group:assign(list)
  list = partitions.check(2, list)
  if not self.handle then
    return err.closed()
  end
  return err.done(partitions.with(list, assign, self, C.kafka_consumer_assign))
end

--- Consumes these partitions as well.
---@param list kafka.Partition[]
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:incremental_assign(list)
  list = partitions.check(2, list)
  if not self.handle then
    return err.closed()
  end
  return err.done(partitions.with(list, assign, self, C.kafka_consumer_incremental_assign))
end

--- Consumes these partitions no more.
---@param list kafka.Partition[]
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:incremental_unassign(list)
  list = partitions.check(2, list)
  if not self.handle then
    return err.closed()
  end
  return err.done(partitions.with(list, assign, self, C.kafka_consumer_incremental_unassign))
end

--- Consumes nothing any more.
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:unassign()
  if not self.handle then
    return err.closed()
  end
  return err.done(C.kafka_consumer_unassign(self.handle, native.error))
end

--- The partitions that are consumed.
---@return kafka.Partition[]? list
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:assignment()
  if not self.handle then
    return err.closed()
  end
  local code = C.kafka_consumer_assignment(self.handle, partitions.out, native.error)
  if code ~= 0 then
    return err.failed(code)
  end
  return partitions.taken()
end

local number_out = ffi.new("int32_t[1]")

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

local text_out = ffi.new("const char *[1]")

--- How the group rebalances.
---@return string? protocol "NONE" as long as it has not been joined, "EAGER" or "COOPERATIVE"
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:rebalance_protocol()
  if not self.handle then
    return err.closed()
  end
  local code = C.kafka_consumer_rebalance_protocol(self.handle, text_out, native.error)
  if code ~= 0 then
    return err.failed(code)
  end
  return ffi.string(text_out[0])
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

--- The handler for a rebalance. Who does not tell lost partitions from revoked ones hears of both.
local function handler_of(self, kind)
  local handlers = self.handlers
  if kind == "assign" then
    if self.closing then
      -- What a consumer is given that leaves it never has, so it hears neither of its coming nor of its going.
      self.untold = #self:assignment() == 0
      return nil
    end
    return handlers.on_assign
  elseif self.untold then
    return nil
  end
  return kind == "lost" and handlers.on_lost or handlers.on_revoke
end

--- Answers a rebalance, after its handler has run; unless that has done so by itself.
---@param self kafka.Consumer
---@param event kafka.Event
function group.answer(self, event)
  local handler = handler_of(self, event.type)
  local succeeded, failure = true, nil
  if handler then
    succeeded, failure = pcall(handler, self, event.partitions)
  end
  -- The group waits for the answer, whatever the handler came to; it may also have closed the consumer.
  if self.handle then
    C.kafka_consumer_accept_rebalance(self.handle, nil, nil)
  end
  if not succeeded then
    error(failure, 0)
  end
end

local function leave(timeout_ms, self)
  return C.kafka_consumer_leave(self.handle, timeout_ms, nil)
end

--- Leaves the group if somebody wants to hear of it, and runs the handlers on the way.
---@param self kafka.Consumer
---@param timeout_ms integer
---@return integer left_ms what is left of the time
---@return any failure an error of a handler's
function group.leave(self, timeout_ms)
  if bit.band(self.handled, C.KAFKA_EVENT_REBALANCE) == 0 then
    return timeout_ms
  end
  local start = events.now_ms()
  local succeeded, failure = pcall(events.waiting, self, timeout_ms, leave)
  local left_ms = timeout_ms < 0 and -1 or math.max(0, timeout_ms - (events.now_ms() - start))
  return left_ms, not succeeded and failure or nil
end

return group
