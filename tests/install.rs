//! What `make install` and `luarocks make` leave behind has to be enough, outside the
//! checkout, for C programs and for LuaJIT.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use harness::{program, root, run, Scratch};

const PREFIX: &str = "/opt/kafka";

/// An installation staged below a directory, as a packager makes one.
struct Staged {
    scratch: Scratch,
}

impl Staged {
    /// Of the build that these variables of make say.
    fn new(variables: &[&str]) -> Self {
        // `make install` takes what is there; what is there may be older than the sources.
        run(program("make").arg("build").args(variables));
        let staged = Staged {
            scratch: Scratch::new(),
        };
        run(staged.make("install").args(variables));
        staged
    }

    fn make(&self, target: &str) -> Command {
        let mut make = program("make");
        make.args([target, &format!("PREFIX={PREFIX}")])
            .arg(format!("DESTDIR={}", self.scratch.path("").display()));
        make
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(PREFIX.trim_start_matches('/')).join(name)
    }

    fn pkg_config(&self, options: &[&str]) -> Vec<String> {
        let mut command = pkg_config(&self.path("lib/pkgconfig"), options);
        // What is staged is not yet where it says it is.
        run(command.env("PKG_CONFIG_SYSROOT_DIR", self.scratch.path("")))
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    }
}

fn pkg_config(directory: &Path, options: &[&str]) -> Command {
    let mut command = program("pkg-config");
    command
        .env("PKG_CONFIG_PATH", directory)
        .args(options)
        .arg("kafka");
    command
}

fn default_build() -> &'static Staged {
    static ONCE: OnceLock<Staged> = OnceLock::new();
    ONCE.get_or_init(|| Staged::new(&[]))
}

/// Compiles examples/c/quickstart.c somewhere else with these flags and runs it.
fn build_and_run(flags: &[String], library_path: Option<&Path>) {
    let elsewhere = Scratch::new();
    let source = elsewhere.path("quickstart.c");
    fs::copy(root().join("examples/c/quickstart.c"), &source).expect("the example");
    let executable = elsewhere.path("quickstart");
    run(program("gcc")
        .current_dir(elsewhere.path(""))
        .args(["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"])
        .arg(&source)
        .args(flags)
        .arg("-o")
        .arg(&executable));

    let linked = run(program("readelf").arg("-d").arg(&executable));
    assert_eq!(
        linked.contains("[libkafka.so.1]"),
        library_path.is_some(),
        "{linked}"
    );
    let mut quickstart = program(&executable);
    quickstart.current_dir(elsewhere.path(""));
    if let Some(library_path) = library_path {
        quickstart.env("LD_LIBRARY_PATH", library_path);
    }
    let said = run(&mut quickstart);
    assert!(said.contains("delivered 10 of 10"), "{said}");
    assert!(said.contains("message 9"), "{said}");
}

/// With the static library in place of the shared one, as `pkg-config --static` is for.
fn statically(flags: Vec<String>) -> Vec<String> {
    flags
        .into_iter()
        .map(|flag| match flag.as_str() {
            "-lkafka" => "-l:libkafka.a".to_owned(),
            _ => flag,
        })
        .collect()
}

/// Runs a copy of examples/lua/quickstart.lua somewhere else.
fn run_lua(lua_path: &str, environment: &[(&str, &Path)]) {
    let elsewhere = Scratch::new();
    let script = elsewhere.path("quickstart.lua");
    fs::copy(root().join("examples/lua/quickstart.lua"), &script).expect("the example");
    let said = run(program("luajit")
        .current_dir(elsewhere.path(""))
        .env("LUA_PATH", lua_path)
        .envs(environment.iter().copied())
        .arg(&script));
    assert!(said.contains("none lost, none altered"), "{said}");
}

fn lua_path(directory: &Path) -> String {
    format!("{}/?.lua", directory.display())
}

#[test]
fn everything_is_in_its_place() {
    let staged = default_build();
    let files = files_below(&staged.scratch.path(""));
    for name in [
        "include/kafka.h",
        "lib/libkafka.a",
        "lib/libkafka.so",
        "lib/libkafka.so.1",
        "lib/pkgconfig/kafka.pc",
        "share/lua/5.1/kafka.lua",
    ] {
        let name = PathBuf::from(format!("{}/{name}", &PREFIX[1..]));
        assert!(files.contains(&name), "no {name:?} in {files:?}");
    }
    let link = fs::read_link(staged.path("lib/libkafka.so")).expect("a link, for linking");
    assert_eq!(link, Path::new("libkafka.so.1"));
    let library = fs::symlink_metadata(staged.path("lib/libkafka.so.1")).expect("the library");
    assert!(library.is_file());

    let lua = files_below(&root().join("lua"));
    assert_eq!(lua, files_below(&staged.path("share/lua/5.1")));

    let description = fs::read_to_string(staged.path("lib/pkgconfig/kafka.pc")).expect("kafka.pc");
    assert!(description.contains("prefix=/opt/kafka\n"), "{description}");
    assert!(!description.contains('@'), "{description}");
    assert_eq!(
        run(&mut pkg_config(
            &staged.path("lib/pkgconfig"),
            &["--modversion"]
        ))
        .trim(),
        env!("CARGO_PKG_VERSION")
    );
}

