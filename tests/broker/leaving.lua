-- leaving.lua BROKERS TOPIC GROUP PROPERTY=VALUE...
-- Two members share a topic of one partition; the one that has none closes. Prints the members that the group has until
-- the other one closes too: at first, and as soon as there is one less, or after a fourth of the session.

local kafka = require("kafka")
local lines = require("lines")

local brokers, topic, group = arg[1], arg[2], arg[3]
local admin = kafka.admin(brokers)

local function member()
  local properties = lines.properties(arg, 4)
  properties["group.id"] = group
  return kafka.consumer(brokers, { topic }, properties)
end

local function count()
  local groups = assert(admin:describe_groups({ group }, 10000))
  return #(groups[group].members or {})
end

local members = { member(), member() }

local function poll_until(limit_s, condition)
  local deadline = os.time() + limit_s
  while not condition() and os.time() < deadline do
    for _, consumer in ipairs(members) do
      consumer:poll(20)
    end
  end
end

local function shares()
  return #members[1]:assignment() + #members[2]:assignment()
end

-- The second one may make the partition move, and then has it.
poll_until(60, function()
  return count() == 2 and shares() == 1
end)
poll_until(3, function()
  return false
end)
assert(shares() == 1, shares())
lines.write(count())
local idle = table.remove(members, #members[1]:assignment() == 0 and 1 or 2)
assert(idle:close())
poll_until(10, function()
  return count() == 1
end)
lines.write(count())
assert(members[1]:close())
