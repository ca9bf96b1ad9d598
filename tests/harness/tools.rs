//! The programs that these tests run.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::{built, program, root};

/// A file under tests/broker.
fn script(name: &str) -> PathBuf {
    root().join("tests/broker").join(name)
}

/// The independent client. One process has imported what its commands need, and runs each in a fork of itself.
pub fn peer() -> Command {
    static SERVER: OnceLock<Child> = OnceLock::new();
    let python = root().join("target/tools/venv/bin/python");
    let name = format!("kafka-ffi-peer-{}", std::process::id());
    SERVER.get_or_init(|| {
        let mut server = program(&python)
            .arg(script("peer.py"))
            .args(["serve", &name])
            // The checkout stays as it is.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // It ends once this pipe does, with this process.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs");
        let mut ready = String::new();
        let stdout = server.stdout.take().expect("a piped stdout");
        let _ = BufReader::new(stdout).read_line(&mut ready);
        assert_eq!(ready, "ready\n", "peer.py serves");
        server
    });
    let mut command = program(python);
    command
        .args(["-I", "-S"])
        .arg(script("peer_client.py"))
        .arg(name);
    command
}

/// The interpreter's JIT compiler.
#[derive(Clone, Copy, Debug)]
pub enum Jit {
    On,
    Off,
}

/// A Lua script, by its path from tests/broker.
pub fn luajit(jit: Jit, name: &str) -> Command {
    let mut command = program("luajit");
    if let Jit::Off = jit {
        command.arg("-joff");
    }
    let sources = [root().join("lua/?.lua"), script("?.lua")];
    let search = sources.map(|path| path.display().to_string()).join(";");
    command
        .arg(script(name))
        .env("LUA_PATH", format!("{search};;"))
        .env("KAFKA_LIBRARY", built().join("libkafka.so"));
    command
}
