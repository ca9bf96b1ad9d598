//! What the test programs share: running other programs, brokers, and what is read from them.

pub mod certificates;
pub mod cluster;
pub mod kafka;
pub mod nginx;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod record;
pub mod toolchain;
pub mod tools;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

/// The checkout.
pub fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ lies in it")
}

/// Where the default build puts libkafka.so and libkafka.a.
pub fn built() -> PathBuf {
    root().join("target/release")
}

/// Installs what the tests need and this machine lacks.
fn bootstrap() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let status = Command::new(root().join("scripts/bootstrap"))
            .arg("test")
            .status();
        assert!(status.expect("scripts/bootstrap").success());
    });
}

/// A program to run in the checkout, as a person's shell would: without what make,
/// cargo and the test run have put into the environment.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    bootstrap();
    let mut command = Command::new(name);
    command.current_dir(root()).env("PATH", path());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let left_by_cargo = text == "CARGO"
            || ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_MAKEFLAGS"]
                .iter()
                .any(|prefix| text.starts_with(prefix));
        let ours = ["LUA_", "LUAROCKS_", "KAFKA_", "MAKE"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
        if left_by_cargo || ours {
            command.env_remove(&name);
        }
    }
    for name in [
        "MFLAGS",
        "DESTDIR",
        "PREFIX",
        "LD_LIBRARY_PATH",
        "BROKERS",
        "TOPIC",
    ] {
        command.env_remove(name);
    }
    command
}

fn path() -> String {
    let home = std::env::var("HOME").unwrap_or_else(|_| "/root".into());
    format!(
        "{}:{home}/.cargo/bin:{}:/usr/sbin:/sbin",
        root().join("target/tools/bin").display(),
        std::env::var("PATH").unwrap_or_default()
    )
}

/// How a program ended, and what it printed.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Ended {
    /// All that it printed.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Runs a program to its end; fails the test if that takes longer than `limit`.
pub fn ended(command: &mut Command, limit: Duration) -> Ended {
    // Files: a pipe stays open as long as a process has it that the program has started.
    let scratch = Scratch::new();
    let [stdout, stderr] = ["stdout", "stderr"].map(|name| scratch.path(name));
    let create = |path| File::create(path).expect("a file for what a program prints");
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(create(&stdout))
        .stderr(create(&stderr))
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let ended = |status| Ended {
        status,
        stdout: printed(&stdout),
        stderr: printed(&stderr),
        took: start.elapsed(),
    };
    loop {
        if let Some(status) = child.try_wait().expect("a child of this process") {
            return ended(status);
        }
        if start.elapsed() > limit {
            let stacks = stacks_under_valgrind(command, child.id());
            let _ = child.kill();
            let said = ended(child.wait().expect("a child of this process")).said();
            let name = shown(command);
            panic!("{name} has not ended after {limit:?}\n{said}{stacks}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn printed(file: &Path) -> String {
    let bytes = fs::read(file).expect("what a program printed");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where the threads of a program are that valgrind runs.
fn stacks_under_valgrind(command: &Command, process: u32) -> String {
    if command.get_program() != "valgrind" {
        return String::new();
    }
    let process = format!("--pid={process}");
    let words = ["30", "vgdb", &process, "v.info", "scheduler"];
    match program("timeout").args(words).output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => error.to_string(),
    }
}

/// A command without its environment, which is long and the same for all.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// How long a program may take: what builds, or runs under valgrind, takes minutes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(600);

/// Runs a program that has to succeed.
pub fn succeeds(command: &mut Command) -> Ended {
    let ended = ended(command, LIMIT);
    assert!(
        ended.status.success(),
        "{}: {}\n{}",
        shown(command),
        ended.status,
        ended.said()
    );
    ended
}

/// Runs a program that has to succeed; returns all that it printed.
pub fn run(command: &mut Command) -> String {
    succeeds(command).said()
}

/// A directory outside the checkout, removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    // It makes a directory.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "kafka-ffi-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("a scratch directory");
        Scratch(directory)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
