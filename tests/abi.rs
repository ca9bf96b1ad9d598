//! The interface as users see it: the generated files are up to date, the library's name ends in the version of the
//! interface, and programs run with libraries of other releases.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use harness::{built, program, root, run, Scratch};

/// `cargo xtask gen` writes them.
#[test]
fn the_generated_files_are_up_to_date() {
    run(program("cargo").args(["xtask", "gen", "--check"]));
}

#[test]
fn the_librarys_name_has_the_version_of_the_interface() {
    let dynamic = run(program("readelf")
        .args(["-d", "-W"])
        .arg(built().join("libkafka.so")));
    let name = format!("libkafka.so.{}", abi_version());
    assert!(dynamic.contains(&format!("soname: [{name}]")), "{dynamic}");
    // Programs that are linked with it find it there, too.
    let library = fs::canonicalize(built().join("libkafka.so")).expect("the library");
    let link = fs::canonicalize(built().join(name)).expect("a link to it");
    assert_eq!(link, library);
}

/// A program is compiled with a header of its own, tests/abi/program.c, and runs with the library of this build.
struct Program {
    scratch: Scratch,
}

impl Program {
    fn new(header: &str) -> Self {
        let scratch = Scratch::new();
        fs::write(scratch.path("kafka.h"), header).expect("the header");
        Self { scratch }
    }

    fn compile(&self, source: &str, flags: &[&str]) -> PathBuf {
        let object = self.scratch.path(&format!("{source}.o"));
        let mut compiler = gcc();
        compiler
            .arg("-c")
            .arg(root().join("tests/abi").join(source))
            .arg(format!("-I{}", self.scratch.path("").display()))
            .arg("-Itests/c")
            .args(flags);
        run(compiler.arg("-o").arg(&object));
        object
    }

    /// Links it with this besides the library, and runs it.
    fn run(&self, flags: &[&str], linking: &[String]) {
        let executable = self.scratch.path("program");
        let mut linker = gcc();
        linker.arg(self.compile("program.c", flags)).args(linking);
        linker
            .arg(format!("-L{}", built().display()))
            .arg(format!("-Wl,-rpath,{}", built().display()));
        run(linker.arg("-lkafka").arg("-o").arg(&executable));
        run(&mut program(executable));
    }
}

fn gcc() -> Command {
    let mut gcc = program("gcc");
    gcc.args(["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"])
        .args(["-O2", "-g"]);
    gcc
}

fn today() -> String {
    fs::read_to_string(root().join("include/kafka.h")).expect("the header")
}

/// The version of the C interface.
fn abi_version() -> String {
    let header = today();
    let (_, version) = header
        .split_once("#define KAFKA_ABI_VERSION ")
        .expect("the version");
    version.lines().next().expect("the number").to_owned()
}

/// As the header was when its ABI began.
fn first() -> String {
    let path = format!("tests/abi/kafka-{}.h", abi_version());
    fs::read_to_string(root().join(path)).expect("the header")
}

/// As the header may be some day: with fields in what is reserved today.
fn later() -> String {
    let mut header = today();
    for name in ["kafka_record", "kafka_header"] {
        let end = format!("}} {name};");
        let (before, behind) = header.split_once(&end).expect("the struct");
        let (fields, reserved) = before.rsplit_once("uint32_t reserved[").expect("room");
        let words: u32 = reserved
            .trim_end()
            .trim_end_matches("];")
            .parse()
            .expect("how much");
        let rest = words - 1;
        header = format!("{fields}uint32_t later;\n    uint32_t reserved[{rest}];\n{end}{behind}");
    }
    header
}

#[test]
fn a_program_of_the_first_release_runs_with_this_one() {
    Program::new(&first()).run(&[], &[]);
}

#[test]
fn a_program_of_a_later_release_runs_with_this_one_and_is_refused_what_is_unknown_here() {
    Program::new(&later()).run(&["-DLATER"], &[]);
}

#[test]
fn a_program_of_the_first_release_runs_with_a_later_one() {
    let library = Program::new(&later());
    let mut linking = vec![library.compile("later.c", &[]).display().to_string()];
    for name in ["produce", "produce_batch"] {
        linking.push(format!("-Wl,--wrap=kafka_producer_{name}"));
    }
    Program::new(&first()).run(&[], &linking);
}
