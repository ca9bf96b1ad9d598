-- admin.lua BROKERS TOPIC GROUP
-- Makes, changes, describes and deletes a topic and groups.

local kafka = require("kafka")
local outcomes = require("outcomes")

local brokers, topic, group = arg[1], arg[2], arg[3]
local admin = kafka.admin(brokers)

outcomes.make_topic(admin, { topic = topic, partitions = 3, replication = 1, config = { ["retention.ms"] = 3600000 } })
local again = assert(admin:create_topics({ { topic = topic, partitions = 3, replication = 1 } }, 30000))
assert(again[topic].ok == false and again[topic].code == kafka.err.TOPIC_ALREADY_EXISTS, again[topic].err)

local described = assert(admin:describe_topics({ topic, topic .. "-absent" }, 30000))
local partitions = described[topic].partitions
assert(#partitions == 3 and partitions[1].partition == 0 and #partitions[1].replicas == 1)
assert(partitions[1].leader == partitions[1].isr[1])
assert(described[topic .. "-absent"].code == kafka.err.UNKNOWN_TOPIC_OR_PART)
-- As Kafka writes it.
assert(described[topic].topic_id:find("^[%w_-]+$") and #described[topic].topic_id == 22, described[topic].topic_id)

local cluster = assert(admin:describe_cluster(30000))
assert(cluster.cluster_id == admin:cluster_id(30000))
assert(type(cluster.controller) == "number" and type(cluster.brokers[1].port) == "number")

local resource = { type = "topic", name = topic }
local configs = assert(admin:describe_configs({ resource }, 30000))[topic].configs
assert(configs["retention.ms"].value == "3600000" and configs["retention.ms"].is_read_only == false)
resource.set = { ["retention.ms"] = 7200000 }
assert(assert(admin:incremental_alter_configs({ resource }, 30000))[topic].ok)

local altered = assert(admin:alter_group_offsets({
  { group = group, offsets = { { topic = topic, partition = 0, offset = 5 } } },
  { group = group .. "-2", offsets = { { topic = topic, partition = 2, offset = 7 } } },
}, 30000))
assert(altered[group].ok and altered[group .. "-2"].ok)
local listed = assert(admin:list_group_offsets({ { group = group }, { group = group .. "-2" } }, 30000))
assert(listed[group].offsets[1].offset == 5 and listed[group .. "-2"].offsets[1].partition == 2)
assert(assert(admin:list_groups(30000))[group].ok)
local one = assert(admin:describe_groups({ group }, 30000))[group]
assert(one.ok and one.state == "Empty" and #one.members == 0)

local found = assert(admin:list_offsets({ { topic = topic, partition = 1, offset = "earliest" } }, 30000))
assert(found[topic .. ":1"].ok and found[topic .. ":1"].offset == 0)

local grown = assert(admin:create_partitions({ { topic = topic, partitions = 4 } }, 30000))
assert(grown[topic].ok, grown[topic].err)
-- A group that has forgotten everything may be gone.
local kept = { { topic = topic, partition = 1, offset = 6 } }
assert(assert(admin:alter_group_offsets({ { group = group, offsets = kept } }, 30000))[group].ok)
local forgotten = { { group = group, partitions = { { topic = topic, partition = 0 } } } }
assert(assert(admin:delete_group_offsets(forgotten, 30000))[group].ok)
local emptied = assert(admin:delete_records({ { topic = topic, partition = 0, offset = -1 } }, 30000))
assert(emptied[topic .. ":0"].ok and emptied[topic .. ":0"].low_watermark == 0)
assert(admin:elect_leaders({ { topic = topic, partition = 0 } }, 30000)[topic .. ":0"])

local gone = assert(admin:delete_groups({ group, group .. "-2" }, 30000))
assert(gone[group].ok and gone[group .. "-2"].ok)
local deleted = assert(admin:delete_topics({ topic, topic .. "-absent" }, 30000))
assert(deleted[topic].ok and deleted[topic .. "-absent"].code == kafka.err.UNKNOWN_TOPIC_OR_PART)
assert(admin:close())
