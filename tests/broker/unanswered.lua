-- unanswered.lua BROKERS GROUP HOW
-- Prints "ready" once it knows the group's coordinator; asks until the brokers do not answer any more; then makes every
-- request that goes to a coordinator, none of which is answered, and prints "unanswered". HOW says what it does next:
-- "wait" until they answer again, "close" first another client whose requests are under way, or "exit".

local kafka = require("kafka")
local lines = require("lines")

local SHORT_MS = 100

local brokers, group, how = arg[1], arg[2], arg[3]
local offsets = { { topic = "absent", partition = 0, offset = 1 } }

local function ask_all(admin, timeout_ms)
  admin:describe_groups({ group, group .. "-2" }, timeout_ms)
  admin:delete_groups({ group .. "-2" }, timeout_ms)
  admin:list_group_offsets({ { group = group } }, timeout_ms)
  admin:alter_group_offsets({ { group = group, offsets = offsets } }, timeout_ms)
  admin:delete_group_offsets({ { group = group, partitions = { { topic = "absent", partition = 0 } } } }, timeout_ms)
end

local admin, other = kafka.admin(brokers), kafka.admin(brokers)
assert(admin:describe_groups({ group }, 60000))
assert(other:describe_groups({ group }, 60000))
lines.write("ready")
repeat
  lines.sleep(10)
until not admin:describe_groups({ group }, SHORT_MS)
for _, timeout_ms in ipairs({ 0, 1, SHORT_MS }) do
  ask_all(admin, timeout_ms)
  ask_all(other, timeout_ms)
end
lines.write("unanswered")
if how == "exit" then
  os.exit(0)
elseif how == "close" then
  assert(other:close())
  lines.write("closed")
end
assert(admin:describe_groups({ group }, 60000))
-- What was given up is answered now, too.
lines.sleep(1000)
assert(other:close())
assert(assert(admin:describe_groups({ group }, 60000))[group])
assert(admin:close())
lines.write("answered")
