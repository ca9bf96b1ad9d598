-- secure.lua BROKERS TOPIC PROPERTY=VALUE...
-- Sends a message to partition 0 and receives it; prints "received VALUE", or "error NAME TEXT" of the first error that
-- on_error gets. "@FILE" as a value stands for the contents of the file. Four names are no properties of librdkafka's:
--   token=TEXT            the OAUTHBEARER token
--   token.lasts=SECONDS   ... an unsecured one of bob's
--   token.failure=TEXT    ... none, but this failure
--   then.password=TEXT    the password that on_error sets after the first error

local kafka = require("kafka")
local lines = require("lines")
local token = require("token")

local brokers, topic = arg[1], arg[2]
local properties = lines.properties(arg, 3)
for name, value in pairs(properties) do
  if value:sub(1, 1) == "@" then
    local file = assert(io.open(value:sub(2), "rb"))
    properties[name] = file:read("*a")
    file:close()
  end
end

local function taken(name)
  local value = properties[name]
  properties[name] = nil
  return value
end

local text, lasts, failure = taken("token"), taken("token.lasts"), taken("token.failure")
local password = taken("then.password")
-- The broker listens on 127.0.0.1 only, and a first try elsewhere would be an error.
properties["broker.address.family"] = "v4"
properties["group.id"] = topic

local client
local handlers = {
  on_error = function(err, code)
    if code == kafka.err.ALL_BROKERS_DOWN or code == kafka.err.NOT_COORDINATOR then
      -- The second is a new cluster's.
      return
    elseif password then
      assert(client:set_sasl_credentials(properties["sasl.username"], password))
      properties["sasl.password"], password = password, nil
      return
    end
    lines.write("error", kafka.err_name(code), (err:gsub("\n", " ")))
    os.exit(0)
  end,
  on_token_refresh = function()
    if failure then
      assert(client:set_oauthbearer_failure(failure))
    else
      local made = token.unsecured("bob", tonumber(lasts or 3600))
      made.token = text or made.token
      assert(client:set_oauthbearer_token(made))
    end
  end,
}

local TIMEOUT_MS = 30000

client = kafka.producer(brokers, properties, handlers)
local metadata = assert(client:metadata({ topic = topic, timeout = TIMEOUT_MS }))
assert(metadata.topics[topic], "no such topic")
client:create_topic(topic)
assert(client:send(topic, 0, 1, "secret") == 0)
local id, failures = client:poll(TIMEOUT_MS)
assert(id == 1 and failures == 0, failures)
assert(client:close())

client = kafka.consumer(brokers, { topic .. ":0" }, properties, { ["auto.offset.reset"] = "smallest" }, handlers)
local value = client:receive(TIMEOUT_MS)
lines.write("received", tostring(value))
client:close()
