//! Calls that wait give way to others, and are woken by what they wait for.

use std::fs;
use std::net::TcpListener;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use harness::cluster::Cluster;
use harness::nginx::{Conf, Nginx};
use harness::record::{input, parse_consumed, Record};

/// How late a beat may be that nothing of ours delays, beyond the machine's own noise: other tests are beside. A call
/// that blocks is later than that.
const BEAT_LATE_MS: u64 = 150;

/// How late a call may be that waits, beyond the same noise.
const CALL_LATE_MS: u64 = 100;

/// Does some work; with what came of it, the machine's own noise meanwhile: how many ms late a thread was at worst that
/// did nothing but sleep.
fn with_noise<T>(work: impl FnOnce() -> T) -> (T, u64) {
    const BEAT: Duration = Duration::from_millis(5);
    // Gone with the work, also where that fails.
    let (working, work_ends) = mpsc::channel::<()>();
    let sleeper = thread::spawn(move || {
        let mut worst = Duration::ZERO;
        loop {
            let start = Instant::now();
            let slept = work_ends.recv_timeout(BEAT);
            worst = worst.max(start.elapsed().saturating_sub(BEAT));
            if slept == Err(RecvTimeoutError::Disconnected) {
                return worst;
            }
        }
    });
    let done = work();
    drop(working);
    let worst = sleeper.join().expect("a thread that sleeps");
    (done, worst.as_millis().try_into().expect("milliseconds"))
}

fn beats(nginx: &Nginx) -> (u64, u64) {
    let said = nginx.run("beats");
    let (count, worst) = said.split_once(' ').expect("two numbers");
    (count.parse().unwrap(), worst.parse().unwrap())
}

/// The processor time of a process, in ticks of 10 ms.
fn ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn many_requests_wait_at_once_and_each_for_its_own_message() {
    const REQUESTS: usize = 200;
    let cluster = Cluster::any();
    let topic = cluster.topic("sync", 4);
    let nginx = Nginx::start(&cluster, &topic, Conf::default());
    let places: Vec<String> = thread::scope(|scope| {
        let requests: Vec<_> = (0..REQUESTS)
            .map(|number| {
                let nginx = &nginx;
                scope.spawn(move || nginx.get(&format!("/run/produce_sync?value={number}")))
            })
            .collect();
        requests.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let count = REQUESTS.to_string();
    let consumed = cluster.peer(&["consume", &count, &topic], String::new());
    let mut found: Vec<String> = parse_consumed(&consumed)
        .0
        .iter()
        .map(|read| format!("ok {} {}", read.record.partition, read.offset))
        .collect();
    let mut reported = places;
    reported.sort();
    found.sort();
    assert_eq!(reported, found);
}

#[test]
fn a_message_wakes_the_call_that_waits_for_it_and_waiting_costs_nothing() {
    let cluster = Cluster::any();
    let topic = cluster.topic("wake", 1);
    let nginx = Nginx::start(&cluster, &topic, Conf::default());
    assert_eq!(
        nginx.get("/run/receive?ms=300").split(' ').next(),
        Some("nil")
    );
    thread::scope(|scope| {
        let waiting = scope.spawn(|| nginx.get("/run/receive?ms=30000"));
        thread::sleep(Duration::from_millis(500));
        let worker = nginx.workers()[0];
        let before = ticks(worker);
        thread::sleep(Duration::from_secs(2));
        let spent = ticks(worker) - before;
        assert!(!waiting.is_finished());
        let records = [Record::new(0, b"wake")];
        cluster.peer(&["produce", &topic, "none"], input(&records));
        let produced = Instant::now();
        let (said, noise_ms) = with_noise(|| waiting.join().unwrap());
        // Before the peer has come to its end.
        assert!(produced.elapsed() < Duration::from_millis(200 + noise_ms));
        assert!(said.starts_with("wake "), "{said}");
        // librdkafka's own threads have their timers, too.
        assert!(spent <= 4, "{spent} ticks in two seconds");
    });
}

/// An nginx that has 500 messages to read.
fn start_before_messages(cluster: &Cluster, name: &str) -> Nginx {
    let topic = cluster.topic(name, 1);
    let records: Vec<Record> = (0..500).map(|_| Record::new(0, b"x")).collect();
    cluster.peer(&["produce", &topic, "none"], input(&records));
    Nginx::start(cluster, &topic, Conf::default())
}

#[test]
fn a_call_killed_while_it_waits_for_more_messages_has_taken_none() {
    let cluster = Cluster::any();
    let nginx = start_before_messages(&cluster, "killed");
    assert_eq!(nginx.run("kill_gathering"), "1 499 1");
}

#[test]
fn reading_ends_in_a_consumer_that_another_light_thread_closes() {
    let cluster = Cluster::any();
    let nginx = start_before_messages(&cluster, "closing");
    assert_eq!(nginx.run("read_while_closing"), "nil closed true");
}

#[test]
fn a_reader_that_another_light_thread_moves_reads_what_comes_next() {
    let nginx = Nginx::start_before("127.0.0.1:1", "none", Conf::default());
    assert_eq!(nginx.run("move"), "ok");
}

fn keeps_its_timeouts_and_the_loop_going(brokers: &str) {
    let nginx = Nginx::start_before(brokers, "absent", Conf::default());
    let (((call, late_ms), (count, worst)), noise_ms) = with_noise(|| {
        nginx.run("heartbeat");
        (nginx.timeouts(250), beats(&nginx))
    });
    assert!(
        late_ms <= CALL_LATE_MS + noise_ms,
        "{call}: {late_ms} ms late where {noise_ms} were the machine's"
    );
    assert!(
        count > 100 && worst < BEAT_LATE_MS + noise_ms,
        "{count} beats, {worst} ms late where {noise_ms} were the machine's"
    );
}

#[test]
fn a_broker_that_cannot_be_reached_holds_nothing_up() {
    keeps_its_timeouts_and_the_loop_going("127.0.0.1:1");
}

#[test]
fn a_broker_that_does_not_answer_holds_nothing_up() {
    // The system takes connections in, and no process ever looks at them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    keeps_its_timeouts_and_the_loop_going(&listener.local_addr().unwrap().to_string());
}
