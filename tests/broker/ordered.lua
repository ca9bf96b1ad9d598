-- ordered.lua BROKERS TOPIC STOP_FILE [PROPERTY=VALUE...]
-- As stream.lua, by a producer whose delivery is ordered.

local kafka = require("kafka")
local lines = require("lines")

local BURST, PARTITIONS = 10, 4

local brokers, topic, stop_file = arg[1], arg[2], arg[3]
local producer = kafka.producer(brokers, lines.properties(arg, 4), {
  delivery = "ordered",
  on_delivery = function(report)
    lines.write("report", report.opaque, report.partition, report.offset or -1, report.code or 0)
  end,
})

local number, sent = 0, 0
while not lines.exists(stop_file) do
  for _ = 1, BURST do
    local ok, _, code = producer:produce({
      topic = topic,
      partition = number % PARTITIONS,
      value = tostring(number),
      opaque = number,
    })
    if ok then
      sent = sent + 1
    else
      lines.write("refused", number, code)
    end
    number = number + 1
  end
  producer:poll()
  lines.sleep(10)
end
assert(producer:flush(60000))
producer:close()
lines.write("end", sent)
