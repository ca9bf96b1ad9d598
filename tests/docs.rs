//! The documentation's examples do what they say: each document's Lua blocks are
//! run as one script, each C block that has a main is compiled and run, both
//! against the in-process cluster.

use std::fs;
use std::path::{Path, PathBuf};

use harness::{built, program, root, run, succeeds};

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

/// Runs a script; returns what it prints.
fn luajit(name: &str, script: &str) -> String {
    let path = scratch(name);
    fs::write(&path, script).unwrap();
    let mut luajit = program("luajit");
    luajit
        .arg(&path)
        .env("LUA_PATH", root().join("lua/?.lua"))
        .env("KAFKA_LIBRARY", built().join("libkafka.so"));
    succeeds(&mut luajit).stdout
}

#[test]
fn the_readmes_lua_runs() {
    let printed = luajit("readme.lua", &blocks("README.md", "lua").concat());
    assert!(printed.starts_with("hello\tgreetings\t"), "{printed}");
}

#[test]
fn the_lua_references_examples_run() {
    luajit("reference.lua", &blocks("docs/LUA.md", "lua").concat());
}

/// Compiles a C program; returns its path.
fn compiled(name: &str, text: &str) -> PathBuf {
    let (source, program) = (scratch(&format!("{name}.c")), scratch(name));
    fs::write(&source, text).unwrap();
    let library = built();
    run(harness::program("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(root().join("include"))
        .arg(&source)
        .arg("-L")
        .arg(&library)
        .arg("-lkafka")
        .arg(format!("-Wl,-rpath,{}", library.display()))
        .arg("-o")
        .arg(&program));
    program
}

#[test]
fn the_readmes_c_compiles_and_delivers() {
    let program = compiled("readme", &blocks("README.md", "c").concat());
    // The cluster lives in a script's process while the program runs.
    let printed = luajit(
        "readme_c.lua",
        &RUN_ON_A_CLUSTER.replace("PROGRAM", &program.display().to_string()),
    );
    assert_eq!(printed, "hello\n");
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

/// The one block of a document that is a program by itself.
fn program_of(document: &str, language: &str) -> String {
    let mut programs = blocks(document, &format!("{language} a program of its own"));
    assert_eq!(programs.len(), 1, "{document}");
    programs.remove(0)
}

/// Runs a command before a slow cluster, ends it by SIGTERM while it sends, and checks that all it has sent is there.
fn ends_on_sigterm_with_all_delivered(name: &str, command: &str) {
    let script = END_BY_SIGTERM.replace("COMMAND", command);
    luajit(name, &script);
}

#[test]
fn a_lua_program_ends_on_sigterm_with_all_delivered() {
    let program = scratch("ending.lua");
    fs::write(&program, program_of("docs/LUA.md", "lua")).unwrap();
    let command = format!("luajit {}", program.display());
    ends_on_sigterm_with_all_delivered("end_lua.lua", &command);
}

#[test]
fn a_c_program_ends_on_sigterm_with_all_delivered() {
    let program = compiled("ending", &program_of("docs/C.md", "c"));
    ends_on_sigterm_with_all_delivered("end_c.lua", &program.display().to_string());
}

// Answers take half a second, so that dozens of messages are under way at any time.
const END_BY_SIGTERM: &str = r#"
local ffi = require "ffi"
local kafka = require "kafka"
ffi.cdef "int kill(int process, int number);"
local SIGTERM = 15
local cluster = kafka.mock_cluster()
local brokers = cluster:bootstrap_servers()
cluster:create_topic("events", 1, 1)
cluster:set_rtt(1, 500)
local program = io.popen("echo $$; exec COMMAND " .. brokers)
local process = program:read("*n", "*l")
local consumer = kafka.consumer(brokers, {"events:0"}, {["group.id"] = "g"}, {["auto.offset.reset"] = "earliest"})
local values, count = {}, 0
local function take()
  local message = consumer:poll(1000)
  if message and not values[message.value] then
    values[message.value], count = true, count + 1
  end
end
repeat take() until count >= 2
assert(ffi.C.kill(process, SIGTERM) == 0)
local sent, lost = program:read("*a"):match("(%d+) events, (%d+) lost")
assert(tonumber(sent) > count and lost == "0", sent)
cluster:set_rtt(1, 0)
repeat take() until count == tonumber(sent)
for at = 0, count - 1 do
  assert(values["event " .. at], at)
end
cluster:close()
"#;
