//! Runs the Lua specs with busted: as LuaJIT compiles them, as it interprets them, and under
//! valgrind. The specs make clusters of their own, inside their process.

mod workbench;

use std::collections::BTreeSet;
use std::process::Command;

use workbench::{built, program, root, said};

/// What keeps the clock, or counts by the thousand: valgrind is too slow for it. And what librdkafka
/// itself leaks.
const NOT_UNDER_VALGRIND: &str = "timing,many,leaks";

/// A spec on luajit, with these options, inside of `wrapper`.
fn spec(wrapper: Option<Command>, luajit: &[&str], busted: &[&str], name: &str) {
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
        .args(["--verbose", "--output=plainTerminal"])
        .args(busted)
        .arg(format!("tests/lua/{name}_spec.lua"));
    let output = command.output().expect("luajit");
    let said = said(&output);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}",
        output.status
    );
    let summary = Summary::of(&said).unwrap_or_else(|| panic!("no summary:\n{said}"));
    assert!(summary.successes > 0, "no case ran:\n{said}");
    assert_eq!(
        (summary.failures, summary.errors, summary.pending),
        (0, 0, 0),
        "{said}"
    );
    println!("{name}: {} cases", summary.successes);
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

fn valgrind() -> Command {
    let mut command = program("valgrind");
    command.args([
        "--quiet",
        "--error-exitcode=99",
        "--leak-check=full",
        "--show-leak-kinds=definite",
        "--errors-for-leak-kinds=definite",
        "--num-callers=30",
        "--suppressions=tests/lua/valgrind.supp",
    ]);
    command
}

macro_rules! specs {
    ($($name:ident)*) => {
        const SPECS: &[&str] = &[$(stringify!($name)),*];
        $(
            mod $name {
                #[test]
                fn compiled() {
                    super::spec(None, &[], &[], stringify!($name));
                }

                #[test]
                fn interpreted() {
                    super::spec(None, &["-joff"], &[], stringify!($name));
                }

                #[test]
                fn under_valgrind() {
                    // Half of its time would go into watching LuaJIT compile, which only one spec is about.
                    let options: &[&str] = match stringify!($name) {
                        "jit" => &[],
                        _ => &["-joff"],
                    };
                    super::spec(
                        Some(super::valgrind()),
                        options,
                        &["--exclude-tags", super::NOT_UNDER_VALGRIND],
                        stringify!($name),
                    );
                }
            }
        )*
    };
}

specs! {
    admin consumer consuming events groups handoff jit lifecycle lookahead misuse mock_cluster module produce producer
    timing transaction weather
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
}
