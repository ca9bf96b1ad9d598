//! Apache Kafka, started and stopped by scripts/kafka.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock};

use crate::{ports, program, root, run};

/// Which Apache Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The newest 4.x.
    V4,
    V3_9,
}

/// What clients connect to, at each node.
#[derive(Clone, Copy, Debug)]
pub enum Listener {
    Plaintext,
    SaslPlaintext,
    Ssl,
    SaslSsl,
}

/// A cluster of this test program. Dropping it, or the end of the test program, stops it.
pub struct Kafka {
    /// `scripts/kafka run`, which ends with its standard input.
    supervisor: Child,
    port: u16,
    nodes: u16,
    version: Version,
}

impl Kafka {
    /// Starts a cluster of 1 or 3 nodes, the tests' own.
    pub fn start(version: Version, nodes: u16) -> Self {
        Self::start_with(version, nodes, |_| Vec::new())
    }

    /// As [`Self::start`], with properties of the brokers besides, from the first node's first port.
    pub fn start_with(version: Version, nodes: u16, more: impl Fn(u16) -> Vec<String>) -> Self {
        let port = ports::of_a_cluster();
        let mut command = program(root().join("scripts/kafka"));
        command.args(["run", "--until-eof", "--version", version.name()]);
        command.args(["--nodes", &nodes.to_string()]);
        command.args(["--port", &port.to_string()]);
        for property in more(port) {
            command.args(["--set", &property]);
        }
        let log = root().join(format!("target/tmp/kafka-{port}.log"));
        let errors = std::fs::File::create(&log).expect("a log");
        let mut supervisor = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("scripts/kafka");
        let mut output = BufReader::new(supervisor.stdout.take().expect("a pipe"));
        // The settings are printed once the cluster is ready.
        let mut line = String::new();
        if !output.read_line(&mut line).is_ok_and(|length| length > 0) {
            let _ = supervisor.wait();
            let said = std::fs::read_to_string(log).unwrap_or_default();
            panic!("scripts/kafka: {said}");
        }
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Self {
            supervisor,
            port,
            nodes,
            version,
        }
    }

    /// A cluster of one node, shared by the tests of this program, which change nothing that others rely on.
    pub fn shared(version: Version) -> &'static Self {
        static V4: OnceLock<Kafka> = OnceLock::new();
        static V3_9: OnceLock<Kafka> = OnceLock::new();
        let kafka = match version {
            Version::V4 => &V4,
            Version::V3_9 => &V3_9,
        };
        kafka.get_or_init(|| Self::start(version, 1))
    }

    /// Three nodes, of one test at a time, which leaves all of them running.
    pub fn three() -> MutexGuard<'static, Self> {
        static THREE: OnceLock<Mutex<Kafka>> = OnceLock::new();
        let three = THREE.get_or_init(|| Mutex::new(Self::start(Version::V4, 3)));
        three.lock().unwrap_or_else(|failed| {
            // The test that failed may have left nodes dead.
            three.clear_poison();
            let mut kafka = failed.into_inner();
            *kafka = Self::start(Version::V4, 3);
            kafka
        })
    }

    /// `host:port,…` of this listener's nodes. Those with TLS have certificates for `localhost`.
    pub fn at(&self, listener: Listener) -> String {
        let (host, offset) = match listener {
            Listener::Plaintext => ("127.0.0.1", 0),
            Listener::SaslPlaintext => ("127.0.0.1", 1),
            Listener::Ssl => ("localhost", 2),
            Listener::SaslSsl => ("localhost", 3),
        };
        let nodes =
            (0..self.nodes).map(|node| format!("{host}:{}", self.port + 10 * node + offset));
        nodes.collect::<Vec<_>>().join(",")
    }

    /// `host:port,…` without TLS and SASL.
    pub fn brokers(&self) -> String {
        self.at(Listener::Plaintext)
    }

    /// A file of the cluster's certificates: `ca.pem`, `client.pem`, `client.key`.
    pub fn certificate(&self, name: &str) -> PathBuf {
        root().join(format!("target/kafka/run/{}/certs/{name}", self.port))
    }

    fn script(&self, words: &[&str]) -> String {
        let mut command = program(root().join("scripts/kafka"));
        command
            .args(&words[..1])
            .args(["--port", &self.port.to_string()]);
        run(command.args(&words[1..]))
    }

    /// Ends node `n`, from 1 on, by SIGKILL. Its data stays.
    pub fn kill(&self, n: u16) {
        self.script(&["kill", &n.to_string()]);
    }

    /// Stops node `n` by SIGSTOP: its connections stay, and it does not answer.
    pub fn pause(&self, n: u16) {
        self.script(&["pause", &n.to_string()]);
    }

    /// Lets a paused node go on.
    pub fn resume(&self, n: u16) {
        self.script(&["continue", &n.to_string()]);
    }

    /// Starts node `n` again, after killing it if it runs, and waits until it is ready.
    pub fn restart(&self, n: u16) {
        self.script(&["restart", &n.to_string()]);
    }

    /// Changes configurations with Kafka's own tool, whose class moved in 4.0.
    pub fn alter_configs(&self, arguments: &[&str]) {
        let class = match self.version {
            Version::V4 => "org.apache.kafka.tools.ConfigCommand",
            Version::V3_9 => "kafka.admin.ConfigCommand",
        };
        let brokers = self.brokers();
        let mut all = vec!["--bootstrap-server", &brokers, "--alter"];
        all.extend(arguments);
        self.tool(class, &all);
    }

    /// Runs one of Kafka's own tools; returns what it prints.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> String {
        let mut words = vec!["tool", class];
        words.extend(arguments);
        self.script(&words)
    }
}

impl Version {
    /// As scripts/kafka has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "4",
            Self::V3_9 => "3.9",
        }
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}
