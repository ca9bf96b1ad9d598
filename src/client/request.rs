//! A request under way: something that a broker is asked, and that nobody has to wait for.

use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::deadline::Deadline;
use super::error::{Error, Result};
use super::hub::{Bell, Hub};
use crate::process;
use crate::rd::{GroupMetadata, Partitions};
use crate::value::Value;

/// What a request brings home.
pub enum Outcome {
    /// That it succeeded, and nothing else.
    Nothing,
    /// Partitions, with offsets or errors.
    Partitions(Partitions),
    /// What a consumer is in its group.
    GroupMetadata(Arc<GroupMetadata>),
    /// A client that was made.
    Made(Made),
    /// Everything else.
    Value(Value),
}

/// A client that a request has made, for whoever takes it first.
pub struct Made(Mutex<Option<Box<dyn Any + Send>>>);

impl Made {
    /// Nobody has taken it yet.
    pub fn new<T: Any + Send>(client: T) -> Self {
        Self(Mutex::new(Some(Box::new(client))))
    }

    /// Takes it, if it is such a one.
    pub fn take<T: Any>(&self) -> Option<T> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !place.as_ref()?.is::<T>() {
            return None;
        }
        place.take()?.downcast().ok().map(|client| *client)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let place = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = place.take() {
            // It takes its time.
            let _ = process::background::run(move || drop(client));
        }
    }
}

/// A request. It goes on when this is dropped, and its outcome is dropped with it.
pub struct Request(Arc<State>);

#[derive(Default)]
struct State {
    // Written once.
    outcome: Mutex<Option<Arc<Result<Outcome>>>>,
    done: Condvar,
    bell: Bell,
}

impl State {
    fn finish(&self, outcome: Result<Outcome>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(outcome));
        self.done.notify_all();
        self.bell.ring();
    }
}

impl Request {
    /// Carries `operation`, which may block, out on a thread of its own. A thread for each: one
    /// request never waits for another, and starting it costs less than any answer from a broker.
    pub fn spawn(operation: impl FnOnce() -> Result<Outcome> + Send + 'static) -> Result<Self> {
        let state = Arc::new(State::default());
        let theirs = Arc::clone(&state);
        process::spawn("kafka:request", move || {
            // A panic must not leave callers waiting for an outcome that does not come.
            let outcome = catch_unwind(AssertUnwindSafe(operation));
            theirs.finish(outcome.unwrap_or_else(|_| {
                Err(Error::new(Error::PANIC, "internal error, please report it"))
            }));
        })
        .map_err(Error::no_thread)?;
        Ok(Self(state))
    }

    /// Has a hub hear, once, that it is done; at once if it is.
    pub fn notify(&self, hub: &Arc<Hub>, key: u64) {
        self.0.bell.want(hub, key);
        if self.wait(0).is_some() {
            self.0.bell.ring();
        }
    }

    /// Waits until it is done; `None` if that is not in time.
    pub fn wait(&self, timeout_ms: i32) -> Option<Arc<Result<Outcome>>> {
        let deadline = Deadline::after_ms(timeout_ms);
        let mut outcome = self
            .0
            .outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while outcome.is_none() && !deadline.is_past() {
            outcome = self
                .0
                .done
                .wait_timeout(outcome, deadline.remaining(SLICE))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        outcome.clone()
    }
}

/// A wait looks at the clock again this often, however long it is to be.
const SLICE: std::time::Duration = std::time::Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    #[test]
    fn it_is_waited_for_as_long_as_one_likes() {
        let (go, wait_go) = mpsc::channel();
        let request = Request::spawn(move || {
            wait_go.recv().unwrap();
            Ok(Outcome::Value(Value::Int(7)))
        })
        .unwrap();
        let start = Instant::now();
        assert!(request.wait(0).is_none());
        assert!(request.wait(20).is_none());
        assert!(start.elapsed() >= Duration::from_millis(20));
        go.send(()).unwrap();
        for _ in 0..2 {
            let outcome = request.wait(-1).unwrap();
            let Ok(Outcome::Value(value)) = outcome.as_ref() else {
                panic!("no value")
            };
            assert_eq!(*value, Value::Int(7));
        }
    }

    #[test]
    fn a_panic_is_an_error() {
        let request = Request::spawn(|| panic!("on purpose")).unwrap();
        let outcome = request.wait(10_000).unwrap();
        assert_eq!(outcome.as_ref().as_ref().err().unwrap().code, Error::PANIC);
    }
}
