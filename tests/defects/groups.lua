-- Defects of groups on Apache Kafka: scenarios as run.lua has them. Their arguments are brokers, and a name for a topic
-- and its group.

local kafka = require("kafka")
local system = require("system")

local scenarios = {}

local now = system.monotime

--- Waits until `condition` holds; false if that takes longer than `seconds`.
local function within(seconds, condition)
  local deadline = now() + seconds
  while not condition() do
    if now() > deadline then
      return false
    end
  end
  return true
end

local function create(brokers, topic, partition_count)
  local admin = kafka.admin(brokers)
  local made = assert(admin:create_topics({ { topic = topic, partitions = partition_count, replication = 1 } }, 20000))
  assert(made[topic].ok, made[topic].err)
  return admin
end

local function member(brokers, topic, client_id, options)
  return kafka.consumer(brokers, { topic }, {
    ["group.id"] = topic,
    ["client.id"] = client_id,
    ["session.timeout.ms"] = 10000,
    ["heartbeat.interval.ms"] = 300,
    ["partition.assignment.strategy"] = "cooperative-sticky",
    ["enable.auto.commit"] = false,
    ["auto.offset.reset"] = "earliest",
  }, nil, options)
end

--- The assigned partitions of a member that has been polled for a moment.
local function assigned(consumer)
  consumer:poll(50)
  return #(consumer:assignment() or {})
end

--- A member that closes while the group has not let it in yet, as another one does not poll.
function scenarios.closed_while_it_joins(brokers, topic)
  local admin = create(brokers, topic, 2)
  local steady = member(brokers, topic, "steady")
  assert(within(30, function()
    return assigned(steady) == 2
  end))
  local visitor = member(brokers, topic, "visitor")
  within(0.7, function()
    visitor:poll(20)
  end)
  local start = now()
  local closed, text = visitor:close(10000)
  local took_s = now() - start
  assert(closed, text)
  local function has_left()
    steady:poll(50)
    local group = admin:describe_groups({ topic }, 10000)[topic]
    for _, one in ipairs(group.members or {}) do
      if one.client_id == "visitor" then
        return false
      end
    end
    return true
  end
  if took_s > 4 or not within(3, has_left) then
    return ("close() of a member that joins took %.1f s, and it %s the group"):format(
      took_s,
      has_left() and "has left" or "is still in"
    )
  end
end

--- Members come and go; each commits in on_revoke.
function scenarios.commits_when_revoked(brokers, topic)
  create(brokers, topic, 8)
  local failed = {}
  local function new(client_id)
    return member(brokers, topic, client_id, {
      on_revoke = function(self, partitions)
        local list = {}
        for at, partition in ipairs(partitions) do
          list[at] = { topic = topic, partition = partition.partition, offset = 0 }
        end
        local committed, text, code = self:commit(list, 5000)
        if not committed and not kafka.err_info(code).retriable then
          failed[#failed + 1] = ("%s (%d)"):format(text, code)
        end
      end,
    })
  end
  local first = new("m0")
  assert(within(30, function()
    return assigned(first) == 8
  end))
  -- Half a second after the other has come is when it fails: two heartbeats and a join.
  for round = 0, 11 do
    local second = new("m" .. round + 1)
    within(0.3 + round % 6 * 0.1, function()
      first:poll(20)
      second:poll(20)
    end)
    first:close(10000)
    if #failed > 0 then
      break
    end
    first = second
    assert(within(30, function()
      return assigned(first) == 8
    end))
  end
  if #failed > 0 then
    return "a commit in on_revoke failed: " .. failed[1]
  end
end

return scenarios
