--- The same work by LuaJIT's FFI straight on librdkafka, one call for each message: what a shim without a library of
--- its own would do. LIBRDKAFKA is a shared one.

local ffi = require("ffi")

ffi.cdef([[
struct bench_timespec { long tv_sec; long tv_nsec; };
int clock_gettime(int clock, struct bench_timespec *now);

typedef struct rd_kafka rd_kafka_t;
typedef struct rd_kafka_conf rd_kafka_conf_t;
typedef struct rd_kafka_topic rd_kafka_topic_t;
typedef struct rd_kafka_queue rd_kafka_queue_t;
typedef struct rd_kafka_event rd_kafka_event_t;
typedef struct rd_kafka_list rd_kafka_topic_partition_list_t;
typedef struct {
  int err; void *rkt; int32_t partition; void *payload; size_t len; void *key; size_t key_len; int64_t offset;
  void *private;
} rd_kafka_message_t;
rd_kafka_conf_t *rd_kafka_conf_new(void);
int rd_kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, char *errstr, size_t size);
void rd_kafka_conf_set_log_cb(rd_kafka_conf_t *conf, void *callback);
void rd_kafka_conf_set_events(rd_kafka_conf_t *conf, int events);
rd_kafka_t *rd_kafka_new(int type, rd_kafka_conf_t *conf, char *errstr, size_t size);
rd_kafka_topic_t *rd_kafka_topic_new(rd_kafka_t *rk, const char *topic, void *conf);
int rd_kafka_produce(rd_kafka_topic_t *rkt, int32_t partition, int flags, const char *payload, size_t len,
                     const void *key, size_t key_len, void *opaque);
rd_kafka_queue_t *rd_kafka_queue_get_main(rd_kafka_t *rk);
rd_kafka_event_t *rd_kafka_queue_poll(rd_kafka_queue_t *queue, int timeout_ms);
const rd_kafka_message_t *rd_kafka_event_message_next(rd_kafka_event_t *event);
void rd_kafka_event_destroy(rd_kafka_event_t *event);
void rd_kafka_poll_set_consumer(rd_kafka_t *rk);
rd_kafka_topic_partition_list_t *rd_kafka_topic_partition_list_new(int size);
void *rd_kafka_topic_partition_list_add(rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition);
int rd_kafka_assign(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list);
rd_kafka_message_t *rd_kafka_consumer_poll(rd_kafka_t *rk, int timeout_ms);
void rd_kafka_message_destroy(rd_kafka_message_t *message);
]])

local C = ffi.load(os.getenv("LIBRDKAFKA"))

local PRODUCER, CONSUMER, COPY, DELIVERY_REPORTS = 0, 1, 2, 1
local CLOCK_MONOTONIC = 1
-- As in bench.h.
local SENDS_PER_POLL = 100

-- See bench.h; it knows `send` until the last message is queued, and `receive`.
local name, servers, topic = arg[1], arg[4], arg[5]
local size, count = tonumber(arg[6]), tonumber(arg[7])

local now = ffi.new("struct bench_timespec")
local function now_ns()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, now)
  return 1e9 * tonumber(now.tv_sec) + tonumber(now.tv_nsec)
end

local function start(kind)
  local conf = C.rd_kafka_conf_new()
  assert(C.rd_kafka_conf_set(conf, "bootstrap.servers", servers, nil, 0) == 0)
  for i = 8, #arg, 2 do
    assert(C.rd_kafka_conf_set(conf, arg[i], arg[i + 1], nil, 0) == 0, arg[i])
  end
  C.rd_kafka_conf_set_log_cb(conf, nil)
  if kind == PRODUCER then
    C.rd_kafka_conf_set_events(conf, DELIVERY_REPORTS)
  end
  local client = C.rd_kafka_new(kind, conf, nil, 0)
  assert(client ~= nil, "rd_kafka_new")
  return client
end

local function send_round(client)
  local topic_handle = C.rd_kafka_topic_new(client, topic, nil)
  local queue = C.rd_kafka_queue_get_main(client)
  local payload = ("\0"):rep(size)
  local last
  local function poll(timeout_ms)
    local event = C.rd_kafka_queue_poll(queue, timeout_ms)
    if event ~= nil then
      local message = C.rd_kafka_event_message_next(event)
      while message ~= nil do
        assert(message.err == 0)
        last = tonumber(ffi.cast("uintptr_t", message.private))
        message = C.rd_kafka_event_message_next(event)
      end
      C.rd_kafka_event_destroy(event)
    end
  end
  return function()
    last = nil
    local began = now_ns()
    for id = 1, count do
      while C.rd_kafka_produce(topic_handle, -1, COPY, payload, #payload, nil, 0, ffi.cast("void *", id)) ~= 0 do
        poll(1)
      end
      if id % SENDS_PER_POLL == 0 then
        poll(0)
      end
    end
    local sent = now_ns()
    while last ~= count do
      poll(1000)
    end
    return sent - began
  end
end

local function receive_round(client)
  C.rd_kafka_poll_set_consumer(client)
  local list = C.rd_kafka_topic_partition_list_new(1)
  C.rd_kafka_topic_partition_list_add(list, topic, 0)
  assert(C.rd_kafka_assign(client, list) == 0)
  local function receive(timeout_ms)
    local message = C.rd_kafka_consumer_poll(client, timeout_ms)
    if message == nil then
      return nil
    end
    assert(message.err == 0)
    local value = ffi.string(message.payload, message.len)
    C.rd_kafka_message_destroy(message)
    return value
  end
  return function()
    local timeout_ms = 0
    local began = now_ns()
    for _ = 1, count do
      local value = receive(timeout_ms)
      while not value do
        timeout_ms = 1000
        value = receive(timeout_ms)
      end
      assert(#value == size)
    end
    return timeout_ms == 0 and now_ns() - began or nil
  end
end

local round
if name == "receive" then
  round = receive_round(start(CONSUMER))
else
  round = send_round(start(PRODUCER))
end
io.stdout:setvbuf("line")
print("ready")
for _ in io.lines() do
  local ns = round()
  print(ns and ("%.1f"):format(ns / count) or "starved")
end
-- Nothing of it is to be measured any more.
os.exit(0, false)
