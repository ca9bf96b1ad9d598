-- reason.lua BROKERS TOPIC
-- Sends a record without a key, which the topic refuses, and prints what the report says.

local kafka = require("kafka")

local producer = kafka.producer(arg[1])
local _, text, _, report = producer:produce_sync({ topic = arg[2], value = "x" }, 20000)
print(text)
print(report.status)
