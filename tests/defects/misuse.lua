-- Arguments: what cannot be used is refused, and what can is not. Scenarios as run.lua has them.

local kafka = require("kafka")

local scenarios = {}

-- Nothing listens there.
local NOWHERE = "127.0.0.1:1"

--- The descriptions of those calls that did not throw.
local function accepted(calls)
  local names = {}
  for _, call in ipairs(calls) do
    if pcall(call[2]) then
      names[#names + 1] = call[1]
    end
  end
  if #names > 0 then
    return "accepted: " .. table.concat(names, ", ")
  end
end

function scenarios.counts()
  local producer = kafka.producer(NOWHERE, nil, { reports = true })
  return accepted({
    {
      "reports(-5)",
      function()
        producer:reports(-5)
      end,
    },
    {
      "events(-1)",
      function()
        producer:events(-1)
      end,
    },
  })
end

function scenarios.times()
  local function producer_with(block_ms)
    return function()
      kafka.producer(NOWHERE, nil, { block_ms = block_ms }):close(0)
    end
  end
  local producer =
    kafka.producer(NOWHERE, { ["sasl.mechanism"] = "OAUTHBEARER", ["security.protocol"] = "sasl_plaintext" })
  return accepted({
    { "block_ms = -0.5", producer_with(-0.5) },
    { "block_ms = NaN", producer_with(0 / 0) },
    {
      "lifetime_ms = NaN",
      function()
        producer:set_oauthbearer_token({ token = "x", lifetime_ms = 0 / 0, principal = "p" })
      end,
    },
  })
end

function scenarios.holes()
  local consumer = kafka.consumer(NOWHERE, nil, { ["group.id"] = "g" })
  local function place(partition)
    return { topic = "t", partition = partition, offset = 0 }
  end
  local list = { [1] = place(0), [3] = place(2) }
  return accepted({
    {
      "assign with a hole",
      function()
        consumer:assign(list)
      end,
    },
    {
      "store_offsets with a hole",
      function()
        consumer:store_offsets(list)
      end,
    },
  })
end

--- A number of 64 bits that no Lua number is: it comes back as it was sent, or is refused.
function scenarios.sequence_ids()
  local producer = kafka.producer(NOWHERE)
  producer:create_topic("t")
  local sent = 9007199254740993ULL
  local ran, errno = pcall(producer.send, producer, "t", 0, sent, "x")
  if not ran then
    return
  end
  assert(errno == 0)
  producer:purge()
  local reported
  repeat
    reported = producer:poll(1000)
  until reported
  if reported ~= sent then
    return ("sequence_id %s comes back as %.0f"):format(tostring(sent), tonumber(reported))
  end
end

--- Offsets as kafka.resty returns them.
function scenarios.int64_offsets()
  local cluster = kafka.mock_cluster(1)
  cluster:create_topic("t", 1)
  local consumer = kafka.consumer(cluster:bootstrap_servers(), nil, { ["group.id"] = "g" })
  local place = { topic = "t", partition = 0, offset = 5LL }
  local refused = {}
  for _, call in ipairs({ { "assign", { place } }, { "seek", place }, { "commit", { place } } }) do
    local ran, text = pcall(consumer[call[1]], consumer, call[2])
    if not ran then
      assert(text:find("offset", 1, true), text)
      refused[#refused + 1] = call[1]
    end
  end
  if #refused > 0 then
    return "an offset of int64_t is refused by " .. table.concat(refused, ", ")
  end
end

return scenarios
