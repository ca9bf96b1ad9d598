--- Error codes: their names, their texts, and how a call that failed returns them.

local ffi = require("ffi")
local check = require("kafka.check")
local native = require("kafka.native")

local C = native.C

local err = {}

--- librdkafka's name of a code, without a leading underscore ("TIMED_OUT"); nil for a number that is no code.
---@param code integer
---@return string?
function err.name(code)
  code = check.int32(1, code)
  local name = ffi.string(C.kafka_err_name(code))
  -- librdkafka calls a number that it does not know "ERR_123?".
  return not name:find("?", 1, true) and name or nil
end

--- What a code means, for people.
---@param code integer
---@return string
function err.text(code)
  return ffi.string(C.kafka_err_text(code))
end

---@class kafka.ErrorInfo
---@field name? string
---@field text string
---@field retriable boolean trying again later may help
---@field fatal boolean the client cannot go on: close it
---@field txn_requires_abort boolean the transaction must be aborted

--- What a code means to a program; nil for a number that is no code.
---@param code integer
---@return kafka.ErrorInfo?
function err.info(code)
  code = check.int32(1, code)
  local name = err.name(code)
  return name
    and {
      name = name,
      text = err.text(code),
      retriable = C.kafka_err_is_retriable(code) ~= 0,
      fatal = C.kafka_err_is_fatal(code) ~= 0,
      txn_requires_abort = C.kafka_err_txn_requires_abort(code) ~= 0,
    }
end

--- Name to code.
---@type table<string, integer>
err.codes = {}

local function add_codes(first, last)
  for code = first, last do
    local name = err.name(code)
    if name then
      err.codes[name] = code
    end
  end
end

-- This library's, librdkafka's and the brokers', with room for those to come.
add_codes(-1099, -1000)
add_codes(-200, 255)

--- The platform's numbers by name, for what `send` returns.
---@type table<string, integer>
err.errno = {
  EACCES = C.kafka_err_errno(C.KAFKA_ERR_TOPIC_AUTHORIZATION_FAILED),
  ECANCELED = C.kafka_err_errno(C.KAFKA_ERR_FATAL),
  EINVAL = C.kafka_err_errno(C.KAFKA_ERR_INVALID_ARG),
  EIO = C.kafka_err_errno(C.KAFKA_ERR_FAIL),
  EMSGSIZE = C.kafka_err_errno(C.KAFKA_ERR_MSG_SIZE_TOO_LARGE),
  ENOBUFS = C.kafka_err_errno(C.KAFKA_ERR_QUEUE_FULL),
  ENOENT = C.kafka_err_errno(C.KAFKA_ERR_UNKNOWN_TOPIC),
  ENOEXEC = C.kafka_err_errno(C.KAFKA_ERR_STATE),
  ESRCH = C.kafka_err_errno(C.KAFKA_ERR_UNKNOWN_PARTITION),
}

--- Outcomes that a program may well wait for have a word of their own.
local WORDS = {
  [C.KAFKA_ERR_TIMED_OUT] = "timeout",
  [C.KAFKA_ERR_CLOSED] = "closed",
  [C.KAFKA_ERR_FORKED] = "forked",
  [C.KAFKA_ERR_QUEUE_FULL] = "queue full",
}

--- The text of a code: its word, or what the C API said, which begins with the word where it names the cause.
local function message_of(code, text)
  local word = WORDS[code]
  return (not word or text:find(word .. ": ", 1, true) == 1) and text or word
end

--- What a call returns that failed at run time.
---@param code integer
---@param text? string
---@return nil
---@return string message
---@return integer code
function err.failure(code, text)
  return nil, WORDS[code] or text or err.text(code), code
end

--- What a call returns that has just failed, with all that the C API said of it.
---@param code integer
---@return nil
---@return string message
---@return integer code
---@return kafka.ErrorInfo info
function err.failed(code)
  local failed = native.error
  local text = native.message()
  local info = {
    name = err.name(code),
    text = text,
    retriable = failed.retriable ~= 0,
    fatal = failed.fatal ~= 0,
    txn_requires_abort = failed.txn_requires_abort ~= 0,
  }
  return nil, message_of(code, text), code, info
end

--- What a client's call returns that failed at run time. Where its time is up it names the broker that cannot be
--- reached, and says why, if that is known.
---@param client? ffi.cdata*
---@param code integer
---@return nil
---@return string message
---@return integer code
---@return kafka.ErrorInfo? info
function err.explained(client, code)
  if C.kafka_client_explain(client, code, native.error, nil) == 0 then
    return err.failed(code)
  end
  local _, message = err.failure(code)
  return nil, message, code, err.info(code)
end

--- What a call returns that has no result but whether it succeeded.
---@param code integer
---@return true? done
---@return string? message
---@return integer? code
---@return kafka.ErrorInfo? info
function err.done(code)
  if code ~= 0 then
    return err.failed(code)
  end
  return true
end

--- What every method returns after close().
---@return nil
---@return string message
---@return integer code
function err.closed()
  return err.failure(C.KAFKA_ERR_CLOSED)
end

--- What `send` returns for a message that was not taken: an errno, unless the producer itself is at an end.
---@param code integer
---@return integer? errno
---@return string? message
---@return integer? code
function err.refused(code)
  if code <= C.KAFKA_ERR_INVALID_ARGUMENT then
    return err.failure(code)
  end
  return C.kafka_err_errno(code)
end

return err
