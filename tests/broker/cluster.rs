//! The brokers under test, and the peer that shares them.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::process::{within, Process};
use crate::proxy::Proxy;
use crate::tools::{self, Jit};

/// A number that no other test has, in this run or another.
fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{next}", now.as_millis(), process::id())
}

/// A port that nobody listens on. Not one of those the system hands out for
/// outgoing connections: a client that keeps trying to connect to such a port
/// while its broker is down can end up connected to itself.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + ((process::id() * 31 + next) % 10_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A broker process of our own. Dropping kills it.
struct Tansu {
    child: Child,
    log: PathBuf,
}

impl Tansu {
    /// Listens on `port` and tells clients to come to `advertised`, `host:port`.
    fn start(port: u16, advertised: &str, options: &[&str], log: &Path) -> Self {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        let child = tools::tansu()
            .arg("broker")
            .args(["--listener-url", &format!("tcp://127.0.0.1:{port}")])
            .arg("--advertised-listener-url")
            .arg(format!("tcp://{advertised}"))
            .args(["--storage-engine", "memory://tansu/"])
            .args(["--cluster-id", "kafka-ffi"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle to the log"))
            .stderr(output)
            .spawn()
            .expect("tansu starts");
        let log = log.to_owned();
        let mut tansu = Self { child, log };
        let answers = within(Duration::from_secs(20), || {
            let ended = tansu.child.try_wait().expect("the broker's status");
            assert!(ended.is_none(), "tansu ended at once\n{}", tansu.tail());
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(answers, "tansu does not answer\n{}", tansu.tail());
        tansu
    }

    fn tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let from = lines.len().saturating_sub(30);
        lines[from..].join("\n")
    }
}

impl Drop for Tansu {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("-- the broker's log ends:\n{}", self.tail());
        }
    }
}

/// Brokers to test with.
pub struct Cluster {
    /// `host:port,host:port`
    pub brokers: String,
    /// Whether this is somebody's real cluster.
    pub given: bool,
    tansu: Option<Tansu>,
    /// The broker's real port, and what stands before it.
    proxied: Option<(u16, Option<Proxy>)>,
    /// What our own broker is started with besides.
    options: &'static [&'static str],
    /// What the peer needs to connect, as JSON.
    pub peer_config: String,
    log: PathBuf,
    /// What may have become a topic.
    names: Mutex<Vec<String>>,
}

/// The cluster to use in place of our own broker.
fn given() -> Option<String> {
    env::var("BROKERS").ok().filter(|given| !given.is_empty())
}

/// Says something also when the test passes, when print! would be swallowed.
pub fn say(text: &str) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Says by name what could not be tested, so that nobody takes it for tested.
pub fn not_shown(what: &str) {
    say(&format!("not shown by this broker: {what}"));
}

impl Cluster {
    /// The cluster that BROKERS names.
    pub fn given() -> Option<Self> {
        Some(Self {
            brokers: given()?,
            given: true,
            tansu: None,
            proxied: None,
            options: &[],
            peer_config: String::new(),
            log: PathBuf::new(),
            names: Mutex::default(),
        })
    }

    /// The cluster that BROKERS names, or else a broker of our own.
    pub fn any() -> Self {
        Self::given().unwrap_or_else(|| {
            let mut cluster = Self::at(free_port());
            cluster.start();
            cluster
        })
    }

    /// A broker of our own in any case, for tests that kill it; not started yet.
    pub fn down(test: &str) -> Self {
        if given().is_some() {
            say(&format!(
                "not with BROKERS: {test} needs a broker that it may kill, and has one of its own"
            ));
        }
        Self::at(free_port())
    }

    /// A broker of our own in any case, that can be cut off.
    pub fn proxied(test: &str) -> Self {
        let mut cluster = Self::down(test);
        cluster.proxied = Some((free_port(), None));
        cluster.start();
        cluster.reconnect();
        cluster
    }

    /// A broker of our own in any case, that tells its clients to come to `front`, `host:port`.
    /// Returns also the port where it listens itself.
    pub fn behind(test: &str, front: &str, options: &'static [&'static str]) -> (Self, u16) {
        let mut cluster = Self::down(test);
        let port = cluster.port();
        cluster.brokers = front.to_owned();
        cluster.proxied = Some((port, None));
        cluster.options = options;
        cluster.start();
        (cluster, port)
    }

    /// Ends all connections, and refuses new ones. The broker itself lives on.
    pub fn cut_off(&mut self) {
        self.proxied.as_mut().expect("a proxy").1 = None;
    }

    /// Lets clients connect again.
    pub fn reconnect(&mut self) {
        let port = self.port();
        let (target, proxy) = self.proxied.as_mut().expect("a proxy");
        *proxy = Some(Proxy::start(port, *target));
    }

    fn at(port: u16) -> Self {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tansu-{port}.log"));
        let _ = fs::remove_file(&log);
        Self {
            brokers: format!("127.0.0.1:{port}"),
            given: false,
            tansu: None,
            proxied: None,
            options: &[],
            peer_config: String::new(),
            log,
            names: Mutex::default(),
        }
    }

    fn port(&self) -> u16 {
        let (_, port) = self.brokers.rsplit_once(':').expect("host:port");
        port.parse().expect("a port")
    }

    /// Starts our own broker.
    pub fn start(&mut self) {
        assert!(!self.given && self.tansu.is_none());
        let port = self
            .proxied
            .as_ref()
            .map_or_else(|| self.port(), |(port, _)| *port);
        let tansu = Tansu::start(port, &self.brokers, self.options, &self.log);
        self.tansu = Some(tansu);
    }

    /// Kills our own broker with SIGKILL, and all that it stored with it.
    pub fn kill(&mut self) {
        assert!(self.tansu.take().is_some());
    }

    /// A name for a topic or a group.
    pub fn name(&self, purpose: &str) -> String {
        let name = format!("kafka-ffi-{purpose}-{}", unique());
        self.names.lock().unwrap().push(name.clone());
        name
    }

    /// Creates a topic.
    pub fn topic(&self, purpose: &str, partitions: u32) -> String {
        let name = self.name(purpose);
        self.peer(&["create", &format!("{name}:{partitions}")], String::new());
        name
    }

    /// Starts a command of the peer's.
    pub fn start_peer(&self, arguments: &[&str], input: String) -> Process {
        let mut command = tools::peer();
        command.arg(&self.brokers).args(arguments);
        if !self.peer_config.is_empty() {
            command.env("PEER_CONFIG", &self.peer_config);
        }
        Process::start(command, input)
    }

    /// Runs a command of the peer's; returns the lines it prints.
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
        if self.given {
            // Somebody else's cluster: whatever can be deleted is.
            let mut command = tools::peer();
            command.arg(&self.brokers).arg("delete");
            let _ = command.args(&*self.names.lock().unwrap()).output();
        } else if !thread::panicking() {
            let _ = fs::remove_file(&self.log);
        }
    }
}
