-- outage.lua BROKERS TOPIC GROUP
-- Makes admin requests, one after the other, until it is killed. Prints a line for each round: "round", and how many
-- milliseconds the slowest request took; or "failed", what failed, and why.

local kafka = require("kafka")
local lines = require("lines")
local outcomes = require("outcomes")

-- A broker that is gone is missed after nine seconds.
local TIMEOUT_MS = 40000

local brokers, topic, group = arg[1], arg[2], arg[3]
local admin = kafka.admin(brokers)
local partition = { topic = topic, partition = 0 }
local round = 0
local requests = {
  create_topics = function()
    local name = ("%s-%d"):format(topic, round)
    return admin:create_topics({ { topic = name, partitions = 1, replication = 1 } }, TIMEOUT_MS), name
  end,
  describe_topics = function()
    return admin:describe_topics({ topic }, TIMEOUT_MS), topic
  end,
  list_offsets = function()
    partition.offset = "latest"
    return admin:list_offsets({ partition }, TIMEOUT_MS), topic .. ":0"
  end,
  alter_group_offsets = function()
    local offsets = { { topic = topic, partition = 0, offset = round } }
    return admin:alter_group_offsets({ { group = group, offsets = offsets } }, TIMEOUT_MS), group
  end,
  describe_groups = function()
    return admin:describe_groups({ group }, TIMEOUT_MS), group
  end,
  list_group_offsets = function()
    return admin:list_group_offsets({ { group = group } }, TIMEOUT_MS), group
  end,
  list_groups = function()
    return admin:list_groups(TIMEOUT_MS), group
  end,
}
local order = {
  "create_topics",
  "describe_topics",
  "list_offsets",
  "alter_group_offsets",
  "describe_groups",
  "list_group_offsets",
  "list_groups",
}

-- Whether a request succeeded, and why not.
local function ask(name)
  local answer, item = requests[name]()
  local outcome = answer and answer[item]
  return outcome and outcome.ok, tostring(outcome and outcome.err or "as a whole")
end

outcomes.make_topic(admin, { topic = topic, partitions = 1, replication = 3 })
-- Each broker has the topic.
repeat
  lines.sleep(100)
until ask("list_offsets") and ask("alter_group_offsets")
while true do
  round = round + 1
  local slowest = 0
  for _, name in ipairs(order) do
    local started = lines.now()
    local succeeded, reason = ask(name)
    if not succeeded then
      lines.write("failed", name, reason)
    end
    slowest = math.max(slowest, lines.now() - started)
  end
  lines.write("round", ("%d"):format(slowest))
  lines.sleep(200)
end
