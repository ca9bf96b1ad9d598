-- How objects end: closed, collected, at the process's end, and in a forked child.

local support = require("support")

local kafka = require("kafka")

local CLOSED, FORKED, TRANSPORT = support.CLOSED, support.FORKED, kafka.err.TRANSPORT

local function pack(...)
  return { n = select("#", ...), ... }
end

local function assert_failure(text, code, ...)
  assert.same({ n = 3, [2] = text, [3] = code }, pack(...))
end

describe("closing", function()
  local cluster, brokers

  before_each(function()
    cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
  end)

  after_each(support.close_all)

  it("a producer flushes it", function()
    local producer = support.producer(brokers, { ["linger.ms"] = 60000 })
    producer:create_topic("t")
    for index = 1, 50 do
      assert.equal(0, producer:send("t", 0, index, tostring(index)))
    end
    assert.same({ n = 1, true }, pack(producer:close()))
    assert.equal("50", support.receive(support.consumer(brokers, { "t:0" }), 50)[50].value)
  end)

  it("a producer says how many messages it gave up", function()
    local producer = support.producer(support.NOWHERE)
    producer:create_topic("t")
    for index = 1, 7 do
      assert.equal(0, producer:send("t", 0, index, "x"))
    end
    local start = support.now()
    local closed = pack(support.without_cause(producer:close(200)))
    assert.same({ n = 4, [2] = "timeout", [3] = support.TIMED_OUT, [4] = 7 }, closed)
    assert.is_true(support.now() - start < 3)
    assert.same({ n = 1, true }, pack(producer:close()))
  end)

  it("a producer twice returns true, and then it says closed", function()
    local producer = support.producer(brokers)
    producer:create_topic("t")
    assert.equal(true, producer:close())
    assert.equal(true, producer:close())
    assert.equal(true, producer:close(0))
    assert_failure("closed", CLOSED, producer:create_topic("t"))
    assert_failure("closed", CLOSED, producer:create_topic("u", { ["message.timeout.ms"] = 1 }))
    assert_failure("closed", CLOSED, producer:has_topic("t"))
    assert_failure("closed", CLOSED, producer:destroy_topic("t"))
    assert_failure("closed", CLOSED, producer:send("t", 0, 1, "x"))
    assert_failure("closed", CLOSED, producer:send("u", 0, 1, "x"))
    assert_failure("closed", CLOSED, producer:poll())
    assert_failure("closed", CLOSED, producer:poll(-1))
  end)

  it("a consumer twice returns true, and then it says closed", function()
    for _, topic in ipairs({ "t", "t:0" }) do
      local consumer = support.consumer(brokers, { topic })
      consumer:receive(10)
      assert.same({ n = 1, true }, pack(consumer:close()))
      assert.same({ n = 1, true }, pack(consumer:close()))
      assert_failure("closed", CLOSED, consumer:receive())
      assert_failure("closed", CLOSED, consumer:receive(-1))
    end
  end)

  it("a mock cluster twice returns true, and then it says closed", function()
    assert.same({ n = 1, true }, pack(cluster:close()))
    assert.same({ n = 1, true }, pack(cluster:close()))
    assert_failure("closed", CLOSED, cluster:bootstrap_servers())
    assert_failure("closed", CLOSED, cluster:create_topic("u", 1, 1))
    assert_failure("closed", CLOSED, cluster:broker_down(1))
    assert_failure("closed", CLOSED, cluster:broker_up(1))
    assert_failure("closed", CLOSED, cluster:set_rtt(1, 1))
    assert_failure("closed", CLOSED, cluster:push_errors(0, 7))
    assert_failure("closed", CLOSED, cluster:set_leader("t", 0, 1))
  end)

  it("everything leaves no thread and no file behind", function()
    support.close_all()
    support.collect()
    local function round()
      local own_cluster, own_brokers = support.cluster()
      own_cluster:create_topic("t", 1, 1)
      local producer = support.producer(own_brokers)
      producer:create_topic("t")
      assert.equal(0, producer:send("t", 0, 1, "x"))
      support.receive(support.consumer(own_brokers, { "t" }), 1)
      support.close_all()
      support.collect()
    end
    round()
    local threads, fds = support.threads(), support.fds()
    for _ = 1, 5 do
      round()
    end
    support.no_more_than(threads, support.threads())
    support.no_more_than(fds, support.fds())
  end)
end)

