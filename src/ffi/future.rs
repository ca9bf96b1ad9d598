//! `kafka_future`: what becomes of a call that the caller does not wait for.

use std::any::Any;
use std::ffi::{c_char, CStr};
use std::sync::Arc;

use super::boundary::{guarded, guarded_void, output, reference, string, take_back, Output};
use super::client::HasClient;
use super::conf::{given, kafka_conf};
use super::error::kafka_error;
use super::group_metadata::kafka_group_metadata;
use super::handle::{Close, Handle};
use super::notifier::kafka_notifier;
use super::partitions::kafka_partitions;
use super::value::kafka_value;
use crate::client::{Code, Conf, Error, Future, Made, Outcome, Result};
use crate::process::{self, Generation};

/// What becomes of a call. Each function that may wait takes a place for one, `future`: where that is NULL, the call blocks
/// until it is done, writes its results and returns what became of it; else it starts and returns at once, the places of its
/// results must be NULL, and kafka_future_wait, and the functions that are named after results, return what became of it. A
/// started call goes on by itself, on a thread of the library. When the client that it is about is closed, its future is
/// complete at once, with KAFKA_ERR_CLOSED. A future may outlive that client. Usable from any thread.
pub struct kafka_future {
    process: Generation,
    // What was handed out points into its outcome.
    future: Future,
}

/// Where a call's result goes: to the caller at once, or later through a future.
pub(super) unsafe fn result<T>(
    place: *mut T,
    future: *mut *mut kafka_future,
    name: &str,
) -> Result<Option<Output<T>>> {
    match (place.is_null(), future.is_null()) {
        (_, true) => output(place, name).map(Some),
        (true, false) => Ok(None),
        (false, false) => Err(Error::invalid(format!("{name} and future are both given"))),
    }
}

/// As [`result`], of a result that the caller may not need.
pub(super) unsafe fn optional_result<T>(
    place: *mut T,
    future: *mut *mut kafka_future,
    name: &str,
) -> Result<Option<Output<T>>> {
    match place.is_null() {
        true => Ok(None),
        false => result(place, future, name),
    }
}

/// Writes nothing: the call has no result.
pub(super) fn nothing(_: &Outcome) -> Result<()> {
    Ok(())
}

/// Writes a list.
pub(super) fn partitions_to(
    place: Option<Output<*mut kafka_partitions>>,
) -> impl FnOnce(&Outcome) -> Result<()> {
    move |outcome| {
        if let (Some(place), Outcome::Partitions(list)) = (place, outcome) {
            place.hand_over(kafka_partitions(list.clone()));
        }
        Ok(())
    }
}

/// Writes a value.
pub(super) fn value_to(
    place: Option<Output<*mut kafka_value>>,
) -> impl FnOnce(&Outcome) -> Result<()> {
    move |outcome| {
        if let (Some(place), Outcome::Value(found)) = (place, outcome) {
            place.hand_over(kafka_value(found.clone()));
        }
        Ok(())
    }
}

impl kafka_future {
    fn hand_over(place: Output<*mut kafka_future>, future: Future) {
        place.hand_over(kafka_future {
            process: Generation::current(),
            future,
        });
    }

    /// Answers a call that was started: with its future, or once it is complete.
    pub(super) unsafe fn answer(
        place: *mut *mut kafka_future,
        future: Future,
        write: impl FnOnce(&Outcome) -> Result<()>,
    ) -> Result<()> {
        if !place.is_null() {
            Self::hand_over(output(place, "future")?, future);
            return Ok(());
        }
        let outcome = future.wait(-1).expect("without limit");
        write(outcome.as_ref().map_err(Error::clone)?)
    }

    /// Makes a call of the object behind a handle: on a thread of its own where the caller wants a future.
    pub(super) unsafe fn call<T: HasClient + 'static>(
        place: *mut *mut kafka_future,
        handle: &Arc<Handle<T>>,
        call: impl FnOnce(&T) -> Result<Outcome> + Send + 'static,
        write: impl FnOnce(&Outcome) -> Result<()>,
    ) -> Result<()> {
        let object = handle.enter()?;
        if place.is_null() {
            let explain = |error| object.client().events().causes().explain(error);
            return write(&call(&object).map_err(explain)?);
        }
        let futures = Arc::clone(object.client().futures());
        let handle = Arc::clone(handle);
        let future = futures.spawn(move |_| call(&*handle.enter()?))?;
        Self::hand_over(output(place, "future")?, future);
        Ok(())
    }

    /// Closes the object behind a handle. `outcome`: of what closing returns.
    pub(super) unsafe fn close<T: Close>(
        place: *mut *mut kafka_future,
        handle: &Arc<Handle<T>>,
        timeout_ms: i32,
        outcome: impl FnOnce(T::Outcome) -> Result<Outcome> + Send + 'static,
        write: impl FnOnce(&Outcome) -> Result<()>,
    ) -> Result<()> {
        if place.is_null() {
            let closed = handle.close(timeout_ms)?;
            return write(&closed.map_or(Ok(Outcome::Nothing), outcome)?);
        }
        let close = handle.close_later(timeout_ms)?;
        let operation = move || close.map_or(Ok(Outcome::Nothing), |close| outcome(close()));
        Self::hand_over(output(place, "future")?, Future::in_background(operation));
        Ok(())
    }

    /// Makes a client on a thread of its own.
    pub(super) unsafe fn make<T: Any + Send>(
        place: *mut *mut kafka_future,
        brokers: *const c_char,
        conf: *const kafka_conf,
        make: fn(&CStr, &Conf) -> Result<T>,
    ) -> Result<()> {
        let brokers = string(brokers, "brokers")?.to_owned();
        let conf = given(conf);
        // As for a handle, and before there is a thread.
        process::barrier::prepare();
        let operation = move || Ok(Outcome::Made(Made::new(make(&brokers, &conf)?)));
        Self::hand_over(output(place, "future")?, Future::in_background(operation));
        Ok(())
    }

    /// Takes the client that was made.
    pub(super) fn made<T: Any>(&self, what: &str) -> Result<T> {
        match self.wait(0)? {
            Outcome::Made(made) => made.take(),
            _ => None,
        }
        .ok_or_else(|| no_such_result(what))
    }

    fn get(&self) -> Result<&Future> {
        match self.process.is_current() {
            true => Ok(&self.future),
            false => Err(Error::forked()),
        }
    }

    fn wait(&self, timeout_ms: i32) -> Result<&Outcome> {
        match self.get()?.wait(timeout_ms) {
            Some(outcome) => outcome.as_ref().map_err(Error::clone),
            None => Err(Code::IN_PROGRESS.into()),
        }
    }
}

