//! Kafka for LuaJIT, OpenResty and C: librdkafka behind a flat, checked C API.
//!
//! A call travels in one straight line and imports run in one direction:
//! [`ffi`] (the C boundary: pointers, panics, forks) → [`client`] (what a
//! producer or a consumer is, without a raw pointer) → [`rd`] (the only code
//! that names `rdkafka_sys`). [`process`] holds what belongs to the process as a
//! whole: forks, signals, exit.

#![deny(missing_docs)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod client;
pub mod ffi;
pub mod process;
pub mod rd;
pub mod sync;
pub mod value;
