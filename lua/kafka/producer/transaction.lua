--- A producer's transactions.
---
--- Every call returns, when it fails, a fourth value that says what to do: `retriable`, call it again;
--- `txn_requires_abort`, call `abort_transaction` and start over; `fatal`, close the producer and make another.

local check = require("kafka.check")
local err = require("kafka.err")
local events = require("kafka.events")
local future = require("kafka.future")
local group_metadata = require("kafka.group_metadata")
local native = require("kafka.native")
local partitions = require("kafka.partitions")
local wait = require("kafka.wait")

local C = native.C

-- That of transaction.timeout.ms.
local TIMEOUT_MS = 60000

-- How long to wait before a call is tried again.
local BACKOFF_MS = 20

local INT32_MAX = 0x7fffffff

---@class kafka.Producer: kafka.Client
local Producer = {}

local function asked(self, start, timeout_ms)
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  local code = start(self.handle, timeout_ms, future.out, native.error)
  return future.finish(code, timeout_ms, nil, self)
end

--- Prepares for transactions: gets the producer's id from the cluster, and fences every producer that had the same
--- `transactional.id` before. Call it once, before anything is produced.
---@param timeout_ms? integer milliseconds, 60000 by default; -1 waits without limit
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info what to do about it
function Producer:init_transactions(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, TIMEOUT_MS)
  return asked(self, C.kafka_producer_init_transactions, timeout_ms)
end

local function begin(_, self, out)
  return C.kafka_producer_begin_transaction(self.handle, out, native.error)
end

--- Begins a transaction: what is produced from now on belongs to it. Never waits for a broker.
---@return true? begun
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Producer:begin_transaction()
  return future.call(self, nil, begin)
end

--- Checks a list of offsets; what is wrong with it is said by its place.
local function check_offsets(index, offsets, level)
  check.table(index, offsets, level + 1)
  for at, item in ipairs(offsets) do
    local place = ("item %d: "):format(at)
    if type(item) ~= "table" then
      check.fail(index, ("%stable expected, got %s"):format(place, type(item)), level + 1)
    elseif type(item.topic) ~= "string" or item.topic:find("\0", 1, true) then
      check.fail(index, place .. "field 'topic': no topic's name", level + 1)
    end
    for name, most in pairs({ partition = INT32_MAX, offset = 2 ^ 53 }) do
      local number = item[name]
      local in_range = type(number) == "number" and number >= 0 and number <= most
      if not in_range then
        check.fail(
          index,
          ("%sfield '%s': number from 0 expected, got %s"):format(place, name, tostring(number)),
          level + 1
        )
      end
    end
  end
end

local function send_offsets(offsets, producer, metadata, timeout_ms)
  return C.kafka_producer_send_offsets_to_transaction(producer, offsets, metadata, timeout_ms, future.out, native.error)
end

--- Makes a consumer's offsets part of the transaction: they are committed with it, or not at all. The consumer must not
--- commit by itself: `["enable.auto.commit"] = false`.
---@param offsets kafka.Partition[] `{topic=, partition=, offset=}`, each one behind the last message consumed
---@param consumer kafka.Consumer|kafka.GroupMetadata
---@param timeout_ms? integer milliseconds, 60000 by default; -1 waits without limit
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info what to do about it
function Producer:send_offsets_to_transaction(offsets, consumer, timeout_ms)
  check_offsets(2, offsets, 1)
  local metadata = consumer
  if not group_metadata.is(consumer) then
    if type(consumer) ~= "table" or type(consumer.group_metadata) ~= "function" then
      check.fail_type(3, "kafka.consumer", type(consumer))
    end
  end
  timeout_ms = check.timeout(4, timeout_ms, TIMEOUT_MS)
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  if not group_metadata.is(consumer) then
    local message, code
    metadata, message, code = consumer:group_metadata()
    if not metadata then
      return nil, message, code, err.info(code)
    end
  end
  local code = partitions.with(offsets, send_offsets, self.handle, metadata.handle, timeout_ms)
  return future.finish(code, timeout_ms, nil, self)
end

--- Flushes, and commits the transaction.
---@param timeout_ms? integer milliseconds, 60000 by default; -1 waits without limit
---@return true? committed
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info what to do about it
function Producer:commit_transaction(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, TIMEOUT_MS)
  return asked(self, C.kafka_producer_commit_transaction, timeout_ms)
end

--- Aborts the transaction. What is still queued is given up, and reported as failed.
---@param timeout_ms? integer milliseconds, 60000 by default; -1 waits without limit
---@return true? aborted
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info what to do about it
function Producer:abort_transaction(timeout_ms)
  timeout_ms = check.timeout(2, timeout_ms, TIMEOUT_MS)
  return asked(self, C.kafka_producer_abort_transaction, timeout_ms)
end

--- Makes a call again until it succeeds, fails for good, or the time is up.
---@param self kafka.Producer
---@param start ffi.cdata*|function
---@param deadline integer
local function insisting(self, start, deadline)
  while true do
    local left = math.max(0, deadline - events.now_ms())
    local done, message, code, info = asked(self, start, left)
    if done or not (info and info.retriable) or events.now_ms() + BACKOFF_MS >= deadline then
      return done, message, code, info
    end
    wait.pause(BACKOFF_MS, self)
  end
end

--- Runs `fn(producer)` in a transaction, and commits it. If `fn` throws, the transaction is aborted and the error
--- thrown on. If the commit fails, the transaction is aborted where that is what to do; what can be tried again is
--- tried again until the time is up.
---@param fn fun(producer: kafka.Producer)
---@param timeout_ms? integer milliseconds for the commit or the abort, 60000 by default
---@return true? committed
---@return string? message why it was not committed
---@return integer? code
---@return kafka.ErrorInfo? info what to do about it: `txn_requires_abort` has been done
function Producer:transaction(fn, timeout_ms)
  if type(fn) ~= "function" then
    check.fail_type(2, "function", type(fn))
  end
  timeout_ms = check.timeout(3, timeout_ms, TIMEOUT_MS)
  timeout_ms = timeout_ms < 0 and INT32_MAX or timeout_ms
  local begun, message, code, info = self:begin_transaction()
  if not begun then
    return nil, message, code, info
  end
  local succeeded, thrown = pcall(fn, self)
  local deadline = events.now_ms() + timeout_ms
  if not succeeded then
    -- How that ends does not matter: the coordinator aborts what is not committed.
    insisting(self, C.kafka_producer_abort_transaction, deadline)
    error(thrown, 0)
  end
  local committed
  committed, message, code, info = insisting(self, C.kafka_producer_commit_transaction, deadline)
  if not committed and info and info.txn_requires_abort then
    insisting(self, C.kafka_producer_abort_transaction, deadline)
  end
  return committed, message, code, info
end

local transaction = {}

-- The least and the most arguments of each method, the object included.
local COUNTS = {
  init_transactions = { 1, 2 },
  begin_transaction = { 1, 1 },
  send_offsets_to_transaction = { 3, 4 },
  commit_transaction = { 1, 2 },
  abort_transaction = { 1, 2 },
  transaction = { 2, 3 },
}

--- Adds these methods to the producers' class, before it is made.
transaction.extend = check.mixin(Producer, COUNTS)

return transaction
