//! Limits that brokers set: the size of messages, and how many replicas must have them.

use crate::wire::noise;
use harness::cluster::Cluster;
use harness::kafka::Kafka;
use harness::on_each_kafka;
use harness::record::{bytes, input, parse_consumed, parse_received, Record, Report};
use harness::tools::Jit;

on_each_kafka!(
    a_message_of_five_mebibytes_goes_there_and_back,
    a_message_that_the_topic_refuses_is_reported_and_later_ones_pass,
    a_report_says_what_a_broker_has_against_a_record,
);

/// A topic of one partition with this property.
fn topic_with(cluster: &Cluster, property: &str) -> String {
    let topic = cluster.topic("limited", 1);
    cluster.peer(&["configure", "topic", &topic, property], String::new());
    topic
}

/// The sizes of the values that a topic has, as the peer reads them.
fn sizes(cluster: &Cluster, topic: &str, count: &str) -> Vec<usize> {
    let (reads, _) = parse_consumed(&cluster.peer(&["consume", count, topic], String::new()));
    let values = reads.iter().map(|read| read.record.value.len() / 2);
    values.collect()
}

fn a_message_that_the_topic_refuses_is_reported_and_later_ones_pass(cluster: &Cluster) {
    let topic = topic_with(cluster, "max.message.bytes=10000");
    let arguments = [&*topic, "once", "100", "20000", "200"];
    let said = cluster.lua(Jit::On, "sizes.lua", &arguments, String::new());
    let expected = [
        "report 100 0",
        "report 20000 MSG_SIZE_TOO_LARGE",
        "report 200 0",
    ];
    assert_eq!(said, expected);
    assert_eq!(sizes(cluster, &topic, "2"), [100, 200]);
}

fn a_report_says_what_a_broker_has_against_a_record(cluster: &Cluster) {
    let topic = topic_with(cluster, "cleanup.policy=compact");
    let said = cluster.lua(Jit::On, "reason.lua", &[&topic], String::new());
    let expected = "Broker: Broker failed to validate record: ";
    let reason = said[0]
        .strip_prefix(expected)
        .unwrap_or_else(|| panic!("{said:?}"));
    assert!(
        reason.contains("cannot accept message without key"),
        "{reason}"
    );
    assert_eq!(said[1], "not_persisted");
}

fn a_message_of_five_mebibytes_goes_there_and_back(cluster: &Cluster) {
    const LIMIT: &str = "6000000";
    let topic = topic_with(cluster, &format!("max.message.bytes={LIMIT}"));
    let value = noise(5 * 1024 * 1024);
    let record = input(&[Record::new(0, &value)]);
    let limit = format!("message.max.bytes={LIMIT}");
    // A request that a busy broker does not answer in time is sent again.
    let once = "enable.idempotence=true";
    let sent = cluster.lua(
        Jit::On,
        "produce.lua",
        &[&topic, "single", "0", &limit, once],
        record,
    );
    assert_eq!(sent.len(), 1);
    assert_eq!(Report::parse(&sent[0]).code, 0, "{sent:?}");
    assert_eq!(sizes(cluster, &topic, "1"), [value.len()]);

    let (partition, group) = (format!("{topic}:0"), cluster.name("limited"));
    let (group, limit) = (
        format!("group.id={group}"),
        format!("fetch.message.max.bytes={LIMIT}"),
    );
    let arguments = [&*partition, "1", "30", "close", &group, &limit];
    let received = cluster.lua(Jit::On, "receive.lua", &arguments, String::new());
    assert_eq!(received.len(), 1);
    assert!(
        parse_received(&received[0]).1.value == bytes(&value),
        "another value came back"
    );
}

/// With one of three replicas dead, and all three wanted.
#[test]
fn too_few_replicas_are_reported_until_they_are_enough() {
    let kafka = Kafka::three();
    let cluster = Cluster::on(&kafka);
    let topic = topic_with(&cluster, "min.insync.replicas=3");
    kafka.kill(3);
    let arguments = [&*topic, "until", "100", "retries=0", "acks=all"];
    let mut producer = cluster.start_lua(Jit::On, "sizes.lua", &arguments, String::new());
    let refused = "report 100 NOT_ENOUGH_REPLICAS";
    producer.wait_for("a report that says so", |lines| {
        lines.iter().any(|line| line == refused)
    });
    cluster.peer(
        &["configure", "topic", &topic, "min.insync.replicas=2"],
        String::new(),
    );
    let said = producer.finish();
    kafka.restart(3);
    // What came before the dead one was taken for dead can have another reason.
    let since = said.iter().skip_while(|line| *line != refused);
    let since: Vec<&String> = since.skip_while(|line| *line == refused).collect();
    assert_eq!(since, ["report 100 0"], "{said:?}");
}
