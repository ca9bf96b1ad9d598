-- admin_configs.lua BROKERS TOPIC
-- Changes properties of a topic, and describes those of topics and brokers.

local kafka = require("kafka")
local lines = require("lines")
local outcomes = require("outcomes")

local failed, succeeded = outcomes.failed, outcomes.succeeded
local TIMEOUT_MS = 30000

local brokers, topic = arg[1], arg[2]
local absent = topic .. "-absent"
local admin = kafka.admin(brokers)
local made = { topic = topic, partitions = 1, replication = 1, config = { ["retention.ms"] = 1800000 } }
outcomes.make_topic(admin, made)

local function describe(kind, name)
  local described = assert(admin:describe_configs({ { type = kind, name = name } }, TIMEOUT_MS))[tostring(name)]
  assert(succeeded(described).type == kind)
  return described.configs
end

local function alter(resources, options)
  local answer = assert(admin:incremental_alter_configs(resources, TIMEOUT_MS, options))
  return answer[topic], answer[absent]
end

local function change(changes, options)
  changes.type, changes.name = "topic", topic
  return (alter({ changes }, options))
end

-- A broker has a change a moment after it was accepted.
local function describe_until(is_there)
  for _ = 1, 1000 do
    local configs = describe("topic", topic)
    if is_there(configs) then
      return configs
    end
    lines.sleep(10)
  end
  error("the broker never had the change")
end

local before = describe("topic", topic)
assert(before["cleanup.policy"].is_default and before["cleanup.policy"].source == "DEFAULT_CONFIG")
assert(before["retention.ms"].value == "1800000")

succeeded(change({ set = { ["retention.ms"] = 3600000 } }, { validate_only = true }))
local good, bad = alter({
  { type = "topic", name = topic, set = { ["retention.ms"] = 7200000 }, append = { ["cleanup.policy"] = "compact" } },
  { type = "topic", name = absent, set = { ["retention.ms"] = 1 } },
})
succeeded(good)
failed(bad, "UNKNOWN_TOPIC_OR_PART")
assert(good.type == "topic" and bad.type == "topic" and good.configs == nil)
local after = describe_until(function(configs)
  return configs["cleanup.policy"].value == "delete,compact"
end)
local retention = after["retention.ms"]
assert(retention.value == "7200000" and retention.source == "DYNAMIC_TOPIC_CONFIG" and not retention.is_default)
assert(retention.is_read_only == false and retention.is_sensitive == false)
assert(retention.synonyms[1].value == "7200000" and retention.synonyms[1].source == "DYNAMIC_TOPIC_CONFIG")
assert(retention.synonyms[1].name == "retention.ms")

succeeded(change({ subtract = { ["cleanup.policy"] = "delete" }, delete = { "retention.ms" } }))
after = describe_until(function(configs)
  return configs["cleanup.policy"].value == "compact"
end)
assert(after["retention.ms"].is_default and after["retention.ms"].value ~= "7200000")
failed(change({ set = { ["no.such.property"] = 1 } }), "INVALID_CONFIG")
failed(change({ append = { ["retention.ms"] = 1 } }), "INVALID_CONFIG")
local described = assert(admin:describe_configs({ { type = "topic", name = absent } }, TIMEOUT_MS))[absent]
failed(described, "UNKNOWN_TOPIC_OR_PART")
assert(described.configs == nil and described.type == "topic")

local broker = describe("broker", assert(admin:describe_cluster(TIMEOUT_MS)).brokers[1].id)
assert(broker["ssl.key.password"].is_sensitive and broker["ssl.key.password"].value == nil)
assert(broker["node.id"].is_read_only and broker["node.id"].source == "STATIC_BROKER_CONFIG")
assert(admin:close())
