-- The admin client. The mock cluster answers few of its requests: offsets. What is in the others' answers, the broker
-- tests show; here is what they take, what they refuse, and how long they take.

local kafka = require("kafka")
local support = require("support")

local cluster, brokers

setup(function()
  cluster, brokers = kafka.mock_cluster(1), nil
  brokers = cluster:bootstrap_servers()
  assert(cluster:create_topic("t", 2, 1))
end)

teardown(function()
  cluster:close()
end)

after_each(support.close_all)

-- What each method takes, at the least.
local USED = {
  create_topics = { { { topic = "x" } } },
  delete_topics = { { "x" } },
  create_partitions = { { { topic = "x", partitions = 2 } } },
  describe_topics = { { "x" } },
  describe_cluster = { nil },
  describe_configs = { { { type = "topic", name = "x" } } },
  incremental_alter_configs = { { { type = "topic", name = "x", set = { a = 1 } } } },
  list_groups = { nil },
  describe_groups = { { "x" } },
  delete_groups = { { "x" } },
  list_group_offsets = { { { group = "x" } } },
  alter_group_offsets = { { { group = "x", offsets = { { topic = "x", partition = 0, offset = 1 } } } } },
  delete_group_offsets = { { { group = "x", partitions = { { topic = "x", partition = 0 } } } } },
  list_offsets = { { { topic = "x", partition = 0, offset = "latest" } } },
  delete_records = { { { topic = "x", partition = 0, offset = -1 } } },
  elect_leaders = { nil },
  create_acls = {
    { { type = "topic", name = "x", principal = "User:x", operation = "read", permission = "allow" } },
  },
  describe_acls = { nil },
  delete_acls = { { {} } },
  describe_user_scram_credentials = { nil },
  alter_user_scram_credentials = { { { user = "x", mechanism = "SCRAM-SHA-256", password = "x" } } },
}

local function call(admin, method, timeout_ms)
  return admin[method](admin, USED[method][1], timeout_ms)
end

