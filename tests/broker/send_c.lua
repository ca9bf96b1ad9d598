-- send_c.lua BROKERS TOPIC [PROPERTY=VALUE...]
-- Sends the records on stdin through the C API and prints each report: ID PARTITION OFFSET CODE. Ids count from 0.

local capi = require("capi")
local lines = require("lines")

local brokers, topic = arg[1], arg[2]
local producer = capi.producer(brokers, topic, lines.properties(arg, 3))

local sent, reported = 0, 0

local function fetch()
  local fetched = producer:reports(lines.write)
  reported = reported + fetched
  if fetched == 0 then
    lines.sleep(1)
  end
end

lines.records(function(partition, key, value)
  local code = producer:send(partition, key, value, sent)
  while code == capi.QUEUE_FULL do
    fetch()
    code = producer:send(partition, key, value, sent)
  end
  assert(code == 0, "send returned " .. code)
  sent = sent + 1
end)
while reported < sent do
  fetch()
end
producer:close()
