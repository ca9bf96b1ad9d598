-- admin_witness.lua BROKERS STEP TOPIC GROUP USER
-- "make" makes and changes something by each admin request that does, and prints what those that describe it say;
-- "remove" removes it all.

local kafka = require("kafka")
local lines = require("lines")
local outcomes = require("outcomes")

local succeeded = outcomes.succeeded
local TIMEOUT_MS = 30000
local MECHANISM = "SCRAM-SHA-256"

local brokers, step, topic, group, user = arg[1], arg[2], arg[3], arg[4], arg[5]
local admin = kafka.admin(brokers)

local function every(results)
  for _, result in pairs(assert(results)) do
    succeeded(result)
  end
  return results
end

local function place(partition, offset)
  return { topic = topic, partition = partition, offset = offset }
end

local function make()
  outcomes.make_topic(admin, { topic = topic, partitions = 2 })
  every(admin:create_partitions({ { topic = topic, partitions = 3 } }, TIMEOUT_MS))
  local resource = { type = "topic", name = topic, set = { ["retention.ms"] = 7200000 } }
  every(admin:incremental_alter_configs({ resource }, TIMEOUT_MS))
  local producer = kafka.producer(brokers)
  for _ = 1, 5 do
    assert(producer:produce_sync({ topic = topic, partition = 0, value = "x" }, TIMEOUT_MS))
  end
  assert(producer:close())
  every(admin:delete_records({ place(0, 2) }, TIMEOUT_MS))
  every(admin:alter_group_offsets({ { group = group, offsets = { place(0, 3), place(1, 0) } } }, TIMEOUT_MS))
  every(admin:delete_group_offsets({ { group = group, partitions = { place(1) } } }, TIMEOUT_MS))
  local acl = { type = "topic", name = topic, principal = "User:" .. user, operation = "read", permission = "allow" }
  every(admin:create_acls({ acl }, TIMEOUT_MS))
  local credential = { user = user, mechanism = MECHANISM, password = "secret", iterations = 8192 }
  every(admin:alter_user_scram_credentials({ credential }, TIMEOUT_MS))
end

local function describe()
  local cluster = assert(admin:describe_cluster(TIMEOUT_MS))
  lines.write("cluster", cluster.cluster_id, #cluster.brokers)
  local described = every(admin:describe_topics({ topic }, TIMEOUT_MS))[topic]
  lines.write("topic", described.topic_id, #described.partitions)
  local configs = every(admin:describe_configs({ { type = "topic", name = topic } }, TIMEOUT_MS))[topic].configs
  lines.write("retention.ms", configs["retention.ms"].value)
  for _, name in ipairs({ "earliest", "latest" }) do
    local found = every(admin:list_offsets({ place(0, name) }, TIMEOUT_MS))[topic .. ":0"]
    lines.write(name, tostring(found.offset))
  end
  lines.write("listed", every(admin:list_groups(TIMEOUT_MS))[group].state)
  local one = every(admin:describe_groups({ group }, TIMEOUT_MS))[group]
  lines.write("group", one.state, #one.members, one.coordinator.id)
  for _, offset in ipairs(every(admin:list_group_offsets({ { group = group } }, TIMEOUT_MS))[group].offsets) do
    lines.write("committed", offset.topic, offset.partition, tostring(offset.offset))
  end
  local acls
  repeat
    lines.sleep(10)
    acls = every(admin:describe_acls({ principal = "User:" .. user }, TIMEOUT_MS))
  until #acls > 0
  lines.write("acl", #acls, acls[1].operation, acls[1].permission)
  local users
  repeat
    lines.sleep(10)
    users = assert(admin:describe_user_scram_credentials({ user }, TIMEOUT_MS))[user]
  until users.ok
  lines.write("credential", users.credentials[1].mechanism, users.credentials[1].iterations)
end

local function remove()
  every(admin:delete_groups({ group }, TIMEOUT_MS))
  every(admin:delete_acls({ { principal = "User:" .. user } }, TIMEOUT_MS))
  local gone = { user = user, mechanism = MECHANISM, delete = true }
  every(admin:alter_user_scram_credentials({ gone }, TIMEOUT_MS))
  every(admin:delete_topics({ topic }, TIMEOUT_MS))
end

if step == "make" then
  make()
  describe()
else
  remove()
end
assert(admin:close())
