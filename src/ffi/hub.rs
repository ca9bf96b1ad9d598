//! `kafka_hub`: where an event loop that cannot block hears that there may be something new.

use std::ffi::c_char;
use std::sync::Arc;

use super::boundary::{guarded, guarded_void, output, reference, take_back};
use super::error::kafka_error;
use crate::client::{Error, Hub, Result};
use crate::process::Generation;

/// One end of a unix socket whose other end an event loop reads, as nginx does. A byte comes
/// when something that was asked about, by kafka_client_notify or kafka_request_notify, may have
/// changed; kafka_hub_take then says what, which can be nothing. Usable from any thread.
pub struct kafka_hub {
    process: Generation,
    hub: Arc<Hub>,
}

impl kafka_hub {
    pub(super) fn get(&self) -> Result<&Arc<Hub>> {
        match self.process.is_current() {
            true => Ok(&self.hub),
            false => Err(Error::forked()),
        }
    }
}

/// Makes a hub, and a socket in a directory of its own that only this user may enter.
///
/// hub: where the new object goes; free it with kafka_hub_free. Returns 0;
/// KAFKA_ERR_INVALID_ARGUMENT with the system's reason; KAFKA_ERR_STATE, also to the others, once
/// a process has had more than two at a time: a Lua state that lasts for one request needs none.
/// Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_hub_new(hub: *mut *mut kafka_hub, err: *mut kafka_error) -> i32 {
    guarded(err, || {
        output(hub, "hub")?.hand_over(kafka_hub {
            process: Generation::current(),
            hub: Hub::for_state()?,
        });
        Ok(())
    })
}

/// The path of the socket that the event loop is to connect to, once.
///
/// path: the hub's, until that is freed. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_hub_path(
    hub: *const kafka_hub,
    path: *mut *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let hub = reference(hub, "hub")?.get()?;
        output(path, "path")?.write(hub.path().as_ptr());
        Ok(())
    })
}

/// Takes the connection that the event loop has just made. The socket is gone afterwards.
///
/// Returns 0; KAFKA_ERR_STATE if nobody has connected, somebody has before, or it was
/// another process. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_hub_accept(hub: *mut kafka_hub, err: *mut kafka_error) -> i32 {
    guarded(err, || reference(hub, "hub")?.get()?.accept())
}

/// Takes the keys of what may have changed; call it whenever a byte has come, until it takes
/// fewer than key_max.
///
/// keys: room for key_max. count: how many were taken. Returns 0; KAFKA_ERR_CLOSED if the event
/// loop is to do without this hub. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_hub_take(
    hub: *mut kafka_hub,
    keys: *mut u64,
    key_max: usize,
    count: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let hub = reference(hub, "hub")?.get()?;
        let count = output(count, "count")?;
        output(keys, "keys")?;
        hub.begin()?;
        let mut taken = 0;
        while taken < key_max {
            let Some(key) = hub.pop() else { break };
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
pub unsafe extern "C" fn kafka_hub_wake(hub: *mut kafka_hub, err: *mut kafka_error) -> i32 {
    guarded(err, || {
        reference(hub, "hub")?.get()?.wake();
        Ok(())
    })
}

/// Frees a hub. Its connection ends when nothing can notify it any more. NULL is nothing. Does
/// not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_hub_free(hub: *mut kafka_hub) {
    guarded_void(|| {
        if let Some(hub) = take_back(hub) {
            // In a forked child its socket's file is the parent's to remove.
            if !hub.process.is_current() {
                std::mem::forget(hub);
            }
        }
    });
}
