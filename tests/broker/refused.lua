-- refused.lua BROKERS SASL USER TOPIC GROUP
-- A user may neither describe the cluster, nor do anything with a topic and a group: what is refused says so. BROKERS
-- may do everything; SASL is where the user logs in.

local kafka = require("kafka")
local lines = require("lines")
local outcomes = require("outcomes")

local failed, succeeded = outcomes.failed, outcomes.succeeded
local TIMEOUT_MS = 30000
local MECHANISM = "SCRAM-SHA-256"

local brokers, sasl, user, topic, group = arg[1], arg[2], arg[3], arg[4], arg[5]
local super = kafka.admin(brokers)
outcomes.make_topic(super, { topic = topic, partitions = 1 })
local made = { user = user, mechanism = MECHANISM, password = "secret" }
succeeded(assert(super:alter_user_scram_credentials({ made }, TIMEOUT_MS))[user])
local denied = {
  { type = "cluster", name = "kafka-cluster", operation = "describe" },
  { type = "topic", name = topic, operation = "all" },
  { type = "group", name = group, operation = "all" },
}
for _, acl in ipairs(denied) do
  acl.principal, acl.permission = "User:" .. user, "deny"
end
for _, result in ipairs(assert(super:create_acls(denied, TIMEOUT_MS))) do
  succeeded(result)
end

local login = {
  ["security.protocol"] = "sasl_plaintext",
  ["sasl.mechanism"] = MECHANISM,
  ["sasl.username"] = user,
  ["sasl.password"] = "secret",
}
local admin = kafka.admin(sasl, login)

local function is_refused(name, answer, _, code)
  return answer == nil and code == kafka.err[name]
end

-- A broker has users and their rights a moment after they were accepted.
local tries = 0
while not is_refused("CLUSTER_AUTHORIZATION_FAILED", admin:describe_acls(nil, TIMEOUT_MS)) do
  tries = tries + 1
  assert(tries < 1000, "it is never refused")
  lines.sleep(10)
end
for _, users in ipairs({ { user }, {} }) do
  local refused = is_refused("CLUSTER_AUTHORIZATION_FAILED", admin:describe_user_scram_credentials(users, TIMEOUT_MS))
  assert(refused, "credentials are described")
end
local listed = assert(admin:list_group_offsets({ { group = group } }, TIMEOUT_MS))[group]
failed(listed, "GROUP_AUTHORIZATION_FAILED")
assert(not listed.err:find("worker"), listed.err)
failed(assert(admin:describe_groups({ group }, TIMEOUT_MS))[group], "GROUP_AUTHORIZATION_FAILED")
failed(assert(admin:describe_topics({ topic }, TIMEOUT_MS))[topic], "TOPIC_AUTHORIZATION_FAILED")
local place = { topic = topic, partition = 0, offset = "latest" }
local found = assert(admin:list_offsets({ place }, TIMEOUT_MS))[topic .. ":0"]
failed(found, "TOPIC_AUTHORIZATION_FAILED")
assert(found.topic == topic and found.partition == 0)
assert(admin:close())

login["group.id"] = group
local consumer = kafka.consumer(sasl, { topic }, login)
assert(is_refused("TOPIC_AUTHORIZATION_FAILED", consumer:watermarks(topic, 0, TIMEOUT_MS)))
assert(consumer:close())

assert(super:delete_acls({ { principal = "User:" .. user } }, TIMEOUT_MS))
local gone = { user = user, mechanism = MECHANISM, delete = true }
succeeded(assert(super:alter_user_scram_credentials({ gone }, TIMEOUT_MS))[user])
assert(super:close())
