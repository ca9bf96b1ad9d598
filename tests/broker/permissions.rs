//! Rights that a user lacks, and what its calls return then.

use crate::security::{login, PASSWORD};
use harness::cluster::Cluster;
use harness::kafka::Listener;
use harness::on_each_kafka;
use harness::process::Process;
use harness::record::{input, Record};
use harness::tools::Jit;

on_each_kafka!(
    a_denied_group_is_an_error_of_that_code,
    a_denied_read_is_an_error_that_names_the_topic,
    a_denied_transactional_id_fails_its_producer,
    a_denied_write_is_reported,
);

/// The user bob, a super user's opposite: where a resource has an ACL, bob has the rights that it gives to bob.
struct Bob<'a> {
    cluster: &'a Cluster,
    brokers: String,
}

impl<'a> Bob<'a> {
    fn of(cluster: &'a Cluster) -> Option<Self> {
        let kafka = cluster.kafka("a user without rights")?;
        let brokers = kafka.at(Listener::SaslPlaintext);
        Some(Self { cluster, brokers })
    }

    /// A name of which bob has this right at most.
    fn denied(&self, kind: &str, right: Option<&str>) -> String {
        let name = match kind {
            "topic" => self.cluster.topic("denied", 1),
            _ => self.cluster.name("denied"),
        };
        let allow = match right {
            Some(right) => ["User:bob", right, "allow"],
            None => ["User:alice", "all", "allow"],
        };
        let mut arguments = vec![&*name];
        arguments.extend(allow);
        arguments.push(kind);
        self.cluster
            .lua(Jit::On, "acl.lua", &arguments, String::new());
        name
    }

    /// The last that denied.lua says.
    fn outcome_of(&self, step: &str, topic: &str, name: &str, properties: &[&str]) -> String {
        let mut command = harness::tools::luajit(Jit::On, "denied.lua");
        command
            .args([&self.brokers, step, topic, name])
            .args(login("SASL_PLAINTEXT", "PLAIN", PASSWORD))
            .args(properties);
        let lines = Process::start(command, String::new()).finish();
        lines.last().cloned().unwrap_or_default()
    }
}

fn assert_says(said: &str, start: &str, texts: &[&str]) {
    assert!(said.starts_with(&format!("{start} ")), "{said}");
    for text in texts {
        assert!(said.contains(text), "no \"{text}\" in {said}");
    }
}

/// The protocols of groups that this cluster and librdkafka have in common.
fn protocols(cluster: &Cluster) -> &'static [&'static [&'static str]] {
    match cluster.has_consumer_protocol() {
        true => &[&[], &["group.protocol=consumer"]],
        false => &[&[]],
    }
}

fn a_denied_write_is_reported(cluster: &Cluster) {
    let Some(bob) = Bob::of(cluster) else {
        return;
    };
    for right in [None, Some("describe"), Some("read")] {
        let topic = bob.denied("topic", right);
        let said = bob.outcome_of("produce", &topic, "", &[]);
        let text = "Broker: Topic authorization failed";
        assert_says(&said, "report TOPIC_AUTHORIZATION_FAILED", &[text]);
    }
    let topic = bob.denied("topic", Some("write"));
    assert_eq!(
        bob.outcome_of("produce", &topic, "", &[]),
        "report none nil"
    );
}

fn a_denied_read_is_an_error_that_names_the_topic(cluster: &Cluster) {
    let Some(bob) = Bob::of(cluster) else {
        return;
    };
    for right in [None, Some("describe")] {
        let topic = bob.denied("topic", right);
        cluster.peer(
            &["produce", &topic, "none"],
            input(&[Record::new(0, b"secret")]),
        );
        let start = "on_error TOPIC_AUTHORIZATION_FAILED";
        let texts = ["Topic authorization failed", &topic];
        let group = cluster.name("denied");
        let said = bob.outcome_of("assign", &topic, &group, &[]);
        assert_says(&said, start, &texts);
        for properties in protocols(cluster) {
            let said = bob.outcome_of("subscribe", &topic, &cluster.name("denied"), properties);
            // Where the broker assigns, it denies a subscription as a whole.
            let is_whole = right.is_none() && !properties.is_empty();
            assert_says(&said, start, if is_whole { &texts[..1] } else { &texts });
        }
    }
}

fn a_denied_group_is_an_error_of_that_code(cluster: &Cluster) {
    let Some(bob) = Bob::of(cluster) else {
        return;
    };
    let (topic, group) = (cluster.topic("open", 1), bob.denied("group", None));
    let said = bob.outcome_of("assign", &topic, &group, &[]);
    let start = "on_error GROUP_AUTHORIZATION_FAILED";
    let texts = ["Group authorization failed"];
    assert_says(&said, start, &texts);
    for properties in protocols(cluster) {
        let said = bob.outcome_of("subscribe", &topic, &group, properties);
        assert_says(&said, start, &texts);
    }
}

fn a_denied_transactional_id_fails_its_producer(cluster: &Cluster) {
    let Some(bob) = Bob::of(cluster) else {
        return;
    };
    let (topic, id) = (
        cluster.topic("open", 1),
        bob.denied("transactional_id", None),
    );
    let said = bob.outcome_of("transact", &topic, &id, &[]);
    let start = "fatal TRANSACTIONAL_ID_AUTHORIZATION_FAILED";
    assert_says(&said, start, &["Transactional Id authorization failed"]);
}
