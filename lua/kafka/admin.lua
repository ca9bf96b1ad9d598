--- kafka.admin: makes, changes and describes what a cluster has.

local ffi = require("ffi")
local check = require("kafka.check")
local client = require("kafka.client")
local conf = require("kafka.conf")
local err = require("kafka.err")
local events = require("kafka.events")
local native = require("kafka.native")
local request = require("kafka.request")
local value = require("kafka.value")

local C = native.C

local TIMEOUT_MS = 10000

---@class kafka.Outcome what became of one item, and what else is told of it
---@field ok boolean
---@field err? string why not
---@field code? integer of `kafka.err`

---@alias kafka.Outcomes table<string, kafka.Outcome> by the item's name; a partition's is "topic:partition"

---@class kafka.Admin: kafka.Client
---@field create_topics fun(self: kafka.Admin, topics: kafka.NewTopic[], timeout_ms?: integer, options?: {validate_only?: boolean}): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field delete_topics fun(self: kafka.Admin, topics: string[], timeout_ms?: integer): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field create_partitions fun(self: kafka.Admin, topics: kafka.NewPartitions[], timeout_ms?: integer, options?: {validate_only?: boolean}): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field describe_topics fun(self: kafka.Admin, topics: string[], timeout_ms?: integer, options?: {include_authorized_operations?: boolean}): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field describe_cluster fun(self: kafka.Admin, options?: {include_authorized_operations?: boolean}, timeout_ms?: integer): table?, string?, integer?, kafka.ErrorInfo?
---@field describe_configs fun(self: kafka.Admin, resources: kafka.ConfigResource[], timeout_ms?: integer): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field incremental_alter_configs fun(self: kafka.Admin, resources: kafka.ConfigChange[], timeout_ms?: integer, options?: {validate_only?: boolean}): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field list_groups fun(self: kafka.Admin, options?: {states?: string[], types?: string[]}, timeout_ms?: integer): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field describe_groups fun(self: kafka.Admin, groups: string[], timeout_ms?: integer, options?: {include_authorized_operations?: boolean}): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field delete_groups fun(self: kafka.Admin, groups: string[], timeout_ms?: integer): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field list_group_offsets fun(self: kafka.Admin, groups: {group: string, partitions?: kafka.Partition[]}[], timeout_ms?: integer, options?: {require_stable_offsets?: boolean}): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field alter_group_offsets fun(self: kafka.Admin, groups: {group: string, offsets: kafka.Partition[]}[], timeout_ms?: integer): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field delete_group_offsets fun(self: kafka.Admin, groups: {group: string, partitions: kafka.Partition[]}[], timeout_ms?: integer): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field list_offsets fun(self: kafka.Admin, partitions: kafka.OffsetQuery[], timeout_ms?: integer, options?: {isolation_level?: "read_committed"|"read_uncommitted"}): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field delete_records fun(self: kafka.Admin, partitions: kafka.Partition[], timeout_ms?: integer): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field elect_leaders fun(self: kafka.Admin, partitions?: kafka.Partition[], timeout_ms?: integer, options?: {type?: "preferred"|"unclean"}): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field create_acls fun(self: kafka.Admin, acls: kafka.Acl[], timeout_ms?: integer): kafka.Outcome[]?, string?, integer?, kafka.ErrorInfo?
---@field describe_acls fun(self: kafka.Admin, filter?: kafka.Acl, timeout_ms?: integer): kafka.Acl[]?, string?, integer?, kafka.ErrorInfo?
---@field delete_acls fun(self: kafka.Admin, filters: kafka.Acl[], timeout_ms?: integer): kafka.Outcome[]?, string?, integer?, kafka.ErrorInfo?
---@field describe_user_scram_credentials fun(self: kafka.Admin, users?: string[], timeout_ms?: integer): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
---@field alter_user_scram_credentials fun(self: kafka.Admin, alterations: kafka.ScramAlteration[], timeout_ms?: integer): kafka.Outcomes?, string?, integer?, kafka.ErrorInfo?
local Admin = {}

---@class kafka.NewTopic
---@field topic string
---@field partitions? integer what the brokers have for a default, if it is not given
---@field replication? integer the same
---@field assignment? integer[][] in place of `replication`: the ids of the brokers of each partition
---@field config? kafka.Properties

---@class kafka.NewPartitions
---@field topic string
---@field partitions integer how many there shall be
---@field assignment? integer[][] the ids of the brokers of each new partition

---@class kafka.ConfigResource
---@field type "topic"|"broker"|"group"
---@field name string|integer of a broker its id

---@class kafka.ConfigChange: kafka.ConfigResource
---@field set? kafka.Properties
---@field append? kafka.Properties to values that are lists
---@field subtract? kafka.Properties from values that are lists
---@field delete? string[] back to what it is by default

---@class kafka.OffsetQuery
---@field topic string
---@field partition integer
---@field offset? "earliest"|"latest"|"max_timestamp"
---@field timestamp? integer milliseconds since 1970-01-01 UTC: the first message of that time or later

---@class kafka.Acl in a filter, what is not given may be anything
---@field type? "topic"|"group"|"cluster"|"transactional_id"|"any"
---@field name? string
---@field pattern? "literal"|"prefixed"|"match"|"any" literal by default
---@field principal? string "User:name"
---@field host? string "*" by default
---@field operation? string "read", "write", "all" and so on
---@field permission? "allow"|"deny"|"any"

