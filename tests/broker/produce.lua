-- produce.lua BROKERS TOPIC WAY TIMESTAMP [PROPERTY=VALUE...]
-- Sends the records on stdin with all they have, the first with this timestamp and each with one more. WAY is single or
-- batch. Prints their reports: ID PARTITION OFFSET CODE.

local kafka = require("kafka")
local lines = require("lines")

local brokers, topic, way, timestamp = arg[1], arg[2], arg[3], tonumber(arg[4])
local producer = kafka.producer(brokers, lines.properties(arg, 5), { reports = true, block_ms = 20000 })

local messages = {}
lines.records(function(partition, key, value, headers)
  messages[#messages + 1] = {
    partition = partition,
    key = key,
    value = value,
    headers = headers,
    timestamp = timestamp + #messages,
    opaque = #messages,
  }
end)
if way == "batch" then
  local queued, errors = producer:produce_batch(topic, messages)
  assert(queued == #messages and #errors == 0)
else
  for _, message in ipairs(messages) do
    message.topic = topic
    assert(producer:produce(message))
  end
end
assert(producer:flush(20000))
for _, report in ipairs(producer:reports()) do
  assert(report.topic == topic)
  lines.write(report.opaque, report.partition, report.offset, report.code or 0)
end
assert(producer:close() == true)
