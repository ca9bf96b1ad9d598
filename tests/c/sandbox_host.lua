-- What sandbox_host.c runs: each message it hands over is sent in the way that `kind` names.
-- luacheck: globals brokers process_message timer_event

require("kafka")
local ffi = require("ffi")

-- Without the host's functions a producer is a plain one, and stays one.
local host_read_message = read_message
read_message = nil
local plain = kafka.producer(brokers)
read_message = host_read_message
assert(select("#", plain:poll()) == 2)
assert(select("#", plain:poll(0)) == 2)
plain:create_topic("sandbox")
assert(not pcall(plain.send, plain, "sandbox", 0, 1, { "raw" }))
assert(plain:close())

local producer =
  kafka.producer(brokers, { ["linger.ms"] = 1, ["retry.backoff.ms"] = 10, ["reconnect.backoff.ms"] = 10 })
producer:create_topic("sandbox")
local impatient = kafka.producer(brokers, { ["linger.ms"] = 1 })
impatient:create_topic("sandbox", { ["message.timeout.ms"] = 300 })

local kinds = {
  raw = { "raw" },
  ["with holes"] = { "raw", nil, nil, true },
  counter = { "Fields[counter]", 1, 2 },
  empty = { "empty" },
  ["nil"] = { "nil" },
  nothing = { "nothing" },
}

function process_message(sequence_id, kind)
  if kind == "cdata" then
    sequence_id = ffi.cast("void *", 0xfedcba9876543210ULL)
    return producer:send("sandbox", 0, sequence_id, "cdata")
  elseif kind == "without id" then
    return producer:send("sandbox", 0, nil, "without id")
  elseif kind == "unknown partition" then
    return producer:send("sandbox", 77, sequence_id, kinds.raw)
  elseif kind == "impatient" then
    return impatient:send("sandbox", 0, sequence_id, kinds.raw)
  end
  return producer:send("sandbox", 0, sequence_id, kinds[kind])
end

function timer_event()
  assert(select("#", producer:poll()) == 0)
  assert(select("#", impatient:poll()) == 0)
end

-- Here poll takes no argument, and send no other kinds of message and id.
assert(not pcall(producer.poll, producer, 0))
assert(not pcall(producer.send, producer, "sandbox", 0, nil, true))
assert(not pcall(producer.send, producer, "sandbox", 0, true, "x"))
assert(not pcall(producer.send, producer, "sandbox", 0, "1", "x"))
