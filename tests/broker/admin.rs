//! The admin client: what it makes, others see.

use crate::cluster::{not_shown, Cluster};
use crate::tools::Jit;

fn lifecycle(jit: Jit) {
    let cluster = Cluster::any();
    let (topic, group) = (cluster.name("admin"), cluster.name("admin"));
    let how = if cluster.given { "real" } else { "tansu" };
    if !cluster.given {
        // What answers.rs shows of these are answers, not that anything comes of them.
        not_shown("create_partitions, delete_group_offsets, delete_records, elect_leaders");
    }
    cluster.lua(jit, "admin.lua", &[&topic, &group, how], String::new());
    assert_eq!(cluster.peer(&["exists", &topic], String::new()), ["no"]);
}

#[test]
fn what_the_admin_client_makes_is_there_and_what_it_deletes_is_gone() {
    lifecycle(Jit::On);
}

#[test]
fn the_admin_client_without_jit() {
    lifecycle(Jit::Off);
}

/// The independent client sees the topic and the offsets that ours has made.
#[test]
fn others_see_what_the_admin_client_makes() {
    let cluster = Cluster::any();
    let (topic, group) = (cluster.name("admin"), cluster.name("admin"));
    cluster.lua(Jit::On, "admin_make.lua", &[&topic, &group], String::new());
    assert_eq!(cluster.peer(&["exists", &topic], String::new()), ["yes"]);
    assert_eq!(
        cluster.peer(&["committed", &group], String::new()),
        [format!("{topic} 1 42")]
    );
}

#[test]
fn the_references_examples_run() {
    let cluster = Cluster::any();
    let (topic, group) = (cluster.name("docs"), cluster.name("docs"));
    let text = std::fs::read_to_string(crate::workbench::root().join("docs/ADMIN.md")).unwrap();
    let blocks = text.split("```lua\n").skip(1);
    let script: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert!(script.len() > 3, "{} examples", script.len());
    cluster.lua(Jit::On, "example.lua", &[&topic, &group], script.concat());
}
