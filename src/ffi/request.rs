//! `kafka_request`: something that a broker is asked.

use std::any::Any;
use std::ffi::{c_char, CStr};
use std::sync::{Arc, OnceLock};

use super::boundary::{guarded, guarded_void, output, reference, string, take_back, Output};
use super::conf::kafka_conf;
use super::error::kafka_error;
use super::group_metadata::kafka_group_metadata;
use super::handle::{Close, Handle};
use super::hub::kafka_hub;
use super::partitions::kafka_partitions;
use super::value::kafka_value;
use crate::client::{Code, Conf, Error, Made, Outcome, Request, Result};
use crate::process::{self, Generation};

/// A request under way, or done. It is started by the function that hands it out, which does
/// not block; it goes on by itself, on a thread of the library's. Usable from any thread.
pub struct kafka_request {
    process: Generation,
    request: Request,
    // Kept once known: what was handed out points into it.
    outcome: OnceLock<Arc<Result<Outcome>>>,
}

impl kafka_request {
    /// Hands a request over, or lets it go on alone where nobody wants to hear of it.
    pub(super) unsafe fn hand_over(place: *mut *mut kafka_request, request: Request) -> Result<()> {
        if let Some(place) = place.as_mut() {
            *place = Box::into_raw(Box::new(kafka_request {
                process: Generation::current(),
                request,
                outcome: OnceLock::new(),
            }));
        }
        Ok(())
    }

    /// Has a thread do something with the object behind a handle, as a request.
    pub(super) unsafe fn start<T: Send + Sync + 'static>(
        place: *mut *mut kafka_request,
        handle: &Arc<Handle<T>>,
        operation: impl FnOnce(&T) -> Result<Outcome> + Send + 'static,
    ) -> Result<()> {
        handle.enter()?;
        let handle = Arc::clone(handle);
        Self::hand_over(place, Request::spawn(move || operation(&*handle.enter()?))?)
    }

    /// Closes the object behind a handle as a request. Where nobody wants to hear of it, `unheard` does, and the
    /// process's end waits for it.
    pub(super) unsafe fn close<T: Close + Send + Sync + 'static>(
        handle: &Arc<Handle<T>>,
        timeout_ms: i32,
        place: *mut *mut kafka_request,
        heard: fn(T::Outcome) -> Result<Outcome>,
        unheard: fn(T::Outcome),
    ) -> Result<()> {
        let close = handle.close_later(timeout_ms)?;
        if place.is_null() {
            let body = move || {
                if let Some(outcome) = close() {
                    unheard(outcome);
                }
            };
            return process::background::run(body).map_err(Error::no_thread);
        }
        let request = Request::spawn(move || close().map_or(Ok(Outcome::Nothing), heard))?;
        Self::hand_over(place, request)
    }

    /// Has a thread make a client.
    pub(super) unsafe fn make<T: Any + Send>(
        place: *mut *mut kafka_request,
        brokers: *const c_char,
        conf: *const kafka_conf,
        make: fn(&CStr, &Conf) -> Result<T>,
    ) -> Result<()> {
        let brokers = string(brokers, "brokers")?.to_owned();
        let conf = conf
            .as_ref()
            .map_or_else(Conf::default, |conf| conf.0.clone());
        // As for a handle, and before there is a thread.
        process::barrier::prepare();
        let operation = move || Ok(Outcome::Made(Made::new(make(&brokers, &conf)?)));
        Self::hand_over(place, Request::spawn(operation)?)
    }

    /// Takes what a thread has made.
    pub(super) fn made<T: Any>(&self, what: &str) -> Result<T> {
        match self.wait(0)? {
            Outcome::Made(made) => made.take(),
            _ => None,
        }
        .ok_or_else(|| no_such_result(what))
    }

    fn wait(&self, timeout_ms: i32) -> Result<&Outcome> {
        if !self.process.is_current() {
            return Err(Error::forked());
        }
        let outcome = match self.outcome.get() {
            Some(outcome) => outcome,
            None => {
                let outcome = self.request.wait(timeout_ms);
                let outcome = outcome.ok_or_else(|| Error::from(Code::IN_PROGRESS))?;
                self.outcome.get_or_init(|| outcome)
            }
        };
        outcome.as_ref().as_ref().map_err(Error::clone)
    }
}

/// Waits for a request.
///
/// timeout_ms: 0 does not wait, -1 waits without limit: the request itself has one. Returns
/// 0 if it succeeded; KAFKA_ERR_IN_PROGRESS if it is not done in time; else what it failed
/// with. Once done, the answer stays the same. Blocks up to timeout_ms.
#[no_mangle]
pub unsafe extern "C" fn kafka_request_wait(
    request: *mut kafka_request,
    timeout_ms: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        reference(request, "request")?.wait(timeout_ms)?;
        Ok(())
    })
}

/// Has a hub hear, once, that a request is done; at once, if it is.
///
/// key: what the hub tells. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_request_notify(
    request: *mut kafka_request,
    hub: *mut kafka_hub,
    key: u64,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let request = reference(request, "request")?;
        let hub = reference(hub, "hub")?.get()?;
        if !request.process.is_current() {
            return Err(Error::forked());
        }
        request.request.notify(hub, key);
        Ok(())
    })
}

fn no_such_result(what: &str) -> Error {
    Error::invalid(format!("this request has no {what} for a result"))
}

/// The partitions that a request has for a result.
///
/// partitions: the request's, until that is freed; not to be changed. Returns 0; as
/// kafka_request_wait, where it is not done or failed; KAFKA_ERR_INVALID_ARGUMENT if its
/// result is something else. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_request_partitions(
    request: *const kafka_request,
    partitions: *mut *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place: Output<*const kafka_partitions> = output(partitions, "partitions")?;
        match reference(request, "request")?.wait(0)? {
            Outcome::Partitions(list) => place.write(kafka_partitions::from_ref(list)),
            _ => return Err(no_such_result("partitions")),
        }
        Ok(())
    })
}

/// The value that a request has for a result.
///
/// value: the request's, until that is freed; not to be changed. Returns 0; as
/// kafka_request_wait, where it is not done or failed; KAFKA_ERR_INVALID_ARGUMENT if its
/// result is something else. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_request_value(
    request: *const kafka_request,
    value: *mut *const kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place: Output<*const kafka_value> = output(value, "value")?;
        match reference(request, "request")?.wait(0)? {
            Outcome::Value(found) => place.write(kafka_value::from_ref(found)),
            _ => return Err(no_such_result("value")),
        }
        Ok(())
    })
}

/// What a consumer is in its group, of a request that has it for a result.
///
/// group_metadata: where the new object goes; free it with kafka_group_metadata_free. Returns 0; as
/// kafka_request_wait, where it is not done or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is
/// something else. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_request_group_metadata(
    request: *const kafka_request,
    group_metadata: *mut *mut kafka_group_metadata,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = output(group_metadata, "group_metadata")?;
        match reference(request, "request")?.wait(0)? {
            Outcome::GroupMetadata(found) => {
                place.hand_over(kafka_group_metadata(Arc::clone(found)));
            }
            _ => return Err(no_such_result("group metadata")),
        }
        Ok(())
    })
}

/// Frees a request. One under way goes on, and what becomes of it nobody hears. No call
/// on it may be under way. NULL is nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_request_free(request: *mut kafka_request) {
    guarded_void(|| {
        if let Some(request) = take_back(request) {
            // In a forked child the thread that would finish it may hold its lock for ever.
            if !request.process.is_current() {
                std::mem::forget(request);
            }
        }
    });
}
