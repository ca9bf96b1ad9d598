--- kafka.admin: makes, changes and describes what a cluster has.

local ffi = require("ffi")
local check = require("kafka.check")
local client = require("kafka.client")
local conf = require("kafka.conf")
local err = require("kafka.err")
local events = require("kafka.events")
local future = require("kafka.future")
local native = require("kafka.native")
local phase = require("kafka.nginx.phase")
local value = require("kafka.value")
local wait = require("kafka.wait")

local C = native.C

local TIMEOUT_MS = 10000

---@class kafka.Outcome what became of one item, and what else is known of it
---@field ok boolean
---@field err? string why not
---@field code? integer of `kafka.err`

---@alias kafka.Outcomes table<string, kafka.Outcome> by the item's name; a partition's is "topic:partition"

---@class kafka.Admin: kafka.Client
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
---@field offset? "earliest"|"latest"|"max_timestamp"|integer kafka.OFFSET_BEGINNING or kafka.OFFSET_END
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
  if check.optional_table(index, data, 2) == nil then
    return nil
  end
  local succeeded, handle = pcall(value.encode, data, place)
  if not succeeded then
    check.fail(index, handle, 2)
  end
  return handle
end

--- What a method returns that has started a call, or was refused it. A message about what could not be used names its
--- argument, which has one of these indices.
local function finish(self, code, timeout_ms, items_index, options_index)
  if code == C.KAFKA_ERR_INVALID_ARGUMENT then
    local text = native.message()
    check.fail(text:find("^options") and options_index or items_index, text, 2)
  end
  return future.finish(code, timeout_ms, value.of_future, self)
end

-- The methods end in a tail call of one of these two, so that messages name them.

--- Asks about items; messages call them `name`.
local function ask_about(self, start, name, items, timeout_ms, options)
  timeout_ms = check.timeout(3, timeout_ms, TIMEOUT_MS)
  items = encoded(2, items, name)
  options = encoded(4, options, "options")
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  local code = start(self.handle, items, options, timeout_ms, nil, future.out, native.error)
  local answer, message, failure, info = finish(self, code, timeout_ms, 2, 4)
  return answer, message, failure, info
end

--- Asks about everything there is.
local function ask_for_all(self, start, options, timeout_ms)
  if type(options) == "number" and timeout_ms == nil then
    options, timeout_ms = nil, check.timeout(2, options, TIMEOUT_MS)
  end
  timeout_ms = check.timeout(3, timeout_ms, TIMEOUT_MS)
  options = encoded(2, options, "options")
  local refused = future.refusal(self)
  if refused then
    return err.failure(refused)
  end
  local code = start(self.handle, options, timeout_ms, nil, future.out, native.error)
  local answer, message, failure, info = finish(self, code, timeout_ms, 2, 2)
  return answer, message, failure, info
end

