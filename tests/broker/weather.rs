//! Brokers that die, come back, are cut off, or are late.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use harness::cluster::{Cluster, Proxied};
use harness::kafka::{Kafka, Version};
use harness::process::Process;
use harness::record::{bytes, input, parse_consumed, parse_received, Record, Report};
use harness::tools::Jit;

const SESSION: Duration = Duration::from_secs(6);

// As many as scripts/kafka has brokers give to a topic that a client asks for.
pub const PARTITIONS: u32 = 4;

// Reconnects and metadata at a test's pace. Without the latter a client that has once learned that a topic is not there
// would ask again only minutes later.
const PACE: [&str; 2] = [
    "reconnect.backoff.max.ms=500",
    "topic.metadata.refresh.interval.ms=500",
];

/// What became of a stream's messages, from the lines of stream.lua.
#[derive(Default)]
pub struct Fates {
    refused: HashSet<usize>,
    pub reports: Vec<Report>,
    sent: Option<usize>,
}

impl Fates {
    pub fn parse(lines: &[String]) -> Self {
        let mut fates = Self::default();
        for line in lines {
            match line.split_once(' ').expect("a keyword") {
                ("refused", rest) => {
                    let (number, _) = rest.split_once(' ').expect("a number and a code");
                    assert!(fates.refused.insert(number.parse().unwrap()), "{line}");
                }
                ("report", rest) => fates.reports.push(Report::parse(rest)),
                ("end", sent) => fates.sent = Some(sent.parse().unwrap()),
                _ => panic!("not a line of stream.lua's: {line}"),
            }
        }
        fates
    }

    pub fn delivered(&self) -> Vec<Report> {
        let delivered = self.reports.iter().filter(|report| report.code == 0);
        delivered.copied().collect()
    }

    /// The values of the messages that were reported as failed.
    pub fn failed(&self) -> HashSet<String> {
        let failed = self.reports.iter().filter(|report| report.code != 0);
        failed.map(|report| value(report.id)).collect()
    }

    /// Every message, once: refused, delivered or failed.
    pub fn assert_complete(&self) {
        assert_eq!(self.sent, Some(self.reports.len()));
        let mut codes = HashMap::new();
        for report in &self.reports {
            let refused = self.refused.contains(&report.id);
            assert!(!refused, "refused, and then {report:?}");
            let earlier = codes.insert(report.id, report.code);
            assert!(
                earlier.is_none(),
                "reported {earlier:?}, and then {report:?}"
            );
        }
        let count = self.refused.len() + self.reports.len();
        let known = |id| self.refused.contains(&id) || codes.contains_key(&id);
        assert!((0..count).all(known), "messages nobody told about");
    }
}

/// stream.lua or ordered.lua at work.
pub struct Stream {
    process: Process,
    stop_file: PathBuf,
}

impl Stream {
    pub fn start(cluster: &Cluster, topic: &str, properties: &[&str]) -> Self {
        Self::of("stream.lua", cluster, topic, properties)
    }

    pub fn of(script: &str, cluster: &Cluster, topic: &str, properties: &[&str]) -> Self {
        let stop_file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(cluster.name("stop"));
        let stop_path = stop_file.display().to_string();
        let mut arguments = vec![topic, &stop_path];
        arguments.extend(PACE);
        arguments.extend(properties);
        Self {
            process: cluster.start_lua(Jit::On, script, &arguments, String::new()),
            stop_file,
        }
    }

    /// Waits until so many more messages have been delivered; returns how many lines there are.
    pub fn flow(&mut self, count: usize) -> usize {
        let before = self.process.lines().len();
        self.process.wait_for("deliveries", |lines| {
            Fates::parse(&lines[before..]).delivered().len() > count
        });
        self.process.lines().len()
    }

    pub fn lines(&self) -> Vec<String> {
        self.process.lines()
    }

    pub fn wait_for(&mut self, what: &str, condition: impl Fn(&[String]) -> bool) {
        self.process.wait_for(what, condition);
    }

    pub fn finish(self) -> Vec<String> {
        fs::write(&self.stop_file, "").expect("a file to stop the stream");
        let lines = self.process.finish();
        let _ = fs::remove_file(&self.stop_file);
        lines
    }
}

pub fn start_consumer(cluster: &Cluster, topics: &str) -> Process {
    let group = format!("group.id={}", cluster.name("weather"));
    let session = format!("session.timeout.ms={}", SESSION.as_millis());
    let mut arguments = vec![topics, "1000000", "120", "close", &group, &session];
    arguments.extend(PACE);
    cluster.start_lua(Jit::On, "receive.lua", &arguments, String::new())
}

fn all_partitions(topic: &str) -> String {
    let partitions: Vec<String> = (0..PARTITIONS).map(|at| format!("{topic}:{at}")).collect();
    partitions.join(",")
}

pub fn value(id: usize) -> String {
    bytes(id.to_string().as_bytes())
}

/// The id of the message with this value.
pub fn number(value: &str) -> usize {
    let digits: String = (1..value.len())
        .step_by(2)
        .map(|at| &value[at + 1..at + 2])
        .collect();
    digits.parse().expect("a value of stream.lua's")
}

pub fn values_received(lines: &[String]) -> HashSet<String> {
    let records = lines.iter().map(|line| parse_received(line).1);
    records.map(|record| record.value).collect()
}

/// Each partition's values, in order.
fn by_partition(records: impl Iterator<Item = Record>) -> HashMap<i32, Vec<String>> {
    let mut values: HashMap<i32, Vec<String>> = HashMap::new();
    for record in records {
        values
            .entry(record.partition)
            .or_default()
            .push(record.value);
    }
    values
}

