-- batches.lua BROKERS TOPIC
-- Sends small messages to a topic that takes batches of 2000 bytes: as they come, and in batches of that size. Prints
-- how many were delivered, and with what codes the others failed.

local kafka = require("kafka")
local lines = require("lines")

local brokers, topic = arg[1], arg[2]
local admin = kafka.admin(brokers)
local made =
  assert(admin:create_topics({ { topic = topic, partitions = 1, config = { ["max.message.bytes"] = 2000 } } }))
assert(made[topic].ok, made[topic].err)
assert(admin:close())

local MANY = 100

for _, properties in ipairs({ { ["linger.ms"] = 200 }, { ["linger.ms"] = 200, ["batch.size"] = 2000 } }) do
  local producer = kafka.producer(brokers, properties, { reports = true })
  for at = 1, MANY do
    assert(producer:produce({ topic = topic, partition = 0, value = ("%050d"):format(at) }))
  end
  assert(producer:flush(30000))
  local delivered, codes = 0, {}
  for _, report in ipairs(producer:reports()) do
    if report.err then
      codes[kafka.err_name(report.code)] = true
    else
      delivered = delivered + 1
    end
  end
  lines.write(delivered, next(codes) or "-")
  assert(producer:close())
end
