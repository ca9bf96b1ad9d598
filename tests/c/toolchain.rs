//! Compiling, linking and running the C programs, in every way that users do.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::workbench::{built, program, root, run, Scratch};

/// What a program is written in, as the compiler is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    C99,
    C11,
    Cpp11,
}

/// Which of the two libraries it is linked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    Shared,
    Static,
}

pub const LANGUAGES: [Language; 3] = [Language::C99, Language::C11, Language::Cpp11];
pub const LIBRARIES: [Library; 2] = [Library::Shared, Library::Static];

/// What rustc says a static library of it needs; kafka.pc has the same.
const NATIVE_LIBRARIES: [&str; 6] = ["-lresolv", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"];

impl Language {
    fn compiler(self) -> Command {
        let (compiler, standard, language) = match self {
            Language::C99 => ("gcc", "-std=c99", "c"),
            Language::C11 => ("gcc", "-std=c11", "c"),
            Language::Cpp11 => ("g++", "-std=c++11", "c++"),
        };
        let mut command = program(compiler);
        command
            .args([standard, "-pedantic", "-Wall", "-Wextra", "-Werror"])
            .args(["-g", "-O1", "-pthread", "-Iinclude", "-Itests/c"])
            .args(["-x", language]);
        command
    }
}

/// The programs made of one source, removed at the end.
pub struct Build {
    name: String,
    scratch: Scratch,
}

impl Build {
    /// tests/c/NAME.c, in each language with each library.
    pub fn of(name: &str) -> Self {
        let source = root().join("tests/c").join(name).with_extension("c");
        Self::of_source(name, &source, &[], &LIBRARIES)
    }

    /// A source, with these libraries besides.
    pub fn of_source(name: &str, source: &Path, extra: &[&str], libraries: &[Library]) -> Self {
        let build = Self {
            name: name.to_owned(),
            scratch: Scratch::new(),
        };
        for language in LANGUAGES {
            for &library in libraries {
                build.make(source, language, library, extra);
            }
        }
        build
    }

    /// A source that is not to be linked with the library, but opens it by itself.
    pub fn alone(name: &str) -> Self {
        let build = Self {
            name: name.to_owned(),
            scratch: Scratch::new(),
        };
        let source = root().join("tests/c").join(name).with_extension("c");
        for language in LANGUAGES {
            let executable = build.executable(language, Library::Shared);
            run(language
                .compiler()
                .arg(&source)
                .args(["-x", "none", "-ldl", "-o"])
                .arg(executable));
        }
        build
    }

    fn make(&self, source: &Path, language: Language, library: Library, extra: &[&str]) {
        let built = built();
        let mut compiler = language.compiler();
        compiler.arg(source).args(["-x", "none"]);
        match library {
            Library::Shared => {
                assert_exists(&built.join("libkafka.so"));
                compiler
                    .arg(format!("-L{}", built.display()))
                    .arg(format!("-Wl,-rpath,{}", built.display()))
                    .arg("-lkafka");
            }
            Library::Static => {
                let archive = built.join("libkafka.a");
                assert_exists(&archive);
                compiler
                    .arg(archive)
                    .args(NATIVE_LIBRARIES)
                    // Sixty megabytes of it each.
                    .arg("-Wl,--strip-debug");
            }
        }
        let executable = self.executable(language, library);
        run(compiler.args(extra).arg("-o").arg(executable));
    }

    fn executable(&self, language: Language, library: Library) -> PathBuf {
        self.scratch
            .path(&format!("{}-{language:?}-{library:?}", self.name))
    }

    /// One of the programs.
    pub fn command(&self, language: Language, library: Library) -> Command {
        program(self.executable(language, library))
    }

    /// One of the programs under valgrind, which fails it for an error. Leaks count, unless
    /// the program leaves things open on purpose.
    pub fn under_valgrind(&self, count_leaks: bool) -> Command {
        let mut command = program("valgrind");
        command.args(["--quiet", "--error-exitcode=99", "--trace-children=yes"]);
        command.args(match count_leaks {
            true => &[
                "--leak-check=full",
                "--show-leak-kinds=definite",
                "--errors-for-leak-kinds=definite",
            ][..],
            false => &["--leak-check=no"],
        });
        command.arg(self.executable(Language::C11, Library::Shared));
        command
    }
}

fn assert_exists(library: &Path) {
    assert!(
        library.exists(),
        "{} is not there: cargo build --release makes it",
        library.display()
    );
}

/// A command without its environment, which is long and the same for all.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// How a program ended and what it said.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// Runs a program to its end; fails the test if that takes longer than `limit`.
pub fn ended(command: &mut Command, limit: Duration) -> Ended {
    let scratch = Scratch::new();
    let files = [scratch.path("stdout"), scratch.path("stderr")];
    let said = || {
        files
            .clone()
            .map(|file| String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned())
    };
    let create = |file: &PathBuf| File::create(file).expect("a file for what a program says");
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(create(&files[0]))
        .stderr(create(&files[1]))
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            let took = start.elapsed();
            let [stdout, stderr] = said();
            return Ended {
                status,
                stdout,
                stderr,
                took,
            };
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            let [stdout, stderr] = said();
            let name = shown(command);
            panic!("{name} has not ended after {limit:?}\n{stdout}{stderr}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Runs a program that has to succeed, within two minutes.
pub fn succeeds(command: &mut Command) -> Ended {
    let ended = ended(command, Duration::from_secs(120));
    assert!(
        ended.status.success(),
        "{}: {}\n{}{}",
        shown(command),
        ended.status,
        ended.stdout,
        ended.stderr
    );
    ended
}

/// Runs commands side by side: they wait more than they work.
pub fn all_succeed(commands: Vec<Command>) {
    thread::scope(|scope| {
        for mut command in commands {
            scope.spawn(move || succeeds(&mut command));
        }
    });
}
