-- The sandbox that the module was first written for: the first message is sent as the host holds it, the others are
-- made here; once in a while the host calls timer_event.
-- luacheck: globals brokers process_message timer_event

require("kafka")

local producer = kafka.producer(brokers, {
  ["topic.metadata.refresh.interval.ms"] = -1,
  ["batch.num.messages"] = 1,
  ["queue.buffering.max.ms"] = 1,
})
local count = 0
local topic = "test"
local unsent
local raw = { "raw" }

function process_message(sequence_id)
  unsent = sequence_id
  if count == 0 then
    producer:create_topic(topic)
    assert(producer:has_topic(topic))
    assert(0 == producer:send(topic, -1, sequence_id, raw))

    producer:create_topic("tmp")
    producer:create_topic("tmp", nil)
    assert(producer:has_topic("tmp"))
    producer:destroy_topic("tmp")
    assert(not producer:has_topic("tmp"))

    local ok, message = pcall(producer.create_topic, producer, "topic", true)
    assert(not ok and message == "bad argument #3 to '?' (table expected, got boolean)", message)
    ok, message = pcall(producer.send, producer, "foobar", -1, sequence_id, raw)
    assert(not ok and message == "invalid topic", message)
  elseif count == 1 then
    assert(0 == producer:send(topic, -1, sequence_id, "two"))
  elseif count == 2 then
    assert(0 == producer:send(topic, -1, sequence_id, "three"))
  end
  count = count + 1
  return 0
end

function timer_event()
  if unsent then
    -- There is no message now, so there is nothing to send.
    local ok, result = pcall(producer.send, producer, topic, -1, unsent, raw)
    assert(ok and result == 0, result)
    unsent = nil
  end
  producer:poll()
end
