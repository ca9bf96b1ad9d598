//! A future: what becomes of an operation that a caller need not wait for.

use std::any::Any;
use std::ffi::CStr;
use std::mem;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::causes::Causes;
use super::error::{Error, Result};
use super::lock;
use super::notifier::{Notifier, Signal};
use crate::process;
use crate::rd::{GroupMetadata, Partitions};
use crate::sync::Deadline;
use crate::value::{Value, MANY};

/// The result of an operation.
pub enum Outcome {
    /// That it succeeded, and nothing else.
    Nothing,
    /// Partitions, with offsets or errors.
    Partitions(Partitions),
    /// How a group rebalances.
    Protocol(&'static CStr),
    /// What a consumer is in its group.
    GroupMetadata(Arc<GroupMetadata>),
    /// A client that was made.
    Made(Made),
    /// Everything else.
    Value(Value),
}

impl Outcome {
    /// Whether freeing it takes so long that an event loop must not do it.
    fn is_large(&self) -> bool {
        match self {
            Self::Partitions(list) => list.iter().len() > MANY,
            Self::Value(value) => value.is_large(),
            Self::Nothing | Self::Protocol(_) | Self::GroupMetadata(_) | Self::Made(_) => false,
        }
    }
}

/// A client that an operation has made; the first caller that takes it has it.
pub struct Made(Mutex<Option<Box<dyn Any + Send>>>);

impl Made {
    /// Not taken yet.
    pub fn new<T: Any + Send>(client: T) -> Self {
        Self(Mutex::new(Some(Box::new(client))))
    }

    /// Takes it, if it is of this type.
    pub fn take<T: Any>(&self) -> Option<T> {
        let mut place = lock(&self.0);
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
            // Closing it blocks.
            process::background::run(move || drop(client));
        }
    }
}

/// The caller's side. The operation goes on when this is dropped, and its outcome is dropped with it.
pub struct Future(Arc<State>);

/// The operation's side.
pub struct Promise {
    state: Arc<State>,
    /// What the errors of a client's calls are explained by.
    causes: Option<Arc<Causes>>,
}

#[derive(Default)]
struct State {
    outcome: OnceLock<Result<Outcome>>,
    signal: Signal,
}

impl State {
    /// The first outcome counts: of the operation, of a cancel, of the client's close.
    fn complete(&self, outcome: Result<Outcome>) -> bool {
        let is_first = self.outcome.set(outcome).is_ok();
        if is_first {
            self.signal.notify();
        }
        is_first
    }
}

impl Promise {
    /// Whether the outcome is known already, and the operation's is not needed any more.
    pub fn is_settled(&self) -> bool {
        self.state.outcome.get().is_some()
    }

    /// Completes it, unless it is complete.
    pub fn complete(&self, outcome: Result<Outcome>) {
        let outcome = match &self.causes {
            Some(causes) => outcome.map_err(|error| causes.explain(error)),
            None => outcome,
        };
        self.state.complete(outcome);
    }

    fn keep(self, operation: impl FnOnce(&Self) -> Result<Outcome>) {
        // A panic must not leave callers waiting for an outcome that does not come.
        let outcome = catch_unwind(AssertUnwindSafe(|| operation(&self)));
        self.complete(outcome.unwrap_or_else(|_| Err(Error::panic())));
    }
}

/// The open futures of one client: its close completes them.
#[derive(Default)]
pub struct Futures {
    causes: Arc<Causes>,
    open: Mutex<Vec<Weak<State>>>,
    are_closed: AtomicBool,
}

impl Futures {
    /// None yet, of a client whose errors these causes explain.
    pub fn new(causes: Arc<Causes>) -> Self {
        Self {
            causes,
            ..Self::default()
        }
    }

    /// Runs `operation`, which may block, on a thread of its own. A thread for each: operations never wait for each
    /// other, and starting a thread costs less than any answer from a broker.
    pub fn spawn(
        &self,
        operation: impl FnOnce(&Promise) -> Result<Outcome> + Send + 'static,
    ) -> Result<Future> {
        let (future, promise) = self.open();
        process::spawn("kafka:call", move || promise.keep(operation)).map_err(Error::no_thread)?;
        Ok(future)
    }

    /// A future whose operation is seen to elsewhere.
    pub fn open(&self) -> (Future, Promise) {
        let state = Arc::<State>::default();
        let promise = Promise {
            state: Arc::clone(&state),
            causes: Some(Arc::clone(&self.causes)),
        };
        let mut open = self.lock();
        if open.len() == open.capacity() {
            open.retain(|future| future.strong_count() > 0);
        }
        open.push(Arc::downgrade(&state));
        drop(open);
        if self.are_closed.load(Ordering::SeqCst) {
            self.close();
        }
        (Future(state), promise)
    }

