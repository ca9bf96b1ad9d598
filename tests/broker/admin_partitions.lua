-- admin_partitions.lua BROKERS TOPIC
-- Adds partitions to a topic, deletes records, and has leaders elected.

local kafka = require("kafka")
local outcomes = require("outcomes")

local failed, succeeded = outcomes.failed, outcomes.succeeded
local TIMEOUT_MS = 30000

local brokers, topic = arg[1], arg[2]
local absent = topic .. "-absent"
local admin = kafka.admin(brokers)
outcomes.make_topic(admin, { topic = topic, partitions = 2, replication = 1 })

local function grow(changes, options)
  local answer = assert(admin:create_partitions(changes, TIMEOUT_MS, options))
  return answer[topic], answer[absent]
end

local first = assert(admin:describe_cluster(TIMEOUT_MS)).brokers[1].id
local wrong = { { topic = topic, partitions = 4, assignment = { { first } } } }
failed(grow(wrong), "INVALID_REPLICA_ASSIGNMENT")
local change = { topic = topic, partitions = 4, assignment = { { first }, { first } } }
succeeded(grow({ change }, { validate_only = true }))
local grown, unknown = grow({ change, { topic = absent, partitions = 2 } })
succeeded(grown)
failed(unknown, "UNKNOWN_TOPIC_OR_PART")
failed(grow({ change }), "INVALID_PARTITIONS")

local producer = kafka.producer(brokers)
for number = 0, 2 do
  assert(producer:produce_sync({ topic = topic, partition = 0, value = "x" }, TIMEOUT_MS).offset == number)
end
assert(producer:close())

local function delete(partition, offset)
  local name = topic .. ":" .. partition
  local place = { topic = topic, partition = partition, offset = offset }
  return assert(admin:delete_records({ place }, TIMEOUT_MS))[name]
end
failed(delete(99, 0), "UNKNOWN_TOPIC_OR_PART")

local deleted = assert(admin:delete_records({
  { topic = topic, partition = 0, offset = 2 },
  { topic = topic, partition = 1, offset = 7 },
  { topic = absent, partition = 0, offset = 0 },
}, TIMEOUT_MS))
local low = succeeded(deleted[topic .. ":0"])
assert(low.low_watermark == 2 and low.topic == topic and low.partition == 0)
failed(deleted[topic .. ":1"], "OFFSET_OUT_OF_RANGE")
assert(deleted[topic .. ":1"].low_watermark == nil)
failed(deleted[absent .. ":0"], "UNKNOWN_TOPIC_OR_PART")
assert(succeeded(delete(0, -1)).low_watermark == 3)
-- They are gone already.
assert(succeeded(delete(0, 1)).low_watermark == 3)

local function elect(options)
  local places = { { topic = topic, partition = 0 }, { topic = absent, partition = 0 } }
  local answer = assert(admin:elect_leaders(places, TIMEOUT_MS, options))
  failed(answer[absent .. ":0"], "UNKNOWN_TOPIC_OR_PART")
  local led = answer[topic .. ":0"]
  assert(led.topic == topic and led.partition == 0)
  return led
end

failed(elect({ type = "unclean" }), "ELECTION_NOT_NEEDED")
failed(elect(), "ELECTION_NOT_NEEDED")
failed(elect({ type = "preferred" }), "ELECTION_NOT_NEEDED")

local function found_at(place)
  local places = { { topic = topic, partition = 0, offset = place } }
  return succeeded(assert(admin:list_offsets(places, TIMEOUT_MS))[topic .. ":0"]).offset
end
assert(found_at(kafka.OFFSET_BEGINNING) == 3 and found_at(kafka.OFFSET_END) == 3)
assert(admin:close())
