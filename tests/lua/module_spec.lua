local support = require("support")

local LUA_FILES = "lua"

local function cargo_version()
  return support.read("Cargo.toml"):match('\nversion = "([^"]+)"')
end

-- A copy of the Lua files away from the checkout, where no library is beside them.
local function copy_lua_files(under)
  assert(os.execute(("cp -r '%s' '%s/lua'"):format(LUA_FILES, under)) == 0)
end

-- For a program that must find only the copy.
local function alone(directory, env)
  env = env or {}
  env.LUA_PATH = directory .. "/lua/?.lua"
  env.LUA_CPATH = directory .. "/none/?.so"
  return { directory = directory, env = env }
end

describe("the module", function()
  local kafka = require("kafka")
  local directory

  before_each(function()
    directory = support.directory()
  end)

  after_each(function()
    support.close_all()
    support.remove(directory)
  end)

  it("has the version of the crate", function()
    assert.matches("^%d+%.%d+%.%d+$", kafka.version())
    assert.equal(cargo_version(), kafka.version())
  end)

  it("knows what a code means", function()
    assert.same({
      name = "NOT_LEADER_FOR_PARTITION",
      text = "Broker: Not leader for partition",
      retriable = true,
      fatal = false,
      txn_requires_abort = false,
    }, kafka.err_info(kafka.err.NOT_LEADER_FOR_PARTITION))
    -- What of each flag, and of none.
    for flag, names in pairs({
      retriable = { "TIMED_OUT", "QUEUE_FULL", "TRANSPORT", "ALL_BROKERS_DOWN", "COORDINATOR_NOT_AVAILABLE" },
      fatal = { "FATAL", "FENCED", "PRODUCER_FENCED", "FENCED_INSTANCE_ID", "INVALID_PRODUCER_EPOCH" },
      txn_requires_abort = { "UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "TOPIC_AUTHORIZATION_FAILED" },
      none = { "NO_ERROR", "SSL", "AUTHENTICATION", "CLOSED", "FORKED", "INVALID_ARGUMENT", "TOPIC_ALREADY_EXISTS" },
    }) do
      for _, name in ipairs(names) do
        local info = kafka.err_info(kafka.err[name])
        for _, other in ipairs({ "retriable", "fatal", "txn_requires_abort" }) do
          assert.equal(other == flag, info[other], name .. " " .. other)
        end
      end
    end
    for name, code in pairs(kafka.err) do
      local info = kafka.err_info(code)
      assert.equal(name, info.name)
      assert.is_true(#info.text > 0)
    end
    assert.equal(nil, kafka.err_info(12345))
    assert.equal(nil, kafka.err_info(-999))
    for _, value in ipairs({ "x", {}, 2 ^ 40 }) do
      assert.equal(false, (pcall(kafka.err_info, value)))
    end
  end)

  it("sets the global kafka and no other", function()
    local result = support.program([[
      local before = {}
      for name in pairs(_G) do
        before[name] = true
      end
      local module = require("kafka")
      assert(rawequal(module, kafka), "the global is not the module")
      local cluster = kafka.mock_cluster(1)
      cluster:create_topic("t", 1, 1)
      local producer = kafka.producer(cluster:bootstrap_servers())
      producer:create_topic("t")
      assert(producer:send("t", 0, 1, "x") == 0)
      assert(producer:poll(10000) == 1)
      local consumer = kafka.consumer(
        cluster:bootstrap_servers(), { "t:0" }, { ["group.id"] = "g" }, { ["auto.offset.reset"] = "smallest" }
      )
      assert(consumer:receive(10000) == "x")
      consumer:close()
      producer:close()
      cluster:close()
      for name in pairs(_G) do
        if not before[name] then
          print(name)
        end
      end
    ]])
    assert.equal("", result.err)
    assert.equal("kafka\n", result.out)
    assert.equal(0, result.code)
  end)

  it("can be loaded again, and again, next to objects of the first time", function()
    local result = support.program([[
      local function load()
        for name in pairs(package.loaded) do
          if name == "kafka" or name:match("^kafka%.") then
            package.loaded[name] = nil
          end
        end
        return require("kafka")
      end

      local cluster, producers = nil, {}
      for _ = 1, 3 do
        local module = load()
        assert(module == kafka)
        cluster = cluster or module.mock_cluster(1)
        producers[#producers + 1] = module.producer(cluster:bootstrap_servers(), { ["linger.ms"] = 1 })
      end
      for index, producer in ipairs(producers) do
        producer:create_topic("t")
        assert(producer:send("t", -1, index, "x") == 0)
      end
      for index, producer in ipairs(producers) do
        local id, failures = producer:poll(10000)
        assert(id == index and failures == 0)
        assert(producer:close())
      end
      producers = nil
      collectgarbage()
      assert(cluster:close())
      print("done")
    ]])
    assert.equal("", result.err)
    assert.equal("done\n", result.out)
    assert.equal(0, result.code)
  end)

  it("works in coroutines that take turns", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("a", 1, 1)
    cluster:create_topic("b", 1, 1)

    local function conversation(topic)
      return coroutine.wrap(function()
        local producer = support.producer(brokers)
        coroutine.yield()
        producer:create_topic(topic)
        local consumer = support.consumer(brokers, { topic .. ":0" })
        coroutine.yield()
        local got = {}
        for index = 1, 5 do
          assert.equal(0, producer:send(topic, 0, index, topic .. index))
          coroutine.yield()
          got[index] = support.receive(consumer, 1)[1].value
          coroutine.yield()
        end
        return got
      end)
    end

    local first, second = conversation("a"), conversation("b")
    local first_got, second_got
    repeat
      first_got, second_got = first(), second()
    until first_got
    assert.same({ "a1", "a2", "a3", "a4", "a5" }, first_got)
    assert.same({ "b1", "b2", "b3", "b4", "b5" }, second_got)
  end)

  it("is loaded from a coroutine", function()
    local result = support.program([[
      local module = coroutine.wrap(function() return require("kafka") end)()
      collectgarbage()
      print(module.version() == kafka.version())
    ]])
    assert.equal("", result.err)
    assert.equal("true\n", result.out)
  end)

  describe("beside a library of another ABI", function()
    it("says which versions met", function()
      copy_lua_files(directory)
      local path = directory .. "/lua/kafka/cdef.lua"
      local text, count = support.read(path):gsub("(abi_version = )%d+", "%1987654")
      assert.equal(1, count)
      support.write(path, text)
      local result = support.program(
        'print(pcall(require, "kafka"))',
        alone(directory, { KAFKA_LIBRARY = os.getenv("KAFKA_LIBRARY") })
      )
      assert.matches("^false", result.out)
      assert.matches("987654", result.out, 1, true)
      assert.matches("%f[%d]1%f[%D]", result.out)
      assert.equal(0, result.code)
    end)
  end)

  describe("looking for the library", function()
    local load = [[
      local ok, message = pcall(require, "kafka")
      assert(not ok, "it was found")
      io.write(message)
    ]]

    it("takes KAFKA_LIBRARY", function()
      copy_lua_files(directory)
      local elsewhere = directory .. "/some where.so"
      assert(os.execute(("cp '%s' '%s'"):format(os.getenv("KAFKA_LIBRARY"), elsewhere)) == 0)
      local result =
        support.program('print(require("kafka").version())', alone(directory, { KAFKA_LIBRARY = elsewhere }))
      assert.equal("", result.err)
      assert.equal(kafka.version() .. "\n", result.out)
    end)

    it("takes the one beside the Lua files", function()
      copy_lua_files(directory)
      assert(os.execute(("cp '%s' '%s/lua/libkafka.so'"):format(os.getenv("KAFKA_LIBRARY"), directory)) == 0)
      local result = support.program('print(require("kafka").version())', alone(directory, { KAFKA_LIBRARY = false }))
      assert.equal("", result.err)
      assert.equal(kafka.version() .. "\n", result.out)
    end)

    it("takes the one whose name has the number of the interface before one without a number", function()
      copy_lua_files(directory)
      assert(os.execute(("cp '%s' '%s/lua/libkafka.so.1'"):format(os.getenv("KAFKA_LIBRARY"), directory)) == 0)
      support.write(directory .. "/lua/libkafka.so", "not a library")
      local result = support.program('print(require("kafka").version())', alone(directory, { KAFKA_LIBRARY = false }))
      assert.equal("", result.err)
      assert.equal(kafka.version() .. "\n", result.out)
    end)

    it("takes the one on package.cpath", function()
      copy_lua_files(directory)
      assert(
        os.execute(
          ("mkdir '%s/c'; cp '%s' '%s/c/libkafka.so'"):format(directory, os.getenv("KAFKA_LIBRARY"), directory)
        ) == 0
      )
      local options = alone(directory, { KAFKA_LIBRARY = false })
      options.env.LUA_CPATH = directory .. "/c/?.so"
      local result = support.program('print(require("kafka").version())', options)
      assert.equal("", result.err)
      assert.equal(kafka.version() .. "\n", result.out)
    end)

    it("names a KAFKA_LIBRARY that is not one, and where it then did not look", function()
      copy_lua_files(directory)
      local result = support.program(load, alone(directory, { KAFKA_LIBRARY = "/nonsense/libkafka.so" }))
      assert.equal("", result.err)
      assert.equal(0, result.code)
      assert.matches("KAFKA_LIBRARY", result.out, 1, true)
      assert.matches("/nonsense/libkafka.so", result.out, 1, true)
      assert.matches(directory .. "/lua", result.out, 1, true)
      -- The system's own word on why.
      assert.matches("No such file", result.out, 1, true)
    end)

    it("names a KAFKA_LIBRARY that is something else", function()
      copy_lua_files(directory)
      support.write(directory .. "/text.so", "not a library")
      local result = support.program(load, alone(directory, { KAFKA_LIBRARY = directory .. "/text.so" }))
      assert.equal("", result.err)
      assert.equal(0, result.code)
      assert.matches(directory .. "/text.so", result.out, 1, true)
    end)

    it("says every place where it looked", function()
      copy_lua_files(directory)
      local result = support.program(load, alone(directory, { KAFKA_LIBRARY = false }))
      assert.equal("", result.err)
      assert.equal(0, result.code)
      for _, place in ipairs({
        "KAFKA_LIBRARY",
        directory .. "/lua/libkafka.so.1:",
        directory .. "/lua/libkafka.so:",
        directory .. "/lua/../libkafka.so",
        directory .. "/lua/../target/release/libkafka.so",
        directory .. "/none/libkafka.so.1:",
        directory .. "/none/libkafka.so:",
        "\n\tlibkafka.so.1: ",
        "\n\tlibkafka.so: ",
      }) do
        assert.matches(place, result.out, 1, true)
      end
    end)
  end)

  it("tells an interpreter without ffi, once and clearly", function()
    local result = support.program(
      [[
        local ok, message = pcall(require, "kafka")
        assert(not ok)
        io.write(message)
      ]],
      { interpreter = "lua5.1" }
    )
    assert.equal("", result.err)
    assert.equal(0, result.code)
    assert.matches("LuaJIT", result.out, 1, true)
    assert.equal(nil, result.out:find("\n", 1, true))
  end)
end)
