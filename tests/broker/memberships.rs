//! Members that join, leave, die and come back, under each protocol of groups.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::groups::{committed, produce, SESSION};
use harness::cluster::{not_shown, Cluster};
use harness::on_each_kafka;
use harness::process::{within, Process};
use harness::record::parse_received;
use harness::tools::Jit;

on_each_kafka!(
    a_second_member_of_an_instance_fences_the_first,
    a_static_member_that_restarts_moves_no_partitions_of_others,
    a_topic_that_matches_later_is_joined,
    cooperative_members_come_and_go_and_nothing_is_passed_over,
    members_come_and_go_and_nothing_is_passed_over,
);

/// How a group shares its partitions.
#[derive(Clone, Copy)]
enum Protocol {
    /// The classic one: all partitions are given back before they are shared anew.
    Eager,
    /// The classic one, where only those that move are given back.
    Cooperative,
    /// KIP-848: the broker assigns.
    Consumer,
}

impl Protocol {
    fn properties(self) -> &'static [&'static str] {
        match self {
            Self::Eager => &[SESSION, "heartbeat.interval.ms=500"],
            Self::Cooperative => &[
                SESSION,
                "heartbeat.interval.ms=500",
                "partition.assignment.strategy=cooperative-sticky",
            ],
            Self::Consumer => &["group.protocol=consumer"],
        }
    }

    /// A name for a group whose sessions end soon, unless it is on a user's cluster, where its properties would stay.
    fn group(self, cluster: &Cluster, purpose: &str) -> String {
        let group = cluster.name(purpose);
        if matches!(self, Self::Consumer) && !cluster.given {
            let properties = [
                "consumer.session.timeout.ms=6000",
                "consumer.heartbeat.interval.ms=500",
            ];
            let mut arguments = vec!["configure", "group", &group];
            arguments.extend(properties);
            cluster.peer(&arguments, String::new());
        }
        group
    }
}

/// A cluster that has the KIP-848 protocol; `None` after saying that this one, of BROKERS, does not.
fn with_consumer_protocol() -> Option<Cluster> {
    let cluster = Cluster::any();
    if !cluster.has_consumer_protocol() {
        not_shown("it does not have the protocol of KIP-848");
        return None;
    }
    Some(cluster)
}

/// A member that prints what it reads, and its way to be asked to leave.
struct Member {
    process: Process,
    stop: PathBuf,
}

impl Member {
    fn join(cluster: &Cluster, topic: &str, group: &str, name: &str, properties: &[&str]) -> Self {
        let stop = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{group}-{name}"));
        let _ = fs::remove_file(&stop);
        let path = stop.display().to_string();
        let group = format!("group.id={group}");
        let mut arguments = vec![topic, &path, &group];
        arguments.extend(properties);
        let process = cluster.start_lua(Jit::On, "member.lua", &arguments, String::new());
        Self { process, stop }
    }

    fn leave(self) -> Vec<String> {
        fs::write(&self.stop, "").expect("a file that asks to leave");
        let lines = self.process.finish();
        let _ = fs::remove_file(&self.stop);
        lines
    }

    /// How its partitions moved.
    fn moves(&self) -> Vec<String> {
        let mut lines = self.process.lines();
        lines.retain(|line| {
            ["assign ", "revoke ", "lost "]
                .iter()
                .any(|how| line.starts_with(how))
        });
        lines
    }

    fn has_partitions(&self, count: usize) -> bool {
        let held = format!(" {count}");
        self.moves()
            .last()
            .is_some_and(|last| last.ends_with(&held))
    }
}

