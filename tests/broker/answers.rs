//! Answers that tansu cannot give: admin_front.py gives them in its place, out of answers_*.py. A real
//! cluster does by itself.

use crate::cluster::{free_port, not_shown, Cluster};
use crate::process::Process;
use crate::toolchain::{succeeds, Build, Language, Library};
use crate::tools::{python, Jit};

/// Brokers that answer.
struct Answering {
    cluster: Cluster,
    front: Option<Process>,
}

impl Answering {
    /// The cluster that BROKERS names, or else a front of our own.
    fn any(test: &str) -> Self {
        match Cluster::given() {
            Some(cluster) => Self {
                cluster,
                front: None,
            },
            None => Self::own(test),
        }
    }

    /// A front of our own in any case.
    fn own(test: &str) -> Self {
        let port = free_port();
        let (cluster, target) = Cluster::behind(test, &format!("127.0.0.1:{port}"), &[]);
        let mut command = python("admin_front.py");
        command.args([port.to_string(), target.to_string()]);
        let mut front = Process::start(command, String::new());
        front.wait_for("it listens", |lines| !lines.is_empty());
        Self {
            cluster,
            front: Some(front),
        }
    }

    /// Runs a Lua script about things of this name; it is told who answers.
    fn lua(&self, script: &str, name: &str) {
        let who = if self.front.is_some() {
            "front"
        } else {
            "real"
        };
        self.cluster
            .lua(Jit::On, script, &[name, who], String::new());
    }
}

#[test]
fn partitions_are_added_records_deleted_and_leaders_elected() {
    let brokers = Answering::any("partitions_are_added_records_deleted_and_leaders_elected");
    brokers.lua("admin_partitions.lua", &brokers.cluster.name("admin"));
}

#[test]
fn groups_forget_offsets() {
    let brokers = Answering::any("groups_forget_offsets");
    let cluster = &brokers.cluster;
    let (topic, group) = (cluster.name("admin"), cluster.name("admin"));
    cluster.lua(
        Jit::On,
        "admin_offsets.lua",
        &[&topic, &group],
        String::new(),
    );
    assert!(cluster
        .peer(&["committed", &group], String::new())
        .is_empty());
}

#[test]
fn groups_are_described_found_and_deleted() {
    let brokers = Answering::any("groups_are_described_found_and_deleted");
    let cluster = &brokers.cluster;
    let (topic, group) = (cluster.name("admin"), cluster.name("admin"));
    cluster.lua(
        Jit::On,
        "admin_groups.lua",
        &[&topic, &group],
        String::new(),
    );
}

#[test]
fn properties_are_changed_and_described() {
    let brokers = Answering::any("properties_are_changed_and_described");
    brokers.lua("admin_configs.lua", &brokers.cluster.name("admin"));
}

#[test]
fn users_have_credentials() {
    let brokers = Answering::any("users_have_credentials");
    brokers.lua("admin_users.lua", &brokers.cluster.name("user"));
}

/// The independent client sees what ours has made, each word as its own.
#[test]
fn access_is_controlled_by_lists() {
    let brokers = Answering::any("access_is_controlled_by_lists");
    let cluster = &brokers.cluster;
    let name = cluster.name("acl");
    let step = |step| cluster.lua(Jit::On, "admin_acls.lua", &[&name, step], String::new());
    let mut ours = step("make");
    if ours == ["disabled"] {
        return not_shown("access control lists, which it has none of");
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

#[test]
fn a_quota_is_heard_of() {
    let brokers = Answering::own("a_quota_is_heard_of");
    let cluster = &brokers.cluster;
    let hears = |client_id, patience| {
        let topic = cluster.topic("quota", 1);
        cluster.lua(
            Jit::On,
            "throttled.lua",
            &[&topic, client_id, patience],
            String::new(),
        )
    };
    assert_eq!(hears("somebody", "0"), ["never", "never"]);
    let heard = format!("throttled {} 111 250", cluster.brokers);
    assert_eq!(hears("throttled", "30000"), [&*heard, &heard]);
    let (build, topic) = (Build::of("throttled"), cluster.topic("quota", 1));
    let mut program = build.command(Language::C99, Library::Shared);
    succeeds(program.args([&cluster.brokers, &topic]));
}
