-- The hot paths must compile, or they cost several times as much.

local support = require("support")

describe("compiled by the JIT", function()
  after_each(support.close_all)

  -- Runs a program of two functions and returns what LuaJIT reported of the traces it recorded in the second one.
  local function traces(text)
    local directory = support.directory()
    local result = support.program(
      ([[
        local v = require("jit.v")
        %s
        prepare()
        v.on(%q)
        run()
        v.off()
      ]]):format(text, directory .. "/traces"),
      { interpreter = "luajit" }
    )
    assert.equal("", result.err)
    assert.equal(0, result.code)
    local listing = support.read(directory .. "/traces")
    support.remove(directory)
    -- Not what it compiles of its own.
    return (listing:gsub("[^\n]*%f[%w]v%.lua[^\n]*\n", ""))
  end

  local function assert_compiled(listing)
    -- A root trace of the program's own loop, closed on itself.
    assert.matches("%[TRACE +%d+ program%.lua:%d+ loop%]", listing)
    -- What LuaJIT cannot compile, and what it will not try again. Other recordings may be given up: it happens to begin
    -- one where a rare path is taken, and begins another the next time around.
    assert.equal(nil, listing:find("NYI", 1, true), listing)
    assert.equal(nil, listing:find("blacklisted", 1, true), listing)
    -- Leaving machine code for a C function of Lua's, to come back to it afterwards.
    assert.equal(nil, listing:find("stitch", 1, true), listing)
  end

  it("a loop that sends and polls is machine code all through", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    local listing = traces(([[
      local producer
      local function prepare()
        local kafka = require("kafka")
        producer = kafka.producer(%q, { ["linger.ms"] = 5 })
        producer:create_topic("t")
      end
      local function run()
        local sent = 0
        for index = 1, 20000 do
          if producer:send("t", 0, index, "message") == 0 then
            sent = sent + 1
          end
          producer:poll()
        end
        assert(sent == 20000)
      end
    ]]):format(brokers))
    assert_compiled(listing)
  end)

  it("a loop that receives is machine code all through #many", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    local producer = support.producer(brokers)
    producer:create_topic("t")
    for index = 1, 20000 do
      assert.equal(0, producer:send("t", 0, index, ("message %d"):format(index)))
    end
    assert.equal(true, producer:close())
    local listing = traces(([[
      local consumer
      local function prepare()
        local kafka = require("kafka")
        consumer = kafka.consumer(
          %q, { "t:0" }, { ["group.id"] = "g" }, { ["auto.offset.reset"] = "earliest" }
        )
      end
      local function run()
        local received, bytes = 0, 0
        while received < 20000 do
          local message = consumer:receive()
          if message then
            received = received + 1
            bytes = bytes + #message
          end
        end
      end
    ]]):format(brokers))
    assert_compiled(listing)
  end)

  -- What a loop comes to that has loops of the library's inside: a part of it may be given up, but nothing that the JIT
  -- cannot compile at all.
  local function assert_compilable(listing, where)
    assert.matches("%[TRACE +%d+ " .. where .. "%.lua:%d+ loop%]", listing)
    assert.equal(nil, listing:find("NYI: bytecode", 1, true), listing)
    assert.equal(nil, listing:find("NYI: FastFunc", 1, true), listing)
    assert.equal(nil, listing:find("NYI: C function", 1, true), listing)
    assert.equal(nil, listing:find("stitch", 1, true), listing)
  end

  it("#many loops that produce are machine code all through, and so is what reads a batch", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 4, 1)
    local records = {
      [[{ topic = topic, value = "value" }]],
      [[{ topic = topic, partition = 0, key = "key", value = "value", headers = headers }]],
    }
    local by_record = [[
      for _ = 1, 20000 do
        if producer:produce(%s) then
          produced = produced + 1
        end
      end
    ]]
    local messages = {
      [["value"]],
      [[{ key = "key " .. index, value = "value" }]],
      [[{ value = "value", headers = headers }]],
    }
    local by_batch = [[
      local messages = {}
      for index = 1, 1000 do
        messages[index] = %s
      end
      for _ = 1, 20 do
        produced = produced + producer:produce_batch(topic, messages)
      end
    ]]
    local function run(loop, content)
      return traces(([[
        local kafka = require("kafka")
        local topic, headers = "t", { { "a", "b" }, { "a", kafka.null } }
        local producer
        local function prepare()
          producer = kafka.producer(%q, { ["linger.ms"] = 5 })
          producer:create_topic(topic)
        end
        local function run()
          local produced = 0
          %s
          assert(produced == 20000 and headers)
        end
      ]]):format(brokers, loop:format(content)))
    end
    for _, content in ipairs(records) do
      assert_compiled(run(by_record, content))
    end
    for _, content in ipairs(messages) do
      assert_compilable(run(by_batch, content), "produce")
    end
  end)

  it("#many loops that consume many at a time, and over messages, are compiled", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    local producer = support.producer(brokers)
    producer:create_topic("t")
    for index = 1, 20000 do
      assert.equal(0, producer:send("t", 0, index, ("message %d"):format(index)))
    end
    assert.equal(true, producer:close())
    for _, loop in ipairs({
      [[
        while received < 20000 do
          take(assert(consumer:poll(15000)).value)
        end
      ]],
      [[
        for message in consumer:messages(15000) do
          take(message.value)
          if received == 20000 then
            break
          end
        end
      ]],
      [[
        while received < 20000 do
          local messages = consumer:consume(100, 15000)
          for index = 1, #messages do
            take(messages[index].value)
          end
        end
      ]],
      [[
        while received < 20000 do
          local batch = consumer:consume_views(100, 15000)
          for index = 1, batch:len() do
            local pointer, length = batch:value_ptr(index)
            received, bytes = received + 1, bytes + length + pointer[0]
          end
          batch:release()
        end
      ]],
    }) do
      local listing = traces(([[
        local consumer
        local function prepare()
          local kafka = require("kafka")
          consumer = kafka.consumer(
            %q,
            { "t:0" },
            { ["group.id"] = "g", ["enable.auto.commit"] = false },
            { ["auto.offset.reset"] = "earliest" }
          )
        end
        local function run()
          local received, bytes = 0, 0
          local function take(value)
            received, bytes = received + 1, bytes + #value
          end
          %s
          assert(received == 20000 and bytes > 20000 and take)
        end
      ]]):format(brokers, loop))
      assert_compilable(listing, "program")
    end
  end)

  it("#many messages leave no more garbage than what they are", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    -- In a process of its own, where all of it is compiled.
    local result = support.program(
      ([[
        local kafka = require("kafka")
        local COUNT, value = 10000, ("x"):rep(92)
        local topic, batch = "t", {}
        for index = 1, 1000 do
          batch[index] = value
        end
        local producer = kafka.producer(%q, { ["linger.ms"] = 5 })
        producer:create_topic(topic)
        local kept, same = nil, { topic = topic, value = value }
        local ways = {
          send = function()
            for index = 1, COUNT do
              assert(producer:send(topic, 0, index, value) == 0)
            end
          end,
          produce = function()
            for _ = 1, COUNT do
              assert(producer:produce(same))
            end
          end,
          produce_batch = function()
            for _ = 1, COUNT, 1000 do
              assert(producer:produce_batch(topic, batch) == 1000)
            end
          end,
          receive = function(consumer)
            for _ = 1, COUNT do
              kept = assert(consumer:receive(15000))
            end
          end,
          poll = function(consumer)
            for _ = 1, COUNT do
              kept = assert(consumer:poll(15000))
            end
          end,
          consume = function(consumer)
            for _ = 1, COUNT, 1000 do
              local messages = assert(consumer:consume(1000, 15000))
              for index = 1, 1000 do
                kept = messages[index].value
              end
            end
          end,
          consume_views = function(consumer)
            for _ = 1, COUNT, 1000 do
              local views = assert(consumer:consume_views(1000, 15000))
              assert(views:len() == 1000 and views:value_ptr(1000)[0] > 0)
              views:release()
            end
          end,
        }
        local function measure(name, object, begin)
          local way = ways[name]
          for _ = 1, 2 do
            begin()
            way(object)
          end
          begin()
          collectgarbage()
          collectgarbage("stop")
          local before = collectgarbage("count")
          way(object)
          print(name, math.floor((collectgarbage("count") - before) * 1024 / COUNT))
          collectgarbage("restart")
        end
        for _, name in ipairs({ "send", "produce", "produce_batch" }) do
          measure(name, producer, function()
            assert(producer:flush(15000))
            producer:poll()
          end)
        end
        for index = 1, COUNT do
          assert(producer:send(topic, 0, index, ("%%08d"):format(index) .. value) == 0)
        end
        assert(producer:flush(15000))
        local consumer = kafka.consumer(%q, nil, { ["group.id"] = "g", ["enable.auto.commit"] = false })
        local _, last = consumer:watermarks(topic, 0)
        for _, name in ipairs({ "receive", "poll", "consume", "consume_views" }) do
          measure(name, consumer, function()
            assert(consumer:assign({ { topic = topic, partition = 0, offset = last - COUNT } }))
          end)
        end
        assert(kept and consumer:close() and producer:close())
      ]]):format(brokers, brokers),
      { interpreter = "luajit" }
    )
    assert.equal("", result.err)
    -- Some of it is made once for many, and some by traces that are left.
    local most = {
      send = 5,
      produce = 5,
      produce_batch = 5,
      receive = 160,
      poll = 420,
      consume = 300,
      consume_views = 5,
    }
    local count = 0
    for name, bytes in result.out:gmatch("(%S+)\t(%d+)\n") do
      count = count + 1
      assert.is_true(tonumber(bytes) <= most[name], name .. " leaves " .. bytes .. " bytes a message")
    end
    assert.equal(7, count)
  end)

  it("receive answers the same whether its caller is compiled or not", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 4, 1)
    local producer = support.producer(brokers)
    producer:create_topic("t")
    for index = 1, 3000 do
      assert.equal(0, producer:send("t", index % 4, index, tostring(index)))
    end
    assert.equal(true, producer:close())

    local function read_all(group, count)
      local consumer = support.consumer(brokers, { "t:0", "t:1", "t:2", "t:3" }, { ["group.id"] = group })
      local received, wrong = 0, 0
      while received < count do
        local message, topic, partition, key = consumer:receive()
        if message then
          received = received + 1
          if tonumber(message) % 4 ~= partition or topic ~= "t" or key then
            wrong = wrong + 1
          end
        end
      end
      return wrong
    end

    assert.equal(0, read_all("compiled", 3000))
    jit.off(read_all)
    assert.equal(0, read_all("interpreted", 3000))
  end)

  it("send answers the same whether its caller is compiled or not", function()
    local _, brokers = support.cluster()
    local producer = support.producer(brokers, { ["queue.buffering.max.messages"] = 1000 })
    producer:create_topic("t")

    local function send_all(count)
      local sent, refused, other = 0, 0, 0
      for index = 1, count do
        local errno = producer:send("t", 0, index, "x")
        if errno == 0 then
          sent = sent + 1
        elseif errno == 105 then
          refused = refused + 1
        else
          other = other + 1
        end
      end
      return sent, refused, other
    end

    assert.same({ 1000, 500, 0 }, { send_all(1500) })
    support.reported(producer, 1000)
    jit.off(send_all)
    assert.same({ 1000, 500, 0 }, { send_all(1500) })
  end)
end)
