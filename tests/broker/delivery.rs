//! What `delivery = "ordered"` promises.

use std::thread;
use std::time::Duration;

use harness::cluster::Cluster;
use harness::kafka::Kafka;

use crate::weather::{assert_all_arrived_in_order, start_consumer, Stream, PARTITIONS};

/// Of three nodes one at a time is killed and comes back, twenty times, and one stands still for longer than its session with
/// the controller. Nothing is lost, nothing is there twice, and the order is kept.
#[test]
fn one_of_three_brokers_fails_at_a_time_and_nothing_is_lost() {
    let kafka = Kafka::three();
    let cluster = Cluster::on(&kafka);
    let topic = cluster.topic("weather", PARTITIONS);
    let mut consumer = start_consumer(&cluster, &topic);
    let mut stream = Stream::of("ordered.lua", &cluster, &topic, &[]);
    consumer.wait_for("a consumer receives", |lines| !lines.is_empty());
    for round in 0..20 {
        let node = 1 + round % 3;
        stream.flow(200);
        kafka.kill(node);
        stream.flow(200);
        kafka.restart(node);
    }
    kafka.pause(1);
    thread::sleep(Duration::from_secs(8));
    kafka.resume(1);
    stream.flow(500);
    assert_all_arrived_in_order(&cluster, &topic, stream, &mut [consumer]);
}
