//! How workers come and go.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::nginx::{begun_topic, get_from, signal, Conf, Nginx};
use crate::process::within;
use crate::record::parse_consumed;

/// Has four clients send while `meanwhile` runs; returns how many messages were taken.
fn under_load(nginx: &mut Nginx, meanwhile: impl FnOnce(&mut Nginx)) -> usize {
    let (taken, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let address = nginx.address();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    match get_from(&address, "/run/send").as_deref() {
                        Some("queued") => {
                            taken.fetch_add(1, Ordering::Relaxed);
                        }
                        Some(said) => panic!("{said}"),
                        // A worker that ends may drop what it has not answered; then it has not run it either.
                        None => thread::sleep(Duration::from_millis(5)),
                    }
                }
            });
        }
        thread::sleep(Duration::from_millis(300));
        meanwhile(nginx);
        stop.store(true, Ordering::Relaxed);
    });
    taken.into_inner()
}

/// How many messages the log says were given up.
fn given_up(nginx: &Nginx) -> usize {
    let log = nginx.log();
    let counts = log.lines().filter_map(|line| line.split_once("gave up "));
    counts
        .map(|(_, rest)| rest.split(' ').next().unwrap().parse::<usize>().unwrap())
        .sum()
}

fn held(cluster: &Cluster, topic: &str, count: usize) -> usize {
    let consumed = cluster.peer(&["consume", &count.to_string(), topic], String::new());
    parse_consumed(&consumed).0.len()
}

#[test]
fn a_reload_under_load_loses_nothing() {
    let cluster = Cluster::any();
    let topic = begun_topic(&cluster, "reload");
    let mut nginx = Nginx::start(
        &cluster,
        &topic,
        Conf {
            main: "worker_processes 2;",
            ..Conf::default()
        },
    );
    let taken = under_load(&mut nginx, |nginx| {
        for _ in 0..2 {
            let took = nginx.reload();
            assert!(
                took < Duration::from_secs(5),
                "old workers stayed for {took:?}"
            );
        }
    });
    nginx.end(libc::SIGQUIT);
    assert!(taken > 100, "{taken} messages");
    assert_eq!(
        held(&cluster, &topic, taken + 1) + given_up(&nginx),
        taken + 1
    );
}

fn ends_promptly_and_loses_nothing(number: i32) {
    let cluster = Cluster::any();
    let topic = cluster.topic("end", 1);
    let mut nginx = Nginx::start(&cluster, &topic, Conf::default());
    let taken = under_load(&mut nginx, |nginx| {
        let (status, took) = nginx.end(number);
        assert!(status.success(), "{status}");
        assert!(took < Duration::from_secs(3), "it took {took:?}");
    });
    assert!(
        !nginx.log().contains("exited on signal"),
        "a worker crashed"
    );
    let kept = held(&cluster, &topic, taken);
    assert_eq!(kept + given_up(&nginx), taken);
    assert!(kept > 0);
}

#[test]
fn quit_under_load_loses_nothing() {
    ends_promptly_and_loses_nothing(libc::SIGQUIT);
}

#[test]
fn term_under_load_loses_nothing() {
    ends_promptly_and_loses_nothing(libc::SIGTERM);
}

#[test]
fn what_cannot_be_delivered_is_counted_in_the_log() {
    for number in [libc::SIGQUIT, libc::SIGTERM] {
        let mut nginx = Nginx::start_before("127.0.0.1:1", "absent", Conf::default());
        for _ in 0..7 {
            assert_eq!(nginx.run("send"), "queued");
        }
        let (status, took) = nginx.end(number);
        assert!(
            status.success() && took < Duration::from_secs(4),
            "{status} {took:?}"
        );
        assert_eq!(given_up(&nginx), 7);
    }
}

#[test]
fn a_worker_that_is_killed_has_a_successor() {
    let cluster = Cluster::any();
    let topic = cluster.topic("killed", 1);
    let nginx = Nginx::start(&cluster, &topic, Conf::default());
    assert!(nginx.get("/run/produce_sync?value=a").starts_with("ok"));
    let killed = nginx.workers()[0];
    signal(killed, libc::SIGKILL);
    let came = within(Duration::from_secs(10), || {
        nginx.workers().first().is_some_and(|pid| *pid != killed)
    });
    assert!(came);
    assert!(nginx.get("/run/produce_sync?value=b").starts_with("ok"));
}

#[test]
fn it_works_without_a_master() {
    let cluster = Cluster::any();
    let topic = cluster.topic("single", 1);
    let conf = Conf {
        main: "master_process off;",
        ..Conf::default()
    };
    let mut nginx = Nginx::start(&cluster, &topic, conf);
    assert!(nginx.get("/run/produce_sync?value=a").starts_with("ok"));
    assert!(nginx.end(libc::SIGQUIT).0.success());
    assert_eq!(held(&cluster, &topic, 1), 1);
}

#[test]
fn it_works_where_every_request_has_a_lua_state_of_its_own() {
    let cluster = Cluster::any();
    let topic = cluster.topic("stateless", 1);
    let conf = Conf {
        http: "lua_code_cache off;",
        ..Conf::default()
    };
    let mut nginx = Nginx::start(&cluster, &topic, conf);
    let files = |nginx: &Nginx| -> usize {
        let said = nginx.run("worker");
        said.split_once(' ').unwrap().1.trim().parse().unwrap()
    };
    for _ in 0..5 {
        assert!(nginx.get("/run/produce_sync?value=a").starts_with("ok"));
    }
    let before = files(&nginx);
    for _ in 0..20 {
        assert!(nginx.get("/run/produce_sync?value=a").starts_with("ok"));
    }
    thread::sleep(Duration::from_millis(500));
    let after = files(&nginx);
    assert!(after <= before + 20, "{before} files, then {after}");
    assert!(nginx.end(libc::SIGQUIT).0.success());
    assert_eq!(held(&cluster, &topic, 25), 25);
}
