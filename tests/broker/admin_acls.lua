-- admin_acls.lua BROKERS NAME STEP
-- "make" adds entries to the access control lists, one with each word that there is, and prints those of the principal
-- NAME; "remove" finds and removes them. Prints "disabled" where a cluster has no such lists.

local kafka = require("kafka")
local lines = require("lines")
local outcomes = require("outcomes")

local failed, succeeded = outcomes.failed, outcomes.succeeded
local TIMEOUT_MS = 30000

local brokers, name, step = arg[1], arg[2], arg[3]
local principal = "User:" .. name
local admin = kafka.admin(brokers)

-- The entries that a filter matches, once they are so many: a broker has a change a moment after it was accepted.
local function find(filter, count)
  filter.principal = principal
  local found
  for _ = 1, 1000 do
    found = assert(admin:describe_acls(filter, TIMEOUT_MS))
    for _, acl in ipairs(found) do
      assert(acl.principal == principal, acl.principal)
    end
    if #found == count then
      return found
    end
    lines.sleep(10)
  end
  error(("%d entries and not %d"):format(#found, count))
end

local function make()
  local acls = {
    { type = "topic", name = name, principal = name, operation = "read", permission = "allow" },
    { type = "topic", name = name, operation = "read", permission = "allow" },
    { type = "topic", name = name, pattern = "prefixed", operation = "write", permission = "deny" },
    { type = "topic", name = "other", host = "127.0.0.1", operation = "create", permission = "allow" },
    { type = "group", name = name, operation = "all", permission = "allow" },
    { type = "cluster", name = "kafka-cluster", operation = "cluster_action", permission = "allow" },
    { type = "transactional_id", name = name, pattern = "literal", operation = "describe", permission = "allow" },
  }
  for _, operation in ipairs({ "delete", "alter", "describe_configs", "alter_configs", "idempotent_write" }) do
    acls[#acls + 1] = { type = "topic", name = name, operation = operation, permission = "allow" }
  end
  for _, acl in ipairs(acls) do
    acl.principal = acl.principal or principal
  end
  local results = assert(admin:create_acls(acls, TIMEOUT_MS))
  if results[1].code == kafka.err.SECURITY_DISABLED then
    lines.write("disabled")
    return
  end
  assert(#results == #acls)
  failed(results[1], "INVALID_REQUEST")
  for index = 2, #results do
    succeeded(results[index])
  end
  for _, acl in ipairs(find({}, 11)) do
    lines.write(acl.type, acl.name, acl.pattern, acl.host, acl.operation, acl.permission)
  end
end

local function remove()
  find({ name = "other" }, 1)
  find({ host = "127.0.0.1" }, 1)
  find({ permission = "deny" }, 1)
  find({ type = "group", operation = "all" }, 1)
  find({ operation = "any" }, 11)
  find({ type = "topic", name = name }, 7)
  find({ type = "topic", name = name, pattern = "literal" }, 6)
  local applying = find({ type = "topic", name = name .. "-more", pattern = "match" }, 1)
  assert(applying[1].pattern == "prefixed" and applying[1].permission == "deny")
  local stranger = assert(admin:describe_acls({ principal = principal .. "-absent" }, TIMEOUT_MS))
  assert(#stranger == 0)
  local all = assert(admin:describe_acls(nil, TIMEOUT_MS))
  assert(#all >= 11)

  local removed = assert(admin:delete_acls({
    { principal = principal, type = "group" },
    { principal = principal .. "-absent" },
    { principal = principal, type = "topic", pattern = "prefixed" },
  }, TIMEOUT_MS))
  assert(#removed == 3)
  local one = succeeded(removed[1]).acls
  assert(#one == 1 and one[1].ok and one[1].type == "group" and one[1].name == name and one[1].operation == "all")
  assert(#succeeded(removed[2]).acls == 0)
  assert(succeeded(removed[3]).acls[1].operation == "write")
  find({}, 9)
  removed = assert(admin:delete_acls({ { principal = principal } }, TIMEOUT_MS))
  assert(#succeeded(removed[1]).acls == 9)
  find({}, 0)
end

if step == "make" then
  make()
else
  remove()
end
assert(admin:close())
