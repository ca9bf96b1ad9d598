-- admin_users.lua BROKERS USER
-- Sets SCRAM credentials of a user, describes and deletes them.

local kafka = require("kafka")
local lines = require("lines")
local outcomes = require("outcomes")

local failed, succeeded = outcomes.failed, outcomes.succeeded
local TIMEOUT_MS = 30000
local SHORT, LONG = "SCRAM-SHA-256", "SCRAM-SHA-512"

local brokers, user = arg[1], arg[2]
local weak, absent = user .. "-weak", user .. "-absent"
local admin = kafka.admin(brokers)

local function alter(...)
  return assert(admin:alter_user_scram_credentials({ ... }, TIMEOUT_MS))
end

-- The iterations of each of a user's credentials.
local function credentials(described)
  local found = {}
  for _, credential in ipairs(succeeded(described).credentials) do
    assert(found[credential.mechanism] == nil)
    found[credential.mechanism] = credential.iterations
  end
  return found[SHORT], found[LONG]
end

-- Kafka takes a user once in a request.
succeeded(alter({ user = user, mechanism = SHORT, password = "secret" })[user])
local answer = alter(
  { user = user, mechanism = LONG, password = "secret", salt = "salt", iterations = 5000 },
  { user = weak, mechanism = SHORT, password = "secret", iterations = 10 },
  { user = absent, mechanism = LONG, delete = true }
)
succeeded(answer[user])
failed(answer[weak], "UNACCEPTABLE_CREDENTIAL")
failed(answer[absent], "RESOURCE_NOT_FOUND")

-- What was accepted, the broker has a moment later. Users that have nothing are not described among all.
local function described_until(users, short, long)
  for _ = 1, 1000 do
    local described = assert(admin:describe_user_scram_credentials(users, TIMEOUT_MS))
    local is_there = described[user] and described[user].ok
    local found = { nil, nil }
    if is_there then
      found = { credentials(described[user]) }
    end
    if found[1] == short and found[2] == long then
      return described
    end
    lines.sleep(10)
  end
  error("the broker never had the change")
end

local described = described_until({ user, absent }, 4096, 5000)
failed(described[absent], "RESOURCE_NOT_FOUND")
assert(not described[absent].err:find("%c"), described[absent].err)

succeeded(alter({ user = user, mechanism = LONG, delete = true })[user])
described_until(nil, 4096, nil)
failed(alter({ user = user, mechanism = LONG, delete = true })[user], "RESOURCE_NOT_FOUND")
succeeded(alter({ user = user, mechanism = SHORT, delete = true })[user])
assert(described_until({}, nil, nil)[user] == nil)
assert(admin:close())
