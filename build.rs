//! The shared library's name, and its other link arguments.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/ffi/version.rs");
    let abi_version = abi_version();
    let target_os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match target_os.as_str() {
        "linux" => {
            let name = format!("libkafka.so.{abi_version}");
            link_argument(&format!("-Wl,-soname,{name}"));
            // Unloading the code that librdkafka's threads run would crash the process: when LuaJIT
            // collects the library's namespace, or an nginx worker exits.
            link_argument("-Wl,-z,nodelete");
            name_beside("libkafka.so", &name);
        }
        "macos" => {
            let name = format!("libkafka.{abi_version}.dylib");
            // dyld has no nodelete; a library with thread-local variables, as Rust's, is never unloaded.
            link_argument(&format!("-Wl,-install_name,@rpath/{name}"));
            name_beside("libkafka.dylib", &name);
        }
        _ => {}
    }
}

fn link_argument(argument: &str) {
    println!("cargo:rustc-cdylib-link-arg={argument}");
}

/// The number in the library's name.
fn abi_version() -> u32 {
    let source = fs::read_to_string("src/ffi/version.rs").expect("src/ffi/version.rs");
    source
        .lines()
        .find_map(|line| line.strip_prefix("pub const KAFKA_ABI_VERSION: u32 = "))
        .and_then(|value| value.trim_end_matches(';').parse().ok())
        .expect("src/ffi/version.rs defines KAFKA_ABI_VERSION")
}

/// A program that is linked with the library where cargo puts it looks for it by its full name when it runs.
fn name_beside(library: &str, name: &str) {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    // From target/release/build/kafka-ffi-HASH/out.
    let directory = out.ancestors().nth(3).expect("cargo's own directories");
    let link = directory.join(name);
    #[cfg(unix)]
    if fs::symlink_metadata(&link).is_err() {
        if let Err(error) = std::os::unix::fs::symlink(library, &link) {
            println!("cargo:warning={}: {error}", link.display());
        }
    }
}
