//! Consumer groups: offsets that stay, and partitions that are shared.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cluster::Cluster;
use crate::process::{within, Process};
use crate::record::{input, parse_received, Record};
use crate::tools::Jit;

// tansu lets the first member in after half the session timeout.
const SESSION: &str = "session.timeout.ms=6000";

/// Has the peer write numbered messages, in turn to each partition.
fn produce(cluster: &Cluster, topic: &str, partitions: i32, numbers: std::ops::Range<i32>) {
    let record = |number: i32| Record::new(number % partitions, number.to_string().as_bytes());
    let records: Vec<Record> = numbers.map(record).collect();
    let places = cluster.peer(&["produce", topic, "none"], input(&records));
    assert_eq!(places.len(), records.len());
}

/// The offsets of a group that the brokers have, as the peer sees them.
fn committed(cluster: &Cluster, group: &str) -> Vec<String> {
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
fn runs_of_a_group(topics_of: impl Fn(&str) -> String) {
    let cluster = Cluster::any();
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
        produce(&cluster, &topic, 3, first..last);
        let count = (last - first).to_string();
        let arguments = [&topics, &count, "30", end, &group_id, SESSION];
        let lines = cluster.lua(jit, "receive.lua", &arguments, String::new());
        assert_eq!(received(&lines), wanted(3, first..last), "ended by {end}");
        let each = last / 3;
        let offsets = [0, 1, 2].map(|partition| format!("{topic} {partition} {each}"));
        assert_eq!(committed(&cluster, &group), offsets, "ended by {end}");
        first = last;
    }
}

#[test]
fn a_balanced_group_goes_on_where_it_stopped() {
    runs_of_a_group(str::to_owned);
}

#[test]
fn assigned_partitions_go_on_where_they_stopped() {
    runs_of_a_group(|topic| format!("{topic}:0,{topic}:1,{topic}:2"));
}

#[test]
fn only_assigned_partitions_are_read() {
    let cluster = Cluster::any();
    let topic = cluster.topic("assigned", 3);
    produce(&cluster, &topic, 3, 0..30);
    let group = cluster.name("assigned");
    let (partition, group_id) = (format!("{topic}:1"), format!("group.id={group}"));
    let arguments = [&partition, "10", "30", "close", &group_id];
    let lines = cluster.lua(Jit::On, "receive.lua", &arguments, String::new());
    let of_partition = wanted(3, 0..30).into_iter().filter(|(at, _)| *at == 1);
    assert_eq!(received(&lines), of_partition.collect::<Vec<_>>());
    assert_eq!(committed(&cluster, &group), [format!("{topic} 1 10")]);
}

