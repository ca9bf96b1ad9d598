--- nginx's semaphores, for tests: before a light thread waits, all that functions of the C API have written for Lua is
--- overwritten. So what is read behind a wait is wrong each time, and not only where another call has come between.

local ffi = require("ffi")

local others = package.path:gsub("[^;]*/overwrite/%?%.lua;", "")
local semaphore = dofile((assert(package.searchpath("ngx.semaphore", others))))
local wait = semaphore.wait

function semaphore:wait(...)
  for _, out in ipairs(require("kafka.native").outs) do
    ffi.fill(out, ffi.sizeof(out), 0xa5)
  end
  return wait(self, ...)
end

return semaphore
