--- The same work through `require "kafka"`: what Lua adds to it.

local kafka = require("kafka")
local ffi = require("ffi")

ffi.cdef([[
struct bench_timespec { long tv_sec; long tv_nsec; };
int clock_gettime(int clock, struct bench_timespec *now);
]])

local CLOCK_MONOTONIC = 1
-- As in bench.h.
local SENDS_PER_POLL = 100
local BATCH = 1000
local HEADERS = { { "trace", "4bf92f3577b34da6a3ce929d0e0e4736" }, { "type", "order.created" } }

if not arg[1] then
  print(jit.version)
  os.exit(0)
end

local name, servers, topic = arg[1], arg[2], arg[3]
local size, count = tonumber(arg[4]), tonumber(arg[5])
local properties = {}
for i = 6, #arg, 2 do
  properties[arg[i]] = arg[i + 1]
end

local now = ffi.new("struct bench_timespec")
local function now_ns()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, now)
  return 1e9 * tonumber(now.tv_sec) + tonumber(now.tv_nsec)
end

local function send_round(producer, payload)
  local last
  local start = now_ns()
  for id = 1, count do
    local errno = producer:send(topic, -1, id, payload)
    while errno ~= 0 do
      assert(errno == kafka.errno.ENOBUFS, errno)
      last = producer:poll(1) or last
      errno = producer:send(topic, -1, id, payload)
    end
    if id % SENDS_PER_POLL == 0 then
      last = producer:poll(0) or last
    end
  end
  local sent = now_ns()
  -- One partition: its reports come in order.
  while last ~= count do
    local sequence_id, failures = producer:poll(1000)
    assert(failures == 0, "delivery failed")
    last = sequence_id or last
  end
  return (name == "deliver" and now_ns() or sent) - start
end

local function produce_round(producer, payload)
  local start = now_ns()
  for _ = 1, count do
    assert(producer:produce({ topic = topic, value = payload }))
  end
  local sent = now_ns()
  assert(producer:flush(-1))
  return sent - start
end

-- What is in a batch of each case.
local contents = {
  batch = function(payload)
    return payload
  end,
  keys = function(payload, index)
    return { key = "customer " .. index - 1, value = payload }
  end,
  headers = function(payload)
    return { value = payload, headers = HEADERS }
  end,
}

local messages = {}

local function batch_round(producer, payload)
  for index = 1, messages[1] and 0 or BATCH do
    messages[index] = contents[name](payload, index)
  end
  local start = now_ns()
  for _ = 1, count, BATCH do
    assert(producer:produce_batch(topic, messages) == BATCH)
  end
  local sent = now_ns()
  assert(producer:flush(-1))
  return sent - start
end

local function receive_round(consumer)
  local timeout_ms = 0
  local start = now_ns()
  for _ = 1, count do
    local message = consumer:receive(timeout_ms)
    while not message do
      timeout_ms = 1000
      message = consumer:receive(timeout_ms)
    end
    assert(#message == size)
  end
  return timeout_ms == 0 and now_ns() - start or nil
end

local object, round
if name == "receive" then
  object = kafka.consumer(servers, { topic .. ":0" }, properties)
  round = receive_round
else
  object = kafka.producer(servers, properties)
  object:create_topic(topic)
  round = name == "produce" and produce_round or contents[name] and batch_round or send_round
end

local payload = ("\0"):rep(size)
io.stdout:setvbuf("line")
print("ready")
for _ in io.lines() do
  local ns = round(object, payload)
  print(ns and ("%.1f"):format(ns / count) or "starved")
end
object:close()
