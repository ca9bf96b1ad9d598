//! An nginx of a test's own.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::process::within;
use crate::{built, ports, program, root, Scratch};

/// What a test adds to tests/openresty/nginx.conf.
#[derive(Clone, Copy, Default)]
pub struct Conf<'a> {
    /// Outside all blocks.
    pub main: &'a str,
    /// In the http block.
    pub http: &'a str,
    /// In the server block.
    pub server: &'a str,
}

/// A master and its workers. Dropping kills them.
pub struct Nginx {
    child: Child,
    directory: Scratch,
    port: u16,
}

impl Nginx {
    /// Starts one whose Lua finds `cluster` and `topic` in its environment.
    pub fn start(cluster: &Cluster, topic: &str, conf: Conf<'_>) -> Self {
        Self::start_before(&cluster.brokers, topic, conf)
    }

    /// As [`Self::start`], with whatever brokers.
    pub fn start_before(brokers: &str, topic: &str, conf: Conf<'_>) -> Self {
        let directory = Scratch::new();
        let port = ports::free();
        let path = directory.path("nginx.conf");
        let template = fs::read_to_string(root().join("tests/openresty/nginx.conf")).unwrap();
        let text = template
            .replace("@MAIN@", conf.main)
            .replace("@HTTP@", conf.http)
            .replace("@SERVER@", conf.server)
            .replace("@DIRECTORY@", directory.path("").to_str().unwrap())
            .replace("@ROOT@", root().to_str().unwrap())
            .replace("@PORT@", &port.to_string());
        fs::write(&path, text).unwrap();
        let child = program("nginx")
            .args(["-p", "/usr/share/nginx", "-c"])
            .arg(&path)
            .arg("-e")
            .arg(directory.path("error.log"))
            .env("KAFKA_LIBRARY", built().join("libkafka.so"))
            .env("BROKERS", brokers)
            .env("TOPIC", topic)
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx starts");
        let mut nginx = Self {
            child,
            directory,
            port,
        };
        let answers = within(Duration::from_secs(10), || {
            let ended = nginx.child.try_wait().expect("nginx's status");
            assert!(ended.is_none(), "nginx ended at once\n{}", nginx.log());
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(answers, "nginx does not answer\n{}", nginx.log());
        nginx
    }

    /// What a request is answered with: its body.
    pub fn get(&self, path: &str) -> String {
        answer_from(&self.address(), path).unwrap_or_else(|error| {
            // The master logs the end of a worker a moment later.
            thread::sleep(Duration::from_millis(300));
            panic!("{path}: {error}\n{}", self.log())
        })
    }

    /// As [`Self::get`]; `None` if the connection breaks or the answer is an error.
    pub fn try_get(&self, path: &str) -> Option<String> {
        get_from(&self.address(), path)
    }

    /// Where it listens, `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What one of app.lua's functions says.
    pub fn run(&self, function: &str) -> String {
        self.get(&format!("/run/{function}"))
    }

    /// Has every call that has to wait do so, each with this timeout: which was the latest, and by how many
    /// milliseconds. None is early.
    pub fn timeouts(&self, ms: u32) -> (String, u64) {
        let said = self.get(&format!("/run/timeouts?ms={ms}"));
        let (call, late_ms) = said.split_once(' ').expect("a call and a number");
        (call.to_owned(), late_ms.parse().expect("a number"))
    }

    /// What is in its error log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path("error.log")).unwrap_or_default()
    }

    /// How many messages its error log says were given up, in lines like nginx's own.
    pub fn given_up(&self) -> usize {
        let log = self.log();
        let counts = log.lines().filter_map(|line| {
            let (before, rest) = line.split_once("gave up ")?;
            let words: Vec<&str> = before.split(' ').collect();
            let [date, time, "[error]", threads, "kafka:", client, ""] = words[..] else {
                panic!("{line}");
            };
            let form = |text: &str| text.replace(|it: char| it.is_ascii_digit(), "9");
            assert_eq!(
                (form(date), form(time)),
                ("9999/99/99".into(), "99:99:99".into())
            );
            let numbers = threads.strip_suffix(':').and_then(|it| it.split_once('#'));
            let (process, thread) = numbers.expect(line);
            assert!(
                process.parse::<u32>().is_ok() && thread.parse::<u32>().is_ok(),
                "{line}"
            );
            assert!(client.contains("#producer-"), "{line}");
            Some(rest.split(' ').next().unwrap().parse::<usize>().unwrap())
        });
        counts.sum()
    }

    /// The process that was started.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// The workers, oldest first.
    pub fn workers(&self) -> Vec<i32> {
        let path = format!("/proc/{0}/task/{0}/children", self.pid());
        let children = fs::read_to_string(path).unwrap_or_default();
        children
            .split_whitespace()
            .map(|pid| pid.parse().unwrap())
            .collect()
    }

    /// Loads its configuration anew, and waits until the workers that there were have gone; for how long that was.
    pub fn reload(&self) -> Duration {
        let old = self.workers();
        let start = Instant::now();
        signal(self.pid(), libc::SIGHUP);
        let gone = within(Duration::from_secs(30), || {
            let now = self.workers();
            !now.is_empty() && old.iter().all(|pid| !now.contains(pid))
        });
        assert!(gone, "old workers stay\n{}", self.log());
        start.elapsed()
    }

    /// Ends it by a signal; how long that took.
    pub fn end(&mut self, number: i32) -> (ExitStatus, Duration) {
        let start = Instant::now();
        signal(self.pid(), number);
        let mut status = None;
        within(Duration::from_secs(30), || {
            status = self.child.try_wait().expect("nginx's status");
            status.is_some()
        });
        let status = status.unwrap_or_else(|| panic!("nginx does not end\n{}", self.log()));
        (status, start.elapsed())
    }
}

/// What a request to this address is answered with: its body. `None` if the connection breaks or the answer is an error.
pub fn get_from(address: &str, path: &str) -> Option<String> {
    answer_from(address, path).ok()
}

fn answer_from(address: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.split(' ').nth(1) == Some("200") => {
            Ok(body.trim_end_matches('\n').to_owned())
        }
        _ => Err(io::Error::other(format!("the answer is {answer:?}"))),
    }
}

/// Sends a signal.
pub fn signal(pid: i32, number: i32) {
    // SAFETY: a number that is no process's is an error, and nothing else.
    assert_eq!(unsafe { libc::kill(pid, number) }, 0, "kill {pid}");
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let workers = self.workers();
        let _ = self.child.kill();
        let _ = self.child.wait();
        for pid in workers {
            // SAFETY: as in signal(); it may have gone by itself.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        if thread::panicking() {
            eprintln!("-- nginx's error log:\n{}", self.log());
        }
    }
}
