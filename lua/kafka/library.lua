--- Finds and loads the shared library.

local ffi = require("ffi")
local cdef = require("kafka.cdef")

local library = {}

-- The name has the number of the interface that these files need; without it the library may be of any.
local FILES = { ("libkafka.so.%d"):format(cdef.abi_version), "libkafka.so" }
if ffi.os == "OSX" then
  FILES = { ("libkafka.%d.dylib"):format(cdef.abi_version), "libkafka.dylib" }
end

--- The directory of kafka.lua, with its last separator; nil if this code was not loaded from a file.
local function lua_directory()
  local directory = debug.getinfo(1, "S").source:match("^@(.*)kafka[/\\]library%.lua$")
  return directory == "" and "./" or directory
end

--- The files to try before the system's loader, in this order.
---@return string[]
local function candidates()
  local paths, seen = {}, {}
  local function add(path)
    if not seen[path] then
      seen[path] = true
      paths[#paths + 1] = path
    end
  end

  local directory = lua_directory()
  -- The last is for PREFIX/share/lua/5.1, where `make install` puts the Lua files.
  for _, place in ipairs(directory and { "", "../", "../target/release/", "../../../lib/" } or {}) do
    for _, file in ipairs(FILES) do
      add(directory .. place .. file)
    end
  end
  -- Not package.searchpath, which may answer with the all-in-one loader that some paths end in.
  for template in package.cpath:gmatch("[^;]+") do
    if template:find("?", 1, true) then
      local path = template:gsub("%?", "libkafka")
      add(path .. "." .. cdef.abi_version)
      add(path)
    end
  end
  return paths
end

local SYSTEM = "the system's library path"

--- Loads the library that KAFKA_LIBRARY names or, without it, the first that can be loaded. Throws a list of what was
--- tried if none can.
---@return ffi.namespace* namespace
---@return string path where it came from
function library.load()
  local named = os.getenv("KAFKA_LIBRARY")
  if named and named ~= "" then
    local loaded, namespace = pcall(ffi.load, named)
    if loaded then
      return namespace, named
    end
    local others = candidates()
    others[#others + 1] = SYSTEM
    local text = "kafka: cannot load the library that KAFKA_LIBRARY names:\n\t%s\nnot tried, as it is set:\n\t%s"
    error(text:format(namespace, table.concat(others, "\n\t")), 0)
  end

  local paths, failures = candidates(), {}
  local count = #paths
  -- A name without a directory is the system loader's to find.
  paths[count + 1], paths[count + 2] = FILES[1], FILES[2]
  for index, path in ipairs(paths) do
    local loaded, namespace = pcall(ffi.load, path)
    if loaded then
      return namespace, index > count and path .. " on " .. SYSTEM or path
    end
    failures[index] = namespace
  end
  error("kafka: cannot load the library; KAFKA_LIBRARY is not set; tried:\n\t" .. table.concat(failures, "\n\t"), 0)
end

return library
