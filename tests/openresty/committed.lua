-- Prints how far a group has come in a topic: an offset for each partition, in order; 0 where nothing is committed.

local kafka = require("kafka")

local BROKERS, TOPIC, GROUP, PARTITIONS = arg[1], arg[2], arg[3], 4

local list = {}
for partition = 0, PARTITIONS - 1 do
  list[#list + 1] = { topic = TOPIC, partition = partition }
end
-- With a partition of its own it is no member: it only asks.
local consumer = kafka.consumer(BROKERS, { TOPIC .. ":0" }, { ["group.id"] = GROUP, ["enable.auto.commit"] = false })
for _, place in ipairs(assert(consumer:committed(list))) do
  print(place.offset or 0)
end
consumer:close()
