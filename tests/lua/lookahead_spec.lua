local support = require("support")

local COUNT = 2000
-- A member of a group learns of others by heartbeats, every five seconds.
local SECONDS_TO_JOIN = 6.5

describe("a consumer that takes messages ahead of its reader", function()
  local cluster, brokers

  before_each(function()
    cluster, brokers = support.cluster()
  end)

  after_each(support.close_all)

  local function fill(topic, partition_count, count)
    cluster:create_topic(topic, partition_count, 1)
    local producer = support.producer(brokers, { ["linger.ms"] = 20 })
    producer:create_topic(topic)
    for index = 0, count - 1 do
      assert.equal(0, producer:send(topic, index % partition_count, nil, tostring(index)))
    end
    assert(producer:close())
  end

  -- Reads messages of a topic with one partition, which must be those from `first` on. Fast, so that many are taken
  -- ahead.
  local function read(consumer, first, count)
    for index = first, first + count - 1 do
      assert.equal(tostring(index), (consumer:receive(15000)))
    end
  end

  local MANUAL = { ["enable.auto.commit"] = false }

  local function committed(topic)
    local other = support.consumer(brokers, nil)
    local offset = assert(other:committed({ { topic = topic, partition = 0 } }, 10000))[1].offset
    other:close()
    return offset
  end

  it("loses nothing where events come between messages #many", function()
    fill("t", 1, 5 * COUNT)
    local statistics = 0
    local consumer = support.consumer(brokers, { "t:0" }, { ["statistics.interval.ms"] = 1 }, {
      on_stats = function()
        statistics = statistics + 1
      end,
    })
    read(consumer, 0, COUNT)
    local next_one = COUNT
    while next_one < 5 * COUNT do
      for _, message in ipairs(assert(consumer:consume(100, 15000))) do
        assert.equal(tostring(next_one), message.value)
        next_one = next_one + 1
      end
    end
    assert.is_true(statistics > 0)
  end)

  it("commits what was read, and nothing that was only taken", function()
    fill("t", 1, COUNT)
    local consumer = support.consumer(brokers, { "t:0" }, MANUAL)
    read(consumer, 0, 777)
    assert.equal(777, assert(consumer:position())[1].offset)
    assert.equal(777, assert(consumer:commit())[1].offset)
    assert.equal("777", assert(consumer:poll(15000)).value)
    assert.equal(778, assert(consumer:commit())[1].offset)
    assert.equal(778, committed("t"))
  end)

  it("follows a reader that takes its time", function()
    fill("t", 1, COUNT)
    local consumer = support.consumer(brokers, { "t:0" }, { ["auto.commit.interval.ms"] = 50 })
    read(consumer, 0, 777)
    -- No call of the consumer is made meanwhile.
    support.eventually(10, "the commit", function()
      local offset = committed("t")
      assert.is_true(offset == nil or offset <= 777)
      return offset == 777
    end)
    -- Long enough for librdkafka to want to be polled between the messages that are left.
    support.sleep(1.3)
    read(consumer, 777, COUNT - 777)
    assert.same({}, { consumer:receive(0) })
  end)

  it("goes on with the next run where its reader was", function()
    fill("t", 1, COUNT)
    local first = support.consumer(brokers, { "t:0" })
    read(first, 0, 777)
    assert(first:close())
    local forgotten = support.consumer(brokers, { "t:0" })
    read(forgotten, 777, 333)
    require("kafka.native").release(forgotten.handle, support.clib().kafka_consumer_free)
    forgotten.handle = nil
    read(support.consumer(brokers, { "t:0" }), 1110, COUNT - 1110)
  end)

  it("takes back what was not read, where the reader goes elsewhere", function()
    fill("t", 1, COUNT)
    local consumer = support.consumer(brokers, { "t:0" }, MANUAL)
    local t0 = { topic = "t", partition = 0 }
    read(consumer, 0, 700)
    assert(consumer:seek({ topic = "t", partition = 0, offset = 100 }))
    read(consumer, 100, 700)
    assert(consumer:pause({ t0 }))
    assert.same({}, { consumer:receive(200) })
    assert.equal(800, assert(consumer:position())[1].offset)
    assert(consumer:resume({ t0 }))
    read(consumer, 800, 300)
    assert(consumer:unassign())
    assert.same({}, { consumer:receive(100) })
    assert(consumer:assign({ { topic = "t", partition = 0, offset = 10 } }))
    read(consumer, 10, 700)
    -- The other ways to take messages go on where this one was.
    local messages = assert(consumer:consume(5, 15000))
    assert.equal("710", messages[1].value)
    assert.equal("714", messages[5].value)
    read(consumer, 715, 300)
    local batch = assert(consumer:consume_views(5, 15000))
    assert.equal(1015, batch:offset(1))
    batch:release()
    local following = 1020
    for message in consumer:messages(15000) do
      assert.equal(tostring(following), message.value)
      following = following + 1
      if following == COUNT then
        break
      end
    end
    assert.equal(COUNT, following)
  end)

  it("loses nothing to a call that is refused", function()
    local kafka = require("kafka")
    fill("t", 1, COUNT)
    local consumer = support.consumer(brokers, { "t:0" }, MANUAL)
    local t0, other = { topic = "t", partition = 0 }, { topic = "t", partition = 7 }
    read(consumer, 0, 700)
    assert.equal(kafka.err.INVALID_ARG, (select(3, consumer:incremental_unassign({ t0, other }))))
    read(consumer, 700, 100)
    local nowhere = { topic = "t", partition = 0, offset = kafka.OFFSET_STORED }
    assert.equal(kafka.err.INVALID_ARG, (select(3, consumer:seek(nowhere))))
    read(consumer, 800, COUNT - 800)
  end)

  it("tells of a partition's end though messages come with it", function()
    local kafka = require("kafka")
    fill("t", 1, 10)
    local consumer = support.consumer(brokers, { "t:0" }, { ["enable.partition.eof"] = true })
    local count = 0
    while count < 10 do
      count = count + #assert(consumer:consume(100, 15000))
    end
    local message, _, code = consumer:poll(15000)
    assert.equal(nil, message)
    assert.equal(kafka.err.PARTITION_EOF, code)
    assert.equal(kafka.err.TIMED_OUT, (select(3, consumer:poll(100))))
  end)

  it("gives up partitions with what was not read of them", function()
    fill("t", 4, COUNT)
    local conf = { ["auto.commit.interval.ms"] = 600000 }
    local members = { support.consumer(brokers, { "t" }, conf) }
    local seen, total = {}, 0
    local function take(member)
      local value = member:receive(20)
      if value then
        assert.equal(nil, seen[value])
        seen[value], total = true, total + 1
      end
      return value
    end
    -- In the midst of some hundreds that were taken at once.
    while total < 600 do
      take(members[1])
    end
    members[2] = support.consumer(brokers, { "t" }, conf)
    -- Until the first one is asked for partitions, and has not called for so long that it will answer though it has
    -- messages left. Those of the partitions that it keeps stay with it.
    local deadline = support.now() + SECONDS_TO_JOIN
    while support.now() < deadline do
      take(members[2])
    end
    -- Each is read once, by the member that has its partition.
    support.eventually(60, "all messages", function()
      for _, member in ipairs(members) do
        repeat
          local value = take(member)
        until not value
      end
      return total == COUNT
    end)
  end)

  it("says so in a forked child, though messages are there", function()
    fill("t", 1, COUNT)
    local result = support.program(([[
      local ffi = require("ffi")
      ffi.cdef("int fork(void); void _exit(int); int waitpid(int, int *, int);")
      local kafka = require("kafka")
      local consumer = kafka.consumer(%q, { "t:0" }, { ["group.id"] = "g" }, { ["auto.offset.reset"] = "earliest" })
      for index = 0, 776 do
        assert(consumer:receive(15000) == tostring(index))
      end
      local child = ffi.C.fork()
      if child == 0 then
        local value, message, code = consumer:receive(0)
        ffi.C._exit(value == nil and message == "forked" and code == kafka.err.FORKED and 0 or 1)
      end
      local status = ffi.new("int[1]")
      assert(ffi.C.waitpid(child, status, 0) == child)
      print(status[0], (consumer:receive(0)))
    ]]):format(brokers))
    assert.equal("", result.err)
    assert.equal("0\t777\n", result.out)
  end)

  it("stores no offsets where the reader does", function()
    fill("t", 1, 10)
    local by_hand = { ["enable.auto.offset.store"] = false, ["enable.auto.commit"] = false }
    local consumer = support.consumer(brokers, { "t:0" }, by_hand)
    read(consumer, 0, 10)
    assert.same({}, assert(consumer:commit()))
    assert(consumer:store_offsets({ { topic = "t", partition = 0, offset = 4 } }))
    assert.equal(4, assert(consumer:commit())[1].offset)
  end)
end)
