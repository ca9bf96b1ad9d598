-- first.lua BROKERS TOPIC GROUP
-- Makes the first requests of groups that a cluster ever gets.

local kafka = require("kafka")
local outcomes = require("outcomes")

local TIMEOUT_MS = 60000

local brokers, topic, group = arg[1], arg[2], arg[3]
local admin = kafka.admin(brokers)
outcomes.make_topic(admin, { topic = topic, partitions = 1 })
local offsets = { { topic = topic, partition = 0, offset = 42 } }
outcomes.succeeded(assert(admin:alter_group_offsets({ { group = group, offsets = offsets } }, TIMEOUT_MS))[group])
local listed = outcomes.succeeded(assert(admin:list_group_offsets({ { group = group } }, TIMEOUT_MS))[group])
assert(listed.offsets[1].offset == 42)
assert(admin:close())
