//! A clock for those who wait in several calls.

use std::sync::OnceLock;
use std::time::Instant;

/// Milliseconds that have passed since some moment in the past; never goes back. For a wait
/// that an event interrupts, and that goes on for the rest of its time. Does not block.
#[no_mangle]
pub extern "C" fn kafka_clock_ms() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_millis() as u64
}
