--- Kafka producers and consumers for LuaJIT. `require "kafka"` returns this module and sets the global `kafka` to it.
---
--- Misuse throws, without a source position. What fails at run time returns nil, a message and a code of `kafka.err`.
--- Times are milliseconds; where one may wait, 0 does not and -1 waits without limit. After close() a method returns
--- nil, "closed", code; in a forked child nil, "forked", code. An object that is collected is closed, within a second.

-- Before anything else, so that other interpreters need not understand what follows.
if not pcall(require, "ffi") then
  error("kafka needs LuaJIT's ffi library, which is not in " .. (jit and jit.version or _VERSION), 0)
end

local ffi = require("ffi")
local err = require("kafka.err")
local native = require("kafka.native")

---@class kafka
local kafka = {
  producer = require("kafka.producer"),
  consumer = require("kafka.consumer"),
  admin = require("kafka.admin"),
  mock_cluster = require("kafka.mock_cluster"),

  --- Error codes by name: `kafka.err.TIMED_OUT == -185`.
  err = err.codes,
  --- The name of an error code; nil for a number that is none.
  err_name = err.name,
  --- What an error code means to a program: `{name, text, retriable, fatal, txn_requires_abort}`; nil for a number that
  --- is none.
  err_info = err.info,
  --- The platform's error numbers by name: `kafka.errno.ENOBUFS`.
  errno = err.errno,

  --- Stands for a null where nil would mean that there is nothing.
  null = require("kafka.null"),

  --- Places to begin at, for offsets: the first message there is, behind the last one, where the group left off.
  OFFSET_BEGINNING = native.C.KAFKA_OFFSET_BEGINNING,
  OFFSET_END = native.C.KAFKA_OFFSET_END,
  OFFSET_STORED = native.C.KAFKA_OFFSET_STORED,
}

--- The version of this library.
---@return string "major.minor.patch"
function kafka.version()
  return ffi.string(native.C.kafka_version())
end

--- The version of the librdkafka inside.
---@return string
function kafka.librdkafka_version()
  return ffi.string(native.C.kafka_librdkafka_version())
end

-- The module that this one follows set it so, and scripts rely on it. Raw, as hosts may watch over their globals.
rawset(_G, "kafka", kafka)

return kafka