fn assert_balanced(members: &[&Member], share: usize) {
    let balanced = within(Duration::from_secs(60), || {
        members.iter().all(|member| member.has_partitions(share))
    });
    let moves: Vec<_> = members.iter().map(|member| member.moves()).collect();
    assert!(balanced, "the partitions were not shared: {moves:?}");
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

fn members_come_and_go_and_nothing_is_passed_over(cluster: &Cluster) {
    members_come_and_go(cluster, Protocol::Eager);
}

fn cooperative_members_come_and_go_and_nothing_is_passed_over(cluster: &Cluster) {
    members_come_and_go(cluster, Protocol::Cooperative);
}

#[test]
fn members_that_the_broker_assigns_come_and_go_and_nothing_is_passed_over() {
    if let Some(cluster) = with_consumer_protocol() {
        members_come_and_go(&cluster, Protocol::Consumer);
    }
}

fn members_come_and_go(cluster: &Cluster, protocol: Protocol) {
    const PARTITIONS: i32 = 6;
    let topic = cluster.topic("moving", PARTITIONS as u32);
    let group = protocol.group(cluster, "moving");
    let join = |name: &str| Member::join(cluster, &topic, &group, name, protocol.properties());
    let mut sent = 0;
    let mut send = |count: i32| {
        let numbers = sent..sent + count * PARTITIONS;
        produce(cluster, &topic, PARTITIONS, numbers);
        sent += count * PARTITIONS;
        i64::from(sent / PARTITIONS)
    };
    // Waits until each partition has been read up to there; returns what all members read.
    let read_to = |members: &[&Member], gone: &[String], end: i64| {
        let lines = || {
            let lines = members.iter().flat_map(|member| member.process.lines());
            gone.iter().cloned().chain(lines).collect::<Vec<_>>()
        };
        let complete = within(Duration::from_secs(90), || {
            let read = offsets_read(&lines());
            read.len() == PARTITIONS as usize
                && read.values().all(|offsets| offsets.contains(&(end - 1)))
        });
        let read = offsets_read(&lines());
        assert!(complete, "not read up to {end}: {read:?}");
        read
    };
    let balanced = |members: &[&Member]| {
        assert_balanced(members, PARTITIONS as usize / members.len());
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
    assert_eq!(committed(cluster, &group), ends);
}

/// Two static members with two partitions each, and what it takes to join as either.
struct Instances<'a> {
    cluster: &'a Cluster,
    topic: String,
    group: String,
    protocol: Protocol,
}

impl<'a> Instances<'a> {
    fn start(cluster: &'a Cluster, protocol: Protocol) -> (Self, Member, Member) {
        let instances = Self {
            cluster,
            topic: cluster.topic("static", 4),
            group: cluster.name("static"),
            protocol,
        };
        let [one, other] = ["one", "other"].map(|instance| instances.join(instance, instance));
        assert_balanced(&[&one, &other], 2);
        (instances, one, other)
    }

    fn join(&self, name: &str, instance: &str) -> Member {
        let instance = format!("group.instance.id={instance}");
        let mut properties = vec![&*instance];
        properties.extend(match self.protocol {
            // Longer than any restart takes.
            Protocol::Consumer => &["group.protocol=consumer"][..],
            _ => &["session.timeout.ms=15000", "heartbeat.interval.ms=500"],
        });
        Member::join(self.cluster, &self.topic, &self.group, name, &properties)
    }
}

fn a_restart_moves_nothing(cluster: &Cluster, protocol: Protocol) {
    let (instances, one, other) = Instances::start(cluster, protocol);
    let moves = other.moves();
    one.leave();
    let mut again = instances.join("again", "one");
    assert_balanced(&[&again], 2);
    // Where the broker assigns, it refuses the successor of a killed member until that one's session has ended.
    if let Protocol::Eager = protocol {
        drop(again);
        again = instances.join("third", "one");
        assert_balanced(&[&again], 2);
    }
    produce(cluster, &instances.topic, 4, 0..40);
    again
        .process
        .wait_for("the returned member reads", |lines| {
            offsets_read(lines).values().map(Vec::len).sum::<usize>() >= 20
        });
    thread::sleep(Duration::from_secs(2));
    assert_eq!(other.moves(), moves, "partitions of the other moved");
    again.leave();
    other.leave();
}

fn a_static_member_that_restarts_moves_no_partitions_of_others(cluster: &Cluster) {
    a_restart_moves_nothing(cluster, Protocol::Eager);
}

#[test]
fn a_static_member_of_the_brokers_assignment_that_restarts_moves_none_of_others() {
    if let Some(cluster) = with_consumer_protocol() {
        a_restart_moves_nothing(&cluster, Protocol::Consumer);
    }
}

/// The member goes on after a fatal error no more, and says which.
fn assert_ends_with(member: Member, code: &str, text: &str) {
    let lines = member.process.finish();
    let error = format!("error {code} ");
    let said = lines.iter().find(|line| line.starts_with(&error));
    assert!(said.is_some_and(|said| said.contains(text)), "{lines:?}");
}

fn a_second_member_of_an_instance_fences_the_first(cluster: &Cluster) {
    let (instances, one, other) = Instances::start(cluster, Protocol::Eager);
    let moves = other.moves();
    let second = instances.join("second", "one");
    assert_ends_with(one, "FENCED_INSTANCE_ID", "group.instance.id");
    assert_balanced(&[&second, &other], 2);
    assert_eq!(other.moves(), moves, "partitions of the other moved");
    second.leave();
    other.leave();
}

#[test]
fn a_second_member_of_an_instance_is_refused_where_the_broker_assigns() {
    let Some(cluster) = with_consumer_protocol() else {
        return;
    };
    let (instances, one, other) = Instances::start(&cluster, Protocol::Consumer);
    let moves = [one.moves(), other.moves()];
    let second = instances.join("second", "one");
    assert_ends_with(
        second,
        "UNRELEASED_INSTANCE_ID",
        "still used by another member",
    );
    assert_eq!([one.moves(), other.moves()], moves, "partitions moved");
    one.leave();
    other.leave();
}

fn a_later_match_is_joined(cluster: &Cluster, protocol: Protocol) {
    let prefix = cluster.name("regex");
    let topic_of = |number: u32| {
        let topic = format!("{prefix}-{number}");
        cluster.peer(&["create", &format!("{topic}:1")], String::new());
        produce(cluster, &topic, 1, 0..5);
        topic
    };
    let group = protocol.group(cluster, "regex");
    let (expression, group) = (format!("^{prefix}-[0-9]$"), format!("group.id={group}"));
    let refresh = "topic.metadata.refresh.interval.ms=500";
    let mut arguments = vec![&*expression, "10", "90", "close", &group, refresh];
    arguments.extend(protocol.properties());
    let first = topic_of(1);
    // Matches as a prefix, and not as a whole.
    let stranger = topic_of(10);
    let mut reader = cluster.start_lua(Jit::On, "receive.lua", &arguments, String::new());
    reader.wait_for("the topic that is there is read", |lines| lines.len() >= 5);
    let second = topic_of(2);
    let lines = reader.finish();
    let of = |topic: &str| {
        lines
            .iter()
            .filter(|line| parse_received(line).0 == topic)
            .count()
    };
    assert_eq!([of(&first), of(&second), of(&stranger)], [5, 5, 0]);
}

fn a_topic_that_matches_later_is_joined(cluster: &Cluster) {
    a_later_match_is_joined(cluster, Protocol::Eager);
}

#[test]
fn a_topic_that_matches_the_brokers_expression_later_is_joined() {
    if let Some(cluster) = with_consumer_protocol() {
        a_later_match_is_joined(&cluster, Protocol::Consumer);
    }
}
