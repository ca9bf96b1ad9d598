-- times.lua BROKERS TOPIC TIMESTAMP...
-- Prints the offset of the first message of partition 0 from each of these times on, or "end".

local kafka = require("kafka")
local lines = require("lines")

local brokers, topic = arg[1], arg[2]
local consumer = kafka.consumer(brokers, nil, { ["group.id"] = "times.lua" })
for index = 3, #arg do
  local timestamp = tonumber(arg[index])
  local found = assert(consumer:offsets_for_times({ { topic = topic, partition = 0, timestamp = timestamp } }, 30000))
  assert(#found == 1 and found[1].topic == topic and found[1].partition == 0 and not found[1].err)
  lines.write(found[1].offset == kafka.OFFSET_END and "end" or found[1].offset)
end
assert(consumer:close())
