--- What may be done where: in which phases of nginx a call may give way to others, and where it may block.

local ffi = require("ffi")

local ngx = rawget(_G, "ngx")

local phase = {}

--- Whether this is nginx. What runs when an object is collected can ask no more than this: the phase of a state that is
--- being closed is a crash.
phase.is_nginx = type(ngx) == "table" and type(ngx.get_phase) == "function"

local YIELDS = {
  rewrite = true,
  server_rewrite = true,
  access = true,
  precontent = true,
  content = true,
  timer = true,
  preread = true,
  ssl_cert = true,
  ssl_client_hello = true,
  ssl_session_fetch = true,
  proxy_ssl_cert = true,
  proxy_ssl_verify = true,
}

-- In `exit_worker` the event loop has ended, and nothing can yield.
local BLOCKS = { script = true, exit_worker = true }

local get_phase = phase.is_nginx and ngx.get_phase or function()
  return "script"
end

--- Whether calls wait by blocking, as everywhere but in nginx.
---@return boolean
function phase.may_block()
  return BLOCKS[get_phase()] or false
end

--- Whether a light thread that has to wait can give way.
---@return boolean
function phase.yields()
  return YIELDS[get_phase()] or false
end

--- Whether a call that has to wait can, in one way or the other.
---@return boolean
function phase.may_wait()
  return phase.yields() or phase.may_block()
end

-- nginx's coroutine library does not have it.
pcall(ffi.cdef, 'int nginx_lua_isyieldable(void *state) __asm__("lua_isyieldable");')
local can_ask = pcall(function()
  return ffi.C.nginx_lua_isyieldable
end)

--- Whether a call that need not wait may give way all the same: not where Lua is called by C, as while a module is
--- loaded.
---@return boolean
function phase.may_yield()
  local running = phase.yields() and can_ask and coroutine.running()
  local state = running and ffi.cast("void *", tonumber(("%p"):format(running)))
  return state and ffi.C.nginx_lua_isyieldable(state) ~= 0 or false
end

--- Refuses to make a client where it could not work.
function phase.check_place()
  if get_phase() == "init" then
    error(
      "kafka: a client that is made in nginx's master process would be dead in its workers: "
        .. "make it in init_worker_by_lua or later",
      0
    )
  end
end

return phase
