-- Misuse throws in the words of the Lua C API, whichever way a function is called. Everything here is thrown before
-- anything is sent anywhere, so the brokers need not exist.

local support = require("support")

local kafka = require("kafka")

local function pack(...)
  return { n = select("#", ...), ... }
end

local function thrown(ok, message, ...)
  assert.equal(false, ok, "nothing was thrown")
  assert.equal("string", type(message))
  assert.equal(0, select("#", ...))
  return message
end

-- A real call, so that the caller's bytecode has a name for it; a tail call would lose it.
local function call_method(object, name, args)
  local text = "local object, args = ... local result = object:%s(unpack(args, 1, args.n)) return result"
  return thrown(pcall(assert(loadstring(text:format(name))), object, args))
end

local function call_function(name, args)
  local text = "local args = ... local result = kafka.%s(unpack(args, 1, args.n)) return result"
  return thrown(pcall(assert(loadstring(text:format(name))), args))
end

local COUNT = "incorrect number of arguments"

local function expected(actual_type, name)
  return ("%s expected, got %s"):format(name, actual_type)
end

local function describe_args(args)
  local shown = {}
  for index = 1, args.n do
    local value = args[index]
    shown[index] = type(value) == "string" and ("%q"):format(value) or tostring(value):gsub(": 0x%x+", "")
  end
  return "(" .. table.concat(shown, ", ") .. ")"
end

-- A thrown text that has no argument in it is the same whichever way the function was called.
local function function_case(name, args, text)
  it(("kafka.%s%s: %s"):format(name, describe_args(args), text), function()
    assert.equal(text, call_function(name, args))
    assert.equal(text, thrown(pcall(kafka[name], unpack(args, 1, args.n))))
  end)
end

local function function_argument_case(name, args, index, text)
  it(("kafka.%s%s: #%d, %s"):format(name, describe_args(args), index, text), function()
    assert.equal(("bad argument #%d to '%s' (%s)"):format(index, name, text), call_function(name, args))
    assert.equal(
      ("bad argument #%d to '?' (%s)"):format(index, text),
      thrown(pcall(kafka[name], unpack(args, 1, args.n)))
    )
  end)
end

local function method_case(object, name, args, text)
  it((":%s%s: %s"):format(name, describe_args(args), text), function()
    local it = object()
    assert.equal(text, call_method(it, name, args))
    assert.equal(text, thrown(pcall(it[name], it, unpack(args, 1, args.n))))
  end)
end

-- The index counts the object, as lua_gettop does.
local function method_argument_case(object, name, args, index, text)
  it((":%s%s: #%d, %s"):format(name, describe_args(args), index, text), function()
    local it = object()
    local direct = index == 1 and ("calling '%s' on bad self (%s)"):format(name, text)
      or ("bad argument #%d to '%s' (%s)"):format(index - 1, name, text)
    assert.equal(direct, call_method(it, name, args))
    assert.equal(
      ("bad argument #%d to '?' (%s)"):format(index, text),
      thrown(pcall(it[name], it, unpack(args, 1, args.n)))
    )
  end)
end

local function set_error(property, value, of_topic)
  return ("Failed to set %s = %s : %s"):format(property, value, support.conf_error(property, value, of_topic))
end

local GROUP = { ["group.id"] = "foo" }
local B = support.NOWHERE

-- What any table of properties is refused for, wherever it stands.
local function conf_cases(make)
  make({ [print] = true }, "invalid config key type: function")
  make({ "value" }, "invalid config key type: number")
  make({ [true] = "value" }, "invalid config key type: boolean")
  make({ [{}] = "value" }, "invalid config key type: table")
  make({ foo = print }, "invalid config value type: function")
  make({ foo = {} }, "invalid config value type: table")
  make({ foo = coroutine.create(print) }, "invalid config value type: thread")
  make({ foo = io.stdout }, "invalid config value type: userdata")
end

