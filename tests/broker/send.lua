-- send.lua BROKERS TOPIC [PROPERTY=VALUE...]
-- Sends the records on stdin with producer:send. They have no keys: this API has no place for them.

local kafka = require("kafka")
local lines = require("lines")

local brokers, topic = arg[1], arg[2]
local producer = kafka.producer(brokers, lines.properties(arg, 3))
producer:create_topic(topic)

local sent, failed = 0, 0

local function poll(timeout)
  local sequence_id, failures = producer:poll(timeout)
  assert(failures, sequence_id)
  failed = failed + failures
  return sequence_id ~= nil or failures > 0
end

lines.records(function(partition, key, value)
  assert(not key and value, "not for producer:send")
  local code = producer:send(topic, partition, sent, value)
  while code == kafka.errno.ENOBUFS do
    poll(100)
    code = producer:send(topic, partition, sent, value)
  end
  assert(code == 0, "send returned " .. code)
  sent = sent + 1
  poll(0)
end)

while producer:len() > 0 do
  poll(1000)
end
while poll(0) do
end
assert(producer:close() == true)
lines.write("sent", sent, "failed", failed)
