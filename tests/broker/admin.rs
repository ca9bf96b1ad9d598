//! The admin client: what it makes, others see.

use std::fs;

use harness::cluster::{not_shown, Cluster};
use harness::on_each_kafka;
use harness::root;
use harness::tools::Jit;

on_each_kafka!(
    access_is_controlled_by_lists,
    groups_are_described_found_and_deleted,
    groups_forget_offsets,
    others_see_what_the_admin_client_makes,
    partitions_are_added_records_deleted_and_leaders_elected,
    properties_are_changed_and_described,
    the_admin_client_without_jit,
    the_references_examples_run,
    users_have_credentials,
    what_the_admin_client_makes_is_there_and_what_it_deletes_is_gone,
);

fn lifecycle(cluster: &Cluster, jit: Jit) {
    let (topic, group) = (cluster.name("admin"), cluster.name("admin"));
    cluster.lua(jit, "admin.lua", &[&topic, &group], String::new());
    assert_eq!(cluster.peer(&["exists", &topic], String::new()), ["no"]);
}

fn what_the_admin_client_makes_is_there_and_what_it_deletes_is_gone(cluster: &Cluster) {
    lifecycle(cluster, Jit::On);
}

fn the_admin_client_without_jit(cluster: &Cluster) {
    lifecycle(cluster, Jit::Off);
}

/// The independent client sees the topic and the offsets that ours has made.
fn others_see_what_the_admin_client_makes(cluster: &Cluster) {
    let (topic, group) = (cluster.name("admin"), cluster.name("admin"));
    cluster.lua(Jit::On, "admin_make.lua", &[&topic, &group], String::new());
    assert_eq!(cluster.peer(&["exists", &topic], String::new()), ["yes"]);
    assert_eq!(
        cluster.peer(&["committed", &group], String::new()),
        [format!("{topic} 1 42")]
    );
}

fn the_references_examples_run(cluster: &Cluster) {
    let (topic, group) = (cluster.name("docs"), cluster.name("docs"));
    let text = fs::read_to_string(root().join("docs/ADMIN.md")).unwrap();
    let blocks = text.split("```lua\n").skip(1);
    let script: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert!(script.len() > 3, "{} examples", script.len());
    cluster.lua(Jit::On, "example.lua", &[&topic, &group], script.concat());
}

/// Runs a script about one name.
fn run(cluster: &Cluster, script: &str, purpose: &str) {
    let name = cluster.name(purpose);
    cluster.lua(Jit::On, script, &[&name], String::new());
}

/// Runs a script about a topic and a group; returns the group.
fn run_with_group(cluster: &Cluster, script: &str) -> String {
    let (topic, group) = (cluster.name("admin"), cluster.name("admin"));
    cluster.lua(Jit::On, script, &[&topic, &group], String::new());
    group
}

fn partitions_are_added_records_deleted_and_leaders_elected(cluster: &Cluster) {
    run(cluster, "admin_partitions.lua", "admin");
}

fn groups_forget_offsets(cluster: &Cluster) {
    let group = run_with_group(cluster, "admin_offsets.lua");
    let committed = cluster.peer(&["committed", &group], String::new());
    assert!(committed.is_empty(), "{committed:?}");
}

fn groups_are_described_found_and_deleted(cluster: &Cluster) {
    run_with_group(cluster, "admin_groups.lua");
}

fn properties_are_changed_and_described(cluster: &Cluster) {
    run(cluster, "admin_configs.lua", "admin");
}

fn users_have_credentials(cluster: &Cluster) {
    run(cluster, "admin_users.lua", "user");
}

/// The independent client sees what ours has made, each word as its own.
fn access_is_controlled_by_lists(cluster: &Cluster) {
    let name = cluster.name("acl");
    let step = |step| cluster.lua(Jit::On, "admin_acls.lua", &[&name, step], String::new());
    let mut ours = step("make");
    if ours == ["disabled"] {
        return not_shown("it has no access control lists");
    }
    let mut theirs: Vec<String> = cluster
        .peer(&["acls", &format!("User:{name}")], String::new())
        .iter()
        .map(|line| line.to_lowercase())
        .collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours.len(), 11);
    assert_eq!(ours, theirs);
    step("remove");
}
