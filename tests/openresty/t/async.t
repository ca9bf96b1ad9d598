# kafka.resty.producer, asynchronous.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

run_tests();

__DATA__

=== TEST 1: send buffers, flush delivers; the same name and configuration is the same producer
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local _, list, servers = helper.cluster({ async = 1 })
            local config = { producer_type = "async", flush_time = 60000 }
            local p = producer:new(list, config, "async")
            ngx.say(p:send("async", "k", "one"))
            ngx.say("same: ", producer:new(list, config, "async") == p)
            ngx.say("another name: ", producer:new(list, config, "another") == p)
            ngx.say(p:send("async", "k", "two"))
            ngx.say(p:flush())
            local sum, details = p:offset()
            ngx.say(tostring(sum), " ", tostring(details.async[0]))
            ngx.say(helper.values(servers, "async", 0, 2))
        }
    }
--- response_body
true
same: true
another name: false
true
true
2LL 2LL
one two



=== TEST 2: without acknowledgements no offset is known
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local _, list, servers = helper.cluster({ unacknowledged = 1 })
            local p = producer:new(list, { producer_type = "async", required_acks = 0 }, "unacknowledged")
            assert(p:send("unacknowledged", nil, "x"))
            p:flush()
            ngx.say(helper.values(servers, "unacknowledged", 0, 1))
            local sum, details = p:offset()
            ngx.say(tostring(sum), " ", tostring(details.unacknowledged[0]))
        }
    }
--- response_body
x
0LL 0LL



=== TEST 3: what is buffered is sent after flush_time
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local _, list = helper.cluster({ timed = 1 })
            local p = producer:new(list, { producer_type = "async", flush_time = 10 }, "timed")
            ngx.say(tostring(p:offset()))
            assert(p:send("timed", nil, "x"))
            helper.eventually(function() return p:offset() == 1LL end)
            ngx.say(tostring(p:offset()))
        }
    }
--- response_body
0
1LL



=== TEST 4: what is buffered is sent when there are batch_num of them
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local _, list, servers = helper.cluster({ full = 1 })
            local p = producer:new(list, { producer_type = "async", flush_time = 60000, batch_num = 3 }, "full")
            for at = 1, 3 do
                assert(p:send("full", "", tostring(at)))
            end
            ngx.say(helper.values(servers, "full", 0, 3))
        }
    }
--- response_body
1 2 3



=== TEST 5: a key goes to the partition that lua-resty-kafka chooses
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ chooses = 4 })
            local p = require("kafka.resty.producer"):new(list, { producer_type = "async" }, "chooses")
            local wanted = { [0] = 0, 0, 0, 0 }
            for _, key in ipairs({ "", "", "a", "b", "c", "customer 7", "10.0.0.1" }) do
                assert(p:send("chooses", key, "x"))
                local partition = ngx.crc32_short(key) % 4
                wanted[partition] = wanted[partition] + 1
            end
            p:flush()
            local details = select(2, p:offset()).chooses
            for partition = 0, 3 do
                ngx.say(partition, " ", tonumber(details[partition] or 0) == wanted[partition])
            end
        }
    }
--- response_body
0 true
1 true
2 true
3 true



=== TEST 6: thousands of messages at once are all delivered
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ many = 1 })
            local p = require("kafka.resty.producer"):new(list, { producer_type = "async", batch_num = 10000 }, "many")
            for _ = 1, 30000 do
                assert(p:send("many", nil, "x"))
            end
            p:flush()
            ngx.say(tostring(p:offset()))
        }
    }
--- response_body
30000LL