describe("what cannot be used", function()
  local admin

  setup(function()
    admin = kafka.admin(support.NOWHERE)
  end)

  teardown(function()
    admin:close()
  end)

  -- Called by a name that Lua cannot see, a method is "?", and counts its object.
  local function refuses(index, text, method, ...)
    local succeeded, message = pcall(admin[method], admin, ...)
    assert.is_false(succeeded)
    assert.equal(("bad argument #%d to '?' (%s)"):format(index + 1, text), message)
  end

  for _, case in ipairs({
    {
      "create_topics",
      { { topic = "a", partitions = 1 }, { topic = "b", partitions = "2" } },
      "topics[2].partitions: an integer is needed, not a text",
    },
    {
      "create_topics",
      { { topic = "a", partitons = 1 } },
      "topics[1]: unknown field 'partitons', there is topic, partitions, replication, assignment, config",
    },
    { "create_topics", { { partitions = 1 } }, "topics[1].topic is missing" },
    { "create_topics", { { topic = "" } }, "topics[1].topic: the text is empty" },
    { "create_topics", { { topic = "a\0b" } }, "topics[1].topic: a NUL byte is in the text" },
    { "create_topics", { "a" }, "topics[1]: a map is needed, not a text" },
    { "create_topics", { topic = "a" }, "topics: a list is needed, not a map" },
    { "create_topics", {}, "topics: one item at least is needed" },
    { "create_topics", { { topic = "a", partitions = 0 } }, "topics[1].partitions: 0 is out of range" },
    { "create_topics", { { topic = "a", partitions = 2 ^ 31 } }, "topics[1].partitions: 2147483648 is out of range" },
    {
      "create_topics",
      { { topic = "a", replication = 1, assignment = { { 1 } } } },
      "topics[1].assignment: it says the replication already",
    },
    {
      "create_topics",
      { { topic = "a", partitions = 2, assignment = { { 1 } } } },
      "topics[1].assignment: it has another number of partitions",
    },
    {
      "create_topics",
      { { topic = "a", config = { ["retention.ms"] = {} } } },
      "topics[1].config.retention.ms: a text, an integer or a boolean is needed, not a list",
    },
    { "create_topics", { { topic = "a", config = { b = print } } }, "topics[1].config.b: a function cannot be used" },
    { "create_topics", { { topic = "a" }, validate_only = true }, "topics: a list of 1 has no 'validate_only'" },
    { "create_topics", kafka.null, "topics: a list is needed, not null" },
    { "create_topics", { { topic = kafka.null } }, "topics[1].topic is missing" },
    {
      "create_topics",
      { { topic = "a", partitions = kafka.null, config = { b = kafka.null } } },
      "topics[1].config.b: a text, an integer or a boolean is needed, not null",
    },
    { "delete_topics", { "a", kafka.null }, "topics[2]: a text is needed, not null" },
    -- Not a filter that lets all through.
    { "delete_acls", { kafka.null }, "filters[1]: a map is needed, not null" },
    { "create_topics", { { topic = "a", partitions = 0 / 0 } }, "topics[1].partitions: nan is out of range" },
    { "delete_topics", { "a", "b", "a" }, "topics[3]: 'a' is there twice" },
    { "create_partitions", { { topic = "a" } }, "topics[1].partitions is missing" },
    {
      "describe_configs",
      { { type = "tpoic", name = "a" } },
      "resources[1].type: 'tpoic' is none of topic, group, broker",
    },
    {
      "describe_configs",
      { { type = "topic", name = "a" }, { type = "group", name = "a" } },
      "resources[2]: 'a' is another type's name already, and the result has one entry for a name",
    },
    {
      "incremental_alter_configs",
      { { type = "topic", name = "a", set = { b = 1 }, delete = { "b" } } },
      "resources[1].delete[1]: 'b' is there twice",
    },
    {
      "list_group_offsets",
      { { group = "g", partitions = { { topic = "a", partition = -1 } } } },
      "groups[1].partitions[1].partition: -1 is out of range",
    },
    {
      "alter_group_offsets",
      { { group = "g", offsets = { { topic = "a", partition = 0 } } } },
      "groups[1].offsets[1].offset is missing",
    },
    { "delete_group_offsets", { { group = "g" } }, "groups[1].partitions is missing" },
    { "list_offsets", { { topic = "a", partition = 0 } }, "partitions[1]: either offset or timestamp is needed" },
    {
      "list_offsets",
      { { topic = "a", partition = 0, offset = "first" } },
      "partitions[1].offset: 'first' is none of earliest, latest, max_timestamp",
    },
    {
      "list_offsets",
      { { topic = "a", partition = 0, offset = 5 } },
      "partitions[1].offset: neither OFFSET_BEGINNING nor OFFSET_END",
    },
    { "delete_records", { { topic = "a", partition = 0, offset = -2 } }, "partitions[1].offset: -2 is out of range" },
    {
      "create_acls",
      { { type = "any" } },
      "acls[1].type: 'any' is none of topic, group, cluster, transactional_id",
    },
    { "describe_acls", { permission = "maybe" }, "filter.permission: 'maybe' is none of any, deny, allow" },
    {
      "alter_user_scram_credentials",
      { { user = "u", mechanism = "scram-sha-256" } },
      "alterations[1].password is missing",
    },
    {
      "alter_user_scram_credentials",
      { { user = "u", mechanism = "SCRAM-SHA-256", password = "p", delete = true } },
      "alterations[1].password: of no use together with delete",
    },
    {
      "list_groups",
      { states = { "Stabel" } },
      "options.states[1]: 'Stabel' is none of Unknown, PreparingRebalance, CompletingRebalance, Stable, Dead, Empty",
    },
    { "describe_cluster", { x = 1 }, "options: unknown field 'x', there is include_authorized_operations" },
    { "delete_topics", 7, "table expected, got number" },
  }) do
    it(("%s: %s"):format(case[1], case[3]), function()
      refuses(1, case[3], case[1], case[2])
    end)
  end

  it("options and timeouts", function()
    local topics = { { topic = "a" } }
    refuses(3, "options: unknown field 'x', there is validate_only", "create_topics", topics, 100, { x = 1 })
    refuses(
      3,
      "options.validate_only: a boolean is needed, not an integer",
      "create_topics",
      topics,
      100,
      { validate_only = 1 }
    )
    refuses(2, "timeout out of range", "create_topics", topics, -2)
    refuses(1, "timeout out of range", "list_groups", -2)
  end)

  it("names the method", function()
    local succeeded, message = pcall(function()
      admin:delete_topics({ "" })
    end)
    assert.is_false(succeeded)
    assert.equal("bad argument #1 to 'delete_topics' (topics[1]: the text is empty)", message)
  end)

  it("is refused where the constructor gets it", function()
    assert.has_error(function()
      kafka.admin("")
    end, "invalid broker list")
    assert.has_error(function()
      kafka.admin(brokers, { ["no.such"] = 1 })
    end, 'Failed to set no.such = 1 : No such configuration property: "no.such"')
    local succeeded, message = pcall(function()
      kafka.admin(brokers, nil, { on_asign = print })
    end)
    assert.is_false(succeeded)
    assert.equal("bad argument #3 to 'admin' (unknown option 'on_asign')", message)
  end)
end)

