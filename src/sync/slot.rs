//! A slot: a value that is set once, and waited for.

use std::sync::{OnceLock, PoisonError};
use std::time::Duration;

use super::primitives::{Condvar, Mutex};

/// See the module.
pub struct Slot<T> {
    value: OnceLock<T>,
    lock: Mutex<()>,
    is_set: Condvar,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            value: OnceLock::new(),
            lock: Mutex::new(()),
            is_set: Condvar::new(),
        }
    }
}

impl<T> Slot<T> {
    /// Sets the value, and wakes all that wait for it; false if it is set already, and stays.
    pub fn set(&self, value: T) -> bool {
        let is_first = self.value.set(value).is_ok();
        if is_first {
            // Taken and let go: a waiter between its look and its sleep holds it.
            drop(self.lock.lock());
            self.is_set.notify_all();
        }
        is_first
    }

    /// The value, if it is set.
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// Waits until the value is set. `left`: how much longer, asked before each sleep, which is no longer than that.
    pub fn wait(&self, left: impl Fn() -> Duration) -> Option<&T> {
        if self.get().is_none() && !left().is_zero() {
            let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                let left = left();
                if self.get().is_some() || left.is_zero() {
                    break;
                }
                lock = self
                    .is_set
                    .wait_timeout(lock, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
        }
        self.get()
    }
}
