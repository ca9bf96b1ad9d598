//! The life of an object that C holds a pointer to: open, closed, or made before
//! a fork.

use std::cell::UnsafeCell;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::client::{Error, Result};
use crate::process::Generation;

const CLOSED: usize = 1;
const USER: usize = 2;

/// What closing means for an object.
pub trait Close {
    /// What closing returns.
    type Outcome;
    /// Sends callers home that wait inside the object.
    fn wake_for_close(&self);
    /// Winds up, within this time.
    fn finish(&self, timeout_ms: i32) -> Self::Outcome;
}

/// A handle: its object lives until it is closed and the last call on it has returned.
pub struct Handle<T> {
    process: Generation,
    /// The number of calls under way, in units of [`USER`], and the bit [`CLOSED`].
    state: AtomicUsize,
    object: UnsafeCell<Option<T>>,
}

// SAFETY: the object is shared through `enter`, and taken once, by the last user after closing.
unsafe impl<T: Send + Sync> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Handle<T> {}

impl<T> Handle<T> {
    /// An open handle.
    pub fn new(object: T) -> Self {
        Self {
            process: Generation::current(),
            state: AtomicUsize::new(0),
            object: UnsafeCell::new(Some(object)),
        }
    }

    /// The object, for one call.
    #[inline]
    pub fn enter(&self) -> Result<User<'_, T>> {
        if !self.process.is_current() {
            return Err(Error::forked());
        }
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            if state & CLOSED != 0 {
                return Err(Error::closed());
            }
            match self.state.compare_exchange_weak(
                state,
                state + USER,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(User(self)),
                Err(now) => state = now,
            }
        }
    }

    #[inline]
    fn leave(&self) {
        if self.state.fetch_sub(USER, Ordering::AcqRel) == CLOSED | USER {
            // SAFETY: closed, so nobody enters any more, and this was the last one inside.
            drop(unsafe { (*self.object.get()).take() });
        }
    }
}

impl<T: Close> Handle<T> {
    /// Closes the object; `None` if it was closed already.
    pub fn close(&self, timeout_ms: i32) -> Result<Option<T::Outcome>> {
        let user = match self.enter() {
            Err(error) if error.code == Error::CLOSED => return Ok(None),
            entered => entered?,
        };
        if self.state.fetch_or(CLOSED, Ordering::AcqRel) & CLOSED != 0 {
            return Ok(None);
        }
        user.wake_for_close();
        // Calls of other threads come home before the object winds up, so that nothing is added
        // after the last count. Waiting calls look up every 100 ms; ten times that is a stuck one.
        for _ in 0..1000 {
            if self.state.load(Ordering::Acquire) == CLOSED | USER {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(Some(user.finish(timeout_ms)))
    }

    /// The end of the handle: closes if need be. In a forked child it only forgets, since the
    /// threads that would be stopped are not there.
    pub fn free(handle: Arc<Self>, timeout_ms: i32, then: impl FnOnce(T::Outcome)) {
        if !handle.process.is_current() {
            std::mem::forget(handle);
            return;
        }
        if let Ok(Some(outcome)) = handle.close(timeout_ms) {
            then(outcome);
        }
    }
}

/// A call under way on a [`Handle`].
pub struct User<'a, T>(&'a Handle<T>);

impl<T> Deref for User<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the object is taken by the last user only, and this is one.
        let object = unsafe { &*self.0.object.get() };
        object.as_ref().expect("taken only after the last user")
    }
}

impl<T> Drop for User<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    struct Object {
        woken: AtomicBool,
        dropped: Arc<AtomicBool>,
    }

    impl Close for Object {
        type Outcome = i32;
        fn wake_for_close(&self) {
            self.woken.store(true, Ordering::Relaxed);
        }
        fn finish(&self, timeout_ms: i32) -> i32 {
            timeout_ms
        }
    }

    impl Drop for Object {
        fn drop(&mut self) {
            self.dropped.store(true, Ordering::Relaxed);
        }
    }

    fn handle() -> (Handle<Object>, Arc<AtomicBool>) {
        let dropped = Arc::new(AtomicBool::new(false));
        let object = Object {
            woken: AtomicBool::new(false),
            dropped: Arc::clone(&dropped),
        };
        (Handle::new(object), dropped)
    }

    #[test]
    fn closing_twice_is_harmless_and_using_it_after_is_an_error() {
        let (handle, dropped) = handle();
        assert_eq!(handle.close(7).unwrap(), Some(7));
        assert!(dropped.load(Ordering::Relaxed));
        assert_eq!(handle.close(7).unwrap(), None);
        assert_eq!(handle.enter().err().unwrap().code, Error::CLOSED);
    }

    #[test]
    fn the_object_outlives_its_last_user() {
        let (handle, dropped) = handle();
        thread::scope(|scope| {
            let user = handle.enter().unwrap();
            let closing = scope.spawn(|| handle.close(7).unwrap());
            while !user.woken.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            assert!(!dropped.load(Ordering::Relaxed));
            drop(user);
            assert_eq!(closing.join().unwrap(), Some(7));
        });
        assert!(dropped.load(Ordering::Relaxed));
    }
}
