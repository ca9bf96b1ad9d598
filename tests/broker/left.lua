-- left.lua BROKERS TOPIC GROUP USER
-- Prints which of these there are: "topic", "group", "user".

local kafka = require("kafka")

local TIMEOUT_MS = 30000

local topic, group, user = arg[2], arg[3], arg[4]
local admin = kafka.admin(arg[1])
local there = {
  { "topic", assert(admin:metadata({ timeout = TIMEOUT_MS })).topics[topic] },
  { "group", assert(admin:list_groups({}, TIMEOUT_MS))[group] },
  { "user", assert(admin:describe_user_scram_credentials(nil, TIMEOUT_MS))[user] },
}
for at = 1, 3 do
  if there[at][2] then
    print(there[at][1])
  end
end
assert(admin:close())