describe("offsets", function()
  it("of groups are committed, listed, and of no other partition", function()
    local admin = support.admin(brokers)
    local offsets = { { topic = "t", partition = 0, offset = 3, metadata = "note" } }
    local altered =
      assert(admin:alter_group_offsets({ { group = "g1", offsets = offsets }, { group = "g2", offsets = offsets } }))
    assert.is_true(altered.g1.ok)
    assert.is_true(altered.g2.ok)
    local partitions = { { topic = "t", partition = 0 }, { topic = "t", partition = 1 } }
    local listed = assert(admin:list_group_offsets({
      { group = "g1", partitions = partitions },
      { group = "g2", partitions = { partitions[2] } },
    }))
    assert.is_true(listed.g1.ok)
    local first = listed.g1.offsets[1]
    assert.same({ "t", 0, 3, "note" }, { first.topic, first.partition, first.offset, first.metadata })
    assert.equal(-1001, listed.g1.offsets[2].offset)
    assert.equal(1, #listed.g2.offsets)
  end)

  it("of a group fail with the group", function()
    local refusing = kafka.mock_cluster(1)
    assert(refusing:create_topic("t", 1, 1))
    local admin = support.admin(refusing:bootstrap_servers())
    local groups = { { group = "g", offsets = { { topic = "t", partition = 0, offset = 3 } } } }
    assert(refusing:push_errors("OffsetCommit", kafka.err.UNKNOWN_MEMBER_ID))
    local altered = assert(admin:alter_group_offsets(groups)).g
    assert.same({ false, kafka.err.UNKNOWN_MEMBER_ID }, { altered.ok, altered.code })
    assert.is_string(altered.err)
    assert.same({ "t", 0 }, { altered.offsets[1].topic, altered.offsets[1].partition })
    assert.equal(kafka.err.UNKNOWN_MEMBER_ID, altered.offsets[1].code)

    local asked = { { group = "g", partitions = { { topic = "t", partition = 0 } } } }
    assert(refusing:push_errors("OffsetFetch", kafka.err.GROUP_AUTHORIZATION_FAILED))
    local listed = assert(admin:list_group_offsets(asked)).g
    assert.same({ false, kafka.err.GROUP_AUTHORIZATION_FAILED }, { listed.ok, listed.code })
    assert.is_true(assert(admin:alter_group_offsets(groups)).g.ok)
    assert.is_true(assert(admin:list_group_offsets(asked)).g.ok)
    refusing:close()
  end)

  it("are asked for again while their coordinator is not ready", function()
    local moving = kafka.mock_cluster(1)
    assert(moving:create_topic("t", 1, 1))
    local admin = support.admin(moving:bootstrap_servers())
    local err = kafka.err
    local not_ready = { err.NOT_COORDINATOR, err.COORDINATOR_LOAD_IN_PROGRESS, err.COORDINATOR_NOT_AVAILABLE }
    local groups = { { group = "g", offsets = { { topic = "t", partition = 0, offset = 3 } } } }
    assert(moving:push_errors("OffsetCommit", unpack(not_ready)))
    assert.is_true(assert(admin:alter_group_offsets(groups)).g.ok)
    assert(moving:push_errors("OffsetFetch", unpack(not_ready)))
    local asked = { { group = "g", partitions = { { topic = "t", partition = 0 } } } }
    assert.equal(3, assert(admin:list_group_offsets(asked)).g.offsets[1].offset)
    moving:close()
  end)

  it("of a group whose coordinator does not get ready fail with what it said #timing", function()
    local moving = kafka.mock_cluster(1)
    assert(moving:create_topic("t", 1, 1))
    local admin = support.admin(moving:bootstrap_servers())
    assert(admin:list_group_offsets({ { group = "g" } }))
    local errors = {}
    for index = 1, 100 do
      errors[index] = kafka.err.COORDINATOR_LOAD_IN_PROGRESS
    end
    assert(moving:push_errors("OffsetFetch", unpack(errors)))
    local listed
    local overrun = support.overrun(600, 100, function()
      listed = assert(admin:list_group_offsets({ { group = "g" } }, 600)).g
    end)
    assert.same({ false, kafka.err.COORDINATOR_LOAD_IN_PROGRESS }, { listed.ok, listed.code })
    assert.is_true(overrun < 100, overrun)
    moving:close()
  end)

  it("of a group whose coordinator is not ready fail with what it said, though it is asked again", function()
    local slow = kafka.mock_cluster(1)
    assert(slow:create_topic("t", 1, 1))
    local admin = support.admin(slow:bootstrap_servers())
    assert(admin:list_group_offsets({ { group = "g" } }))
    assert(slow:push_errors("OffsetFetch", kafka.err.COORDINATOR_LOAD_IN_PROGRESS))
    assert(slow:set_rtt(1, 800))
    -- Within twice as long the first answer comes, also to a busy machine, and never the second one.
    local listed = assert(admin:list_group_offsets({ { group = "g" } }, 1600)).g
    assert.same({ false, kafka.err.COORDINATOR_LOAD_IN_PROGRESS }, { listed.ok, listed.code })
    -- Of what may have been changed meanwhile that is not known.
    local groups = { { group = "g", offsets = { { topic = "t", partition = 0, offset = 3 } } } }
    assert(slow:push_errors("OffsetCommit", kafka.err.COORDINATOR_LOAD_IN_PROGRESS))
    local altered, _, code = admin:alter_group_offsets(groups, 1600)
    assert.same({ nil, support.TIMED_OUT }, { altered, code })
    slow:close()
  end)

  it("of partitions are found by place and by time", function()
    local topic = "found"
    assert(cluster:create_topic(topic, 2, 1))
    support.send_raw(brokers, topic, { { partition = 0, value = "a" }, { partition = 0, value = "b" } })
    local admin = support.admin(brokers)
    local latest = assert(admin:list_offsets({
      { topic = topic, partition = 0, offset = "latest" },
      { topic = topic, partition = 1, offset = "latest" },
    }))
    assert.same({ true, 2 }, { latest["found:0"].ok, latest["found:0"].offset })
    assert.same({ "found", 1, 0 }, { latest["found:1"].topic, latest["found:1"].partition, latest["found:1"].offset })
    -- What is null is as good as not given.
    local place = { topic = topic, partition = 0, offset = "EARLIEST", timestamp = kafka.null }
    local earliest = assert(admin:list_offsets({ place }, 10000, kafka.null))
    assert.equal(0, earliest["found:0"].offset)
    -- By the numbers that consumers know.
    for number, offset in pairs({ [kafka.OFFSET_BEGINNING] = 0, [kafka.OFFSET_END] = 2 }) do
      local found = assert(admin:list_offsets({ { topic = topic, partition = 0, offset = number } }))
      assert.equal(offset, found["found:0"].offset)
    end
  end)

  it("of partitions whose leader is gone are neither there nor unknown", function()
    local led = kafka.mock_cluster(2)
    assert(led:create_topic("led", 2, 2))
    assert(led:set_leader("led", 0, 1))
    assert(led:set_leader("led", 1, 2))
    local admin = support.admin(led:bootstrap_servers())
    local function latest(timeout_ms)
      return admin:list_offsets({ { topic = "led", partition = 1, offset = "latest" } }, timeout_ms)
    end
    assert.is_true(assert(latest(10000))["led:1"].ok)
    assert(led:broker_down(2))
    for _ = 1, 5 do
      local answer, message = support.without_cause(latest(400))
      local outcome = answer and answer["led:1"]
      local code = answer and outcome.code
      local is_right = message == "timeout" or code == kafka.err.LEADER_NOT_AVAILABLE or code == support.TIMED_OUT
      assert.is_true(is_right, outcome and outcome.err)
    end
    assert(led:broker_up(2))
    assert.is_true(assert(latest(10000))["led:1"].ok)
    led:close()
  end)

  it("of partitions that are not there fail one by one, also where none is", function()
    local admin = support.admin(brokers)
    local function codes(...)
      local places, found = {}, {}
      for index, partition in ipairs({ ... }) do
        places[index] = { topic = "t", partition = partition, offset = "earliest" }
      end
      for name, outcome in pairs(assert(admin:list_offsets(places))) do
        found[name] = outcome.ok or outcome.code
      end
      return found
    end
    local unknown = kafka.err.UNKNOWN_TOPIC_OR_PART
    assert.same({ ["t:0"] = true, ["t:7"] = unknown }, codes(0, 7))
    assert.same({ ["t:7"] = unknown, ["t:8"] = unknown }, codes(7, 8))
  end)
end)

describe("a cluster that does not know a request", function()
  it("says so at once, and the client lives on", function()
    local admin = support.admin(brokers)
    -- More than once, and of several: librdkafka would not survive it.
    for _ = 1, 3 do
      for _, method in ipairs({ "list_groups", "describe_groups", "delete_groups", "delete_group_offsets" }) do
        local answer, message, code, info = call(admin, method, 5000)
        assert.is_nil(answer)
        assert.equal(kafka.err.UNSUPPORTED_FEATURE, code)
        assert.truthy(message:find("not supported by broker", 1, true), message)
        assert.equal("UNSUPPORTED_FEATURE", info.name)
      end
    end
    local answer, message = admin:delete_groups({ "a", "b", "c" }, 5000)
    assert.is_nil(answer)
    assert.truthy(message:find("not supported by broker", 1, true), message)
    assert.truthy(admin:metadata({ topic = "t" }).topics.t)
    assert.is_true(admin:close())
  end)
end)

describe("time #timing", function()
  for method in pairs(USED) do
    it("is kept by " .. method, function()
      local admin = support.admin(support.NOWHERE)
      local answer, message, code
      local overrun = support.overrun(60, 50, function()
        answer, message, code = support.without_cause(call(admin, method, 60))
      end)
      assert.is_nil(answer)
      assert.same({ "timeout", support.TIMED_OUT }, { message, code })
      assert.is_true(overrun >= -1 and overrun < 50, overrun)
    end)
  end

  it("may be 0", function()
    local admin = support.admin(brokers)
    local answer, message, code = admin:list_groups(0)
    assert.same({ nil, "timeout", support.TIMED_OUT }, { support.without_cause(answer, message, code) })
  end)
end)

describe("two requests under way", function()
  it("do not wait for each other", function()
    local led = kafka.mock_cluster(2)
    assert(led:create_topic("led", 2, 2))
    assert(led:set_leader("led", 0, 1))
    assert(led:set_leader("led", 1, 2))
    local admin, answer
    local function latest(partition)
      local places = { { topic = "led", partition = partition, offset = "latest" } }
      local outcome = assert(admin:list_offsets(places, 30000))["led:" .. partition]
      return outcome.ok or outcome.err
    end
    local is_down = false
    admin = support.admin(led:bootstrap_servers(), { ["statistics.interval.ms"] = 10 }, {
      -- Runs inside the one request, and makes the other.
      on_stats = function()
        if is_down then
          is_down, answer = false, latest(0)
          assert(led:broker_up(2))
        end
      end,
    })
    -- It knows the leaders then.
    assert.is_true(latest(0))
    assert.is_true(latest(1))
    assert(led:broker_down(2))
    is_down = true
    assert.is_true(latest(1))
    assert.is_true(answer)
    led:close()
  end)
end)

describe("closing", function()
  it("is final", function()
    local admin = kafka.admin(brokers)
    assert.is_false(admin:is_closed())
    assert.is_true(admin:close())
    assert.is_true(admin:close(100))
    assert.is_true(admin:is_closed())
    for method in pairs(USED) do
      local answer, message, code = call(admin, method)
      assert.same({ nil, "closed", support.CLOSED }, { answer, message, code })
    end
    assert.same({ nil, "closed", support.CLOSED }, { admin:metadata() })
    assert.same({ nil, "closed", support.CLOSED }, { admin:events() })
  end)

  it("does not wait for a request under way", function()
    local admin
    local started = support.now()
    local closed
    admin = support.admin(support.NOWHERE, nil, {
      -- Runs inside the request: nothing can be reached, and that is an event.
      on_error = function()
        if not closed then
          closed = { admin:close(), support.now() }
        end
      end,
    })
    local answer, message, code = admin:describe_topics({ "t" }, 30000)
    assert.is_true(closed[1])
    assert.same({ nil, "closed", support.CLOSED }, { answer, message, code })
    assert.is_true(support.now() - started < 10)
    assert.is_true(support.now() - closed[2] < 2)
  end)

  it("is done by the collector", function()
    support.collect()
    local before = #support.threads()
    for _ = 1, 3 do
      kafka.admin(support.NOWHERE):describe_topics({ "t" }, 20)
    end
    support.collect()
    support.eventually(10, "the threads end", function()
      return #support.threads() <= before
    end)
  end)
end)

describe("what all clients have", function()
  it("an admin client has", function()
    local statistics, logs = 0, 0
    local admin = support.admin(brokers, { ["statistics.interval.ms"] = 10, debug = "admin" }, {
      on_stats = function()
        statistics = statistics + 1
      end,
      on_log = function()
        logs = logs + 1
      end,
    })
    assert.is_string(admin:cluster_id())
    assert.equal(2, #admin:metadata({ topic = "t" }).topics.t.partitions)
    assert.is_true(admin:set_sasl_credentials("user", "password"))
    support.eventually(10, "handlers run inside requests", function()
      admin:list_offsets({ { topic = "t", partition = 0, offset = "latest" } })
      return statistics > 0 and logs > 0
    end)
  end)

  it("unhandled errors are data", function()
    local admin = support.admin(support.NOWHERE)
    support.eventually(10, "an error", function()
      for _, event in ipairs(admin:events()) do
        if event.type == "error" then
          assert.is_number(event.code)
          return true
        end
      end
    end)
  end)

  -- librdkafka loses the first of these events when it ends.
  it("a token is asked for while a request waits for it #leaks", function()
    local asked = 0
    local admin
    admin = support.admin(brokers, { ["security.protocol"] = "sasl_plaintext", ["sasl.mechanisms"] = "OAUTHBEARER" }, {
      on_token_refresh = function()
        asked = asked + 1
        assert(admin:set_oauthbearer_failure("no token here"))
      end,
    })
    support.eventually(10, "the handler", function()
      admin:describe_cluster(100)
      return asked > 0
    end)
  end)
end)
