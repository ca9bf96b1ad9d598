//! Quotas: brokers that delay their answers, and clients that say so.

use harness::cluster::Cluster;
use harness::on_each_kafka;
use harness::succeeds;
use harness::toolchain::{Build, Language, Library};
use harness::tools::Jit;

on_each_kafka!(a_client_that_exceeds_its_quota_is_said_to_be_throttled);

fn a_client_that_exceeds_its_quota_is_said_to_be_throttled(cluster: &Cluster) {
    let Some(kafka) = cluster.kafka("a quota") else {
        return;
    };
    let limited = cluster.name("limited");
    let quota = "--add-config=producer_byte_rate=1024,consumer_byte_rate=2048";
    let entity = format!("--entity-name={limited}");
    kafka.alter_configs(&[quota, "--entity-type=clients", &entity]);
    let throttled_by = |client_id: &str, patience_ms: &str| {
        let arguments = [&cluster.topic("quota", 1), client_id, patience_ms];
        cluster.lua(Jit::On, "throttled.lua", &arguments, String::new())
    };
    assert_eq!(throttled_by("unlimited", "0"), ["never", "never"]);
    let node = format!("throttled {} 1", cluster.brokers);
    assert_eq!(throttled_by(&limited, "30000"), [&*node, &node]);

    let (build, topic) = (Build::of("throttled"), cluster.topic("quota", 1));
    let mut program = build.command(Language::C99, Library::Shared);
    succeeds(program.args([&cluster.brokers, &topic, &limited]));
}