--- Makes topics.
---@param topics kafka.NewTopic[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@param options? {validate_only?: boolean}
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:create_topics(topics, timeout_ms, options)
  return ask_about(self, C.kafka_admin_create_topics, "topics", topics, timeout_ms, options)
end

--- Deletes topics.
---@param topics string[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:delete_topics(topics, timeout_ms)
  return ask_about(self, C.kafka_admin_delete_topics, "topics", topics, timeout_ms)
end

--- Adds partitions to topics.
---@param topics kafka.NewPartitions[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@param options? {validate_only?: boolean}
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:create_partitions(topics, timeout_ms, options)
  return ask_about(self, C.kafka_admin_create_partitions, "topics", topics, timeout_ms, options)
end

--- Describes topics and their partitions.
---@param topics string[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@param options? {include_authorized_operations?: boolean}
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:describe_topics(topics, timeout_ms, options)
  return ask_about(self, C.kafka_admin_describe_topics, "topics", topics, timeout_ms, options)
end

--- Describes the cluster and its brokers.
---@param options? {include_authorized_operations?: boolean} a number in its place is the timeout
---@param timeout_ms? integer milliseconds, 10000 by default
---@return table? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:describe_cluster(options, timeout_ms)
  return ask_for_all(self, C.kafka_admin_describe_cluster, options, timeout_ms)
end

--- Reads the configuration of topics, brokers and groups.
---@param resources kafka.ConfigResource[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:describe_configs(resources, timeout_ms)
  return ask_about(self, C.kafka_admin_describe_configs, "resources", resources, timeout_ms)
end

--- Changes single properties of topics, brokers and groups, and leaves the others alone.
---@param resources kafka.ConfigChange[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@param options? {validate_only?: boolean}
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:incremental_alter_configs(resources, timeout_ms, options)
  return ask_about(self, C.kafka_admin_incremental_alter_configs, "resources", resources, timeout_ms, options)
end

--- Lists the groups of all brokers.
---@param options? {states?: string[], types?: string[]} a number in its place is the timeout
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:list_groups(options, timeout_ms)
  return ask_for_all(self, C.kafka_admin_list_groups, options, timeout_ms)
end

--- Describes groups and their members.
---@param groups string[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@param options? {include_authorized_operations?: boolean}
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:describe_groups(groups, timeout_ms, options)
  return ask_about(self, C.kafka_admin_describe_groups, "groups", groups, timeout_ms, options)
end

--- Deletes groups that have no members.
---@param groups string[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:delete_groups(groups, timeout_ms)
  return ask_about(self, C.kafka_admin_delete_groups, "groups", groups, timeout_ms)
end

--- Reads what groups have committed.
---@param groups {group: string, partitions?: kafka.Partition[]}[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@param options? {require_stable_offsets?: boolean}
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:list_group_offsets(groups, timeout_ms, options)
  return ask_about(self, C.kafka_admin_list_group_offsets, "groups", groups, timeout_ms, options)
end

--- Commits offsets for groups that have no members.
---@param groups {group: string, offsets: kafka.Partition[]}[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:alter_group_offsets(groups, timeout_ms)
  return ask_about(self, C.kafka_admin_alter_group_offsets, "groups", groups, timeout_ms)
end

--- Makes groups forget what they have committed.
---@param groups {group: string, partitions: kafka.Partition[]}[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:delete_group_offsets(groups, timeout_ms)
  return ask_about(self, C.kafka_admin_delete_group_offsets, "groups", groups, timeout_ms)
end

--- Finds offsets of partitions: the first, the next, or that of a time.
---@param partitions kafka.OffsetQuery[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@param options? {isolation_level?: "read_committed"|"read_uncommitted"}
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:list_offsets(partitions, timeout_ms, options)
  return ask_about(self, C.kafka_admin_list_offsets, "partitions", partitions, timeout_ms, options)
end

--- Deletes the records before an offset; -1 stands for the end.
---@param partitions kafka.Partition[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:delete_records(partitions, timeout_ms)
  return ask_about(self, C.kafka_admin_delete_records, "partitions", partitions, timeout_ms)
end

--- Has the leaders of partitions elected, or of all.
---@param partitions? kafka.Partition[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@param options? {type?: "preferred"|"unclean"}
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:elect_leaders(partitions, timeout_ms, options)
  return ask_about(self, C.kafka_admin_elect_leaders, "partitions", partitions, timeout_ms, options)
end

--- Adds entries to the access control lists. The outcomes are in the order of the entries.
---@param acls kafka.Acl[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcome[]? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:create_acls(acls, timeout_ms)
  return ask_about(self, C.kafka_admin_create_acls, "acls", acls, timeout_ms)
end

--- Finds entries of the access control lists.
---@param filter? kafka.Acl
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Acl[]? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:describe_acls(filter, timeout_ms)
  return ask_about(self, C.kafka_admin_describe_acls, "filter", filter, timeout_ms)
end

--- Removes entries from the access control lists. The outcomes are in the order of the filters.
---@param filters kafka.Acl[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcome[]? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:delete_acls(filters, timeout_ms)
  return ask_about(self, C.kafka_admin_delete_acls, "filters", filters, timeout_ms)
end

--- Reads which SCRAM credentials users have, or all.
---@param users? string[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:describe_user_scram_credentials(users, timeout_ms)
  return ask_about(self, C.kafka_admin_describe_user_scram_credentials, "users", users, timeout_ms)
end

--- Sets and deletes SCRAM credentials.
---@param alterations kafka.ScramAlteration[]
---@param timeout_ms? integer milliseconds, 10000 by default
---@return kafka.Outcomes? answer nil if the call failed as a whole
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function Admin:alter_user_scram_credentials(alterations, timeout_ms)
  return ask_about(self, C.kafka_admin_alter_user_scram_credentials, "alterations", alterations, timeout_ms)
end

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
  -- There is nothing to wait for but librdkafka's threads.
  local out = not phase.may_block() and future.out or nil
  local code = C.kafka_admin_close(handle, out, native.error)
  if code ~= 0 then
    return err.failure(code)
  elseif out then
    future.detach()
  end
  self.handle = nil
  wait.interrupt(self)
  native.release(handle, free_admin)
  return true
end

--- Whether it is closed.
---@return boolean
function Admin:is_closed()
  return self.handle == nil
end

-- The least and the most arguments of each method, the object included.
local counts = {
  close = { 1, 2 },
  is_closed = { 1, 1 },
  create_topics = { 2, 4 },
  delete_topics = { 2, 3 },
  create_partitions = { 2, 4 },
  describe_topics = { 2, 4 },
  describe_cluster = { 1, 3 },
  describe_configs = { 2, 3 },
  incremental_alter_configs = { 2, 4 },
  list_groups = { 1, 3 },
  describe_groups = { 2, 4 },
  delete_groups = { 2, 3 },
  list_group_offsets = { 2, 4 },
  alter_group_offsets = { 2, 3 },
  delete_group_offsets = { 2, 3 },
  list_offsets = { 2, 4 },
  delete_records = { 2, 3 },
  elect_leaders = { 1, 4 },
  create_acls = { 2, 3 },
  describe_acls = { 1, 3 },
  delete_acls = { 2, 3 },
  describe_user_scram_credentials = { 1, 3 },
  alter_user_scram_credentials = { 2, 3 },
}
client.extend(Admin, counts)
local metatable = check.class("kafka.admin", Admin, counts)

local function start(client_conf, brokers, options, aside)
  events.configure(client_conf, options)
  return ffi.gc(client.start("admin", brokers, client_conf, aside), free_admin)
end

--- Makes an admin client. It connects in the background: brokers that cannot be reached are no error here.
---
--- Its methods ask brokers, and wait for the answer up to a timeout in milliseconds, 10000 by default. Each is
--- described in docs/ADMIN.md.
---@param brokers string "host:port,host:port"
---@param properties? kafka.Properties
---@param options? kafka.ClientOptions what is not a property of librdkafka
---@return kafka.Admin
local function new(brokers, properties, options, aside)
  brokers = check.c_string(1, brokers)
  check.optional_table(2, properties)
  options = check.options(3, options, events.OPTIONS)
  phase.check_place()
  local self = { handle = conf.with_client(properties, start, brokers, options, aside) }
  events.attach(self, events.client(self.handle, C.kafka_admin_client), options)
  return setmetatable(self, metatable)
end

client.constructors.admin = new

return check.counted(1, 3, new)
