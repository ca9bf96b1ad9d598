-- Calls that wait keep their time, whatever the brokers do: they are back when it is up, and no more than 50 ms later.

local ffi = require("ffi")
local support = require("support")

ffi.cdef([[
  int socket(int domain, int type, int protocol);
  int listen(int fd, int backlog);
  int getsockname(int fd, void *address, unsigned *length);
  int close(int fd);
]])

local TIMEOUT_MS = 60

-- The kind of brokers that answer at first.
local MUTE = "that fall silent"

local T = { topic = "t", value = "x" }
local PARTITION = { topic = "t", partition = 0 }
local PLACE = { topic = "t", partition = 0, offset = 0 }
local PLACES = { PLACE }
local AT_ONE = { topic = "t", partition = 0, offset = 1 }

-- A method that takes its timeout behind these arguments.
local function method(name, ...)
  local given = { ... }
  return {
    name = name,
    call = function(object)
      local arguments = { unpack(given) }
      arguments[#arguments + 1] = TIMEOUT_MS
      return object[name](object, unpack(arguments))
    end,
  }
end

local function call(name, fn)
  return { name = name, call = fn }
end

-- One that need not wait where its object is as it is here.
local function early(it)
  it.early = true
  return it
end

-- A producer in a transaction, of which brokers know.
local transaction_count = 0
local function in_transaction(...)
  transaction_count = transaction_count + 1
  local id = "transaction " .. transaction_count
  return {
    make = function(brokers)
      return support.producer(brokers, { ["transactional.id"] = id })
    end,
    ready = function(producer)
      assert.equal(true, producer:init_transactions(15000))
      assert.equal(true, producer:begin_transaction())
      assert.equal(true, producer:produce(T))
      assert.equal(true, producer:flush(15000))
    end,
    only_with = MUTE,
    ...,
  }
end

local function has_partitions(member)
  support.eventually(15, "its partitions", function()
    member:poll(20)
    return #member:assignment() > 0
  end)
end

-- Objects, each with the calls to make on it. `ready`: what brokers that answer at first have to do for it; `fill`: it
-- has a message that no broker answers for.
local OBJECTS = {
  ["a consumer"] = {
    make = function(brokers)
      local consumer = support.consumer(brokers, nil, { ["group.id"] = "assigned" })
      assert.equal(true, consumer:assign(PLACES))
      return consumer
    end,
    method("poll"),
    method("receive"),
    method("consume", 10),
    method("consume_views", 10),
    call("messages", function(consumer)
      return consumer:messages(TIMEOUT_MS)()
    end),
    call("kafka_consumer_poll", function(consumer)
      return support.clib().kafka_consumer_poll(consumer.handle, TIMEOUT_MS, ffi.new("kafka_message"), nil)
    end),
    method("commit", PLACES),
    method("committed", PLACES),
    method("watermarks", "t", 0),
    method("offsets_for_times", { { topic = "t", partition = 0, timestamp = 1 } }),
    early(method("seek", PLACE)),
    -- Not a wait; it must not become one.
    early(call("unsubscribe", function(consumer)
      return consumer:unsubscribe()
    end)),
    method("close"),
  },
  ["a member"] = {
    make = function(brokers)
      return support.consumer(brokers, { "t" }, { ["group.id"] = "subscribed" })
    end,
    ready = has_partitions,
    method("poll"),
    early(method("close")),
  },
  ["a member with handlers"] = {
    make = function(brokers)
      local function on_move() end
      local options = { on_assign = on_move, on_revoke = on_move }
      return support.consumer(brokers, { "t" }, { ["group.id"] = "handled" }, options)
    end,
    ready = has_partitions,
    method("receive"),
    method("consume", 10),
    early(call("kafka_consumer_leave", function(member)
      return support.clib().kafka_consumer_leave(member.handle, TIMEOUT_MS, nil)
    end)),
    early(method("close")),
  },
  ["a producer"] = {
    make = function(brokers)
      return support.producer(brokers)
    end,
    fill = true,
    method("poll"),
    method("flush"),
    call("metadata", function(producer)
      return producer:metadata({ timeout = TIMEOUT_MS })
    end),
    -- What has been reported once is known.
    early(method("cluster_id")),
    call("kafka_producer_wait", function(producer)
      return support.clib().kafka_producer_wait(producer.handle, TIMEOUT_MS, nil)
    end),
    method("produce_sync", T),
    method("close"),
  },
  ["a producer that hears of everything"] = {
    make = function(brokers)
      local function handle() end
      local options = { reports = true, on_delivery = handle, on_error = handle, on_stats = handle }
      return support.producer(brokers, { ["statistics.interval.ms"] = 5 }, options)
    end,
    fill = true,
    method("poll"),
    method("flush"),
    method("produce_sync", T),
    early(method("cluster_id")),
    method("close"),
  },
  ["a full producer"] = {
    make = function(brokers)
      local conf = { ["queue.buffering.max.messages"] = 1 }
      local producer = support.producer(brokers, conf, { block_ms = TIMEOUT_MS })
      producer:create_topic("t")
      return producer
    end,
    fill = true,
    call("produce", function(producer)
      return producer:produce(T)
    end),
    call("produce_batch", function(producer)
      return producer:produce_batch("t", { "x" })
    end),
    call("send", function(producer)
      return producer:send("t", 0, 1, "x")
    end),
    method("close"),
  },
  ["a producer of transactions"] = {
    make = function(brokers)
      return support.producer(brokers, { ["transactional.id"] = "new" })
    end,
    method("init_transactions"),
    early(method("close")),
  },
  ["a producer whose transaction gets offsets"] = in_transaction(call("send_offsets_to_transaction", function(producer)
    local consumer = support.consumer(support.NOWHERE, nil, { ["group.id"] = "in a transaction" })
    return producer:send_offsets_to_transaction({ AT_ONE }, consumer, TIMEOUT_MS)
  end)),
  ["a producer that commits"] = in_transaction(method("commit_transaction")),
  ["a producer that aborts"] = in_transaction(method("abort_transaction")),
  ["a producer that runs a transaction"] = {
    make = function(brokers)
      return support.producer(brokers, { ["transactional.id"] = "run" })
    end,
    ready = function(producer)
      assert.equal(true, producer:init_transactions(15000))
    end,
    only_with = MUTE,
    call("transaction", function(producer)
      return producer:transaction(function()
        assert.equal(true, producer:produce(T))
      end, TIMEOUT_MS)
    end),
  },
  ["an admin client"] = {
    make = support.admin,
    -- The mock cluster's say beforehand that they know no admin requests.
    not_with = MUTE,
    method("create_topics", { { topic = "x" } }),
    method("delete_topics", { "x" }),
    method("create_partitions", { { topic = "x", partitions = 2 } }),
    method("describe_topics", { "x" }),
    method("describe_cluster", {}),
    method("describe_configs", { { type = "topic", name = "x" } }),
    method("incremental_alter_configs", { { type = "topic", name = "x", set = { ["retention.ms"] = 1 } } }),
    method("list_groups", {}),
    method("describe_groups", { "g" }),
    method("delete_groups", { "g" }),
    method("list_group_offsets", { { group = "g", partitions = { PARTITION } } }),
    method("alter_group_offsets", { { group = "g", offsets = { AT_ONE } } }),
    method("delete_group_offsets", { { group = "g", partitions = { PARTITION } } }),
    method("list_offsets", { { topic = "t", partition = 0, offset = "earliest" } }),
    method("delete_records", { AT_ONE }),
    method("elect_leaders", { PARTITION }),
    method("create_acls", {
      { type = "topic", name = "x", principal = "User:u", operation = "read", permission = "allow" },
    }),
    method("describe_acls", { type = "topic" }),
    method("delete_acls", { { type = "topic" } }),
    method("describe_user_scram_credentials", { "u" }),
    method("alter_user_scram_credentials", { { user = "u", mechanism = "SCRAM-SHA-256", password = "p" } }),
    early(method("close")),
  },
}

-- Where brokers are that do not answer. Returns their addresses, a function that makes them silent, and one that ends
-- them.
local BROKERS = {
  ["that cannot be reached"] = function()
    return support.NOWHERE, nil, function() end
  end,
  -- The kernel accepts connections, and no process reads from them.
  ["that say nothing"] = function()
    local INET, STREAM = 2, 1
    local fd = ffi.C.socket(INET, STREAM, 0)
    local address, length = ffi.new("uint8_t[16]"), ffi.new("unsigned[1]", 16)
    -- Without having been bound, it listens at some free port.
    assert(ffi.C.listen(fd, 64) == 0 and ffi.C.getsockname(fd, address, length) == 0)
    return "127.0.0.1:" .. address[2] * 256 + address[3], nil, function()
      ffi.C.close(fd)
    end
  end,
  [MUTE] = function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    return brokers, function()
      cluster:set_rtt(1, 60000)
    end, function() end
  end,
}

describe("time is kept", function()
  after_each(support.close_all)

  local function assert_kept(object, measured)
    -- An object can be closed once.
    local tries = measured.name == "close" and 1 or nil
    local late = support.overrun(TIMEOUT_MS, 50, function()
      measured.call(object)
    end, tries)
    if late >= 50 or late < -5 and not measured.early then
      error(("%s: %.1f ms late"):format(measured.name, late), 0)
    end
  end

  local function assert_all_kept(object_kind, start)
    local brokers, silence, stop = start()
    local object = object_kind.make(brokers)
    if silence then
      assert(object:metadata({ timeout = 15000 }))
      if object_kind.ready then
        object_kind.ready(object)
      end
      silence()
    end
    if object_kind.fill then
      assert.equal(true, object:produce(T))
    end
    for _, measured in ipairs(object_kind) do
      assert_kept(object, measured)
    end
    stop()
  end

  for where, start in pairs(BROKERS) do
    for name, object_kind in pairs(OBJECTS) do
      if object_kind.only_with == where or not object_kind.only_with and object_kind.not_with ~= where then
        it(("#timing by %s, with brokers %s"):format(name, where), function()
          -- An object can be closed once.
          for _ = 1, 2 do
            if pcall(assert_all_kept, object_kind, start) then
              return
            end
            support.close_all()
          end
          assert_all_kept(object_kind, start)
        end)
      end
    end
  end

  it("by every method that takes a timeout", function()
    local measured = {}
    for _, object_kind in pairs(OBJECTS) do
      for _, each in ipairs(object_kind) do
        measured[each.name] = true
      end
    end
    local count = 0
    local parts = { "producer.flush", "producer.produce", "producer.send", "producer.transaction" }
    for _, file in ipairs({ "admin", "client", "consumer", "offsets", "producer", unpack(parts) }) do
      local path = assert(package.searchpath("kafka." .. file, package.path))
      for name in support.read(path):gmatch("\nfunction %u%w+:([%w_]+)%([^)]*timeout_ms%)") do
        assert.is_true(measured[name], name .. " is not measured")
        count = count + 1
      end
    end
    assert.is_true(count > 20, count)
  end)
end)