#[test]
fn a_broker_dies_in_mid_stream_and_comes_back() {
    let kafka = Kafka::start(Version::V4, 1);
    let cluster = Cluster::on(&kafka);
    let topic = cluster.topic("weather", PARTITIONS);
    let mut consumer = start_consumer(&cluster, &topic);
    let mut stream = Stream::start(&cluster, &topic, &["message.timeout.ms=3000"]);
    stream.flow(1000);
    consumer.wait_for("a consumer receives", |lines| !lines.is_empty());

    kafka.kill(1);
    // Longer than message.timeout.ms, so that messages fail, and than the consumer's session.
    thread::sleep(SESSION + Duration::from_secs(1));
    kafka.restart(1);
    stream.flow(1000);
    let lines = stream.finish();

    let fates = Fates::parse(&lines);
    fates.assert_complete();
    let delivered = fates.delivered();
    let failed = fates.failed();
    assert!(
        !failed.is_empty(),
        "nothing failed while there was no broker"
    );

    // What was reported delivered is where it was reported. What else is there was written and not acknowledged in time.
    let count = delivered.len().to_string();
    let (reads, _) = parse_consumed(&cluster.peer(&["consume", &count, &topic], String::new()));
    let places: HashMap<(i32, i64), String> = reads
        .into_iter()
        .map(|read| ((read.record.partition, read.offset), read.record.value))
        .collect();
    for report in &delivered {
        let found = places.get(&(report.partition, report.offset));
        assert_eq!(found, Some(&value(report.id)), "{report:?}");
    }
    let delivered: HashSet<String> = delivered.iter().map(|report| value(report.id)).collect();
    for found in places.values() {
        assert!(delivered.contains(found) || failed.contains(found));
    }
    consumer.wait_for("the consumer goes on by itself", |lines| {
        values_received(lines).is_superset(&delivered)
    });
}

#[test]
fn a_broker_is_cut_off_in_mid_stream_and_comes_back() {
    let mut proxied = Proxied::start();
    let cluster = &proxied.cluster;
    let topic = cluster.topic("weather", PARTITIONS);
    let mut consumers =
        [topic.clone(), all_partitions(&topic)].map(|topics| start_consumer(cluster, &topics));
    let mut stream = Stream::start(cluster, &topic, &["enable.idempotence=true"]);
    for consumer in &mut consumers {
        consumer.wait_for("a consumer receives", |lines| !lines.is_empty());
    }
    for _ in 0..3 {
        stream.flow(500);
        proxied.cut_off();
        thread::sleep(Duration::from_secs(1));
        proxied.reconnect();
    }
    stream.flow(500);
    assert_all_arrived_in_order(&proxied.cluster, &topic, stream, &mut consumers);
}

/// Every message of the stream was delivered, is in its partition once and in the order of sending, and was received so.
/// A consumer may receive again what its group has not committed.
pub fn assert_all_arrived_in_order(
    cluster: &Cluster,
    topic: &str,
    stream: Stream,
    consumers: &mut [Process],
) {
    let fates = Fates::parse(&stream.finish());
    fates.assert_complete();
    let count = fates.delivered().len();
    assert_eq!(count, fates.reports.len(), "messages failed");
    let (reads, _) =
        parse_consumed(&cluster.peer(&["consume", &count.to_string(), topic], String::new()));
    let wanted: HashMap<i32, Vec<String>> = (0..PARTITIONS as i32)
        .map(|partition| {
            let sent = (0..count).filter(|id| id % PARTITIONS as usize == partition as usize);
            (partition, sent.map(value).collect())
        })
        .collect();
    assert!(by_partition(reads.into_iter().map(|read| read.record)) == wanted);
    let all: HashSet<String> = (0..count).map(value).collect();
    for consumer in consumers {
        consumer.wait_for("a consumer goes on by itself", |lines| {
            values_received(lines).is_superset(&all)
        });
        let lines = consumer.lines();
        let received = by_partition(lines.iter().map(|line| parse_received(line).1));
        for (partition, values) in received {
            let places: HashMap<&String, usize> = wanted[&partition].iter().zip(0..).collect();
            let mut next = 0;
            for value in &values {
                let place = places[value];
                assert!(place <= next, "{partition}: {place} in place of {next}");
                next = place + 1;
            }
            assert_eq!(next, places.len(), "partition {partition}");
        }
    }
}

#[test]
fn a_broker_comes_late() {
    // Its coordinators are ready: where they are not, K17 of tests/defects may come first.
    let mut proxied = Proxied::start();
    proxied.cut_off();
    let cluster = &proxied.cluster;
    let topic = cluster.name("late");
    let mut consumers =
        [topic.clone(), all_partitions(&topic)].map(|topics| start_consumer(cluster, &topics));
    let records: Vec<Record> = (0..100)
        .map(|number| Record::new(number % PARTITIONS as i32, number.to_string().as_bytes()))
        .collect();
    let mut arguments = vec![topic.as_str()];
    arguments.extend(PACE);
    let sender = cluster.start_lua(Jit::Off, "send.lua", &arguments, input(&records));
    thread::sleep(Duration::from_secs(2));
    for process in consumers.iter().chain([&sender]) {
        assert!(process.lines().is_empty());
    }

    proxied.reconnect();
    assert_eq!(sender.finish(), ["sent 100 failed 0"]);
    let wanted = by_partition(records.into_iter());
    for consumer in &mut consumers {
        consumer.wait_for("a consumer receives", |lines| lines.len() >= 100);
        let lines = consumer.lines();
        assert!(by_partition(lines.iter().map(|line| parse_received(line).1)) == wanted);
    }
}