describe("misuse of kafka.producer", function()
  teardown(support.close_all)

  function_argument_case("producer", pack(), 0, COUNT)
  function_argument_case("producer", pack(B, nil, nil, nil), 4, COUNT)
  function_argument_case("producer", pack(nil), 1, expected("nil", "string"))
  function_argument_case("producer", pack(true), 1, expected("boolean", "string"))
  function_argument_case("producer", pack({}), 1, expected("table", "string"))
  function_argument_case("producer", pack("brokerlist", true), 2, expected("boolean", "table"))
  function_argument_case("producer", pack("brokerlist", "conf"), 2, expected("string", "table"))
  function_argument_case("producer", pack("brokerlist", 1), 2, expected("number", "table"))
  function_argument_case("producer", pack("brokerlist", {}, true), 3, expected("boolean", "table"))
  function_case("producer", pack(""), "invalid broker list")
  function_case("producer", pack(","), "invalid broker list")
  function_case("producer", pack(" "), "invalid broker list")

  conf_cases(function(conf, text)
    function_case("producer", pack("brokerlist", conf), text)
  end)

  for _, case in ipairs({
    { "message.max.bytes", "foo" },
    { "message.max.bytes", 1, "1" },
    { "message.max.bytes", true, "true" },
    { "message.max.bytes", false, "false" },
    { "message.max.bytes", 2 ^ 40, "1099511627776" },
    { "message.max.bytes", -1, "-1" },
    { "message.max.bytes", 1e15, "1000000000000000" },
    { "no.such.property", "value" },
    { "no.such.property", 12.5, "12.5" },
    { "compression.codec", "brotli" },
    { "", "value" },
  }) do
    local property, value, text = case[1], case[2], case[3] or case[2]
    function_case("producer", pack("local host", { [property] = value }), set_error(property, text))
  end

  it("hands on librdkafka's words as they are", function()
    local message = thrown(pcall(kafka.producer, "local host", { ["message.max.bytes"] = 1 }))
    assert.matches(
      'Failed to set message.max.bytes = 1 : Configuration property "message.max.bytes" value 1 is outside allowed '
        .. "range 1000..1000000000",
      message,
      1,
      true
    )
  end)

  it("names the function as its caller does", function()
    local make = kafka.producer
    local ok, message = pcall(function()
      local result = make(true)
      return result
    end)
    assert.equal("bad argument #1 to 'make' (string expected, got boolean)", thrown(ok, message))
  end)

  it("takes numbers and booleans as property values", function()
    local producer = kafka.producer(B, {
      ["message.max.bytes"] = 1024 * 1024,
      ["queue.buffering.max.messages"] = 20000,
      ["batch.num.messages"] = 200,
      ["queue.buffering.max.ms"] = 10,
      ["topic.metadata.refresh.interval.ms"] = -1,
      ["enable.idempotence"] = false,
      ["socket.keepalive.enable"] = true,
      ["compression.codec"] = "zstd",
    })
    assert.equal(true, producer:close())
  end)
end)

describe("misuse of kafka.consumer", function()
  teardown(support.close_all)

  function_argument_case("consumer", pack(), 0, COUNT)
  function_argument_case("consumer", pack("test"), 1, COUNT)
  function_argument_case("consumer", pack("test", { "test" }), 2, COUNT)
  function_argument_case("consumer", pack("test", { "test" }, GROUP, nil, nil, nil), 6, COUNT)
  function_argument_case("consumer", pack(true, nil, nil), 1, expected("boolean", "string"))
  function_argument_case("consumer", pack(nil, { "test" }, GROUP), 1, expected("nil", "string"))
  function_argument_case("consumer", pack("test", true, nil), 2, expected("boolean", "table"))
  function_argument_case("consumer", pack("test", "test", GROUP), 2, expected("string", "table"))
  function_argument_case("consumer", pack("test", {}, nil), 2, "the topics array is empty")
  function_argument_case("consumer", pack("test", {}, GROUP), 2, "the topics array is empty")
  function_argument_case("consumer", pack("test", { "test" }, nil), 3, expected("nil", "table"))
  function_argument_case("consumer", pack("test", { "test" }, true), 3, expected("boolean", "table"))
  function_argument_case("consumer", pack("test", { "test" }, GROUP, true), 4, expected("boolean", "table"))
  function_argument_case("consumer", pack("test", { "test" }, GROUP, "conf"), 4, expected("string", "table"))
  function_argument_case("consumer", pack("test", { "test" }, GROUP, nil, 1), 5, expected("number", "table"))

  function_case("consumer", pack("test", { "test" }, {}), "group.id must be set")
  function_case("consumer", pack("test", { "test:0" }, { ["client.id"] = "me" }), "group.id must be set")
  function_case("consumer", pack("", { "test" }, GROUP), "invalid broker list")
  function_case("consumer", pack("test", { true }, GROUP), "topics must be an array of strings")
  function_case("consumer", pack("test", { 1 }, GROUP), "topics must be an array of strings")
  function_case("consumer", pack("test", { "one", {} }, GROUP), "topics must be an array of strings")
  function_case("consumer", pack("test", { "one", item = "test" }, GROUP), "topics must be an array of strings")
  function_case("consumer", pack("test", { "test:9000000000" }, GROUP), "invalid topic partition > INT32_MAX")
  function_case("consumer", pack("test", { "test:2147483648" }, GROUP), "invalid topic partition > INT32_MAX")
  function_case("consumer", pack("test", { "test:-1" }, GROUP), "invalid topic partition < 0")
  function_case("consumer", pack("test", { "one", "test:-5" }, GROUP), "invalid topic partition < 0")

  conf_cases(function(conf, text)
    function_case("consumer", pack("test", { "test" }, conf), text)
    function_case("consumer", pack("test", { "test" }, GROUP, conf), text)
  end)

  local refused = set_error("message.max.bytes", "true")
  function_case("consumer", pack("test", { "test" }, { ["group.id"] = "foo", ["message.max.bytes"] = true }), refused)
  for _, value in ipairs({ "foobar", 0, true }) do
    function_case(
      "consumer",
      pack("test", { "test" }, GROUP, { ["auto.offset.reset"] = value }),
      set_error("auto.offset.reset", tostring(value), true)
    )
  end
  function_case(
    "consumer",
    pack("test", { "test" }, GROUP, { ["no.such.property"] = 1 }),
    set_error("no.such.property", "1", true)
  )
end)

