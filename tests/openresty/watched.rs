//! No call of ours holds nginx's event loop up: see watch.lua for how that is separated from the machine's own noise.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use harness::cluster::{Cluster, Proxied};
use harness::nginx::{Conf, Nginx};
use harness::root;

const PLAYS: &str = r#"
    location = /play { content_by_lua_block { ngx.say(every_call.play()) } }
    location = /many { content_by_lua_block { ngx.say(every_call.many()) } }
    location = /batch { content_by_lua_block { ngx.say(every_call.batch()) } }
    location = /answers { content_by_lua_block { ngx.say(every_call.answers()) } }
    location = /consume_waits { content_by_lua_block { ngx.say(every_call.consume_waits()) } }
    location = /seen { content_by_lua_block { ngx.say(every_call.seen()) } }
    location = /table { content_by_lua_block { ngx.say(require("watch").table()) } }
"#;

/// An nginx that has everything watched: each call of the C API, or each piece between two pauses. `jit`: "on" or "off".
fn watched(broker: &str, brokers: &str, topic: &str, calls: bool, jit: &str) -> Nginx {
    let http = format!(
        r#"init_by_lua_block {{
            require("jit").{jit}()
            require("watch").start({calls})
            every_call = require("every_call")
            every_call.broker = "{broker}"
        }}"#
    );
    let conf = Conf {
        main: "",
        http: &http,
        server: PLAYS,
    };
    Nginx::start_before(brokers, topic, conf)
}

fn assert_nothing_is_late(nginx: &Nginx, path: &str) {
    let report = nginx.get(path);
    assert!(
        report.ends_with(" measured") && !report.contains('\n'),
        "{report}\n{}",
        nginx.get("/table")
    );
}

/// Plays all scenes twice side by side; returns the functions of the C API that were called.
fn nothing_is_late(broker: &str, brokers: &str, topic: &str) -> BTreeSet<String> {
    // LuaJIT compiles when it likes, and takes a millisecond for a long trace: once in a worker's life.
    let start = |calls| watched(broker, brokers, topic, calls, "off");
    thread::scope(|scope| {
        let pieces = scope.spawn(|| assert_nothing_is_late(&start(false), "/play"));
        let nginx = start(true);
        assert_nothing_is_late(&nginx, "/play");
        pieces.join().unwrap();
        let seen = nginx.get("/seen");
        seen.lines().map(str::to_owned).collect()
    })
}

/// What Lua calls, and not before a broker at work.
const NOT_AT_WORK: &[&str] = &[
    // When the module is loaded.
    "kafka_abi_version",
    "kafka_version",
    // In exit_worker.
    "kafka_producer_wait_for_room",
    // When a call's time is up, and its future is not complete.
    "kafka_future_cancel",
    "kafka_client_explain",
    // When the Lua state ends.
    "kafka_notifier_free",
];

/// The functions of the C API that Lua calls in nginx; those for tests do not belong there.
fn called_by_lua() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let folders = ["lua/kafka", "lua/kafka/nginx", "lua/kafka/producer"];
    let folders = folders.map(|folder| fs::read_dir(root().join(folder)));
    for file in folders.into_iter().flat_map(Result::unwrap) {
        let path = file.unwrap().path();
        let is_code = path.extension().is_some_and(|extension| extension == "lua");
        if !is_code || path.ends_with("cdef.lua") || path.ends_with("mock_cluster.lua") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("C.kafka_") {
            let name = text[at + 2..].split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
            names.extend(name.take(1).map(str::to_owned));
        }
    }
    names
}

#[test]
fn a_broker_at_work_holds_nothing_up() {
    let cluster = Cluster::any();
    let topic = cluster.topic("watched", 1);
    let seen = nothing_is_late("at work", &cluster.brokers, &topic);
    let mut missing = called_by_lua();
    missing.retain(|name| !seen.contains(name) && !NOT_AT_WORK.contains(&name.as_str()));
    assert!(missing.is_empty(), "never called: {missing:?}");
}

#[test]
fn a_broker_that_cannot_be_reached_is_waited_for_without_sleep() {
    nothing_is_late("absent", "127.0.0.1:1", "absent");
}

#[test]
fn a_broker_that_does_not_answer_is_waited_for_without_sleep() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    nothing_is_late(
        "silent",
        &listener.local_addr().unwrap().to_string(),
        "absent",
    );
}

#[test]
fn a_broker_that_comes_and_goes_holds_nothing_up() {
    let mut proxied = Proxied::start();
    let topic = proxied.cluster.topic("watched", 1);
    let brokers = proxied.cluster.brokers.clone();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let play = scope.spawn(|| {
            nothing_is_late("unsteady", &brokers, &topic);
            done.store(true, Ordering::Relaxed);
        });
        while !done.load(Ordering::Relaxed) && !play.is_finished() {
            thread::sleep(Duration::from_millis(400));
            proxied.cut_off();
            thread::sleep(Duration::from_millis(200));
            proxied.reconnect();
        }
    });
}

#[test]
fn what_comes_in_thousands_is_taken_in_turns() {
    let nginx = watched("at work", "127.0.0.1:1", "many", false, "on");
    assert_nothing_is_late(&nginx, "/many");
}

#[test]
fn a_batch_of_thousands_gives_way() {
    // As above, of LuaJIT.
    let nginx = watched("at work", "127.0.0.1:1", "many", false, "off");
    assert_nothing_is_late(&nginx, "/batch");
}

/// Of a cluster of 2000 topics.
#[test]
fn answers_of_thousands_are_read_in_turns() {
    for calls in [false, true] {
        let nginx = watched("at work", "127.0.0.1:1", "many", calls, "off");
        assert_nothing_is_late(&nginx, "/answers");
    }
}

#[test]
fn consume_waits_for_as_many_as_are_wanted() {
    let nginx = watched("at work", "127.0.0.1:1", "many", false, "on");
    assert_eq!(nginx.get("/consume_waits"), "ok");
}
