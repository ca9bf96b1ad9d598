//! The programs that these tests run.

use std::path::PathBuf;
use std::process::Command;

use crate::{built, program, root};

/// A file under tests/broker.
fn script(name: &str) -> PathBuf {
    root().join("tests/broker").join(name)
}

/// The independent client.
pub fn peer() -> Command {
    let mut command = program(root().join("target/tools/venv/bin/python"));
    command
        .arg(script("peer.py"))
        // The checkout stays as it is.
        .env("PYTHONDONTWRITEBYTECODE", "1");
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
