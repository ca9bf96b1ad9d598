//! scripts/kafka: what a person sees of it, and what it says when it cannot start a cluster.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use harness::kafka::{Kafka, Version};
use harness::{ended, ports, program, root, run, Scratch, LIMIT};

fn script(port: u16, words: &[&str]) -> Command {
    let mut command = program(root().join("scripts/kafka"));
    command.args(words).args(["--port", &port.to_string()]);
    command
}

/// Runs it; it must fail. Returns what it says.
fn fails(command: &mut Command) -> String {
    let ended = ended(command, LIMIT);
    let said = ended.said();
    assert!(!ended.status.success(), "{said}");
    said
}

fn assert_nothing_runs(port: u16) {
    let said = fails(&mut script(port, &["status"]));
    let nothing = format!("kafka: no cluster of ours runs at port {port}\n");
    assert_eq!(said, nothing);
    TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
}

#[test]
fn a_cluster_is_started_watched_and_stopped() {
    let port = ports::of_a_cluster();
    let settings = run(&mut script(port, &["start"]));
    for line in [
        format!("  bootstrap.servers=127.0.0.1:{port}\n"),
        format!("  bootstrap.servers=localhost:{}\n", port + 3),
        "  security.protocol=SASL_PLAINTEXT\n".to_owned(),
        "  sasl.username=alice ".to_owned(),
    ] {
        assert!(settings.contains(&line), "{line} is not in\n{settings}");
    }
    let state = |state: &str| format!("node 1: {state}, 127.0.0.1:{port}\n");
    let status = || run(&mut script(port, &["status"]));
    assert_eq!(status(), state("running"));
    run(&mut script(port, &["pause", "1"]));
    assert_eq!(status(), state("paused"));
    run(&mut script(port, &["continue", "1"]));
    assert_eq!(status(), state("running"));
    run(&mut script(port, &["kill", "1"]));
    assert_eq!(fails(&mut script(port, &["status"])), state("ended"));
    run(&mut script(port, &["restart", "1"]));
    assert_eq!(status(), state("running"));
    let second = fails(&mut script(port, &["start"]));
    assert!(
        second.contains(&format!("port {port} is in use")),
        "{second}"
    );
    let mut tool = script(port, &["tool"]);
    tool.args(["org.apache.kafka.tools.TopicCommand", "--list"]);
    tool.args(["--bootstrap-server", &format!("127.0.0.1:{port}")]);
    run(&mut tool);
    run(&mut script(port, &["stop"]));
    assert_nothing_runs(port);
}

#[test]
fn a_cluster_in_the_foreground_ends_with_its_caller() {
    let kafka = Kafka::start(Version::V3_9, 1);
    let brokers = kafka.brokers();
    TcpStream::connect(&brokers).expect("it listens");
    drop(kafka);
    TcpStream::connect(&brokers).expect_err("nothing listens");
}

#[test]
fn wrong_arguments_are_named() {
    for (words, reason) in [
        (
            &["start", "--version", "5"][..],
            "--version is 4, 3.9 or a full version such as 4.2.0, not 5",
        ),
        (&["start", "--nodes", "2"], "--nodes is 1 or 3, not 2"),
        (
            &["start", "--port", "http"],
            "--port is a number from 1024 to 65500, not http",
        ),
        (
            &["start", "--set", "retention"],
            "--set needs PROPERTY=VALUE",
        ),
        (&["start", "--quick"], "no such option: --quick"),
        (&["begin"], "no such command: begin"),
    ] {
        let said = fails(program(root().join("scripts/kafka")).args(words));
        assert!(said.ends_with(&format!("kafka: {reason}\n")), "{said}");
    }
    let port = ports::of_a_cluster();
    let said = fails(&mut script(port, &["kill", "1"]));
    assert!(
        said.ends_with(&format!("no cluster of ours runs at port {port}\n")),
        "{said}"
    );
}

#[test]
fn a_version_that_does_not_exist_is_named() {
    let said = fails(&mut script(
        ports::of_a_cluster(),
        &["start", "--version", "4.99.0"],
    ));
    assert!(said.contains("kafka_2.13:jar:4.99.0"), "{said}");
    assert!(
        said.ends_with("kafka: Maven does not bring Apache Kafka 4.99.0\n"),
        "{said}"
    );
}

#[test]
fn a_node_that_dies_at_its_start_says_why_and_nothing_stays() {
    let port = ports::of_a_cluster();
    let said = fails(&mut script(
        port,
        &["start", "--set", "ssl.keystore.location=/nowhere"],
    ));
    assert!(said.contains("NoSuchFileException: /nowhere"), "{said}");
    assert!(
        said.ends_with("kafka: node 1 has ended; its last lines are above\n"),
        "{said}"
    );
    assert_nothing_runs(port);
}

#[test]
fn programs_that_run_at_once_have_ports_of_their_own() {
    const CHILD: &str = "PORTS_OF_A_CHILD";
    if std::env::var_os(CHILD).is_some() {
        for _ in 0..10 {
            println!("port {}", ports::of_a_cluster());
        }
        // Until the parent has read those of all.
        let _ = io::stdin().read(&mut [0]);
        return;
    }
    let mut children: Vec<_> = (0..4)
        .map(|_| {
            Command::new(std::env::current_exe().expect("this program"))
                .args(["--exact", "--nocapture"])
                .arg("programs_that_run_at_once_have_ports_of_their_own")
                .env(CHILD, "1")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("this program once more")
        })
        .collect();
    let mut ports = HashSet::new();
    for child in &mut children {
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        for line in lines
            .map_while(Result::ok)
            .filter(|line| line.starts_with("port "))
            .take(10)
        {
            assert!(ports.insert(line.clone()), "{line} was given twice");
        }
    }
    assert_eq!(ports.len(), 40);
    for mut child in children {
        drop(child.stdin.take());
        child.wait().expect("it ends");
    }
}

/// The programs of the machine, without these.
fn without(names: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    for directory in ["/usr/bin", "/bin"] {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            let name = entry.file_name();
            if !names.iter().any(|without| name == *without) {
                let _ = symlink(entry.path(), scratch.path(name.to_str().unwrap()));
            }
        }
    }
    scratch
}

#[test]
fn without_java_it_says_what_installs_one() {
    let bare = without(&["java"]);
    let mut command = script(ports::of_a_cluster(), &["start"]);
    let said = fails(command.env("PATH", bare.path("")));
    assert_eq!(
        said,
        "kafka: there is no java here: scripts/bootstrap kafka installs one\n"
    );
}

#[test]
fn without_maven_it_says_what_installs_it() {
    let bare = without(&["mvn"]);
    // A version whose jars no test has fetched.
    let mut command = script(ports::of_a_cluster(), &["start", "--version", "4.98.0"]);
    let said = fails(command.env("PATH", bare.path("")));
    assert_eq!(
        said,
        "kafka: there is no mvn here to fetch Kafka with: scripts/bootstrap kafka installs it\n"
    );
}
