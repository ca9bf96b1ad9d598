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
outcomes.make_topic(admin, { topic = topic, partitions = 2, replication = 1 })

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
assert(not answer[stranger].err:find("worker"), answer[stranger].err)
-- In the broker's order.
local offsets = {}
for _, offset in ipairs(answer[group].offsets) do
  assert(offset.partition == 0)
  offsets[offset.topic] = offset
end
assert(#answer[group].offsets == 2 and offsets[topic].err == nil)
assert(offsets[absent].code == kafka.err.UNKNOWN_TOPIC_OR_PART and offsets[absent].err)

local listed = assert(admin:list_group_offsets({ { group = group, partitions = { one, other } } }, TIMEOUT_MS))
offsets = succeeded(listed[group]).offsets
assert(offsets[1].offset == NONE and offsets[2].offset == 6)
answer = assert(admin:delete_group_offsets({ { group = group, partitions = { one } } }, TIMEOUT_MS))
assert(#succeeded(answer[group]).offsets == 1)
assert(admin:delete_groups({ group }, TIMEOUT_MS))
assert(admin:close())
