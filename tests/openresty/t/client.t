# kafka.resty.client, and what lua-resty-kafka's configuration becomes.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

run_tests();

__DATA__

=== TEST 1: metadata: brokers and partitions
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ one = 3 })
            local brokers, partitions = require("kafka.resty.client"):new(list):fetch_metadata("one")
            ngx.say(brokers[1].host == list[1].host, " ", brokers[1].port == list[1].port)
            ngx.say(partitions.num, " ", partitions.errcode)
            for id = 0, 2 do
                local one = partitions[id]
                ngx.say(one.id, " ", one.leader, " ", one.errcode, " ", one.replicas[1], " ", one.isr[1])
            end
            ngx.say(partitions[3])
        }
    }
--- response_body
true true
3 0
0 1 0 1 1
1 1 0 1 1
2 1 0 1 1
nil



=== TEST 2: refresh asks for all topics that the client knows
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ one = 3, two = 1 })
            local cli = require("kafka.resty.client"):new(list)
            ngx.say(cli:refresh())
            assert(cli:fetch_metadata("one"))
            assert(cli:fetch_metadata("two"))
            local brokers, partitions, versions = cli:refresh()
            ngx.say(#brokers, " ", partitions.one.num, " ", partitions.two.num, " ", type(versions))
            ngx.say(cli:choose_api_version(0))
        }
    }
--- response_body
nilnot topic
1 3 1 table
-1



=== TEST 3: the broker of a partition
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ one = 3 })
            local cli = require("kafka.resty.client"):new(list)
            assert(cli:fetch_metadata("one"))
            ngx.say(cli:choose_broker("one", 0).port == list[1].port)
            ngx.say(cli:choose_broker("one", 7))
        }
    }
--- response_body
true
nilnot found partition



=== TEST 4: metadata older than refresh_interval is asked for anew
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ one = 3 })
            local cli = require("kafka.resty.client"):new(list, { refresh_interval = 20 })
            local _, before = assert(cli:fetch_metadata("one"))
            ngx.sleep(0.03)
            local _, after = assert(cli:fetch_metadata("one"))
            ngx.say(after == before)
        }
    }
--- response_body
false



=== TEST 5: a table of the caller's own is taken as it is
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ one = 3, two = 1 })
            local cli = require("kafka.resty.client"):new(list)
            cli.topic_partitions = { one = { [0] = { id = 0, leader = 9 }, num = 1 }, two = {} }
            ngx.say(cli:choose_broker("one", 0))
            -- Both topics are asked for together.
            local _, two = cli:fetch_metadata("two")
            local _, one = cli:fetch_metadata("one")
            ngx.say(two.num, " ", one[0].leader)
        }
    }
--- response_body
nilnot found broker
1 1



=== TEST 6: a broker that is gone: the metadata that was, or an error
--- config
    location /t {
        content_by_lua_block {
            local helper, client = require("helper"), require("kafka.resty.client")
            local mock, list = helper.cluster({ gone = 1 })
            local cli = client:new(list, { socket_timeout = 100, refresh_interval = 20 })
            helper.eventually(function() return cli:fetch_metadata("gone") end)
            mock:broker_down(1)
            ngx.sleep(0.03)
            local _, partitions = cli:fetch_metadata("gone")
            ngx.say(partitions.num)
            cli = client:new(helper.NOWHERE, { socket_timeout = 100 })
            ngx.say(cli:fetch_metadata("one"))
            ngx.say(cli:refresh("one"))
        }
    }
--- response_body
1
nilnot found topic
nilall brokers failed in fetch topic metadata
--- error_log
all brokers failed in fetch topic metadata, topic: gone
all brokers failed in fetch topic metadata, topic: one



