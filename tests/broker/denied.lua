-- denied.lua BROKERS STEP TOPIC NAME PROPERTY=VALUE...
-- What calls of a user without a right return: prints "HOW CODE TEXT" until a denial is said. STEP is how the topic is
-- used: "produce"; "assign" or "subscribe" as the group NAME; "transact" by the transactional.id NAME.

local kafka = require("kafka")
local lines = require("lines")

local TIMEOUT_MS = 30000

local brokers, step, topic, name = arg[1], arg[2], arg[3], arg[4]
local properties = lines.properties(arg, 5)

local function say(how, code, text)
  lines.write(how, code and kafka.err_name(code) or "none", (tostring(text):gsub("\n", " ")))
end

local function denied_to_consumer(topics)
  local is_denied
  properties["group.id"] = name
  local consumer = kafka.consumer(brokers, topics, properties, { ["auto.offset.reset"] = "earliest" }, {
    on_error = function(err, code)
      if not is_denied then
        say("on_error", code, err)
      end
      -- A coordinator that is not ready yet may be an error before that.
      is_denied = code == kafka.err.TOPIC_AUTHORIZATION_FAILED or code == kafka.err.GROUP_AUTHORIZATION_FAILED
    end,
  })
  for _ = 1, TIMEOUT_MS / 100 do
    if is_denied then
      break
    end
    assert(not consumer:receive(100), "a message")
  end
  assert(consumer:close())
end

local steps = {
  produce = function()
    local producer = kafka.producer(brokers, properties, { reports = true })
    assert(producer:produce({ topic = topic, partition = 0, value = "denied" }))
    assert(producer:flush(TIMEOUT_MS))
    local report = producer:reports()[1]
    say("report", report.code, report.err)
    assert(producer:close())
  end,
  assign = function()
    denied_to_consumer({ topic .. ":0" })
  end,
  subscribe = function()
    denied_to_consumer({ topic })
  end,
  transact = function()
    properties["transactional.id"] = name
    local producer = kafka.producer(brokers, properties)
    local _, err, code, info = producer:init_transactions(TIMEOUT_MS)
    say(info.fatal and "fatal" or "init", code, err)
    assert(producer:close())
  end,
}

steps[step]()
