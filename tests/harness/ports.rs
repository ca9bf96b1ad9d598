//! Ports on loopback that one test program has to itself. They lie below those that the system gives to outgoing
//! connections: a client that keeps trying to connect to such a port while its broker is down can end up connected to
//! itself.

use std::net::TcpListener;
use std::os::fd::IntoRawFd;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Takes `size` ports in a row, and returns the first. A listener on the last one, which stays until this program ends,
/// keeps other test programs from taking them, whether or not anything listens on the others at the moment.
fn take(first: u16, size: u16, end: u16) -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let blocks = u32::from((end - first) / size);
    for _ in 0..blocks {
        // Not the same ports soon again: clients of programs that have ended may still try to connect to them.
        let next = process::id() * 7 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = first + size * (next % blocks) as u16;
        let Ok(taken) = TcpListener::bind(("127.0.0.1", port + size - 1)) else {
            continue;
        };
        if (port..port + size - 1).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            let _ = taken.into_raw_fd();
            return port;
        }
    }
    panic!("every port from {first} to {end} is taken");
}

/// The first of 26 ports, for a cluster of up to three nodes.
pub fn of_a_cluster() -> u16 {
    take(14_000, 30, 20_000)
}

/// A port that no program listens on.
pub fn free() -> u16 {
    take(20_000, 2, 30_000)
}
