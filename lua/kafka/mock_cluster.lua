--- kafka.mock_cluster: brokers inside the process, for tests without a broker.

local ffi = require("ffi")
local check = require("kafka.check")
local err = require("kafka.err")
local native = require("kafka.native")

local C = native.C

---@class kafka.MockCluster
---@field private handle? ffi.cdata* nil when closed
local MockCluster = {}

local function free(handle)
  C.kafka_mock_cluster_free(handle)
end

--- What a method returns: a broker or partition that cannot be is the caller's mistake.
local function result(code)
  if code == C.KAFKA_ERR_INVALID_ARGUMENT then
    error(native.message(), 0)
  elseif code ~= 0 then
    return err.failure(code, native.message())
  end
  return true
end

--- What `brokers` of a producer or consumer may be.
---@return string? servers "host:port,host:port"
---@return string? message
---@return integer? code
function MockCluster:bootstrap_servers()
  local handle = self.handle
  if not handle then
    return err.closed()
  end
  local servers = ffi.new("const char *[1]")
  local code = C.kafka_mock_cluster_bootstrap_servers(handle, servers, native.error)
  if code ~= 0 then
    return result(code)
  end
  return ffi.string(servers[0])
end

--- Creates a topic. One that is used without having been created has 4 partitions.
---@param topic string
---@param partitions? integer 1 by default
---@param replication? integer brokers that hold each partition, 1 by default
---@return true? created
---@return string? message
---@return integer? code
function MockCluster:create_topic(topic, partitions, replication)
  topic = check.c_string(2, topic)
  partitions = check.int32(3, partitions, 1)
  replication = check.int32(4, replication, 1)
  local handle = self.handle
  if not handle then
    return err.closed()
  end
  return result(C.kafka_mock_cluster_create_topic(handle, topic, partitions, replication, native.error))
end

--- Cuts a broker off: its connections break, and it accepts no others.
---@param id integer from 1
---@return true? done
---@return string? message
---@return integer? code
function MockCluster:broker_down(id)
  id = check.int32(2, id)
  local handle = self.handle
  if not handle then
    return err.closed()
  end
  return result(C.kafka_mock_cluster_broker_down(handle, id, native.error))
end

--- Brings a broker back.
---@param id integer from 1
---@return true? done
---@return string? message
---@return integer? code
function MockCluster:broker_up(id)
  id = check.int32(2, id)
  local handle = self.handle
  if not handle then
    return err.closed()
  end
  return result(C.kafka_mock_cluster_broker_up(handle, id, native.error))
end

--- Makes a broker slow.
---@param id integer from 1
---@param rtt_ms integer milliseconds from a request to its answer
---@return true? done
---@return string? message
---@return integer? code
function MockCluster:set_rtt(id, rtt_ms)
  id = check.int32(2, id)
  rtt_ms = check.int32(3, rtt_ms)
  local handle = self.handle
  if not handle then
    return err.closed()
  end
  return result(C.kafka_mock_cluster_set_rtt(handle, id, rtt_ms, native.error))
end

local api_out = native.out("int32_t[1]")

--- Lets requests of one kind fail: the next with the first code, the one after it with the second, and so on.
---@param api string|integer the request's name in Kafka's protocol, as "Produce" or "InitProducerId", or its number
---@param ... integer codes, as `kafka.err.NOT_LEADER_FOR_PARTITION`
---@return true? done
---@return string? message
---@return integer? code
function MockCluster:push_errors(api, ...)
  if type(api) == "string" and not tonumber(api) then
    result(C.kafka_mock_cluster_api_key(check.c_string(2, api), api_out, native.error))
    api = api_out[0]
  end
  api = check.int32(2, api)
  local count = select("#", ...)
  local codes = ffi.new("int32_t[?]", count)
  for i = 1, count do
    codes[i - 1] = check.int32(i + 2, (select(i, ...)))
  end
  local handle = self.handle
  if not handle then
    return err.closed()
  end
  return result(C.kafka_mock_cluster_push_errors(handle, api, codes, count, native.error))
end

--- Moves the leadership of a partition to a broker.
---@param topic string
---@param partition integer
---@param id integer the broker's, from 1
---@return true? done
---@return string? message
---@return integer? code
function MockCluster:set_leader(topic, partition, id)
  topic = check.c_string(2, topic)
  partition = check.int32(3, partition)
  id = check.int32(4, id)
  local handle = self.handle
  if not handle then
    return err.closed()
  end
  return result(C.kafka_mock_cluster_set_leader(handle, topic, partition, id, native.error))
end

--- Ends the cluster and forgets its messages. Closing again returns true.
---@return true? closed
---@return string? message
---@return integer? code
function MockCluster:close()
  local handle = self.handle
  if not handle then
    return true
  end
  local code = C.kafka_mock_cluster_close(handle, native.error)
  if code ~= 0 then
    return result(code)
  end
  self.handle = nil
  native.release(handle, free)
  return true
end

local metatable = check.class("kafka.mock_cluster", MockCluster, {
  bootstrap_servers = { 1, 1 },
  create_topic = { 2, 4 },
  broker_down = { 2, 2 },
  broker_up = { 2, 2 },
  set_rtt = { 3, 3 },
  push_errors = { 3, math.huge },
  set_leader = { 4, 4 },
  close = { 1, 1 },
})

--- Starts a cluster, which runs until it is closed or collected: keep it as long as there are clients of it. Throws if
--- it cannot be started.
---@param brokers? integer how many, 1 by default
---@return kafka.MockCluster
local function new(brokers)
  brokers = check.int32(1, brokers, 1)
  local out = ffi.new("kafka_mock_cluster *[1]")
  if C.kafka_mock_cluster_new(brokers, out, native.error) ~= 0 then
    error(native.message(), 0)
  end
  return setmetatable({ handle = ffi.gc(out[0], free) }, metatable)
end

return check.counted(0, 1, new)