    /// Completes those that are open, and those that are still to come, with CLOSED.
    pub fn close(&self) {
        self.are_closed.store(true, Ordering::SeqCst);
        let open = mem::take(&mut *self.lock());
        for future in open.iter().filter_map(Weak::upgrade) {
            future.complete(Err(Error::closed()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<State>>> {
        lock(&self.open)
    }
}

impl Future {
    /// Of an operation that no client's close completes, since it makes or closes one. It needs no thread to be had at once.
    pub fn in_background(operation: impl FnOnce() -> Result<Outcome> + Send + 'static) -> Self {
        let state = Arc::<State>::default();
        let promise = Promise {
            state: Arc::clone(&state),
            causes: None,
        };
        process::background::run(move || promise.keep(|_| operation()));
        Self(state)
    }

    /// Completes it with CANCELED; false if it was complete. What librdkafka is doing goes on, and is repeated no more.
    pub fn cancel(&self) -> bool {
        self.0.complete(Err(Error::canceled()))
    }

    /// Notifies the waiter with this key, once, when it is complete; at once if it is.
    pub fn arm(&self, notifier: &Arc<Notifier>, key: u64) {
        self.0.signal.arm(notifier, key);
        if self.wait(0).is_some() {
            self.0.signal.notify();
        }
    }

    /// Whether freeing its outcome takes so long that an event loop must not do it.
    pub fn is_large(&self) -> bool {
        let outcome = self.wait(0);
        outcome.is_some_and(|it| it.as_ref().is_ok_and(Outcome::is_large))
    }

    /// Waits until it is complete; `None` if that is not in time.
    pub fn wait(&self, timeout_ms: i32) -> Option<&Result<Outcome>> {
        let State { outcome, signal } = &*self.0;
        signal.wait(Deadline::after_ms(timeout_ms), || outcome.get().is_some());
        outcome.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    fn code(future: &Future) -> Option<i32> {
        let outcome = future.wait(10_000).expect("it is complete");
        outcome.as_ref().err().map(|error| error.code)
    }

    /// One whose operation ends when something is sent.
    fn open(futures: &Futures) -> (mpsc::Sender<()>, Future) {
        let (go, wait_go) = mpsc::channel();
        let future = futures.spawn(move |_| {
            let _ = wait_go.recv();
            Ok(Outcome::Value(Value::Int(7)))
        });
        (go, future.unwrap())
    }

    #[test]
    fn a_wait_ends_in_time_or_with_the_outcome() {
        let (go, future) = open(&Futures::default());
        let start = Instant::now();
        assert!(future.wait(0).is_none());
        assert!(future.wait(20).is_none());
        assert!(start.elapsed() >= Duration::from_millis(20));
        go.send(()).unwrap();
        for _ in 0..2 {
            let Some(Ok(Outcome::Value(value))) = future.wait(-1) else {
                panic!("no value")
            };
            assert_eq!(*value, Value::Int(7));
        }
        assert!(!future.cancel());
        assert_eq!(code(&future), None);
    }

    #[test]
    fn a_panic_is_an_error() {
        let future = Futures::default().spawn(|_| panic!("on purpose")).unwrap();
        assert_eq!(code(&future), Some(Error::PANIC));
    }

    #[test]
    fn a_cancel_completes_it_and_its_operation_knows() {
        let (settled, wait_settled) = mpsc::channel();
        let future = Futures::default().spawn(move |promise| {
            while !promise.is_settled() {
                std::thread::yield_now();
            }
            settled.send(()).unwrap();
            Ok(Outcome::Nothing)
        });
        let future = future.unwrap();
        assert!(future.cancel());
        assert_eq!(code(&future), Some(Error::CANCELED));
        wait_settled.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(code(&future), Some(Error::CANCELED));
    }

    #[test]
    fn closing_its_client_completes_it_and_those_to_come() {
        let futures = Futures::default();
        let done = futures.spawn(|_| Ok(Outcome::Nothing)).unwrap();
        assert_eq!(code(&done), None);
        let (_go, pending) = open(&futures);
        assert!(pending.wait(0).is_none());
        futures.close();
        assert_eq!(code(&pending), Some(Error::CLOSED));
        assert_eq!(code(&done), None);
        let (_go, late) = open(&futures);
        assert_eq!(code(&late), Some(Error::CLOSED));
    }
}
