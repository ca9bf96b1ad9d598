-- make_user.lua BROKERS USER
-- Gives a user a password.

local kafka = require("kafka")

local TIMEOUT_MS = 30000

local admin = kafka.admin(arg[1])
local credential = { user = arg[2], mechanism = "SCRAM-SHA-256", password = "secret" }
local made = assert(admin:alter_user_scram_credentials({ credential }, TIMEOUT_MS))[arg[2]]
assert(made.ok, made.err)
assert(admin:close())
