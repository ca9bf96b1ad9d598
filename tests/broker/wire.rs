//! What one side sends, the other reads, byte for byte.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use harness::cluster::Cluster;
use harness::on_each_kafka;
use harness::record::{bytes, input, null, parse_consumed, parse_received, Read, Record, Report};
use harness::tools::Jit;

on_each_kafka!(
    each_partition_keeps_the_order_of_20000_messages_from_lua,
    each_partition_keeps_the_order_of_20000_messages_to_lua,
    lua_receives_what_the_peer_sends,
    messages_are_read_with_all_they_carry,
    offsets_are_found_by_time,
    the_peer_reads_headers_and_timestamps_of_batches,
    the_peer_reads_headers_and_timestamps_that_lua_produces,
    the_peer_reads_what_lua_sends,
    the_peer_reads_what_lua_sends_without_jit,
);

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

fn now_ms() -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_millis()
}

/// Bytes that no codec makes smaller.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Values that have been bugs of clients.
fn values() -> Vec<Vec<u8>> {
    let all: Vec<u8> = (0..=255).collect();
    vec![
        b"plain".to_vec(),
        Vec::new(),
        vec![0],
        b"\r\n\0\xff %s".to_vec(),
        all.clone(),
        all.repeat(800),
        noise(900 * 1024),
    ]
}

/// Without keys, for partition 0: what producer:send can say.
fn plain() -> Vec<Record> {
    values().iter().map(|value| Record::new(0, value)).collect()
}

/// With keys and null values, for partition 1: what takes the C API.
fn keyed() -> Vec<Record> {
    let all: Vec<u8> = (0..=255).collect();
    let keys = [null(), bytes(b""), bytes(b"\0"), bytes(b"key"), bytes(&all)];
    let values = [null(), bytes(b""), bytes(b"\0v"), bytes(&all.repeat(40))];
    let with_key = |key: &String| {
        values.clone().map(|value| Record {
            partition: 1,
            key: key.clone(),
            value,
            headers: null(),
        })
    };
    keys.iter().flat_map(with_key).collect()
}

/// Asserts equality without printing a megabyte.
fn assert_same(what: &str, got: &[Record], wanted: &[Record]) {
    let differs = got
        .iter()
        .zip(wanted)
        .position(|(got, wanted)| got != wanted);
    if let Some(index) = differs {
        panic!(
            "{what}: record {index} is\n{:?}\nand not\n{:?}",
            got[index], wanted[index]
        );
    }
    assert_eq!(got.len(), wanted.len(), "{what}: the number of records");
}

/// A topic's records in the order in which the peer printed them: by partition and offset.
fn of_topic<'a>(reads: &'a [Read], topic: &'a str) -> impl Iterator<Item = &'a Read> {
    reads.iter().filter(move |read| read.topic == topic)
}

fn lua_to_peer(cluster: &Cluster, jit: Jit) {
    let (plain, keyed) = (plain(), keyed());
    let topics = CODECS.map(|codec| cluster.topic(codec, 2));
    let mut reports = Vec::new();
    let start = now_ms();
    for (codec, topic) in CODECS.iter().zip(&topics) {
        // Long enough for small records to share a batch: alone they may stay uncompressed.
        let codec = format!("compression.codec={codec}");
        let arguments = [topic.as_str(), &codec, "linger.ms=30"];
        let said = cluster.lua(jit, "send.lua", &arguments, input(&plain));
        assert_eq!(said, [format!("sent {} failed 0", plain.len())]);
        let said = cluster.lua(jit, "send_c.lua", &arguments, input(&keyed));
        reports.push(
            said.iter()
                .map(|line| Report::parse(line))
                .collect::<Vec<_>>(),
        );
    }
    let end = now_ms();

    let count = (plain.len() + keyed.len()).to_string();
    let mut arguments = vec!["consume", &count];
    arguments.extend(topics.iter().map(String::as_str));
    let (reads, codecs) = parse_consumed(&cluster.peer(&arguments, String::new()));
    let sent = [plain, keyed.clone()].concat();
    for (index, topic) in topics.iter().enumerate() {
        let codec = CODECS[index];
        let got: Vec<Record> = of_topic(&reads, topic)
            .map(|read| read.record.clone())
            .collect();
        assert_same(&format!("{codec}, JIT {jit:?}"), &got, &sent);
        // A second of tolerance: with BROKERS the stamps may be the brokers'.
        for read in of_topic(&reads, topic) {
            let stamp = read.timestamp;
            assert!(
                stamp + 1000 >= start && stamp <= end + 1000,
                "{start} {stamp} {end}"
            );
        }
        let seen = &codecs.iter().find(|(name, _)| name == topic).unwrap().1;
        assert!(seen.split(',').any(|seen| seen == codec), "{codec}: {seen}");
        assert!(codec != "none" || seen == "none", "{codec}: {seen}");
        assert_places(&reports[index], of_topic(&reads, topic), &keyed);
    }
}

