-- Unsecured OAUTHBEARER tokens, as test brokers accept them.

local bit = require("bit")

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

local function base64url(data)
  return (
    data:gsub("..?.?", function(chunk)
      local a, b, c = chunk:byte(1, 3)
      local bits = a * 65536 + (b or 0) * 256 + (c or 0)
      local text = {}
      for at = 0, #chunk do
        local digit = bit.band(bit.rshift(bits, 18 - 6 * at), 63) + 1
        text[#text + 1] = DIGITS:sub(digit, digit)
      end
      return table.concat(text)
    end)
  )
end

local token = {}

--- A token of this user's that lasts for so many seconds, as set_oauthbearer_token takes it.
function token.unsecured(user, seconds)
  local now = os.time()
  local claims = ('{"sub":"%s","iat":%d,"exp":%d}'):format(user, now - 60, now + seconds)
  return {
    token = base64url('{"alg":"none"}') .. "." .. base64url(claims) .. ".",
    -- librdkafka takes no token that has expired by itself.
    lifetime_ms = (now + math.max(seconds, 3600)) * 1000,
    principal = user,
  }
end

return token
