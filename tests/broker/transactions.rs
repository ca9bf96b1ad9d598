//! Transactions: what is consumed, transformed and produced, once.

use std::time::Duration;

use harness::cluster::Cluster;
use harness::on_each_kafka;
use harness::record::{bytes, input, parse_consumed, parse_received, Record};
use harness::tools::Jit;

on_each_kafka!(
    a_copier_that_is_killed_twenty_times_copies_each_message_once,
    a_producer_that_was_replaced_is_fenced,
    offsets_and_records_are_committed_together_or_not_at_all,
);

/// A topic with so many numbers at the offsets they say, and one to copy them to.
fn topics(cluster: &Cluster, count: usize) -> [String; 2] {
    let topics = ["from", "to"].map(|purpose| cluster.topic(purpose, 1));
    let numbers = 0..count;
    let records: Vec<Record> = numbers
        .map(|number| Record::new(0, number.to_string().as_bytes()))
        .collect();
    let places = cluster.peer(&["produce", &topics[0], "none"], input(&records));
    assert_eq!(places.len(), count);
    topics
}

fn read(cluster: &Cluster, topic: &str, level: &str, count: usize) -> Vec<String> {
    let group = format!("group.id={}", cluster.name("copies"));
    let level = format!("isolation.level={level}");
    let partition = format!("{topic}:0");
    let arguments = [
        &partition,
        &count.to_string(),
        "10",
        "close",
        &group,
        &level,
    ];
    let received = cluster.lua(Jit::On, "receive.lua", &arguments, String::new());
    let records = received.iter().map(|line| parse_received(line).1);
    records.map(|record| record.value).collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range
        .map(|number| bytes(number.to_string().as_bytes()))
        .collect()
}

fn offsets_and_records_are_committed_together_or_not_at_all(cluster: &Cluster) {
    const COUNT: usize = 60;
    let [from, to] = topics(cluster, COUNT);
    let (group, id) = (cluster.name("copier"), cluster.name("copier"));
    let arguments = [&from, &to, &group, &COUNT.to_string(), "3", &id];
    let said = cluster.lua(Jit::On, "copy.lua", &arguments, String::new());
    // After each abort the same ten again: nothing of it was committed.
    let expected: Vec<String> = [9, 19, -29, 29, 39, -49, 49, 59]
        .map(|last: i32| match last < 0 {
            true => format!("aborted {}", -last),
            false => format!("committed {last}"),
        })
        .into();
    assert_eq!(said, expected);
    let committed = cluster.peer(&["committed", &group], String::new());
    assert_eq!(committed, [format!("{from} 0 {COUNT}")]);
    let committed = read(cluster, &to, "read_committed", COUNT);
    assert_eq!(committed, numbers(0..COUNT));

    let seen_by_the_peer = |command: &str, count: usize| -> Vec<String> {
        let lines = cluster.peer(&[command, &count.to_string(), &to], String::new());
        let (reads, _) = parse_consumed(&lines);
        reads.into_iter().map(|read| read.record.value).collect()
    };
    assert_eq!(
        seen_by_the_peer("consume_committed", COUNT),
        numbers(0..COUNT)
    );
    // Ten messages of each of the two that were aborted are in the log all the same.
    assert_eq!(seen_by_the_peer("consume", COUNT + 20).len(), COUNT + 20);
}

fn a_copier_that_is_killed_twenty_times_copies_each_message_once(cluster: &Cluster) {
    const COUNT: usize = 1000;
    let [from, to] = topics(cluster, COUNT);
    let (group, id) = (cluster.name("copier"), cluster.name("copier"));
    let arguments = [&from, &to, &group, &COUNT.to_string(), "0", &id];
    for round in 0..20 {
        let mut copier = cluster.start_lua(Jit::On, "copy.lua", &arguments, String::new());
        // While it begins, or while it copies.
        match round % 2 {
            0 => std::thread::sleep(Duration::from_millis(10 * round)),
            _ => copier.wait_for("a copier commits", |lines| !lines.is_empty()),
        }
        drop(copier);
    }
    let lines = cluster.lua(Jit::On, "copy.lua", &arguments, String::new());
    assert!(!lines.is_empty(), "nothing was left to copy");
    assert_eq!(
        read(cluster, &to, "read_committed", COUNT),
        numbers(0..COUNT)
    );
}

fn a_producer_that_was_replaced_is_fenced(cluster: &Cluster) {
    let topic = cluster.topic("fenced", 1);
    let arguments = [topic.as_str(), &cluster.name("fenced")];
    let said = cluster.lua(Jit::On, "fenced.lua", &arguments, String::new());
    assert_eq!(said, ["nil FENCED fatal true"]);
    let seen = read(cluster, &topic, "read_committed", 1);
    assert_eq!(seen, [bytes(b"committed")]);
}
