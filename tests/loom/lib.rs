//! The models of src/sync, which is compiled here with loom's primitives in place of the standard library's: loom runs each
//! model in every order of what its threads do.

#![cfg(test)]

// Paths are from this folder.
#[path = "."]
mod sync {
    #[allow(dead_code)]
    #[path = "../../src/sync/deadline.rs"]
    pub mod deadline;
    #[path = "../../src/sync/lifecycle.rs"]
    pub mod lifecycle;
    #[path = "../../src/sync/outstanding.rs"]
    pub mod outstanding;
    #[path = "../../src/sync/signal.rs"]
    pub mod signal;

    mod primitives {
        pub use loom::sync::atomic::fence as owner_fence;
        pub use loom::sync::atomic::{
            fence, AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering,
        };
        pub use loom::sync::{Condvar, Mutex, MutexGuard};

        /// The closing thread's barrier in every thread, and the owner's of the compiler, are a pair of fences.
        pub fn barrier() {
            fence(Ordering::SeqCst);
        }
    }
}

use std::sync::atomic::{AtomicUsize as Count, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use sync::deadline::Deadline;
use sync::lifecycle::Lifecycle;
use sync::outstanding::Outstanding;
use sync::signal::{Notify, Signal};

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
fn a_thread_waits_for_the_first_of_two_outcomes() {
    loom::model(|| {
        let (signal, outcome) = (
            Arc::new(Signal::<Counter>::default()),
            Arc::new(OnceLock::new()),
        );
        let setters = [1, 2].map(|value| {
            let (signal, outcome) = (Arc::clone(&signal), Arc::clone(&outcome));
            thread::spawn(move || {
                let is_first = outcome.set(value).is_ok();
                signal.notify();
                is_first
            })
        });
        assert!(signal.wait(Deadline::default(), || outcome.get().is_some()));
        let seen = *outcome.get().unwrap();
        let first = setters.map(|setter| setter.join().unwrap());
        assert!(first[0] != first[1], "one of them is the first");
        assert_eq!(seen, if first[0] { 1 } else { 2 });
    });
}

/// Of so many orders those are run in which a thread is interrupted at most twice.
#[test]
fn all_threads_that_wait_are_notified_and_an_event_loop_too() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let (signal, counter) = (Arc::new(Signal::default()), Arc::new(Counter::default()));
        let news = Arc::new(AtomicUsize::new(0));
        let waiters = [(); 2].map(|()| {
            let (signal, news) = (Arc::clone(&signal), Arc::clone(&news));
            let is_there = move || news.load(Ordering::Relaxed) == 1;
            thread::spawn(move || signal.wait(Deadline::default(), is_there))
        });
        signal.arm(&counter, 1);
        news.store(1, Ordering::Relaxed);
        signal.notify();
        for waiter in waiters {
            assert!(waiter.join().unwrap());
        }
        assert_eq!(counter.count(), 1);
    });
}

/// An object with its lifecycle. loom reports an access beside the write that takes it.
#[derive(Default)]
struct Object {
    lifecycle: Lifecycle,
    is_gone: UnsafeCell<bool>,
    ends: Counter,
}

// SAFETY: that this holds is what the models show.
unsafe impl Sync for Object {}

impl Object {
    fn read(&self) {
        // SAFETY: loom looks.
        self.is_gone.with(|it| assert!(!unsafe { *it }));
    }

    fn leave(&self, is_owner: bool) {
        if self.lifecycle.leave(is_owner) {
            // SAFETY: as above.
            self.is_gone.with_mut(|it| unsafe { *it = true });
            self.ends.notify(0);
        }
    }

    fn call(&self) {
        if self.lifecycle.enter() {
            self.read();
            self.leave(false);
        }
    }

    fn call_as_owner(&self) {
        if self.lifecycle.enter_as_owner() {
            self.read();
        }
        self.leave(true);
    }

    /// Whether it was the one that closed it.
    fn close(&self) -> bool {
        let is_first = self.lifecycle.close();
        if is_first {
            match self.lifecycle.is_alone() {
                // SAFETY: as above.
                true => self.is_gone.with_mut(|it| assert!(!unsafe { *it })),
                false => self.read(),
            }
            self.leave(false);
        }
        is_first
    }
}

/// One thread closes the object beside this call.
fn goes_once_after(call: fn(&Object)) {
    loom::model(move || {
        let object = Arc::new(Object::default());
        let closing = thread::spawn({
            let object = Arc::clone(&object);
            move || object.close()
        });
        call(&object);
        assert!(closing.join().unwrap());
        assert_eq!(object.ends.count(), 1);
        assert!(!object.lifecycle.enter());
    });
}

#[test]
fn an_object_goes_once_after_a_call_of_its_owner() {
    goes_once_after(Object::call_as_owner);
}

