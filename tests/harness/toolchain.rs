//! Compiling, linking and running the C programs, in every way that users do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::{built, program, root, run, succeeds, Scratch};

/// What a program is written in, as the compiler gets it.
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
            .args(["-g", "-O2", "-pthread", "-Iinclude", "-Itests/c"])
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
        let mut command = valgrind(count_leaks);
        command.arg("--trace-children=yes");
        command.arg(self.executable(Language::C11, Library::Shared));
        command
    }
}

/// valgrind, which fails a program for an error, and for a leak if leaks count.
pub fn valgrind(count_leaks: bool) -> Command {
    let mut command = program("valgrind");
    command.args(["--quiet", "--error-exitcode=99", "--keep-stacktraces=alloc"]);
    // To free what the C library keeps takes locks of its own, which a thread may hold that ended with the process, or
    // that a fork has not taken along. It is reachable, and counts as no leak.
    command.arg("--run-libc-freeres=no");
    command.args(match count_leaks {
        true => &[
            "--leak-check=full",
            "--show-leak-kinds=definite",
            "--errors-for-leak-kinds=definite",
        ][..],
        false => &["--leak-check=no"],
    });
    command
}

fn source_of(name: &str) -> PathBuf {
    root().join("tests/c").join(name).with_extension("c")
}

fn assert_exists(library: &Path) {
    assert!(
        library.exists(),
        "{} is not there: make build makes it",
        library.display()
    );
}

/// Runs commands side by side: they wait more than they work.
pub fn all_succeed(commands: Vec<Command>) {
    thread::scope(|scope| {
        for mut command in commands {
            scope.spawn(move || succeeds(&mut command));
        }
    });
}
