//! Checks that run as programs of their own: a scenario of a C program, or of a Lua script.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use crate::known::Verdict;
use harness::toolchain::{Build, Language, Library};
use harness::{built, ended, program, root};

/// What a scenario ends with that has found the invariant broken; see tests/defects/broken.h.
const BROKEN: i32 = 3;

/// How long a scenario may take: those that wait for what never comes give up by themselves before.
const LIMIT: Duration = Duration::from_secs(60);

/// A scenario of tests/defects/PROGRAM.c.
pub fn in_c(program: &str, scenario: &str) -> Verdict {
    verdict(
        of_c(program)
            .command(Language::C11, Library::Shared)
            .arg(scenario),
    )
}

/// A scenario of tests/defects/FILE.lua, in a process of LuaJIT's.
pub fn in_lua(file: &str, scenario: &str) -> Verdict {
    in_lua_with(file, scenario, &[])
}

/// As [`in_lua`], with arguments.
pub fn in_lua_with(file: &str, scenario: &str, arguments: &[&str]) -> Verdict {
    let mut command = program("luajit");
    command
        .args(["tests/defects/run.lua", file, scenario])
        .args(arguments)
        .env("LUA_PATH", format!("{}/lua/?.lua;;", root().display()))
        .env("KAFKA_LIBRARY", built().join("libkafka.so"));
    verdict(&mut command)
}

/// tests/defects/PROGRAM.c.
pub fn of_c(program: &str) -> Build {
    let source = root()
        .join("tests/defects")
        .join(program)
        .with_extension("c");
    Build::of_source(program, &source, &[])
}

/// What a scenario has shown. Its end by a signal counts as broken: no call may crash.
pub fn verdict(command: &mut Command) -> Verdict {
    let ended = ended(command, LIMIT);
    let said = ended.said();
    let broken = ended
        .stderr
        .split_once("broken: ")
        .map(|(_, how)| how.trim_end());
    match (ended.status.code(), ended.status.signal(), broken) {
        (Some(0), None, None) => Ok(()),
        (Some(BROKEN), None, Some(how)) => Err(how.to_owned()),
        (None, Some(signal), None) => Err(format!("ended by signal {signal}\n{said}")),
        _ => panic!("{command:?}: {}\n{said}", ended.status),
    }
}
