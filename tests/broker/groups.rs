//! Consumer groups: offsets that stay, and partitions that are shared.

use std::collections::HashMap;
use std::time::Duration;

use harness::cluster::Cluster;
use harness::on_each_kafka;
use harness::process::within;
use harness::record::{input, parse_received, Record};
use harness::tools::Jit;

// The shortest that brokers allow by default.
pub const SESSION: &str = "session.timeout.ms=6000";

on_each_kafka!(
    a_balanced_group_goes_on_where_it_stopped,
    assigned_partitions_go_on_where_they_stopped,
    only_assigned_partitions_are_read,
    two_members_share_the_partitions,
);

/// Has the peer write numbered messages, in turn to each partition.
pub fn produce(cluster: &Cluster, topic: &str, partitions: i32, numbers: std::ops::Range<i32>) {
    let record = |number: i32| Record::new(number % partitions, number.to_string().as_bytes());
    let records: Vec<Record> = numbers.map(record).collect();
    let places = cluster.peer(&["produce", topic, "none"], input(&records));
    assert_eq!(places.len(), records.len());
}

/// The offsets of a group that the brokers have, as the peer sees them.
pub fn committed(cluster: &Cluster, group: &str) -> Vec<String> {
    let mut committed = cluster.peer(&["committed", group], String::new());
    committed.sort();
    committed
}

fn received(lines: &[String]) -> Vec<(i32, String)> {
    let mut records: Vec<(i32, String)> = lines
        .iter()
        .map(|line| parse_received(line).1)
        .map(|record| (record.partition, record.value))
        .collect();
    records.sort();
    records
}

fn wanted(partitions: i32, numbers: std::ops::Range<i32>) -> Vec<(i32, String)> {
    let record = |number: i32| Record::new(number % partitions, number.to_string().as_bytes());
    let mut records: Vec<(i32, String)> = numbers
        .map(|number| (number % partitions, record(number).value))
        .collect();
    records.sort();
    records
}

/// A run of a group reads what is there; the next run reads what has come since.
fn runs_of_a_group(cluster: &Cluster, topics_of: impl Fn(&str) -> String) {
    let topic = cluster.topic("group", 3);
    let topics = topics_of(&topic);
    let group = cluster.name("group");
    let group_id = format!("group.id={group}");
    // A consumer that is merely forgotten must leave as one that is closed does.
    let runs = [
        (Jit::On, "close", 30),
        (Jit::Off, "collect", 60),
        (Jit::On, "close", 90),
    ];
    let mut first = 0;
    for (jit, end, last) in runs {
        produce(cluster, &topic, 3, first..last);
        let count = (last - first).to_string();
        let arguments = [&topics, &count, "30", end, &group_id, SESSION];
        let lines = cluster.lua(jit, "receive.lua", &arguments, String::new());
        assert_eq!(received(&lines), wanted(3, first..last), "ended by {end}");
        let each = last / 3;
        let offsets = [0, 1, 2].map(|partition| format!("{topic} {partition} {each}"));
        assert_eq!(committed(cluster, &group), offsets, "ended by {end}");
        first = last;
    }
}

fn a_balanced_group_goes_on_where_it_stopped(cluster: &Cluster) {
    runs_of_a_group(cluster, str::to_owned);
}

fn assigned_partitions_go_on_where_they_stopped(cluster: &Cluster) {
    runs_of_a_group(cluster, |topic| format!("{topic}:0,{topic}:1,{topic}:2"));
}

fn only_assigned_partitions_are_read(cluster: &Cluster) {
    let topic = cluster.topic("assigned", 3);
    produce(cluster, &topic, 3, 0..30);
    let group = cluster.name("assigned");
    let (partition, group_id) = (format!("{topic}:1"), format!("group.id={group}"));
    let arguments = [&partition, "10", "30", "close", &group_id];
    let lines = cluster.lua(Jit::On, "receive.lua", &arguments, String::new());
    let of_partition = wanted(3, 0..30).into_iter().filter(|(at, _)| *at == 1);
    assert_eq!(received(&lines), of_partition.collect::<Vec<_>>());
    assert_eq!(committed(cluster, &group), [format!("{topic} 1 10")]);
}

fn two_members_share_the_partitions(cluster: &Cluster) {
    let topic = cluster.topic("shared", 4);
    let group = format!("group.id={}", cluster.name("shared"));
    let arguments = [
        &topic,
        "1000000",
        "120",
        "close",
        &group,
        SESSION,
        "heartbeat.interval.ms=500",
    ];
    let mut one = cluster.start_lua(Jit::On, "receive.lua", &arguments, String::new());
    produce(cluster, &topic, 4, 0..40);
    one.wait_for("the first member reads it all", |lines| lines.len() >= 40);

    let other = cluster.start_lua(Jit::Off, "receive.lua", &arguments, String::new());
    // It cannot be seen from outside when the second one has been let in.
    let mut last = 40;
    let joined = within(Duration::from_secs(60), || {
        produce(cluster, &topic, 4, last..last + 4);
        last += 4;
        !other.lines().is_empty()
    });
    assert!(joined, "the second member was not let in");
    produce(cluster, &topic, 4, last..last + 40);
    let end = last + 40;

    let readers = || {
        let mut readers: HashMap<String, Vec<&str>> = HashMap::new();
        for (name, member) in [("one", &one), ("other", &other)] {
            for (_, value) in received(&member.lines()) {
                readers.entry(value).or_default().push(name);
            }
        }
        readers
    };
    let all = wanted(4, 0..end);
    let complete = within(Duration::from_secs(60), || {
        let readers = readers();
        all.iter().all(|(_, value)| readers.contains_key(value))
    });
    assert!(complete, "messages were lost in the rebalance");

    // With the balance found, each partition has one reader, and each reader has some.
    let readers = readers();
    let mut readers_of_partition: HashMap<i32, Vec<&str>> = HashMap::new();
    for (partition, value) in wanted(4, last..end) {
        let names = &readers[&value];
        assert_eq!(names.len(), 1, "{value} was read by {names:?}");
        readers_of_partition
            .entry(partition)
            .or_default()
            .push(names[0]);
    }
    let mut shares = HashMap::new();
    for names in readers_of_partition.values() {
        assert!(names.iter().all(|name| name == &names[0]), "{names:?}");
        *shares.entry(names[0]).or_insert(0) += 1;
    }
    assert_eq!(shares, HashMap::from([("one", 2), ("other", 2)]));
}