/// What was reported delivered is at the reported place.
fn assert_places<'a>(reports: &[Report], reads: impl Iterator<Item = &'a Read>, sent: &[Record]) {
    let places: HashMap<(i32, i64), &Record> = reads
        .map(|read| ((read.record.partition, read.offset), &read.record))
        .collect();
    assert_eq!(reports.len(), sent.len());
    for report in reports {
        assert_eq!(report.code, 0, "{report:?}");
        let read = places.get(&(report.partition, report.offset));
        let read = read.unwrap_or_else(|| panic!("nothing at {report:?}"));
        assert_eq!(read.value, sent[report.id].value, "{report:?}");
    }
}

fn the_peer_reads_what_lua_sends(cluster: &Cluster) {
    lua_to_peer(cluster, Jit::On);
}

fn the_peer_reads_what_lua_sends_without_jit(cluster: &Cluster) {
    lua_to_peer(cluster, Jit::Off);
}

fn lua_receives_what_the_peer_sends(cluster: &Cluster) {
    let mut sent = [plain(), keyed()].concat();
    // A record without both key and value is one that this peer refuses to send.
    sent.retain(|record| record.key != null() || record.value != null());
    for (index, record) in sent.iter_mut().enumerate() {
        // Every other record has headers, which must not get in the way.
        if index % 2 == 0 {
            let (name, value) = (bytes(b"name"), bytes(&[0, 0xff, index as u8]));
            record.headers = format!("{name}={value},{name}={}", bytes(b""));
        }
    }
    let topics = CODECS.map(|codec| {
        let topic = cluster.topic(codec, 2);
        let places = cluster.peer(&["produce", &topic, codec], input(&sent));
        assert_eq!(places.len(), sent.len());
        topic
    });

    // A message without headers; an absent payload is an empty one to consumer:receive.
    let wanted: Vec<Record> = sent
        .iter()
        .map(|record| Record {
            headers: null(),
            value: match record.value.as_str() {
                "-" => bytes(b""),
                value => value.to_owned(),
            },
            ..record.clone()
        })
        .collect();
    let partitions: Vec<String> = topics
        .iter()
        .flat_map(|topic| [format!("{topic}:0"), format!("{topic}:1")])
        .collect();
    let count = (wanted.len() * topics.len()).to_string();
    for jit in [Jit::On, Jit::Off] {
        let group = format!("group.id={}", cluster.name("wire"));
        let arguments = [&partitions.join(","), &count, "30", "close", &group];
        let received = cluster.lua(jit, "receive.lua", &arguments, String::new());
        let received: Vec<(String, Record)> =
            received.iter().map(|line| parse_received(line)).collect();
        for (codec, topic) in CODECS.iter().zip(&topics) {
            for partition in 0..2 {
                let got: Vec<Record> = received
                    .iter()
                    .filter(|(from, record)| from == topic && record.partition == partition)
                    .map(|(_, record)| record.clone())
                    .collect();
                let wanted: Vec<Record> = wanted
                    .iter()
                    .filter(|record| record.partition == partition)
                    .cloned()
                    .collect();
                let what = format!("{codec}, JIT {jit:?}, partition {partition}");
                assert_same(&what, &got, &wanted);
            }
        }
        assert_eq!(received.len().to_string(), count);
    }
}

const MANY: usize = 20_000;
const PARTITIONS: i32 = 4;

/// Numbered; every other one for the partitioner where that is allowed.
fn numbered(partitioner: bool) -> Vec<Record> {
    let record = |index: usize| {
        let mut record = Record::new(index as i32 / 2 % PARTITIONS, index.to_string().as_bytes());
        if partitioner && index % 2 == 1 {
            record.partition = -1;
        }
        record
    };
    (0..MANY).map(record).collect()
}