/// Waits for a future.
///
/// timeout_ms: 0 does not wait, -1 waits without limit: the call itself has one. Returns 0 if the call succeeded;
/// KAFKA_ERR_IN_PROGRESS if it is not done in time; else what it failed with: KAFKA_ERR_CLOSED, KAFKA_ERR_CANCELED, or what
/// its function says. Once complete, the answer stays the same. Blocks up to timeout_ms.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_wait(
    future: *mut kafka_future,
    timeout_ms: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        reference(future, "future")?.wait(timeout_ms)?;
        Ok(())
    })
}

/// Completes a future with KAFKA_ERR_CANCELED; one that is complete stays as it is. What a broker was asked it may do even
/// so, and what librdkafka does at the moment it ends; nothing is asked again. A client that is being closed or made goes on
/// being closed or made.
///
/// Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_cancel(
    future: *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        reference(future, "future")?.get()?.cancel();
        Ok(())
    })
}

/// Notifies a notifier, once, when a future is complete; at once, if it is.
///
/// key: what kafka_notifier_drain returns. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_notify(
    future: *mut kafka_future,
    notifier: *mut kafka_notifier,
    key: u64,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let future = reference(future, "future")?;
        let notifier = reference(notifier, "notifier")?.get()?;
        future.get()?.arm(notifier, key);
        Ok(())
    })
}

fn no_such_result(what: &str) -> Error {
    Error::invalid(format!("this future has no {what} for a result"))
}

/// The partitions that a call has for a result.
///
/// partitions: the future's, until that is freed; not to be changed. Returns 0; as kafka_future_wait, where it is not complete
/// or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_partitions(
    future: *const kafka_future,
    partitions: *mut *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place: Output<*const kafka_partitions> = output(partitions, "partitions")?;
        match reference(future, "future")?.wait(0)? {
            Outcome::Partitions(list) => place.write(kafka_partitions::from_ref(list)),
            _ => return Err(no_such_result("partitions")),
        }
        Ok(())
    })
}

/// The value that a call has for a result.
///
/// value: the future's, until that is freed; not to be changed. Returns 0; as kafka_future_wait, where it is not complete or
/// failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_value(
    future: *const kafka_future,
    value: *mut *const kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place: Output<*const kafka_value> = output(value, "value")?;
        match reference(future, "future")?.wait(0)? {
            Outcome::Value(found) => place.write(kafka_value::from_ref(found)),
            _ => return Err(no_such_result("value")),
        }
        Ok(())
    })
}

/// A group's rebalance protocol, of a call that has it for a result.
///
/// protocol: "NONE", "EAGER" or "COOPERATIVE"; static. Returns 0; as kafka_future_wait, where it is not complete or failed;
/// KAFKA_ERR_INVALID_ARGUMENT if its result is something else. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_protocol(
    future: *const kafka_future,
    protocol: *mut *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = output(protocol, "protocol")?;
        match reference(future, "future")?.wait(0)? {
            Outcome::Protocol(protocol) => place.write(protocol.as_ptr()),
            _ => return Err(no_such_result("protocol")),
        }
        Ok(())
    })
}

/// What a consumer is in its group, of a call that has it for a result.
///
/// group_metadata: where the new object goes; free it with kafka_group_metadata_free. Returns 0; as kafka_future_wait, where it
/// is not complete or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_group_metadata(
    future: *const kafka_future,
    group_metadata: *mut *mut kafka_group_metadata,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = output(group_metadata, "group_metadata")?;
        match reference(future, "future")?.wait(0)? {
            Outcome::GroupMetadata(found) => {
                place.hand_over(kafka_group_metadata(Arc::clone(found)));
            }
            _ => return Err(no_such_result("group metadata")),
        }
        Ok(())
    })
}

/// Frees a future. A call that is under way goes on, and what becomes of it is dropped. No call on it may be under way. In a
/// forked child it does nothing. NULL is nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_free(future: *mut kafka_future) {
    guarded_void(|| {
        if let Some(future) = take_back(future) {
            // In a forked child the thread that would complete it may hold its lock for ever.
            if !future.process.is_current() {
                std::mem::forget(future);
            } else if future.future.is_large() {
                process::background::run(move || drop(future));
            }
        }
    });
}
