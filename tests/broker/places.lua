-- places.lua BROKERS TOPIC LOW COUNT
-- Seeks and pauses in a topic of two partitions, whose values are their offsets: partition 0 has those from LOW to
-- COUNT - 1, partition 1 those from 0. Prints the watermarks as the peer prints its "ends", and asserts the rest.

local kafka = require("kafka")
local lines = require("lines")

local TIMEOUT_MS, QUIET_MS = 30000, 500

local brokers, topic, low, count = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local consumer = kafka.consumer(brokers, nil, {
  ["group.id"] = topic,
  ["enable.auto.commit"] = false,
  ["enable.partition.eof"] = true,
})
for partition = 0, 1 do
  lines.write(partition, assert(consumer:watermarks(topic, partition, TIMEOUT_MS)))
end

local function place(partition, offset)
  return { topic = topic, partition = partition, offset = offset }
end

-- The next message, or else nil and the code of why there is none; ends of partitions are passed over.
local function next_message(timeout_ms)
  local message, _, code
  repeat
    message, _, code = consumer:poll(timeout_ms)
  until code ~= kafka.err.PARTITION_EOF
  return message, code
end

local function expect_end()
  local message, _, code = consumer:poll(TIMEOUT_MS)
  assert(not message and code == kafka.err.PARTITION_EOF, code)
end

-- The next COUNT messages, of which each partition's are in order from these offsets on.
local function expect(number, nexts)
  for _ = 1, number do
    local message = assert(next_message(TIMEOUT_MS))
    local next_one = nexts[message.partition]
    assert(message.offset == next_one, "at " .. message.offset .. ", not at " .. tostring(next_one))
    assert(message.value == tostring(next_one))
    nexts[message.partition] = next_one + 1
  end
  return nexts
end

local function expect_nothing()
  local message = next_message(QUIET_MS)
  assert(not message, message and "partition " .. message.partition .. " at " .. message.offset)
end

local function position(partition)
  return assert(consumer:position({ place(partition) }))[1].offset
end

-- From the first offset that there is.
assert(consumer:assign({ place(0, kafka.OFFSET_BEGINNING) }))
expect(count - low, { [0] = low })
assert(position(0) == count)
expect_nothing()

-- Back, forth, and to both ends.
for _, offset in ipairs({ low + 2, count - 1, low }) do
  assert(consumer:seek(place(0, offset), TIMEOUT_MS))
  expect(1, { [0] = offset })
  assert(position(0) == offset + 1)
end
assert(consumer:seek(place(0, kafka.OFFSET_END), TIMEOUT_MS))
-- A seek behind one that the broker has not answered may be undone (defect K19), so it waits for the end.
expect_end()
assert(consumer:seek(place(0, kafka.OFFSET_BEGINNING), TIMEOUT_MS))
expect(1, { [0] = low })

-- What is paused rests where it is, while the other goes on.
assert(consumer:assign({ place(0, low) }))
expect(3, { [0] = low })
assert(consumer:pause({ place(0) }))
assert(consumer:incremental_assign({ place(1, 0) }))
expect(count, { [1] = 0 })
expect_nothing()
assert(position(0) == low + 3)
assert(consumer:resume({ place(0) }))
expect(count - low - 3, { [0] = low + 3 })
expect_nothing()
assert(consumer:close())
