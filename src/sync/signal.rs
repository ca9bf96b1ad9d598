//! A signal: one waiter is notified, once, when there may be something new.

use std::sync::{Arc, PoisonError};

use super::primitives::{fence, AtomicBool, Mutex, Ordering};

/// What a waiter is notified by.
pub trait Notify {
    /// There may be something new for the waiter with this key.
    fn notify(&self, key: u64);
}

/// See the module. Where no waiter has armed it, notifying costs a fence and a look at a flag.
pub struct Signal<N> {
    is_armed: AtomicBool,
    armed: Mutex<Option<(Arc<N>, u64)>>,
}

impl<N> Default for Signal<N> {
    fn default() -> Self {
        Self {
            is_armed: AtomicBool::new(false),
            armed: Mutex::new(None),
        }
    }
}

impl<N: Notify> Signal<N> {
    /// Has the next [`Self::notify`] notify this waiter, in place of an earlier one. Look afterwards whether there is
    /// something already.
    pub fn arm(&self, notifier: &Arc<N>, key: u64) {
        let armed = Some((Arc::clone(notifier), key));
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = armed;
        self.is_armed.store(true, Ordering::Relaxed);
        // Pairs with the one in notify(): either that sees that it is armed, or the waiter sees what is new.
        fence(Ordering::SeqCst);
    }

    /// There may be something new.
    #[inline]
    pub fn notify(&self) {
        fence(Ordering::SeqCst);
        if self.is_armed.load(Ordering::Relaxed) {
            self.notify_armed();
        }
    }

    #[cold]
    fn notify_armed(&self) {
        if self.is_armed.swap(false, Ordering::Relaxed) {
            let armed = self
                .armed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some((notifier, key)) = armed {
                notifier.notify(key);
            }
        }
    }
}
