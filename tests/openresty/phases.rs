//! What can be called in which phase of nginx.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::nginx::{Conf, Nginx};
use crate::process::within;
use crate::record::parse_consumed;

const PHASES: Conf<'static> = Conf {
    main: "",
    http: r#"
        init_worker_by_lua_block { require("app").try_phase("init_worker") }
        upstream balanced {
            server 0.0.0.1;
            balancer_by_lua_block {
                require("app").try_phase("balancer")
                require("ngx.balancer").set_current_peer("127.0.0.1", ngx.var.server_port)
            }
        }
    "#,
    server: r#"
        location /phases {
            set_by_lua_block $nothing { require("app").try_phase("set") return "" }
            rewrite_by_lua_block { require("app").try_phase("rewrite") }
            access_by_lua_block { require("app").try_phase("access") }
            content_by_lua_block { require("app").try_phase("content") ngx.say("done") }
            header_filter_by_lua_block { require("app").try_phase("header_filter") }
            body_filter_by_lua_block { if ngx.arg[2] then require("app").try_phase("body_filter") end }
            log_by_lua_block { require("app").try_phase("log") }
        }
        location /balanced { proxy_pass http://balanced/run/try_timer; }
    "#,
};

#[test]
fn messages_are_taken_in_every_phase_and_waiting_is_refused_where_nothing_can_yield() {
    let cluster = Cluster::any();
    let topic = cluster.topic("phases", 1);
    let nginx = Nginx::start(&cluster, &topic, PHASES);
    assert_eq!(nginx.get("/phases"), "done");
    assert_eq!(nginx.get("/balanced"), "started");

    let result = |phase: &str| {
        let path = format!("/run/result?phase={phase}");
        let mut said = String::new();
        // What comes after the answer may take a moment.
        within(Duration::from_secs(10), || {
            said = nginx.get(&path);
            said != "nil"
        });
        said
    };
    let waits = ["rewrite", "access", "content", "timer"];
    let refuses = [
        "init_worker",
        "set",
        "header_filter",
        "body_filter",
        "log",
        "balancer",
    ];
    for phase in waits {
        assert_eq!(result(phase), "true nil true", "{phase}");
    }
    for phase in refuses {
        assert_eq!(result(phase), "true nil would block", "{phase}");
    }

    // And all of them have arrived.
    let count = waits.len() + refuses.len();
    let consumed = cluster.peer(&["consume", &count.to_string(), &topic], String::new());
    assert_eq!(parse_consumed(&consumed).0.len(), count);
}

#[test]
fn what_asks_no_broker_gives_way_where_it_can_and_works_where_it_cannot() {
    let conf = Conf {
        http: r#"init_worker_by_lua_block { require("app").call_at_start() }"#,
        ..Conf::default()
    };
    let nginx = Nginx::start_before("127.0.0.1:1", "absent", conf);
    assert_eq!(nginx.run("call"), "true");
    assert_eq!(nginx.get("/run/call?inside=C"), "false");
    assert_eq!(nginx.run("started"), "true");
}

#[test]
fn a_client_of_the_masters_is_refused() {
    let nginx = Nginx::start_before(
        "127.0.0.1:1",
        "none",
        Conf {
            http: r#"init_by_lua_block {
                local kafka = require("kafka")
                for _, make in ipairs({
                    function() return kafka.producer("127.0.0.1:1") end,
                    function() return kafka.consumer("127.0.0.1:1", {"t"}, {["group.id"] = "g"}) end,
                    function() return kafka.admin("127.0.0.1:1") end,
                }) do
                    local made, text = pcall(make)
                    told = (told or "") .. tostring(made) .. " " .. tostring(text:match("init_worker_by_lua")) .. " "
                end
            }"#,
            server: "location /told { content_by_lua_block { ngx.say(told) } }",
            ..Conf::default()
        },
    );
    assert_eq!(
        nginx.get("/told").trim(),
        ["false init_worker_by_lua"; 3].join(" ")
    );
}
