--- Errors in lua-resty-kafka's words: Kafka's own names for what a broker answers, and a few texts for the rest. As a
--- table it has, by a broker's code, what lua-resty-kafka's module of this name has: `{msg, retriable}`.

local err = require("kafka.err")

local codes = err.codes

-- Where librdkafka calls an error otherwise than Kafka's protocol does.
local NAMES = {
  [-1] = "UNKNOWN_SERVER_ERROR",
  [2] = "CORRUPT_MESSAGE",
  [3] = "UNKNOWN_TOPIC_OR_PARTITION",
  [4] = "INVALID_FETCH_SIZE",
  [6] = "NOT_LEADER_OR_FOLLOWER",
  [10] = "MESSAGE_TOO_LARGE",
  [11] = "STALE_CONTROLLER_EPOCH",
  [17] = "INVALID_TOPIC_EXCEPTION",
  [18] = "RECORD_LIST_TOO_LARGE",
  [28] = "INVALID_COMMIT_OFFSET_SIZE",
}

local TEXTS = {
  [codes.QUEUE_FULL] = "buffer overflow",
  [codes.MSG_TIMED_OUT] = "timeout",
  [codes.TIMED_OUT] = "timeout",
  [codes.TIMED_OUT_QUEUE] = "timeout",
  [codes.UNKNOWN_TOPIC] = "not found topic",
  [codes.UNKNOWN_PARTITION] = "not found partition",
  [codes.AUTO_OFFSET_RESET] = "OFFSET_OUT_OF_RANGE",
}

-- After these a broker may have the message all the same, unless its report says that none has.
local UNCERTAIN = {
  [codes.MSG_TIMED_OUT] = true,
  [codes.TIMED_OUT] = true,
  [codes.TRANSPORT] = true,
  [codes.REQUEST_TIMED_OUT] = true,
  [codes.NETWORK_EXCEPTION] = true,
  [codes.NOT_ENOUGH_REPLICAS_AFTER_APPEND] = true,
}

local errors = {}

--- What to say about a code.
---@param code integer
---@return string
local function text(code)
  local is_brokers = code > 0 or code == -1
  return TEXTS[code] or is_brokers and (NAMES[code] or err.name(code)) or err.text(code)
end

-- These no broker has been sent.
local UNSENT = {
  [codes.PURGE_QUEUE] = true,
  [codes.QUEUE_FULL] = true,
  [codes.UNKNOWN_TOPIC] = true,
  [codes.UNKNOWN_PARTITION] = true,
}

--- Whether the broker has certainly not taken a message that failed so, and trying again can help.
---@param code integer
---@param is_absent? boolean whether no broker has it, where its report says that
---@return boolean
local function is_retryable(code, is_absent)
  if is_absent == false then
    return false
  elseif UNSENT[code] then
    return true
  elseif UNCERTAIN[code] then
    return is_absent or false
  end
  local info = err.info(code)
  return info ~= nil and info.retriable
end

for code = -1, 255 do
  local info = err.info(code)
  if info then
    errors[code] = { msg = code == 0 and "NONE" or text(code), retriable = info.retriable }
  end
end

return setmetatable(errors, { __index = { text = text, is_retryable = is_retryable } })
