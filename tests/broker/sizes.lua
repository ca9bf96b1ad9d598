-- sizes.lua BROKERS TOPIC HOW SIZE... [PROPERTY=VALUE...]
-- Produces messages of these sizes to partition 0, each after the report of the one before, and prints of each
-- "report SIZE CODE", with 0 for one that was delivered. HOW is "once", or "until": each again until it is delivered.

local kafka = require("kafka")
local lines = require("lines")

local TIMEOUT_MS = 30000

local brokers, topic, is_once = arg[1], arg[2], arg[3] == "once"
local sizes, index = {}, 4
while tonumber(arg[index]) do
  sizes[#sizes + 1] = tonumber(arg[index])
  index = index + 1
end
local producer = kafka.producer(brokers, lines.properties(arg, index))
for _, size in ipairs(sizes) do
  local report
  repeat
    local _, code
    report, _, code = producer:produce_sync({ topic = topic, partition = 0, value = ("x"):rep(size) }, TIMEOUT_MS)
    lines.write("report", size, report and 0 or kafka.err_name(code))
    lines.sleep(100)
  until report or is_once
end
assert(producer:close())
