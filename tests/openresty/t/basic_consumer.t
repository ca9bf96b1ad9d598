# kafka.resty.basic-consumer.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

run_tests();

__DATA__

=== TEST 1: offsets of a partition
--- config
    location /t {
        content_by_lua_block {
            local helper, timestamps = require("helper"), require("kafka.resty.protocol.consumer")
            local _, list = helper.filled_cluster("basic", 3)
            local bc = require("kafka.resty.basic-consumer"):new(list)
            ngx.say(tostring(bc:list_offset("basic", 0)))
            ngx.say(tostring(bc:list_offset("basic", 0, timestamps.LIST_OFFSET_TIMESTAMP_FIRST)))
            ngx.say(tostring(bc:list_offset("basic", 0, timestamps.LIST_OFFSET_TIMESTAMP_LAST)))
        }
    }
--- response_body
0LL
0LL
3LL



=== TEST 2: fetch returns what there is from an offset on
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").filled_cluster("basic", 3)
            local bc = require("kafka.resty.basic-consumer"):new(list)
            local data = assert(bc:fetch("basic", 0, 0))
            ngx.say(data.errcode, " ", tostring(data.high_watermark))
            for _, record in ipairs(data.records) do
                ngx.say(tostring(record.offset), " ", tostring(record.timestamp), " ", record.key, " ", record.value)
            end
        }
    }
--- response_body
0 3LL
0LL 1000LL nil v1
1LL 2000LL k2 v2
2LL 3000LL k3 v3



=== TEST 3: the offset may be a number, an int64_t or a string, and behind the last record there is nothing yet
--- config
    location /t {
        content_by_lua_block {
            local helper = require("helper")
            local _, list, servers = helper.filled_cluster("basic", 3)
            local bc = require("kafka.resty.basic-consumer"):new(list)
            for _, offset in ipairs({ 3, 3LL, tostring(3LL) }) do
                ngx.say(#assert(bc:fetch("basic", 0, offset)).records)
            end
            ngx.say(assert(bc:fetch("basic", 0, 2LL)).records[1].value)
            local filler = require("kafka").producer(servers)
            assert(filler:produce_sync({ topic = "basic", partition = 0, value = "v4" }, 10000))
            local record = helper.eventually(function() return assert(bc:fetch("basic", 0, 3)).records[1] end)
            ngx.say(record.value)
        }
    }
--- response_body
0
0
0
v3
v4



=== TEST 4: partitions, offsets and topics that are not there
--- config
    location /t {
        content_by_lua_block {
            local helper, basic_consumer = require("helper"), require("kafka.resty.basic-consumer")
            local _, list = helper.cluster({ empty = 1 })
            local bc = basic_consumer:new(list)
            ngx.say(bc:fetch("empty", 3, 0))
            ngx.say(bc:list_offset("empty", 3))
            ngx.say(tostring(bc:list_offset("empty", 0)))
            ngx.say(#assert(bc:fetch("empty", 0, 0)).records)
            ngx.say(bc:fetch("empty", 0, 1000))
            ngx.say(basic_consumer:new(helper.NOWHERE, { socket_timeout = 100 }):fetch("gone", 0, 0))
        }
    }
--- response_body
nilnot found partition
nilnot found partition
0LL
0
nilOFFSET_OUT_OF_RANGE
nilnot found topic
--- error_log
all brokers failed in fetch topic metadata, topic: gone



=== TEST 5: consumers that read at once each get their own
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").filled_cluster("meet", 10)
            local basic_consumer, threads = require("kafka.resty.basic-consumer"), {}
            for at = 1, 10 do
                threads[at] = ngx.thread.spawn(function()
                    local records = assert(basic_consumer:new(list):fetch("meet", 0, at - 1)).records
                    return records[1].value .. " and " .. #records - 1 .. " more"
                end)
            end
            for _, thread in ipairs(threads) do
                local _, text = assert(ngx.thread.wait(thread))
                ngx.say(text)
            end
        }
    }
--- response_body
v1 and 9 more
v2 and 8 more
v3 and 7 more
v4 and 6 more
v5 and 5 more
v6 and 4 more
v7 and 3 more
v8 and 2 more
v9 and 1 more
v10 and 0 more
