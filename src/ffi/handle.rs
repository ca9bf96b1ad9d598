//! What C holds a pointer to: an object that is open, closed, or made before a fork.

use std::cell::UnsafeCell;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Error, Result};
use crate::process::{self, Generation};
use crate::sync::Lifecycle;

/// How long calls of other threads may take to return once an object is being closed,
const RETURN: Duration = Duration::from_secs(1);
/// and how long even if the time to close it is up: mostly that is enough.
const RETURN_LEAST: Duration = Duration::from_millis(10);

/// What closing means for an object.
pub trait Close: Send + Sync + 'static {
    /// What closing returns.
    type Outcome;
    /// Has the calls return that wait inside the object.
    fn wake_for_close(&self);
    /// Closes the object, within this time.
    fn finish(&self, timeout_ms: i32) -> Self::Outcome;
}

/// A handle: its object lives until it is closed and the last call on it has returned.
pub struct Handle<T: Send + Sync + 'static> {
    process: Generation,
    /// The thread that made it, which is mostly the only one that uses it; 0 where its calls are counted as all others.
    owner: usize,
    lifecycle: Lifecycle,
    object: UnsafeCell<Option<T>>,
}

// SAFETY: the object is shared through `enter`, and taken once, by the last call after closing.
unsafe impl<T: Send + Sync + 'static> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync + 'static> Sync for Handle<T> {}

impl<T: Send + Sync + 'static> Handle<T> {
    /// An open handle of what `make` makes.
    pub fn made_by(make: impl FnOnce() -> Result<T>) -> Result<Self> {
        // Before there are any threads: it would wait for all of them, for many milliseconds.
        let has_owner = process::barrier::prepare();
        Ok(Self {
            process: Generation::current(),
            owner: if has_owner { process::thread() } else { 0 },
            lifecycle: Lifecycle::default(),
            object: UnsafeCell::new(Some(make()?)),
        })
    }

    /// Whether it was made before a fork, in the parent.
    pub fn is_forked(&self) -> bool {
        !self.process.is_current()
    }

    /// The object, for one call.
    #[inline]
    pub fn enter(&self) -> Result<CallGuard<'_, T>> {
        if !self.process.is_current() {
            return Err(Error::forked());
        }
        if self.owner == process::thread() {
            let is_open = self.lifecycle.enter_as_owner();
            let call = self.call(true);
            is_open.then_some(call).ok_or_else(Error::closed)
        } else {
            match self.lifecycle.enter() {
                true => Ok(self.call(false)),
                false => Err(Error::closed()),
            }
        }
    }

    /// A call that is counted already.
    #[inline]
    fn call(&self, is_owner: bool) -> CallGuard<'_, T> {
        CallGuard {
            handle: self,
            is_owner,
        }
    }

    /// Takes the object, of which the last call has returned.
    #[cold]
    fn take(&self) -> Option<T> {
        // SAFETY: once ever, see `Lifecycle::leave`; no call enters any more, and all have returned.
        unsafe { (*self.object.get()).take() }
    }
}

impl<T: Close> Handle<T> {
    /// Closes the object; `None` if it was closed already.
    pub fn close(&self, timeout_ms: i32) -> Result<Option<T::Outcome>> {
        let closing = self.begin_close()?;
        Ok(closing.map(|call| call.finish_close(timeout_ms)))
    }

    /// Closes the object for all other calls, and does not wait; [`CallGuard::finish_close`] has to follow. `None` if it
    /// was closed already.
    fn begin_close(&self) -> Result<Option<CallGuard<'_, T>>> {
        if !self.process.is_current() {
            return Err(Error::forked());
        }
        if !self.lifecycle.close() {
            return Ok(None);
        }
        let call = self.call(false);
        call.wake_for_close();
        Ok(Some(call))
    }

    /// As [`Self::close`], but what has to be waited for is left to what it returns, on whatever thread.
    pub fn close_later(
        self: &Arc<Self>,
        timeout_ms: i32,
    ) -> Result<Option<impl FnOnce() -> T::Outcome + Send + 'static>> {
        // The call stays counted, and goes on with the handle.
        if self.begin_close()?.map(std::mem::forget).is_none() {
            return Ok(None);
        }
        let handle = Arc::clone(self);
        Ok(Some(move || handle.call(false).finish_close(timeout_ms)))
    }

    /// The end of the handle: has a thread close it if need be. In a forked child it only forgets, since the threads that
    /// would be stopped are not there.
    pub fn free(
        handle: Arc<Self>,
        timeout_ms: i32,
        then: impl FnOnce(T::Outcome) + Send + 'static,
    ) {
        if handle.is_forked() {
            std::mem::forget(handle);
            return;
        }
        if let Ok(Some(close)) = handle.close_later(timeout_ms) {
            process::background::run(move || then(close()));
        }
    }
}

/// A call under way on a [`Handle`].
#[must_use]
pub struct CallGuard<'a, T: Send + Sync + 'static> {
    handle: &'a Handle<T>,
    is_owner: bool,
}

