//! What docs/OPENRESTY.md and examples/openresty show, at work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::nginx::{ask, begun_topic, Conf, Nginx};
use crate::process::{within, Process};
use crate::record::{bytes, parse_consumed};
use crate::tools::{luajit, Jit};
use crate::workbench::root;

#[test]
fn the_access_log_has_every_request() {
    const REQUESTS: usize = 300;
    let cluster = Cluster::any();
    let topic = begun_topic(&cluster, "access-log");
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
    let consumed = cluster.peer(
        &["consume", &(REQUESTS + 1).to_string(), &topic],
        String::new(),
    );
    let (reads, _) = parse_consumed(&consumed);
    let mut pages: Vec<String> = reads[1..]
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

#[test]
fn an_order_is_answered_when_the_broker_has_it() {
    let server = fs::read_to_string(root().join("examples/openresty/order.conf")).unwrap();
    let conf = Conf {
        server: &server,
        ..Conf::default()
    };
    let post = "POST /order?customer=7 HTTP/1.0\r\nContent-Length: 5\r\n\r\ntwice";
    let cluster = Cluster::any();
    let topic = cluster.topic("orders", 1);
    let nginx = Nginx::start(&cluster, &topic, conf);
    for answer in ["0:0", "0:1"] {
        let answered = ask(&nginx.address(), post);
        assert_eq!(answered, Some((200, answer.to_owned())));
    }
    let consumed = cluster.peer(&["consume", "2", &topic], String::new());
    for read in parse_consumed(&consumed).0 {
        assert_eq!(read.record.value, bytes(b"twice"));
        assert_eq!(read.record.key, bytes(b"7"));
    }

    let nginx = Nginx::start_before("127.0.0.1:1", "absent", conf);
    let start = Instant::now();
    let (status, _) = ask(&nginx.address(), post).expect("an answer");
    assert_eq!(status, 504);
    let took = start.elapsed();
    assert!(
        took > Duration::from_millis(1900) && took < Duration::from_secs(4),
        "{took:?}"
    );
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
fn script(name: &str) -> Command {
    luajit(Jit::On, &format!("../openresty/{name}"))
}

/// The places of the messages that the group has committed: each before the offset of its partition.
fn committed(brokers: &str) -> Vec<Vec<String>> {
    let mut command = script("committed.lua");
    command.arg(brokers);
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
    let mut command = script("cluster.lua");
    command.arg(COUNT.to_string());
    let mut cluster = Process::start(command, String::new());
    cluster.wait_for("its address", |lines| !lines.is_empty());
    let brokers = cluster.lines()[0].clone();
    let http = fs::read_to_string(root().join("examples/openresty/group.conf")).unwrap();
    let conf = Conf {
        main: "worker_processes 2;",
        http: &http,
        ..Conf::default()
    };
    let mut nginx = Nginx::start_before(&brokers, "jobs", conf);
    let workers =
        |nginx: &Nginx| -> BTreeSet<String> { handled(nginx).into_values().flatten().collect() };
    let limit = Duration::from_secs(60);
    assert!(
        within(limit, || workers(&nginx).len() == 2),
        "{:?}",
        workers(&nginx)
    );
    // What is handled and not committed may be handled again, and here more of it than elsewhere: other than brokers,
    // this cluster refuses commits while others join.
    let mut done = Vec::new();
    let in_each = within(limit, || {
        done = committed(&brokers);
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

/// The first nginx snippet of the document.
#[test]
fn the_document_begins_with_what_works() {
    let text = fs::read_to_string(root().join("docs/OPENRESTY.md")).unwrap();
    let (_, rest) = text.split_once("```nginx\nhttp {\n").expect("a snippet");
    let (http, rest) = rest.split_once("    server {\n").expect("a server");
    let (server, _) = rest.split_once("    }\n}\n```").expect("its end");
    let cluster = Cluster::any();
    let topic = cluster.topic("orders", 1);
    let own = |text: &str| {
        text.replace("broker:9092", &cluster.brokers)
            .replace("\"orders\"", &format!("\"{topic}\""))
    };
    let (http, server) = (own(http), own(server));
    let conf = Conf {
        main: "",
        http: &http,
        server: &server,
    };
    let nginx = Nginx::start(&cluster, &topic, conf);
    assert_eq!(nginx.get("/order?number=1"), "0:0");
    assert_eq!(nginx.get("/order?number=2"), "0:1");
}
