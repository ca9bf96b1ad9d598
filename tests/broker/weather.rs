//! Brokers that die, come back, are cut off, or are late.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::process::Process;
use crate::record::{bytes, input, parse_consumed, parse_received, Read, Record, Report};
use crate::tools::Jit;

const SESSION: Duration = Duration::from_secs(6);

// As many as tansu gives to a topic that nobody created.
const PARTITIONS: u32 = 4;

// Reconnects and metadata at a test's pace. Without the latter a client that has once heard that a topic is not there
// would ask again only minutes later.
const PACE: [&str; 2] = [
    "reconnect.backoff.max.ms=500",
    "topic.metadata.refresh.interval.ms=500",
];

/// What became of a stream's messages, from the lines of stream.lua.
#[derive(Default)]
struct Fates {
    refused: HashSet<usize>,
    reports: Vec<Report>,
    sent: Option<usize>,
}

impl Fates {
    fn parse(lines: &[String]) -> Self {
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

    fn delivered(&self) -> Vec<Report> {
        let delivered = self.reports.iter().filter(|report| report.code == 0);
        delivered.copied().collect()
    }

    /// Every message, once: refused, delivered or failed.
    fn assert_complete(&self) {
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

/// stream.lua at work.
struct Stream {
    process: Process,
    stop_file: PathBuf,
}

impl Stream {
    fn start(cluster: &Cluster, topic: &str, properties: &[&str]) -> Self {
        let stop_file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(cluster.name("stop"));
        let stop_path = stop_file.display().to_string();
        let mut arguments = vec![topic, &stop_path];
        arguments.extend(PACE);
        arguments.extend(properties);
        Self {
            process: cluster.start_lua(Jit::On, "stream.lua", &arguments, String::new()),
            stop_file,
        }
    }

    /// Waits until so many more messages have been delivered; returns how many lines there are.
    fn flow(&mut self, count: usize) -> usize {
        let before = self.process.lines().len();
        self.process.wait_for("deliveries", |lines| {
            Fates::parse(&lines[before..]).delivered().len() > count
        });
        self.process.lines().len()
    }

    fn finish(self) -> Vec<String> {
        fs::write(&self.stop_file, "").expect("a file to stop the stream");
        let lines = self.process.finish();
        let _ = fs::remove_file(&self.stop_file);
        lines
    }
}

fn start_consumer(cluster: &Cluster, topics: &str) -> Process {
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

fn value(id: usize) -> String {
    bytes(id.to_string().as_bytes())
}

fn values_received(lines: &[String]) -> HashSet<String> {
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
fn a_broker_dies_in_mid_stream_and_comes_back_empty() {
    let mut cluster = Cluster::down("a_broker_dies_in_mid_stream_and_comes_back_empty");
    cluster.start();
    let topic = cluster.topic("weather", PARTITIONS);
    let mut tail = cluster.start_peer(&["tail", &topic], String::new());
    let mut consumer = start_consumer(&cluster, &topic);
    let mut stream = Stream::start(&cluster, &topic, &["message.timeout.ms=3000"]);

    stream.flow(1000);
    consumer.wait_for("a consumer receives", |lines| !lines.is_empty());
    let acknowledged = Fates::parse(&stream.process.lines()).delivered();
    tail.wait_for("the peer reads what was acknowledged", |lines| {
        let read: HashSet<String> = lines
            .iter()
            .map(|line| Read::parse(line).record.value)
            .collect();
        acknowledged
            .iter()
            .all(|report| read.contains(&value(report.id)))
    });
    drop(tail);

    cluster.kill();
    // Longer than message.timeout.ms, so that messages fail; and so long that the consumer knows itself out of its group.
    // Sooner it would ask the new broker for the old one's topic id; and librdkafka 2.12.1 dies of tansu's answer to
    // that, which is about a topic without a name and without an id. And a commit that finds no broker waits for one as long
    // again, and tansu takes it from whoever it is: it would claim of the new messages that they have been read.
    thread::sleep(2 * SESSION + Duration::from_secs(3));
    let before = stream.process.lines().len();
    // It makes the topic anew for the first producer that asks for it.
    cluster.start();
    stream.flow(1000);
    let lines = stream.finish();

    let fates = Fates::parse(&lines);
    fates.assert_complete();
    let failed = fates.reports.len() - fates.delivered().len();
    assert!(failed > 0, "nothing failed while there was no broker");

    // What the new broker has is what was reported delivered since, no more and no less, and where it was reported.
    let delivered = Fates::parse(&lines[before..]).delivered();
    let count = delivered.len().to_string();
    let (reads, _) = parse_consumed(&cluster.peer(&["consume", &count, &topic], String::new()));
    let mut places: Vec<(i32, i64, String)> = reads
        .into_iter()
        .map(|read| (read.record.partition, read.offset, read.record.value))
        .collect();
    let mut reported: Vec<(i32, i64, String)> = delivered
        .iter()
        .map(|report| (report.partition, report.offset, value(report.id)))
        .collect();
    places.sort();
    reported.sort();
    let (found, told) = (places.len(), reported.len());
    assert!(
        places == reported,
        "{told} reported delivered, {found} found"
    );

    consumer.wait_for("the consumer goes on by itself", |lines| {
        let received = values_received(lines);
        delivered
            .iter()
            .all(|report| received.contains(&value(report.id)))
    });
}

#[test]
fn a_broker_is_cut_off_in_mid_stream_and_comes_back() {
    let mut cluster = Cluster::proxied("a_broker_is_cut_off_in_mid_stream_and_comes_back");
    let topic = cluster.topic("weather", PARTITIONS);
    let mut consumers =
        [topic.clone(), all_partitions(&topic)].map(|topics| start_consumer(&cluster, &topics));
    let mut stream = Stream::start(&cluster, &topic, &["enable.idempotence=true"]);
    for consumer in &mut consumers {
        consumer.wait_for("a consumer receives", |lines| !lines.is_empty());
    }
    for _ in 0..3 {
        stream.flow(500);
        cluster.cut_off();
        thread::sleep(Duration::from_secs(1));
        cluster.reconnect();
    }
    stream.flow(500);
    let fates = Fates::parse(&stream.finish());

    // Nothing is lost, nothing is there twice, and the order is kept.
    fates.assert_complete();
    let count = fates.delivered().len();
    assert_eq!(count, fates.reports.len(), "messages failed");
    let (reads, _) =
        parse_consumed(&cluster.peer(&["consume", &count.to_string(), &topic], String::new()));
    let wanted: HashMap<i32, Vec<String>> = (0..PARTITIONS as i32)
        .map(|partition| {
            let sent = (0..count).filter(|id| id % PARTITIONS as usize == partition as usize);
            (partition, sent.map(value).collect())
        })
        .collect();
    assert!(by_partition(reads.into_iter().map(|read| read.record)) == wanted);
    for consumer in &mut consumers {
        consumer.wait_for("a consumer goes on by itself", |lines| lines.len() >= count);
        let lines = consumer.lines();
        let received = lines.iter().map(|line| parse_received(line).1);
        assert!(by_partition(received) == wanted);
    }
}

#[test]
fn a_broker_comes_late() {
    let mut cluster = Cluster::down("a_broker_comes_late");
    let topic = cluster.name("late");
    let mut consumers =
        [topic.clone(), all_partitions(&topic)].map(|topics| start_consumer(&cluster, &topics));
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

    cluster.start();
    assert_eq!(sender.finish(), ["sent 100 failed 0"]);
    let wanted = by_partition(records.into_iter());
    for consumer in &mut consumers {
        consumer.wait_for("a consumer receives", |lines| lines.len() >= 100);
        let lines = consumer.lines();
        assert!(by_partition(lines.iter().map(|line| parse_received(line).1)) == wanted);
    }
}
