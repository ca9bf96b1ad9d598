-- Prints how far the group of examples/openresty/group.conf has come: an offset for each partition, in their order; 0
-- where nothing is committed.

local kafka = require("kafka")

local BROKERS, PARTITIONS = arg[1], 4

local list = {}
for partition = 0, PARTITIONS - 1 do
  list[#list + 1] = { topic = "jobs", partition = partition }
end
-- With a partition of its own it is no member: it only asks.
local consumer = kafka.consumer(BROKERS, { "jobs:0" }, { ["group.id"] = "workers", ["enable.auto.commit"] = false })
for _, place in ipairs(assert(consumer:committed(list))) do
  print(place.offset or 0)
end
consumer:close()
