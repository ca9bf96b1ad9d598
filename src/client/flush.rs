//! Flushing: what was sent before goes without waiting for `linger.ms`, and the flush ends when that is reported.
//!
//! librdkafka's own flush goes on until nothing at all is left, and lets nothing linger as long as it does. Where others go on
//! sending, that has no end. So it is called for a moment only, in which messages that wait for nothing but their time leave.

use std::mem;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::error::{Error, Result};
use super::future::{Future, Outcome, Promise};
use super::lock;
use super::producer::{Producer, Shared};
use crate::process;
use crate::rd;
use crate::sync::{Deadline, Moment};

/// How long nothing lingers: in a moment each broker's thread has seen it,
const HURRY: Duration = Duration::from_millis(10);
/// unless it had no connection. So there is another such moment, later each time by twice as much,
const AGAIN: Duration = Duration::from_millis(250);
/// up to this.
const AGAIN_MOST: Duration = Duration::from_secs(1);

/// When messages are kept from lingering.
struct Hurry {
    at: Instant,
    again: Duration,
}

impl Hurry {
    /// Now, and again later.
    fn now() -> Self {
        Self {
            at: Instant::now(),
            again: AGAIN,
        }
    }

    /// Whether it is time, and when is the next one.
    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let is_due = now >= self.at;
        if is_due {
            self.at = now + self.again;
            self.again = (2 * self.again).min(AGAIN_MOST);
        }
        is_due
    }

    /// The next one, or `deadline` if that is sooner.
    fn or(&self, deadline: Deadline) -> Deadline {
        let left = self.at.saturating_duration_since(Instant::now());
        Deadline::after(deadline.remaining(left))
    }
}

/// A flush with a future.
struct Flush {
    moment: Moment,
    deadline: Deadline,
    promise: Promise,
}

/// The flushes of one producer that have futures. One thread sees to all of them, as long as there are some.
#[derive(Default)]
pub(super) struct Flushes {
    open: Mutex<Open>,
    /// One has been added that the thread has not seen.
    has_new: AtomicBool,
}

#[derive(Default)]
struct Open {
    flushes: Vec<Flush>,
    has_thread: bool,
}

impl Shared {
    fn timed_out(&self) -> Error {
        let left = self.reports.awaited();
        Error::timed_out(format!("{left} messages not delivered in time"))
    }

    /// Keeps messages from lingering, for a moment. Where the accumulator takes as long to be drained, that is tried again.
    fn hurry(&self, native: &rd::Client, hurry: &mut Hurry, deadline: Deadline) {
        if self.drain(Deadline::after(deadline.remaining(HURRY))) {
            let _ = native.flush(deadline.remaining_ms(HURRY.as_millis() as i32));
        } else {
            hurry.at = Instant::now() + HURRY;
        }
    }

    /// What has become of a flush, if it is over.
    fn outcome_of(&self, flush: &Flush) -> Option<Result<Outcome>> {
        if self.reports.is_closing() || flush.promise.is_settled() {
            Some(Err(Error::closed()))
        } else if self.reports.all_reported(flush.moment) {
            Some(Ok(Outcome::Nothing))
        } else {
            flush.deadline.is_past().then(|| Err(self.timed_out()))
        }
    }

    /// Sees to the flushes that have futures, until there are none.
    fn serve_flushes(&self, native: &rd::Client) {
        let mut hurry = Hurry::now();
        loop {
            if self.flushes.has_new.swap(false, Ordering::Acquire) {
                hurry = Hurry::now();
            }
            let mut open = lock(&self.flushes.open);
            let before = open.flushes.len();
            // Also on behalf of one whose time was too short to see it.
            let mut is_needed = false;
            open.flushes.retain(|flush| {
                let outcome = self.outcome_of(flush);
                is_needed |= !matches!(outcome, Some(Ok(_)));
                let is_over = outcome.is_some();
                if let Some(outcome) = outcome {
                    flush.promise.complete(outcome);
                }
                !is_over
            });
            let count = open.flushes.len();
            open.has_thread = count > 0;
            let soonest = |left: Duration, flush: &Flush| flush.deadline.remaining(left);
            let left = open.flushes.iter().fold(AGAIN_MOST, soonest);
            let first = open.flushes.iter().map(|flush| flush.moment).min();
            drop(open);
            if count < before {
                // What waits for the producer sees that futures are complete.
                self.signal.notify();
            }
            if is_needed && hurry.is_due() {
                self.hurry(native, &mut hurry, Deadline::default());
            } else if let Some(first) = first {
                let deadline = hurry.or(Deadline::after(left));
                let has_new = || self.flushes.has_new.load(Ordering::Relaxed);
                self.reports.wait_reported(first, deadline, has_new);
            }
            if count == 0 {
                return;
            }
        }
    }
}

impl Producer {
    /// Has what was sent before sent without waiting for `linger.ms`, and waits until it is reported; an event that is awaited
    /// ends the wait with an error.
    pub fn flush(&self, timeout_ms: i32) -> Result<()> {
        let (shared, events) = (self.shared(), self.client().events());
        let reports = &shared.reports;
        let deadline = Deadline::after_ms(timeout_ms);
        let moment = reports.moment();
        let mut hurry = Hurry::now();
        loop {
            if reports.is_closing() {
                return Err(Error::closed());
            } else if reports.all_reported(moment) {
                return Ok(());
            } else if hurry.is_due() {
                shared.hurry(self.client().native(), &mut hurry, deadline);
            } else if events.is_awaited_there() {
                return Err(Error::event());
            } else if deadline.is_past() {
                return Err(reports.causes().explain(shared.timed_out()));
            } else {
                let interrupted = || events.is_awaited_there();
                reports.wait_reported(moment, hurry.or(deadline), interrupted);
            }
        }
    }

    /// As [`Self::flush`], with a future; no event ends it.
    pub fn flush_later(&self, timeout_ms: i32) -> Result<Future> {
        let (future, promise) = self.client().futures().open();
        let flush = Flush {
            moment: self.shared().reports.moment(),
            deadline: Deadline::after_ms(timeout_ms),
            promise,
        };
        let mut open = lock(&self.shared().flushes.open);
        if !open.has_thread {
            let (shared, native) = (Arc::clone(self.shared()), self.client().native().clone());
            process::spawn("kafka:flush", move || {
                let served = catch_unwind(AssertUnwindSafe(|| shared.serve_flushes(&native)));
                if served.is_err() {
                    // A panic must not leave callers waiting for an outcome that does not come.
                    for flush in mem::take(&mut *lock(&shared.flushes.open)).flushes {
                        flush.promise.complete(Err(Error::panic()));
                    }
                }
            })
            .map_err(Error::no_thread)?;
            open.has_thread = true;
        }
        open.flushes.push(flush);
        drop(open);
        self.shared().flushes.has_new.store(true, Ordering::Release);
        self.shared().signal.notify();
        Ok(future)
    }
}
