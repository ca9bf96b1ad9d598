-- What the tests of tests/openresty run inside nginx. Every function returns what to answer.

local bit = require("bit")
local ffi = require("ffi")
local kafka = require("kafka")
local resty_producer = require("kafka.resty.producer")

local app = {}

local brokers, topic = os.getenv("BROKERS"), os.getenv("TOPIC")

local function now_ms()
  ngx.update_time()
  return ngx.now() * 1000
end

local function say(...)
  local said = {}
  for at = 1, select("#", ...) do
    said[at] = tostring((select(at, ...)))
  end
  return table.concat(said, " ")
end

local producer, secure

--- The worker's producer.
function app.producer()
  if not producer then
    producer = kafka.producer(brokers, { ["linger.ms"] = 5 })
  end
  return producer
end

function app.result(arguments)
  return ngx.shared.results:get(arguments.phase)
end

-- --- Waiting -----------------------------------------------------------------

function app.produce_sync(arguments)
  local report, text = app.producer():produce_sync({ topic = topic, value = arguments.value }, 20000)
  return report and say("ok", report.partition, report.offset) or text
end

local beat = { count = 0, worst = 0 }

local BEAT_MS = 5

--- Begins to beat every 5 ms, and to watch how late each beat is.
function app.heartbeat()
  local last
  local function tick(premature)
    if premature then
      return
    end
    local now = now_ms()
    if last then
      beat.count, beat.worst = beat.count + 1, math.max(beat.worst, now - last - BEAT_MS)
    end
    last = now
    ngx.timer.at(BEAT_MS / 1000, tick)
  end
  ngx.timer.at(0, tick)
  return "started"
end

--- How often it has beaten since the last time, and how late at worst, in milliseconds.
function app.beats()
  local said = say(beat.count, math.floor(beat.worst))
  beat.count, beat.worst = 0, 0
  return said
end

local consumers = {}

local function new_consumer(group, properties)
  properties = properties or {}
  properties["group.id"] = group
  properties["auto.offset.reset"] = "earliest"
  return kafka.consumer(brokers, { topic .. ":0" }, properties)
end

--- Waits for one message; says what it was and how long that took.
function app.receive(arguments)
  local name = arguments.consumer or "one"
  consumers[name] = consumers[name] or new_consumer(name)
  local start = now_ms()
  local message, text = consumers[name]:receive(tonumber(arguments.ms))
  return say(message or text, math.floor(now_ms() - start))
end

--- Reads on while another light thread closes the consumer, which has taken messages ahead.
function app.read_while_closing()
  local consumer = new_consumer("closing")
  for _ = 1, 100 do
    assert(consumer:receive(15000))
  end
  local closing = ngx.thread.spawn(consumer.close, consumer, 10000)
  local message, text = consumer:receive(0)
  local _, closed = ngx.thread.wait(closing)
  return say(message, text, closed)
end

