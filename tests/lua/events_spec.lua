-- Events: what clients report besides messages and deliveries; and the requests of every kind of client.

local kafka = require("kafka")
local support = require("support")

local NOWHERE = support.NOWHERE

-- A client that waits for a token before it connects; it has no other events.
local OAUTH = {
  ["security.protocol"] = "sasl_plaintext",
  ["sasl.mechanism"] = "OAUTHBEARER",
  ["sasl.oauthbearer.config"] = "scope=test",
}

local function with_oauth(conf)
  local merged = {}
  for _, properties in ipairs({ OAUTH, conf or {} }) do
    for name, value in pairs(properties) do
      merged[name] = value
    end
  end
  return merged
end

describe("events", function()
  after_each(support.close_all)

  -- Both kinds of clients, each with a call that waits.
  local KINDS = {
    producer = function(brokers, conf, options)
      local producer = support.producer(brokers, conf, options)
      return producer, function(timeout)
        return producer:poll(timeout)
      end
    end,
    consumer = function(brokers, conf, options)
      local consumer = support.consumer(brokers, { "t:0" }, conf, options)
      return consumer, function(timeout)
        return consumer:receive(timeout)
      end
    end,
  }

  for kind, make in pairs(KINDS) do
    describe("of a " .. kind, function()
      it("trouble reaches on_error, in the caller's own calls only", function()
        local errors = {}
        local client, wait = make(NOWHERE, {}, {
          on_error = function(err, code, fatal, ...)
            assert.equal(0, select("#", ...))
            errors[#errors + 1] = { err = err, code = code, fatal = fatal }
          end,
        })
        support.sleep(0.1)
        assert.equal(0, #errors)
        support.eventually(10, "all brokers are down", function()
          wait(20)
          return errors[#errors] and errors[#errors].code == kafka.err.ALL_BROKERS_DOWN
        end)
        assert.equal(kafka.err.TRANSPORT, errors[1].code)
        assert.truthy(errors[1].err:find("Connection refused", 1, true), errors[1].err)
        assert.equal(false, errors[1].fatal)
        for _, event in ipairs(client:events()) do
          assert.not_equal("error", event.type)
        end
      end)

      it("trouble without a handler is there as data", function()
        local client, wait = make(NOWHERE)
        local event = support.eventually(10, "an error", function()
          wait(20)
          for _, event in ipairs(client:events()) do
            if event.type == "error" then
              return event
            end
          end
        end)
        assert.equal(kafka.err.TRANSPORT, event.code)
        assert.equal(false, event.fatal)
        assert.equal(true, event.retriable)
        assert.truthy(event.err:find("Connection refused", 1, true), event.err)
        assert.equal(nil, event.dropped)
      end)

      it("statistics reach on_stats", function()
        local json
        local _, wait = make(NOWHERE, { ["statistics.interval.ms"] = 20 }, {
          on_stats = function(...)
            assert.equal(1, select("#", ...))
            json = ...
          end,
        })
        support.eventually(10, "statistics", function()
          wait(20)
          return json
        end)
        assert.truthy(json:find('^{ "name": "rdkafka#' .. kind), json)
      end)

      it("of statistics that nobody takes, the newest is there", function()
        local client, wait = make(NOWHERE, { ["statistics.interval.ms"] = 20 })
        local event = support.eventually(10, "dropped statistics", function()
          wait(100)
          local found
          for _, event in ipairs(client:events()) do
            if event.type == "stats" then
              assert.equal(nil, found)
              found = event
            end
          end
          return found and found.dropped and found
        end)
        assert.equal("{", event.json:sub(1, 1))
      end)

      it("a log reaches on_log", function()
        local line
        local _, wait = make(NOWHERE, { debug = "broker" }, {
          on_log = function(level, facility, text)
            line = line or facility == "CONNECT" and { level = level, text = text }
          end,
        })
        support.eventually(10, "a line about connecting", function()
          wait(20)
          return line
        end)
        assert.equal(7, line.level)
        assert.truthy(line.text:find("127.0.0.1:1", 1, true), line.text)
      end)

      it("on_token_refresh is asked for a token, without a broker", function()
        local asked = 0
        local client, wait
        client, wait = make(NOWHERE, with_oauth(), {
          on_token_refresh = function(config)
            assert.equal("scope=test", config)
            asked = asked + 1
            local token = {
              token = "t",
              lifetime_ms = os.time() * 1000 + 60000,
              principal = "p",
              extensions = { trace = "1" },
            }
            assert.equal(true, client:set_oauthbearer_token(token))
          end,
        })
        support.eventually(10, "a token", function()
          wait(20)
          return asked > 0
        end)
        -- With the token it starts to connect.
        support.eventually(10, "an attempt to connect", function()
          wait(20)
          local event = client:events(1)[1]
          return event and event.type == "error" and event.code == kafka.err.TRANSPORT
        end)
        assert.equal(1, asked)
      end)

      it("a token is asked for also by one who waits for an answer, and by events()", function()
        local asked = 0
        local client = make(NOWHERE, with_oauth(), {
          on_token_refresh = function()
            asked = asked + 1
          end,
        })
        support.eventually(10, "the handler", function()
          client:metadata({ timeout = 200 })
          return asked > 0
        end)
        local silent = make(NOWHERE, with_oauth())
        support.eventually(10, "the request as data", function()
          local event = silent:events(1)[1]
          return event and event.type == "token_refresh" and event.config == "scope=test"
        end)
      end)

      it("a handler's error is passed on, and nothing else is lost", function()
        local calls = 0
        local client, wait = make(NOWHERE, with_oauth(), {
          on_error = function(err)
            calls = calls + 1
            error({ err })
          end,
        })
        for index = 1, 3 do
          assert.equal(true, client:set_oauthbearer_failure("failure " .. index))
        end
        for index = 1, 3 do
          local thrown
          support.eventually(10, "an error", function()
            local succeeded, value = pcall(wait, 20)
            thrown = not succeeded and value
            return thrown
          end)
          assert.truthy(thrown[1]:find("failure " .. index .. "$"), thrown[1])
        end
        assert.equal(3, calls)
        assert.equal(true, (pcall(wait, 0)))
      end)

      it("a handler may close the client", function()
        local calls = {
          function(_, wait)
            return wait(5000)
          end,
          -- A consumer has events only where it is polled.
          kind == "producer" and function(client)
            return client:metadata({ timeout = 300 })
          end or nil,
        }
        for _, call in ipairs(calls) do
          -- Events that there are come while it closes, and none afterwards.
          local closing, is_closed, late = 0, false, 0
          local client, wait
          client, wait = make(NOWHERE, { ["statistics.interval.ms"] = 10 }, {
            on_stats = function()
              late = late + (is_closed and 1 or 0)
              closing = closing + 1
              client:close(0)
              closing = closing - 1
              is_closed = closing == 0
            end,
          })
          support.eventually(10, "the handler", function()
            local found, message, code = call(client, wait)
            assert.equal(nil, found)
            if is_closed and message == "closed" then
              assert.equal(kafka.err.CLOSED, code)
              return true
            end
          end)
          assert.equal(0, late)
        end
      end)

      it("#timing a wait goes on behind a handler for the rest of its time", function()
        local calls = 0
        local client, wait = make(NOWHERE, { ["statistics.interval.ms"] = 10, ["reconnect.backoff.ms"] = 20 }, {
          on_stats = function()
            calls = calls + 1
          end,
          on_error = function() end,
        })
        wait(0)
        for _, call in ipairs({
          function()
            wait(150)
          end,
          kind == "producer" and function()
            client:cluster_id(150)
          end or nil,
        }) do
          -- The wait went on behind the first. A busy machine has fewer than 15, or stands still for all of the time,
          -- but not each time.
          local overrun = support.overrun(150, 50, function()
            calls = 0
            call()
            return calls >= 2
          end)
          assert.is_true(calls >= 2, calls)
          assert.is_true(overrun > -2 and overrun < 50, ("%.1f ms too long"):format(overrun))
        end
      end)

      it("is closed", function()
        local client = make(NOWHERE)
        client:close(0)
        for _, call in ipairs({
          { "events" },
          { "metadata" },
          { "cluster_id" },
          { "set_oauthbearer_token", { token = "t", lifetime_ms = 1 } },
          { "set_oauthbearer_failure", "x" },
          { "set_sasl_credentials", "user", "password" },
        }) do
          local found, message, code = client[call[1]](client, unpack(call, 2))
          assert.same({ n = 3, nil, "closed", support.CLOSED }, { n = 3, found, message, code })
        end
      end)
    end)
  end

  it("what nobody takes is counted, and the newest are kept", function()
    local producer = support.producer(NOWHERE, with_oauth())
    for index = 1, 1000 do
      assert.equal(true, producer:set_oauthbearer_failure("number " .. index))
    end
    -- They come by a thread of the library's, and some perhaps while others are taken.
    local last, dropped = 0, 0
    support.eventually(10, "the last error", function()
      for _, event in ipairs(producer:events(7)) do
        if event.type == "error" then
          assert.equal(kafka.err.AUTHENTICATION, event.code)
          dropped = dropped + (event.dropped or 0)
          assert.equal(last + 1 + (event.dropped or 0), tonumber(event.err:match("number (%d+)$")))
          last = last + 1 + (event.dropped or 0)
        end
      end
      return last == 1000
    end)
    assert.is_true(dropped >= 1)
  end)

  -- librdkafka reports no failure with the text of the last one.
  local function fail_in_turns(producer, times)
    for _ = 1, times do
      assert.equal(true, producer:set_oauthbearer_failure("no token of A"))
      assert.equal(true, producer:set_oauthbearer_failure("no token of B"))
    end
  end

  it("the cause of an outage outlives a flood of other errors, which are one event of each cause", function()
    local producer = support.producer(NOWHERE, with_oauth())
    assert.equal(true, producer:set_oauthbearer_failure("what began it"))
    fail_in_turns(producer, 150)
    local causes, counts, taken = {}, {}, 0
    support.eventually(10, "all errors", function()
      -- They come by a thread of the library's, and most before the first is taken.
      support.sleep(0.2)
      for _, event in ipairs(producer:events(1000)) do
        if event.type == "error" then
          assert.equal(nil, event.dropped)
          local cause = event.err:match("token: (.*)")
          causes[#causes + 1] = cause
          counts[cause] = (counts[cause] or 0) + event.count
          taken = taken + event.count
        end
      end
      return taken == 301
    end)
    assert.equal("what began it", causes[1])
    assert.same({ ["what began it"] = 1, ["no token of A"] = 150, ["no token of B"] = 150 }, counts)
    assert.is_true(#causes < 30, #causes)
  end)

  it("a handler is called once for what has come several times since its last call", function()
    local errors = {}
    local producer = support.producer(NOWHERE, with_oauth(), {
      on_error = function(err)
        errors[#errors + 1] = err:match("token: (.*)")
      end,
    })
    fail_in_turns(producer, 29)
    support.eventually(10, "both causes", function()
      -- Most have come when the first call takes them.
      support.sleep(0.2)
      producer:poll(0)
      return #errors >= 2
    end)
    assert.same({ "no token of A", "no token of B" }, { errors[1], errors[2] })
    assert.is_true(#errors < 20, #errors)
  end)

  it("a consumer that has not polled during an outage has each cause once #timing", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    local producer = support.producer(brokers)
    assert(producer:produce({ topic = "t", value = "x" }) and producer:flush(10000))
    local calls, most = {}, 0
    local consumer = support.consumer(brokers, { "t" }, {
      ["enable.auto.commit"] = false,
      ["auto.offset.reset"] = "earliest",
      -- It connects again and again, and each time it fails all brokers are down.
      ["reconnect.backoff.ms"] = 10,
      ["reconnect.backoff.max.ms"] = 50,
    }, {
      on_error = function(err)
        calls[err] = (calls[err] or 0) + 1
        most = math.max(most, calls[err])
      end,
    })
    assert(consumer:poll(20000))
    cluster:broker_down(1)
    local _, message = consumer:commit(nil, 2000)
    assert.equal(("timeout: %s: Connection refused"):format(brokers), message)
    assert.same({}, calls)
    consumer:poll(0)
    assert.truthy(next(calls))
    -- One may come while this runs.
    assert.is_true(most <= 2)
  end)

  it("an error that a client cannot go on with says so", function()
    local cluster, brokers = support.cluster()
    cluster:push_errors("InitProducerId", kafka.err.CLUSTER_AUTHORIZATION_FAILED)
    local errors = {}
    local producer = support.producer(brokers, { ["enable.idempotence"] = true }, {
      on_error = function(_, code, fatal)
        errors[#errors + 1] = { code, fatal }
      end,
    })
    support.eventually(10, "the error", function()
      producer:poll(20)
      return errors[1]
    end)
    assert.same({ kafka.err.CLUSTER_AUTHORIZATION_FAILED, true }, errors[1])
    producer:create_topic("t")
    assert.equal(kafka.errno.ECANCELED, producer:send("t", 0, 1, "x"))
  end)

  it("there are no more than asked for", function()
    local producer = support.producer(NOWHERE, with_oauth())
    for index = 1, 5 do
      producer:set_oauthbearer_failure("number " .. index)
    end
    assert.equal(2, #support.eventually(10, "two", function()
      local events = producer:events(2)
      return #events == 2 and events
    end))
    assert.same({}, producer:events(0))
  end)

  it("handlers do not keep reports and messages back", function()
    local cluster, brokers = support.cluster()
    cluster:create_topic("t", 1, 1)
    local statistics = 0
    local options = {
      on_stats = function()
        statistics = statistics + 1
      end,
    }
    local producer = support.producer(brokers, { ["statistics.interval.ms"] = 10 }, options)
    local consumer = support.consumer(brokers, { "t:0" }, { ["statistics.interval.ms"] = 10 }, options)
    producer:create_topic("t")
    for index = 1, 500 do
      assert.equal(0, producer:send("t", 0, index, tostring(index)))
    end
    assert.equal(0, support.reported(producer, 500))
    for index, message in ipairs(support.receive(consumer, 500)) do
      assert.equal(tostring(index), message.value)
    end
    support.eventually(10, "statistics", function()
      consumer:receive(20)
      return statistics > 0
    end)
  end)

  it("a flush is interrupted for handlers, and closing runs them", function()
    local later = os.time() * 1000 + 60000
    for _, options in ipairs({ {}, { reports = true } }) do
      local refused, producer = 0, nil
      options.on_token_refresh = function()
        assert.equal(true, producer:set_oauthbearer_failure("no token here"))
      end
      options.on_error = function(_, code)
        refused = refused + (code == kafka.err.AUTHENTICATION and 1 or 0)
      end
      producer = support.producer(NOWHERE, with_oauth(), options)
      assert.equal(true, producer:produce({ topic = "t", value = "x" }))
      assert.same({ nil, "timeout", support.TIMED_OUT, 1 }, { support.without_cause(producer:flush(300)) })
      assert.equal(1, refused)

      -- One that is closed at once would else never learn that its messages wait for a token.
      local closing, asked = nil, 0
      options.on_token_refresh = function()
        asked = asked + 1
        assert.equal(true, closing:close())
        assert.equal(true, closing:set_oauthbearer_token({ token = "t", lifetime_ms = later }))
        error({ "on purpose" })
      end
      closing = support.producer(NOWHERE, with_oauth(), options)
      assert.equal(true, closing:produce({ topic = "t", value = "x" }))
      local succeeded, thrown = pcall(closing.close, closing, 300)
      assert.equal(false, succeeded)
      assert.same({ "on purpose" }, thrown)
      assert.equal(1, asked)
      assert.equal(true, closing:is_closed())
    end
  end)

  it("a call of a client's in one of its handlers is a call like any other", function()
    local _, brokers = support.cluster()
    local producer, metadata
    producer = support.producer(brokers, { ["statistics.interval.ms"] = 10 }, {
      on_stats = function()
        metadata = metadata or producer:metadata({ timeout = 5000 })
      end,
    })
    support.eventually(10, "metadata from inside", function()
      producer:poll(20)
      return metadata
    end)
    assert.equal(1, #metadata.brokers)
  end)

  it("a client with handlers is collected", function()
    local gone = setmetatable({}, { __mode = "k" })
    do
      local seen = {}
      local producer = kafka.producer(NOWHERE, {}, {
        on_error = function(err)
          seen[#seen + 1] = err
        end,
      })
      gone[producer] = true
    end
    support.collect()
    assert.equal(nil, next(gone))
  end)

  describe("the log", function()
    local PROGRAM = [[
      local kafka = require("kafka")
      local lines = 0
      local options = %s and { on_log = function() lines = lines + 1 end } or nil
      local producer = kafka.producer("127.0.0.1:1", { %s }, options)
      for _ = 1, 10 do producer:poll(20) end
      print(lines > 0)
    ]]

    it("goes to on_log and not to stderr", function()
      local result = support.program(PROGRAM:format("true", 'debug = "all"'))
      assert.same({ 0, "true\n", "" }, { result.code, result.out, result.err })
    end)

    it("goes to stderr where it is asked for and not fetched", function()
      local result = support.program(PROGRAM:format("false", 'debug = "all"'))
      assert.same({ 0, "false\n" }, { result.code, result.out })
      assert.truthy(result.err:find("%7|", 1, true), result.err)
      assert.truthy(result.err:find("rdkafka#producer-1", 1, true), result.err)
    end)

    it("is not on stderr unless it is asked for", function()
      local result = support.program(PROGRAM:format("false", ""))
      assert.same({ 0, "false\n", "" }, { result.code, result.out, result.err })
    end)

    it("is there as data, of its client only", function()
      local loud = support.producer(NOWHERE, { debug = "broker" }, { on_error = function() end })
      local quiet = support.producer(NOWHERE)
      local found = support.eventually(10, "a line", function()
        for _, event in ipairs(loud:events()) do
          if event.type == "log" and event.level == 7 then
            return event
          end
        end
      end)
      assert.equal("string", type(found.facility))
      assert.is_true(#found.text > 0)
      for _, event in ipairs(quiet:events()) do
        assert.is_true(event.type ~= "log" or event.level < 7)
      end
    end)
  end)

  describe("tokens and passwords", function()
    it("a token that cannot be says why", function()
      local producer = support.producer(NOWHERE, with_oauth())
      local done, message, code = producer:set_oauthbearer_token({ token = "t", lifetime_ms = 1 })
      assert.equal(nil, done)
      assert.equal(kafka.err.INVALID_ARG, code)
      assert.truthy(message:find("unexpired", 1, true), message)
      local later = os.time() * 1000 + 60000
      for _, extension in ipairs({ { ["a b"] = "x" }, { auth = "x" }, { a = "\1" } }) do
        local token = { token = "t", lifetime_ms = later, extensions = extension }
        assert.equal(kafka.err.INVALID_ARG, select(3, producer:set_oauthbearer_token(token)))
      end
      assert.equal(true, producer:set_oauthbearer_token({ token = "t", lifetime_ms = later }))
    end)

    it("a client that needs none says so", function()
      local producer = support.producer(NOWHERE)
      local token = { token = "t", lifetime_ms = os.time() * 1000 + 60000 }
      local done, message, code, info = producer:set_oauthbearer_token(token)
      assert.equal(nil, done)
      assert.equal(kafka.err.STATE, code)
      assert.truthy(message:find("OAUTHBEARER", 1, true), message)
      assert.equal("STATE", info.name)
      assert.equal(kafka.err.STATE, select(3, producer:set_oauthbearer_failure("x")))
    end)

    it("a failure to get one is an error event", function()
      local texts = {}
      local producer = support.producer(NOWHERE, with_oauth(), {
        on_error = function(err, code)
          texts[#texts + 1] = { err, code }
        end,
      })
      producer:set_oauthbearer_failure("the vault is locked")
      support.eventually(10, "the error", function()
        producer:poll(20)
        return texts[1]
      end)
      assert.same({
        "Failed to acquire SASL OAUTHBEARER token: the vault is locked",
        kafka.err.AUTHENTICATION,
      }, texts[1])
      local _, message = producer:set_oauthbearer_failure("")
      assert.equal("text is empty", message)
    end)

    it("credentials can be changed", function()
      local producer = support.producer(NOWHERE, {
        ["security.protocol"] = "sasl_plaintext",
        ["sasl.mechanism"] = "PLAIN",
        ["sasl.username"] = "u",
        ["sasl.password"] = "p",
      })
      assert.equal(true, producer:set_sasl_credentials("user", "password"))
      assert.equal(true, producer:set_sasl_credentials("", ""))
    end)
  end)

  describe("what all clients can be asked", function()
    it("metadata of all topics and of one", function()
      local cluster, brokers = support.cluster(3)
      cluster:create_topic("one", 2, 3)
      cluster:create_topic("two", 1, 1)
      for _, client in ipairs({ support.producer(brokers), support.consumer(brokers, { "one:0" }) }) do
        local all = assert(client:metadata())
        assert.equal(3, #all.brokers)
        local addresses = {}
        for _, broker in ipairs(all.brokers) do
          addresses[broker.id] = broker.host .. ":" .. broker.port
        end
        assert.equal(brokers, table.concat(addresses, ","))
        assert.is_true(all.broker_id >= -1 and all.broker_id <= 3)
        assert.equal(2, #all.topics.one.partitions)
        assert.equal(1, #all.topics.two.partitions)

        local one = assert(client:metadata({ topic = "one", timeout = 5000 }))
        assert.equal(nil, one.topics.two)
        for index, partition in ipairs(one.topics.one.partitions) do
          assert.equal(index - 1, partition.partition)
          assert.equal(3, #partition.replicas)
          assert.equal(3, #partition.isrs)
          assert.is_true(partition.leader >= 1 and partition.leader <= 3)
          assert.equal(nil, partition.err)
        end
        assert.equal(nil, one.topics.one.err)
      end
    end)

    it("the cluster's id", function()
      local _, brokers = support.cluster()
      local id = assert(support.producer(brokers):cluster_id(5000))
      assert.truthy(id:find("mock", 1, true), id)
    end)

    it("#timing the cluster's id is asked for at once", function()
      local _, brokers = support.cluster()
      local start = support.now()
      for _ = 1, 10 do
        assert(kafka.admin(brokers):cluster_id(5000))
      end
      -- librdkafka asks a second after a client was made, where no call has it ask.
      assert.is_true(support.now() - start < 5)
    end)

    it("nobody answers", function()
      for _, client in ipairs({ support.producer(NOWHERE), support.consumer(NOWHERE, { "t:0" }) }) do
        local found, message, code, info = support.without_cause(client:cluster_id(30))
        assert.same({ n = 3, nil, "timeout", support.TIMED_OUT }, { n = 3, found, message, code })
        assert.equal(true, info.retriable)
        found, message, code = client:metadata({ timeout = 30 })
        assert.equal(nil, found)
        assert.is_true(code == kafka.err.TRANSPORT or code == kafka.err.TIMED_OUT, code)
        assert.equal("string", type(message))
        assert.equal(nil, (client:metadata({ timeout = 0 })))
      end
    end)

    it("#timing they take no longer than they may", function()
      local producer = support.producer(NOWHERE)
      for _, call in ipairs({
        function()
          producer:metadata({ timeout = 150 })
        end,
        function()
          producer:cluster_id(150)
        end,
      }) do
        local overrun = support.overrun(150, 50, call)
        assert.is_true(overrun < 50, ("%.1f ms too long"):format(overrun))
      end
    end)

    it("closing does not wait for calls whose futures were freed", function()
      local producer = support.producer(NOWHERE)
      local C, out = support.clib(), require("ffi").new("kafka_future *[1]")
      assert.equal(0, C.kafka_client_metadata(producer.client, nil, -1, nil, out, nil))
      C.kafka_future_free(out[0])
      assert.equal(0, C.kafka_client_cluster_id(producer.client, -1, nil, out, nil))
      C.kafka_future_free(out[0])
      local start = support.now()
      assert.equal(true, producer:close(0))
      assert.is_true(support.now() - start < 2)
    end)
  end)

  it("misuse throws", function()
    local producer = support.producer(NOWHERE)
    local function throws(expected, fn, ...)
      local succeeded, message = pcall(fn, ...)
      assert.equal(false, succeeded)
      assert.equal(expected, message)
    end
    throws("bad argument #2 to '?' (number expected, got string)", producer.events, producer, "x")
    throws("bad argument #3 to '?' (incorrect number of arguments)", producer.events, producer, 1, 2)
    throws("bad argument #2 to '?' (unknown option 'topics')", producer.metadata, producer, { topics = "t" })
    throws("bad argument #2 to '?' (string expected, got boolean)", producer.metadata, producer, { topic = false })
    throws("bad argument #2 to '?' (timeout out of range)", producer.cluster_id, producer, -2)
    throws("bad argument #2 to '?' (table expected, got string)", producer.set_oauthbearer_token, producer, "t")
    throws("bad argument #2 to '?' (string expected, got nil)", producer.set_oauthbearer_token, producer, {})
    throws("bad argument #3 to '?' (string expected, got table)", producer.set_sasl_credentials, producer, "u", {})
    throws(
      "bad argument #3 to '?' (option 'on_error': function expected, got string)",
      kafka.producer,
      NOWHERE,
      {},
      { on_error = "x" }
    )
    throws("bad argument #3 to '?' (unknown option 'on_eror')", kafka.producer, NOWHERE, {}, { on_eror = print })
  end)
end)
