# kafka.resty: clients that the requests of a worker share by name.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

run_tests();

__DATA__

=== TEST 1: the same name and configuration is the same client
--- config
    location /t {
        content_by_lua_block {
            local resty = require("kafka.resty")
            local _, _, servers = require("helper").cluster()
            local one = resty.producer("one", servers, { ["linger.ms"] = 1 })
            ngx.say("same: ", resty.producer("one", servers, { ["linger.ms"] = 1 }) == one)
            ngx.say("another name: ", resty.producer("two", servers, { ["linger.ms"] = 1 }) == one)
            local admin = resty.admin("one", servers)
            ngx.say("admin: ", resty.admin("one", servers) == admin)
            local consumer = resty.consumer("one", servers, { "t:0" }, { ["group.id"] = "g" })
            ngx.say("consumer: ", resty.consumer("one", servers, { "t:0" }, { ["group.id"] = "g" }) == consumer)
            assert(consumer:close())
            ngx.say("closed: ", resty.consumer("one", servers, { "t:0" }, { ["group.id"] = "g" }) == consumer)
        }
    }
--- response_body
same: true
another name: false
admin: true
consumer: true
closed: false



=== TEST 2: the table of properties stays the caller's, and what changes in it is a change
--- config
    location /t {
        content_by_lua_block {
            local resty = require("kafka.resty")
            local _, _, servers = require("helper").cluster()
            local properties = { ["linger.ms"] = 1 }
            local one = resty.producer("one", servers, properties)
            ngx.say(resty.producer("one", servers, properties) == one)
            properties["linger.ms"] = 2
            ngx.say(resty.producer("one", servers, properties) == one)
        }
    }
--- response_body
true
false



=== TEST 3: one is made for all requests at once, also if the first of them is killed
--- config
    location /t {
        content_by_lua_block {
            local resty = require("kafka.resty")
            local _, _, servers = require("helper").cluster()
            local function ask()
                return resty.producer("at once", servers, { ["linger.ms"] = 1 })
            end
            local threads = {}
            for at = 1, 10 do
                threads[at] = assert(ngx.thread.spawn(ask))
            end
            ngx.say("the first ", coroutine.status(threads[1]) == "dead" and "has it" or "waits")
            assert(ngx.thread.kill(threads[1]))
            local found, count = {}, 0
            for at = 2, 10 do
                local _, one = assert(ngx.thread.wait(threads[at]))
                if not found[one] then
                    found[one], count = true, count + 1
                end
            end
            ngx.say(count, " for nine")
            ngx.say("later: ", found[ask()])
        }
    }
--- response_body
the first waits
1 for nine
later: true



=== TEST 4: what cannot be made is an error of the requests that want it, and of no other
--- config
    location /t {
        content_by_lua_block {
            local resty = require("kafka.resty")
            local _, _, servers = require("helper").cluster()
            local function ask(properties)
                return pcall(resty.producer, "at once", servers, properties)
            end
            local wrong = ngx.thread.spawn(ask, { ["no.such.property"] = 1 })
            local right = ngx.thread.spawn(ask, { ["linger.ms"] = 2 })
            local _, made, text = ngx.thread.wait(wrong)
            ngx.say(made, " ", text:match("no%.such%.property"))
            local _, other, producer = ngx.thread.wait(right)
            ngx.say(other, " ", producer:is_closed())
        }
    }
--- response_body
false no.such.property
true false



=== TEST 5: a change closes the one before, after a while, and delivers what it was given
--- config
    location /t {
        content_by_lua_block {
            local helper, resty = require("helper"), require("kafka.resty")
            resty.grace_ms = 50
            local _, _, servers = helper.cluster({ change = 1 })
            local before = resty.producer("p", servers, { ["linger.ms"] = 60000 })
            assert(before:produce({ topic = "change", value = "kept" }))
            local after = resty.producer("p", servers, { ["linger.ms"] = 1 })
            ngx.say("same: ", after == before)
            ngx.say("closed at once: ", before:is_closed())
            helper.eventually(function() return before:is_closed() end)
            ngx.say("the other closed: ", after:is_closed())
            ngx.say(helper.values(servers, "change", 0, 1))
        }
    }
--- response_body
same: false
closed at once: false
the other closed: false
kept



=== TEST 6: two configurations of one name that are in use both stay
--- config
    location /t {
        content_by_lua_block {
            local resty = require("kafka.resty")
            local _, _, servers = require("helper").cluster()
            resty.grace_ms = 500
            local function ask(linger_ms)
                return resty.producer("p", servers, { ["linger.ms"] = linger_ms })
            end
            local first, second = ask(1), ask(2)
            for _ = 1, 120 do
                ngx.sleep(0.005)
                assert(ask(1) == first and ask(2) == second)
            end
            ngx.say("both stay")
        }
    }
--- response_body
both stay



=== TEST 7: handlers of the same code are the same handler
--- config
    location /t {
        content_by_lua_block {
            local resty = require("kafka.resty")
            local _, _, servers = require("helper").cluster()
            local function of_a_request()
                return resty.producer("p", servers, nil, { on_error = function() end })
            end
            local one = of_a_request()
            ngx.say(of_a_request() == one)
            ngx.say(resty.producer("p", servers, nil, { on_error = function(text) return text end }) == one)
        }
    }
--- response_body
true
false



=== TEST 8: misuse throws and changes nothing
--- config
    location /t {
        content_by_lua_block {
            local helper, resty = require("helper"), require("kafka.resty")
            local _, _, servers = helper.cluster()
            local one = resty.producer("p", servers)
            local made, text = pcall(resty.producer, "p", servers, { ["no.such"] = 1 })
            ngx.say(made, " ", text:match("Failed to set no.such = 1"))
            made, text = pcall(resty.producer, "p", nil)
            ngx.say(made, " ", text:match("string expected, got nil"))
            made, text = pcall(resty.consumer, "p", servers, nil, nil)
            ngx.say(made, " ", text:match("table expected, got nil"))
            ngx.say("same: ", resty.producer("p", servers) == one)
        }
    }
--- response_body
false Failed to set no.such = 1
false string expected, got nil
false table expected, got nil
same: true



=== TEST 9: in init, a client is refused, and a producer of lua-resty-kafka's API is made later
--- http_config
    init_by_lua_block {
        local _, text = pcall(require("kafka.resty").producer, "init", "127.0.0.1:1")
        refused = text
        producer = require("kafka.resty.producer"):new(
            { { host = "127.0.0.1", port = 1 } }, { producer_type = "async" }, "init")
        _, not_sent = producer:send("t", nil, "x")
    }
--- config
    location /t {
        content_by_lua_block {
            ngx.say(refused)
            ngx.say(not_sent)
            ngx.say(producer:send("t", nil, "x"))
        }
    }
--- response_body
kafka: a client that is made in nginx's master process would be dead in its workers: make it in init_worker_by_lua or later
kafka: a client that is made in nginx's master process would be dead in its workers: make it in init_worker_by_lua or later
true