impl<T: Close> CallGuard<'_, T> {
    /// The second half of closing.
    fn finish_close(self, timeout_ms: i32) -> T::Outcome {
        // Calls of other threads return before the object closes, so that nothing is added
        // after the last count.
        let start = Instant::now();
        let limit = u64::try_from(timeout_ms).map_or(RETURN, Duration::from_millis);
        let limit = limit.clamp(RETURN_LEAST, RETURN);
        let handle = self.handle;
        while !handle.lifecycle.is_alone() && start.elapsed() < limit {
            // Of several that wait at one queue one is woken at a time.
            self.wake_for_close();
            thread::sleep(Duration::from_millis(1));
        }
        let outcome = match timeout_ms {
            0.. => self.finish((timeout_ms - start.elapsed().as_millis() as i32).max(0)),
            _ => self.finish(timeout_ms),
        };
        std::mem::forget(self);
        if handle.lifecycle.leave(false) {
            drop(handle.take());
        }
        outcome
    }
}

impl<T: Send + Sync + 'static> Deref for CallGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the object is taken once the last call has returned, and this one has not.
        let object = unsafe { &*self.handle.object.get() };
        object.as_ref().expect("taken only after the last call")
    }
}

impl<T: Send + Sync + 'static> Drop for CallGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.handle.lifecycle.leave(self.is_owner) {
            // Dropping takes its time, of which a call that returns has none.
            let object = self.handle.take();
            process::background::run(move || drop(object));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    struct Object {
        woken: AtomicBool,
        dropped: Arc<AtomicBool>,
    }

    impl Close for Object {
        type Outcome = ();
        fn wake_for_close(&self) {
            self.woken.store(true, Ordering::Relaxed);
        }
        fn finish(&self, _: i32) {}
    }

    impl Drop for Object {
        fn drop(&mut self) {
            self.dropped.store(true, Ordering::Relaxed);
        }
    }

    /// The call that leaves last has a thread drop it, unless it is the one that closes.
    fn await_drop(dropped: &AtomicBool) {
        while !dropped.load(Ordering::Relaxed) {
            thread::yield_now();
        }
    }

    fn handle() -> (Handle<Object>, Arc<AtomicBool>) {
        let dropped = Arc::new(AtomicBool::new(false));
        let object = Object {
            woken: AtomicBool::new(false),
            dropped: Arc::clone(&dropped),
        };
        let handle = Handle::made_by(|| Ok(object)).unwrap_or_else(|_| unreachable!());
        (handle, dropped)
    }

    #[test]
    fn closing_twice_is_harmless_and_using_it_after_is_an_error() {
        let (handle, dropped) = handle();
        assert_eq!(handle.close(7).unwrap(), Some(()));
        assert!(dropped.load(Ordering::Relaxed));
        assert_eq!(handle.close(7).unwrap(), None);
        assert_eq!(handle.enter().err().unwrap().code, Error::CLOSED);
    }

    /// One thread closes while another is inside, either way round.
    fn outlives(caller_is_owner: bool) {
        let (handle, dropped) = handle();
        let inside_and_closed = |outside: &AtomicBool| {
            let call = handle.enter().unwrap();
            assert_eq!(call.is_owner, caller_is_owner);
            outside.store(true, Ordering::Relaxed);
            while !call.woken.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            assert!(!dropped.load(Ordering::Relaxed));
        };
        let close = |inside: &AtomicBool| {
            while !inside.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            assert_eq!(handle.close(7).unwrap(), Some(()));
        };
        let is_inside = AtomicBool::new(false);
        thread::scope(|scope| {
            if caller_is_owner {
                scope.spawn(|| close(&is_inside));
                inside_and_closed(&is_inside);
            } else {
                scope.spawn(|| inside_and_closed(&is_inside));
                close(&is_inside);
            }
        });
        await_drop(&dropped);
    }

    #[test]
    fn the_object_outlives_its_last_call() {
        outlives(true);
        outlives(false);
    }

    #[test]
    fn a_call_within_a_call_is_counted() {
        let (handle, dropped) = handle();
        let outer = handle.enter().unwrap();
        drop(handle.enter().unwrap());
        thread::scope(|scope| {
            // It stops waiting for the outer call after a while, and leaves the object to it.
            scope.spawn(|| assert_eq!(handle.close(7).unwrap(), Some(())));
        });
        assert!(!dropped.load(Ordering::Relaxed));
        drop(outer);
        await_drop(&dropped);
    }

    /// Threads enter and leave while another closes: none is inside when the object is gone.
    #[test]
    fn closing_races_with_calls() {
        for _ in 0..200 {
            let (handle, dropped) = handle();
            let race = || {
                while let Ok(call) = handle.enter() {
                    assert!(!dropped.load(Ordering::Relaxed));
                    drop(call);
                }
            };
            thread::scope(|scope| {
                scope.spawn(race);
                scope.spawn(|| {
                    thread::yield_now();
                    handle.close(0).unwrap();
                });
                race();
            });
            await_drop(&dropped);
        }
    }
}
