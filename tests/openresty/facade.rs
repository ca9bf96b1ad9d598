//! kafka.resty, and lua-resty-kafka's API. The cases are facade.lua's functions; most have a cluster inside their worker.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use crate::cluster::{free_port, Cluster};
use crate::nginx::{Conf, Nginx};
use crate::process::{within, Process};
use crate::record::{bytes, parse_consumed};
use crate::tls::Tls;
use crate::tools::python;
use crate::workbench::certificates::Certificate;
use crate::workbench::{root, Scratch};

/// Nothing listens there.
const NOWHERE: &str = "127.0.0.1:1";

const CASES: &str = r#"
    location ~ ^/case/(?<case>[a-z_]+)$ {
        content_by_lua_block {
            local ran, text = xpcall(require("facade")[ngx.var.case], debug.traceback)
            ngx.say(ran and "ok" or text)
        }
    }
"#;

/// Runs cases in one worker, one after the other.
fn run(cases: &[&str]) {
    let conf = Conf {
        http: r#"init_by_lua_block { require("facade").in_init() }"#,
        server: CASES,
        ..Conf::default()
    };
    let nginx = Nginx::start_before(NOWHERE, "none", conf);
    for case in cases {
        assert_eq!(nginx.get(&format!("/case/{case}")), "ok", "{case}");
    }
}

#[test]
fn clients_are_shared_by_name_and_a_change_replaces_them() {
    run(&[
        "shared_by_name",
        "one_is_made_for_all_who_ask_at_once",
        "a_change_closes_the_one_before",
        "one_that_is_in_use_stays",
        "handlers_of_the_same_code_are_the_same",
        "misuse_throws_and_changes_nothing",
        "said_in_init",
    ]);
}

#[test]
fn the_facades_client_tells_brokers_and_partitions() {
    run(&[
        "metadata",
        "metadata_that_cannot_be_had",
        "metadata_to_connect_with",
    ]);
}

#[test]
fn the_facades_configuration_is_librdkafkas() {
    run(&["configuration_names", "resolver"]);
}

#[test]
fn a_synchronous_producer_returns_offsets_and_errors() {
    run(&[
        "sync_send",
        "sync_producers_share_one_connection",
        "sync_without_a_key_goes_round",
        "sync_errors",
        "sync_partitioner",
    ]);
}

#[test]
fn the_facades_messages_are_in_kafka_as_lua_resty_kafkas_are() {
    run(&["what_is_written", "large_messages", "buffers_are_empty"]);
}

#[test]
fn an_asynchronous_producer_sends_in_the_background() {
    run(&[
        "async_send",
        "async_without_acknowledgements",
        "async_sends_by_itself",
        "async_chooses_as_lua_resty_kafka_does",
        "async_hears_of_many_at_once",
        "async_waits_for_room",
        "async_partitioner",
        "async_config_change",
    ]);
}

#[test]
fn an_asynchronous_producer_tells_what_was_not_delivered() {
    run(&[
        "async_hears_of_failures",
        "async_tells_what_a_broker_said",
        "async_partitioner_without_partitions",
        "async_overflow",
    ]);
}

#[test]
fn the_error_log_has_what_nobody_was_told() {
    let conf = Conf {
        server: CASES,
        ..Conf::default()
    };
    let nginx = Nginx::start_before(NOWHERE, "none", conf);
    assert_eq!(nginx.get("/case/async_logs_failures"), "ok");
    let wanted = [
        "buffered messages send to kafka err: not found topic, retryable: true, topic: lost, partition_id: -1, length: 1",
        "failed to callback error_handle: ",
    ];
    for text in wanted {
        let is_there = || nginx.log().contains(text);
        assert!(within(Duration::from_secs(10), is_there), "{}", nginx.log());
    }
}

#[test]
fn a_basic_consumer_reads_from_where_it_is_told() {
    run(&[
        "basic_consumer",
        "basic_consumer_errors",
        "basic_consumers_do_not_meet",
    ]);
}

#[test]
fn what_the_facades_producers_send_its_consumer_fetches() {
    let cluster = Cluster::any();
    let topic = cluster.topic("there_and_back", 2);
    let conf = Conf {
        server: CASES,
        ..Conf::default()
    };
    let nginx = Nginx::start(&cluster, &topic, conf);
    assert_eq!(nginx.get("/case/there_and_back"), "ok");
}

/// Runs a case before a broker whose clients come to `localhost` at this port.
fn run_secured(cluster: &Cluster, authority: &str, case: &str) {
    let topic = cluster.name("secured");
    let conf = Conf {
        main: &format!("env AUTHORITY={authority};"),
        server: CASES,
        ..Conf::default()
    };
    let nginx = Nginx::start(cluster, &topic, conf);
    assert_eq!(nginx.get(&format!("/case/{case}")), "ok");
}

