//! Child processes: with a time limit, and never left behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long any child may take: enough for a cluster that is slow to elect
/// leaders and group coordinators.
pub const LIMIT: Duration = Duration::from_secs(120);

/// Calls `condition` until it is true; false if that takes too long.
pub fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// A child whose stdout is read line by line while it runs. Dropping kills it.
pub struct Process {
    child: Child,
    name: String,
    lines: Arc<Mutex<Vec<String>>>,
    errors: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts `command` with `input` on its stdin.
    pub fn start(mut command: Command, input: String) -> Self {
        let name = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let errors = Arc::new(Mutex::new(String::new()));

        let mut stdin = child.stdin.take().expect("a piped stdin");
        let stdout = BufReader::new(child.stdout.take().expect("a piped stdout"));
        let mut stderr = child.stderr.take().expect("a piped stderr");
        let (to_lines, to_errors) = (Arc::clone(&lines), Arc::clone(&errors));
        let readers = vec![
            thread::spawn(move || {
                // A child that died has closed its end; its exit status says why.
                let _ = stdin.write_all(input.as_bytes());
            }),
            thread::spawn(move || {
                for line in stdout.lines().map_while(Result::ok) {
                    to_lines.lock().unwrap().push(line);
                }
            }),
            thread::spawn(move || {
                let mut text = Vec::new();
                let _ = stderr.read_to_end(&mut text);
                *to_errors.lock().unwrap() = String::from_utf8_lossy(&text).into_owned();
            }),
        ];
        Self {
            child,
            name,
            lines,
            errors,
            readers,
        }
    }

    /// What it has printed so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits until what it has printed satisfies `condition`.
    pub fn wait_for(&mut self, what: &str, condition: impl Fn(&[String]) -> bool) {
        let mut ended = false;
        let met = within(LIMIT, || {
            ended = self.child.try_wait().expect("a child's status").is_some();
            condition(&self.lines.lock().unwrap()) || ended
        });
        if ended {
            // What it wrote last may still be on its way to us.
            self.end();
        }
        if !met || ended && !condition(&self.lines.lock().unwrap()) {
            let status = self.child.try_wait().expect("a child's status");
            let state = status.map_or("is still running".to_owned(), |status| status.to_string());
            self.end();
            panic!("never: {what}: {state}\n{}", self.account());
        }
    }

    /// Waits for its end; it must be a success. Returns what it printed.
    pub fn finish(mut self) -> Vec<String> {
        let mut status = None;
        within(LIMIT, || {
            status = self.child.try_wait().expect("a child's status");
            status.is_some()
        });
        self.end();
        match status {
            Some(status) if status.success() => self.lines(),
            Some(status) => panic!("{status}\n{}", self.account()),
            None => panic!("not done after {LIMIT:?}\n{}", self.account()),
        }
    }

    /// Kills it, if need be, and collects the rest of its output.
    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }

    /// What it was and what it said, for the report of a failure.
    fn account(&self) -> String {
        let lines = self.lines();
        let from = lines.len().saturating_sub(40);
        let output: Vec<String> = lines[from..].iter().map(|line| abridged(line)).collect();
        format!(
            "{}\n-- its last {} of {} lines of output:\n{}\n-- its errors:\n{}",
            self.name,
            output.len(),
            lines.len(),
            output.join("\n"),
            self.errors.lock().unwrap()
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let running = !self.readers.is_empty();
        self.end();
        if running && thread::panicking() {
            eprintln!("{}", self.account());
        }
    }
}

/// A line that a person can read: payloads can have a megabyte.
pub fn abridged(line: &str) -> String {
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], line.len()),
        None => line.to_owned(),
    }
}
