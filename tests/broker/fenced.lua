-- fenced.lua BROKERS TOPIC ID
-- Two producers of one transactional.id: prints what becomes of the first one's transaction.

local kafka = require("kafka")
local lines = require("lines")

local brokers, topic, id = arg[1], arg[2], arg[3]

local function producer()
  local made = kafka.producer(brokers, { ["transactional.id"] = id })
  assert(made:init_transactions(30000))
  return made
end

local first = producer()
assert(first:begin_transaction())
assert(first:produce_sync({ topic = topic, partition = 0, value = "fenced" }, 30000))
local second = producer()
assert(second:transaction(function()
  assert(second:produce({ topic = topic, partition = 0, value = "committed" }))
end))
local committed, _, code, info = first:commit_transaction(30000)
lines.write(tostring(committed), kafka.err_name(code), "fatal", tostring(info.fatal))
