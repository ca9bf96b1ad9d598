//! A clock for callers that wait in several calls.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Milliseconds that have passed since some moment in the past; never goes back. For a wait
/// that an event interrupts, and that goes on for the rest of its time. Does not block.
#[no_mangle]
pub extern "C" fn kafka_clock_ms() -> u64 {
    since_start().as_millis() as u64
}

/// As kafka_clock_ms, in microseconds: for a caller that shares a thread, and looks whether it is time
/// for others to have it. Does not block.
#[no_mangle]
pub extern "C" fn kafka_clock_us() -> u64 {
    since_start().as_micros() as u64
}

fn since_start() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
