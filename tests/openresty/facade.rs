//! lua-resty-kafka's API where a worker ends. The rest of it is shown by the blocks in t/.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::cluster::Cluster;
use harness::nginx::{Conf, Nginx};
use harness::record::{bytes, parse_consumed};

/// Nothing listens there.
const NOWHERE: &str = "127.0.0.1:1";

const LOGGED: &str = r#"
    location /logged {
        content_by_lua_block { ngx.say("hello") }
        log_by_lua_block { require("app").log(ngx.var.arg_number) }
    }
"#;

/// What `log` sent, by its number; all of it has to be there once.
fn logged(cluster: &Cluster, topic: &str, count: usize) {
    let lines = cluster.peer(&["consume", &count.to_string(), topic], String::new());
    let wanted: BTreeSet<String> = (0..count)
        .map(|number| bytes(format!("log {number}").as_bytes()))
        .collect();
    let (records, _) = parse_consumed(&lines);
    let found: Vec<String> = records
        .iter()
        .map(|read| read.record.value.clone())
        .collect();
    assert_eq!(found.len(), count);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted);
}

#[test]
fn what_is_sent_in_the_log_phase_arrives_also_when_the_worker_ends() {
    const REQUESTS: usize = 200;
    let cluster = Cluster::any();
    let topic = cluster.topic("logged", 3);
    let conf = Conf {
        server: LOGGED,
        ..Conf::default()
    };
    let mut nginx = Nginx::start(&cluster, &topic, conf);
    for number in 0..REQUESTS {
        assert_eq!(nginx.get(&format!("/logged?number={number}")), "hello");
    }
    let (status, took) = nginx.end(libc::SIGQUIT);
    assert!(status.success());
    assert!(took < Duration::from_secs(5), "{took:?}");
    logged(&cluster, &topic, REQUESTS);
}

#[test]
fn what_cannot_be_sent_is_reported_when_the_worker_ends() {
    const REQUESTS: usize = 20;
    let conf = Conf {
        server: LOGGED,
        ..Conf::default()
    };
    let mut nginx = Nginx::start_before(NOWHERE, "none", conf);
    for number in 0..REQUESTS {
        assert_eq!(nginx.get(&format!("/logged?number={number}")), "hello");
    }
    let took = nginx.reload();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let (status, _) = nginx.end(libc::SIGQUIT);
    assert!(status.success());
    let log = nginx.log();
    let reported: usize = log
        .lines()
        .filter(|line| line.contains("buffered messages send to kafka err: "))
        .filter_map(|line| {
            line.split_once(", length: ")?
                .1
                .split([',', ' '])
                .next()?
                .parse::<usize>()
                .ok()
        })
        .sum();
    assert_eq!(reported, REQUESTS, "{log}");
    assert!(!log.contains("gave up"), "reported twice\n{log}");
}

#[test]
fn what_waits_for_its_topics_partitions_is_counted_when_the_worker_is_terminated() {
    let mut nginx = Nginx::start_before(NOWHERE, "none", Conf::default());
    for _ in 0..6 {
        assert_eq!(nginx.run("defer"), "true");
    }
    assert!(nginx.end(libc::SIGTERM).0.success());
    assert_eq!(nginx.given_up(), 6);
}

#[test]
fn the_facade_works_where_every_request_has_a_lua_state_of_its_own() {
    const REQUESTS: usize = 10;
    let cluster = Cluster::any();
    let topic = cluster.topic("stateless_facade", 1);
    let conf = Conf {
        http: "lua_code_cache off;",
        server: LOGGED,
        ..Conf::default()
    };
    let mut nginx = Nginx::start(&cluster, &topic, conf);
    for number in 0..REQUESTS {
        assert_eq!(nginx.get(&format!("/logged?number={number}")), "hello");
    }
    assert!(nginx.end(libc::SIGQUIT).0.success());
    logged(&cluster, &topic, REQUESTS);
}
