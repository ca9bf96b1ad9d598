-- member.lua BROKERS TOPIC STOP PROPERTY=VALUE...
-- A member of a group that commits nowhere but in on_revoke, and every second. Prints "message PARTITION OFFSET",
-- "assign", "revoke" or "lost" as its partitions move, with how many it has then, and "error CODE TEXT". It leaves when
-- there is a file called STOP, or after a fatal error.

local kafka = require("kafka")
local lines = require("lines")

local brokers, topic, stop = arg[1], arg[2], arg[3]
local properties = lines.properties(arg, 4)
properties["enable.auto.commit"] = false

local held, failed = 0, false

local function moved(how, count)
  held = held + count
  lines.write(how, held)
end

local consumer = kafka.consumer(brokers, { topic }, properties, { ["auto.offset.reset"] = "smallest" }, {
  on_assign = function(_, partitions)
    moved("assign", #partitions)
  end,
  on_revoke = function(self, partitions)
    assert(self:commit())
    moved("revoke", -#partitions)
  end,
  on_lost = function(_, partitions)
    moved("lost", -#partitions)
  end,
  on_error = function(err, code, fatal)
    lines.write("error", kafka.err_name(code), err)
    failed = failed or fatal
  end,
})

local last_commit = os.time()
while not failed and not lines.exists(stop) do
  for _, message in ipairs(consumer:consume(100, 100) or {}) do
    lines.write("message", message.partition, message.offset)
  end
  if os.time() > last_commit then
    last_commit = os.time()
    -- It may fail while partitions move; on_revoke commits then.
    consumer:commit()
  end
end
-- What is fatal comes out of this as well.
assert(consumer:close() or failed)
