//! Batches and the topics' limit for them.

use harness::cluster::Cluster;
use harness::on_each_kafka;
use harness::tools::Jit;

on_each_kafka!(small_messages_are_delivered_in_batches_that_the_topic_takes);

/// As docs/LUA.md says: max.message.bytes is a limit for batches, of which librdkafka knows nothing.
fn small_messages_are_delivered_in_batches_that_the_topic_takes(cluster: &Cluster) {
    let topic = cluster.name("batches");
    let lines = cluster.lua(Jit::On, "batches.lua", &[&topic], String::new());
    assert_eq!(lines, ["0 MSG_SIZE_TOO_LARGE", "100 -"]);
}