/// Each partition's values are in the order of sending, and each was sent once.
fn assert_in_order(what: &str, got: &[(i32, String)]) {
    let order: Vec<String> = (0..MANY)
        .map(|index| bytes(index.to_string().as_bytes()))
        .collect();
    let number = |value: &String| {
        let index: usize = String::from_utf8(
            (1..value.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&value[at..at + 2], 16).unwrap())
                .collect(),
        )
        .unwrap()
        .parse()
        .unwrap();
        assert_eq!(&order[index], value);
        index
    };
    let mut seen = vec![false; MANY];
    for partition in 0..PARTITIONS {
        let mut last = None;
        for (_, value) in got.iter().filter(|(at, _)| *at == partition) {
            let index = number(value);
            assert!(
                last < Some(index),
                "{what}: {index} after {last:?} in {partition}"
            );
            assert!(!seen[index], "{what}: {index} twice");
            seen[index] = true;
            last = Some(index);
        }
    }
    let missing = seen.iter().filter(|seen| !**seen).count();
    assert_eq!(missing, 0, "{what}: messages missing");
}

fn each_partition_keeps_the_order_of_20000_messages_from_lua(cluster: &Cluster) {
    let sent = numbered(true);
    // Else a batch that a new partition's leader is not ready for comes behind later ones.
    let once = "enable.idempotence=true";
    let by_send = cluster.topic("order", PARTITIONS as u32);
    let said = cluster.lua(Jit::On, "send.lua", &[&by_send, once], input(&sent));
    assert_eq!(said, [format!("sent {MANY} failed 0")]);
    // With the smallest queue that keeps a pipeline busy, so that it is full again and again.
    let by_c = cluster.topic("order-c", PARTITIONS as u32);
    let arguments = [by_c.as_str(), "queue.buffering.max.messages=500", once];
    let reports = cluster.lua(Jit::Off, "send_c.lua", &arguments, input(&sent));
    let reports: Vec<Report> = reports.iter().map(|line| Report::parse(line)).collect();

    let count = MANY.to_string();
    let arguments = ["consume", &count, &by_send, &by_c];
    let (reads, _) = parse_consumed(&cluster.peer(&arguments, String::new()));
    for topic in [&by_send, &by_c] {
        let got: Vec<(i32, String)> = of_topic(&reads, topic)
            .map(|read| (read.record.partition, read.record.value.clone()))
            .collect();
        assert_in_order(topic, &got);
    }

    assert_places(&reports, of_topic(&reads, &by_c), &sent);
}

fn each_partition_keeps_the_order_of_20000_messages_to_lua(cluster: &Cluster) {
    let topic = cluster.topic("order", PARTITIONS as u32);
    cluster.peer(&["produce", &topic, "none"], input(&numbered(false)));
    let count = MANY.to_string();
    let partitions: Vec<String> = (0..PARTITIONS).map(|at| format!("{topic}:{at}")).collect();
    let ways = [(Jit::On, partitions.join(",")), (Jit::Off, topic.clone())];
    for (jit, topics) in ways {
        let group = format!("group.id={}", cluster.name("order"));
        let arguments = [
            &topics,
            &count,
            "30",
            "close",
            &group,
            "session.timeout.ms=6000",
        ];
        let received = cluster.lua(jit, "receive.lua", &arguments, String::new());
        let got: Vec<(i32, String)> = received
            .iter()
            .map(|line| parse_received(line).1)
            .map(|record| (record.partition, record.value))
            .collect();
        assert_in_order(&topics, &got);
    }
}

fn messages_are_read_with_all_they_carry(cluster: &Cluster) {
    let topic = cluster.topic("carried", 1);
    let all: Vec<u8> = (0..=255).collect();
    let header = |name: &str, value: String| format!("{}={value}", bytes(name.as_bytes()));
    let many = (0..40).map(|number| header(&format!("h{number}"), bytes(&all)));
    let headers = [
        null(),
        header("one", bytes(b"value")),
        [
            header("twice", bytes(b"1")),
            header("twice", bytes(b"2")),
            header("empty", bytes(b"")),
            header("na\u{ef}ve", bytes(&all)),
            header("twice", bytes(b"3")),
        ]
        .join(","),
        many.collect::<Vec<_>>().join(","),
    ];
    let mut records = Vec::new();
    for headers in headers {
        for (key, value) in [(null(), bytes(b"v")), (bytes(b"k"), null())] {
            records.push(Record {
                partition: 0,
                key,
                value,
                headers: headers.clone(),
            });
        }
    }
    cluster.peer(&["produce", &topic, "none"], input(&records));
    let count = records.len().to_string();
    let consumed = cluster.peer(&["consume", &count, &topic], String::new());
    let (expected, _) = parse_consumed(&consumed);
    for (jit, method) in [
        (Jit::On, "poll"),
        (Jit::Off, "consume"),
        (Jit::On, "consume_views"),
    ] {
        let lines = cluster.lua(jit, "consume.lua", &[&topic, &count, method], String::new());
        assert_eq!(lines.len(), records.len(), "{method}");
        for ((line, expected), record) in lines.iter().zip(&expected).zip(&records) {
            let read = Read::parse(line);
            assert_eq!(read.record, *record, "{method}");
            assert_eq!(
                (read.offset, read.timestamp),
                (expected.offset, expected.timestamp),
                "{method}"
            );
        }
    }
}

