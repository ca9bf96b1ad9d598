-- stream.lua BROKERS TOPIC STOP_FILE [PROPERTY=VALUE...]
-- Sends numbered messages to four partitions until STOP_FILE appears, and prints all that becomes of them:
--   refused NUMBER CODE, report NUMBER PARTITION OFFSET CODE, and at the end: end SENT

local capi = require("capi")
local lines = require("lines")

local BURST, PARTITIONS = 10, 4

local brokers, topic, stop_file = arg[1], arg[2], arg[3]
local producer = capi.producer(brokers, topic, lines.properties(arg, 4))

local number, sent, reported = 0, 0, 0

local function fetch()
  reported = reported + producer:reports(function(...)
    lines.write("report", ...)
  end)
end

while not lines.exists(stop_file) do
  for _ = 1, BURST do
    local code = producer:send(number % PARTITIONS, nil, tostring(number), number)
    if code == 0 then
      sent = sent + 1
    else
      lines.write("refused", number, code)
    end
    number = number + 1
  end
  fetch()
  lines.sleep(10)
end
while reported < sent do
  fetch()
  lines.sleep(1)
end
producer:close()
lines.write("end", sent)
