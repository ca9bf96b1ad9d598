-- consume.lua BROKERS TOPIC COUNT METHOD
-- Prints COUNT messages of partition 0 as the peer does: TOPIC OFFSET PARTITION KEY VALUE HEADERS TIMESTAMP. METHOD is
-- how they are taken: poll, consume, or consume_views.

local kafka = require("kafka")
local lines = require("lines")

local brokers, topic, count, method = arg[1], arg[2], tonumber(arg[3]), arg[4]
local consumer = kafka.consumer(brokers, nil, { ["group.id"] = "consume.lua", ["enable.auto.commit"] = false })
assert(consumer:assign({ { topic = topic, partition = 0, offset = 0 } }))

local function headers_of(message)
  local pairs_of_text = {}
  for index, header in ipairs(message.headers or {}) do
    local value = header[2] ~= kafka.null and header[2] or nil
    pairs_of_text[index] = lines.encode(header[1]) .. "=" .. lines.encode(value)
  end
  return message.headers and table.concat(pairs_of_text, ",") or "-"
end

local function show(message)
  lines.write(
    message.topic,
    message.offset,
    message.partition,
    lines.encode(message.key),
    lines.encode(message.value),
    headers_of(message),
    message.timestamp
  )
  count = count - 1
end

local take = {
  poll = function()
    show(assert(consumer:poll(30000)))
  end,
  consume = function()
    for _, message in ipairs(assert(consumer:consume(count, 30000))) do
      show(message)
    end
  end,
  consume_views = function()
    local batch = assert(consumer:consume_views(count, 30000))
    -- It does not need its consumer any more.
    assert(consumer:close())
    for index = 1, batch:len() do
      show(batch:message(index))
    end
    batch:release()
  end,
}

while count > 0 do
  take[method]()
end
assert(consumer:close())