/// Headers that have been bugs of clients, on records with and without keys and values.
fn with_headers() -> Vec<Record> {
    let all: Vec<u8> = (0..=255).collect();
    let name = |text: &[u8]| bytes(text);
    let headers = [
        null(),
        format!("{}={}", name(b"a"), bytes(b"1")),
        // In this order, the same name again, and null apart from empty.
        format!(
            "{0}={1},{2}={3},{0}=-,{0}={4}",
            name(b"b"),
            bytes(b"2"),
            name(b"a"),
            bytes(b"1"),
            bytes(b"")
        ),
        format!("{}={}", name("\u{fc}\u{20ac}".as_bytes()), bytes(&all)),
        format!("{}={}", name(b""), bytes(&all.repeat(40))),
    ];
    let mut records = keyed();
    for (index, record) in records.iter_mut().enumerate() {
        record.headers = headers[index % headers.len()].clone();
    }
    records
}

fn produce_to_peer(cluster: &Cluster, way: &str, jit: Jit) {
    const TIMESTAMP: u128 = 1_700_000_000_000;
    let sent = with_headers();
    for codec in ["none", "zstd"] {
        let topic = cluster.topic(way, 2);
        let codec = format!("compression.codec={codec}");
        let arguments = [&topic, way, &TIMESTAMP.to_string(), &codec, "linger.ms=30"];
        let said = cluster.lua(jit, "produce.lua", &arguments, input(&sent));
        let reports: Vec<Report> = said.iter().map(|line| Report::parse(line)).collect();
        let arguments = ["consume", &sent.len().to_string(), &topic];
        let (reads, _) = parse_consumed(&cluster.peer(&arguments, String::new()));
        let got: Vec<Record> = of_topic(&reads, &topic)
            .map(|read| read.record.clone())
            .collect();
        assert_same(&format!("{way}, {codec}"), &got, &sent);
        for (index, read) in of_topic(&reads, &topic).enumerate() {
            assert_eq!(
                read.timestamp,
                TIMESTAMP + index as u128,
                "{codec}: {index}"
            );
        }
        assert_places(&reports, of_topic(&reads, &topic), &sent);
    }
}

fn the_peer_reads_headers_and_timestamps_that_lua_produces(cluster: &Cluster) {
    produce_to_peer(cluster, "single", Jit::On);
}

fn the_peer_reads_headers_and_timestamps_of_batches(cluster: &Cluster) {
    produce_to_peer(cluster, "batch", Jit::Off);
}

fn offsets_are_found_by_time(cluster: &Cluster) {
    const FIRST: u128 = 1_700_000_000_000;
    const COUNT: u128 = 10;
    let topic = cluster.topic("times", 1);
    let sent: Vec<Record> = (0..COUNT).map(|_| Record::new(0, b"x")).collect();
    // A broker may know of batches only.
    let arguments = [&topic, "single", &FIRST.to_string(), "batch.num.messages=1"];
    cluster.lua(Jit::On, "produce.lua", &arguments, input(&sent));
    let times = [
        0,
        FIRST - 1,
        FIRST,
        FIRST + 3,
        FIRST + COUNT - 1,
        FIRST + COUNT,
    ];
    let times = times.map(|time| time.to_string());
    let mut arguments = vec![topic.as_str()];
    arguments.extend(times.iter().map(String::as_str));
    let found = cluster.lua(Jit::On, "times.lua", &arguments, String::new());
    arguments.insert(0, "times");
    assert_eq!(found, cluster.peer(&arguments, String::new()));
    assert_eq!(found, ["0", "0", "0", "3", "9", "end"]);
}
