//! The examples do what they say: in a cluster inside their process, and on Apache Kafka.

use std::net::TcpListener;
use std::process::Command;

use harness::kafka::{Kafka, Version};
use harness::{ended, ports, program, run, LIMIT};

fn quickstart() -> Command {
    let mut command = program("make");
    command.arg("run");
    command
}

#[test]
fn quickstart_runs_on_a_cluster_of_its_own() {
    let shown = run(&mut quickstart());
    assert!(shown.contains("(inside this process"), "{shown}");
    assert!(shown.contains("delivered  1 000 of 1 000"), "{shown}");
    assert!(shown.contains("none lost, none altered"), "{shown}");
}

#[test]
fn quickstart_runs_on_a_broker() {
    let kafka = Kafka::start(Version::V4, 1);
    // Twice: the second run must not take the first one's messages for its own.
    for _ in 0..2 {
        let shown = run(quickstart()
            .env("BROKERS", kafka.brokers())
            .env("TOPIC", "examples"));
        assert!(shown.contains("topic      examples"), "{shown}");
        assert!(shown.contains("none lost, none altered"), "{shown}");
    }
}

#[test]
fn quickstart_starts_apache_kafka_and_stops_it() {
    let port = ports::of_a_cluster();
    let shown = run(quickstart().arg(format!("KAFKA=--port {port}")));
    assert!(
        shown.contains(&format!("cluster    127.0.0.1:{port}\n")),
        "{shown}"
    );
    assert!(shown.contains("none lost, none altered"), "{shown}");
    TcpListener::bind(("127.0.0.1", port)).expect("the port is free again");
}

#[test]
fn quickstart_fails_without_a_broker() {
    let ended = ended(
        quickstart().env("BROKERS", format!("127.0.0.1:{}", ports::free())),
        LIMIT,
    );
    let shown = ended.said();
    assert!(!ended.status.success(), "{shown}");
    assert!(shown.contains("Is there a broker at 127.0.0.1:"), "{shown}");
}
