//! Formatting, lints, and one version everywhere.

mod workbench;

use std::fs;

use workbench::{program, root, run};

#[test]
fn rust_is_formatted() {
    run(program("cargo").args(["fmt", "--check"]));
}

#[test]
fn rust_has_no_clippy_warning() {
    // Release and no RUSTFLAGS, so that librdkafka is not built once more for this.
    run(program("cargo").args([
        "clippy",
        "--quiet",
        "--release",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]));
}

#[test]
fn lua_is_formatted() {
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
fn there_is_one_version() {
    let version = env!("CARGO_PKG_VERSION");
    let header = fs::read_to_string(root().join("include/kafka.h")).expect("kafka.h");
    assert!(header.contains(&format!("#define KAFKA_VERSION \"{version}\"\n")));

    let rockspec = root().join(format!("kafka-ffi-{version}-1.rockspec"));
    let rockspec = fs::read_to_string(&rockspec).expect("a rockspec named after the version");
    assert!(rockspec.contains(&format!("version = \"{version}-1\"\n")));
    assert!(rockspec.contains(&format!("tag = \"v{version}\"")));
}
