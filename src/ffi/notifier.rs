//! `kafka_notifier`: by which an event loop that cannot block is notified that there may be something new.

use std::ffi::c_char;
use std::sync::Arc;

use super::boundary::{guarded, guarded_void, output, reference, take_back};
use super::error::kafka_error;
use crate::client::{Error, Notifier, Result};
use crate::process::Generation;

/// One end of a socket whose other end an event loop reads, as nginx does. A byte comes
/// when something that was asked about, by kafka_client_notify or kafka_future_notify, may have
/// changed; kafka_notifier_drain then returns what, which can be nothing. Usable from any thread.
pub struct kafka_notifier {
    process: Generation,
    notifier: Arc<Notifier>,
}

impl kafka_notifier {
    pub(super) fn get(&self) -> Result<&Arc<Notifier>> {
        match self.process.is_current() {
            true => Ok(&self.notifier),
            false => Err(Error::forked()),
        }
    }
}

/// Makes a notifier, and a socket in a directory of its own that only this user may enter: below TMPDIR, /tmp, /var/tmp or
/// /dev/shm. Where none can be made the socket is on loopback.
///
/// notifier: where the new object goes; free it with kafka_notifier_free. Returns 0;
/// KAFKA_ERR_INVALID_ARGUMENT with the system's reason; KAFKA_ERR_STATE, also to the others, once
/// a process has had more than two at a time: a Lua state that lasts for one request needs none.
/// Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_notifier_new(
    notifier: *mut *mut kafka_notifier,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        output(notifier, "notifier")?.hand_over(kafka_notifier {
            process: Generation::current(),
            notifier: Notifier::for_state()?,
        });
        Ok(())
    })
}

/// Where the event loop is to connect to, once.
///
/// path: the notifier's, until that is freed: the path of a unix socket, which begins with "/"; or "127.0.0.1:PORT/COOKIE", where
/// the first that the event loop sends is COOKIE. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_notifier_path(
    notifier: *const kafka_notifier,
    path: *mut *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let notifier = reference(notifier, "notifier")?.get()?;
        output(path, "path")?.write(notifier.path().as_ptr());
        Ok(())
    })
}

/// Takes the connection that the event loop has just made. The socket is gone afterwards.
///
/// Returns 0; KAFKA_ERR_STATE if it has not connected, or the cookie has not arrived yet; if it has connected before; or
/// if it was another process. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_notifier_accept(
    notifier: *mut kafka_notifier,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || reference(notifier, "notifier")?.get()?.accept())
}

/// Takes the keys of what may have changed; call it whenever a byte has come, until it takes
/// fewer than key_max.
///
/// keys: room for key_max. count: how many were taken. Returns 0; KAFKA_ERR_CLOSED if the event
/// loop is to do without this notifier. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_notifier_drain(
    notifier: *mut kafka_notifier,
    keys: *mut u64,
    key_max: usize,
    count: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let notifier = reference(notifier, "notifier")?.get()?;
        let count = output(count, "count")?;
        output(keys, "keys")?;
        notifier.begin()?;
        let mut taken = 0;
        while taken < key_max {
            let Some(key) = notifier.pop() else { break };
            keys.add(taken).write(key);
            taken += 1;
        }
        count.write(taken);
        Ok(())
    })
}

/// Sends a byte, to have the event loop look at something of its own.
///
/// Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_notifier_wake(
    notifier: *mut kafka_notifier,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        reference(notifier, "notifier")?.get()?.wake();
        Ok(())
    })
}

/// Frees a notifier. Its connection ends when nothing can notify it any more. NULL is nothing. Does
/// not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_notifier_free(notifier: *mut kafka_notifier) {
    guarded_void(|| {
        if let Some(notifier) = take_back(notifier) {
            match notifier.process.is_current() {
                true => notifier.notifier.end(),
                // In a forked child its socket's file is the parent's to remove.
                false => std::mem::forget(notifier),
            }
        }
    });
}
