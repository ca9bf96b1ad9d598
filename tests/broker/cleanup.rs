//! What the tests make on a user's cluster does not stay there.

use harness::cluster::Cluster;
use harness::on_each_kafka;
use harness::record::{input, Record};
use harness::tools::Jit;

on_each_kafka!(nothing_stays_on_a_given_cluster);

fn nothing_stays_on_a_given_cluster(cluster: &Cluster) {
    let mut given = Cluster::at(cluster.brokers.clone());
    given.given = true;
    let topic = given.topic("cleanup", 1);
    let record = input(&[Record::new(0, b"x")]);
    given.peer(&["produce", &topic, "none"], record);
    let group = given.name("cleanup");
    let group_id = format!("group.id={group}");
    let arguments = [&topic, "1", "30", "close", &group_id];
    given.lua(Jit::On, "receive.lua", &arguments, String::new());
    let user = given.name("cleanup");
    let left = || cluster.lua(Jit::On, "left.lua", &[&topic, &group, &user], String::new());
    given.lua(Jit::On, "make_user.lua", &[&user], String::new());
    assert_eq!(left(), ["topic", "group", "user"]);
    drop(given);
    assert!(left().is_empty(), "{:?}", left());
}
