//! Running other programs from a test: where things lie, and a child's environment.

// Each test program uses its own part of this.
#![allow(dead_code)]

pub mod certificates;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Once;

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
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

/// Everything a child said, for the message of a failing test.
pub fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs it to its end and gives back what it said; fails the test if it failed.
pub fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = said(&output);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}",
        output.status
    );
    said
}

/// A directory outside the checkout, removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
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
