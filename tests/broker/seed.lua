-- seed.lua BROKERS TOPIC GROUP
-- A program as the module's first users write it, on a topic with several partitions.

require("kafka")

local brokerlist, topic_name, group = arg[1], arg[2], arg[3]

assert(kafka.version():match("^%d+%.%d+%.%d+$"))

local MESSAGE_MAX_BYTES = 1024 * 1024

local producer_conf = {
  ["queue.buffering.max.messages"] = 20000,
  ["batch.num.messages"] = 200,
  ["message.max.bytes"] = MESSAGE_MAX_BYTES,
  ["queue.buffering.max.ms"] = 10,
  ["topic.metadata.refresh.interval.ms"] = -1,
}
local producer = kafka.producer(brokerlist, producer_conf)

assert(producer:has_topic(topic_name) == false)
assert(select("#", producer:create_topic(topic_name)) == 0)
producer:create_topic(topic_name)
producer:create_topic(topic_name, { ["message.timeout.ms"] = 30000 })
assert(producer:has_topic(topic_name) == true)

local COUNT = 100
local failed, last = 0, nil
for sequence_id = 0, COUNT - 1 do
  local ret = producer:send(topic_name, -1, sequence_id, "message " .. sequence_id)
  assert(ret == 0, ret)
  local reported, failures = producer:poll()
  last = reported or last
  failed = failed + failures
end
assert(producer:send(topic_name, -1, COUNT, ("x"):rep(MESSAGE_MAX_BYTES + 1)) == 90)
repeat
  local reported, failures = producer:poll(2000)
  last = reported or last
  failed = failed + failures
until reported == nil
assert(failed == 0, failed)
assert(last and last >= 0 and last < COUNT)

assert(producer:send(topic_name, -1, nil, "without an id") == 0)
local nothing, none = producer:poll(-1)
assert(nothing == nil and none == 0)

-- What is queued outlives its topic handle.
assert(producer:send(topic_name, 0, COUNT, "the last") == 0)
assert(select("#", producer:destroy_topic(topic_name)) == 0)
producer:destroy_topic(topic_name)
producer:destroy_topic("never created")
assert(producer:has_topic(topic_name) == false)
local succeeded, message = pcall(producer.send, producer, topic_name, 0, 1, "to nowhere")
assert(not succeeded and message == "invalid topic", message)
local reported, failures = producer:poll(30000)
assert(reported == COUNT and failures == 0, reported)

-- No room before what has been reported is fetched, and then there is.
local small = kafka.producer(brokerlist, { ["queue.buffering.max.messages"] = 2 })
small:create_topic(topic_name)
assert(small:send(topic_name, 0, 1, "small 1") == 0)
assert(small:send(topic_name, 0, 2, "small 2") == 0)
assert(small:send(topic_name, 0, 3, "small 3") == 105)
local fetched
repeat
  fetched = small:poll(-1)
until fetched == 2
assert(small:send(topic_name, 0, 3, "small 3") == 0)
-- Collecting a producer sends what it still holds.
small = nil -- luacheck: ignore 311
collectgarbage()
collectgarbage()

local consumer = kafka.consumer(
  brokerlist,
  { topic_name },
  { ["group.id"] = group, ["session.timeout.ms"] = 6000 },
  { ["auto.offset.reset"] = "smallest" }
)
local EXPECTED = COUNT + 1 + 1 + 3
local seen, distinct = {}, 0
local deadline = os.time() + 60
while distinct < EXPECTED and os.time() < deadline do
  local msg, topic, partition, key = consumer:receive()
  if msg then
    assert(topic == topic_name and type(partition) == "number" and key == nil)
    assert(not seen[msg], "twice: " .. msg)
    seen[msg] = true
    distinct = distinct + 1
  else
    assert(topic == nil and partition == nil and key == nil)
  end
end
assert(distinct == EXPECTED, distinct)
for sequence_id = 0, COUNT - 1 do
  assert(seen["message " .. sequence_id], sequence_id)
end
assert(seen["without an id"] and seen["the last"] and seen["small 1"] and seen["small 2"] and seen["small 3"])
assert(consumer:close() == true)
assert(producer:close() == true)
