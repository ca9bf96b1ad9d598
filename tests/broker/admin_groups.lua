-- admin_groups.lua BROKERS TOPIC GROUP
-- Describes groups while they have members and after that, finds them by state, and deletes one. GROUP-static has a
-- static member.

local kafka = require("kafka")
local lines = require("lines")
local outcomes = require("outcomes")

local failed, succeeded = outcomes.failed, outcomes.succeeded
local TIMEOUT_MS = 30000

local brokers, topic, group = arg[1], arg[2], arg[3]
local static, absent = group .. "-static", group .. "-absent"
local admin = kafka.admin(brokers)
outcomes.make_topic(admin, { topic = topic, partitions = 2, replication = 1 })

local function member(id, properties)
  properties["group.id"], properties["session.timeout.ms"] = id, 6000
  properties["partition.assignment.strategy"] = "range"
  return kafka.consumer(brokers, { topic }, properties)
end

local one = member(group, { ["client.id"] = "one" })
local other = member(static, { ["client.id"] = "other", ["group.instance.id"] = "instance" })
local waited_ms = 0
while #one:assignment() < 2 or #other:assignment() < 2 do
  assert(waited_ms < 60000, "they never got partitions")
  one:poll(10)
  other:poll(10)
  waited_ms = waited_ms + 20
end

local operations = { include_authorized_operations = true }
local described = assert(admin:describe_groups({ group, static, absent }, TIMEOUT_MS, operations))
local stable = succeeded(described[group])
assert(stable.state == "Stable" and stable.type == "Classic" and stable.protocol == "range")
assert(stable.is_simple == false and stable.coordinator.port and #stable.members == 1)
local found = stable.members[1]
assert(found.client_id == "one" and found.member_id:find("^one") and found.group_instance_id == nil)
assert(type(found.host) == "string" and #found.assignment == 2)
table.sort(found.assignment, function(a, b)
  return a.partition < b.partition
end)
for partition = 0, 1 do
  local assigned = found.assignment[partition + 1]
  assert(assigned.topic == topic and assigned.partition == partition)
end
assert(succeeded(described[static]).members[1].group_instance_id == "instance")
assert(table.concat(stable.authorized_operations, " "):find("read.*describe"))
failed(described[absent], "GROUP_ID_NOT_FOUND")

local deleted = assert(admin:delete_groups({ group, absent }, TIMEOUT_MS))
failed(deleted[group], "NON_EMPTY_GROUP")
failed(deleted[absent], "GROUP_ID_NOT_FOUND")

local function is_listed(options)
  local listed = assert(admin:list_groups(options, TIMEOUT_MS))[group]
  return listed and succeeded(listed) and listed.state
end
assert(is_listed({ states = { "Stable" }, types = { "Classic" } }) == "Stable")
assert(is_listed({ states = { "Empty" } }) == nil)
assert(is_listed({ types = { "Consumer" } }) == nil)

assert(one:commit({ { topic = topic, partition = 0, offset = 0 } }))
assert(one:close() and other:close())
repeat
  lines.sleep(10)
  described = assert(admin:describe_groups({ group }, TIMEOUT_MS))[group]
until described.state == "Empty"
assert(#described.members == 0 and described.authorized_operations == nil)
assert(is_listed({ states = { "Empty" } }) == "Empty")
succeeded(assert(admin:delete_groups({ group }, TIMEOUT_MS))[group])
assert(is_listed() == nil)

local topics = assert(admin:describe_topics({ topic }, TIMEOUT_MS, operations))
assert(table.concat(succeeded(topics[topic]).authorized_operations, " "):find("read.*describe"))
local cluster = assert(admin:describe_cluster(operations, TIMEOUT_MS))
assert(table.concat(cluster.authorized_operations, " "):find("describe"))
assert(admin:describe_cluster(TIMEOUT_MS).authorized_operations == nil)
assert(admin:close())
