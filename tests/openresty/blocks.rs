//! The files in t/, in Test::Nginx's block format: one test runs one file by `prove`.

use std::fs;
use std::path::Path;
use std::process::Command;

use harness::cluster::Cluster;
use harness::kafka::Listener;
use harness::record::{bytes, null, parse_consumed};
use harness::{built, ended, program, root, run, Scratch, LIMIT};

fn prove_file(path: &Path) -> Command {
    let mut prove = program("prove");
    prove.args(["--verbose", "--norc"]).arg(path);
    prove.env("KAFKA_LIBRARY", built().join("libkafka.so"));
    prove
}

/// Runs a file with these in its environment. Every block has to be there, and nothing may be left out.
fn prove(file: &str, environment: &[(&str, &str)]) {
    let path = root().join(format!("tests/openresty/t/{file}.t"));
    let text = fs::read_to_string(&path).expect("a file of blocks");
    let shown = run(prove_file(&path).envs(environment.iter().copied()));
    let passed: Vec<&str> = shown.lines().filter(|it| it.starts_with("ok ")).collect();
    let is_left_out = |line: &&&str| line.contains("# skip") || line.contains("# TODO");
    assert_eq!(passed.iter().find(is_left_out), None, "{shown}");
    let titles: Vec<&str> = text
        .lines()
        .filter_map(|it| it.strip_prefix("=== "))
        .collect();
    assert!(!titles.is_empty(), "{file} has no blocks");
    for title in titles {
        let ran = passed
            .iter()
            .any(|line| line.contains(&format!("{title} - ")));
        assert!(ran, "{title}: did not run\n{shown}");
    }
}

#[test]
fn every_file_is_run_by_a_test() {
    let source: String = include_str!("blocks.rs").split_whitespace().collect();
    for entry in fs::read_dir(root().join("tests/openresty/t")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "t") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(source.contains(&format!("prove({name:?},")), "{name}.t");
        }
    }
}

/// The keys and values in a topic, in their order, if they are as many.
fn sent(cluster: &Cluster, topic: &str, count: usize) -> Vec<(String, String)> {
    let lines = cluster.peer(&["consume", &count.to_string(), topic], String::new());
    let (reads, _) = parse_consumed(&lines);
    let pairs = reads
        .into_iter()
        .map(|read| (read.record.key, read.record.value));
    pairs.collect()
}

/// What `prove` says of these blocks, which it has to refuse.
fn refused(blocks: &str) -> String {
    let scratch = Scratch::new();
    let path = scratch.path("refused.t");
    let library = root().join("tests/openresty/t/lib");
    let head = format!("use lib {library:?}; use KafkaTest 'no_plan'; run_tests();\n__DATA__\n");
    fs::write(&path, head + blocks).unwrap();
    let ended = ended(&mut prove_file(&path), LIMIT);
    assert!(!ended.status.success(), "{}", ended.said());
    ended.said()
}

#[test]
fn a_block_that_is_not_true_fails() {
    let says_hello = r#"--- config
location /t { content_by_lua_block { ngx.log(ngx.WARN, "hi") ngx.say("hello") } }
location /other { return 200 "hello\n"; }
"#;
    let cases = [
        ("response_body - ", "--- response_body\nhallo\n"),
        ("response_body_like - ", "--- response_body_like: ^e\n"),
        ("status code ok", "--- error_code: 404\n"),
        ("pattern \"goodbye\" matches", "--- error_log\nhi\ngoodbye\n"),
        ("pattern \"hi\" does not match", "--- no_error_log\nhi\n"),
        (
            "response_body - ",
            "--- request eval\n[\"GET /t\", \"GET /other\"]\n--- response_body eval\n[\"hello\\n\", \"no\\n\"]\n",
        ),
        (
            "nginx ends: exited on signal 6",
            "--- http_config\nexit_worker_by_lua_block { local ffi = require(\"ffi\") ffi.cdef(\"void abort(void);\") ffi.C.abort() }\n",
        ),
    ];
    let mut blocks = String::new();
    for (number, (_, wrong)) in cases.iter().enumerate() {
        blocks += &format!("=== TEST {number}: wrong\n{says_hello}{wrong}");
    }
    let shown = refused(&blocks);
    for (number, (what, _)) in cases.iter().enumerate() {
        let title = format!("TEST {number}: wrong - {what}");
        let has_failed = |line: &str| line.starts_with("not ok ") && line.contains(&title);
        assert!(shown.lines().any(has_failed), "{title}\n{shown}");
    }
    let failed = shown.lines().filter(|it| it.starts_with("not ok ")).count();
    assert_eq!(failed, cases.len(), "{shown}");
}

