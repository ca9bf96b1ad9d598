# What can be called in which phase of nginx. BROKERS and TOPIC say where TEST 1 sends ten messages.
use FindBin;
use lib "$FindBin::Bin/lib";
use KafkaTest 'no_plan';

needs(qw(BROKERS TOPIC));

run_tests();

__DATA__

=== TEST 1: messages are taken in every phase, and waiting is refused where nothing can yield
--- http_config
    lua_shared_dict results 1m;
    init_worker_by_lua_block { require("phases").try("init_worker") }
    upstream balanced {
        server 0.0.0.1;
        balancer_by_lua_block {
            require("phases").try("balancer")
            require("ngx.balancer").set_current_peer("127.0.0.1", ngx.var.server_port)
        }
    }
--- config
    location /t {
        set_by_lua_block $nothing { require("phases").try("set") return "" }
        rewrite_by_lua_block { require("phases").try("rewrite") }
        access_by_lua_block { require("phases").try("access") }
        content_by_lua_block {
            require("phases").try("content")
            ngx.timer.at(0, function() require("phases").try("timer") end)
            ngx.say("done")
        }
        header_filter_by_lua_block { require("phases").try("header_filter") }
        body_filter_by_lua_block { if ngx.arg[2] then require("phases").try("body_filter") end }
        log_by_lua_block { require("phases").try("log") }
    }
    location /balanced { proxy_pass http://balanced/hello; }
    location /hello { return 200 "hello\n"; }
    location /results {
        content_by_lua_block {
            require("phases").say({
                "rewrite", "access", "content", "timer",
                "init_worker", "set", "header_filter", "body_filter", "log", "balancer",
            })
        }
    }
--- request eval
["GET /t", "GET /balanced", "GET /results"]
--- response_body eval
["done\n", "hello\n", <<'END']
rewrite: true nil true
access: true nil true
content: true nil true
timer: true nil true
init_worker: true nil would block
set: true nil would block
header_filter: true nil would block
body_filter: true nil would block
log: true nil would block
balancer: true nil would block
all delivered: true
END



=== TEST 2: calls that ask no broker let others run
--- config
    location /t {
        content_by_lua_block {
            local phases = require("phases")
            phases.say_whether_others_run(phases.call_all)
        }
    }
--- response_body
others ran: true



=== TEST 3: the same calls work inside a C function, where nothing can yield
--- config
    location /t {
        content_by_lua_block {
            local phases = require("phases")
            phases.say_whether_others_run(function() ("x"):gsub("x", phases.call_all) end)
        }
    }
--- response_body
others ran: false



=== TEST 4: the same calls work in init_worker
--- http_config
    init_worker_by_lua_block {
        ran, text = pcall(require("phases").call_all)
    }
--- config
    location /t {
        content_by_lua_block { ngx.say(ran, " ", text) }
    }
--- response_body
true nil



=== TEST 5: a client of the master's is refused
--- http_config
    init_by_lua_block {
        local kafka = require("kafka")
        told = {}
        for _, make in ipairs({
            function() return kafka.producer("127.0.0.1:1") end,
            function() return kafka.consumer("127.0.0.1:1", {"t"}, {["group.id"] = "g"}) end,
            function() return kafka.admin("127.0.0.1:1") end,
        }) do
            local made, text = pcall(make)
            table.insert(told, tostring(made) .. " " .. text)
        end
    }
--- config
    location /t {
        content_by_lua_block { ngx.say(table.concat(told, "\n")) }
    }
--- response_body
false kafka: a client that is made in nginx's master process would be dead in its workers: make it in init_worker_by_lua or later
false kafka: a client that is made in nginx's master process would be dead in its workers: make it in init_worker_by_lua or later
false kafka: a client that is made in nginx's master process would be dead in its workers: make it in init_worker_by_lua or later
