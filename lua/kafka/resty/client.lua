--- lua-resty-kafka's client: brokers, topics and partitions. See docs/RESTY.md.

local config = require("kafka.resty.config")
local err = require("kafka.err")
local resty = require("kafka.resty")

local ngx = rawget(_G, "ngx")

---@class kafka.resty.Partition
---@field id integer
---@field errcode integer
---@field leader integer a broker's number
---@field replicas integer[]
---@field isr integer[]

---@class kafka.resty.Address of a broker
---@field host string
---@field port integer
---@field sasl_config? kafka.resty.Sasl

---@class kafka.resty.Client
---@field brokers table<integer, kafka.resty.Address> by number
---@field topic_partitions table<string, table> by topic, as `fetch_metadata` returns them
---@field api_versions table empty: librdkafka's are its own business
---@field client_id string
---@field socket_config table<string, any> lua-resty-kafka's, as it is in force
---@field auth_config? kafka.resty.Sasl
---@field private settings kafka.resty.Settings
---@field private connect fun(): kafka.Client?, string?
---@field private fetched table<string, number> when, in seconds
local Client = {
  --- Of the lua-resty-kafka that this follows.
  _VERSION = "0.23",
}

local metatable = { __index = Client }

--- A client that asks by means of another object's connection.
---@param settings kafka.resty.Settings
---@param connect fun(): kafka.Client?, string?
---@return kafka.resty.Client
function Client.of(settings, connect)
  return setmetatable({
    broker_list = settings.brokers,
    brokers = {},
    topic_partitions = {},
    api_versions = {},
    client_id = config.client_id(),
    socket_config = settings.socket_config,
    auth_config = settings.auth_config,
    settings = settings,
    connect = connect,
    fetched = {},
  }, metatable)
end

--- Makes a client; connects when it is first used.
---@param broker_list kafka.resty.Broker[]
---@param client_config? kafka.resty.ClientConfig
---@return kafka.resty.Client
function Client.new(_, broker_list, client_config)
  local settings = config.client(broker_list, client_config or {})
  return Client.of(settings, function()
    local connection = config.connection(settings)
    local name = "lua-resty-kafka client " .. config.names(broker_list)
    local made, asked = pcall(resty.admin, name, connection.brokers, connection.properties)
    if not made then
      return nil, asked
    end
    return asked
  end)
end

local function read_partitions(topic)
  local partitions = { errcode = topic.code or 0, num = #topic.partitions }
  for _, partition in ipairs(topic.partitions) do
    partitions[partition.partition] = {
      id = partition.partition,
      errcode = partition.code or 0,
      leader = partition.leader,
      replicas = partition.replicas,
      isr = partition.isrs,
    }
  end
  return partitions
end

local function read_brokers(settings, list)
  local brokers = {}
  for _, broker in ipairs(list) do
    local host = config.resolve(settings, broker.host) or broker.host
    brokers[broker.id] = { host = host, port = broker.port, sasl_config = settings.brokers_sasl }
  end
  return brokers
end

local ALL_FAILED = "all brokers failed in fetch topic metadata"

--- Asks anew for the metadata of all topics that it knows.
---@param new_topic? string another one
---@return table<integer, kafka.resty.Address>? brokers
---@return table<string, table>|string topic_partitions or what is wrong
---@return table? api_versions empty
function Client:refresh(new_topic)
  local topics = {}
  for topic in pairs(self.topic_partitions) do
    topics[#topics + 1] = topic
  end
  if new_topic and not self.topic_partitions[new_topic] then
    topics[#topics + 1] = new_topic
  end
  if not topics[1] then
    return nil, "not topic"
  end
  local asked, text = self.connect()
  if not asked then
    return nil, text
  end
  local brokers, topic_partitions = nil, {}
  for _, topic in ipairs(topics) do
    local metadata, wrong, code = asked:metadata({ topic = topic, timeout = self.settings.timeout_ms })
    if code == err.codes.WOULD_BLOCK then
      return nil, wrong
    elseif not metadata then
      ngx.log(ngx.ERR, "kafka: ", ALL_FAILED, ", topic: ", topic, ": ", wrong)
      return nil, ALL_FAILED
    end
    brokers = read_brokers(self.settings, metadata.brokers)
    topic_partitions[topic] = read_partitions(metadata.topics[topic])
    self.fetched[topic] = ngx.now()
  end
  -- Another light thread may have asked about others meanwhile.
  for topic, partitions in pairs(topic_partitions) do
    self.topic_partitions[topic] = partitions
  end
  self.brokers = brokers
  return self.brokers, self.topic_partitions, self.api_versions
end

--- What is known of a topic. Never waits.
---@param topic string
---@return table? partitions nil if there are none
---@return boolean? is_old they should be asked for again
function Client:known(topic)
  local partitions = self.topic_partitions[topic]
  if not partitions or (partitions.num or 0) == 0 then
    return nil
  end
  -- Those of another call are as new as they can be.
  local fetched = self.fetched[topic] or ngx.now()
  self.fetched[topic] = fetched
  return partitions, (ngx.now() - fetched) * 1000 > self.settings.refresh_ms
end

--- Has a topic asked for anew.
---@param topic string
function Client:forget(topic)
  self.topic_partitions[topic] = nil
end

--- Brokers and partitions of a topic: as they were the last time, or asked for.
---@param topic? string without one, nothing is asked for
---@return table<integer, kafka.resty.Address>? brokers
---@return table<integer|string, any>|string partitions from 0 on, their number in `num`; or what is wrong
function Client:fetch_metadata(topic)
  if topic == nil then
    return self.brokers, self.topic_partitions
  end
  local partitions, is_old = self:known(topic)
  if not partitions or is_old then
    local asked, text = self:refresh(topic)
    partitions = self:known(topic)
    if partitions and not asked then
      -- As good as it gets; it is not asked for at every call.
      self.fetched[topic] = ngx.now()
    elseif not partitions then
      return nil, (asked or text == ALL_FAILED) and "not found topic" or text
    end
  end
  return self.brokers, partitions
end

--- The broker that leads a partition.
---@param topic string
---@param partition_id integer
---@return kafka.resty.Address? broker
---@return string? err
function Client:choose_broker(topic, partition_id)
  local brokers, partitions = self:fetch_metadata(topic)
  if not brokers then
    return nil, partitions
  elseif not partitions[partition_id] then
    return nil, "not found partition"
  end
  local broker = brokers[partitions[partition_id].leader]
  if not broker then
    return nil, "not found broker"
  end
  return broker
end

--- The version of a request to use: librdkafka chooses them by itself, so there is none to return.
---@return integer version -1
function Client.choose_api_version()
  return -1
end

return Client
