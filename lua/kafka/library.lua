--- Finds and loads the shared library.

local ffi = require("ffi")

local library = {}

local FILE = ffi.os == "OSX" and "libkafka.dylib" or "libkafka.so"

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
  if directory then
    add(directory .. FILE)
    add(directory .. "../" .. FILE)
    add(directory .. "../target/release/" .. FILE)
    -- From PREFIX/share/lua/5.1, where `make install` puts the Lua files.
    add(directory .. "../../../lib/" .. FILE)
  end
  -- Not package.searchpath, which may answer with the all-in-one loader that some paths end in.
  for template in package.cpath:gmatch("[^;]+") do
    if template:find("?", 1, true) then
      add((template:gsub("%?", "libkafka")))
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

  local failures = {}
  for _, path in ipairs(candidates()) do
    local loaded, namespace = pcall(ffi.load, path)
    if loaded then
      return namespace, path
    end
    failures[#failures + 1] = namespace
  end
  local loaded, namespace = pcall(ffi.load, "kafka")
  if loaded then
    return namespace, FILE .. " on " .. SYSTEM
  end
  failures[#failures + 1] = namespace
  error("kafka: cannot load the library; KAFKA_LIBRARY is not set; tried:\n\t" .. table.concat(failures, "\n\t"), 0)
end

return library
