//! How threads wait for each other, and how calls are counted: no librdkafka, no client, and checked by loom in every order of
//! what threads do (tests/loom).

pub mod deadline;
pub mod lifecycle;
pub mod outstanding;
pub mod signal;

pub use deadline::Deadline;
pub use lifecycle::Lifecycle;
pub use outstanding::{Epoch, Moment, Outstanding};
pub use signal::{Notify, Signal};

/// What these are made of, in place of which loom has its own.
mod primitives {
    pub use crate::process::barrier::execute as barrier;
    pub use std::sync::atomic::compiler_fence as owner_fence;
    pub use std::sync::atomic::{fence, AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
    pub use std::sync::{Condvar, Mutex, MutexGuard};
}
