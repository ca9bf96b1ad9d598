--- lua-resty-kafka's configuration, as librdkafka's properties.

local ngx = rawget(_G, "ngx")

local config = {}

---@class kafka.resty.Broker
---@field host string
---@field port integer
---@field sasl_config? kafka.resty.Sasl

---@class kafka.resty.Sasl
---@field mechanism? string "PLAIN" by default, "SCRAM-SHA-256", "SCRAM-SHA-512"
---@field user string
---@field password string

---@class kafka.resty.ClientConfig times are milliseconds
---@field socket_timeout? integer how long a broker may take to answer, 3000 by default
---@field keepalive_timeout? integer how long a connection may be idle, 600000 by default
---@field refresh_interval? integer how old metadata may get, 300000 by default
---@field ssl? boolean
---@field ssl_verify? boolean whether the broker's certificate is verified, false by default
---@field client_cert? string PEM
---@field client_priv_key? string PEM
---@field auth_config? kafka.resty.Sasl for all brokers
---@field resolver? fun(host: string): string?
---@field properties? kafka.Properties not lua-resty-kafka's: librdkafka's own, over all others

---@class kafka.resty.ProducerConfig: kafka.resty.ClientConfig
---@field producer_type? "sync"|"async" "sync" by default
---@field request_timeout? integer how long a broker may wait for its replicas, 2000 by default
---@field required_acks? integer 1 by default
---@field max_retry? integer how often a message is tried to be sent, 3 by default
---@field retry_backoff? integer 100 by default
---@field partitioner? fun(key: string?, count: integer, correlation_id: integer): integer
---@field flush_time? integer how long messages are gathered, 1000 by default
---@field batch_num? integer messages, 200 by default
---@field batch_size? integer bytes, 1000000 by default and at most
---@field max_buffering? integer messages, 50000 by default
---@field error_handle? fun(topic: string, partition_id: integer, queue: string[], index: integer, err: string,
---retryable: boolean)
---@field wait_on_buffer_full? boolean
---@field wait_buffer_timeout? number seconds, 5 by default

---@class kafka.resty.Settings
---@field brokers {host: string, port: integer}[]
---@field resolver? function
---@field brokers_sasl? kafka.resty.Sasl of the broker list
---@field auth_config? kafka.resty.Sasl
---@field socket_config table<string, any> as lua-resty-kafka's objects have it, for programs that read it
---@field properties kafka.Properties
---@field timeout_ms integer for what a broker is asked
---@field refresh_ms integer how old metadata may get

-- How long a connection may be idle.
local KEEPALIVE_MS = 600000

-- How long to wait before connecting again, at first and in the end.
local RECONNECT_MS, RECONNECT_MAX_MS = 100, 1000

-- How large a message may be: that is the broker's to say. One that is larger than a batch may be goes alone. A batch
-- is to a broker what one message is, so it stays below what brokers take by default.
local MESSAGE_BYTES, BATCH_BYTES = 1000000000, 1000000

-- How old metadata gets, as with librdkafka.
local REFRESH_MS = 300000

--- A number within what librdkafka takes.
local function within(least, value, most)
  return math.floor(math.min(math.max(value, least), most))
end

local function fail(text, ...)
  error(("kafka.resty: " .. text):format(...), 0)
end

local function read_brokers(broker_list)
  if type(broker_list) ~= "table" or not broker_list[1] then
    fail("broker_list: an array of {host, port} expected")
  end
  local brokers, sasl = {}, nil
  for at, broker in ipairs(broker_list) do
    if type(broker) ~= "table" or type(broker.host) ~= "string" or not tonumber(broker.port) then
      fail("broker_list[%d]: {host, port} expected", at)
    end
    brokers[at] = { host = broker.host, port = tonumber(broker.port) }
    sasl = sasl or broker.sasl_config
  end
  return brokers, sasl
end

