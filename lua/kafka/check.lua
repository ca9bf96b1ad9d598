--- Argument checks in the words of the Lua C API, so that misuse reads as it did when the module was written in C.
---
--- Every function here that throws takes a `level` as `error` does: 1, the default, when the public function itself
--- calls it, one more for each function in between. From it comes the name in the message; a tail call would lose it.

local check = {}

local getinfo = debug.getinfo

local INT32_MAX = 0x7fffffff

--- Throws what luaL_argerror throws.
---@param index integer the argument's, counted with the object of a method
---@param text string
---@param level? integer
function check.fail(index, text, level)
  local caller = getinfo((level or 1) + 1, "n") or {}
  local name = caller.name or "?"
  if caller.namewhat == "method" then
    index = index - 1
    if index == 0 then
      error(("calling '%s' on bad self (%s)"):format(name, text), 0)
    end
  end
  error(("bad argument #%d to '%s' (%s)"):format(index, name, text), 0)
end

--- Throws what luaL_typerror throws.
---@param index integer
---@param expected string
---@param actual string a type's name, or "no value"
---@param level? integer
function check.fail_type(index, expected, actual, level)
  check.fail(index, ("%s expected, got %s"):format(expected, actual), (level or 1) + 1)
end

--- A string; a number is accepted and converted.
---@param index integer
---@param value any
---@param level? integer
---@return string
function check.string(index, value, level)
  local kind = type(value)
  if kind == "number" then
    return tostring(value)
  elseif kind ~= "string" then
    check.fail_type(index, "string", kind, (level or 1) + 1)
  end
  return value
end

--- A string that C can read to its end.
---@param index integer
---@param value any
---@param level? integer
---@return string
function check.c_string(index, value, level)
  level = (level or 1) + 1
  local text = check.string(index, value, level)
  if text:find("\0", 1, true) then
    check.fail(index, "string contains a NUL byte", level)
  end
  return text
end

--- A number, or a string that reads as one, cut off to an integer.
---@param index integer
---@param value any
---@param level? integer
---@return number
function check.integer(index, value, level)
  local number = tonumber(value)
  if not number then
    check.fail_type(index, "number", type(value), (level or 1) + 1)
  end
  return number < 0 and math.ceil(number) or math.floor(number)
end

--- An integer that fits into C's int32_t; nil stands for the default, if there is one.
---@param index integer
---@param value any
---@param default? integer
---@param level? integer
---@return integer
function check.int32(index, value, default, level)
  if value == nil and default then
    return default
  end
  level = (level or 1) + 1
  local number = check.integer(index, value, level)
  -- Not a number is not in range either.
  local in_range = number >= -INT32_MAX - 1 and number <= INT32_MAX
  if not in_range then
    check.fail(index, "number out of range", level)
  end
  return number
end

--- How many, from 0; nil stands for the default.
---@param index integer
---@param value any
---@param default integer
---@param level? integer
---@return integer
function check.count(index, value, default, level)
  level = (level or 1) + 1
  local count = check.int32(index, value, default, level)
  if count < 0 then
    check.fail(index, "number out of range", level)
  end
  return count
end

--- Milliseconds: 0 does not wait, -1 waits without limit, nil stands for the default.
---@param index integer
---@param value any
---@param default integer
---@param level? integer
---@return integer
function check.timeout(index, value, default, level)
  if value == nil then
    return default
  end
  level = (level or 1) + 1
  local timeout_ms = check.integer(index, value, level)
  if timeout_ms < -1 or timeout_ms ~= timeout_ms then
    check.fail(index, "timeout out of range", level)
  end
  return math.min(timeout_ms, INT32_MAX)
end

--- A table.
---@param index integer
---@param value any
---@param level? integer
---@return table
function check.table(index, value, level)
  if type(value) ~= "table" then
    check.fail_type(index, "table", type(value), (level or 1) + 1)
  end
  return value
end

--- A table or nil.
---@param index integer
---@param value any
---@param level? integer
---@return table?
function check.optional_table(index, value, level)
  if value ~= nil then
    check.table(index, value, (level or 1) + 1)
  end
  return value
end

--- The options of a constructor. Every name must be in `known`: a handler that is never called would be hard to find.
--- Those called on_… are functions.
---@param index integer
---@param options any
---@param known table<string, true>
---@param level? integer
---@return table
function check.options(index, options, known, level)
  level = (level or 1) + 1
  options = check.optional_table(index, options, level) or {}
  for name, value in next, options do
    if not known[name] then
      check.fail(index, ("unknown option '%s'"):format(tostring(name)), level)
    elseif name:find("^on_") and type(value) ~= "function" then
      check.fail(index, ("option '%s': function expected, got %s"):format(name, type(value)), level)
    end
  end
  return options
end

--- A function that wants `least` to `most` arguments. The tail call keeps the caller's name for it in the messages.
---@generic F: function
---@param least integer
---@param most integer
---@param fn F
---@return F
function check.counted(least, most, fn)
  return function(...)
    local count = select("#", ...)
    if count < least or count > most then
      check.fail(count, "incorrect number of arguments")
    end
    return fn(...)
  end
end

--- A method: it looks at its object first, then at the number of its arguments.
---@generic F: function
---@param metatable table the class's
---@param least integer the object included
---@param most integer
---@param fn F
---@return F
function check.method(metatable, least, most, fn)
  return function(...)
    local count = select("#", ...)
    local self = ...
    if getmetatable(self) ~= metatable then
      check.fail_type(1, metatable.__name, count == 0 and "no value" or type(self))
    end
    if count < least or count > most then
      check.fail(count, "incorrect number of arguments")
    end
    return fn(...)
  end
end

--- Methods that several classes have, or that have a file of their own: a function that adds them to those of a class
--- which is about to be made.
---@param methods table<string, function>
---@param counts table<string, integer[]> as for `class`
---@return fun(to_methods: table<string, function>, to_counts: table<string, integer[]>)
function check.mixin(methods, counts)
  return function(to_methods, to_counts)
    for name, range in pairs(counts) do
      to_methods[name], to_counts[name] = methods[name], range
    end
  end
end

--- Makes a class of `methods`.
---@param name string as messages call it
---@param methods table<string, function>
---@param counts table<string, integer[]> the least and the most arguments of each, the object included
---@return table metatable of its objects
function check.class(name, methods, counts)
  local metatable = { __index = methods, __name = name }
  for method, range in pairs(counts) do
    methods[method] = check.method(metatable, range[1], range[2], methods[method])
  end
  return metatable
end

return check
