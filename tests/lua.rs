//! Runs the Lua specs with busted: as LuaJIT compiles them, and as it interprets them under valgrind. The specs make
//! clusters of their own, inside their process.

use std::collections::BTreeSet;
use std::process::Command;

use harness::toolchain::valgrind;
use harness::{built, program, root, run};

/// What keeps the clock, or counts by the thousand: valgrind is too slow for it. And what librdkafka
/// itself leaks.
const NOT_UNDER_VALGRIND: &str = "timing,many,leaks";

/// Specs on luajit, with these options, in one process inside of `wrapper`.
fn run_specs(wrapper: Option<Command>, luajit: &[&str], busted: &[&str], names: &[&str]) {
    let mut command = wrapper.unwrap_or_else(|| program("env"));
    command
        .env(
            "LUA_PATH",
            format!("{0}/lua/?.lua;{0}/tests/lua/?.lua;;", root().display()),
        )
        .env("KAFKA_LIBRARY", built().join("libkafka.so"))
        .arg("luajit")
        .args(luajit)
        .arg("tests/lua/runner.lua")
        // Specs of one process have one copy of the module.
        .args(["--verbose", "--output=plainTerminal", "--no-auto-insulate"])
        .args(busted)
        .args(
            names
                .iter()
                .map(|name| format!("tests/lua/{name}_spec.lua")),
        );
    let said = run(&mut command);
    let summary = Summary::of(&said).unwrap_or_else(|| panic!("no summary:\n{said}"));
    assert!(summary.successes > 0, "no case ran:\n{said}");
    assert_eq!(
        (summary.failures, summary.errors, summary.pending),
        (0, 0, 0),
        "{said}"
    );
    println!("{}: {} cases", names.join(" "), summary.successes);
}

/// busted's last line: "3 successes / 0 failures / 0 errors / 0 pending : 0.25 seconds".
struct Summary {
    successes: u32,
    failures: u32,
    errors: u32,
    pending: u32,
}

impl Summary {
    fn of(said: &str) -> Option<Self> {
        said.lines().find_map(|line| {
            let counts: Vec<u32> = line
                .split(" / ")
                .zip(["success", "failure", "error", "pending"])
                .map_while(|(part, what)| {
                    let (count, word) = part.split_once(' ')?;
                    word.starts_with(what).then(|| count.parse().ok())?
                })
                .collect();
            let [successes, failures, errors, pending] = counts.try_into().ok()?;
            Some(Self {
                successes,
                failures,
                errors,
                pending,
            })
        })
    }
}

macro_rules! specs {
    ($($name:ident)*) => {
        const SPECS: &[&str] = &[$(stringify!($name)),*];
        $(
            mod $name {
                #[test]
                fn compiled() {
                    super::run_specs(None, &[], &[], &[stringify!($name)]);
                }
            }
        )*
    };
}

specs! {
    accumulator admin consumer consuming events groups jit lifecycle lookahead misuse mock_cluster module produce producer
    timing transaction weather
}

/// Half of a spec's time under valgrind goes into the start of its process, so several share one.
const UNDER_VALGRIND: [&[&str]; 4] = [
    &[
        "lookahead",
        "mock_cluster",
        "timing",
        "transaction",
        "weather",
    ],
    &["consuming", "events", "groups", "accumulator", "producer"],
    &[
        "lifecycle",
        "admin",
        "consumer",
        "misuse",
        "module",
        "produce",
    ],
    // Half of the time would go into watching LuaJIT compile, which only this one is about.
    &["jit"],
];

fn under_valgrind(names: &[&str]) {
    let mut valgrind = valgrind(true);
    valgrind.args(["--num-callers=20", "--suppressions=tests/lua/valgrind.supp"]);
    let options: &[&str] = match names {
        ["jit"] => &[],
        _ => &["-joff"],
    };
    let busted = ["--exclude-tags", NOT_UNDER_VALGRIND];
    run_specs(Some(valgrind), options, &busted, names);
}

mod under_valgrind {
    use super::{under_valgrind, UNDER_VALGRIND};

    #[test]
    fn first() {
        under_valgrind(UNDER_VALGRIND[0]);
    }

    #[test]
    fn second() {
        under_valgrind(UNDER_VALGRIND[1]);
    }

    #[test]
    fn third() {
        under_valgrind(UNDER_VALGRIND[2]);
    }

    #[test]
    fn jit() {
        under_valgrind(UNDER_VALGRIND[3]);
    }
}

#[test]
fn no_spec_is_forgotten() {
    let found: BTreeSet<String> = std::fs::read_dir(root().join("tests/lua"))
        .expect("tests/lua")
        .filter_map(|entry| {
            let name = entry.expect("an entry").file_name();
            let name = name.to_str().expect("a name in UTF-8");
            name.strip_suffix("_spec.lua").map(str::to_owned)
        })
        .collect();
    let run: BTreeSet<String> = SPECS.iter().map(|name| name.to_string()).collect();
    assert_eq!(found, run);
    let watched = UNDER_VALGRIND.concat();
    assert_eq!(found, watched.iter().map(|name| name.to_string()).collect());
}
