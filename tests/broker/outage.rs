//! The admin client while brokers die, do not answer, or are not ready yet.

use std::thread;
use std::time::{Duration, Instant};

use harness::cluster::Cluster;
use harness::kafka::{Kafka, Version};
use harness::process::Process;
use harness::tools::Jit;

/// After so long without a sign of it, a cluster does not count a broker among its own any more.
const MISSED: Duration = Duration::from_secs(9);

/// Waits until outage.lua has made so many rounds more.
fn wait_for_rounds(asking: &mut Process, count: usize) {
    let enough = asking.lines().len() + count;
    asking.wait_for("requests are answered", |lines| lines.len() >= enough);
}

/// Whichever broker dies: the controller, a group's coordinator, a partition's leader. Before the others miss it, and
/// after that; and when it comes back.
#[test]
fn admin_requests_succeed_while_two_of_three_brokers_live() {
    let kafka = Kafka::three();
    let cluster = Cluster::on(&kafka);
    let (topic, group) = (cluster.name("outage"), cluster.name("outage"));
    let mut asking = cluster.start_lua(Jit::On, "outage.lua", &[&topic, &group], String::new());
    wait_for_rounds(&mut asking, 2);
    for node in 1..=3 {
        kafka.kill(node);
        let killed = Instant::now();
        wait_for_rounds(&mut asking, 2);
        thread::sleep((MISSED + Duration::from_secs(2)).saturating_sub(killed.elapsed()));
        wait_for_rounds(&mut asking, 2);
        kafka.restart(node);
        wait_for_rounds(&mut asking, 2);
    }
    let lines = asking.lines();
    let failed: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("failed"))
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// Runs unanswered.lua while no broker answers, which they do again at its end.
fn outlasts_its_requests(how: &str) -> Vec<String> {
    let kafka = Kafka::three();
    let cluster = Cluster::on(&kafka);
    let group = cluster.name("outage");
    let mut asking = cluster.start_lua(Jit::On, "unanswered.lua", &[&group, how], String::new());
    asking.wait_for("it is ready", |lines| lines == ["ready"]);
    (1..=3).for_each(|node| kafka.pause(node));
    let last = match how {
        "close" => "closed",
        _ => "unanswered",
    };
    asking.wait_for("nobody answers", |lines| {
        lines.iter().any(|line| line == last)
    });
    (1..=3).for_each(|node| kafka.resume(node));
    asking.finish()
}

#[test]
fn a_group_request_may_time_out_before_its_coordinator_answers() {
    let lines = outlasts_its_requests("wait");
    assert_eq!(lines, ["ready", "unanswered", "answered"]);
}

#[test]
fn an_admin_client_may_be_closed_while_a_group_request_is_unanswered() {
    let lines = outlasts_its_requests("close");
    assert_eq!(lines, ["ready", "unanswered", "closed", "answered"]);
}

#[test]
fn a_process_may_end_while_a_group_request_is_unanswered() {
    let lines = outlasts_its_requests("exit");
    assert_eq!(lines, ["ready", "unanswered"]);
}

#[test]
fn the_first_group_requests_of_a_cluster_wait_until_it_is_ready_for_them() {
    let kafka = Kafka::start(Version::V4, 1);
    let cluster = Cluster::on(&kafka);
    let (topic, group) = (cluster.name("first"), cluster.name("first"));
    cluster.lua(Jit::On, "first.lua", &[&topic, &group], String::new());
}
