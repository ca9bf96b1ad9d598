--- A consumer group that nginx's workers run: each worker is a member of it. See group.conf beside it.

local kafka = require("kafka")

local group = {}

-- How long a worker that ends waits for its last commit, and for the group to let it go.
local CLOSE_MS = 2000

-- How long it waits before it looks whether the worker is to end.
local LOOK_MS = 200

-- How many messages are handled before their offsets are committed, at most.
local AT_ONCE = 100

--- Handles messages until the worker is to end.
local function work(consumer, handle)
  while not ngx.worker.exiting() do
    local messages, text, code = consumer:consume(AT_ONCE, LOOK_MS)
    if messages then
      for _, message in ipairs(messages) do
        -- It may wait, as for another server: only this light thread does.
        handle(message)
      end
      -- Handled, and not before: what a worker that crashes has not committed, another one gets again.
      local stored, failure = consumer:store_offsets(group.behind(messages))
      if not stored then
        ngx.log(ngx.WARN, "kafka: these messages may come again: ", failure)
      end
    elseif code ~= kafka.err.TIMED_OUT then
      ngx.log(ngx.ERR, "kafka: ", text)
      -- It may be over soon, or for good: there is no use in asking at once.
      ngx.sleep(1)
    end
  end
end

--- The offsets behind messages, a list as `store_offsets` takes it.
---@param messages kafka.Message[]
---@return kafka.Partition[]
function group.behind(messages)
  local list, places = {}, {}
  for _, message in ipairs(messages) do
    local place = message.topic .. ":" .. message.partition
    if not places[place] then
      places[place] = { topic = message.topic, partition = message.partition }
      list[#list + 1] = places[place]
    end
    places[place].offset = message.offset + 1
  end
  return list
end

local function run(premature, brokers, topic, name, handle)
  if premature then
    return
  end
  local consumer = kafka.consumer(brokers, { topic }, {
    ["group.id"] = name,
    ["auto.offset.reset"] = "earliest",
    -- What is stored is committed every second, and when the consumer is closed.
    ["auto.commit.interval.ms"] = 1000,
    ["enable.auto.offset.store"] = false,
    -- How soon the group misses a worker that has crashed.
    ["session.timeout.ms"] = 6000,
  })
  local ran, failure = xpcall(work, debug.traceback, consumer, handle)
  if not ran then
    ngx.log(ngx.ERR, "kafka: a message could not be handled: ", failure)
  end
  -- Commits, and leaves the group: its partitions go to others at once.
  local closed, text = consumer:close(CLOSE_MS)
  if not closed then
    ngx.log(ngx.ERR, "kafka: the group was not left: ", text)
  end
  if not ran and not ngx.worker.exiting() then
    -- The message comes again, after a while.
    ngx.timer.at(1, run, brokers, topic, name, handle)
  end
end

--- Joins the group. Call it in init_worker_by_lua.
---@param brokers string
---@param topic string
---@param name string of the group
---@param handle fun(message: kafka.Message) may throw: then the message comes again
function group.start(brokers, topic, name, handle)
  ngx.timer.at(0, run, brokers, topic, name, handle)
end

return group
