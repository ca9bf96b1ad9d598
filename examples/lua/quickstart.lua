-- Produces a thousand messages, waits until the cluster has them, and reads them back.
--
--   make run                        on a cluster inside this process
--   make run BROKERS=host:port      on that one; TOPIC=name if not kafka-ffi-quickstart

local ffi = require("ffi")
local kafka = require("kafka")

local COUNT, SIZE = 1000, 100
local TOPIC = os.getenv("TOPIC") or "kafka-ffi-quickstart"
local BROKERS = os.getenv("BROKERS")
if BROKERS == "" then
  BROKERS = nil
end

io.stdout:setvbuf("line")

-- How it is shown --------------------------------------------------------------

ffi.cdef([[
  int isatty(int fd);
  struct quickstart_timeval { long sec, usec; };
  int gettimeofday(struct quickstart_timeval *now, void *zone);
]])

local colour = ffi.C.isatty(1) == 1 and not os.getenv("NO_COLOR")

local function paint(code, text)
  return colour and ("\27[%sm%s\27[0m"):format(code, text) or text
end

local function say(label, text, ...)
  print(("  %s  %s"):format(paint("36", ("%-9s"):format(label)), text:format(...)))
end

local function finish(good, text, ...)
  local mark = good and paint("32;1", "ok") or paint("31;1", "failed")
  print(("\n  %s  %s"):format(mark, text:format(...)))
  os.exit(good and 0 or 1)
end

local timeval = ffi.new("struct quickstart_timeval")

local function now_ms()
  ffi.C.gettimeofday(timeval, nil)
  return tonumber(timeval.sec) * 1000 + tonumber(timeval.usec) / 1000
end

local function grouped(number)
  local digits = ("%.0f"):format(number)
  return (digits:reverse():gsub("(%d%d%d)", "%1 "):reverse():gsub("^ ", ""))
end

-- Where ------------------------------------------------------------------------

print(("\n  kafka %s, librdkafka %s, %s\n"):format(kafka.version(), kafka.librdkafka_version(), jit.version))

local cluster
if not BROKERS then
  cluster = kafka.mock_cluster()
  cluster:create_topic(TOPIC, 4)
end
local brokers = BROKERS or cluster:bootstrap_servers()

say("cluster", "%s%s", brokers, cluster and " (inside this process; BROKERS=host:port for another)" or "")
say("topic", "%s", TOPIC)

-- Produce ----------------------------------------------------------------------

local producer = kafka.producer(brokers, { ["message.timeout.ms"] = 10000 })
producer:create_topic(TOPIC)

-- Other runs may have left messages in the topic; this run knows its own by it.
local run = ("%x-%x"):format(os.time(), now_ms() % 1000 * 1000)
local function message(number)
  local text = ("%s %d "):format(run, number)
  return text .. ("."):rep(SIZE - #text)
end

local started = now_ms()
local failures, reported, reported_ms = 0, nil, 0
local function poll(timeout_ms)
  local last, failed = producer:poll(timeout_ms)
  failures = failures + failed
  if last then
    reported, reported_ms = last, now_ms() - started
  end
  return last ~= nil or failed > 0
end

for number = 1, COUNT do
  local errno = producer:send(TOPIC, -1, number, message(number))
  while errno == kafka.errno.ENOBUFS do
    poll(100)
    errno = producer:send(TOPIC, -1, number, message(number))
  end
  if errno ~= 0 then
    finish(false, "send: errno %d", errno)
  end
end
say("sent", "%s messages of %d bytes in %.1f ms", grouped(COUNT), SIZE, now_ms() - started)

-- Until something was reported, and then nothing for a while.
local patience = now_ms() + 15000
local came
repeat
  came = poll(200)
until now_ms() > patience or ((reported or failures > 0) and not came)

-- Once the cluster's metadata has come, a send says what is wrong with the topic.
local unknown = (failures > 0 or not reported) and producer:send(TOPIC, -1, nil, "") == kafka.errno.ENOENT
local _, _, _, lost = producer:close(10000)
local delivered = COUNT - failures - (lost or 0)

if unknown then
  say("delivered", "%s of %s", grouped(math.max(delivered, 0)), grouped(COUNT))
  finish(
    false,
    "the cluster has no topic %s and does not create one by itself.\n"
      .. "          Create it, or name another with TOPIC=name.",
    TOPIC
  )
elseif delivered < COUNT then
  say("delivered", "%s of %s", grouped(math.max(delivered, 0)), grouped(COUNT))
  finish(false, "not all was delivered. Is there a broker at %s?", brokers)
end
say("delivered", "%s of %s, the last after %.1f ms", grouped(delivered), grouped(COUNT), reported_ms)

-- Consume ----------------------------------------------------------------------

local consumer = kafka.consumer(
  brokers,
  { TOPIC },
  { ["group.id"] = "kafka-ffi-quickstart", ["session.timeout.ms"] = 6000 },
  { ["auto.offset.reset"] = "earliest" }
)

local joined, first_ms = now_ms(), nil
local seen, received, altered, older = {}, 0, 0, 0
local by_partition, partitions = {}, {}
patience = joined + 60000
while received < COUNT and now_ms() < patience do
  local value, _, partition = consumer:receive(500)
  local number = value and tonumber(value:match("^" .. run:gsub("%-", "%%-") .. " (%d+) "))
  if number and not seen[number] then
    first_ms = first_ms or now_ms() - joined
    seen[number] = true
    received = received + 1
    altered = altered + (value == message(number) and 0 or 1)
    if not by_partition[partition] then
      by_partition[partition] = 0
      partitions[#partitions + 1] = partition
    end
    by_partition[partition] = by_partition[partition] + 1
  elseif value then
    older = older + 1
  end
end
local received_ms = now_ms() - joined

say(
  "received",
  "%s of %s in %.1f ms, %.1f ms of them until the group let us in",
  grouped(received),
  grouped(COUNT),
  received_ms,
  first_ms or received_ms
)
table.sort(partitions)
for i, partition in ipairs(partitions) do
  partitions[i] = ("%s from partition %d"):format(grouped(by_partition[partition]), partition)
end
say("", "%s", table.concat(partitions, ", "))
if older > 0 then
  say("", "and %s that were in the topic before", grouped(older))
end

consumer:close()
if cluster then
  cluster:close()
end

if received < COUNT or altered > 0 then
  finish(false, "%s did not come back, %s came back altered", grouped(COUNT - received), grouped(altered))
end
finish(true, "%s messages there and back, none lost, none altered", grouped(COUNT))