describe("collecting", function()
  local cluster, brokers

  before_each(function()
    cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
  end)

  after_each(support.close_all)

  it("a producer flushes it", function()
    local function send()
      local producer = kafka.producer(brokers, { ["linger.ms"] = 60000 })
      producer:create_topic("t")
      for index = 1, 50 do
        assert.equal(0, producer:send("t", 0, index, tostring(index)))
      end
    end
    send()
    support.collect()
    assert.equal("50", support.receive(support.consumer(brokers, { "t:0" }), 50)[50].value)
  end)

  it("a producer whose topics go first, or last, is the same", function()
    for _ = 1, 20 do
      local producer = kafka.producer(brokers)
      for index = 1, 5 do
        producer:create_topic("t" .. index)
      end
      producer:destroy_topic("t3")
    end
    support.collect()
  end)

  it("a producer that cannot deliver says how many messages it gave up, within a second and without a wait", function()
    local text = ([[
      local kafka = require("kafka")
      local producer = kafka.producer(%q)
      producer:create_topic("t")
      for index = 1, 7 do
        assert(producer:send("t", -1, index, "x") == 0)
      end
      local clock = require("system").monotime
      local start = clock()
      producer = nil
      collectgarbage()
      collectgarbage()
      print(clock() - start)
      io.stdout:flush()
      os.exit(0)
    ]]):format(support.NOWHERE)
    local collected, ended = math.huge, math.huge
    for _ = 1, 3 do
      local start = support.now()
      local result = support.program(text)
      ended = math.min(ended, support.now() - start)
      assert.equal(0, result.code)
      assert.matches("^kafka[^\n]*%f[%d]7%f[%D][^\n]*\n$", result.err)
      collected = math.min(collected, tonumber(result.out))
      if collected < 0.1 and ended < 1.5 then
        break
      end
    end
    assert.is_true(collected < 0.1, ("it was collected in %.2f s"):format(collected))
    assert.is_true(ended > 0.8 and ended < 1.5, ("the process took %.2f s"):format(ended))
  end)

  it("a producer that has delivered everything says nothing", function()
    local result = support.program(([[
      local kafka = require("kafka")
      local producer = kafka.producer(%q)
      producer:create_topic("t")
      assert(producer:send("t", 0, 1, "x") == 0)
      producer = nil
      collectgarbage()
      collectgarbage()
    ]]):format(brokers))
    assert.equal(0, result.code)
    assert.equal("", result.out)
    assert.equal("", result.err)
    assert.equal("x", support.receive(support.consumer(brokers, { "t:0" }), 1)[1].value)
  end)

  it("#many thousands of objects leaves nothing behind", function()
    local function make(index)
      local producer = kafka.producer(support.NOWHERE)
      producer:create_topic("t")
      producer:create_topic("u")
      if index % 4 == 0 then
        kafka.consumer(support.NOWHERE, index % 8 == 0 and { "t:0" } or nil, { ["group.id"] = "g" })
      end
    end
    local function round(count)
      for index = 1, count do
        make(index)
        if index % 20 == 0 then
          support.collect()
        end
      end
    end
    round(400)
    local threads, fds = support.threads(), support.fds()
    support.keeps_memory_below(2 * 1024, function()
      -- As many producers, a quarter as many consumers, and the producers' topics.
      round(4000)
    end)
    support.no_more_than(threads, support.threads())
    support.no_more_than(fds, support.fds())
  end)
end)

