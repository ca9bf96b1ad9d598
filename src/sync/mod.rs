//! How threads wait for each other: no librdkafka, no client, and checked by loom in every order of what threads do
//! (tests/loom).

pub mod signal;
pub mod slot;

pub use signal::{Notify, Signal};
pub use slot::Slot;

/// What these are made of, in place of which loom has its own.
mod primitives {
    pub use std::sync::atomic::{fence, AtomicBool, Ordering};
    pub use std::sync::{Condvar, Mutex};
}
