//! The library as programs in C and C++ see it: each subject a program of tests/c, in C99,
//! C11 and C++11, with the shared and with the static library, and under valgrind.

#[path = "c/every_function.rs"]
mod every_function;
#[path = "c/header.rs"]
mod header;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use harness::toolchain::{all_succeed, Build, Language, Library, LANGUAGES, LIBRARIES};
use harness::{built, ended, program, root, run, succeeds, Scratch};

/// As C99, and under valgrind as C11.
fn runs(build: &Build) -> Vec<Command> {
    vec![
        build.command(Language::C99, Library::Shared),
        build.under_valgrind(true),
    ]
}

macro_rules! subjects {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                all_succeed(runs(&Build::of(stringify!($name))));
            }
        )*
    };
}

subjects! {
    accumulator
    admin
    assignment
    batch
    client
    closed
    conf
    consumer
    errors
    events
    future
    group
    notifier
    lengths
    lookahead
    messages
    mock_cluster
    offsets
    partitions
    producer
    records
    reports
    threads
    transaction
    value
}

/// The functions are the same in the static library, and for C++: so not every program is compiled for them.
#[test]
fn the_static_library_does_the_same_for_cpp() {
    let builds = ["admin", "consumer", "group", "producer", "transaction"].map(Build::of);
    let command = |build: &Build| build.command(Language::Cpp11, Library::Static);
    all_succeed(builds.iter().map(command).collect());
}

#[test]
fn the_header_may_come_alone_and_twice() {
    for name in ["header_alone", "header_twice"] {
        let build = Build::of(name);
        for language in LANGUAGES {
            for library in LIBRARIES {
                succeeds(&mut build.command(language, library));
            }
        }
    }
}

