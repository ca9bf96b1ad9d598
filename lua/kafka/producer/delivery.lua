--- Messages of `produce` that may be reported one by one: the number that each carries through the library, and its
--- opaque and handler meanwhile.

local native = require("kafka.native")
local tokens = require("kafka.producer.tokens")

-- The numbers: odd, and from here on. No Lua number is one, so no sequence id is.
local FIRST = 0x2000000000000001ULL

-- What is kept where a message has a handler and no opaque.
local NOTHING = {}

local delivery = {}

---@class kafka.Delivery
---@field private opaques kafka.Tokens
---@field private handlers (function|false)[]
local Delivery = {}
Delivery.__index = Delivery

---@return kafka.Delivery
function delivery.new()
  return setmetatable({ opaques = tokens.new(), handlers = {} }, Delivery)
end

--- The number of a message with neither opaque nor handler.
delivery.FIRST = FIRST

--- The number to give to a message, until `take`.
---@param opaque any
---@param on_delivery? function
---@return ffi.cdata* number
function Delivery:keep(opaque, on_delivery)
  if opaque == nil then
    opaque = NOTHING
  end
  local index = self.opaques:keep(opaque)
  self.handlers[index] = on_delivery or false
  return FIRST + 2 * index
end

--- Whether a number is that of a message of `produce`.
---@param number ffi.cdata*
---@return boolean
function delivery.is_one(number)
  -- FIRST is odd, and so is NO_ID.
  return number >= FIRST and number % 2 == 1 and number ~= native.NO_ID
end

--- What was kept for a number of `produce`, once.
---@param number ffi.cdata*
---@return any opaque
---@return function|false|nil handler
function Delivery:take(number)
  local index = tonumber((number - FIRST) / 2)
  if index == 0 then
    return nil
  end
  local opaque, handler = self.opaques:take(index), self.handlers[index]
  self.handlers[index] = false
  if opaque == NOTHING then
    opaque = nil
  end
  return opaque, handler
end

return delivery
