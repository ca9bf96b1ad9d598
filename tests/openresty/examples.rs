//! The examples of examples/openresty whose workers end: the others are in t/examples.t.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use harness::cluster::Cluster;
use harness::nginx::{Conf, Nginx};
use harness::process::{within, Process};
use harness::record::parse_consumed;
use harness::root;
use harness::tools::{luajit, Jit};

#[test]
fn the_access_log_has_every_request() {
    const REQUESTS: usize = 300;
    let cluster = Cluster::any();
    let topic = cluster.topic("access-log", 1);
    let http = fs::read_to_string(root().join("examples/openresty/access_log.conf")).unwrap();
    let conf = Conf {
        main: "worker_processes 2;",
        http: &http,
        server: "location /page { return 200; }",
    };
    let mut nginx = Nginx::start(&cluster, &topic, conf);
    thread::scope(|scope| {
        for client in 0..3 {
            let nginx = &nginx;
            scope.spawn(move || {
                for number in 0..REQUESTS / 3 {
                    nginx.get(&format!("/page/{client}/{number}"));
                }
            });
        }
    });
    nginx.end(libc::SIGQUIT);
    let consumed = cluster.peer(&["consume", &REQUESTS.to_string(), &topic], String::new());
    let (reads, _) = parse_consumed(&consumed);
    let mut pages: Vec<String> = reads
        .iter()
        .map(|read| {
            // Two of them, names and values in hex.
            assert_eq!(read.record.headers.split(",").count(), 2, "{read:?}");
            read.record.value.clone()
        })
        .collect();
    pages.sort();
    pages.dedup();
    assert_eq!(pages.len(), REQUESTS);
}

/// The messages that workers have handled, by their places, each with the processes that have.
fn handled(nginx: &Nginx) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in nginx.log().lines() {
        let (head, Some((_, rest))) = (line, line.split_once("handled ")) else {
            continue;
        };
        let pid = head
            .split_once("[notice] ")
            .and_then(|(_, it)| it.split_once('#'));
        let (pid, place) = (pid.expect("a process").0, rest.split(' ').next().unwrap());
        found
            .entry(place.to_owned())
            .or_default()
            .push(pid.to_owned());
    }
    found
}

/// A Lua script beside this file.
fn script(name: &str, brokers: &str) -> Command {
    let mut command = luajit(Jit::On, &format!("../openresty/{name}"));
    command.arg(brokers);
    command
}

/// The places of the messages that a group has committed: each before the offset of its partition.
fn committed(brokers: &str, topic: &str, group: &str) -> Vec<Vec<String>> {
    let mut command = script("committed.lua", brokers);
    command.args([topic, group]);
    let offsets = Process::start(command, String::new()).finish();
    offsets
        .iter()
        .enumerate()
        .map(|(partition, offset)| {
            let offset: u32 = offset.parse().expect("an offset");
            (0..offset).map(|at| format!("{partition}:{at}")).collect()
        })
        .collect()
}

#[test]
fn a_group_of_workers_handles_every_message_also_across_a_reload() {
    const COUNT: usize = 1000;
    let cluster = Cluster::any();
    let (topic, group) = (cluster.topic("jobs", 4), cluster.name("workers"));
    let mut command = script("fill.lua", &cluster.brokers);
    command.args([&topic, &COUNT.to_string()]);
    let filling = Process::start(command, String::new());
    let http = fs::read_to_string(root().join("examples/openresty/group.conf")).unwrap();
    let http = http.replace("\"workers\"", &format!("\"{group}\""));
    let conf = Conf {
        main: "worker_processes 2;",
        http: &http,
        ..Conf::default()
    };
    let mut nginx = Nginx::start(&cluster, &topic, conf);
    let workers =
        |nginx: &Nginx| -> BTreeSet<String> { handled(nginx).into_values().flatten().collect() };
    let limit = Duration::from_secs(60);
    assert!(
        within(limit, || workers(&nginx).len() == 2),
        "{:?}",
        workers(&nginx)
    );
    // What is handled and not committed may be handled again.
    let mut done = Vec::new();
    let in_each = within(limit, || {
        done = committed(&cluster.brokers, &topic, &group);
        done.iter().all(|partition| !partition.is_empty())
    });
    assert!(in_each, "committed: {done:?}");
    let before = handled(&nginx);
    assert!(before.len() < COUNT, "nothing is left for a reload");
    let took = nginx.reload();
    assert!(
        took < Duration::from_secs(5),
        "old workers stayed for {took:?}"
    );
    let all = within(limit, || handled(&nginx).len() == COUNT);
    assert!(all, "{} of {COUNT}", handled(&nginx).len());
    nginx.end(libc::SIGQUIT);
    filling.finish();
    assert!(workers(&nginx).len() > 2, "no new worker has had any");
    let after = handled(&nginx);
    for place in done.iter().flatten() {
        assert!(
            before.contains_key(place),
            "{place}: committed before it was handled"
        );
        assert_eq!(after[place], before[place], "{place}: handled again");
    }
    assert!(!nginx.log().contains("[error]"), "{}", nginx.log());
}
