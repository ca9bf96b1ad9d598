-- receive.lua BROKERS TOPICS COUNT SECONDS END PROPERTY=VALUE...
-- Prints what consumer:receive returns, PARTITION KEY VALUE TOPIC, until there were COUNT messages or nothing came for
-- so many seconds. Then the consumer ends: END is close, or collect for one that is forgotten. Commas join TOPICS.

local kafka = require("kafka")
local lines = require("lines")

local brokers, count, seconds, ending = arg[1], tonumber(arg[3]), tonumber(arg[4]), arg[5]
local topics = {}
for topic in arg[2]:gmatch("[^,]+") do
  topics[#topics + 1] = topic
end
local properties = lines.properties(arg, 6)
local reset = properties["auto.offset.reset"] or "smallest"
local consumer = kafka.consumer(brokers, topics, properties, { ["auto.offset.reset"] = reset })

local received = 0

local function receive(timeout)
  local message, topic, partition, key = consumer:receive(timeout)
  if message then
    received = received + 1
    lines.write(partition, lines.encode(key), lines.encode(message), topic)
    return true
  end
  assert(topic == nil and partition == nil and key == nil)
  return false
end

while received < count and receive(seconds * 1000) do
end
-- Whatever comes now is too much, and is shown.
while receive(300) do
end
if ending == "close" then
  assert(consumer:close() == true)
else
  consumer = nil -- luacheck: ignore 311
  collectgarbage()
  collectgarbage()
end
