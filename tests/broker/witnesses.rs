//! What others see of that which the library's own answers do not show: batches in the log, a group's offsets, the ends of
//! partitions.

use std::thread;
use std::time::Duration;

use crate::groups::produce;
use crate::weather::{assert_all_arrived_in_order, start_consumer, Stream, PARTITIONS};
use harness::cluster::Cluster;
use harness::kafka::{Kafka, Version};
use harness::on_each_kafka;
use harness::record::{input, Record, Report};
use harness::tools::Jit;

on_each_kafka!(
    a_commit_is_what_kafkas_own_tool_shows,
    batches_of_an_idempotent_producer_are_numbered,
    places_are_where_the_peer_sees_them,
);

/// A batch in the log, as the peer prints it.
#[derive(Debug)]
struct Batch {
    partition: i32,
    first: i64,
    count: i64,
    producer: i64,
    sequence: i64,
}

impl Batch {
    fn parse(line: &str) -> Self {
        let fields: Vec<i64> = line
            .split(' ')
            .map(|field| field.parse().unwrap())
            .collect();
        let &[partition, first, count, producer, sequence] = fields.as_slice() else {
            panic!("not a batch of the peer's: {line}");
        };
        Self {
            partition: partition as i32,
            first,
            count,
            producer,
            sequence,
        }
    }
}

fn batches_of_an_idempotent_producer_are_numbered(cluster: &Cluster) {
    const COUNT: i32 = 100;
    let record = |number: i32| Record::new(number % 2, number.to_string().as_bytes());
    let records: Vec<Record> = (0..COUNT).map(record).collect();
    let batches = |idempotence: &str| -> Vec<Batch> {
        let topic = cluster.topic("numbered", 2);
        let idempotence = format!("enable.idempotence={idempotence}");
        let arguments = [
            &*topic,
            "single",
            "0",
            &idempotence,
            "batch.num.messages=7",
            "linger.ms=50",
        ];
        let sent = cluster.lua(Jit::On, "produce.lua", &arguments, input(&records));
        assert!(
            sent.iter().all(|line| Report::parse(line).code == 0),
            "{sent:?}"
        );
        let lines = cluster.peer(&["batches", &topic], String::new());
        lines.iter().map(|line| Batch::parse(line)).collect()
    };
    let numbered = batches("true");
    let producer = numbered[0].producer;
    assert!(producer >= 0, "{numbered:?}");
    for partition in 0..2 {
        // Sequences count the messages of each partition, as offsets do in a new topic.
        let mut next = 0;
        for batch in numbered.iter().filter(|batch| batch.partition == partition) {
            assert_eq!(batch.producer, producer, "{batch:?}");
            assert_eq!([batch.first, batch.sequence], [next, next], "{batch:?}");
            next += batch.count;
        }
        assert_eq!(next, i64::from(COUNT / 2));
    }
    assert!(numbered.len() > 10, "{numbered:?}");
    for batch in batches("false") {
        assert_eq!([batch.producer, batch.sequence], [-1, -1], "{batch:?}");
    }
}

/// The requests that a paused broker did not answer are sent again, and it receives both once it goes on.
#[test]
fn an_idempotent_producer_doubles_nothing_at_a_broker_that_pauses() {
    let kafka = Kafka::start(Version::V4, 1);
    let cluster = Cluster::on(&kafka);
    let topic = cluster.topic("paused", PARTITIONS);
    let consumer = start_consumer(&cluster, &topic);
    let properties = [
        "enable.idempotence=true",
        "socket.timeout.ms=1000",
        "request.timeout.ms=1000",
    ];
    let mut stream = Stream::start(&cluster, &topic, &properties);
    for _ in 0..3 {
        stream.flow(300);
        kafka.pause(1);
        thread::sleep(Duration::from_millis(2500));
        kafka.resume(1);
    }
    stream.flow(300);
    assert_all_arrived_in_order(&cluster, &topic, stream, &mut [consumer]);
}

fn a_commit_is_what_kafkas_own_tool_shows(cluster: &Cluster) {
    let Some(kafka) = cluster.kafka("Kafka's own tool") else {
        return;
    };
    let (topic, group) = (cluster.topic("committed", 1), cluster.name("committed"));
    produce(cluster, &topic, 1, 0..30);
    let (partition, group_id) = (format!("{topic}:0"), format!("group.id={group}"));
    let arguments = [&*partition, "30", "30", "close", &group_id];
    cluster.lua(Jit::On, "receive.lua", &arguments, String::new());
    produce(cluster, &topic, 1, 30..34);
    let said = kafka.tool(
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        &[
            "--bootstrap-server",
            &cluster.brokers,
            "--describe",
            "--group",
            &group,
        ],
    );
    let rows = said
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.into_iter().find(|row| row.get(1) == Some(&&*topic));
    // Its columns: group, topic, partition, committed offset, end of the log, lag.
    assert_eq!(
        row.expect(&said)[..6],
        [&*group, &*topic, "0", "30", "34", "4"]
    );
}

fn places_are_where_the_peer_sees_them(cluster: &Cluster) {
    const LOW: i32 = 5;
    const COUNT: i32 = 20;
    let topic = cluster.topic("places", 2);
    let record = |number: i32| Record::new(number % 2, (number / 2).to_string().as_bytes());
    let records: Vec<Record> = (0..2 * COUNT).map(record).collect();
    cluster.peer(&["produce", &topic, "none"], input(&records));
    cluster.peer(&["trim", &topic, &LOW.to_string()], String::new());
    let arguments = [&*topic, &LOW.to_string(), &COUNT.to_string()];
    let watermarks = cluster.lua(Jit::On, "places.lua", &arguments, String::new());
    assert_eq!(watermarks, cluster.peer(&["ends", &topic], String::new()));
    assert_eq!(
        watermarks,
        [format!("0 {LOW} {COUNT}"), format!("1 0 {COUNT}")]
    );
}
