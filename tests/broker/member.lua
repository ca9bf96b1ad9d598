-- member.lua BROKERS TOPIC STOP PROPERTY=VALUE...
-- A member of a group that commits nowhere but in on_revoke, and every second. Prints "message PARTITION OFFSET", and
-- "assign COUNT" or "revoke COUNT" as its partitions move. It leaves when there is a file called STOP.

local kafka = require("kafka")
local lines = require("lines")

local brokers, topic, stop = arg[1], arg[2], arg[3]
local properties = lines.properties(arg, 4)
properties["enable.auto.commit"] = false

local consumer = kafka.consumer(brokers, { topic }, properties, { ["auto.offset.reset"] = "smallest" }, {
  on_assign = function(_, partitions)
    lines.write("assign", #partitions)
  end,
  on_revoke = function(self, partitions)
    assert(self:commit())
    lines.write("revoke", #partitions)
  end,
  on_lost = function(_, partitions)
    lines.write("lost", #partitions)
  end,
})

local function exists(path)
  local file = io.open(path)
  return file and file:close()
end

local last_commit = os.time()
while not exists(stop) do
  for _, message in ipairs(consumer:consume(100, 100) or {}) do
    lines.write("message", message.partition, message.offset)
  end
  if os.time() > last_commit then
    last_commit = os.time()
    -- It may fail while partitions move; on_revoke commits then.
    consumer:commit()
  end
end
assert(consumer:close())