#[test]
fn c_links_the_shared_library() {
    let staged = default_build();
    let flags = staged.pkg_config(&["--cflags", "--libs"]);
    build_and_run(&flags, Some(&staged.path("lib")));
}

#[test]
fn c_links_the_static_library() {
    let flags = default_build().pkg_config(&["--static", "--cflags", "--libs"]);
    build_and_run(&statically(flags), None);
}

/// Else what is inside would collide with the program's own librdkafka or OpenSSL.
#[test]
fn the_static_library_shows_our_functions_only() {
    let library = default_build().path("lib/libkafka.a");
    let listing = run(program("nm")
        .args(["-g", "--defined-only", "--format=posix"])
        .arg(library));
    let mut symbols: Vec<&str> = listing
        .lines()
        .filter(|line| !line.ends_with(':'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    symbols.sort_unstable();
    let promised = fs::read_to_string(root().join("tests/abi/symbols.txt")).expect("the list");
    assert_eq!(symbols, promised.lines().collect::<Vec<_>>());
}

/// The builds with another OpenSSL than the default one: `make test-openssl`.
mod openssl {
    use super::{build_and_run, statically, Staged};

    #[test]
    fn c_links_the_static_library_and_the_openssl_of_the_system() {
        let staged = Staged::new(&["OPENSSL=system"]);
        let flags = staged.pkg_config(&["--static", "--cflags", "--libs"]);
        assert!(flags.iter().any(|flag| flag == "-lssl"), "{flags:?}");
        build_and_run(&statically(flags), None);
    }
}

#[test]
fn lua_finds_the_library_from_where_the_lua_files_are() {
    run_lua(&lua_path(&default_build().path("share/lua/5.1")), &[]);
}

#[test]
fn lua_finds_the_library_where_the_system_loader_looks() {
    let elsewhere = Scratch::new();
    let lua = elsewhere.path("lua");
    copy_tree(&default_build().path("share/lua/5.1"), &lua);
    // A package for running programs has the one, and a library that was copied by hand may have the other name.
    for name in ["libkafka.so.1", "libkafka.so"] {
        let library = elsewhere.path(&format!("only-{name}"));
        fs::create_dir(&library).expect("a directory");
        fs::copy(
            default_build().path("lib/libkafka.so.1"),
            library.join(name),
        )
        .expect("a copy");
        run_lua(&lua_path(&lua), &[("LD_LIBRARY_PATH", &library)]);
    }
}

#[test]
fn uninstalling_leaves_no_file() {
    let staged = Staged::new(&[]);
    run(&mut staged.make("uninstall"));
    assert_eq!(files_below(&staged.scratch.path("")), Vec::<PathBuf>::new());
}

#[test]
fn a_rock_is_made_from_the_checkout() {
    run(program("make").arg("build"));
    let builds = librdkafka_builds();

    let scratch = Scratch::new();
    let tree = scratch.path("tree");
    run(program("luarocks")
        .args(["--lua-version", "5.1", "make", "--tree"])
        .arg(&tree)
        .arg(format!(
            "kafka-ffi-{}-1.rockspec",
            env!("CARGO_PKG_VERSION")
        )));
    // It takes minutes, and the one that is there is as good.
    assert_eq!(builds, librdkafka_builds(), "librdkafka was built anew");

    let cpath = tree.join("lib/lua/5.1/?.so");
    run_lua(
        &lua_path(&tree.join("share/lua/5.1")),
        &[("LUA_CPATH", &cpath)],
    );

    let rock = format!(
        "lib/luarocks/rocks-5.1/kafka-ffi/{}-1",
        env!("CARGO_PKG_VERSION")
    );
    let flags = run(&mut pkg_config(
        &tree.join(rock).join("pkgconfig"),
        &["--cflags", "--libs"],
    ));
    let flags: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
    build_and_run(&flags, Some(&tree.join("lib/lua/5.1")));
}

/// Each build of librdkafka in target/, and when it was last run.
fn librdkafka_builds() -> Vec<(PathBuf, std::time::SystemTime)> {
    let mut builds: Vec<_> = fs::read_dir(harness::built().join("build"))
        .expect("target/release/build")
        .flatten()
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("rdkafka-sys-")
        })
        .map(|entry| entry.path().join("output"))
        .filter_map(|output| Some((output.clone(), output.metadata().ok()?.modified().ok()?)))
        .collect();
    builds.sort();
    assert!(!builds.is_empty(), "librdkafka is not where this looks");
    builds
}

/// The files in a directory and below, relative to it, sorted.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    fn walk(directory: &Path, top: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, top, found);
            } else {
                found.push(path.strip_prefix(top).expect("below it").to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(directory, directory, &mut found);
    found.sort();
    found
}

fn copy_tree(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(&file);
        fs::create_dir_all(target.parent().expect("a directory")).expect("a directory");
        fs::copy(from.join(&file), target).expect("a copy");
    }
}