describe("misuse of a producer", function()
  local shared

  local function producer()
    if not shared then
      shared = kafka.producer(B)
      shared:create_topic("t")
    end
    return shared
  end

  teardown(function()
    shared:close(0)
  end)

  for name, counts in pairs({
    create_topic = { 0, 3 },
    has_topic = { 0, 2 },
    destroy_topic = { 0, 2 },
    send = { 0, 3, 5 },
    poll = { 2 },
    close = { 2 },
  }) do
    for _, count in ipairs(counts) do
      local args = { n = count, "t", nil, nil, nil, nil }
      method_argument_case(producer, name, args, count + 1, COUNT)
    end
  end

  for _, name in ipairs({ "create_topic", "has_topic", "destroy_topic" }) do
    method_argument_case(producer, name, pack(nil), 2, expected("nil", "string"))
    method_argument_case(producer, name, pack(true), 2, expected("boolean", "string"))
    method_argument_case(producer, name, pack({}), 2, expected("table", "string"))
  end
  method_argument_case(producer, "create_topic", pack("t", true), 3, expected("boolean", "table"))
  method_argument_case(producer, "create_topic", pack("new", "conf"), 3, expected("string", "table"))

  conf_cases(function(conf, text)
    method_case(producer, "create_topic", pack("new", conf), text)
  end)
  for _, case in ipairs({
    { "message.timeout.ms", "soon" },
    { "message.timeout.ms", -5, "-5" },
    { "no.such.property", true, "true" },
  }) do
    local property, value, text = case[1], case[2], case[3] or case[2]
    method_case(producer, "create_topic", pack("new", { [property] = value }), set_error(property, text, true))
  end

  it("creates no topic from a bad topic_conf", function()
    assert.equal(false, producer():has_topic("new"))
  end)

  method_argument_case(producer, "send", pack(nil, -1, 1, "x"), 2, expected("nil", "string"))
  method_argument_case(producer, "send", pack(true, -1, 1, "x"), 2, expected("boolean", "string"))
  method_case(producer, "send", pack("foobar", -1, 1, "x"), "invalid topic")
  method_case(producer, "send", pack("", -1, 1, "x"), "invalid topic")
  method_argument_case(producer, "send", pack("t", nil, 1, "x"), 3, expected("nil", "number"))
  method_argument_case(producer, "send", pack("t", "first", 1, "x"), 3, expected("string", "number"))
  method_argument_case(producer, "send", pack("t", {}, 1, "x"), 3, expected("table", "number"))
  method_argument_case(producer, "send", pack("t", -1, {}, "x"), 4, expected("table", "number"))
  method_argument_case(producer, "send", pack("t", -1, true, "x"), 4, expected("boolean", "number"))
  method_argument_case(producer, "send", pack("t", -1, "first", "x"), 4, expected("string", "number"))
  for _, id in ipairs({ -1, -0.5, 2 ^ 64, math.huge, -math.huge, 0 / 0 }) do
    method_case(producer, "send", pack("t", -1, id, "x"), "sequence_id out of range")
  end
  method_argument_case(producer, "send", pack("t", -1, 1, nil), 5, expected("nil", "string"))
  method_argument_case(producer, "send", pack("t", -1, 1, true), 5, expected("boolean", "string"))
  method_argument_case(producer, "send", pack("t", -1, 1, {}), 5, expected("table", "string"))
  method_argument_case(producer, "send", pack("t", -1, 1, print), 5, expected("function", "string"))

  method_argument_case(producer, "poll", pack(true), 2, expected("boolean", "number"))
  method_argument_case(producer, "poll", pack("soon"), 2, expected("string", "number"))
  method_argument_case(producer, "poll", pack({}), 2, expected("table", "number"))
  method_argument_case(producer, "close", pack("soon"), 2, expected("string", "number"))

  it("is told apart from other objects", function()
    for _, impostor in ipairs({ {}, "t", 1, true, io.stdout, setmetatable({}, {}) }) do
      for _, name in ipairs({ "create_topic", "has_topic", "destroy_topic", "send", "poll", "close" }) do
        local message = thrown(pcall(producer()[name], impostor, "t"))
        assert.matches(("^bad argument #1 to '%%?' %%(.+ expected, got %s%%)$"):format(type(impostor)), message)
      end
    end
    assert.matches("^bad argument #1 to '%?' %(.+ expected, got no value%)$", thrown(pcall(producer().send)))
  end)

  it("says the same once the call is compiled", function()
    local bad = 0
    for round = 1, 400 do
      local id = round % 100 == 0 and -1 or 1
      local ok, message = pcall(function()
        local result = producer():send("t", -1, id, "x")
        return result
      end)
      if not ok then
        bad = bad + 1
        assert.equal("sequence_id out of range", message)
      end
      ok, message = pcall(function()
        local result = producer():has_topic(id == 1 and "t" or nil)
        return result
      end)
      assert.equal(id == 1, ok)
      assert.equal(id == 1 or "bad argument #1 to 'has_topic' (string expected, got nil)", message)
    end
    assert.equal(4, bad)
  end)
end)

