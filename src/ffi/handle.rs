//! The life of an object that C holds a pointer to: open, closed, or made before
//! a fork.

use std::cell::UnsafeCell;
use std::ops::Deref;
use std::sync::atomic::{compiler_fence, fence, AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Error, Result};
use crate::process::{self, Generation};

const CLOSED: usize = 1;
const USER: usize = 2;

/// How long calls of other threads may take to come home once an object is being closed,
const HOME: Duration = Duration::from_secs(1);
/// and how long even if the time to close it is up: mostly that is enough.
const HOME_LEAST: Duration = Duration::from_millis(10);

/// What closing means for an object.
pub trait Close: Send + Sync + 'static {
    /// What closing returns.
    type Outcome;
    /// Sends callers home that wait inside the object.
    fn wake_for_close(&self);
    /// Winds up, within this time.
    fn finish(&self, timeout_ms: i32) -> Self::Outcome;
}

/// A handle: its object lives until it is closed and the last call on it has returned.
///
/// Calls under way are counted. Two atomic read-modify-writes a call are a twentieth of what
/// producing a message costs, so the thread that made the handle, which is mostly the only one,
/// counts its own calls apart and with plain writes. Closing makes up for it with a barrier in
/// every thread.
pub struct Handle<T: Send + Sync + 'static> {
    process: Generation,
    /// The thread that counts in `owner_users`; 0 for none.
    owner: usize,
    /// The owner's calls under way. Written by the owner only.
    owner_users: AtomicUsize,
    /// The number of other calls under way, in units of [`USER`], and the bit [`CLOSED`].
    state: AtomicUsize,
    is_taken: AtomicBool,
    object: UnsafeCell<Option<T>>,
}

// SAFETY: the object is shared through `enter`, and taken once, by the last user after closing.
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
            owner_users: AtomicUsize::new(0),
            state: AtomicUsize::new(0),
            is_taken: AtomicBool::new(false),
            object: UnsafeCell::new(Some(make()?)),
        })
    }

    /// Whether it was made before a fork, in the parent.
    pub fn is_forked(&self) -> bool {
        !self.process.is_current()
    }

    /// The object, for one call.
    #[inline]
    pub fn enter(&self) -> Result<User<'_, T>> {
        if !self.process.is_current() {
            return Err(Error::forked());
        }
        if self.owner == process::thread() {
            self.enter_as_owner()
        } else {
            self.enter_as_other()
        }
    }

    #[inline]
    fn enter_as_owner(&self) -> Result<User<'_, T>> {
        let users = self.owner_users.load(Ordering::Relaxed);
        self.owner_users.store(users + 1, Ordering::Relaxed);
        // The processor may still swap the write and the read: the barrier of `close` is for that.
        compiler_fence(Ordering::SeqCst);
        let user = User {
            handle: self,
            is_owner: true,
        };
        if self.state.load(Ordering::Acquire) & CLOSED != 0 {
            return Err(Error::closed());
        }
        Ok(user)
    }

    fn enter_as_other(&self) -> Result<User<'_, T>> {
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
                Ok(_) => {
                    return Ok(User {
                        handle: self,
                        is_owner: false,
                    })
                }
                Err(now) => state = now,
            }
        }
    }

    /// `is_closer`: it has the time to drop the object.
    #[inline]
    fn leave(&self, is_owner: bool, is_closer: bool) {
        let state = if is_owner {
            let users = self.owner_users.load(Ordering::Relaxed);
            self.owner_users.store(users - 1, Ordering::Release);
            compiler_fence(Ordering::SeqCst);
            self.state.load(Ordering::Relaxed)
        } else {
            self.state.fetch_sub(USER, Ordering::Release) - USER
        };
        if state & CLOSED != 0 {
            self.drop_if_last(is_closer);
        }
    }

    /// Whether no call but the closing one is inside.
    fn is_alone(&self) -> bool {
        self.state.load(Ordering::Acquire) == CLOSED | USER
            && self.owner_users.load(Ordering::Acquire) == 0
    }

    #[cold]
    fn drop_if_last(&self, is_closer: bool) {
        // Of two that leave at once at least one sees that both have left.
        fence(Ordering::SeqCst);
        let is_last = self.state.load(Ordering::Acquire) == CLOSED
            && self.owner_users.load(Ordering::Acquire) == 0;
        if is_last && !self.is_taken.swap(true, Ordering::AcqRel) {
            // SAFETY: closed, so no call enters any more; all have left, and the others leave it alone.
            let object = unsafe { (*self.object.get()).take() };
            match is_closer {
                true => drop(object),
                // It takes its time, of which a call that comes back has none.
                false => process::background::run(move || drop(object)),
            }
        }
    }
}

