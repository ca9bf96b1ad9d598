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
