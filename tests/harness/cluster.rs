//! The brokers under test, and the independent client beside ours.

use std::env;
use std::io::{self, Write};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::kafka::{Kafka, Version};
use crate::ports;
use crate::process::Process;
use crate::proxy::Proxy;
use crate::tools::{self, Jit};

/// A number that no other test has, in this run or another.
fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{next}", now.as_millis(), process::id())
}

/// Makes tests of functions that take a `&Cluster`: `NAME::on_4` on Apache Kafka 4.x, or on the cluster that BROKERS names
/// in its place, and `NAME::on_3_9`.
#[macro_export]
macro_rules! on_each_kafka {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[test]
            fn on_4() {
                super::$name(&$crate::cluster::Cluster::any());
            }

            #[test]
            fn on_3_9() {
                super::$name(&$crate::cluster::Cluster::of($crate::kafka::Version::V3_9));
            }
        }
    )*};
}

/// Brokers to test with, and the names that a test makes on them.
pub struct Cluster {
    /// `host:port,host:port`
    pub brokers: String,
    /// Whether this is the cluster that BROKERS names.
    pub given: bool,
    kafka: Option<&'static Kafka>,
    /// What the independent client needs to connect, as JSON.
    pub peer_config: String,
    /// What may have become a topic, a group or a user.
    names: Mutex<Vec<String>>,
}

/// The cluster to use in place of our own.
fn given() -> Option<String> {
    env::var("BROKERS").ok().filter(|given| !given.is_empty())
}

/// Writes a line also when the test passes, when print! would be swallowed.
fn say(text: &str) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Says that this test cannot show what it is about, and why. scripts/test does not count it as passed.
pub fn not_shown(why: &str) {
    let test = thread::current().name().unwrap_or("?").to_owned();
    say(&format!("not shown by this cluster: {test}: {why}"));
}

impl Cluster {
    /// The cluster that BROKERS names, or else this test program's node of Apache Kafka 4.x.
    pub fn any() -> Self {
        match given() {
            Some(brokers) => {
                let mut cluster = Self::at(brokers);
                cluster.given = true;
                cluster
            }
            None => Self::of(Version::V4),
        }
    }

    /// This test program's node of Apache Kafka of this version.
    pub fn of(version: Version) -> Self {
        let kafka = Kafka::shared(version);
        let mut cluster = Self::at(kafka.brokers());
        cluster.kafka = Some(kafka);
        static READY: [Once; 2] = [Once::new(), Once::new()];
        READY[usize::from(version == Version::V4)].call_once(|| cluster.await_coordinators());
        cluster
    }

    /// Waits until each partition of the offsets' topic is led, as it is on every cluster that has been used: a consumer
    /// that comes earlier may never begin (defect K17, which a test of its own shows).
    fn await_coordinators(&self) {
        // One group of each of the four partitions, by the hashes of their names.
        self.peer(&["committed", "a", "b", "c", "d"], String::new());
    }

    /// Its listeners and Kafka's own tools. `None` for a cluster that BROKERS names, after saying that this is not shown.
    pub fn kafka(&self, what: &str) -> Option<&'static Kafka> {
        if self.kafka.is_none() {
            not_shown(&format!("{what} needs a cluster of the tests' own"));
        }
        self.kafka
    }

    /// Whether it has the groups of KIP-848. Apache Kafka 3.9 has an older version, which librdkafka does not speak.
    pub fn has_consumer_protocol(&self) -> bool {
        const CONSUMER_GROUP_HEARTBEAT: &str = "68";
        let arguments = ["speaks", CONSUMER_GROUP_HEARTBEAT, "1"];
        self.peer(&arguments, String::new()) == ["yes"]
    }

    /// A cluster of our own, once its coordinators are there.
    pub fn on(kafka: &Kafka) -> Self {
        let cluster = Self::at(kafka.brokers());
        cluster.await_coordinators();
        cluster
    }

    /// Brokers at `host:port,…`.
    pub fn at(brokers: String) -> Self {
        Self {
            brokers,
            given: false,
            kafka: None,
            peer_config: String::new(),
            names: Mutex::default(),
        }
    }

    /// A name for a topic, a group or a user, and the beginning of such names.
    pub fn name(&self, purpose: &str) -> String {
        let name = format!("kafka-ffi-{purpose}-{}", unique());
        self.names.lock().unwrap().push(name.clone());
        name
    }

    /// Creates a topic.
    pub fn topic(&self, purpose: &str, partitions: u32) -> String {
        let name = self.name(purpose);
        let arguments = [&*name, &partitions.to_string()];
        self.lua(Jit::On, "create.lua", &arguments, String::new());
        name
    }

    /// Starts a command of the independent client.
    pub fn start_peer(&self, arguments: &[&str], input: String) -> Process {
        let mut command = tools::peer();
        command.arg(&self.brokers).args(arguments);
        if !self.peer_config.is_empty() {
            command.env("PEER_CONFIG", &self.peer_config);
        }
        Process::start(command, input)
    }

    /// Runs a command of the independent client; returns the lines it prints.
    pub fn peer(&self, arguments: &[&str], input: String) -> Vec<String> {
        self.start_peer(arguments, input).finish()
    }

    /// Starts a Lua script.
    pub fn start_lua(&self, jit: Jit, script: &str, arguments: &[&str], input: String) -> Process {
        let mut command = tools::luajit(jit, script);
        command.arg(&self.brokers).args(arguments);
        Process::start(command, input)
    }

    /// Runs a Lua script; returns the lines it prints.
    pub fn lua(&self, jit: Jit, script: &str, arguments: &[&str], input: String) -> Vec<String> {
        self.start_lua(jit, script, arguments, input).finish()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Nothing stays behind on a user's cluster.
        let names = self.names.get_mut().unwrap();
        if self.given && !names.is_empty() {
            let names = std::mem::take(names);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let cleanup = self.start_lua(Jit::On, "cleanup.lua", &names, String::new());
            // A test that has failed already says more than what it left behind.
            if !thread::panicking() {
                cleanup.finish();
            }
        }
    }
}

/// A node of Apache Kafka whose clients come through a proxy.
pub struct Proxied {
    pub cluster: Cluster,
    proxy: Option<Proxy>,
    port: u16,
    target: u16,
    _kafka: Kafka,
}

impl Proxied {
    /// Starts both.
    pub fn start() -> Self {
        let port = ports::free();
        let kafka = Kafka::start_with(Version::V4, 1, |_| {
            let plaintext = format!("advertised.listeners=PLAINTEXT://127.0.0.1:{port}");
            vec![plaintext]
        });
        let brokers = kafka.brokers();
        let (_, target) = brokers.rsplit_once(':').expect("host:port");
        let target = target.parse().expect("a port");
        let mut proxied = Self {
            cluster: Cluster::at(format!("127.0.0.1:{port}")),
            proxy: None,
            port,
            target,
            _kafka: kafka,
        };
        proxied.reconnect();
        proxied.cluster.await_coordinators();
        proxied
    }

    /// Ends all connections, and refuses new ones. The broker lives on.
    pub fn cut_off(&mut self) {
        self.proxy = None;
    }

    /// Lets clients connect again.
    pub fn reconnect(&mut self) {
        self.proxy = Some(Proxy::start(self.port, self.target));
    }
}