=== TEST 7: error_handle gets what was not delivered, and may yield
--- config
    location /t {
        content_by_lua_block {
            local helper, given, count, rest = require("helper"), {}, 0, nil
            local p = require("kafka.resty.producer"):new(helper.NOWHERE, {
                producer_type = "async",
                max_retry = 1,
                socket_timeout = 100,
                flush_time = 10,
                -- By one call for both, unless it comes between them: librdkafka gives up one after the other.
                error_handle = function(topic, partition_id, queue, index, err, retryable)
                    ngx.sleep(0.001)
                    for at = 1, index do
                        given[count + at] = queue[at]
                    end
                    count, rest = count + index, { topic, partition_id, err, retryable }
                end,
            }, "failures")
            assert(p:send("lost", "k", "one"))
            assert(p:send("lost", nil, "two"))
            helper.eventually(function() return count == 4 end)
            local topic, partition_id, err, retryable = unpack(rest)
            ngx.say(topic, " ", partition_id, " ", table.concat(given, "|"))
            ngx.say(err, " ", retryable)
        }
    }
--- response_body
lost -1 k|one||two
not found topic true



=== TEST 8: error_handle gets the error that a broker answered
--- config
    location /t {
        content_by_lua_block {
            local told
            local mock, list = require("helper").cluster({ refused = 1 })
            local p = require("kafka.resty.producer"):new(list, {
                producer_type = "async",
                max_retry = 1,
                error_handle = function(...) told = { ... } end,
            }, "refused")
            mock:push_errors("Produce", require("kafka").err.NOT_ENOUGH_REPLICAS)
            assert(p:send("refused", "k", "v"))
            ngx.say(p:flush())
            local topic, partition_id, queue, index, err, retryable = unpack(told)
            ngx.say(topic, " ", partition_id, " ", table.concat(queue, "|"), " ", index)
            ngx.say(err, " ", retryable)
        }
    }
--- response_body
true
refused 0 k|v 2
NOT_ENOUGH_REPLICAS true



=== TEST 9: without an error_handle, what was not delivered is logged
--- config
    location /t {
        content_by_lua_block {
            local p = require("kafka.resty.producer"):new(require("helper").NOWHERE, {
                producer_type = "async", max_retry = 1, socket_timeout = 100, flush_time = 10,
            }, "without a handler")
            assert(p:send("lost", "k", "one"))
            p:flush()
        }
    }
--- wait: 0.5
--- error_log
buffered messages send to kafka err: not found topic, retryable: true, topic: lost, partition_id: -1, length: 1



=== TEST 10: an error_handle that throws is logged
--- config
    location /t {
        content_by_lua_block {
            local p = require("kafka.resty.producer"):new(require("helper").NOWHERE, {
                producer_type = "async", max_retry = 1, socket_timeout = 100, flush_time = 10,
                error_handle = function() error("no place for it") end,
            }, "with a handler")
            assert(p:send("lost", "k", "two"))
            p:flush()
        }
    }
--- wait: 0.5
--- error_log
failed to callback error_handle: 
no place for it



=== TEST 11: a full buffer refuses, or waits as long as it may
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local config = { producer_type = "async", max_buffering = 2, socket_timeout = 5000 }
            local p = producer:new(helper.NOWHERE, config, "overflow")
            assert(p:send("t", nil, "1"))
            assert(p:send("t", nil, "2"))
            ngx.say(p:send("t", nil, "3"))
            config.wait_on_buffer_full, config.wait_buffer_timeout = true, 0.1
            p = producer:new(helper.NOWHERE, config, "overflow that waits")
            assert(p:send("t", nil, "1"))
            assert(p:send("t", nil, "2"))
            ngx.update_time()
            local start = ngx.now()
            ngx.say(p:send("t", nil, "3"))
            ngx.update_time()
            ngx.say("waited: ", ngx.now() - start >= 0.09)
        }
    }
--- response_body
nilbuffer overflow
nilbuffer overflow timeout
waited: true



=== TEST 12: a send that waits for room goes on when there is some
--- config
    location /t {
        content_by_lua_block {
            local helper = require("helper")
            local _, list, servers = helper.cluster({ room = 1 })
            local p = require("kafka.resty.producer"):new(list, {
                producer_type = "async", max_buffering = 2, flush_time = 50, wait_on_buffer_full = true,
            }, "room")
            for at = 1, 5 do
                assert(p:send("room", nil, tostring(at)))
            end
            p:flush()
            ngx.say(helper.values(servers, "room", 0, 5))
        }
    }