describe("closing while calls are under way", function()
  after_each(support.close_all)

  it("completes them, and leaves nothing behind of 1,000 clients #many", function()
    local C, out = support.clib(), require("ffi").new("kafka_future *[1]")
    local makers = { support.producer, support.admin, support.consumer }
    local threads = support.thread_count()
    -- librdkafka goes on asking until the call's own time is up.
    local function rest()
      support.collect()
      support.eventually(30, "as few threads as before", function()
        return support.thread_count() <= threads
      end)
    end
    local closed = 0
    local function round(count)
      for index = 1, count do
        local client = makers[index % #makers + 1](support.NOWHERE)
        assert.equal(0, C.kafka_client_metadata(client.client, nil, 20, nil, out, nil))
        support.close_all()
        -- On a busy machine some have failed before.
        local code = C.kafka_future_wait(out[0], 0, nil)
        assert.is_true(code == CLOSED or code == TRANSPORT or code == support.TIMED_OUT, code)
        closed = closed + (code == CLOSED and 1 or 0)
        C.kafka_future_free(out[0])
        if index % 20 == 0 then
          rest()
        end
      end
    end
    round(200)
    local fds = support.fds()
    support.keeps_memory_below(2 * 1024, function()
      round(1000)
    end)
    assert.is_true(closed > 600, closed)
    support.no_more_than(fds, support.fds())
  end)
end)

describe("at the end of the process", function()
  local cluster, brokers

  before_each(function()
    cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
  end)

  after_each(support.close_all)

  for name, ending in pairs({
    ["os.exit"] = "os.exit(3)",
    ["os.exit that closes the state"] = "os.exit(3, true)",
    ["the last line"] = "",
    ["an error"] = "error('the end')",
  }) do
    it("what is queued is delivered: " .. name, function()
      local result = support.program(([[
        local kafka = require("kafka")
        producer = kafka.producer(%q, { ["linger.ms"] = 60000 })
        producer:create_topic("t")
        for index = 1, 100 do
          assert(producer:send("t", 0, index, tostring(index)) == 0)
        end
        consumer = kafka.consumer(%q, { "t" }, { ["group.id"] = "g" })
        consumer:receive(10)
        %s
      ]]):format(brokers, brokers, ending))
      assert.equal(ending:match("os.exit") and 3 or ending ~= "" and 1 or 0, result.code)
      assert.equal("", result.out)
      if not ending:match("^error") then
        assert.equal("", result.err)
      end
      local messages = support.receive(support.consumer(brokers, { "t:0" }), 100)
      assert.equal("100", messages[100].value)
    end)

    it("what cannot be delivered is counted, and holds nothing up: " .. name, function()
      local result = support.program(([[
        local kafka = require("kafka")
        producer = kafka.producer(%q)
        producer:create_topic("t")
        for index = 1, 7 do
          assert(producer:send("t", 0, index, "x") == 0)
        end
        consumer = kafka.consumer(%q, { "t" }, { ["group.id"] = "g" })
        %s
      ]]):format(support.NOWHERE, support.NOWHERE, ending))
      assert.equal(ending:match("os.exit") and 3 or ending ~= "" and 1 or 0, result.code)
      assert.matches("%f[%d]7%f[%D]", result.err)
      assert.is_true(result.seconds < 4, ("it took %.1f s"):format(result.seconds))
    end)
  end

  it("#many a hundred processes that end in the middle of everything do not crash", function()
    local text = ([[
      local kafka = require("kafka")
      local producer = kafka.producer(%q, { ["linger.ms"] = 0 })
      producer:create_topic("t")
      local consumer = kafka.consumer(%q, { "t:0" }, { ["group.id"] = "g" })
      for index = 1, 20 do
        assert(producer:send("t", 0, index, "x") == 0)
      end
      consumer:receive(tonumber(os.getenv("WAIT")))
      os.exit(0, os.getenv("CLOSE") == "1")
    ]]):format(brokers, brokers)
    for round = 1, 100 do
      local result = support.program(text, { env = { WAIT = tostring(round % 5), CLOSE = tostring(round % 2) } })
      assert.equal(0, result.code)
      assert.equal("", result.err)
    end
  end)
end)

describe("after a fork", function()
  after_each(support.close_all)

  it("the child's calls say so, its end is quiet, and the parent goes on", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    local result = support.program(([[
      local ffi = require("ffi")
      ffi.cdef("int fork(void); int waitpid(int pid, int *status, int options);")
      local kafka = require("kafka")
      local producer = kafka.producer(%q, { ["linger.ms"] = 500 })
      producer:create_topic("t")
      local consumer = kafka.consumer(%q, { "t:0" }, { ["group.id"] = "g" }, { ["auto.offset.reset"] = "earliest" })
      local cluster = kafka.mock_cluster(1)
      assert(producer:send("t", 0, 1, "before") == 0)

      local function say(name, ...)
        local shown = {}
        for index = 1, select("#", ...) do
          shown[index] = tostring((select(index, ...)))
        end
        io.write(name, " ", table.concat(shown, " "), "\n")
      end

      local child = ffi.C.fork()
      if child == 0 then
        say("send", producer:send("t", 0, 2, "from the child"))
        say("poll", producer:poll(100))
        say("poll -1", producer:poll(-1))
        say("create_topic", producer:create_topic("new"))
        say("receive", consumer:receive(100))
        say("receive -1", consumer:receive(-1))
        say("create_topic on the cluster", cluster:create_topic("u", 1, 1))
        say("broker_down", cluster:broker_down(1))
        say("close", producer:close())
        say("close", consumer:close())
        say("close", cluster:close())
        io.flush()
        producer, consumer, cluster = nil, nil, nil
        collectgarbage()
        collectgarbage()
        os.exit(0, true)
      end
      local status = ffi.new("int[1]")
      assert(ffi.C.waitpid(child, status, 0) == child)
      print("status", status[0])
      assert(producer:send("t", 0, 3, "after") == 0)
      local id, failures = 0, 0
      repeat
        local reported, failed = producer:poll(10000)
        id, failures = reported or id, failures + failed
      until id == 3
      print("failures", failures)
      print(consumer:receive(10000))
      print(consumer:receive(10000))
      print(consumer:receive(300))
      print(consumer:close(), producer:close(), cluster:close())
    ]]):format(brokers, brokers))
    assert.equal("", result.err)
    local forked = "nil forked " .. FORKED
    assert.equal(
      table.concat({
        "send " .. forked,
        "poll " .. forked,
        "poll -1 " .. forked,
        "create_topic " .. forked,
        "receive " .. forked,
        "receive -1 " .. forked,
        "create_topic on the cluster " .. forked,
        "broker_down " .. forked,
        "close " .. forked,
        "close " .. forked,
        "close " .. forked,
        "status\t0",
        "failures\t0",
        "before\tt\t0\tnil",
        "after\tt\t0\tnil",
        "nil\tnil\tnil\tnil",
        "true\ttrue\ttrue",
        "",
      }, "\n"),
      result.out
    )
    assert.equal(0, result.code)
  end)
end)

-- Last: what cannot leave its group in time does so in the background, with threads that others would count.
describe("closing in any order", function()
  local cluster, brokers

  before_each(function()
    cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    support.send_raw(brokers, "t", { { partition = 0, value = "one" }, { partition = 0, value = "two" } })
  end)

  after_each(support.close_all)

  -- Closes it, which must not hang; how exactly it keeps its time is timing_spec's.
  local function close(object, timeout_ms)
    local start = support.now()
    local results = pack(object:close(timeout_ms))
    local took = support.now() - start
    assert.is_true(took < timeout_ms / 1000 + 10, ("closing took %.1f s"):format(took))
    assert.same(pack(true), pack(object:close(timeout_ms)))
    return results
  end

  it("a consumer before what it has taken", function()
    local consumer = support.consumer(brokers, { "t:0" })
    local batch = consumer:consume_views(2, 15000)
    assert.same(pack(true), close(consumer, 5000))
    consumer = nil
    support.collect()
    assert.equal("two", batch:message(2).value)
    batch:release()
    assert.equal(nil, consumer)
  end)

  it("a consumer in the middle of its loop", function()
    local consumer = support.consumer(brokers, { "t:0" })
    for message in consumer:messages(15000) do
      assert.equal("one", message.value)
      assert.same(pack(true), close(consumer, 5000))
    end
    assert_failure("closed", CLOSED, consumer:poll(-1))
  end)

  it("a producer inside a transaction, and the consumer whose offsets it has before it", function()
    local producer = support.producer(brokers, { ["transactional.id"] = "closed" })
    assert.equal(true, producer:init_transactions(15000))
    local consumer = support.consumer(brokers, { "t:0" })
    local metadata = consumer:group_metadata()
    assert.same(pack(true), close(consumer, 5000))
    consumer = nil
    support.collect()
    local committed = producer:transaction(function()
      assert.equal(true, producer:produce({ topic = "t", value = "three" }))
      assert(producer:send_offsets_to_transaction({ { topic = "t", partition = 0, offset = 2 } }, metadata, 15000))
    end)
    assert.equal(true, committed)
    assert.equal(true, producer:begin_transaction())
    assert.equal(true, producer:produce({ topic = "t", value = "in doubt" }))
    assert.same(pack(true), close(producer, 5000))
    assert_failure("closed", CLOSED, producer:commit_transaction())
    assert.equal(nil, consumer)

    -- From within.
    producer = support.producer(brokers, { ["transactional.id"] = "closed" })
    assert.equal(true, producer:init_transactions(15000))
    local done, text, code = producer:transaction(function()
      assert.equal(true, producer:produce({ topic = "t", value = "in doubt" }))
      assert.same(pack(true), close(producer, 5000))
    end)
    assert_failure("closed", CLOSED, done, text, code)
  end)

  it("an admin client with requests under way", function()
    local admin = support.admin(support.NOWHERE)
    local clib, out = support.clib(), require("ffi").new("kafka_future *[1]")
    assert.equal(0, clib.kafka_admin_list_groups(admin.handle, nil, -1, nil, out, nil))
    assert.same(pack(true), close(admin, 0))
    assert.equal(CLOSED, clib.kafka_future_wait(out[0], 15000, nil))
    clib.kafka_future_free(out[0])
    -- From a handler of its own, in the middle of a request.
    admin = support.admin(support.NOWHERE, nil, {
      on_error = function()
        assert.same(pack(true), close(admin, 0))
      end,
    })
    local found, text, code = admin:list_groups(15000)
    assert_failure("closed", CLOSED, found, text, code)
  end)

  it("the cluster before its clients", function()
    local producer = support.producer(brokers)
    local consumer = support.consumer(brokers, { "t:0" })
    local admin = support.admin(brokers)
    assert.equal("one", consumer:poll(15000).value)
    assert.equal(true, producer:flush(15000))
    assert.equal(true, cluster:close())
    assert.equal(true, producer:produce({ topic = "t", value = "too late" }))
    local closed = pack(support.without_cause(unpack(close(producer, 100), 1, 4)))
    assert.same({ n = 4, [2] = "timeout", [3] = support.TIMED_OUT, [4] = 1 }, closed)
    -- There is no coordinator to commit to.
    close(consumer, 100)
    assert.same(pack(true), close(admin, 100))
  end)
end)
