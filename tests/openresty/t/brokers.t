# lua-resty-kafka's API before a broker. TEST 1 and TEST 3 send three messages each to TOPIC.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

needs(qw(BROKERS TOPIC));

our $Document = join '', text_of('docs/RESTY.md') =~ /^```lua\n(.*?)^```/msg;
my ($host, $port) = $ENV{BROKERS} =~ /([^,]*):(\d+)/;
$Document =~ s/127\.0\.0\.1/$host/g;
$Document =~ s/9092/$port/g;
$Document =~ s/"orders"/"$ENV{TOPIC}"/g;

run_tests();

__DATA__

=== TEST 1: what goes in by the producers comes out by the consumer
--- config
    location /t {
        content_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local timestamps = require("kafka.resty.protocol.consumer")
            local list, topic = helper.list(os.getenv("BROKERS")), os.getenv("TOPIC")
            local p = producer:new(list)
            local first = assert(p:send(topic, "k", "one")) - 1
            ngx.say(tostring(p:send(topic, "k", "two") - first))
            local partition = next(select(2, p:offset())[topic])
            local bp = producer:new(list, { producer_type = "async", flush_time = 10 }, "there")
            assert(bp:send(topic, "k", "three"))
            bp:flush()
            ngx.say(tostring(select(2, bp:offset())[topic][partition] - first))

            local bc = require("kafka.resty.basic-consumer"):new(list)
            ngx.say(tostring(bc:list_offset(topic, partition)))
            ngx.say(tostring(bc:list_offset(topic, partition, 1LL)))
            local latest = assert(bc:list_offset(topic, partition, timestamps.LIST_OFFSET_TIMESTAMP_MAX))
            ngx.say(latest >= first and latest <= first + 2)
            local offset = first
            helper.eventually(function()
                for _, record in ipairs(assert(bc:fetch(topic, partition, offset)).records) do
                    ngx.say(tostring(record.offset - first), " ", record.key, " ", record.value)
                    offset = record.offset + 1
                end
                return offset == first + 3
            end)
        }
    }
--- response_body
2LL
3LL
0LL
0LL
true
0LL k one
1LL k two
2LL k three



=== TEST 2: what would wait is refused in the log phase
--- http_config
    lua_shared_dict results 1m;
--- config
    location /t {
        content_by_lua_block { ngx.say("hello") }
        log_by_lua_block {
            local helper, producer = require("helper"), require("kafka.resty.producer")
            local list, results = helper.list(os.getenv("BROKERS")), ngx.shared.results
            local _, text = producer:new(list):send(os.getenv("TOPIC"), nil, "never")
            results:set("send", text)
            _, text = require("kafka.resty.client"):new(list):fetch_metadata("t")
            results:set("fetch_metadata", text)
            local p = producer:new(helper.NOWHERE, {
                producer_type = "async", max_buffering = 1, wait_on_buffer_full = true, flush_time = 60000,
            }, "log that waits")
            p:send("t", nil, "1")
            _, text = p:send("t", nil, "2")
            results:set("wait_on_buffer_full", text)
            results:set("flush", tostring(p:flush()))
        }
    }
    location /results {
        content_by_lua_block {
            local helper, results = require("helper"), ngx.shared.results
            helper.eventually(function() return results:get("flush") end)
            ngx.say(results:get("send"):match("ngx%.timer%.at"))
            ngx.say(results:get("fetch_metadata"):match("ngx%.timer%.at"))
            ngx.say(results:get("wait_on_buffer_full"))
            ngx.say(results:get("flush"))
        }
    }
--- request eval
["GET /t", "GET /results"]
--- response_body eval
["hello\n", <<'END']
ngx.timer.at
ngx.timer.at
buffer overflow API disabled in the current context
true
END



=== TEST 3: the examples of docs/RESTY.md
--- config eval
"location /t { content_by_lua_block { $::Document } }"
--- response_body_like eval
qr/^(?=.*behind the message: )(?=.* one$)(?=.* two$)(?=.* three$)/ms
