-- Defects while brokers answer late or not at all: scenarios as run.lua has them.

local kafka = require("kafka")
local lfs = require("lfs")
local system = require("system")

local scenarios = {}

local now, sleep = system.monotime, system.sleep

-- Nothing listens there.
local NOWHERE = "127.0.0.1:1"

--- For each thread, for how many seconds it has run or wanted to, as the kernel counts it. On a machine with
--- too much to do a thread that never rests has little of a processor, and wants it all the time.
local function wanted_s()
  local wanted = {}
  for thread in lfs.dir("/proc/self/task") do
    local file = io.open("/proc/self/task/" .. thread .. "/schedstat")
    local ran, waited = (file and file:read("*a") or ""):match("^(%d+) (%d+)")
    wanted[thread] = ran and (ran + waited) / 1e9
    if file then
      file:close()
    end
  end
  return wanted
end

--- Whether a thread of this process does not rest while `work` runs, though there is nothing to do; `what` says when.
local function busy_while(what, work)
  local before, clock, start = wanted_s(), os.clock(), now()
  work()
  local took_s = now() - start
  local share, most = (os.clock() - clock) / took_s, 0
  for thread, seconds in pairs(wanted_s()) do
    most = math.max(most, before[thread] and (seconds - before[thread]) / took_s or 0)
  end
  if share > 0.1 or most > 0.5 then
    return ("a thread wants a processor for %d %% of the time %s"):format(most * 100, what)
  end
end

--- A cluster in this process with the topic `t`, and its brokers.
local function new_cluster()
  local cluster = kafka.mock_cluster(1)
  cluster:create_topic("t", 1)
  return cluster, cluster:bootstrap_servers()
end

--- The first answer of a new cluster's coordinator, or of one that another broker takes over, may be an error.
function scenarios.committed_offsets_too_early()
  local cluster, brokers = new_cluster()
  local producer = kafka.producer(brokers)
  assert(producer:produce_sync({ topic = "t", partition = 0, value = "x" }, 10000))
  for _, name in ipairs({ "NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE" }) do
    for _, topics in ipairs({ "t:0", "t" }) do
      assert(cluster:push_errors("OffsetFetch", kafka.err[name]))
      local properties = { ["group.id"] = name .. topics, ["auto.offset.reset"] = "earliest" }
      local consumer = kafka.consumer(brokers, { topics }, properties)
      local message = consumer:poll(10000)
      consumer:close()
      if not message then
        return ("a consumer of %s receives nothing once committed offsets were answered by %s"):format(topics, name)
      end
    end
  end
end

--- To the end, and back before the broker has said where that is. A fetch brings one message, so that not all are there
--- yet when librdkafka asks again for the end.
function scenarios.seek_behind_a_seek()
  local COUNT, BYTES = 20, 100 * 1024
  local cluster, brokers = new_cluster()
  local producer = kafka.producer(brokers)
  for _ = 1, COUNT do
    assert(producer:produce_sync({ topic = "t", partition = 0, value = ("x"):rep(BYTES) }, 10000))
  end
  local consumer = kafka.consumer(brokers, { "t:0" }, {
    ["group.id"] = "g",
    ["auto.offset.reset"] = "earliest",
    ["fetch.message.max.bytes"] = BYTES,
  })
  assert(consumer:poll(10000))
  cluster:set_rtt(1, 100)
  assert(consumer:seek({ topic = "t", partition = 0, offset = kafka.OFFSET_END }, 10000))
  sleep(0.05)
  assert(consumer:seek({ topic = "t", partition = 0, offset = 0 }, 10000))
  for number = 0, COUNT - 1 do
    local message = consumer:poll(3000)
    if not message then
      return ("%d of %d messages came behind a seek to the first"):format(number, COUNT)
    end
    assert(message.offset == number)
  end
end

-- --- At rest while nothing can be done ----------------------------------------------------------------------------

--- A producer of 20 messages a second, before a broker that answers after half a second.
local function busy_while_producing(cluster, producer)
  assert(producer:produce_sync({ topic = "t", value = "first" }, 10000))
  cluster:set_rtt(1, 500)
  local broken = busy_while("for 20 messages a second, acknowledged after 0.5 s", function()
    for _ = 1, 60 do
      assert(producer:produce({ topic = "t", value = "x" }))
      producer:poll(0)
      sleep(0.05)
    end
  end)
  producer:purge()
  return broken
end

-- With less than an answer takes, librdkafka sets its next wake-up in the past (its issue 3692): see LUA.md.
local LINGER_MS = 600

function scenarios.idempotent_producer()
  local cluster, brokers = new_cluster()
  return busy_while_producing(cluster, kafka.producer(brokers, { ["linger.ms"] = LINGER_MS }, { delivery = "ordered" }))
end

function scenarios.transactional_producer()
  local cluster, brokers = new_cluster()
  local producer = kafka.producer(brokers, { ["transactional.id"] = "t", ["linger.ms"] = LINGER_MS })
  assert(producer:init_transactions(10000))
  assert(producer:begin_transaction())
  return busy_while_producing(cluster, producer)
end

--- Closed in an outage, with a commit that no broker has answered.
local function share_behind_close(consumer)
  consumer:close(500)
  return busy_while("when a consumer was closed in an outage", function()
    sleep(2)
  end)
end

function scenarios.consumer_closed_in_outage()
  local consumer = kafka.consumer(NOWHERE, { "t" }, { ["group.id"] = "g" })
  consumer:poll(1000)
  assert(not consumer:commit({ { topic = "t", partition = 0, offset = 1 } }, 1000))
  return share_behind_close(consumer)
end

function scenarios.consumer_closed_while_it_commits()
  local cluster, brokers = new_cluster()
  local producer = kafka.producer(brokers)
  assert(producer:produce_sync({ topic = "t", value = "x" }, 10000))
  local consumer = kafka.consumer(brokers, { "t" }, {
    ["group.id"] = "g",
    ["enable.auto.commit"] = false,
    ["auto.offset.reset"] = "earliest",
  })
  assert(consumer:poll(15000))
  cluster:broker_down(1)
  sleep(1)
  assert(consumer:commit_async())
  sleep(0.5)
  return share_behind_close(consumer)
end

-- --- Time ---------------------------------------------------------------------------------------------------------

--- Sent in an outage with `buffer_memory`, more than librdkafka by itself has room for: `message.timeout.ms` counts
--- from the call on.
function scenarios.age_of_a_buffered_message()
  local cluster, brokers = new_cluster()
  local producer = kafka.producer(brokers, {
    ["queue.buffering.max.kbytes"] = 64,
    ["message.timeout.ms"] = 1000,
    ["reconnect.backoff.max.ms"] = 500,
  }, { buffer_memory = true, reports = true })
  assert(producer:produce({ topic = "t", value = "first" }) and producer:flush(10000))
  producer:reports()
  cluster:broker_down(1)
  sleep(0.3)
  local start = now()
  for _ = 1, 400 do
    assert(producer:produce({ topic = "t", value = ("x"):rep(1000) }))
  end
  local reported, last = 0, start
  while reported < 400 and now() - start < 10 do
    producer:poll(100)
    local count = #producer:reports()
    reported, last = reported + count, count > 0 and now() or last
  end
  if reported < 400 or last - start > 3 then
    return ("%d of 400 messages were reported, the last %.1f s after its call"):format(reported, last - start)
  end
end

return scenarios
