//! Versions and the handshake.

use std::ffi::{c_char, CStr};

/// The version of this interface, and the number in the shared library's name, libkafka.so.1: it
/// grows when something changes in a way that a program built before would not survive.
pub const KAFKA_ABI_VERSION: u32 = 1;

/// The library's version, from Cargo.toml as everywhere.
const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version without a NUL"),
    };

/// The version of the interface that the loaded library has; compare it with
/// KAFKA_ABI_VERSION, which is the one the program was built for. Does not block.
#[no_mangle]
pub extern "C" fn kafka_abi_version() -> u32 {
    KAFKA_ABI_VERSION
}

/// The loaded library's semantic version, as "1.0.0". Static. Does not block.
#[no_mangle]
pub extern "C" fn kafka_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The version of the librdkafka inside, as "2.12.1". Static. Does not block.
#[no_mangle]
pub extern "C" fn kafka_librdkafka_version() -> *const c_char {
    crate::client::librdkafka_version().as_ptr()
}
