//! The module's first API, as programs use it.

use harness::cluster::Cluster;
use harness::on_each_kafka;
use harness::record::{bytes, input, parse_consumed, parse_received, Record};
use harness::tools::Jit;

on_each_kafka!(
    a_sandbox_sends_what_its_host_holds,
    a_program_of_the_first_users_works,
    a_program_of_the_first_users_works_without_jit,
    readers_choose_their_isolation_level,
    readers_choose_where_they_begin,
    send_says_what_the_cluster_lacks,
    send_says_what_the_cluster_lacks_without_jit,
);

fn program(cluster: &Cluster, jit: Jit) {
    let topic = cluster.topic("seed", 4);
    let group = cluster.name("seed");
    cluster.lua(jit, "seed.lua", &[&topic, &group], String::new());
}

fn a_program_of_the_first_users_works(cluster: &Cluster) {
    program(cluster, Jit::On);
}

fn a_program_of_the_first_users_works_without_jit(cluster: &Cluster) {
    program(cluster, Jit::Off);
}

/// The columns of lua_sandbox and heka_sandbox.
fn a_sandbox_sends_what_its_host_holds(cluster: &Cluster) {
    let topic = cluster.topic("sandbox", 1);
    let said = cluster.lua(Jit::On, "sandbox.lua", &[&topic], String::new());
    assert_eq!(said, ["failed 0"]);
    let (reads, _) = parse_consumed(&cluster.peer(&["consume", "3", &topic], String::new()));
    let values: Vec<String> = reads.into_iter().map(|read| read.record.value).collect();
    let sent = ["as the host holds it", "field 2", "made here"];
    assert_eq!(values, sent.map(|value| bytes(value.as_bytes())));
}

fn errno(cluster: &Cluster, jit: Jit) {
    let topic = cluster.topic("known", 2);
    let absent = cluster.name("absent");
    let said = cluster.lua(jit, "errno.lua", &[&topic, "2", &absent], String::new());

    let exists = cluster.peer(&["exists", &absent], String::new());
    // A cluster may create a topic that a producer asks for.
    if said == ["created"] {
        assert_eq!(exists, ["yes"]);
        let consumed = cluster.peer(&["consume", "1", &absent], String::new());
        let (reads, _) = parse_consumed(&consumed);
        assert_eq!(reads.len(), 1);
        assert_eq!(reads[0].record.value, bytes(b"a partitioner's"));
    } else {
        assert!(said.is_empty(), "{said:?}");
    }
}

fn send_says_what_the_cluster_lacks(cluster: &Cluster) {
    errno(cluster, Jit::On);
}

fn send_says_what_the_cluster_lacks_without_jit(cluster: &Cluster) {
    errno(cluster, Jit::Off);
}

fn readers_choose_their_isolation_level(cluster: &Cluster) {
    let topic = cluster.topic("isolation", 1);
    cluster.peer(&["transact", &topic], String::new());
    let read = |level: &str, count: &str| -> Vec<String> {
        let partition = format!("{topic}:0");
        let group = format!("group.id={}", cluster.name("isolation"));
        let level = format!("isolation.level={level}");
        let arguments = [&partition, count, "30", "close", &group, &level];
        let received = cluster.lua(Jit::On, "receive.lua", &arguments, String::new());
        let records = received.iter().map(|line| parse_received(line).1);
        records.map(|record| record.value).collect()
    };
    let values = ["first committed", "aborted", "second committed"];
    let [first, aborted, second] = values.map(|value| bytes(value.as_bytes()));
    assert_eq!(read("read_uncommitted", "3"), [&*first, &aborted, &second]);
    assert_eq!(read("read_committed", "2"), [first, second]);
}

fn readers_choose_where_they_begin(cluster: &Cluster) {
    let topic = cluster.topic("reset", 1);
    let produce = |value: &str| {
        let record = Record::new(0, value.as_bytes());
        cluster.peer(&["produce", &topic, "none"], input(&[record]));
    };
    let start = |reset: &str| {
        let partition = format!("{topic}:0");
        let group = format!("group.id={}", cluster.name("reset"));
        let reset = format!("auto.offset.reset={reset}");
        let arguments = [&partition, "1", "60", "close", &group, &reset];
        cluster.start_lua(Jit::On, "receive.lua", &arguments, String::new())
    };
    produce("old");
    for earliest in ["smallest", "earliest", "beginning"] {
        let received = start(earliest).finish();
        assert_eq!(received.len(), 1, "{earliest}");
        assert_eq!(parse_received(&received[0]).1.value, bytes(b"old"));
    }
    let reader = start("latest");
    // It cannot be seen from outside when it has found the end.
    for number in 0..30 {
        produce(&format!("new {number}"));
        if !reader.lines().is_empty() {
            break;
        }
    }
    let received = reader.finish();
    let new = bytes(b"new ");
    let values = received.iter().map(|line| parse_received(line).1.value);
    let values: Vec<String> = values.collect();
    assert!(
        !values.is_empty() && values.iter().all(|value| value.starts_with(&new)),
        "{values:?}"
    );
}