#[test]
fn the_facade_logs_in() {
    let port = free_port();
    let front = format!("localhost:{port}");
    let (cluster, target) = Cluster::behind("the_facade_logs_in", &front, &[]);
    let mut command = python("sasl_front.py");
    command
        .args([port.to_string(), target.to_string()])
        .args(["somebody", "pass word", "token"]);
    let mut front = Process::start(command, String::new());
    front.wait_for("it listens", |lines| !lines.is_empty());
    run_secured(&cluster, "none", "sasl");
}

#[test]
fn the_facade_speaks_tls() {
    let port = free_port();
    let front = format!("localhost:{port}");
    let (cluster, target) = Cluster::behind("the_facade_speaks_tls", &front, &[]);
    let scratch = Scratch::new();
    let authority = Certificate::self_signed(&scratch, "authority", "DNS:authority");
    let server = authority.sign(&scratch, "server", "DNS:localhost");
    let _tls = Tls::start(&scratch, port, target, &server, "");
    run_secured(&cluster, authority.certificate.to_str().unwrap(), "tls");
}

#[test]
fn the_documentations_examples_run() {
    let cluster = Cluster::any();
    let topic = cluster.topic("resty_document", 1);
    let (host, port) = cluster
        .brokers
        .split(',')
        .next()
        .unwrap()
        .rsplit_once(':')
        .unwrap();
    let document = fs::read_to_string(root().join("docs/RESTY.md")).unwrap();
    let script: String = document
        .split("```lua\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    let script = script
        .replace("127.0.0.1", host)
        .replace("9092", port)
        .replace("\"orders\"", &format!("{topic:?}"));
    let scratch = Scratch::new();
    let path = scratch.path("document.lua");
    fs::write(&path, script).unwrap();
    let server = format!(
        "location /document {{ content_by_lua_file {}; }}",
        path.display()
    );
    let conf = Conf {
        server: &server,
        ..Conf::default()
    };
    let nginx = Nginx::start(&cluster, &topic, conf);
    let said = nginx.get("/document");
    for value in ["behind the message: ", " one", " two", " three"] {
        assert!(said.contains(value), "{said}");
    }
}

const LOGGED: &str = r#"
    location /logged {
        content_by_lua_block { ngx.say("hello") }
        log_by_lua_block { require("facade").log(ngx.var.arg_number) }
    }
    location /log_sync {
        content_by_lua_block { ngx.say("hello") }
        log_by_lua_block { require("facade").log_sync() }
    }
    location /said_in_log {
        content_by_lua_block { ngx.say(table.concat({ require("facade").logged() }, "|")) }
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
fn what_cannot_be_sent_is_told_when_the_worker_ends() {
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
    let told: usize = log
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
    assert_eq!(told, REQUESTS, "{log}");
    assert!(!log.contains("gave up"), "told twice\n{log}");
}

#[test]
fn an_asynchronous_producer_does_without_timers() {
    let conf = Conf {
        http: "lua_max_running_timers 0;",
        server: CASES,
        ..Conf::default()
    };
    let nginx = Nginx::start_before(NOWHERE, "none", conf);
    assert_eq!(nginx.get("/case/async_without_timers"), "ok");
}

#[test]
fn what_waits_for_its_topics_partitions_is_counted_when_the_worker_is_terminated() {
    let conf = Conf {
        server: CASES,
        ..Conf::default()
    };
    let mut nginx = Nginx::start_before(NOWHERE, "none", conf);
    for _ in 0..6 {
        assert_eq!(nginx.get("/case/defer"), "ok");
    }
    assert!(nginx.end(libc::SIGTERM).0.success());
    assert_eq!(nginx.given_up(), 6);
}

#[test]
fn what_would_wait_is_refused_in_the_log_phase() {
    let cluster = Cluster::any();
    let topic = cluster.topic("refused", 1);
    let conf = Conf {
        server: LOGGED,
        ..Conf::default()
    };
    let nginx = Nginx::start(&cluster, &topic, conf);
    assert_eq!(nginx.get("/log_sync"), "hello");
    let mut said = String::new();
    within(Duration::from_secs(10), || {
        said = nginx.get("/said_in_log");
        said.matches('|').count() == 3
    });
    let (metadata, others) = said.split_once('|').expect("four answers");
    assert!(metadata.contains("ngx.timer.at"), "{metadata}");
    let (sync, others) = others.split_once('|').expect("four answers");
    assert!(sync.contains("ngx.timer.at"), "{sync}");
    assert_eq!(
        others,
        "buffer overflow API disabled in the current context|true"
    );
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
