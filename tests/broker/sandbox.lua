-- sandbox.lua BROKERS TOPIC
-- A sandbox host's column of the module's first API: messages that read_message holds, pointers as ids, and a poll that
-- calls update_checkpoint. Prints the failures.

local ffi = require("ffi")
local lines = require("lines")

local brokers, topic = arg[1], arg[2]
local last, failed = nil, 0

function read_message(field, index) -- luacheck: globals read_message
  return field == "raw" and "as the host holds it" or field == "Fields[n]" and "field " .. index or nil
end

function update_checkpoint(sequence_id, failures) -- luacheck: globals update_checkpoint
  last, failed = sequence_id, failed + failures
end

require("kafka")
local producer = kafka.producer(brokers, { ["queue.buffering.max.ms"] = 1 })
producer:create_topic(topic)

local function send(number, message)
  local id = ffi.cast("void *", 0xfedcba9876540000ULL + number)
  assert(producer:send(topic, 0, id, message) == 0)
  return id
end

send(1, { "raw" })
send(2, { "Fields[n]", 2 })
-- There is no such field, so nothing is sent.
send(3, { "absent" })
local id = send(4, "made here")
local deadline = os.time() + 30
repeat
  assert(select("#", producer:poll()) == 0)
  lines.sleep(1)
until last == id or os.time() > deadline
assert(last == id, tostring(last))
lines.write("failed", failed)
assert(producer:close())