--- A broker list's brokers, as one text.
---@param broker_list kafka.resty.Broker[]
---@return string
function config.names(broker_list)
  local names = {}
  for at, broker in ipairs((read_brokers(broker_list))) do
    names[at] = broker.host .. ":" .. broker.port
  end
  return table.concat(names, ",")
end

local function set_sasl(properties, sasl)
  if sasl.tokenauth and sasl.tokenauth ~= "false" then
    fail("auth_config.tokenauth: delegation tokens are beyond librdkafka")
  end
  properties["sasl.mechanism"] = sasl.mechanism or "PLAIN"
  properties["sasl.username"] = sasl.user
  properties["sasl.password"] = sasl.password
end

local function set_pem(properties, name, opts, option)
  local pem = opts[option]
  if pem ~= nil and type(pem) ~= "string" then
    fail(
      "%s: a string of PEM expected, got %s: what nginx's OpenSSL has parsed is of no use to another",
      option,
      type(pem)
    )
  end
  properties[name] = pem
end

--- Reads what all clients have. Throws what cannot be.
---@param broker_list kafka.resty.Broker[]
---@param opts kafka.resty.ClientConfig
---@return kafka.resty.Settings
function config.client(broker_list, opts)
  local brokers, brokers_sasl = read_brokers(broker_list)
  local sasl = brokers_sasl or opts.auth_config
  local socket_timeout_ms = opts.socket_timeout or 3000
  local properties = {
    ["socket.timeout.ms"] = within(10, socket_timeout_ms, 300000),
    ["socket.connection.setup.timeout.ms"] = within(1000, socket_timeout_ms, 300000),
    ["socket.keepalive.enable"] = opts.keepalive and true or nil,
    -- Messages do not live as long as librdkafka may wait before it connects again.
    ["reconnect.backoff.ms"] = RECONNECT_MS,
    ["reconnect.backoff.max.ms"] = RECONNECT_MAX_MS,
    ["connections.max.idle.ms"] = within(0, opts.keepalive_timeout or KEEPALIVE_MS, 0x7fffffff),
  }
  if opts.refresh_interval then
    properties["topic.metadata.refresh.interval.ms"] = within(10, opts.refresh_interval, 3600000)
  end
  if opts.ssl or sasl then
    properties["security.protocol"] = (sasl and "sasl_" or "") .. (opts.ssl and "ssl" or "plaintext")
  end
  if opts.ssl then
    properties["enable.ssl.certificate.verification"] = opts.ssl_verify and true or false
    set_pem(properties, "ssl.certificate.pem", opts, "client_cert")
    set_pem(properties, "ssl.key.pem", opts, "client_priv_key")
  end
  if sasl then
    set_sasl(properties, sasl)
  end
  for name, value in pairs(opts.properties or {}) do
    properties[name] = value
  end
  return {
    brokers = brokers,
    resolver = opts.resolver,
    brokers_sasl = brokers_sasl,
    auth_config = opts.auth_config,
    socket_config = {
      socket_timeout = socket_timeout_ms,
      keepalive_timeout = opts.keepalive_timeout or KEEPALIVE_MS,
      keepalive_size = opts.keepalive_size or 2,
      ssl = opts.ssl or false,
      ssl_verify = opts.ssl_verify or false,
      client_cert = opts.client_cert,
      client_priv_key = opts.client_priv_key,
      resolver = opts.resolver,
    },
    properties = properties,
    timeout_ms = socket_timeout_ms,
    refresh_ms = opts.refresh_interval or REFRESH_MS,
  }
end

---@class kafka.resty.ProducerSettings: kafka.resty.Settings
---@field is_async boolean
---@field delivery_ms integer when a message that has not been delivered is given up
---@field partitioner? function
---@field error_handle? function
---@field capacity integer messages
---@field block_ms? integer how long to wait for room

