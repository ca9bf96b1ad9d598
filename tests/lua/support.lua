-- What several specs need: clusters and clients that are closed after each case, clocks, and programs run as processes
-- of their own.

local ffi = require("ffi")
local lfs = require("lfs")
local system = require("system")

local kafka = require("kafka")

local support = {}

support.now = system.monotime
support.sleep = system.sleep

-- Nothing listens there: port 1 is reserved and never bound on a test machine.
support.NOWHERE = "127.0.0.1:1"

support.CLOSED = -1003
support.FORKED = -1002
support.TIMED_OUT = -185

local function merge(defaults, given)
  local merged = {}
  for key, value in pairs(defaults) do
    merged[key] = value
  end
  for key, value in pairs(given or {}) do
    merged[key] = value
  end
  return merged
end

-- Reconnects at a test's pace instead of a data centre's.
local CONSUMER_CONF = {
  ["group.id"] = "spec",
  ["fetch.wait.max.ms"] = 10,
  ["fetch.error.backoff.ms"] = 10,
  ["reconnect.backoff.ms"] = 20,
  ["reconnect.backoff.max.ms"] = 100,
}

-- The mock cluster lets members into a classic group after 3 s, and after most of a session once there has been one.
local GROUP_CONF = {
  ["group.protocol"] = "consumer",
}

local PRODUCER_CONF = {
  ["linger.ms"] = 1,
  ["reconnect.backoff.ms"] = 20,
  ["reconnect.backoff.max.ms"] = 100,
  ["retry.backoff.ms"] = 20,
}

function support.producer_conf(conf)
  return merge(PRODUCER_CONF, conf)
end

function support.consumer_conf(conf)
  return merge(CONSUMER_CONF, conf)
end

function support.group_conf(conf)
  return merge(merge(CONSUMER_CONF, GROUP_CONF), conf)
end

local clients, clusters = {}, {}

