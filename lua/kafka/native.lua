--- The C API: its declarations, the library behind them, and what all objects need to call it.

local ffi = require("ffi")
local cdef = require("kafka.cdef")
local library = require("kafka.library")

local native = {}

--- Declares the C API, once in a Lua state: LuaJIT never forgets a declaration, and refuses it a second time.
local function declare()
  local marker = "kafka_cdef_" .. cdef.hash
  if pcall(ffi.typeof, marker) then
    return
  end
  if pcall(ffi.typeof, "kafka_error") then
    local text = "kafka: this Lua state knows another declaration of the C API than that of these Lua files "
      .. "(release %s) and cannot forget it: use a new state"
    error(text:format(cdef.version), 0)
  end
  ffi.cdef(cdef.source .. "\ntypedef int " .. marker .. ";")
end

--- Makes sure that the library and these files were made for each other.
local function shake_hands(namespace, path)
  local answered, abi_version = pcall(function()
    return namespace.kafka_abi_version()
  end)
  if not answered then
    error(("kafka: %s is another library than the one needed: it has no kafka_abi_version"):format(path), 0)
  end
  if abi_version ~= cdef.abi_version then
    error(
      ("kafka: %s has ABI version %d (release %s), these Lua files need ABI version %d (release %s)"):format(
        path,
        abi_version,
        ffi.string(namespace.kafka_version()),
        cdef.abi_version,
        cdef.version
      ),
      0
    )
  end
end

declare()
local C, path = library.load()
shake_hands(C, path)

--- The library's functions and constants.
native.C = C

--- Where the library came from.
native.path = path

--- KAFKA_OPAQUE_NONE, which LuaJIT cannot declare: its constants have 32 bits.
native.NO_ID = 0xffffffffffffffffULL

--- KAFKA_OPAQUE_NO_REPORT.
native.NO_REPORT_ID = 0xfffffffffffffffeULL

--- What `out` has made.
---@type ffi.cdata*[]
native.outs = {}

--- Room for what a function of the C API writes. It is read before anything can yield: the next call may write to it.
--- This is the one place that makes such cdata for a module.
---@param ctype string
---@param count? integer
---@return ffi.cdata*
function native.out(ctype, count)
  local out = count and ffi.new(ctype, count) or ffi.new(ctype)
  native.outs[#native.outs + 1] = out
  return out
end

--- What calls write their errors to.
native.error = native.out("kafka_error")

--- The text of the last error.
---@return string
function native.message()
  return ffi.string(native.error.message)
end

--- Frees now what the collector would have freed.
---@param handle ffi.cdata*
---@param free fun(handle: ffi.cdata*)
function native.release(handle, free)
  ffi.gc(handle, nil)
  free(handle)
end

local function finish(handle, free, succeeded, ...)
  native.release(handle, free)
  if not succeeded then
    error((...), 0)
  end
  return ...
end

--- Calls `fn(handle, ...)` and frees the handle, however the call ends.
---@param handle ffi.cdata*
---@param free fun(handle: ffi.cdata*)
---@param fn function
---@return any ... what `fn` returns
function native.using(handle, free, fn, ...)
  return finish(handle, free, pcall(fn, handle, ...))
end

return native
