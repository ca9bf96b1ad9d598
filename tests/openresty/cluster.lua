-- A cluster in a process of its own, that a topic is filled in meanwhile: for groups, which its members join within
-- seconds here. Prints where it is.

local kafka = require("kafka")

local COUNT, PARTITIONS, PAUSE_MS = tonumber(arg[1]), 4, 20

local cluster = kafka.mock_cluster()
assert(cluster:create_topic("jobs", PARTITIONS, 1))
local producer = kafka.producer(cluster:bootstrap_servers(), { ["linger.ms"] = 0 })
print(cluster:bootstrap_servers())
io.stdout:flush()

for number = 1, COUNT do
  assert(producer:produce({ topic = "jobs", partition = number % PARTITIONS, value = "job " .. number }))
  -- Of these no poll hears, so that it takes its time.
  producer:poll(PAUSE_MS)
end
assert(producer:flush(10000))
-- It lasts until it is killed.
while producer:poll(1000) == nil do
end
