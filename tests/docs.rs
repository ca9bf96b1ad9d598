//! The documentation's examples do what they say: each document's Lua blocks are
//! run as one script, each C block that has a main is compiled and run, both
//! against the in-process cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn blocks(document: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let mut blocks = Vec::new();
    let mut rest = text.as_str();
    let fence = format!("```{language}\n");
    while let Some(start) = rest.find(&fence) {
        let body = &rest[start + fence.len()..];
        let end = body.find("```").expect("a block has an end");
        blocks.push(body[..end].to_owned());
        rest = &body[end..];
    }
    assert!(!blocks.is_empty(), "{document} has no {language} block");
    blocks
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn succeed(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn luajit(name: &str, script: &str) -> Output {
    let path = scratch(name);
    fs::write(&path, script).unwrap();
    succeed(
        Command::new("luajit")
            .arg(&path)
            .env("LUA_PATH", root().join("lua/?.lua"))
            .env("KAFKA_LIBRARY", root().join("target/release/libkafka.so")),
    )
}

#[test]
fn the_readmes_lua_runs() {
    let output = luajit("readme.lua", &blocks("README.md", "lua").concat());
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.starts_with("hello\tgreetings\t"), "{printed}");
}

#[test]
fn the_lua_references_examples_run() {
    luajit("reference.lua", &blocks("docs/LUA.md", "lua").concat());
}

#[test]
fn the_readmes_c_compiles_and_delivers() {
    let source = scratch("readme.c");
    let program = scratch("readme");
    fs::write(&source, blocks("README.md", "c").concat()).unwrap();
    let library = root().join("target/release");
    succeed(
        Command::new("cc")
            .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
            .arg(root().join("include"))
            .arg(&source)
            .arg("-L")
            .arg(&library)
            .arg("-lkafka")
            .arg(format!("-Wl,-rpath,{}", library.display()))
            .arg("-o")
            .arg(&program),
    );
    // The cluster lives in a script's process while the program runs.
    let output = luajit(
        "readme_c.lua",
        &RUN_ON_A_CLUSTER.replace("PROGRAM", &program.display().to_string()),
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hello\n");
}

const RUN_ON_A_CLUSTER: &str = r#"
local kafka = require "kafka"
local cluster = kafka.mock_cluster()
local brokers = cluster:bootstrap_servers()
assert(os.execute("PROGRAM " .. brokers) == 0)
local consumer = kafka.consumer(brokers, {"greetings"}, {["group.id"] = "g"}, {["auto.offset.reset"] = "earliest"})
print((consumer:receive(10000)))
cluster:close()
"#;
