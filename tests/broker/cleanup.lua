-- cleanup.lua BROKERS NAME...
-- Deletes the topics, groups and SCRAM credentials whose names begin with one of these.

local kafka = require("kafka")
local lines = require("lines")

local TIMEOUT_MS = 30000
-- Members that were killed, and static ones, stay until their session ends.
local GROUP_S = 30

local admin = kafka.admin(arg[1])

local function ours(names)
  local found = {}
  for name in pairs(names) do
    for at = 2, #arg do
      if name:sub(1, #arg[at]) == arg[at] then
        found[#found + 1] = name
        break
      end
    end
  end
  return found
end

local topics = ours(assert(admin:metadata({ timeout = TIMEOUT_MS })).topics)
if topics[1] then
  assert(admin:delete_topics(topics, TIMEOUT_MS))
end
local groups = ours(assert(admin:list_groups({}, TIMEOUT_MS)))
local deadline = os.time() + GROUP_S
while groups[1] and os.time() < deadline do
  local full = {}
  for group, deleted in pairs(assert(admin:delete_groups(groups, TIMEOUT_MS))) do
    full[#full + 1] = deleted.code == kafka.err.NON_EMPTY_GROUP and group or nil
  end
  groups = full
  lines.sleep(groups[1] and 500 or 0)
end
-- Not every cluster has SCRAM.
local users = admin:describe_user_scram_credentials(nil, TIMEOUT_MS) or {}
for _, user in ipairs(ours(users)) do
  for _, credential in ipairs(users[user].credentials) do
    local deletion = { user = user, mechanism = credential.mechanism, delete = true }
    assert(admin:alter_user_scram_credentials({ deletion }, TIMEOUT_MS))
  end
end
assert(admin:close())
