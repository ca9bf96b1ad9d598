-- What the tests of tests/openresty run inside nginx. Every function returns what to answer.

local kafka = require("kafka")

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

local producer

--- The worker's producer.
function app.producer()
  if not producer then
    producer = kafka.producer(brokers, { ["linger.ms"] = 5 })
  end
  return producer
end

-- --- Phases ------------------------------------------------------------------

local function remember(phase, ...)
  ngx.shared.results:set(phase, say(...))
end

--- Sends from the phase that it is called in, and tries to wait there.
function app.try_phase(name)
  local queued, refused = app.producer():produce({ topic = topic, value = name })
  local flushed, text, code = app.producer():flush(5000)
  if code == kafka.err.WOULD_BLOCK then
    -- What it says must tell what to do.
    assert(text:find("ngx.timer.at", 1, true), text)
    flushed = "would block"
  end
  remember(name, queued, refused, flushed)
end

function app.result(arguments)
  return ngx.shared.results:get(arguments.phase)
end

function app.try_timer()
  ngx.timer.at(0, function()
    app.try_phase("timer")
  end)
  return "started"
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

--- Every call that has to wait, one after the other, each with this timeout: what failed to keep it.
function app.timeouts(arguments)
  local ms = tonumber(arguments.ms)
  local late = {}
  local function try(name, fn)
    local start = now_ms()
    fn()
    local took = now_ms() - start
    if took < ms - 5 or took > ms + 100 then
      late[#late + 1] = say(name, math.floor(took))
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
  return #late == 0 and "all in time" or table.concat(late, "\n")
end

-- --- Life --------------------------------------------------------------------

--- Sends a message and says whether it was taken; what becomes of it the producer's log has to tell.
function app.send()
  local queued, text = app.producer():produce({ topic = topic, value = "x" })
  return queued and "queued" or text
end

--- How the worker is called, and how many files it has open.
function app.worker()
  local listing = assert(io.popen("ls /proc/" .. ngx.worker.pid() .. "/fd | wc -l"))
  local count = tonumber(listing:read("*a"))
  listing:close()
  return say(ngx.worker.pid(), count)
end

return app
