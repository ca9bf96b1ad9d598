# Light threads that close a client, are killed meanwhile, or wait with it.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

run_tests();

__DATA__

=== TEST 1: calls that close at once return the same
--- config
    location /t {
        content_by_lua_block {
            local kafka, helper = require("kafka"), require("helper")
            local cluster, _, servers = helper.cluster({ t = 1 })
            cluster:broker_down(1)
            local producer = kafka.producer(servers, nil, { on_delivery = function() end })
            assert(producer:produce({ topic = "t", value = "x" }))
            local function close(timeout_ms)
                return producer:close(timeout_ms)
            end
            local threads = { ngx.thread.spawn(close, 300), ngx.thread.spawn(close, 5000) }
            for _, thread in ipairs(threads) do
                local _, closed, text, _, lost = ngx.thread.wait(thread)
                -- Behind it is the broker that cannot be reached.
                ngx.say(tostring(closed), " ", text:match("^[^:]+"), " ", lost)
            end
            ngx.say(producer:is_closed(), " ", producer:close())
        }
    }
--- response_body
nil timeout 1
nil timeout 1
true true



=== TEST 2: a close that is killed runs its handlers to the end, and the next one waits no longer than it may
--- config
    location /t {
        content_by_lua_block {
            local kafka, helper = require("kafka"), require("helper")
            local cluster, _, servers = helper.cluster({ t = 1 })
            cluster:broker_down(1)
            local code
            local producer = kafka.producer(servers, nil, {
                on_delivery = function(report)
                    ngx.sleep(0.1)
                    code = report.code
                end,
            })
            assert(producer:produce({ topic = "t", value = "x" }))
            local closing = ngx.thread.spawn(function()
                return producer:close(1000)
            end)
            ngx.sleep(0.1)
            assert(ngx.thread.kill(closing))
            local closed, text = producer:close(100)
            ngx.say(tostring(closed), " ", text)
            helper.eventually(function() return code end)
            ngx.say(code == kafka.err.PURGE_QUEUE, " ", producer:is_closed(), " ", producer:close())
        }
    }
--- response_body
nil timeout
true true true
--- error_log
gave up 1 messages of a producer whose close() was ended



=== TEST 3: a handler that runs while its client closes may close it as well
--- config
    location /t {
        content_by_lua_block {
            local kafka, helper = require("kafka"), require("helper")
            local cluster, _, servers = helper.cluster({ t = 1 })
            cluster:set_rtt(1, 200)
            local count, producer = 0, nil
            producer = kafka.producer(servers, { ["statistics.interval.ms"] = 10 }, {
                on_stats = function()
                    count = count + (producer:close() and 1 or 0)
                end,
            })
            assert(producer:produce({ topic = "t", value = "x" }))
            ngx.say(producer:close(), " ", count > 0)
        }
    }
--- response_body
true true



=== TEST 4: a wait ends as soon as its client closes
--- config
    location /t {
        content_by_lua_block {
            local kafka, helper = require("kafka"), require("helper")
            local cluster, _, servers = helper.cluster({ t = 1 })
            local producer = kafka.producer(servers, { ["queue.buffering.max.messages"] = 1 }, { block_ms = 10000 })
            local consumer = kafka.consumer(servers, { "t:0" }, { ["group.id"] = "g" })
            local admin = kafka.admin(servers)
            assert(producer:metadata() and consumer:watermarks("t", 0))
            cluster:broker_down(1)
            assert(producer:produce({ topic = "t", value = "x" }))
            local waits = {
                function() return producer:produce({ topic = "t", value = "y" }) end,
                function() return producer:flush(10000) end,
                function() return producer:metadata({ timeout = 10000 }) end,
                function() return consumer:poll(10000) end,
                function() return consumer:committed({ { topic = "t", partition = 0 } }, 10000) end,
                function() return admin:list_offsets({ { topic = "t", partition = 0, offset = "latest" } }, 10000) end,
            }
            local threads = {}
            for at, wait in ipairs(waits) do
                threads[at] = ngx.thread.spawn(wait)
            end
            ngx.sleep(0.1)
            local start = ngx.now()
            producer:close(0)
            consumer:close(0)
            admin:close()
            for _, thread in ipairs(threads) do
                local _, answer, text = ngx.thread.wait(thread)
                ngx.say(tostring(answer), " ", text)
            end
            ngx.update_time()
            -- Each would go on for ten seconds.
            ngx.say(ngx.now() - start < 8)
        }
    }
--- response_body
nil closed
nil closed
nil closed
nil closed
nil closed
nil closed
true



=== TEST 5: where nginx runs no timer, closing does without
--- http_config
    lua_max_running_timers 0;
--- config
    location /t {
        content_by_lua_block {
            local kafka, helper = require("kafka"), require("helper")
            local _, _, servers = helper.cluster({ t = 1 })
            local report
            local producer = kafka.producer(servers, nil, {
                on_delivery = function(heard)
                    report = heard
                end,
            })
            assert(producer:produce({ topic = "t", value = "x" }))
            ngx.say(producer:close(), " ", report.offset)
        }
    }
--- response_body
true 0
--- error_log
lua_max_running_timers are not enough
