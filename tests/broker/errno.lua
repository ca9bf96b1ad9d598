-- errno.lua BROKERS TOPIC PARTITIONS ABSENT
-- What send says about a topic or a partition that the cluster does not have. Prints "created" if the cluster makes
-- topics up when asked for them.

local kafka = require("kafka")

local ENOENT, ESRCH = 2, 3
assert(kafka.errno.ENOENT == ENOENT and kafka.errno.ESRCH == ESRCH)

local brokers, topic, partitions, absent = arg[1], arg[2], tonumber(arg[3]), arg[4]
local producer = kafka.producer(brokers, { ["topic.metadata.propagation.max.ms"] = 100, ["linger.ms"] = 0 })

local function reported(sequence_id)
  local id, failures = producer:poll(30000)
  assert(id == sequence_id, tostring(id) .. " was reported, not " .. sequence_id)
  return failures
end

-- Before the cluster has said what it has, a message is taken, and fails later; after that it is refused, which on a
-- busy machine is already the first one. False if the cluster delivered it after all.
local function is_refused(name)
  producer:create_topic(name)
  while producer:send(name, -1, 1, "a partitioner's") == 0 do
    if reported(1) == 0 then
      return false
    end
  end
  return producer:send(name, -1, 2, "a partitioner's") == ENOENT
end

if not is_refused(absent) then
  print("created")
end

-- No cluster makes up a topic with such a name.
local impossible = "no such topic!"
assert(is_refused(impossible))
assert(producer:send(impossible, 0, 3, "partition 0's") == ENOENT)
local id, none = producer:poll(200)
assert(id == nil and none == 0, "a message was refused and reported as well")

producer:create_topic(topic)
local early = producer:send(topic, partitions, 4, "for a partition too many")
assert(early == ESRCH or early == 0 and reported(4) == 1, early)
assert(producer:send(topic, partitions - 1, 5, "for the last partition") == 0)
assert(reported(5) == 0)
assert(producer:send(topic, partitions, 6, "for a partition too many") == ESRCH)
assert(producer:send(topic, 0x7fffffff, 7, "for a partition too many") == ESRCH)
assert(producer:close() == true)
