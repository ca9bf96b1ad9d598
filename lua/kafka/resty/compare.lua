--- Whether a configuration is still the same.

local util = require("jit.util")

local compare = {}

--- Whether two functions were made by the same code. A handler that is written inside a request's code is another
--- function each time, which must not make it another configuration.
local function same_code(one, other)
  local proto = util.funcinfo(one).proto
  return proto ~= nil and proto == util.funcinfo(other).proto
end

--- What differs between two configurations: the innermost key that has two values. Functions of the same code do not
--- differ.
---@param kept any
---@param given any
---@param place any what to return if these are no tables
---@return any key nil if they are the same
function compare.difference(kept, given, place)
  local kind = type(kept)
  if kept == given or kind == "function" and type(given) == kind and same_code(kept, given) then
    return nil
  elseif kind ~= "table" or type(given) ~= kind then
    return place
  end
  for key, value in next, given do
    local found = compare.difference(kept[key], value, key)
    if found ~= nil then
      return found
    end
  end
  for key in next, kept do
    if given[key] == nil then
      return key
    end
  end
end

--- A configuration as it is now, whatever becomes of its tables.
---@param value any
---@return any
function compare.copy(value)
  if type(value) ~= "table" then
    return value
  end
  local copied = {}
  for key, inner in next, value do
    copied[key] = compare.copy(inner)
  end
  return copied
end

return compare