#[test]
fn an_object_goes_once_after_a_call_of_another_thread() {
    goes_once_after(Object::call);
}

/// Three threads have more orders than can be run: those in which a thread is interrupted at most twice.
#[test]
fn an_object_goes_once_after_all_calls() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let object = Arc::new(Object::default());
        let others: [fn(&Object); 2] = [Object::call, |object| assert!(object.close())];
        let others = others.map(|act| {
            let object = Arc::clone(&object);
            thread::spawn(move || act(&object))
        });
        object.call_as_owner();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(object.ends.count(), 1);
    });
}

#[test]
fn an_object_is_closed_once() {
    loom::model(|| {
        let object = Arc::new(Object::default());
        let other = thread::spawn({
            let object = Arc::clone(&object);
            move || object.close()
        });
        let is_first = object.close();
        assert!(other.join().unwrap() != is_first);
        assert_eq!(object.ends.count(), 1);
    });
}

fn no_limit(_: u64) -> u64 {
    u64::MAX
}

/// Two callers each begin one and wait for the moment behind it, while a third thread ends what has begun.
#[test]
fn what_had_begun_by_a_moment_has_ended_when_that_is_said() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let outstanding = Arc::new(Outstanding::default());
        let ended = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let callers = [0, 1].map(|number| {
            let (outstanding, ended) = (Arc::clone(&outstanding), Arc::clone(&ended[number]));
            thread::spawn(move || {
                let (_, epoch) = outstanding.begin(1, no_limit);
                let ending = thread::spawn({
                    let (outstanding, ended) = (Arc::clone(&outstanding), Arc::clone(&ended));
                    move || {
                        ended.store(1, Ordering::Relaxed);
                        outstanding.end(1, epoch);
                    }
                });
                let moment = outstanding.moment();
                if outstanding.has_ended(moment) {
                    assert_eq!(ended.load(Ordering::Relaxed), 1, "it has not ended");
                }
                ending.join().unwrap();
                moment
            })
        });
        let moments = callers.map(|caller| caller.join().unwrap());
        for moment in moments {
            assert!(outstanding.has_ended(moment), "all has ended");
        }
    });
}

/// Two callers wait, without limit, for what each has begun, and only what ends an epoch notifies them.
#[test]
fn what_waits_for_a_moment_is_notified_by_the_last_to_end() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let (outstanding, signal) = (
            Arc::new(Outstanding::default()),
            Arc::new(Signal::<Counter>::default()),
        );
        let (_, epoch) = outstanding.begin(2, no_limit);
        let moment = outstanding.moment();
        let waiting = thread::spawn({
            let (outstanding, signal) = (Arc::clone(&outstanding), Arc::clone(&signal));
            move || signal.wait(Deadline::default(), || outstanding.has_ended(moment))
        });
        let ending = thread::spawn({
            let (outstanding, signal) = (Arc::clone(&outstanding), Arc::clone(&signal));
            move || {
                for _ in 0..2 {
                    if outstanding.end(1, epoch) {
                        signal.notify();
                    }
                }
            }
        });
        assert!(signal.wait(Deadline::default(), || outstanding.has_ended(moment)));
        assert!(waiting.join().unwrap());
        ending.join().unwrap();
    });
}

/// What begins behind a moment is not waited for.
#[test]
fn what_begins_later_does_not_count() {
    loom::model(|| {
        let outstanding = Outstanding::default();
        let (_, first) = outstanding.begin(2, no_limit);
        let moment = outstanding.moment();
        assert!(!outstanding.has_ended(moment));
        let (_, second) = outstanding.begin(1, no_limit);
        assert!(first != second);
        let later = outstanding.moment();
        assert!(!outstanding.end(1, first));
        assert!(!outstanding.has_ended(moment) && !outstanding.has_ended(later));
        assert!(outstanding.end(1, first), "the last one says so");
        assert!(outstanding.has_ended(moment) && !outstanding.has_ended(later));
        // Now that the first epoch is used again.
        let (_, third) = outstanding.begin(1, no_limit);
        assert!(third == first);
        assert!(outstanding.end(1, second));
        assert!(outstanding.has_ended(later));
        assert!(!outstanding.end(1, third), "nothing waits for it");
    });
}

/// Of two that begin where there is room for one, one does.
#[test]
fn no_more_begin_than_there_is_room_for() {
    loom::model(|| {
        let outstanding = Arc::new(Outstanding::default());
        let begin = |outstanding: &Outstanding| outstanding.begin(1, |begun| 1 - begun).0;
        let other = thread::spawn({
            let outstanding = Arc::clone(&outstanding);
            move || begin(&outstanding)
        });
        let taken = begin(&outstanding);
        assert_eq!(taken + other.join().unwrap(), 1);
        assert_eq!(outstanding.begun(), 1);
    });
}
