//! How workers come and go.

use std::fs;
use std::net::TcpListener;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use harness::certificates::Certificate;
use harness::cluster::Cluster;
use harness::kafka::Listener;
use harness::nginx::{get_from, signal, Conf, Nginx};
use harness::process::within;
use harness::record::{input, parse_consumed, Record};
use harness::{ports, Scratch};

/// Queues a message.
const SEND: &str = "/run/send";

/// Sends one and waits for its report.
const SEND_AND_WAIT: &str = "/run/produce_sync?value=x";

/// Has clients ask for these while `meanwhile` runs; returns how many messages were taken.
fn under_load(
    nginx: &mut Nginx,
    asked: &[&'static str],
    meanwhile: impl FnOnce(&mut Nginx),
) -> usize {
    let (taken, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let address = nginx.address();
    thread::scope(|scope| {
        for &path in asked {
            let (address, taken, stop) = (&address, &taken, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    match get_from(address, path).as_deref() {
                        Some(said) if said == "queued" || said.starts_with("ok ") => {
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
        let done = catch_unwind(AssertUnwindSafe(|| meanwhile(nginx)));
        // Also where that failed: the clients would go on for ever.
        stop.store(true, Ordering::Relaxed);
        done.unwrap_or_else(|failure| resume_unwind(failure));
    });
    taken.into_inner()
}

/// How many messages are in the topic, once it has `count`.
fn held(cluster: &Cluster, topic: &str, count: usize) -> usize {
    let consumed = cluster.peer(&["consume", &count.to_string(), topic], String::new());
    parse_consumed(&consumed).0.len()
}

/// Every message is in the topic, once, or was given up; how many are in the topic.
fn assert_none_is_lost(cluster: &Cluster, topic: &str, nginx: &Nginx, sent: usize) -> usize {
    let given_up = nginx.given_up();
    let held = held(cluster, topic, sent - given_up);
    // Of those given up, the ones that were on their way may have arrived.
    assert!(held <= sent, "{sent} sent, {held} held");
    held
}

#[test]
fn a_reload_under_load_loses_nothing() {
    let cluster = Cluster::any();
    let topic = cluster.topic("reload", 1);
    let mut nginx = Nginx::start(
        &cluster,
        &topic,
        Conf {
            main: "worker_processes 2; worker_shutdown_timeout 1s;",
            ..Conf::default()
        },
    );
    let taken = under_load(&mut nginx, &[SEND; 4], |nginx| {
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
    assert_none_is_lost(&cluster, &topic, &nginx, taken);
}

/// Ends a worker under load by a signal, after `first`, which says how many messages it has sent.
fn ends_promptly_and_loses_nothing(
    number: i32,
    conf: Conf<'_>,
    first: impl FnOnce(&Nginx) -> usize,
) {
    let cluster = Cluster::any();
    let topic = cluster.topic("end", 1);
    let mut nginx = Nginx::start(&cluster, &topic, conf);
    let before = first(&nginx);
    // A TERM leaves a request that waits without an answer.
    let asked = match number {
        libc::SIGTERM => [SEND; 4],
        _ => [SEND, SEND_AND_WAIT, SEND, SEND_AND_WAIT],
    };
    let taken = under_load(&mut nginx, &asked, |nginx| {
        let (status, took) = nginx.end(number);
        assert!(status.success(), "{status}");
        assert!(took < Duration::from_secs(3), "it took {took:?}");
    });
    assert!(
        !nginx.log().contains("exited on signal"),
        "a worker crashed"
    );
    let sent = before + taken;
    assert!(assert_none_is_lost(&cluster, &topic, &nginx, sent) > 0);
}

#[test]
fn quit_under_load_loses_nothing() {
    ends_promptly_and_loses_nothing(libc::SIGQUIT, Conf::default(), |_| 0);
}

#[test]
fn term_under_load_loses_nothing() {
    ends_promptly_and_loses_nothing(libc::SIGTERM, Conf::default(), |_| 0);
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
        assert_eq!(nginx.given_up(), 7);
    }
}

#[test]
fn what_was_fetched_and_not_passed_on_is_counted_in_the_log() {
    let mut nginx = Nginx::start_before("127.0.0.1:1", "absent", Conf::default());
    // Five that no call asks for, and three with handlers, of which the first is still at work.
    assert_eq!(nginx.run("fail"), "reported 1");
    nginx.end(libc::SIGTERM);
    assert_eq!(nginx.given_up(), 5 + 2);
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

/// How many threads of this name a process has.
fn threads(pid: i32, name: &str) -> usize {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|found| found.trim_end() == name).count()
}

#[test]
fn four_workers_have_one_client_and_one_notifier_each_and_lose_nothing() {
    const ARRIVED: usize = 4 * 10;
    let cluster = Cluster::any();
    let topic = cluster.topic("four", 1);
    let conf = Conf {
        main: "worker_processes 4; worker_shutdown_timeout 5s;",
        http: r#"init_worker_by_lua_block { ngx.timer.at(0, function() require("app").begin() end) }"#,
        ..Conf::default()
    };
    let mut nginx = Nginx::start(&cluster, &topic, conf);
    let arrived = |nginx: &Nginx, count: usize| {
        let done = within(Duration::from_secs(20), || {
            let reported = |pid| nginx.get(&format!("/run/result?phase=timers%20{pid}"));
            // The one that says so, and the notifier.
            nginx
                .workers()
                .into_iter()
                .map(reported)
                .all(|said| said == "2")
                && nginx.get("/run/result?phase=arrived") == count.to_string()
        });
        assert!(done, "{}", nginx.get("/run/result?phase=arrived"));
        for pid in nginx.workers() {
            assert_eq!(threads(pid, "kafka:events"), 1);
        }
        assert_eq!(nginx.workers().len(), 4);
    };
    arrived(&nginx, ARRIVED);
    let asked = [SEND, SEND_AND_WAIT, SEND, SEND_AND_WAIT];
    let taken = under_load(&mut nginx, &asked, |nginx| {
        nginx.reload();
        arrived(nginx, 2 * ARRIVED);
        let (status, took) = nginx.end(libc::SIGQUIT);
        assert!(status.success(), "{status}");
        assert!(took < Duration::from_secs(5), "it took {took:?}");
    });
    assert!(taken > 50, "{taken} messages");
    let sent = taken + 2 * ARRIVED;
    assert_none_is_lost(&cluster, &topic, &nginx, sent);
}

/// A worker whose nginx refuses timers.
fn works_without_timers(http: &'static str, number: i32) {
    let conf = Conf {
        http,
        ..Conf::default()
    };
    ends_promptly_and_loses_nothing(number, conf, |nginx| {
        assert!(nginx.get(SEND_AND_WAIT).starts_with("ok "));
        1
    });
    let mut nginx = Nginx::start_before("127.0.0.1:1", "absent", conf);
    let start = Instant::now();
    let (call, late_ms) = nginx.timeouts(60);
    assert!(late_ms <= 1000, "{call}: {late_ms} ms late");
    for _ in 0..7 {
        assert_eq!(nginx.run("send"), "queued");
    }
    nginx.end(number);
    assert_eq!(nginx.given_up(), 7);
    // nginx says so itself where it drops a timer, which is asked for once a second.
    let said = nginx.log().matches("lua_max_running_timers").count();
    assert!(said as u64 <= start.elapsed().as_secs() + 1, "{said} times");
}

#[test]
fn where_no_timer_may_wait_calls_look_again_and_nothing_is_lost() {
    works_without_timers("lua_max_pending_timers 0;", libc::SIGQUIT);
}

#[test]
fn where_no_timer_may_run_calls_look_again_and_nothing_is_lost() {
    works_without_timers("lua_max_running_timers 0;", libc::SIGTERM);
}

#[test]
fn timers_that_run_out_later_do_not_keep_a_worker() {
    let fill = |nginx: &Nginx| {
        assert!(nginx.get(SEND_AND_WAIT).starts_with("ok "));
        assert_eq!(nginx.run("fill_timers"), "2 2");
        assert!(nginx.get(SEND_AND_WAIT).starts_with("ok "));
        2
    };
    let conf = Conf {
        http: "lua_max_running_timers 3; lua_max_pending_timers 2;",
        ..Conf::default()
    };
    ends_promptly_and_loses_nothing(libc::SIGTERM, conf, fill);
    // And one that nothing wakes.
    let cluster = Cluster::any();
    let mut nginx = Nginx::start(&cluster, &cluster.topic("idle", 1), conf);
    fill(&nginx);
    let (status, took) = nginx.end(libc::SIGQUIT);
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(3), "it took {took:?}");
}

#[test]
fn a_shutdown_timeout_ends_waiting_calls_and_what_was_sent_is_counted() {
    // The system takes connections in, and no process ever looks at them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().to_string();
    let conf = Conf {
        main: "worker_shutdown_timeout 1s;",
        ..Conf::default()
    };
    let mut nginx = Nginx::start_before(&silent, "absent", conf);
    for (round, number) in [(1, libc::SIGHUP), (2, libc::SIGQUIT)] {
        let address = nginx.address();
        thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| assert_eq!(get_from(&address, SEND_AND_WAIT), None));
            }
            for _ in 0..7 {
                assert_eq!(nginx.run("send"), "queued");
            }
            let sent = within(Duration::from_secs(10), || nginx.run("pending") == "12");
            assert!(sent, "{} messages", nginx.run("pending"));
            let start = Instant::now();
            match number {
                libc::SIGHUP => _ = nginx.reload(),
                _ => assert!(nginx.end(number).0.success()),
            }
            let took = start.elapsed();
            assert!(took < Duration::from_secs(5), "it took {took:?}");
        });
        assert_eq!(nginx.given_up(), 12 * round);
    }
}

#[test]
fn other_users_of_ffi_and_openssl_are_in_the_same_worker() {
    let cluster = Cluster::any();
    let Some(kafka) = cluster.kafka("a listener with TLS") else {
        return;
    };
    let topic = cluster.topic("neighbours", 1);
    let scratch = Scratch::new();
    let authority = Certificate::self_signed(&scratch, "authority", "DNS:authority");
    let server = authority.sign(&scratch, "server", "DNS:localhost");
    let trusted = authority.certificate.display();
    let own_port = ports::free();
    let http = format!(
        "lua_ssl_trusted_certificate {trusted};
        server {{
            listen 127.0.0.1:{own_port} ssl;
            ssl_certificate {};
            ssl_certificate_key {};
            location / {{ return 200 hello; }}
        }}",
        server.certificate.display(),
        server.key.display()
    );
    let conf = Conf {
        main: &format!("env AUTHORITY={};", kafka.certificate("ca.pem").display()),
        http: &http,
        ..Conf::default()
    };
    let mut nginx = Nginx::start_before(&kafka.at(Listener::Ssl), &topic, conf);
    let path = format!("/run/neighbours?port={own_port}");
    let mut sent = 0;
    for reload in [false, true] {
        if reload {
            nginx.reload();
        }
        thread::scope(|scope| {
            for _ in 0..10 {
                // SHA-256 of "abc" begins and ends like this.
                scope.spawn(|| assert_eq!(nginx.get(&path), "hello baad number"));
                sent += 1;
            }
        });
    }
    assert!(nginx.end(libc::SIGQUIT).0.success());
    let log = nginx.log();
    assert!(!log.contains("exited on signal"), "{log}");
    assert_eq!(held(&cluster, &topic, sent), sent);
}

#[test]
fn a_lua_state_that_is_a_requests_own_does_not_stay_for_what_it_keeps() {
    let cluster = Cluster::any();
    let topic = cluster.topic("kept", 1);
    let record = [Record::new(0, b"x")];
    cluster.peer(&["produce", &topic, "none"], input(&record));
    let conf = Conf {
        http: "lua_code_cache off;",
        ..Conf::default()
    };
    let nginx = Nginx::start(&cluster, &topic, conf);
    for _ in 0..12 {
        assert_eq!(nginx.run("fetch"), "1");
    }
    let worker = nginx.workers()[0];
    let mut clients = 0;
    // A request's are three. The first two states cannot know that they are not the only one.
    let gone = within(Duration::from_secs(15), || {
        clients = threads(worker, "rdk:main");
        clients <= 2 * 3
    });
    assert!(gone, "{clients} clients");
}
