-- throttled.lua BROKERS TOPIC CLIENT_ID PATIENCE
-- What a producer and a consumer report of a quota whose brokers delay their answers: prints for each "throttled BROKER
-- ID", or "never" after so many milliseconds.

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

local function say(client)
  local event = throttled(client)
  for _ = 1, patience_ms do
    if event then
      break
    end
    lines.sleep(1)
    event = throttled(client)
  end
  if event then
    lines.write("throttled", event.broker, event.broker_id)
  else
    lines.write("never")
  end
  assert(client:close())
end

-- One of them is more than the producer's quota allows in its window of about ten seconds, two are more than the
-- consumer's.
local MESSAGES, value = 2, ("x"):rep(16 * 1024)
local producer = kafka.producer(brokers, properties)
for _ = 1, MESSAGES do
  assert(producer:produce_sync({ topic = topic, partition = 0, value = value }, TIMEOUT_MS))
end
say(producer)
properties["group.id"] = topic
local consumer = kafka.consumer(brokers, { topic .. ":0" }, properties, { ["auto.offset.reset"] = "earliest" })
for _ = 1, MESSAGES do
  assert(consumer:receive(TIMEOUT_MS) == value)
end
say(consumer)
