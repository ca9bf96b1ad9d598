-- admin_users.lua BROKERS USER HOW
-- Sets SCRAM credentials of a user, describes and deletes them. HOW is "front" if that is admin_front.py's to answer.

local kafka = require("kafka")
local outcomes = require("outcomes")

local failed, succeeded = outcomes.failed, outcomes.succeeded
local TIMEOUT_MS = 30000
local SHORT, LONG = "SCRAM-SHA-256", "SCRAM-SHA-512"

local brokers, user, how = arg[1], arg[2], arg[3]
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

local answer = alter(
  { user = user, mechanism = SHORT, password = "secret" },
  { user = user, mechanism = LONG, password = "secret", salt = "salt", iterations = 5000 },
  { user = weak, mechanism = SHORT, password = "secret", iterations = 10 },
  { user = absent, mechanism = LONG, delete = true }
)
succeeded(answer[user])
failed(answer[weak], "UNACCEPTABLE_CREDENTIAL")
failed(answer[absent], "RESOURCE_NOT_FOUND")
if how == "front" then
  failed(alter({ user = user, mechanism = SHORT, password = "secrets" })[user], "UNACCEPTABLE_CREDENTIAL")
end

local described = assert(admin:describe_user_scram_credentials({ user, absent }, TIMEOUT_MS))
local short, long = credentials(described[user])
assert(short == 4096 and long == 5000)
failed(described[absent], "RESOURCE_NOT_FOUND")

succeeded(alter({ user = user, mechanism = LONG, delete = true })[user])
short, long = credentials(assert(admin:describe_user_scram_credentials(nil, TIMEOUT_MS))[user])
assert(short == 4096 and long == nil)
failed(alter({ user = user, mechanism = LONG, delete = true })[user], "RESOURCE_NOT_FOUND")
succeeded(alter({ user = user, mechanism = SHORT, delete = true })[user])
assert(assert(admin:describe_user_scram_credentials({}, TIMEOUT_MS))[user] == nil)
assert(admin:close())
