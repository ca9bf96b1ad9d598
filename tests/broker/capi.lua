-- What the seed's Lua API has no words for, through the C API: keys, null values, and each report with its place.

local ffi = require("ffi")
local kafka = require("kafka")
local C = require("kafka.native").C

local capi = {}

local err = ffi.new("kafka_error")

local function check(code)
  if code ~= 0 then
    error(ffi.string(err.message), 2)
  end
end

local Producer = {}
Producer.__index = Producer

function capi.producer(brokers, topic, properties)
  local conf = ffi.new("kafka_conf *[1]")
  check(C.kafka_conf_new(conf, err))
  for name, value in pairs(properties) do
    check(C.kafka_conf_set(conf[0], name, value, err))
  end
  local producer, handle = ffi.new("kafka_producer *[1]"), ffi.new("kafka_topic *[1]")
  check(C.kafka_producer_new(brokers, conf[0], producer, nil, err))
  C.kafka_conf_free(conf[0])
  check(C.kafka_producer_create_topic(producer[0], topic, nil, handle, err))
  return setmetatable({ producer = producer[0], topic = handle[0] }, Producer)
end

-- Returns 0 or the code with which the message was refused.
function Producer:send(partition, key, value, id)
  return C.kafka_producer_send(
    self.producer,
    self.topic,
    partition,
    key,
    key and #key or 0,
    value,
    value and #value or 0,
    id,
    err
  )
end

local REPORT_MAX = 1000
local reports, count = ffi.new("kafka_report[?]", REPORT_MAX), ffi.new("size_t[1]")

-- Calls handle(id, partition, offset, code) for what has been reported so far; returns how often.
function Producer:reports(handle)
  local total = 0
  repeat
    check(C.kafka_producer_reports(self.producer, reports, REPORT_MAX, count, err))
    for index = 0, tonumber(count[0]) - 1 do
      local report = reports[index]
      handle(tonumber(report.opaque), report.partition, tonumber(report.offset), report.code)
    end
    total = total + tonumber(count[0])
  until count[0] < REPORT_MAX
  return total
end

function Producer:close()
  check(C.kafka_producer_close(self.producer, 10000, nil, nil, err))
  C.kafka_topic_free(self.topic)
  C.kafka_producer_free(self.producer)
end

capi.QUEUE_FULL = kafka.err.QUEUE_FULL

return capi