--- response_body
1 2 3 4 5



=== TEST 13: the partitioner chooses also for what waits for the topic's metadata
--- config
    location /t {
        content_by_lua_block {
            local helper = require("helper")
            local _, list, servers = helper.cluster({ p = 4 })
            local p = require("kafka.resty.producer"):new(list, {
                producer_type = "async",
                flush_time = 10,
                partitioner = function(key, count)
                    assert(key == nil or key == "k")
                    return count - 1
                end,
            }, "partitioner")
            assert(p:send("p", nil, "1"))
            assert(p:send("p", "k", "2"))
            helper.eventually(function() return p:offset() == 2LL end)
            assert(p:send("p", nil, "3"))
            ngx.say(helper.values(servers, "p", 3, 3))
        }
    }
--- response_body
1 2 3



=== TEST 14: where no metadata comes, error_handle gets what waited for it
--- config
    location /t {
        content_by_lua_block {
            local helper, told = require("helper"), nil
            local p = require("kafka.resty.producer"):new(helper.NOWHERE, {
                producer_type = "async",
                socket_timeout = 50,
                max_retry = 1,
                retry_backoff = 1,
                partitioner = function() return 0 end,
                error_handle = function(...) told = { ... } end,
            }, "no partitions")
            assert(p:send("p", "k", "v"))
            helper.eventually(function() return told end)
            ngx.say(told[2], " ", table.concat(told[3], "|"), " ", told[5])
        }
    }
--- response_body
-1 k|v not found topic
--- error_log
all brokers failed in fetch topic metadata, topic: p



=== TEST 15: where nginx runs no timer, send reports what failed before
--- http_config
    lua_max_running_timers 0;
--- config
    location /t {
        content_by_lua_block {
            local helper, told = require("helper"), 0
            local p = require("kafka.resty.producer"):new(helper.NOWHERE, {
                producer_type = "async",
                socket_timeout = 50,
                max_retry = 1,
                retry_backoff = 1,
                flush_time = 1,
                error_handle = function(_, _, _, index) told = told + index / 2 end,
            }, "no timers")
            for _ = 1, 3 do
                assert(p:send("t", "k", "v"))
            end
            helper.eventually(function()
                assert(p:send("t", "k", "v"))
                return told >= 3
            end)
            ngx.say("told of three")
        }
    }
--- response_body
told of three



=== TEST 16: a changed configuration is another producer, and the one before delivers what it has
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            require("kafka.resty").grace_ms = 50
            local _, list = helper.cluster({ config = 1 })
            local before = producer:new(list, { producer_type = "async", flush_time = 60000 }, "config")
            assert(before:send("config", nil, "before"))
            local after = producer:new(list, { producer_type = "async", flush_time = 10 }, "config")
            ngx.say("same: ", after == before)
            assert(after:send("config", nil, "after"))
            helper.eventually(function() return before:offset() ~= 0 and after:offset() ~= 0 end)
            ngx.say("both delivered")
        }
    }
--- response_body
same: false
both delivered



=== TEST 17: lua-resty-kafka's buffers are there, and empty
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local config = {
                producer_type = "async", socket_timeout = 100, flush_time = 1, error_handle = function() end,
            }
            local bp, p = producer:new(helper.NOWHERE, config, "empty"), producer:new(helper.NOWHERE)
            assert(bp:send("t", nil, "x"))
            ngx.say(bp.async, " ", bp.error_handle == config.error_handle)
            ngx.say(bp.ringbuffer.size, " ", bp.ringbuffer.queue[1])
            ngx.say(p.async, " ", p.sendbuffer.topics.t)
        }
    }
--- response_body
true true
0 nil
false nil
