-- admin_offsets.lua BROKERS TOPIC GROUP
-- Makes a group forget one of the two offsets that it has committed.

local kafka = require("kafka")
local outcomes = require("outcomes")

local failed, succeeded = outcomes.failed, outcomes.succeeded
local TIMEOUT_MS = 30000
local NONE = -1001

local brokers, topic, group = arg[1], arg[2], arg[3]
local stranger, absent = group .. "-absent", topic .. "-absent"
local admin = kafka.admin(brokers)
succeeded(assert(admin:create_topics({ { topic = topic, partitions = 2, replication = 1 } }, TIMEOUT_MS))[topic])

local both = { { topic = topic, partition = 0, offset = 5 }, { topic = topic, partition = 1, offset = 6 } }
succeeded(assert(admin:alter_group_offsets({ { group = group, offsets = both } }, TIMEOUT_MS))[group])

local one, other = { topic = topic, partition = 0 }, { topic = topic, partition = 1 }
local answer = assert(admin:delete_group_offsets({
  { group = group, partitions = { one, { topic = absent, partition = 0 } } },
  { group = stranger, partitions = { one } },
}, TIMEOUT_MS))
failed(answer[stranger], "GROUP_ID_NOT_FOUND")
-- One failed, so the group did.
failed(answer[group], "UNKNOWN_TOPIC_OR_PART")
local offsets = answer[group].offsets
assert(#offsets == 2 and offsets[1].topic == topic and offsets[1].partition == 0 and offsets[1].err == nil)
assert(offsets[2].topic == absent and offsets[2].code == kafka.err.UNKNOWN_TOPIC_OR_PART and offsets[2].err)

local listed = assert(admin:list_group_offsets({ { group = group, partitions = { one, other } } }, TIMEOUT_MS))
offsets = succeeded(listed[group]).offsets
assert(offsets[1].offset == NONE and offsets[2].offset == 6)
answer = assert(admin:delete_group_offsets({ { group = group, partitions = { one } } }, TIMEOUT_MS))
assert(#succeeded(answer[group]).offsets == 1)
assert(admin:delete_groups({ group }, TIMEOUT_MS))
assert(admin:close())
