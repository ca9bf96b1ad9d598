-- create.lua BROKERS TOPIC PARTITIONS
-- Creates a topic and waits until its partitions have leaders. Its records stay whatever timestamps they have: a broker
-- deletes those that are older than the topic's retention, every few minutes.

local kafka = require("kafka")
local lines = require("lines")

local TIMEOUT_MS = 30000

local topic, partitions = arg[2], tonumber(arg[3])
local admin = kafka.admin(arg[1])
local new_topic = { topic = topic, partitions = partitions, config = { ["retention.ms"] = -1 } }
local made = assert(admin:create_topics({ new_topic }, TIMEOUT_MS))[topic]
assert(made.ok, made.err)

local function leaders()
  local found = 0
  local known = assert(admin:metadata({ topic = topic, timeout = TIMEOUT_MS })).topics[topic]
  for _, partition in pairs(known and known.partitions or {}) do
    found = found + (partition.leader and partition.leader >= 0 and 1 or 0)
  end
  return found
end

local deadline = os.time() + 60
while leaders() < partitions do
  assert(os.time() < deadline, "partitions without leaders")
  lines.sleep(10)
end
assert(admin:close())