--- Reads what producers have. Throws what cannot be.
---@param broker_list kafka.resty.Broker[]
---@param opts kafka.resty.ProducerConfig
---@return kafka.resty.ProducerSettings
function config.producer(broker_list, opts)
  local is_async = opts.producer_type == "async"
  local tries, backoff_ms = math.max(opts.max_retry or 3, 1), opts.retry_backoff or 100
  local gather_ms = is_async and (opts.flush_time or 1000) or 0
  -- Of what lua-resty-kafka does until it gives up this is the longest.
  local delivery_ms = tries * ((opts.socket_timeout or 3000) + backoff_ms) + gather_ms
  local properties = {
    ["request.timeout.ms"] = within(1, opts.request_timeout or 2000, 900000),
    ["acks"] = opts.required_acks or 1,
    ["message.send.max.retries"] = within(0, tries - 1, 0x7fffffff),
    ["retry.backoff.ms"] = within(1, backoff_ms, 300000),
    ["retry.backoff.max.ms"] = within(1000, backoff_ms, 300000),
    ["message.timeout.ms"] = within(1, delivery_ms, 0x7fffffff),
    ["linger.ms"] = within(0, gather_ms, 900000),
    ["batch.num.messages"] = within(1, opts.batch_num or 200, 1000000),
    ["batch.size"] = within(1, opts.batch_size or BATCH_BYTES, BATCH_BYTES),
    ["message.max.bytes"] = MESSAGE_BYTES,
    ["queue.buffering.max.messages"] = within(1, opts.max_buffering or 50000, 0x7fffffff),
    -- As crc32(key) % count, and any partition where there is no key.
    ["partitioner"] = "consistent_random",
    -- Messages stay in their order, also where some have to be sent again.
    ["max.in.flight.requests.per.connection"] = 1,
  }
  local settings = config.client(broker_list, opts)
  for name, value in pairs(properties) do
    if settings.properties[name] == nil then
      settings.properties[name] = value
    end
  end
  settings.is_async = is_async
  settings.delivery_ms = tonumber(settings.properties["message.timeout.ms"]) or delivery_ms
  settings.partitioner = opts.partitioner
  settings.error_handle = opts.error_handle
  settings.capacity = properties["queue.buffering.max.messages"]
  settings.block_ms = opts.wait_on_buffer_full and (opts.wait_buffer_timeout or 5) * 1000 or nil
  return settings
end

--- What a resolver has said, by host: brokers are looked for where they were, and their names are tried as well.
local resolved = {}

--- Where a host is, if there is a resolver that knows.
---@param settings kafka.resty.Settings
---@param host string
---@return string? address
function config.resolve(settings, host)
  if settings.resolver and resolved[host] == nil then
    local succeeded, address = pcall(settings.resolver, host)
    resolved[host] = succeeded and type(address) == "string" and address or nil
  end
  return settings.resolver and resolved[host]
end

local function brokers_of(settings)
  local list = {}
  for _, broker in ipairs(settings.brokers) do
    local address = config.resolve(settings, broker.host)
    if address and address ~= broker.host then
      list[#list + 1] = address .. ":" .. broker.port
    end
    list[#list + 1] = broker.host .. ":" .. broker.port
  end
  return table.concat(list, ",")
end

--- What brokers know a worker's clients by.
---@return string
function config.client_id()
  return "worker" .. ngx.worker.pid()
end

---@class kafka.resty.Connection
---@field brokers string
---@field properties kafka.Properties
---@field private pid integer

---@type table<kafka.resty.Settings, kafka.resty.Connection>
local connections = setmetatable({}, { __mode = "k" })

--- What this worker's clients of these settings are made with. The settings may be older than the worker.
---@param settings kafka.resty.Settings
---@return kafka.resty.Connection
function config.connection(settings)
  local connection, pid = connections[settings], ngx.worker.pid()
  if not connection or connection.pid ~= pid then
    local properties = { ["client.id"] = config.client_id() }
    for name, value in pairs(settings.properties) do
      properties[name] = value
    end
    connection = { brokers = brokers_of(settings), properties = properties, pid = pid }
    connections[settings] = connection
  end
  return connection
end

return config