function support.cluster(broker_count)
  local cluster = kafka.mock_cluster(broker_count or 1)
  clusters[#clusters + 1] = cluster
  return cluster, cluster:bootstrap_servers()
end

function support.producer(brokers, conf, options)
  local producer = kafka.producer(brokers, support.producer_conf(conf), options)
  clients[#clients + 1] = producer
  return producer
end

-- Reads from the first message on, unless the group has been further already.
function support.consumer(brokers, topics, conf, options)
  conf = topics and topics[1]:find(":", 1, true) and support.consumer_conf(conf) or support.group_conf(conf)
  local consumer = kafka.consumer(brokers, topics, conf, { ["auto.offset.reset"] = "smallest" }, options)
  clients[#clients + 1] = consumer
  return consumer
end

function support.admin(brokers, conf, options)
  local admin = kafka.admin(brokers, conf, options)
  clients[#clients + 1] = admin
  return admin
end

function support.close_all()
  for index = #clients, 1, -1 do
    if clients[index].purge then
      -- What a case has left to brokers that do not answer.
      clients[index]:purge()
    end
    clients[index]:close(1000)
    clients[index] = nil
  end
  for index = #clusters, 1, -1 do
    clusters[index]:close()
    clusters[index] = nil
  end
end

-- The C API as kafka.lua loaded it, for what the Lua API has no words for.
function support.clib()
  return require("kafka.native").C
end

local function check(code, err)
  if code ~= 0 then
    error(ffi.string(err.message), 2)
  end
end

-- librdkafka's own words about a property, as the C API hands them on.
function support.conf_error(property, value, of_topic)
  local clib = support.clib()
  local err = ffi.new("kafka_error")
  local set, free, conf
  if of_topic then
    conf = ffi.new("kafka_topic_conf *[1]")
    check(clib.kafka_topic_conf_new(conf, err), err)
    set, free = clib.kafka_topic_conf_set, clib.kafka_topic_conf_free
  else
    conf = ffi.new("kafka_conf *[1]")
    check(clib.kafka_conf_new(conf, err), err)
    set, free = clib.kafka_conf_set, clib.kafka_conf_free
  end
  assert(set(conf[0], property, value, err) ~= 0, "librdkafka took " .. property .. " = " .. value)
  free(conf[0])
  return ffi.string(err.message)
end

-- Sends with what producer:send cannot say: a key, and no value at all.
function support.send_raw(brokers, topic, messages)
  local clib = support.clib()
  local err = ffi.new("kafka_error")
  local producer = ffi.new("kafka_producer *[1]")
  check(clib.kafka_producer_new(brokers, nil, producer, nil, err), err)
  local handle = ffi.new("kafka_topic *[1]")
  check(clib.kafka_producer_create_topic(producer[0], topic, nil, handle, err), err)
  for _, message in ipairs(messages) do
    check(
      clib.kafka_producer_send(
        producer[0],
        handle[0],
        message.partition,
        message.key,
        message.key and #message.key or 0,
        message.value,
        message.value and #message.value or 0,
        0,
        err
      ),
      err
    )
  end
  check(clib.kafka_producer_close(producer[0], 10000, nil, nil, err), err)
  clib.kafka_topic_free(handle[0])
  clib.kafka_producer_free(producer[0])
end

-- Calls fn until it returns something true, and returns that.
function support.eventually(seconds, what, fn)
  local deadline = support.now() + seconds
  repeat
    local result = fn()
    if result then
      return result
    end
    support.sleep(0.01)
  until support.now() > deadline
  error("not within " .. seconds .. " s: " .. what, 2)
end

-- Receives that many messages, or fails.
function support.receive(consumer, count, seconds)
  local messages = {}
  local deadline = support.now() + (seconds or 15)
  while #messages < count do
    local value, topic, partition, key = consumer:receive(100)
    if topic then
      messages[#messages + 1] = { value = value, topic = topic, partition = partition, key = key }
    elseif support.now() > deadline then
      error(("received %d of %d messages"):format(#messages, count), 2)
    end
  end
  return messages
end

-- Polls until `last` has been reported, which must be the last one sent to a single partition: the reports of several
-- arrive in any order. Returns the failures.
function support.reported(producer, last, seconds)
  local failures = 0
  local deadline = support.now() + (seconds or 15)
  repeat
    local id, failed = producer:poll(100)
    failures = failures + failed
    if id == last then
      return failures
    end
  until support.now() > deadline
  error("message " .. tostring(last) .. " was not reported", 2)
end

-- What a call returned, without the cause in the message of a timeout: whether that is known depends on how far a
-- client's connection has come.
function support.without_cause(answer, message, ...)
  if message and message:find("timeout: ", 1, true) == 1 then
    message = "timeout"
  end
  return answer, message, ...
end

-- How much longer than asked a call took, in milliseconds. A busy machine is only late, but not each time: so the call
-- is made anew until it keeps within the bound, and the least overrun of all tries, 20 of them, is returned where it
-- never does. A try whose `fn` returns false does not count.
function support.overrun(asked_ms, bound_ms, fn, tries)
  local least = math.huge
  for _ = 1, tries or 20 do
    local start = support.now()
    if fn() ~= false then
      least = math.min(least, (support.now() - start) * 1000 - asked_ms)
    end
    if least < bound_ms then
      break
    end
  end
  return least
end

local function names_of_threads()
  local names = {}
  for id in lfs.dir("/proc/self/task") do
    -- It may have ended since it was listed.
    local file = id:match("%d") and io.open("/proc/self/task/" .. id .. "/comm")
    if file then
      names[#names + 1] = file:read("*l")
      file:close()
    end
  end
  table.sort(names)
  return names
end

function support.thread_count()
  local count = 0
  for id in lfs.dir("/proc/self/task") do
    count = count + (id:match("%d") and 1 or 0)
  end
  return count
end

-- The names of this process's threads: the shortest of several lists, as a thread that has just been waited for is
-- listed a moment longer.
function support.threads()
  local least
  for _ = 1, 20 do
    local names = names_of_threads()
    least = least and #least <= #names and least or names
    support.sleep(0.01)
  end
  return least
end

-- What this process has open, by kind: "socket", "pipe", a file's name.
function support.fds()
  local kinds = {}
  for id in lfs.dir("/proc/self/fd") do
    local target = id:match("%d") and lfs.symlinkattributes("/proc/self/fd/" .. id, "target")
    kinds[#kinds + 1] = target and target:gsub(":%[%d+%]$", "") or nil
  end
  table.sort(kinds)
  return kinds
end

--- Fails if there are more threads or files than before, in all or of one name. There may be fewer: a client that
--- another case has closed ends when its last call of librdkafka's does, on a thread `kafka:close` in place of the
--- call's.
function support.no_more_than(before, now)
  local left, is_more = {}, #now > #before
  for _, name in ipairs(before) do
    left[name] = (left[name] or 0) + 1
  end
  for _, name in ipairs(now) do
    left[name] = (left[name] or 0) - 1
    is_more = is_more or left[name] < 0 and name ~= "kafka:close"
  end
  if is_more then
    error(("before: %s; now: %s"):format(table.concat(before, ", "), table.concat(now, ", ")), 2)
  end
end

function support.resident_kib()
  return tonumber(support.read("/proc/self/status"):match("\nVmRSS:%s+(%d+) kB"))
end

--- Fails if `fn` takes memory for good, each time that it is called. The allocator does so now and then, as when
--- threads use another of its arenas.
function support.keeps_memory_below(limit_kib, fn)
  local growth
  for _ = 1, 3 do
    local before = support.resident_kib()
    fn()
    growth = support.resident_kib() - before
    if growth < limit_kib then
      return
    end
  end
  error(("%d KiB more each time, and %d are allowed"):format(growth, limit_kib), 2)
end

function support.collect()
  -- Twice: the first run calls the finalizers, the second frees what they held.
  collectgarbage()
  collectgarbage()
end

function support.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function support.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end

function support.directory()
  local pipe = assert(io.popen("mktemp -d"))
  local path = pipe:read("*l")
  pipe:close()
  return path
end

function support.remove(directory)
  assert(directory:match("^/.+/"), directory)
  os.execute("rm -rf '" .. directory .. "'")
end

-- Runs a Lua program as a process of its own, under this one's JIT setting. Returns its exit code, what it wrote to
-- stdout and stderr, and the seconds it took.
function support.program(text, options)
  options = options or {}
  local directory = support.directory()
  support.write(directory .. "/program.lua", text)
  local interpreter = options.interpreter or (jit.status() and "luajit" or "luajit -joff")
  local environment = {}
  for name, value in pairs(options.env or {}) do
    environment[#environment + 1] = value and ("%s='%s'"):format(name, value) or ("-u %s"):format(name)
  end
  -- env takes -u before the assignments.
  table.sort(environment, function(left, right)
    return left:sub(1, 1) == "-" and right:sub(1, 1) ~= "-"
  end)
  local start = support.now()
  local pipe = assert(
    io.popen(
      ("cd '%s' && env %s timeout 60 %s '%s/program.lua' >'%s/out' 2>'%s/err'; echo $?"):format(
        options.directory or ".",
        table.concat(environment, " "),
        interpreter,
        directory,
        directory,
        directory
      )
    )
  )
  local code = tonumber(pipe:read("*l"))
  pipe:close()
  local result = {
    code = code,
    out = support.read(directory .. "/out"),
    err = support.read(directory .. "/err"),
    seconds = support.now() - start,
  }
  support.remove(directory)
  return result
end

return support
