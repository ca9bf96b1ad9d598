//! A signal: what waits is notified when there may be something new. Threads wait here; an event loop, which cannot, arms it.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::deadline::Deadline;
use super::primitives::{fence, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering};

/// What an event loop is notified by.
pub trait Notify {
    /// There may be something new for the waiter with this key.
    fn notify(&self, key: u64);
}

/// An event loop has armed it; the bits above count the threads that wait.
const ARMED: usize = 1;
const THREAD: usize = 2;

/// See the module. Where nothing waits, notifying costs a fence and a look.
pub struct Signal<N> {
    /// What waits: the bit [`ARMED`], and threads in units of [`THREAD`].
    waiters: AtomicUsize,
    armed: Mutex<Option<(Arc<N>, u64)>>,
    notified: Condvar,
}

impl<N> Default for Signal<N> {
    fn default() -> Self {
        Self {
            waiters: AtomicUsize::new(0),
            armed: Mutex::new(None),
            notified: Condvar::new(),
        }
    }
}

impl<N: Notify> Signal<N> {
    fn lock(&self) -> MutexGuard<'_, Option<(Arc<N>, u64)>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the next [`Self::notify`] notify this event loop, in place of an earlier one. Look afterwards whether there is
    /// something already.
    pub fn arm(&self, notifier: &Arc<N>, key: u64) {
        let mut guard = self.lock();
        *guard = Some((Arc::clone(notifier), key));
        self.waiters.fetch_or(ARMED, Ordering::Relaxed);
        drop(guard);
        // Pairs with the one in notify(): either that sees the waiter, or the waiter sees what is new.
        fence(Ordering::SeqCst);
    }

    /// Waits until `is_there`, which is asked at first and whenever there may be something new; false if the time is up
    /// before. It is asked with the signal's lock held, for which a thread that notifies waits: it must take no lock that is held
    /// by a thread which notifies, or for long.
    pub fn wait(&self, deadline: Deadline, is_there: impl Fn() -> bool) -> bool {
        if is_there() {
            return true;
        } else if deadline.is_past() {
            return false;
        }
        let mut guard = self.lock();
        self.waiters.fetch_add(THREAD, Ordering::Relaxed);
        // As in arm().
        fence(Ordering::SeqCst);
        let found = loop {
            if is_there() {
                break true;
            } else if deadline.is_past() {
                break false;
            }
            let left = deadline.remaining(Duration::MAX);
            let waited = self.notified.wait_timeout(guard, left);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        self.waiters.fetch_sub(THREAD, Ordering::Relaxed);
        found
    }

    /// There may be something new.
    #[inline]
    pub fn notify(&self) {
        fence(Ordering::SeqCst);
        if self.waiters.load(Ordering::Relaxed) != 0 {
            self.notify_waiters();
        }
    }

    #[cold]
    fn notify_waiters(&self) {
        // A thread between its look and its sleep holds the lock.
        let mut guard = self.lock();
        let armed = guard.take();
        let waiters = self.waiters.fetch_and(!ARMED, Ordering::Relaxed);
        drop(guard);
        if waiters >= THREAD {
            self.notified.notify_all();
        }
        if let Some((notifier, key)) = armed {
            notifier.notify(key);
        }
    }
}
