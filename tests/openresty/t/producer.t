# kafka.resty.producer, synchronous.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

run_tests();

__DATA__

=== TEST 1: send returns the offset behind the message, as lua-resty-kafka does
--- config
    location /t {
        content_by_lua_block {
            local helper = require("helper")
            local _, list, servers = helper.cluster({ sync = 2 })
            local p = require("kafka.resty.producer"):new(list)
            ngx.say(tostring(p:send("sync", "key", "one")))
            ngx.say(tostring(p:send("sync", "key", "two")))
            local partition = ngx.crc32_short("key") % 2
            ngx.say(helper.values(servers, "sync", partition, 2))
            local sum, details = p:offset()
            ngx.say(tostring(sum), " ", tostring(details.sync[partition]))
            ngx.say(p:flush())
        }
    }
--- response_body
1LL
2LL
one two
2LL 2LL
true



=== TEST 2: producers of the same configuration share one client
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local _, list = helper.cluster({ t = 1 })
            assert(producer:new(list):send("t", nil, "x"))
            local before = helper.clients()
            for _ = 1, 5 do
                assert(producer:new(list):send("t", nil, "x"))
            end
            ngx.say(helper.clients() - before, " more")
        }
    }
--- response_body
0 more



=== TEST 3: messages without a key go to one partition after the other
--- config
    location /t {
        content_by_lua_block {
            local producer = require("kafka.resty.producer")
            local _, list = require("helper").cluster({ round = 4 })
            local p = producer:new(list)
            for _ = 1, 4 do
                assert(p:send("round", nil, "x"))
            end
            local _, details = p:offset()
            for partition = 0, 3 do
                ngx.say(partition, ": ", tostring(details.round[partition]))
            end
            -- Also where there is another producer for each message.
            for at = 0, 3 do
                p = producer:new(list)
                assert(p:send("round", nil, "x"))
                local partition = (5 + at) % 4
                ngx.say(partition, ": ", tostring(select(2, p:offset()).round[partition]))
            end
        }
    }
--- response_body
0: 1LL
1: 1LL
2: 1LL
3: 1LL
1: 2LL
2: 2LL
3: 2LL
0: 2LL



=== TEST 4: a broker's error, and whether it can be tried again
--- config
    location /t {
        content_by_lua_block {
            local kafka = require("kafka")
            local mock, list = require("helper").cluster({ errors = 1 })
            local p = require("kafka.resty.producer"):new(list, { max_retry = 1 })
            for _, code in ipairs({ kafka.err.MSG_SIZE_TOO_LARGE, kafka.err.NOT_ENOUGH_REPLICAS }) do
                mock:push_errors("Produce", code)
                local offset, text, retryable = p:send("errors", nil, "x")
                ngx.say(offset, " ", text, " ", retryable)
            end
        }
    }
--- response_body
nil MESSAGE_TOO_LARGE false
nil NOT_ENOUGH_REPLICAS true



=== TEST 5: errors have the names of lua-resty-kafka's table
--- config
    location /t {
        content_by_lua_block {
            local errors = require("kafka.resty.errors")
            ngx.say(errors[3].msg, " ", errors[3].retriable)
            -- librdkafka has another name for this one.
            ngx.say(errors[11].msg)
        }
    }
--- response_body
UNKNOWN_TOPIC_OR_PARTITION true
STALE_CONTROLLER_EPOCH



=== TEST 6: where no broker answers, the topic is not found
--- config
    location /t {
        content_by_lua_block {
            local p = require("kafka.resty.producer"):new(require("helper").NOWHERE, { socket_timeout = 100 })
            local offset, text = p:send("errors", nil, "x")
            ngx.say(offset, " ", text)
        }
    }
--- response_body
nil not found topic
--- error_log
all brokers failed in fetch topic metadata, topic: errors



=== TEST 7: the partitioner chooses, and is given the key and how many partitions there are
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ p = 4 })
            local p = require("kafka.resty.producer"):new(list, {
                partitioner = function(key, count, correlation_id)
                    ngx.say(key, " ", count, " ", correlation_id)
                    return 2
                end,
            })
            assert(p:send("p", "k", "x"))
            assert(p:send("p", "k", "x"))
            ngx.say(tostring(select(2, p:offset()).p[2]))
        }
    }
