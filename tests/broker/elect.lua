-- elect.lua BROKERS TOPIC STEP
-- "make" makes a topic whose partition prefers node 1, and prints "made"; "elect" has it led by that one again.

local kafka = require("kafka")
local lines = require("lines")
local outcomes = require("outcomes")

local TIMEOUT_MS = 60000

local brokers, topic, step = arg[1], arg[2], arg[3]
local admin = kafka.admin(brokers)
if step == "make" then
  local made = assert(admin:create_topics({ { topic = topic, assignment = { { 1, 2, 3 } } } }, TIMEOUT_MS))
  outcomes.succeeded(made[topic])
else
  local partition = { topic = topic, partition = 0 }
  local elected
  -- Until it has caught up it cannot lead.
  for _ = 1, 600 do
    elected = assert(admin:elect_leaders({ partition }, TIMEOUT_MS))[topic .. ":0"]
    if elected.ok then
      break
    end
    lines.sleep(100)
  end
  outcomes.succeeded(elected)
end
assert(admin:close())
