--- Sandbox hosts, lua_sandbox and heka_sandbox: they offer `read_message`, want a pointer of theirs back for each
--- message, and keep checkpoints and failures themselves. A producer made in such a host has this `send` and `poll`.

local ffi = require("ffi")
local check = require("kafka.check")
local conf = require("kafka.conf")
local err = require("kafka.err")
local native = require("kafka.native")
local reports = require("kafka.producer.reports")
local tokens = require("kafka.producer.tokens")
local topics = require("kafka.producer.topics")

local C = native.C

local INT32_MAX = 0x7fffffff

local sandbox = {}

--- A host's function. Not every host lets one ask for a global that does not exist.
local function host_function(name)
  local fn = rawget(_G, name)
  return type(fn) == "function" and fn or nil
end

--- Whether this Lua state belongs to a sandbox host.
---@return boolean
function sandbox.is_host()
  return host_function("read_message") ~= nil and host_function("update_checkpoint") ~= nil
end

--- Throws if a producer would not report each message: its sequence id would be kept for ever.
---@param client_conf ffi.cdata*
function sandbox.check_conf(client_conf)
  if conf.is_true(client_conf, "delivery.report.only.error") then
    error("delivery.report.only.error cannot be true in a sandbox host: checkpoints need every report", 0)
  end
end

--- Sequence ids under way. The library carries a number for each: FFI cannot turn one back into a lightuserdata.
---@return kafka.Tokens ids
---@return fun(opaque: ffi.cdata*): any take what was sent with a number
function sandbox.new_ids()
  local ids = tokens.new()
  return ids, function(opaque)
    return ids:take(tonumber(opaque))
  end
end

--- What the host's `read_message` answers; nil if there is nothing to send.
---@param arguments table
---@return string?
local function read_message(arguments)
  local read = host_function("read_message") or error("read_message was not found", 0)
  local value, length = read(unpack(arguments, 1, table.maxn(arguments)))
  local kind = type(value)
  if kind == "userdata" or kind == "cdata" then
    -- Hosts that do not copy answer with a pointer and a length.
    value = tonumber(length) and ffi.string(ffi.cast("const char *", value), length)
  elseif kind == "number" then
    value = tostring(value)
  end
  if value == nil or value == "" then
    return nil
  elseif type(value) ~= "string" then
    error("invalid read_message return: " .. kind, 0)
  end
  return value
end

local IS_ID = { userdata = true, cdata = true, number = true, ["nil"] = true }

--- As `kafka.Producer:send`, except that `sequence_id` may be a pointer and `message` a table of arguments for the
--- host's `read_message`. If that answers nothing, nothing is sent and 0 returned.
---@param self kafka.Producer
---@param topic string
---@param partition integer
---@param sequence_id userdata|ffi.cdata*|integer|nil comes back to `update_checkpoint` as it is
---@param message string|table
---@return integer errno
function sandbox.send(self, topic, partition, sequence_id, message)
  local handle = self.handle
  if not handle then
    return err.closed()
  end
  local topic_handle = self.topics[topic] or topics.find(self.topics, topic)
  partition = check.integer(3, partition)
  local kind = type(sequence_id)
  if not IS_ID[kind] then
    check.fail_type(4, "userdata", kind)
  elseif kind == "number" and not (sequence_id >= 0 and sequence_id < 2 ^ 64) then
    error("sequence_id out of range", 0)
  end
  if type(message) == "table" then
    message = read_message(message)
    if not message then
      return 0
    end
  elseif type(message) ~= "string" and type(message) ~= "number" then
    check.fail_type(5, "string or table", type(message))
  end
  message = tostring(message)
  local in_range = partition >= -1 and partition <= INT32_MAX
  if not in_range then
    return err.errno.ESRCH
  end

  local token = kind ~= "nil" and self.ids:keep(sequence_id) or nil
  local code =
    C.kafka_producer_send(handle, topic_handle, partition, nil, 0, message, #message, token or native.NO_ID, nil)
  if code ~= 0 then
    if token then
      self.ids:take(token)
    end
    return err.refused(code)
  end
  return 0
end

--- Passes what has been reported since the last poll on to the host's `update_checkpoint`: the last message's sequence
--- id, and how many messages were not delivered. Calls it once, or not at all if nothing was reported. Never waits.
---
--- An error of the host's function is passed on.
---@param self kafka.Producer
function sandbox.poll(self)
  if not self.handle then
    return err.closed()
  end
  local code = reports.serve(self)
  if code ~= 0 then
    return err.failure(code)
  end
  if self.deliveries:has_news() then
    local update_checkpoint = host_function("update_checkpoint") or error("update_checkpoint was not found", 0)
    update_checkpoint(self.deliveries:news(self))
  end
end

return sandbox
