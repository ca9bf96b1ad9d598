-- What a call says that fails: the cause, where it is known. Scenarios as run.lua has them; their arguments are
-- listeners of a cluster.

local kafka = require("kafka")

local scenarios = {}

--- `base` with these properties besides.
local function with(base, properties)
  for name, value in pairs(properties or {}) do
    base[name] = value
  end
  return base
end

--- Those of these calls, each a name and a function that has to fail, that do not say `cause`, and what they say.
local function silent(cause, calls)
  local texts = {}
  for _, call in ipairs(calls) do
    local answer, text = call[2]()
    text = text or (type(answer) == "table" and answer.err)
    assert(type(text) == "string", call[1] .. " has not failed")
    if not text:find(cause, 1, true) then
      texts[#texts + 1] = ("%s: %s"):format(call[1], text)
    end
  end
  if #texts > 0 then
    return ('these do not say "%s": %s'):format(cause, table.concat(texts, "; "))
  end
end

--- Calls of clients with these properties before a broker that cannot be used, with 1.5 s each.
local function silent_before(brokers, cause, properties)
  local producer = kafka.producer(brokers, with({}, properties))
  local consumer = kafka.consumer(brokers, { "t" }, with({ ["group.id"] = "g" }, properties))
  local admin = kafka.admin(brokers, with({}, properties))
  local broken = silent(cause, {
    {
      "produce_sync",
      function()
        return producer:produce_sync({ topic = "t", value = "x" }, 1500)
      end,
    },
    {
      "metadata",
      function()
        return producer:metadata({ timeout = 1500 })
      end,
    },
    {
      "commit",
      function()
        return consumer:commit({ { topic = "t", partition = 0, offset = 1 } }, 1500)
      end,
    },
    {
      "list_groups",
      function()
        return admin:list_groups(nil, 1500)
      end,
    },
  })
  producer:purge()
  return broken
end

function scenarios.refused()
  -- Nothing listens there.
  return silent_before("127.0.0.1:1", "Connection refused")
end

function scenarios.unresolvable()
  return silent_before("no-such-host.invalid:9092", "resolve")
end

function scenarios.wrong_password(sasl)
  return silent_before(sasl, "Authentication failed", {
    ["security.protocol"] = "SASL_PLAINTEXT",
    ["sasl.mechanism"] = "PLAIN",
    ["sasl.username"] = "bob",
    ["sasl.password"] = "guess",
  })
end

--- A client without TLS at a listener that has it.
function scenarios.plain_to_tls(tls)
  return silent_before(tls, "SSL")
end

--- A group that bob may not use.
function scenarios.denied_group(brokers, sasl, group)
  local admin = kafka.admin(brokers)
  local acl = {
    type = "group",
    name = group,
    pattern = "literal",
    principal = "User:bob",
    host = "*",
    operation = "all",
    permission = "deny",
  }
  for _, made in pairs(assert(admin:create_acls({ acl }, 20000))) do
    assert(made.ok, made.err)
  end
  -- The controller answers before the broker has read the change.
  while not next(assert(admin:describe_acls(acl, 20000))) do
    require("system").sleep(0.05)
  end
  local consumer = kafka.consumer(sasl, { "t" }, {
    ["group.id"] = group,
    ["security.protocol"] = "SASL_PLAINTEXT",
    ["sasl.mechanism"] = "PLAIN",
    ["sasl.username"] = "bob",
    ["sasl.password"] = "bob-secret",
  })
  return silent("uthorization failed", {
    {
      "poll",
      function()
        return consumer:poll(3000)
      end,
    },
    {
      "commit",
      function()
        return consumer:commit({ { topic = "t", partition = 0, offset = 1 } }, 3000)
      end,
    },
  })
end

--- A consumer of the new group protocol before brokers that do not have it.
function scenarios.unsupported_protocol(brokers, topic)
  local texts = {}
  local consumer = kafka.consumer(brokers, { topic }, { ["group.id"] = topic, ["group.protocol"] = "consumer" }, nil, {
    on_error = function(text)
      texts[#texts + 1] = text
    end,
  })
  for _ = 1, 5 do
    local _, text = consumer:poll(1000)
    texts[#texts + 1] = text
  end
  local text = table.concat(texts, "; ")
  if not text:find("group.protocol", 1, true) then
    return "nothing names group.protocol: " .. text
  end
end

return scenarios