#[test]
fn a_section_that_the_runner_does_not_know_is_refused() {
    let shown = refused("=== TEST 1: unknown\n--- config\n--- response_bdy\nhello\n");
    assert!(shown.contains("does not know: response_bdy"), "{shown}");
}

#[test]
fn phases() {
    let cluster = Cluster::any();
    let topic = cluster.topic("phases", 1);
    prove(
        "phases",
        &[("BROKERS", &cluster.brokers), ("TOPIC", &topic)],
    );
    // One from each phase.
    assert_eq!(sent(&cluster, &topic, 10).len(), 10);
}

#[test]
fn examples() {
    let cluster = Cluster::any();
    let topic = cluster.topic("orders", 1);
    prove(
        "examples",
        &[("BROKERS", &cluster.brokers), ("TOPIC", &topic)],
    );
    let order = (bytes(b"7"), bytes(b"twice"));
    let numbers = [b"number=1", b"number=2"].map(|value| (null(), bytes(value)));
    let wanted = [&[order.clone(), order], &numbers[..]].concat();
    assert_eq!(sent(&cluster, &topic, 4), wanted);
}

#[test]
fn waiting() {
    prove("waiting", &[]);
}

#[test]
fn closing() {
    prove("closing", &[]);
}

#[test]
fn shared_clients() {
    prove("resty", &[]);
}

#[test]
fn clients() {
    prove("client", &[]);
}

#[test]
fn synchronous_producers() {
    prove("producer", &[]);
}

#[test]
fn asynchronous_producers() {
    prove("async", &[]);
}

#[test]
fn basic_consumers() {
    prove("basic_consumer", &[]);
}

#[test]
fn producers_and_consumers_before_a_broker() {
    let cluster = Cluster::any();
    let topic = cluster.topic("brokers", 2);
    prove(
        "brokers",
        &[("BROKERS", &cluster.brokers), ("TOPIC", &topic)],
    );
    let mut values: Vec<String> = sent(&cluster, &topic, 6)
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    values.sort();
    let wanted: [&[u8]; 6] = [b"one", b"one", b"three", b"three", b"two", b"two"];
    assert_eq!(values, wanted.map(bytes));
}

#[test]
fn passwords_and_tls() {
    let cluster = Cluster::any();
    let Some(kafka) = cluster.kafka("a listener with TLS or SASL") else {
        return;
    };
    let topic = cluster.topic("secured", 1);
    let environment = [
        ("TOPIC", topic.as_str()),
        ("SASL_BROKERS", &kafka.at(Listener::SaslPlaintext)),
        ("SASL_USER", "alice"),
        ("SASL_PASSWORD", "alice-secret"),
        ("SSL_BROKERS", &kafka.at(Listener::Ssl)),
        ("SSL_CA", &kafka.certificate("ca.pem").display().to_string()),
    ];
    prove("secured", &environment);
    // Three mechanisms twice, and TLS with a certificate that is verified and one that is not.
    let secret = (bytes(b""), bytes(b"secret"));
    assert_eq!(sent(&cluster, &topic, 8), vec![secret; 8]);
}