/// The names that the shared library gives away.
fn exported() -> BTreeSet<String> {
    let library = built().join("libkafka.so");
    let listing = run(program("nm").args(["-D", "--defined-only"]).arg(library));
    listing
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_is_exported_is_what_the_header_declares() {
    let exported = exported();
    let declared: BTreeSet<String> = header::functions()
        .into_iter()
        .map(|function| function.name)
        .collect();
    let foreign: Vec<_> = exported
        .iter()
        .filter(|name| !name.starts_with("kafka_"))
        .collect();
    assert!(foreign.is_empty(), "exported besides ours: {foreign:?}");
    let hidden: Vec<_> = declared.difference(&exported).collect();
    assert!(hidden.is_empty(), "declared but not exported: {hidden:?}");
    let secret: Vec<_> = exported.difference(&declared).collect();
    assert!(secret.is_empty(), "exported but not declared: {secret:?}");
}

#[test]
fn every_function_refuses_what_it_cannot_use() {
    let scratch = Scratch::new();
    let source = scratch.path("every_function.c");
    fs::write(&source, every_function::program(&header::functions())).expect("the program");
    let build = Build::of_source("every_function", &source, &[]);
    all_succeed(vec![
        build.command(Language::C99, Library::Shared),
        build.command(Language::Cpp11, Library::Static),
        // In a forked child much is forgotten on purpose.
        build.under_valgrind(false),
    ]);
}

#[test]
fn the_shared_library_is_never_unloaded() {
    let library = built().join("libkafka.so");
    let dynamic = run(program("readelf").args(["-d", "-W"]).arg(library));
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
}

#[test]
fn unloading_while_threads_run() {
    let build = Build::alone("unload");
    let library = built().join("libkafka.so");
    for _ in 0..20 {
        succeeds(build.command(Language::C99, Library::Shared).arg(&library));
    }
    succeeds(build.under_valgrind(false).arg(&library));
}

#[test]
fn forking() {
    let build = Build::of("fork");
    let mut buffered = build.command(Language::C99, Library::Shared);
    buffered.arg("accumulator");
    all_succeed(vec![
        build.command(Language::C99, Library::Shared),
        buffered,
        build.command(Language::Cpp11, Library::Static),
        build.under_valgrind(false),
    ]);
}

#[test]
fn the_process_ends_while_threads_run() {
    let build = Build::of("exit");
    succeeds(&mut build.command(Language::C99, Library::Shared));
    succeeds(&mut build.command(Language::Cpp11, Library::Static));
    // Fewer, since each of them takes long to start.
    let mut watched = build.under_valgrind(false);
    succeeds(watched.arg("2"));
}

#[test]
fn what_cannot_be_delivered_is_counted_on_stderr() {
    let build = Build::of("given_up");
    for (how, expected) in [("exit", &[7][..]), ("free", &[7]), ("two", &[7, 1])] {
        for (language, library) in [
            (Language::C99, Library::Shared),
            (Language::Cpp11, Library::Static),
        ] {
            let ended = succeeds(build.command(language, library).arg(how));
            let said: Vec<&str> = ended.stderr.lines().collect();
            assert_eq!(said.len(), expected.len(), "{}", ended.stderr);
            for (line, count) in said.iter().zip(expected) {
                let count = format!("gave up {count} message");
                assert!(
                    line.starts_with("kafka: ") && line.contains(&count),
                    "{line}"
                );
            }
            // A second for what is left, and some for a busy machine.
            assert!(ended.took >= Duration::from_millis(900), "{:?}", ended.took);
            assert!(ended.took < Duration::from_secs(4), "{:?}", ended.took);
        }
    }
    succeeds(build.under_valgrind(true).arg("free"));
}

/// A million calls of producers in random order, while brokers fail.
#[test]
fn every_message_ends_exactly_once() {
    let build = Build::of("sequence");
    let with = |mut command: Command, seed: u32, count: &str| {
        command.args([&seed.to_string(), count]);
        command
    };
    let native = || build.command(Language::C99, Library::Shared);
    let mut runs: Vec<_> = (1..=8).map(|seed| with(native(), seed, "125000")).collect();
    runs.push(with(build.under_valgrind(true), 9, "2000"));
    thread::scope(|scope| {
        for mut run in runs {
            scope.spawn(move || {
                let said = succeeds(&mut run).said();
                assert!(!said.contains("please report"), "{said}");
            });
        }
    });
}

#[test]
fn thousands_of_objects_leave_nothing_behind() {
    let build = Build::of("objects");
    let ended = ended(
        &mut build.command(Language::C11, Library::Shared),
        Duration::from_secs(170),
    );
    println!("{}", ended.stdout);
    assert!(ended.status.success(), "{}", ended.said());
}

/// What valgrind is in the way of: where signals go, and how long something takes.
fn succeeds_unwatched(name: &str) {
    let build = Build::of(name);
    all_succeed(vec![
        build.command(Language::C99, Library::Shared),
        build.command(Language::Cpp11, Library::Static),
    ]);
}

#[test]
fn handlers_of_signals_run_on_the_programs_own_threads() {
    succeeds_unwatched("signals");
}

#[test]
fn closing_keeps_its_time() {
    succeeds_unwatched("closing");
}

#[test]
fn leaving_begins_without_a_wait() {
    succeeds_unwatched("leaving");
}

#[test]
fn a_sandbox_host() {
    let flags = run(program("pkg-config").args(["--cflags", "--libs", "luajit"]));
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let source = root().join("tests/c/sandbox_host.c");
    let build = Build::of_source("sandbox_host", &source, &flags);
    let mut commands: Vec<Command> = LANGUAGES
        .map(|language| build.command(language, Library::Shared))
        .into();
    commands.push(build.under_valgrind(true));
    for command in &mut commands {
        command
            .args(["tests/c/sandbox_seed.lua", "tests/c/sandbox_host.lua"])
            .env("LUA_PATH", root().join("lua/?.lua"))
            .env("KAFKA_LIBRARY", built().join("libkafka.so"));
    }
    all_succeed(commands);
}
