//! The models of src/sync, which is compiled here with loom's primitives in place of the standard library's: loom runs each
//! model in every order of what its threads do.

#![cfg(test)]

// Paths are from this folder.
#[path = "."]
mod sync {
    #[path = "../../src/sync/signal.rs"]
    pub mod signal;
    #[path = "../../src/sync/slot.rs"]
    pub mod slot;

    mod primitives {
        pub use loom::sync::atomic::{fence, AtomicBool, Ordering};
        pub use loom::sync::{Condvar, Mutex};
    }
}

use std::sync::atomic::{AtomicUsize as Count, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Duration;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use sync::signal::{Notify, Signal};
use sync::slot::Slot;

/// Counts; it is part of no model.
#[derive(Default)]
struct Counter(Count);

impl Notify for Counter {
    fn notify(&self, _: u64) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Counter {
    fn count(&self) -> usize {
        self.0.load(Relaxed)
    }
}

#[test]
fn a_waiter_sees_what_is_new_or_is_notified() {
    loom::model(|| {
        let (signal, counter) = (Arc::new(Signal::default()), Arc::new(Counter::default()));
        let news = Arc::new(AtomicUsize::new(0));
        let notifier = thread::spawn({
            let (signal, news) = (Arc::clone(&signal), Arc::clone(&news));
            move || {
                news.store(1, Ordering::Relaxed);
                signal.notify();
            }
        });
        signal.arm(&counter, 1);
        let has_seen = news.load(Ordering::Relaxed) == 1;
        notifier.join().unwrap();
        assert!(has_seen || counter.count() == 1, "a notification was lost");
    });
}

#[test]
fn a_waiter_is_notified_once_each_time() {
    loom::model(|| {
        let (signal, counter) = (Arc::new(Signal::default()), Arc::new(Counter::default()));
        signal.arm(&counter, 1);
        let notifiers = [(); 2].map(|()| {
            let signal = Arc::clone(&signal);
            thread::spawn(move || signal.notify())
        });
        for notifier in notifiers {
            notifier.join().unwrap();
        }
        assert_eq!(counter.count(), 1);
        signal.notify();
        assert_eq!(counter.count(), 1);
        signal.arm(&counter, 1);
        signal.notify();
        assert_eq!(counter.count(), 2);
    });
}

/// As a future's: of an answer, a cancel and a close one is the outcome.
#[test]
fn a_slot_keeps_the_first_value_and_wakes_its_waiter() {
    loom::model(|| {
        let slot = Arc::new(Slot::default());
        let setters = [1, 2].map(|value| {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.set(value))
        });
        let seen = *slot.wait(|| Duration::MAX).expect("without limit");
        let first = setters.map(|setter| setter.join().unwrap());
        assert!(first[0] != first[1], "one of them is the first");
        assert_eq!(seen, if first[0] { 1 } else { 2 });
        assert_eq!(slot.get(), Some(&seen));
    });
}

#[test]
fn all_waiters_of_a_slot_are_woken() {
    loom::model(|| {
        let slot = Arc::new(Slot::default());
        let waiters = [(); 2].map(|()| {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.wait(|| Duration::MAX).copied())
        });
        assert!(slot.set(7));
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Some(7));
        }
    });
}
