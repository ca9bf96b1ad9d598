--- Lua's values on their way through the library, which carries a number for each.

local tokens = {}

---@class kafka.Tokens
---@field private values any[] by token
---@field private unused integer[] tokens, a stack
---@field private unused_count integer
local Tokens = {}
Tokens.__index = Tokens

---@return kafka.Tokens
function tokens.new()
  return setmetatable({ values = {}, unused = {}, unused_count = 0 }, Tokens)
end

---@param value any not nil
---@return integer token 1 and above; small, as those taken back are used again
function Tokens:keep(value)
  local token = #self.values + 1
  local count = self.unused_count
  if count > 0 then
    token = self.unused[count]
    self.unused_count = count - 1
  end
  self.values[token] = value
  return token
end

---@param token integer
---@return any value
function Tokens:take(token)
  local value = self.values[token]
  -- Not nil: the length of the table is the number of tokens made.
  self.values[token] = false
  self.unused_count = self.unused_count + 1
  self.unused[self.unused_count] = token
  return value
end

return tokens
