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

/// The programs made of one source: each when it is asked for, removed at the end.
pub struct Build {
    name: String,
    source: PathBuf,
    linking: Linking,
    scratch: Scratch,
}

/// What a program is linked with.
enum Linking {
    /// The library, and these flags besides.
    Library(Vec<String>),
    /// Nothing of ours: it opens the library by itself.
    Alone,
}

impl Build {
    /// tests/c/NAME.c.
    pub fn of(name: &str) -> Self {
        Self::of_source(name, &source_of(name), &[])
    }

    /// A source, with these flags for the linker.
    pub fn of_source(name: &str, source: &Path, flags: &[&str]) -> Self {
        let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        Self::new(name, source.to_owned(), Linking::Library(flags))
    }

    /// tests/c/NAME.c, which is not to be linked with the library.
    pub fn alone(name: &str) -> Self {
        Self::new(name, source_of(name), Linking::Alone)
    }

    fn new(name: &str, source: PathBuf, linking: Linking) -> Self {
        Self {
            name: name.to_owned(),
            source,
            linking,
            scratch: Scratch::new(),
        }
    }

    fn make(&self, executable: &Path, language: Language, library: Library) {
        let built = built();
        let mut compiler = language.compiler();
        compiler.arg(&self.source).args(["-x", "none"]);
        match (&self.linking, library) {
            (Linking::Alone, _) => {
                compiler.arg("-ldl");
            }
            (Linking::Library(flags), Library::Shared) => {
                assert_exists(&built.join("libkafka.so"));
                compiler
                    .arg(format!("-L{}", built.display()))
                    .arg(format!("-Wl,-rpath,{}", built.display()))
                    .arg("-lkafka")
                    .args(flags);
            }
            (Linking::Library(flags), Library::Static) => {
                let archive = built.join("libkafka.a");
                assert_exists(&archive);
                compiler
                    .arg(archive)
                    .args(NATIVE_LIBRARIES)
                    // Sixty megabytes of it each.
                    .arg("-Wl,--strip-debug")
                    .args(flags);
            }
        }
        run(compiler.arg("-o").arg(executable));
    }

    fn executable(&self, language: Language, library: Library) -> PathBuf {
        let executable = self
            .scratch
            .path(&format!("{}-{language:?}-{library:?}", self.name));
        if !executable.exists() {
            self.make(&executable, language, library);
        }
        executable
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
            // In a forked child a lock of the C library's may be held for ever, and valgrind frees, at exit, what it guards.
            false => &["--leak-check=no", "--run-libc-freeres=no"],
        });
        command.arg(self.executable(Language::C11, Library::Shared));
        command
    }
}

fn source_of(name: &str) -> PathBuf {
    root().join("tests/c").join(name).with_extension("c")
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

/// Runs a program that has to succeed, within five minutes: valgrind on a busy machine takes long.
pub fn succeeds(command: &mut Command) -> Ended {
    let ended = ended(command, Duration::from_secs(300));
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