---@class kafka.ScramAlteration
---@field user string
---@field mechanism "SCRAM-SHA-256"|"SCRAM-SHA-512"
---@field password? string
---@field iterations? integer 4096 by default
---@field salt? string random by default
---@field delete? boolean in place of a password

local function free_admin(handle)
  C.kafka_admin_free(handle)
end

--- A value for the C API; nil is NULL there.
local function encoded(index, data, place)
  if check.optional_table(index, data, 3) == nil then
    return nil
  end
  local succeeded, handle = pcall(value.encode, data, place)
  if not succeeded then
    check.fail(index, handle, 3)
  end
  return handle
end

--- Carries a request out. `start` is a function of the C API; the indices are those of the method's arguments.
local function ask(self, start, timeout_ms, options, options_index, items, items_name)
  options = encoded(options_index, options, "options")
  items = encoded(2, items, items_name)
  if not self.handle then
    return err.closed()
  end
  local code
  if items_name then
    code = start(self.handle, items, options, timeout_ms, request.out, native.error)
  else
    code = start(self.handle, options, timeout_ms, request.out, native.error)
  end
  if code == C.KAFKA_ERR_INVALID_ARGUMENT then
    local text = native.message()
    check.fail(text:find("^options") and options_index or 2, text, 2)
  end
  return request.finish(code, timeout_ms, value.of_request, self)
end

-- The least and the most arguments of each method, the object included.
local counts = { close = { 1, 2 }, is_closed = { 1, 1 } }
client.extend(Admin, counts)

--- Adds a method that asks about items, which are called `items_name` in messages.
local function add(name, items_name, items_are_optional)
  local start = C["kafka_admin_" .. name]
  counts[name] = { items_are_optional and 1 or 2, 4 }
  Admin[name] = function(self, items, timeout_ms, options)
    if not items_are_optional then
      check.table(2, items)
    end
    timeout_ms = check.timeout(3, timeout_ms, TIMEOUT_MS)
    -- Not a tail call: messages name this function.
    local answer, message, code, info = ask(self, start, timeout_ms, options, 4, items, items_name)
    return answer, message, code, info
  end
end

--- Adds a method that asks about everything there is.
local function add_without_items(name)
  local start = C["kafka_admin_" .. name]
  counts[name] = { 1, 3 }
  Admin[name] = function(self, options, timeout_ms)
    if type(options) == "number" and timeout_ms == nil then
      options, timeout_ms = nil, check.timeout(2, options, TIMEOUT_MS)
    end
    timeout_ms = check.timeout(3, timeout_ms, TIMEOUT_MS)
    local answer, message, code, info = ask(self, start, timeout_ms, options, 2)
    return answer, message, code, info
  end
end

add("create_topics", "topics")
add("delete_topics", "topics")
add("create_partitions", "topics")
add("describe_topics", "topics")
add_without_items("describe_cluster")
add("describe_configs", "resources")
add("incremental_alter_configs", "resources")
add_without_items("list_groups")
add("describe_groups", "groups")
add("delete_groups", "groups")
add("list_group_offsets", "groups")
add("alter_group_offsets", "groups")
add("delete_group_offsets", "groups")
add("list_offsets", "partitions")
add("delete_records", "partitions")
add("elect_leaders", "partitions", true)
add("create_acls", "acls")
add("describe_acls", "filter", true)
add("delete_acls", "filters")
add("describe_user_scram_credentials", "users", true)
add("alter_user_scram_credentials", "alterations")

--- Ends the admin client. Requests under way, as of other light threads, end as closed. Closing again returns true.
---@param timeout_ms? integer as other clients take it; there is nothing to wait for
---@return true? closed
---@return string? message
---@return integer? code
function Admin:close(timeout_ms)
  check.timeout(2, timeout_ms, TIMEOUT_MS)
  local handle = self.handle
  if not handle then
    return true
  end
  local code = C.kafka_admin_close(handle, native.error)
  if code ~= 0 then
    return err.failure(code)
  end
  self.handle = nil
  native.release(handle, free_admin)
  return true
end

--- Whether it is closed.
---@return boolean
function Admin:is_closed()
  return self.handle == nil
end

local metatable = check.class("kafka.admin", Admin, counts)

local function start(client_conf, brokers, options)
  events.configure(client_conf, options)
  local out = ffi.new("kafka_admin *[1]")
  local code = C.kafka_admin_new(brokers, client_conf, out, native.error)
  if code == C.KAFKA_ERR_INVALID_ARGUMENT then
    error(native.message(), 0)
  elseif code ~= 0 then
    error("rd_kafka_new failed: " .. native.message(), 0)
  end
  return ffi.gc(out[0], free_admin)
end

--- Makes an admin client. It connects in the background: brokers that cannot be reached are no error here.
---
--- Its methods ask brokers, and wait for the answer up to a timeout in milliseconds, 10000 by default. Each is described
--- in docs/ADMIN.md.
---@param brokers string "host:port,host:port"
---@param properties? kafka.Properties
---@param options? kafka.ClientOptions what is not a property of librdkafka
---@return kafka.Admin
local function new(brokers, properties, options)
  brokers = check.c_string(1, brokers)
  check.optional_table(2, properties)
  options = check.options(3, options, events.OPTIONS)
  local self = { handle = conf.with_client(properties, start, brokers, options) }
  events.attach(self, events.client(self.handle, C.kafka_admin_client), options)
  return setmetatable(self, metatable)
end

return check.counted(1, 3, new)