--- What a light thread has waited with for more, when it is killed, is there for the next one.
function app.kill_gathering()
  local consumer = new_consumer("killed")
  assert(consumer:receive(15000))
  local gathering = ngx.thread.spawn(consumer.consume, consumer, 1000, 15000)
  ngx.sleep(0.2)
  assert(ngx.thread.kill(gathering))
  local position = consumer:position()[1].offset
  local messages = assert(consumer:consume(499, 15000))
  consumer:close()
  return say(position, #messages, messages[1].offset)
end

--- Every call that has to wait, one after the other, each with this timeout: which was the latest, and by how many
--- milliseconds. None may be early.
function app.timeouts(arguments)
  local ms = tonumber(arguments.ms)
  local latest, late_ms = "none", 0
  local function try(name, fn)
    local start = now_ms()
    fn()
    local took = now_ms() - start
    assert(took >= ms - 5, say(name, took))
    if took - ms > late_ms then
      latest, late_ms = name, took - ms
    end
  end
  local mine = kafka.producer(brokers, { ["transactional.id"] = topic })
  local consumer = new_consumer("timeouts")
  local admin = kafka.admin(brokers)
  try("receive", function()
    assert(consumer:receive(ms) == nil)
  end)
  try("poll", function()
    assert(consumer:poll(ms) == nil)
  end)
  try("consume", function()
    assert(consumer:consume(10, ms) == nil)
  end)
  try("consume_views", function()
    assert(consumer:consume_views(10, ms) == nil)
  end)
  try("committed", function()
    assert(consumer:committed({ { topic = topic, partition = 0 } }, ms) == nil)
  end)
  try("watermarks", function()
    assert(consumer:watermarks(topic, 0, ms) == nil)
  end)
  try("metadata", function()
    assert(consumer:metadata({ timeout = ms }) == nil)
  end)
  try("describe_cluster", function()
    assert(admin:describe_cluster(ms) == nil)
  end)
  try("init_transactions", function()
    assert(mine:init_transactions(ms) == nil)
  end)
  local plain = kafka.producer(brokers)
  try("produce_sync", function()
    assert(plain:produce_sync({ topic = topic, value = "x" }, ms) == nil)
  end)
  try("flush", function()
    assert(plain:flush(ms) == nil)
  end)
  try("close", function()
    assert(plain:close(ms) == nil)
  end)
  assert(consumer:close(1000))
  assert(admin:close())
  assert(mine:close(0))
  return say(latest, math.ceil(late_ms))
end

--- A light thread reads on and on, while another moves it about: what it reads is what comes next from there, at any
--- time.
function app.move()
  local cluster = kafka.mock_cluster()
  assert(cluster:create_topic("moved", 1, 1))
  local sender = kafka.producer(cluster:bootstrap_servers())
  for _ = 0, 1999 do
    assert(sender:produce({ topic = "moved", value = "x" }))
  end
  assert(sender:flush(10000))
  local properties = { ["group.id"] = "moved", ["enable.auto.commit"] = false, ["fetch.wait.max.ms"] = 5 }
  local consumer = kafka.consumer(cluster:bootstrap_servers(), nil, properties)

  local expected, count = nil, 0
  local function count_one(message)
    assert(message.offset == expected, say("read", message.offset, "instead of", expected))
    expected, count = expected + 1, count + 1
  end
  local reader = ngx.thread.spawn(function()
    local text
    repeat
      local message
      message, text = consumer:poll(10000)
      if message then
        count_one(message)
      end
    until text == "closed"
  end)
  local place = { topic = "moved", partition = 0 }
  --- Nothing may be read from where `moving` begins to where it ends, but what it moves to.
  local function move(to, moving, ...)
    expected = to
    -- Once it is done, the reader may have read all there is before this one goes on.
    local before, limit = count, now_ms() + 10000
    assert(moving(consumer, ...))
    repeat
      ngx.sleep(0.001)
    until not to or count > before or now_ms() > limit
    assert(not to or count > before, "nothing is read")
  end
  for at = 1, 5 do
    local to = 7 * at
    local there = { topic = "moved", partition = 0, offset = to }
    move(to, consumer.assign, { there })
    local before = expected
    local position = assert(consumer:position())[1].offset
    assert(position >= before and position <= expected)
    move(to + 3, consumer.seek, { topic = "moved", partition = 0, offset = to + 3 })
    assert(consumer:pause({ place }))
    local rest = expected
    ngx.sleep(0.002)
    assert(expected == rest)
    assert(consumer:resume({ place }))
    -- Unless the other was there first.
    for _, message in ipairs(consumer:consume(20, 0) or {}) do
      count_one(message)
    end
    move(nil, consumer.unassign)
    assert(#consumer:assignment() == 0)
    move(to, consumer.incremental_assign, { there })
    assert(#consumer:assignment() == 1)
    move(nil, consumer.incremental_unassign, { place })
  end
  assert(consumer:subscribe({ "other" }))
  assert(consumer:subscription()[1] == "other")
  assert(consumer:unsubscribe())
  assert(consumer:group_metadata().group_id == "moved")
  assert(consumer:rebalance_protocol() == "NONE")
  assert(consumer:close())
  assert(ngx.thread.wait(reader))
  return "ok"
end

-- --- Life --------------------------------------------------------------------

--- Sends a message and says whether it was taken; what becomes of it the producer's log has to show.
function app.send()
  local queued, text = app.producer():produce({ topic = topic, value = "x" })
  return queued and "queued" or text
end

local failing

--- Has messages fail, and a call fetch their reports whose handlers do not come to an end.
function app.fail()
  failing = kafka.producer(brokers, { ["linger.ms"] = 0, ["message.timeout.ms"] = 50 })
  local reported = 0
  local function count_one()
    reported = reported + 1
    ngx.sleep(60)
  end
  for at = 1, 8 do
    assert(failing:produce({ topic = topic, value = "x", opaque = at, on_delivery = at > 5 and count_one or nil }))
  end
  ngx.timer.at(0, function()
    failing:flush(10000)
  end)
  repeat
    ngx.sleep(0.02)
  until reported > 0
  return say("reported", reported)
end

--- How the worker is called, and how many files it has open.
function app.worker()
  local listing = assert(io.popen("ls /proc/" .. ngx.worker.pid() .. "/fd | wc -l"))
  local count = tonumber(listing:read("*a"))
  listing:close()
  return say(ngx.worker.pid(), count)
end

--- How many messages have not been reported.
function app.pending()
  return say(app.producer():len())
end

local SIDE_BY_SIDE = 10

--- In a timer of each worker's: many light threads wait at once. Counts what arrived, and then the timers that run.
function app.begin()
  local threads = {}
  for at = 1, SIDE_BY_SIDE do
    threads[at] = ngx.thread.spawn(function()
      assert(app.producer():produce_sync({ topic = topic, value = "begin" }, 20000))
      ngx.shared.results:incr("arrived", 1, 0)
    end)
  end
  for _, thread in ipairs(threads) do
    assert(ngx.thread.wait(thread))
  end
  ngx.shared.results:set("timers " .. ngx.worker.pid(), ngx.timer.running_count())
end

--- Takes all timers that nginx has left, until the worker ends: those that run, and those that wait.
function app.fill_timers()
  local function run()
    while not ngx.worker.exiting() do
      ngx.sleep(0.02)
    end
    -- Until those that wait have fired.
    ngx.sleep(0.02)
  end
  local running, pending = 0, 0
  repeat
    local before = ngx.timer.running_count()
    assert(ngx.timer.at(0, run))
    ngx.sleep(0.02)
    running = running + 1
  until ngx.timer.running_count() == before
  while ngx.timer.at(3600, function() end) do
    pending = pending + 1
  end
  return say(running - 1, pending)
end

ffi.cdef([[
  int getpid(void);
  unsigned char *SHA256(const unsigned char *text, size_t length, unsigned char *digest);
]])

--- Speaks TLS by nginx's OpenSSL, by way of nginx and of FFI, while our own OpenSSL speaks TLS to the broker.
function app.neighbours(arguments)
  local sending = ngx.thread.spawn(function()
    secure = secure
      or kafka.producer(brokers, { ["security.protocol"] = "ssl", ["ssl.ca.location"] = os.getenv("AUTHORITY") })
    return assert(secure:produce_sync({ topic = topic, value = "x" }, 20000)).offset
  end)
  local socket = ngx.socket.tcp()
  assert(socket:connect("127.0.0.1", tonumber(arguments.port)))
  assert(socket:sslhandshake(nil, "localhost", true))
  assert(socket:send("GET / HTTP/1.0\r\n\r\n"))
  local answer = assert(socket:receive("*a")):match("[^\n]*$")
  socket:close()
  local digest = ffi.new("unsigned char[32]")
  ffi.C.SHA256("abc", 3, digest)
  assert(ffi.C.getpid() == ngx.worker.pid())
  local _, offset = ngx.thread.wait(sending)
  return say(answer, bit.tohex(digest[0], 2) .. bit.tohex(digest[31], 2), type(offset))
end

-- --- lua-resty-kafka's API -----------------------------------------------------

local function broker_list()
  local host, port = brokers:match("([^,]*):(%d+)")
  return { { host = host, port = tonumber(port) } }
end

--- Sends by an asynchronous producer: for log_by_lua.
function app.log(number)
  local producer_of_log = resty_producer:new(broker_list(), { producer_type = "async", flush_time = 20 }, "log")
  local sent, text = producer_of_log:send(topic, nil, "log " .. number)
  if not sent then
    ngx.log(ngx.ERR, "not sent: ", text)
  end
end

--- Sends a message that waits for its topic's partitions.
function app.defer()
  local function first()
    return 0
  end
  local config = { producer_type = "async", partitioner = first }
  return say(resty_producer:new(broker_list(), config, "deferred"):send(topic, "k", "v"))
end

--- Reads by a basic consumer.
function app.fetch()
  local consumer = require("kafka.resty.basic-consumer"):new(broker_list())
  local data = assert(consumer:fetch(topic, 0, 0))
  return say(#data.records)
end

return app
