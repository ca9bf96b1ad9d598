-- Fills a topic of four partitions, so slowly that its readers meet it while it grows.

local kafka = require("kafka")

local BROKERS, TOPIC, COUNT = arg[1], arg[2], tonumber(arg[3])
local PARTITIONS, PAUSE_MS = 4, 20

local producer = kafka.producer(BROKERS, { ["linger.ms"] = 0 })
for number = 1, COUNT do
  assert(producer:produce({ topic = TOPIC, partition = number % PARTITIONS, value = "job " .. number }))
  -- No poll returns these, so that it takes its time.
  producer:poll(PAUSE_MS)
end
assert(producer:flush(10000))
