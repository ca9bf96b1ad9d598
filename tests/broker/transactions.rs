//! Transactions: what is consumed, transformed and produced, once.

use std::time::Duration;

use crate::cluster::{not_shown, Cluster};
use crate::record::{bytes, input, parse_received, Record};
use crate::tools::Jit;

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

#[test]
fn offsets_and_records_are_committed_together_or_not_at_all() {
    const COUNT: usize = 60;
    let cluster = Cluster::any();
    let [from, to] = topics(&cluster, COUNT);
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
    if cluster.given {
        assert_eq!(
            read(&cluster, &to, "read_committed", COUNT),
            numbers(0..COUNT)
        );
    } else {
        not_shown("read_committed passes over what transaction() aborted");
        let mut seen = read(&cluster, &to, "read_uncommitted", COUNT);
        let mut wanted = numbers(0..COUNT);
        wanted.sort();
        seen.sort();
        seen.dedup();
        assert_eq!(seen, wanted);
    }
}

#[test]
fn a_copier_that_is_killed_twenty_times_copies_each_message_once() {
    const COUNT: usize = 2000;
    let cluster = Cluster::any();
    if !cluster.given {
        not_shown("exactly once, with a producer that is killed and fenced by its successor");
        return;
    }
    let [from, to] = topics(&cluster, COUNT);
    let (group, id) = (cluster.name("copier"), cluster.name("copier"));
    let arguments = [&from, &to, &group, &COUNT.to_string(), "0", &id];
    for round in 0..20 {
        let copier = cluster.start_lua(Jit::On, "copy.lua", &arguments, String::new());
        std::thread::sleep(Duration::from_millis(300 + 50 * round));
        drop(copier);
    }
    cluster.lua(Jit::On, "copy.lua", &arguments, String::new());
    assert_eq!(
        read(&cluster, &to, "read_committed", COUNT),
        numbers(0..COUNT)
    );
}

#[test]
fn a_producer_that_was_replaced_is_fenced() {
    let cluster = Cluster::any();
    if !cluster.given {
        not_shown("a producer is fenced by another one of the same transactional.id");
        return;
    }
    let topic = cluster.topic("fenced", 1);
    let arguments = [topic.as_str(), &cluster.name("fenced")];
    let said = cluster.lua(Jit::On, "fenced.lua", &arguments, String::new());
    assert_eq!(said, ["nil FENCED fatal true"]);
    let seen = read(&cluster, &topic, "read_committed", 1);
    assert_eq!(seen, [bytes(b"committed")]);
}
