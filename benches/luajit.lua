--- The same work through `require "kafka"`: what Lua adds to it.

local kafka = require("kafka")
local ffi = require("ffi")

ffi.cdef([[
struct bench_timespec { long tv_sec; long tv_nsec; };
int clock_gettime(int clock, struct bench_timespec *now);
]])

local CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID = 1, 3
-- As in bench.h.
local SENDS_PER_POLL = 100
local HEADERS = { { "trace", "4bf92f3577b34da6a3ce929d0e0e4736" }, { "type", "order.created" } }

if not arg[1] then
  print(jit.version)
  os.exit(0)
end

-- See bench.h.
local name, til, batch_size, servers, topic = arg[1], arg[2], tonumber(arg[3]), arg[4], arg[5]
local size, all = tonumber(arg[6]), tonumber(arg[7])
-- Without the collector's work, to see how much that is.
local is_uncollected = name:find("-uncollected$") ~= nil
name = name:gsub("%-uncollected$", "")
local properties, options = {}, {}
for i = 8, #arg, 2 do
  if arg[i] == "buffer_memory" then
    options.buffer_memory = true
  else
    properties[arg[i]] = arg[i + 1]
  end
end

local payload = ("\0"):rep(size)
local clock = til == "bursts" and CLOCK_THREAD_CPUTIME_ID or CLOCK_MONOTONIC
local now = ffi.new("struct bench_timespec")

local function now_ns()
  ffi.C.clock_gettime(clock, now)
  return 1e9 * tonumber(now.tv_sec) + tonumber(now.tv_nsec)
end

local producer, consumer
local rounds = {}

local function end_of()
  local queued = now_ns()
  assert(producer:flush(-1))
  return til == "reported" and now_ns() or queued
end

local function poll(timeout_ms)
  local sequence_id, failures = producer:poll(timeout_ms)
  assert((failures or 0) == 0, "delivery failed")
  return sequence_id
end

function rounds.send(count)
  local polls = til ~= "bursts"
  local start = now_ns()
  for id = 1, count do
    local errno = producer:send(topic, -1, id, payload)
    while errno ~= 0 do
      assert(errno == kafka.errno.ENOBUFS, errno)
      poll(1)
      errno = producer:send(topic, -1, id, payload)
    end
    if polls and id % SENDS_PER_POLL == 0 then
      poll(0)
    end
  end
  local finish = end_of()
  poll(0)
  return finish - start
end

function rounds.produce(count)
  local start = now_ns()
  for _ = 1, count do
    assert(producer:produce({ topic = topic, value = payload }))
  end
  return end_of() - start
end

--- As `produce`, without a table.
function rounds.value(count)
  local start = now_ns()
  for _ = 1, count do
    assert(producer:produce_value(topic, payload))
  end
  return end_of() - start
end

local record = { topic = topic }
-- LuaJIT does not compile a loop in which a field is set to the same value again and again.
local payloads = { [0] = payload, ("\1"):rep(size) }

--- As `produce`, with one table for all messages.
function rounds.again(count)
  local start = now_ns()
  for id = 1, count do
    record.value = payloads[id % 2]
    assert(producer:produce(record))
  end
  return end_of() - start
end

-- What is in a batch of each case.
local contents = {
  batch = function()
    return payload
  end,
  keys = function(index)
    return { key = "customer " .. (index - 1) % 1000, value = payload }
  end,
  headers = function()
    return { value = payload, headers = HEADERS }
  end,
}

local messages = {}

function rounds.batch(count)
  for index = #messages + 1, batch_size do
    messages[index] = (contents[name] or contents.batch)(index)
  end
  local start = now_ns()
  for _ = 1, count, batch_size do
    assert(producer:produce_batch(topic, messages) == batch_size)
  end
  return end_of() - start
end
rounds.keys = rounds.batch
rounds.headers = rounds.batch

function rounds.receive(count)
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

function rounds.consume(count)
  local timeout_ms, done = 0, 0
  local start = now_ns()
  while done < count do
    local found = consumer:consume(math.min(batch_size, count - done), timeout_ms)
    if found then
      for index = 1, #found do
        assert(#found[index].value == size)
      end
      done = done + #found
    else
      timeout_ms = 1000
    end
  end
  return timeout_ms == 0 and now_ns() - start or nil
end

function rounds.views(count)
  local timeout_ms, done = 0, 0
  local start = now_ns()
  while done < count do
    local batch = consumer:consume_views(math.min(batch_size, count - done), timeout_ms)
    if batch then
      for index = 1, batch:len() do
        local _, length = batch:value_ptr(index)
        assert(length == size)
      end
      done = done + batch:len()
      batch:release()
    else
      timeout_ms = 1000
    end
  end
  return timeout_ms == 0 and now_ns() - start or nil
end

function rounds.both(count)
  local start = now_ns()
  if batch_size > 1 then
    rounds.batch(count)
  else
    rounds.send(count)
  end
  rounds.receive(count)
  return now_ns() - start
end

function rounds.latency(count)
  local took = {}
  for id = 1, count do
    local start = now_ns()
    assert(producer:send(topic, -1, id, payload) == 0)
    while not poll(1000) do
    end
    took[id] = ("%.0f"):format(now_ns() - start)
  end
  return table.concat(took, " ")
end

function rounds.hold(count)
  for id = 1, count do
    assert(producer:send(topic, -1, id, payload) == 0)
  end
  return 0
end

function rounds.outage(count)
  local finish = now_ns() + 1e9 * count
  while now_ns() < finish do
    if producer:send(topic, -1, 1, payload) ~= 0 then
      poll(10)
    end
  end
  return 0
end

local clients = {}

function rounds.clients(count)
  for _ = 1, count do
    clients[#clients + 1] = kafka.producer(servers, properties)
  end
  return 0
end

-- What Lua alone takes, whatever is done with it.

local bytes

--- Strings of bytes that no other string has.
function rounds.strings(count)
  if not bytes then
    bytes = ffi.new("uint8_t[?]", count * size)
    for at = 0, count * size - 1 do
      bytes[at] = math.random(0, 255)
    end
  end
  for id = 0, count - 1 do
    local first = ffi.cast("uint32_t *", bytes + id * size)
    first[0] = first[0] + 1
  end
  local start = now_ns()
  for id = 0, count - 1 do
    assert(#ffi.string(bytes + id * size, size) == size)
  end
  return now_ns() - start
end

--- Tables such as `produce` takes.
function rounds.tables(count)
  local kept = {}
  local start = now_ns()
  for id = 1, count do
    -- The compiler leaves out a table that is not used.
    kept[id % 64] = { topic = topic, value = payload }
  end
  return now_ns() - start, kept
end

-- See bursts_ns in bench.h.
local function round()
  if is_uncollected then
    collectgarbage()
    collectgarbage("stop")
  end
  if til ~= "bursts" then
    return rounds[name](all)
  end
  local ns = 0
  for _ = 1, all, batch_size do
    ns = ns + rounds[name](batch_size)
  end
  return ns
end

local takes = { receive = true, consume = true, views = true }
if takes[name] or name == "both" then
  consumer = kafka.consumer(servers, { topic .. ":0" }, properties)
end
if not takes[name] then
  producer = kafka.producer(servers, properties, options)
  producer:create_topic(topic)
end

io.stdout:setvbuf("line")
print("ready")
for _ in io.lines() do
  local found = round()
  print(type(found) == "number" and ("%.1f"):format(found / all) or found or "starved")
end
for _, object in ipairs({ producer or false, consumer or false }) do
  if object then
    object:close()
  end
end