--- response_body
k 4 1
k 4 2
2LL



=== TEST 8: a partitioner that answers a partition that is not there, or no number
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ errors = 1 })
            local answer
            local p = require("kafka.resty.producer"):new(list, { partitioner = function() return answer end })
            answer = 9
            local offset, text, retryable = p:send("errors", nil, "x")
            ngx.say(offset, " ", text, " ", retryable)
            answer = "first"
            local sent, wrong = pcall(p.send, p, "errors", nil, "x")
            ngx.say(sent, " ", wrong)
        }
    }
--- response_body
nil not found partition true
false partitioner: the number of a partition expected, got first



=== TEST 9: a property that librdkafka refuses is an error of send
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ errors = 1 })
            local p = require("kafka.resty.producer"):new(list, { required_acks = 5000 })
            local offset, text = p:send("errors", nil, "x")
            ngx.say(offset, " ", text:match("acks"))
        }
    }
--- response_body
nil acks



=== TEST 10: no key is an empty one, as lua-resty-kafka writes it
--- config
    location /t {
        content_by_lua_block {
            local producer = require("kafka.resty.producer")
            local _, list, servers = require("helper").cluster({ written = 1 })
            local p = producer:new(list)
            local bp = producer:new(list, { producer_type = "async", flush_time = 1 }, "written")
            assert(p:send("written", nil, "sync"))
            assert(bp:send("written", nil, ""))
            assert(bp:flush())
            assert(p:send("written", "k", "last"))
            local consumer = require("kafka").consumer(servers, { "written:0" }, {
                ["group.id"] = "written",
                ["auto.offset.reset"] = "earliest",
            })
            for _ = 1, 3 do
                local message = assert(consumer:poll(10000))
                ngx.say("[", message.key, "] [", message.value, "]")
            end
            consumer:close()
        }
    }
--- response_body
[] [sync]
[] []
[k] [last]



=== TEST 11: a message or a topic that is no string is refused; librdkafka would write a tombstone
--- config
    location /t {
        content_by_lua_block {
            local producer = require("kafka.resty.producer")
            local _, list = require("helper").cluster({ written = 1 })
            for _, one in ipairs({
                producer:new(list),
                producer:new(list, { producer_type = "async", flush_time = 1 }, "written"),
            }) do
                local _, text = pcall(function() assert(one:send("written", "k", nil)) end)
                ngx.say(text)
                _, text = pcall(function() assert(one:send(nil, "k", "v")) end)
                ngx.say(text)
            end
        }
    }
--- response_body
bad argument #3 to 'send' (string expected, got nil)
bad argument #1 to 'send' (string expected, got nil)
bad argument #3 to 'send' (string expected, got nil)
bad argument #1 to 'send' (string expected, got nil)



=== TEST 12: how large a message may be is the broker's to say
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local mock, list = helper.cluster({ large = 1 })
            -- The cluster keeps 5 MiB of a partition.
            local large, told = ("x"):rep(2 * 1024 * 1024), nil
            assert(producer:new(list):send("large", nil, large))
            local bp = producer:new(list, {
                producer_type = "async",
                batch_size = 2 * 1024 * 1024,
                error_handle = function(...) told = { ... } end,
            }, "large")
            assert(bp:send("large", nil, "small"))
            assert(bp:send("large", nil, large))
            bp:flush()
            local bc, lengths = require("kafka.resty.basic-consumer"):new(list), {}
            helper.eventually(function()
                for _, record in ipairs(assert(bc:fetch("large", 0, #lengths)).records) do
                    lengths[#lengths + 1] = #record.value
                end
                return #lengths == 3
            end)
            ngx.say(table.concat(lengths, " "))
            mock:push_errors("Produce", require("kafka").err.MSG_SIZE_TOO_LARGE)
            ngx.say(bp:send("large", "k", large))
            bp:flush()
            local _, partition_id, queue, index, err, retryable = unpack(told)
            ngx.say(partition_id, " ", queue[1], " ", #queue[2], " ", index, " ", err, " ", retryable)
        }
    }
--- response_body
2097152 5 2097152
true
0 k 2097152 2 MESSAGE_TOO_LARGE false