=== TEST 7: what lua-resty-kafka's clients have for programs that connect by themselves
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ t = 1 })
            local cli = require("kafka.resty.client"):new(list, {
                keepalive_size = 5,
                resolver = function(host) return host == "127.0.0.1" and "127.0.0.2" or nil end,
            })
            local brokers = assert(cli:fetch_metadata("t"))
            ngx.say(brokers[1].host, " ", brokers[1].sasl_config)
            local config = cli.socket_config
            ngx.say(config.socket_timeout, " ", config.keepalive_timeout, " ", config.keepalive_size)
            ngx.say(config.ssl, " ", config.ssl_verify, " ", config.resolver("127.0.0.1"))
            local producer, consumer = require("kafka.resty.producer"), require("kafka.resty.basic-consumer")
            ngx.say(producer:new(list, { socket_timeout = 4000 }).socket_config.socket_timeout)
            ngx.say(consumer:new(list, { ssl = true }).socket_config.ssl)
        }
    }
--- response_body
127.0.0.2 nil
3000 600000 5
false false 127.0.0.2
4000
true



=== TEST 8: lua-resty-kafka's names become librdkafka's properties
--- config
    location /t {
        content_by_lua_block {
            local list = {
                { host = "b", port = 9093, sasl_config = { mechanism = "PLAIN", user = "u", password = "p" } },
            }
            local properties = require("kafka.resty.config").producer(list, {
                producer_type = "async",
                socket_timeout = 4000,
                keepalive_timeout = 5000,
                keepalive_size = 3,
                refresh_interval = 6000,
                ssl = true,
                request_timeout = 1500,
                required_acks = -1,
                max_retry = 4,
                retry_backoff = 200,
                api_version = 2,
                flush_time = 300,
                batch_num = 10,
                batch_size = 2000,
                max_buffering = 30,
                properties = { ["compression.codec"] = "zstd", ["linger.ms"] = 7 },
            }).properties
            for _, name in ipairs({
                "acks", "batch.num.messages", "batch.size", "compression.codec", "connections.max.idle.ms",
                "enable.ssl.certificate.verification", "linger.ms", "message.send.max.retries", "message.timeout.ms",
                "queue.buffering.max.messages", "request.timeout.ms", "retry.backoff.ms", "sasl.mechanism",
                "sasl.password", "sasl.username", "security.protocol", "socket.timeout.ms",
                "topic.metadata.refresh.interval.ms",
            }) do
                ngx.say(name, " = ", properties[name])
            end
            -- librdkafka takes them all.
            require("kafka").producer("b:9093", properties):close(0)
        }
    }
--- response_body
acks = -1
batch.num.messages = 10
batch.size = 2000
compression.codec = zstd
connections.max.idle.ms = 5000
enable.ssl.certificate.verification = false
linger.ms = 7
message.send.max.retries = 3
message.timeout.ms = 17100
queue.buffering.max.messages = 30
request.timeout.ms = 1500
retry.backoff.ms = 200
sasl.mechanism = PLAIN
sasl.password = p
sasl.username = u
security.protocol = sasl_ssl
socket.timeout.ms = 4000
topic.metadata.refresh.interval.ms = 6000



=== TEST 9: a configuration that cannot be taken throws, and says what is wrong
--- config
    location /t {
        content_by_lua_block {
            local producer, client = require("kafka.resty.producer"), require("kafka.resty.client")
            local list = { { host = "b", port = 1 } }
            local function say(wrong, ...)
                local made, text = pcall(...)
                ngx.say(made, " ", text:find(wrong, 1, true) and wrong or text)
            end
            say("broker_list", producer.new, producer, {})
            say("broker_list[1]", producer.new, producer, { { host = "b" } })
            say("client_cert", producer.new, producer, list, { ssl = true, client_cert = 1LL })
            say("tokenauth", client.new, client, list, { auth_config = { tokenauth = true } })
        }
    }
--- response_body
false broker_list
false broker_list[1]
false client_cert
false tokenauth



=== TEST 10: the resolver of a configuration is asked once for a name
--- config
    location /t {
        content_by_lua_block {
            local _, list = require("helper").cluster({ t = 1 })
            local asked = 0
            local config = {
                resolver = function(host)
                    if host == "kafka.test" then
                        asked = asked + 1
                        return "127.0.0.1"
                    end
                end,
            }
            for _ = 1, 2 do
                local p = require("kafka.resty.producer"):new({ { host = "kafka.test", port = list[1].port } }, config)
                assert(p:send("t", nil, "x"))
            end
            ngx.say("asked ", asked)
        }
    }
--- response_body
asked 1
