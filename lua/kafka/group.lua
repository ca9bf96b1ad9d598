--- A consumer in its group: what it subscribes to, is assigned, and gives back.

local ffi = require("ffi")
local calls = require("kafka.calls")
local check = require("kafka.check")
local err = require("kafka.err")
local events = require("kafka.events")
local native = require("kafka.native")
local partitions = require("kafka.partitions")
local value = require("kafka.value")

local C = native.C

local group = {}

---@class kafka.Consumer
local Group = {}

local function subscribe(list, self)
  return C.kafka_consumer_subscribe(self.handle, list, native.error)
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
  return calls.make(self, C.KAFKA_CALL_SUBSCRIBE, list, subscribe)
end

local function unsubscribe(_, self)
  return C.kafka_consumer_unsubscribe(self.handle, native.error)
end

--- Ends the subscription: the group is left in the background.
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:unsubscribe()
  return calls.make(self, C.KAFKA_CALL_UNSUBSCRIBE, nil, unsubscribe)
end

local function subscription(_, self)
  return C.kafka_consumer_subscription(self.handle, partitions.out, native.error)
end

--- What is subscribed to, as it was given.
---@return string[]? topics empty if there is no subscription
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:subscription()
  local number, taken = C.KAFKA_CALL_SUBSCRIPTION, partitions.taken
  local list, message, code, info = calls.make(self, number, nil, subscription, taken, partitions.of_request)
  if not list then
    return nil, message, code, info
  end
  local topics = {}
  for index, item in ipairs(list) do
    topics[index] = item.topic
  end
  return topics
end

local function assign(list, self)
  return C.kafka_consumer_assign(self.handle, list, native.error)
end

--- Consumes exactly these partitions. In a handler it is the answer to the rebalance.
---@param list kafka.Partition[] with an offset to begin there, without one to go on where the group left off
---@return true? done
---@return string? message
---@return integer? code STATE where the group rebalances cooperatively: see `incremental_assign`
---@return kafka.ErrorInfo? info
function Group:assign(list)
  return calls.make(self, C.KAFKA_CALL_ASSIGN, partitions.check(2, list), assign)
end

local function incremental_assign(list, self)
  return C.kafka_consumer_incremental_assign(self.handle, list, native.error)
end

--- Consumes these partitions as well.
---@param list kafka.Partition[]
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:incremental_assign(list)
  return calls.make(self, C.KAFKA_CALL_INCREMENTAL_ASSIGN, partitions.check(2, list), incremental_assign)
end

local function incremental_unassign(list, self)
  return C.kafka_consumer_incremental_unassign(self.handle, list, native.error)
end

--- Consumes these partitions no more.
---@param list kafka.Partition[]
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:incremental_unassign(list)
  return calls.make(self, C.KAFKA_CALL_INCREMENTAL_UNASSIGN, partitions.check(2, list), incremental_unassign)
end

local function unassign(_, self)
  return C.kafka_consumer_unassign(self.handle, native.error)
end

--- Consumes nothing any more.
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:unassign()
  return calls.make(self, C.KAFKA_CALL_UNASSIGN, nil, unassign)
end

local function assignment(_, self)
  return C.kafka_consumer_assignment(self.handle, partitions.out, native.error)
end

--- The partitions that are consumed.
---@return kafka.Partition[]? list
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:assignment()
  return calls.make(self, C.KAFKA_CALL_ASSIGNMENT, nil, assignment, partitions.taken, partitions.of_request)
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

local function protocol(_, self)
  return C.kafka_consumer_rebalance_protocol(self.handle, text_out, native.error)
end

local function read_protocol()
  return ffi.string(text_out[0])
end

--- How the group rebalances.
---@return string? protocol "NONE" as long as it has not been joined, "EAGER" or "COOPERATIVE"
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Group:rebalance_protocol()
  return calls.make(self, C.KAFKA_CALL_REBALANCE_PROTOCOL, nil, protocol, read_protocol, value.of_request)
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
      self.untold = #(self:assignment() or {}) == 0
      return nil
    end
    return handlers.on_assign
  elseif self.untold then
    return nil
  end
  return kind == "lost" and handlers.on_lost or handlers.on_revoke
end

local function accept(_, self)
  return C.kafka_consumer_accept_rebalance(self.handle, nil, nil)
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
  calls.make(self, C.KAFKA_CALL_ACCEPT_REBALANCE, nil, accept)
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
  local handlers = self.handlers
  if not (handlers.on_assign or handlers.on_revoke or handlers.on_lost) then
    return timeout_ms
  end
  local start = events.now_ms()
  local succeeded, failure = pcall(events.waiting, self, timeout_ms, leave)
  local left_ms = timeout_ms < 0 and -1 or math.max(0, timeout_ms - (events.now_ms() - start))
  return left_ms, not succeeded and failure or nil
end

return group
