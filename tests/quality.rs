//! Formatting, lints, the rules of `cargo xtask check`, and the models of tests/loom.

use std::fs;

use harness::{program, root, run};

#[test]
fn rust_is_formatted() {
    run(program("cargo").args(["fmt", "--all", "--check"]));
}

#[test]
fn rust_has_no_clippy_warning() {
    // Release and no RUSTFLAGS, so that librdkafka is not built once more for this.
    run(program("scripts/cargo").args([
        "clippy",
        "--quiet",
        "--release",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]));
}

#[test]
fn lua_is_formatted() {
    run(program("scripts/bootstrap").arg("lint"));
    run(program("stylua").args(["--check", "."]));
}

#[test]
fn lua_has_no_luacheck_warning() {
    let directories = ["lua", "tests", "examples", "benches"];
    run(program("luacheck").arg("--quiet").args(
        directories
            .iter()
            .filter(|directory| root().join(directory).exists()),
    ));
}

#[test]
fn scripts_are_bash() {
    let scripts = fs::read_dir(root().join("scripts")).expect("scripts/");
    for script in scripts.flatten().map(|entry| entry.path()) {
        if script.extension().is_none() {
            run(program("bash").arg("-n").arg(script));
        }
    }
    run(program("bash").args(["-n", ".ci/run"]));
}

#[test]
fn the_sources_keep_the_projects_rules() {
    run(program("cargo").args(["xtask", "check"]));
}

#[test]
fn xtask_passes_its_own_tests() {
    run(program("cargo").args(["test", "--quiet", "--package", "xtask"]));
}

#[test]
fn the_models_of_sync_hold() {
    run(program("cargo").args(["test", "--quiet", "--package", "loom-tests"]));
}
