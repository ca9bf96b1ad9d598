-- acl.lua BROKERS NAME PRINCIPAL OPERATION PERMISSION [TYPE]
-- Adds an ACL to a topic, or to a resource of another type, and waits until the broker has it.

local kafka = require("kafka")
local lines = require("lines")

local TIMEOUT_MS = 30000

local acl = {
  type = arg[6] or "topic",
  name = arg[2],
  principal = arg[3],
  operation = arg[4],
  permission = arg[5],
  pattern = "literal",
  host = "*",
}
local admin = kafka.admin(arg[1])
for _, made in pairs(assert(admin:create_acls({ acl }, TIMEOUT_MS))) do
  assert(made.ok, made.err)
end
-- The controller answers before each broker has read the change.
repeat
  lines.sleep(50)
until next(assert(admin:describe_acls(acl, TIMEOUT_MS)))
assert(admin:close())