#[test]
fn two_members_share_the_partitions() {
    let cluster = Cluster::any();
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
    produce(&cluster, &topic, 4, 0..40);
    one.wait_for("the first member reads it all", |lines| lines.len() >= 40);

    let other = cluster.start_lua(Jit::Off, "receive.lua", &arguments, String::new());
    // Nobody can see from outside when the second one has been let in.
    let mut last = 40;
    let joined = within(Duration::from_secs(60), || {
        produce(&cluster, &topic, 4, last..last + 4);
        last += 4;
        !other.lines().is_empty()
    });
    assert!(joined, "the second member was not let in");
    produce(&cluster, &topic, 4, last..last + 40);
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

/// A member that prints what it reads, and its way to be asked to leave.
struct Member {
    process: Process,
    stop: PathBuf,
}

impl Member {
    fn join(cluster: &Cluster, topic: &str, group: &str, name: &str) -> Self {
        let stop = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{group}-{name}"));
        let _ = fs::remove_file(&stop);
        let path = stop.display().to_string();
        let group = format!("group.id={group}");
        let arguments = [topic, &path, &group, SESSION, "heartbeat.interval.ms=500"];
        let process = cluster.start_lua(Jit::On, "member.lua", &arguments, String::new());
        Self { process, stop }
    }

    fn leave(self) -> Vec<String> {
        fs::write(&self.stop, "").expect("a file that asks to leave");
        let lines = self.process.finish();
        let _ = fs::remove_file(&self.stop);
        lines
    }

    fn has_partitions(&self, count: usize) -> bool {
        let moves = |line: &String| !line.starts_with("message");
        let last = self.process.lines().into_iter().rfind(moves);
        last == Some(format!("assign {count}"))
    }
}

/// The offsets that members read of each partition, in order.
fn offsets_read(lines: &[String]) -> BTreeMap<i32, Vec<i64>> {
    let mut read: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    for line in lines {
        if let Some(place) = line.strip_prefix("message ") {
            let (partition, offset) = place.split_once(' ').expect("PARTITION OFFSET");
            let offsets = read.entry(partition.parse().unwrap()).or_default();
            offsets.push(offset.parse().unwrap());
        }
    }
    read
}

#[test]
fn members_come_and_go_and_nothing_is_passed_over() {
    const PARTITIONS: i32 = 6;
    let cluster = Cluster::any();
    let topic = cluster.topic("moving", PARTITIONS as u32);
    let group = cluster.name("moving");
    let join = |name: &str| Member::join(&cluster, &topic, &group, name);
    let mut sent = 0;
    let mut send = |count: i32| {
        produce(
            &cluster,
            &topic,
            PARTITIONS,
            sent..sent + count * PARTITIONS,
        );
        sent += count * PARTITIONS;
        i64::from(sent / PARTITIONS)
    };
    // Waits until each partition has been read up to there; returns what all members read.
    let read_to = |members: &[&Member], gone: &[String], end: i64| {
        let lines = || {
            let lines = members.iter().flat_map(|member| member.process.lines());
            gone.iter().cloned().chain(lines).collect::<Vec<_>>()
        };
        let complete = within(Duration::from_secs(60), || {
            let read = offsets_read(&lines());
            read.len() == PARTITIONS as usize
                && read.values().all(|offsets| offsets.contains(&(end - 1)))
        });
        let read = offsets_read(&lines());
        assert!(complete, "not read up to {end}: {read:?}");
        read
    };
    let balanced = |members: &[&Member]| {
        let share = PARTITIONS as usize / members.len();
        let balanced = within(Duration::from_secs(60), || {
            members.iter().all(|member| member.has_partitions(share))
        });
        assert!(balanced, "the partitions were not shared");
    };

    let one = join("one");
    let end = send(10);
    read_to(&[&one], &[], end);
    let two = join("two");
    let three = join("three");
    send(10);
    balanced(&[&one, &two, &three]);
    let end = send(10);
    read_to(&[&one, &two, &three], &[], end);
    let mut gone = two.leave();
    balanced(&[&one, &three]);
    let end = send(10);
    let read = read_to(&[&one, &three], &gone, end);
    // Each was committed before its partition moved, so that each was read once.
    let once: Vec<i64> = (0..end).collect();
    for (partition, mut offsets) in read {
        offsets.sort_unstable();
        assert_eq!(offsets, once, "partition {partition}");
    }

    // One is killed: what it had not committed comes again, and nothing is passed over.
    send(10);
    gone.extend(three.process.lines());
    drop(three);
    let end = send(10);
    let read = read_to(&[&one], &gone, end);
    for (partition, mut offsets) in read {
        offsets.sort_unstable();
        offsets.dedup();
        let all: Vec<i64> = (0..end).collect();
        assert_eq!(offsets, all, "partition {partition}");
    }
    for (partition, offsets) in offsets_read(&one.leave()) {
        assert!(
            offsets.windows(2).all(|pair| pair[0] < pair[1]),
            "out of order in partition {partition}: {offsets:?}"
        );
    }
    let mut ends: Vec<String> = (0..PARTITIONS)
        .map(|partition| format!("{topic} {partition} {end}"))
        .collect();
    ends.sort();
    assert_eq!(committed(&cluster, &group), ends);
}