describe("misuse of a consumer", function()
  local shared

  local function consumer()
    shared = shared or kafka.consumer(B, { "t:0" }, GROUP)
    return shared
  end

  teardown(function()
    shared:close(0)
  end)

  method_argument_case(consumer, "receive", pack(1, 2), 3, COUNT)
  method_argument_case(consumer, "receive", pack(true), 2, expected("boolean", "number"))
  method_argument_case(consumer, "receive", pack("soon"), 2, expected("string", "number"))
  method_argument_case(consumer, "receive", pack({}), 2, expected("table", "number"))
  method_argument_case(consumer, "close", pack("soon"), 2, expected("string", "number"))
  method_argument_case(consumer, "close", pack(1, 2), 3, COUNT)

  it("is told apart from other objects", function()
    for _, impostor in ipairs({ {}, "t", io.stdout }) do
      for _, name in ipairs({ "receive", "close" }) do
        local message = thrown(pcall(consumer()[name], impostor))
        assert.matches(("^bad argument #1 to '%%?' %%(.+ expected, got %s%%)$"):format(type(impostor)), message)
      end
    end
  end)
end)

describe("bad input", function()
  local attempts = {
    { kafka.producer, "" },
    { kafka.producer, B, { ["no.such.property"] = 1 } },
    { kafka.producer, B, { foo = {} } },
    { kafka.producer, B, { ["security.protocol"] = "ssl", ["ssl.ca.location"] = "/nonsense" } },
    { kafka.consumer, "", { "t" }, GROUP },
    { kafka.consumer, B, { "t" }, {} },
    { kafka.consumer, B, { "t:-1" }, GROUP },
    { kafka.consumer, B, { "t", "t:99999999999" }, GROUP },
    { kafka.consumer, B, { "t" }, GROUP, { ["auto.offset.reset"] = "foobar" } },
    { kafka.consumer, B, { "t" }, { ["group.id"] = "g", ["max.poll.interval.ms"] = 1000 } },
  }

  local function try_all(times)
    for _ = 1, times do
      for index, attempt in ipairs(attempts) do
        local ok, message = pcall(unpack(attempt))
        assert.equal(false, ok, index)
        assert.equal("string", type(message))
      end
    end
    support.collect()
  end

  setup(function()
    -- Whatever is made once only is there afterwards.
    kafka.producer(B):close(0)
    try_all(2)
  end)

  it("leaves no thread and no file behind", function()
    local threads, fds = support.threads(), support.fds()
    try_all(20)
    support.no_more_than(threads, support.threads())
    support.no_more_than(fds, support.fds())
  end)

  it("#many leaves no memory behind", function()
    support.keeps_memory_below(1024, function()
      try_all(100)
    end)
  end)
end)
