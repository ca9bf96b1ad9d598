-- The lines of text in which these scripts and the peer exchange records: bytes are an "x" and their hex digits, a null
-- is "-".

local ffi = require("ffi")
local kafka = require("kafka")

ffi.cdef([[
int usleep(unsigned int);
typedef struct { long seconds, nanoseconds; } lines_time;
int clock_gettime(int, lines_time *);
]])

local lines = {}

local digits, bytes = {}, {}
for byte = 0, 255 do
  local hex, char = ("%02x"):format(byte), string.char(byte)
  digits[char], bytes[hex] = hex, char
end

function lines.encode(data)
  return data and "x" .. data:gsub(".", digits) or "-"
end

function lines.decode(text)
  if text == "-" then
    return nil
  end
  return (text:sub(2):gsub("..", bytes))
end

function lines.sleep(milliseconds)
  ffi.C.usleep(milliseconds * 1000)
end

local time = ffi.new("lines_time")

-- Milliseconds of a clock that only goes on.
function lines.now()
  ffi.C.clock_gettime(1, time)
  return tonumber(time.seconds) * 1000 + tonumber(time.nanoseconds) / 1e6
end

-- The reader of a pipe gets each line as it happens.
function lines.write(...)
  io.write(table.concat({ ... }, " "), "\n")
  io.flush()
end

-- Whether there is a file, as the one that ends a script.
function lines.exists(path)
  local file = io.open(path)
  return file and file:close()
end

-- The arguments of a script from `first` on, each a librdkafka property: name=value.
function lines.properties(arguments, first)
  local properties = {}
  for index = first, #arguments do
    local name, value = arguments[index]:match("^([%w.]+)=(.*)$")
    properties[assert(name, arguments[index])] = value
  end
  return properties
end

-- Headers as producer:produce takes them; nil for none.
local function headers_of(text)
  local headers = {}
  for name, value in text:gmatch("(x%x*)=([^,]+)") do
    headers[#headers + 1] = { lines.decode(name), lines.decode(value) or kafka.null }
  end
  return headers[1] and headers
end

-- Calls handle(partition, key, value, headers) for every record on stdin.
function lines.records(handle)
  for line in io.lines() do
    local partition, key, value, headers = line:match("^(%S+) (%S+) (%S+) (%S+)")
    handle(tonumber(partition), lines.decode(key), lines.decode(value), headers_of(headers))
  end
end

return lines
