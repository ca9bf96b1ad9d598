-- What t/phases.t calls in the phases of nginx.

local kafka = require("kafka")

local phases = {}

-- Nothing listens there.
local NOWHERE = "127.0.0.1:1"

local topic = os.getenv("TOPIC")
local results = ngx.shared.results
-- One for the phases that can wait, and one for the others: while a producer flushes, its messages do not linger.
local waiting, lingering
local WAITS = { rewrite = true, access = true, content = true, timer = true }

--- Sends from the phase that it is called in, and tries to wait there.
---@param name string
function phases.try(name)
  -- A message that has arrived already would leave nothing to wait for.
  waiting = waiting or kafka.producer(os.getenv("BROKERS"), { ["linger.ms"] = 10000 })
  lingering = lingering or kafka.producer(os.getenv("BROKERS"), { ["linger.ms"] = 10000 })
  local producer = WAITS[name] and waiting or lingering
  local queued, refused = producer:produce({ topic = topic, value = name })
  local flushed, text, code = producer:flush(5000)
  if code == kafka.err.WOULD_BLOCK then
    -- The text says what to do.
    assert(text:find("ngx.timer.at", 1, true), text)
    flushed = "would block"
  end
  results:set(name, ("%s: %s %s %s"):format(name, queued, refused, flushed))
end

--- Waits until every phase of this list has been tried, and says what came of it.
---@param names string[]
function phases.say(names)
  for _, name in ipairs(names) do
    for _ = 1, 2000 do
      if results:get(name) then
        break
      end
      ngx.sleep(0.005)
    end
    ngx.say(results:get(name))
  end
  ngx.say("all delivered: ", waiting:flush(5000) and lingering:flush(5000))
end

--- Every call that lets others run where it can, though it asks no broker.
function phases.call_all()
  local consumer = kafka.consumer(NOWHERE, nil, { ["group.id"] = "g" })
  local place = { topic = "t", partition = 0 }
  assert(consumer:subscribe({ "t" }))
  assert(consumer:subscription()[1] == "t")
  assert(consumer:unsubscribe())
  assert(consumer:assign({ place }))
  assert(consumer:assignment()[1].topic == "t")
  assert(consumer:pause({ place }))
  assert(consumer:resume({ place }))
  assert(not consumer:position()[1].offset)
  assert(consumer:incremental_unassign({ place }))
  assert(#consumer:assignment() == 0)
  assert(consumer:incremental_assign({ place }))
  assert(consumer:unassign())
  assert(consumer:rebalance_protocol() == "NONE")
  assert(consumer:group_metadata().generation_id == -1)
  local _, _, code, info = consumer:pause({ { topic = "unknown", partition = 7 } })
  assert(code == kafka.err.UNKNOWN_PARTITION and info.name == "UNKNOWN_PARTITION")
  local transactional = kafka.producer(NOWHERE, { ["transactional.id"] = "t" })
  _, _, code = transactional:begin_transaction()
  assert(code == kafka.err.STATE)
end

--- Runs `fn` and says whether another light thread ran meanwhile.
---@param fn fun()
function phases.say_whether_others_run(fn)
  local turns, is_over = 0, false
  ngx.thread.spawn(function()
    repeat
      ngx.sleep(0.001)
      turns = turns + 1
    until is_over
  end)
  fn()
  is_over = true
  ngx.say("others ran: ", turns > 0)
end

return phases
