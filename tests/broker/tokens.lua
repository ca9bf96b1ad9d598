-- tokens.lua BROKERS TOPIC PROPERTY=VALUE...
-- Sends a message every 100 ms for 12 seconds, with tokens that last for four: prints how many messages failed, and
-- whether new tokens were asked for at least twice.

local kafka = require("kafka")
local lines = require("lines")
local token = require("token")

local LASTS_S, MESSAGES, PAUSE_MS = 4, 120, 100

local brokers, topic = arg[1], arg[2]
local properties = lines.properties(arg, 3)
local refreshed, failed = 0, 0
local producer
producer = kafka.producer(brokers, properties, {
  on_token_refresh = function()
    refreshed = refreshed + 1
    local made = token.unsecured("bob", LASTS_S)
    made.lifetime_ms = (os.time() + LASTS_S) * 1000
    assert(producer:set_oauthbearer_token(made))
  end,
})
for number = 1, MESSAGES do
  assert(producer:produce({ topic = topic, value = tostring(number) }))
  local _, failures = producer:poll(0)
  failed = failed + failures
  lines.sleep(PAUSE_MS)
end
assert(producer:flush(30000))
local _, failures = producer:poll(0)
lines.write("failed", failed + failures)
lines.write("refreshed", tostring(refreshed > 2))
assert(producer:close())
