//! Link arguments of the shared library.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target_os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let arguments: &[&str] = match target_os.as_str() {
        // Unloading the code that librdkafka's threads run would crash the process: when LuaJIT
        // collects the library's namespace, or an nginx worker exits.
        "linux" => &["-Wl,-soname,libkafka.so", "-Wl,-z,nodelete"],
        // dyld has no nodelete; a library with thread-local variables, as Rust's, is never unloaded.
        "macos" => &["-Wl,-install_name,@rpath/libkafka.dylib"],
        _ => &[],
    };
    for argument in arguments {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