impl<T: Close> Handle<T> {
    /// Closes the object; `None` if it was closed already.
    pub fn close(&self, timeout_ms: i32) -> Result<Option<T::Outcome>> {
        let closing = self.begin_close()?;
        Ok(closing.map(|user| user.wind_up(timeout_ms)))
    }

    /// Closes the object for all other calls, and does not wait; [`User::wind_up`] has to follow. `None` if it was
    /// closed already.
    fn begin_close(&self) -> Result<Option<User<'_, T>>> {
        if !self.process.is_current() {
            return Err(Error::forked());
        }
        // As one of the others, also on the owner's thread: the user may go to another one.
        let user = match self.enter_as_other() {
            Err(error) if error.code == Error::CLOSED => return Ok(None),
            entered => entered?,
        };
        if self.state.fetch_or(CLOSED, Ordering::AcqRel) & CLOSED != 0 {
            return Ok(None);
        }
        // From here on the owner either sees that it is closed, or is seen inside.
        process::barrier::execute();
        user.wake_for_close();
        Ok(Some(user))
    }

    /// As [`Self::close`], but what has to be waited for is left to what it returns, on whatever thread.
    pub fn close_later(
        self: &Arc<Self>,
        timeout_ms: i32,
    ) -> Result<Option<impl FnOnce() -> T::Outcome + Send + 'static>> {
        // The count that it stands for is kept, and goes with the handle.
        if self.begin_close()?.map(std::mem::forget).is_none() {
            return Ok(None);
        }
        let handle = Arc::clone(self);
        Ok(Some(move || {
            let user = User {
                handle: &handle,
                is_owner: false,
            };
            user.wind_up(timeout_ms)
        }))
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
pub struct User<'a, T: Send + Sync + 'static> {
    handle: &'a Handle<T>,
    is_owner: bool,
}

impl<T: Close> User<'_, T> {
    /// The second half of closing.
    fn wind_up(self, timeout_ms: i32) -> T::Outcome {
        // Calls of other threads come home before the object winds up, so that nothing is added
        // after the last count.
        let start = Instant::now();
        let limit = u64::try_from(timeout_ms).map_or(HOME, Duration::from_millis);
        let limit = limit.clamp(HOME_LEAST, HOME);
        while !self.handle.is_alone() && start.elapsed() < limit {
            // Of several that wait at one queue one is woken at a time.
            self.wake_for_close();
            thread::sleep(Duration::from_millis(1));
        }
        let outcome = match timeout_ms {
            0.. => self.finish((timeout_ms - start.elapsed().as_millis() as i32).max(0)),
            _ => self.finish(timeout_ms),
        };
        let handle = self.handle;
        std::mem::forget(self);
        handle.leave(false, true);
        outcome
    }
}

impl<T: Send + Sync + 'static> Deref for User<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the object is taken by the last user only, and this is one.
        let object = unsafe { &*self.handle.object.get() };
        object.as_ref().expect("taken only after the last user")
    }
}

impl<T: Send + Sync + 'static> Drop for User<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.handle.leave(self.is_owner, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn outlives(user_is_owner: bool) {
        let (handle, dropped) = handle();
        let inside_and_closed = |outside: &AtomicBool| {
            let user = handle.enter().unwrap();
            assert_eq!(user.is_owner, user_is_owner);
            outside.store(true, Ordering::Relaxed);
            while !user.woken.load(Ordering::Relaxed) {
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
            if user_is_owner {
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
    fn the_object_outlives_its_last_user() {
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
                while let Ok(user) = handle.enter() {
                    assert!(!dropped.load(Ordering::Relaxed));
                    drop(user);
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
