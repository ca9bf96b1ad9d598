//! What the admin client does and says, seen by Kafka's own tools and by the independent client.

use harness::cluster::Cluster;
use harness::kafka::{Kafka, Listener};
use harness::on_each_kafka;
use harness::tools::Jit;

on_each_kafka!(
    what_the_admin_client_makes_and_says_others_see,
    what_is_denied_is_said_to_be,
);

/// What a tool prints about a cluster.
fn output_of(kafka: &Kafka, tool: &str, arguments: &[&str]) -> String {
    let class = format!("org.apache.kafka.tools.{tool}");
    let brokers = kafka.brokers();
    kafka.tool(
        &class,
        &[arguments, &["--bootstrap-server", &brokers]].concat(),
    )
}

fn what_the_admin_client_makes_and_says_others_see(cluster: &Cluster) {
    let Some(kafka) = cluster.kafka("what Kafka's own tools see") else {
        return;
    };
    let (topic, group) = (cluster.name("witness"), cluster.name("witness"));
    let user = cluster.name("witness");
    let step = |step: &str| {
        let arguments = [step, &topic, &group, &user];
        cluster.lua(Jit::On, "admin_witness.lua", &arguments, String::new())
    };
    let ours = step("make");
    let said = |what: &str| -> Vec<&str> {
        let line = ours
            .iter()
            .find_map(|line| line.strip_prefix(what)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{what}: {ours:?}"))
            .split(' ')
            .collect()
    };

    let id = output_of(kafka, "ClusterTool", &["cluster-id"]);
    assert!(
        id.contains(&format!("Cluster ID: {}", said("cluster")[0])),
        "{id}"
    );

    // Made, enlarged, and with a property changed.
    let theirs = output_of(kafka, "TopicCommand", &["--describe", "--topic", &topic]);
    let [topic_id, partitions] = said("topic")[..] else {
        panic!("{ours:?}")
    };
    assert_eq!(partitions, "3");
    for part in [
        format!("TopicId: {topic_id}"),
        "PartitionCount: 3".to_owned(),
        format!("retention.ms={}", said("retention.ms")[0]),
    ] {
        assert!(theirs.contains(&part), "{part}: {theirs}");
    }
    assert_eq!(said("retention.ms"), ["7200000"]);

    // Five records, of which the first two were deleted.
    for (time, place, offset) in [("-2", "earliest", "2"), ("-1", "latest", "5")] {
        assert_eq!(said(place), [offset]);
        let arguments = ["--topic-partitions", &format!("{topic}:0"), "--time", time];
        let theirs = output_of(kafka, "GetOffsetShell", &arguments);
        assert_eq!(theirs.trim(), format!("{topic}:0:{offset}"));
    }

    // Two offsets committed, and one of them forgotten.
    assert_eq!(said("committed"), [&*topic, "0", "3"]);
    let committed = cluster.peer(&["committed", &group], String::new());
    assert_eq!(committed, [format!("{topic} 0 3")]);
    assert_eq!(said("listed"), ["Empty"]);
    assert_eq!(said("group")[..2], ["Empty", "0"]);
    let tool = "consumer.group.ConsumerGroupCommand";
    let theirs = output_of(kafka, tool, &["--describe", "--state", "--group", &group]);
    let row = theirs
        .lines()
        .find(|line| line.starts_with(&group))
        .unwrap_or_default();
    let row: Vec<&str> = row.split_whitespace().collect();
    assert!(
        row.contains(&"Empty") && row.last() == Some(&"0"),
        "{theirs}"
    );
    assert!(
        row.iter()
            .any(|it| it.ends_with(&format!("({})", said("group")[2]))),
        "{theirs}"
    );

    assert_eq!(said("acl"), ["1", "read", "allow"]);
    let acls = cluster.peer(&["acls", &format!("User:{user}")], String::new());
    assert_eq!(acls.len(), 1, "{acls:?}");
    assert_eq!(said("credential"), ["SCRAM-SHA-256", "8192"]);
    let mut logged_in = Cluster::at(kafka.at(Listener::SaslPlaintext));
    logged_in.peer_config = format!(
        r#"{{"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-256",
             "sasl_plain_username": "{user}", "sasl_plain_password": "secret"}}"#
    );
    assert_eq!(logged_in.peer(&["exists", &topic], String::new()), ["yes"]);

    step("remove");
    let theirs = output_of(kafka, tool, &["--list"]);
    assert!(!theirs.contains(&group), "{theirs}");
    let acls = cluster.peer(&["acls", &format!("User:{user}")], String::new());
    assert!(acls.is_empty(), "{acls:?}");
    assert_eq!(cluster.peer(&["exists", &topic], String::new()), ["no"]);
}

/// Whose leader has died and come back, a partition is led by that one again.
#[test]
fn leaders_that_are_elected_lead() {
    let kafka = Kafka::three();
    let cluster = Cluster::on(&kafka);
    let topic = cluster.name("elect");
    let step = |step| cluster.lua(Jit::On, "elect.lua", &[&topic, step], String::new());
    let leader = || {
        let theirs = output_of(&kafka, "TopicCommand", &["--describe", "--topic", &topic]);
        let (_, leader) = theirs.split_once("Leader: ").expect("a leader");
        leader.split_whitespace().next().map(str::to_owned)
    };
    step("make");
    kafka.restart(1);
    assert_ne!(leader().as_deref(), Some("1"));
    step("elect");
    assert_eq!(leader().as_deref(), Some("1"));
}

fn what_is_denied_is_said_to_be(cluster: &Cluster) {
    let Some(kafka) = cluster.kafka("a user with a right denied") else {
        return;
    };
    let sasl = kafka.at(Listener::SaslPlaintext);
    let (user, topic, group) = (
        cluster.name("bad"),
        cluster.name("bad"),
        cluster.name("bad"),
    );
    let arguments = [&*sasl, &user, &topic, &group];
    cluster.lua(Jit::On, "refused.lua", &arguments, String::new());
}
