-- admin_make.lua BROKERS TOPIC GROUP
-- Makes a topic, and commits an offset for a group that never had a member.

local kafka = require("kafka")
local outcomes = require("outcomes")

local admin = kafka.admin(arg[1])
local topic, group = arg[2], arg[3]
outcomes.make_topic(admin, { topic = topic, partitions = 2, replication = 1 })
-- Also where there are no properties of its own.
local resource = { type = "topic", name = topic }
assert(type(assert(admin:describe_configs({ resource }, 30000))[topic].configs) == "table")
local offsets = { { topic = topic, partition = 1, offset = 42 } }
assert(assert(admin:alter_group_offsets({ { group = group, offsets = offsets } }, 30000))[group].ok)
assert(admin:close())
