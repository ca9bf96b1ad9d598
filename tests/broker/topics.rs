//! Topics that change while they are in use.

use std::collections::{HashMap, HashSet};

use crate::weather::{number, start_consumer, value, values_received, Fates, Stream, PARTITIONS};
use harness::cluster::Cluster;
use harness::on_each_kafka;
use harness::process::Process;
use harness::record::{parse_consumed, parse_received, Read, Report};

on_each_kafka!(
    a_topic_is_made_anew_under_its_name_while_it_is_used,
    partitions_are_added_to_a_topic_that_is_used,
);

fn reports(lines: &[String]) -> impl Iterator<Item = Report> + '_ {
    let reports = lines.iter().filter_map(|line| line.strip_prefix("report "));
    reports.map(Report::parse)
}

/// All that a topic has.
fn records(cluster: &Cluster, topic: &str) -> Vec<Read> {
    let ends = cluster.peer(&["ends", topic], String::new());
    let last = |line: &String| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap();
    let count: usize = ends.iter().map(last).sum();
    let arguments = ["consume", &count.to_string(), topic];
    parse_consumed(&cluster.peer(&arguments, String::new())).0
}

/// What was reported delivered is at the reported place.
fn assert_at_their_places<'a>(reads: &[Read], delivered: impl Iterator<Item = &'a Report>) {
    let place = |read: &Read| {
        (
            (read.record.partition, read.offset),
            read.record.value.clone(),
        )
    };
    let places: HashMap<(i32, i64), String> = reads.iter().map(place).collect();
    for report in delivered {
        let found = places.get(&(report.partition, report.offset));
        assert_eq!(found, Some(&value(report.id)), "{report:?}");
    }
}

fn wait_until_received(consumer: &mut Process, wanted: &HashSet<String>) {
    consumer.wait_for("the consumer receives them all", |lines| {
        values_received(lines).is_superset(wanted)
    });
}

/// Messages for a partition that is not there yet are refused; once it is, they arrive, and the group reads them from the
/// partition's start on.
fn partitions_are_added_to_a_topic_that_is_used(cluster: &Cluster) {
    const AT_FIRST: i32 = 2;
    let topic = cluster.topic("grown", AT_FIRST as u32);
    let mut consumer = start_consumer(cluster, &topic);
    let mut stream = Stream::start(cluster, &topic, &[]);
    stream.flow(200);
    consumer.wait_for("the consumer receives", |lines| !lines.is_empty());
    cluster.peer(&["grow", &format!("{topic}:{PARTITIONS}")], String::new());
    stream.wait_for("messages of the new partitions are delivered", |lines| {
        (AT_FIRST..PARTITIONS as i32).all(|partition| {
            let of_it = |report: &Report| report.partition == partition && report.code == 0;
            reports(lines).filter(of_it).count() >= 50
        })
    });
    let fates = Fates::parse(&stream.finish());
    fates.assert_complete();
    let delivered = fates.delivered();
    let reads = records(cluster, &topic);
    assert_eq!(reads.len(), delivered.len());
    assert_at_their_places(&reads, delivered.iter());
    let wanted = delivered.iter().map(|report| value(report.id)).collect();
    wait_until_received(&mut consumer, &wanted);
}

/// Each message is delivered or reported failed, what is sent later arrives in the new topic, whose offsets count from 0,
/// and the consumer goes on there: from the start of a partition that is shorter than where the consumer was in the old
/// one, from that offset on in one that is longer by then.
fn a_topic_is_made_anew_under_its_name_while_it_is_used(cluster: &Cluster) {
    let topic = cluster.topic("anew", PARTITIONS);
    let mut consumer = start_consumer(cluster, &topic);
    let mut stream = Stream::start(cluster, &topic, &["message.timeout.ms=10000"]);
    stream.flow(500);
    consumer.wait_for("the consumer receives", |lines| lines.len() >= 400);
    cluster.peer(&["remake", &format!("{topic}:{PARTITIONS}")], String::new());
    stream.flow(1000);
    let since = reports(&stream.lines()).map(|report| report.id).max();
    consumer.wait_for("the consumer receives from each new partition", |lines| {
        let records = lines.iter().map(|line| parse_received(line).1);
        let new = records.filter(|record| Some(number(&record.value)) > since);
        let partitions: HashSet<i32> = new.map(|record| record.partition).collect();
        partitions.len() == PARTITIONS as usize
    });
    stream.flow(300);
    let fates = Fates::parse(&stream.finish());
    fates.assert_complete();

    let last = &fates.reports[fates.reports.len() - 300..];
    let failed = last.iter().find(|report| report.code != 0);
    assert!(
        failed.is_none(),
        "long after the topic was back: {failed:?}"
    );
    let reads = records(cluster, &topic);
    assert_at_their_places(&reads, last.iter());
    for partition in 0..PARTITIONS as i32 {
        let of_it = reads
            .iter()
            .filter(|read| read.record.partition == partition);
        let offsets: Vec<i64> = of_it.map(|read| read.offset).collect();
        let all: Vec<i64> = (0..offsets.len() as i64).collect();
        assert_eq!(offsets, all, "partition {partition}");
    }
    // All that is there was delivered there, or reported failed although it was written.
    let known: HashSet<(i32, i64)> = fates
        .delivered()
        .iter()
        .map(|r| (r.partition, r.offset))
        .collect();
    let failed = fates.failed();
    for read in &reads {
        let place = (read.record.partition, read.offset);
        assert!(
            known.contains(&place) || failed.contains(&read.record.value),
            "{read:?}"
        );
    }
    let wanted = last.iter().map(|report| value(report.id)).collect();
    wait_until_received(&mut consumer, &wanted);
}
