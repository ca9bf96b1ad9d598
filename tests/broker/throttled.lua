-- throttled.lua BROKERS TOPIC CLIENT_ID PATIENCE
-- What a producer and an admin client hear of a quota whose brokers delay their answers: prints for each "throttled
-- BROKER ID MILLISECONDS", or "never" after so many milliseconds.

local kafka = require("kafka")
local lines = require("lines")

local TIMEOUT_MS = 30000
local brokers, topic, properties, patience_ms = arg[1], arg[2], { ["client.id"] = arg[3] }, tonumber(arg[4])

local function throttled(client)
  for _, event in ipairs(client:events()) do
    if event.type == "throttle" and event.throttle_ms > 0 then
      return event
    end
  end
end

local function tell(client)
  local event = throttled(client)
  for _ = 1, patience_ms do
    if event then
      break
    end
    lines.sleep(1)
    event = throttled(client)
  end
  if event then
    lines.write("throttled", event.broker, event.broker_id, event.throttle_ms)
  else
    lines.write("never")
  end
  assert(client:close())
end

local producer = kafka.producer(brokers, properties)
assert(producer:produce_sync({ topic = topic, partition = 0, value = "x" }, TIMEOUT_MS))
tell(producer)
local admin = kafka.admin(brokers, properties)
assert(admin:create_partitions({ { topic = topic, partitions = 2 } }, TIMEOUT_MS))
tell(admin)
