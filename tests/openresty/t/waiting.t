# The library's wait loop in nginx.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

run_tests();

__DATA__

=== TEST 1: a notification that comes while the light thread gives way is not lost
--- config
    location /t {
        content_by_lua_block {
            local C, kafka, wait = require("kafka.native").C, require("kafka"), require("kafka.wait")
            local producer = kafka.producer("127.0.0.1:1", { ["statistics.interval.ms"] = 1 }, {
                on_stats = function() end,
                on_error = function() end,
            })
            -- Each look uses a turn up, so that others have theirs before the light thread waits; and each millisecond the
            -- statistics notify it.
            local is_ready = false
            local function look()
                local start = C.kafka_clock_us()
                repeat until C.kafka_clock_us() - start > 600
                return is_ready and 0 or nil
            end
            ngx.thread.spawn(function()
                ngx.sleep(0.3)
                is_ready = true
            end)
            local start = ngx.now()
            ngx.say(wait.until_ready(producer, 20000, look))
            ngx.update_time()
            ngx.say(ngx.now() - start < 5)
        }
    }
--- response_body
0
true



=== TEST 2: a light thread waits where the limit on bytes is met
--- config
    location /t {
        content_by_lua_block {
            local kafka, helper = require("kafka"), require("helper")
            local _, _, servers = helper.cluster({ t = 1 })
            local limit = { ["queue.buffering.max.kbytes"] = 1 }
            local producer = kafka.producer(servers, limit, { block_ms = 10000 })
            local start = ngx.now()
            for _ = 1, 50 do
                assert(producer:produce({ topic = "t", value = ("x"):rep(600) }))
            end
            assert(producer:flush())
            ngx.update_time()
            -- A wake-up that is lost would cost ten seconds.
            ngx.say(producer:counters().delivered, " ", ngx.now() - start < 5)
        }
    }
--- response_body
50 true
