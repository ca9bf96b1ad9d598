//! A member that closes leaves its group, and the others go on at once.

use harness::cluster::Cluster;
use harness::on_each_kafka;
use harness::tools::Jit;

on_each_kafka!(a_member_without_partitions_leaves_when_it_closes);

fn a_member_without_partitions_leaves_when_it_closes(cluster: &Cluster) {
    for strategy in ["cooperative-sticky", "range"] {
        let (topic, group) = (cluster.topic("leaving", 1), cluster.name("leaving"));
        let strategy = format!("partition.assignment.strategy={strategy}");
        let arguments = [
            &topic,
            &group,
            &strategy,
            "session.timeout.ms=40000",
            "heartbeat.interval.ms=500",
        ];
        let counts = cluster.lua(Jit::On, "leaving.lua", &arguments, String::new());
        assert_eq!(counts, ["2", "1"], "{strategy}");
    }
}
