-- What the blocks of t/*.t share.

local kafka = require("kafka")

local helper = {}

--- A broker list of lua-resty-kafka's, where nothing listens.
helper.NOWHERE = { { host = "127.0.0.1", port = 1 } }

-- A cluster that is collected is gone.
local clusters = {}

--- Makes a cluster in this worker, with these topics: names, and numbers of partitions.
---@param topics? table<string, integer>
---@return kafka.MockCluster cluster
---@return table list its brokers, as lua-resty-kafka takes them
---@return string servers the same as `host:port`
function helper.cluster(topics)
  local cluster = kafka.mock_cluster(1)
  clusters[#clusters + 1] = cluster
  for name, partitions in pairs(topics or {}) do
    assert(cluster:create_topic(name, partitions))
  end
  local servers = cluster:bootstrap_servers()
  return cluster, helper.list(servers), servers
end

--- A cluster with messages in partition 0 of a topic: values "v1", "v2" and so on, keys "k2" and so on.
---@param topic string
---@param count integer
function helper.filled_cluster(topic, count)
  local cluster, list, servers = helper.cluster({ [topic] = 1 })
  local producer = kafka.producer(servers, { ["linger.ms"] = 1 })
  for at = 1, count do
    local key = at > 1 and "k" .. at or nil
    assert(producer:produce({ topic = topic, partition = 0, key = key, value = "v" .. at, timestamp = 1000 * at }))
  end
  assert(producer:flush(10000))
  producer:close()
  return cluster, list, servers
end

--- A broker list of lua-resty-kafka's.
---@param servers string
---@return table
function helper.list(servers)
  local host, port = servers:match("([^,]*):(%d+)")
  return { { host = host, port = tonumber(port) } }
end

--- How to log in at SASL_BROKERS, as lua-resty-kafka takes it.
---@param mechanism string
---@return table
function helper.login(mechanism)
  return { mechanism = mechanism, user = os.getenv("SASL_USER"), password = os.getenv("SASL_PASSWORD") }
end

--- Waits until `fn` returns something.
---@param fn fun(): any
---@return any
function helper.eventually(fn)
  for _ = 1, 2000 do
    local value = fn()
    if value then
      return value
    end
    ngx.sleep(0.005)
  end
  error("not in time", 2)
end

--- The values in a partition, read by a consumer.
---@param servers string
---@param topic string
---@param partition integer
---@param count integer of messages
---@return string
function helper.values(servers, topic, partition, count)
  local consumer = kafka.consumer(servers, { ("%s:%d"):format(topic, partition) }, {
    ["group.id"] = "values",
    ["auto.offset.reset"] = "earliest",
  })
  local found = {}
  while #found < count do
    local message, text = consumer:poll(10000)
    found[#found + 1] = assert(message, text).value
  end
  consumer:close()
  return table.concat(found, " ")
end

--- How many clients this worker has: each has one main thread.
---@return integer
function helper.clients()
  local listing = assert(io.popen("grep -l rdk:main /proc/" .. ngx.worker.pid() .. "/task/*/comm | wc -l"))
  local count = tonumber(listing:read("*a"))
  listing:close()
  return count
end

return helper
