-- copy.lua BROKERS FROM TO GROUP COUNT ABORTS ID
-- Copies the numbers from 0 to COUNT - 1, which are at the offsets they say, from one topic's partition 0 to another's,
-- ten in a transaction, until all are committed. It throws in every ABORTS-th transaction once; 0 never.

local kafka = require("kafka")
local lines = require("lines")

local brokers, from, to, group = arg[1], arg[2], arg[3], arg[4]
local count, aborts, id = tonumber(arg[5]), tonumber(arg[6]), arg[7]

local producer = kafka.producer(brokers, { ["transactional.id"] = id, ["linger.ms"] = 1 })
assert(producer:init_transactions(30000))

-- Begins where the group's commits left off.
local function reader()
  return kafka.consumer(
    brokers,
    { from .. ":0" },
    { ["group.id"] = group, ["enable.auto.commit"] = false, ["isolation.level"] = "read_committed" },
    { ["auto.offset.reset"] = "earliest" }
  )
end

local consumer, last, round = reader(), nil, 0
while last ~= count - 1 do
  round = round + 1
  local succeeded, committed, message = pcall(producer.transaction, producer, function()
    for _ = 1, 10 do
      local value = consumer:receive(10000)
      if not value then
        break
      end
      last = tonumber(value)
      assert(producer:produce({ topic = to, partition = 0, value = value }))
      if last == count - 1 then
        break
      end
    end
    local offsets = { { topic = from, partition = 0, offset = last + 1 } }
    local sent, text = producer:send_offsets_to_transaction(offsets, consumer, 30000)
    assert(sent, text)
    if aborts > 0 and round % aborts == 0 then
      -- What is still queued would not reach the log.
      assert(producer:flush(30000))
      error("given up", 0)
    end
  end, 30000)
  if succeeded then
    assert(committed, message)
    lines.write("committed", last)
  else
    assert(committed == "given up", committed)
    lines.write("aborted", last)
    consumer:close()
    consumer, last = reader(), nil
  end
end
assert(consumer:close())
assert(producer:close())
