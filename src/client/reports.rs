//! Delivery reports between the thread that drains them from librdkafka and the
//! caller that fetches them.

use std::sync::atomic::{fence, AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_queue::SegQueue;

use super::deadline::Deadline;
use super::error::{Error, Result};
use super::opaque::Opaque;
use crate::rd::{Code, DeliveryReport};

/// What became of one message.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// The number it was sent with.
    pub opaque: Opaque,
    /// Its offset, if delivered.
    pub offset: i64,
    /// Its partition, -1 if none was chosen.
    pub partition: i32,
    /// [`Code::NO_ERROR`] if delivered.
    pub code: Code,
}

impl From<DeliveryReport> for Report {
    fn from(report: DeliveryReport) -> Self {
        Self {
            opaque: Opaque::from_native(report.opaque),
            offset: report.offset,
            partition: report.partition,
            code: report.code,
        }
    }
}

/// What was fetched at one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The last reported message's number.
    pub last_opaque: Opaque,
    /// Messages reported.
    pub count: u64,
    /// Those of them that were not delivered.
    pub failed: u64,
}

/// The reports of one producer, and the count of its messages.
pub struct Reports {
    queue: SegQueue<Report>,
    /// Messages sent whose report nobody has fetched.
    outstanding: AtomicUsize,
    /// Reports in `queue`.
    unfetched: AtomicUsize,
    /// Failures among them.
    unfetched_failures: AtomicU64,
    limit: usize,
    only_errors: bool,
    wait: Mutex<()>,
    changed: Condvar,
    waiters: AtomicUsize,
    closing: AtomicBool,
    finished: AtomicBool,
}

/// A wait looks at the world again this often, should a wake-up go missing.
const SLICE: Duration = Duration::from_secs(10);

impl Reports {
    /// `limit`: how many messages may be outstanding. `only_errors`: drop the others' reports.
    pub fn new(limit: Option<usize>, only_errors: bool) -> Self {
        Self {
            queue: SegQueue::new(),
            outstanding: AtomicUsize::new(0),
            unfetched: AtomicUsize::new(0),
            unfetched_failures: AtomicU64::new(0),
            limit: limit.unwrap_or(usize::MAX),
            only_errors,
            wait: Mutex::new(()),
            changed: Condvar::new(),
            waiters: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            finished: AtomicBool::new(false),
        }
    }

    /// Counts a message about to be sent; fails where there is no room for its report.
    #[inline]
    pub fn reserve(&self) -> Result<(), Code> {
        if self.outstanding.fetch_add(1, Ordering::Relaxed) >= self.limit {
            self.release();
            return Err(Code::QUEUE_FULL);
        }
        Ok(())
    }

    /// Takes a [`Self::reserve`] back: the message was refused.
    #[inline]
    pub fn release(&self) {
        self.outstanding.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes over what librdkafka reports, and wakes whoever waits for it.
    pub fn add(&self, reports: impl Iterator<Item = Report>) {
        for report in reports {
            let failed = report.code != Code::NO_ERROR;
            if self.only_errors && !failed {
                self.release();
                continue;
            }
            // Counted before it can be fetched, so that the counts never fall below zero.
            self.unfetched_failures
                .fetch_add(failed.into(), Ordering::Relaxed);
            self.unfetched.fetch_add(1, Ordering::Relaxed);
            self.queue.push(report);
        }
        self.wake();
    }

    /// The oldest report.
    pub fn pop(&self) -> Option<Report> {
        let report = self.queue.pop()?;
        let failed = report.code != Code::NO_ERROR;
        self.unfetched_failures
            .fetch_sub(failed.into(), Ordering::Relaxed);
        self.unfetched.fetch_sub(1, Ordering::Relaxed);
        self.release();
        Some(report)
    }

    /// Fetches all there are now.
    pub fn pop_all(&self) -> Reported {
        let mut reported = Reported {
            last_opaque: Opaque::NONE,
            count: 0,
            failed: 0,
        };
        // No more than there are at the start, or a busy producer would never come back.
        for _ in 0..self.unfetched.load(Ordering::Relaxed) {
            let Some(report) = self.pop() else { break };
            reported.last_opaque = report.opaque;
            reported.count += 1;
            reported.failed += u64::from(report.code != Code::NO_ERROR);
        }
        reported
    }

    /// Waits until there is a report or `interrupted`, the time is up or the producer is closed.
    pub fn wait(&self, deadline: Deadline, interrupted: impl Fn() -> bool) -> Result<()> {
        self.wait_until(deadline, || {
            !self.queue.is_empty() || self.is_closing() || interrupted()
        });
        if self.is_closing() {
            return Err(Error::closed());
        }
        Ok(())
    }

    /// Whether [`Self::close`] has been called.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Messages sent and not yet reported.
    pub fn in_flight(&self) -> usize {
        let unfetched = self.unfetched.load(Ordering::Relaxed);
        self.outstanding
            .load(Ordering::Relaxed)
            .saturating_sub(unfetched)
    }

    /// Messages that were not delivered, or may not have been, without anybody having been told.
    pub fn lost(&self) -> u64 {
        self.in_flight() as u64 + self.unfetched_failures.load(Ordering::Relaxed)
    }

    /// Sends the waiting callers home.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// The draining thread has ended.
    pub fn finish(&self) {
        self.finished.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Waits for [`Self::finish`].
    pub fn wait_finished(&self, deadline: Deadline) {
        self.wait_until(deadline, || self.finished.load(Ordering::Relaxed));
    }

    fn wait_until(&self, deadline: Deadline, done: impl Fn() -> bool) {
        if done() || deadline.is_past() {
            return;
        }
        let mut guard = self.lock();
        self.waiters.fetch_add(1, Ordering::Relaxed);
        // Pairs with the one in wake(): either the waker sees this waiter, or this waiter sees the change.
        fence(Ordering::SeqCst);
        while !done() && !deadline.is_past() {
            let slice = deadline.remaining(SLICE);
            guard = self
                .changed
                .wait_timeout(guard, slice)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        self.waiters.fetch_sub(1, Ordering::Relaxed);
    }

    /// Has those who wait look again.
    pub fn wake(&self) {
        fence(Ordering::SeqCst);
        if self.waiters.load(Ordering::Relaxed) > 0 {
            // Taken and let go: a waiter between its check and its sleep holds it.
            drop(self.lock());
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.wait.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Instant;

    fn report(opaque: usize, code: Code) -> Report {
        Report {
            opaque: Opaque::from_native(opaque),
            offset: 0,
            partition: 0,
            code,
        }
    }

    #[test]
    fn what_is_reported_but_not_fetched_takes_room() {
        let reports = Reports::new(Some(2), false);
        reports.reserve().unwrap();
        reports.reserve().unwrap();
        assert_eq!(reports.reserve(), Err(Code::QUEUE_FULL));
        reports.add([report(7, Code::NO_ERROR)].into_iter());
        assert_eq!(reports.reserve(), Err(Code::QUEUE_FULL));
        assert_eq!(reports.in_flight(), 1);
        let expected = Reported {
            last_opaque: Opaque::from_native(7),
            count: 1,
            failed: 0,
        };
        assert_eq!(reports.pop_all(), expected);
        reports.reserve().unwrap();
    }

    #[test]
    fn unfetched_failures_and_unreported_messages_are_lost() {
        let reports = Reports::new(None, false);
        (0..3).for_each(|_| reports.reserve().unwrap());
        reports.add([report(0, Code::NO_ERROR), report(1, Code::FAIL)].into_iter());
        assert_eq!(reports.lost(), 2);
        assert_eq!(reports.pop_all().failed, 1);
        assert_eq!(reports.lost(), 1);
    }

    #[test]
    fn successes_need_no_room_where_only_errors_are_reported() {
        let reports = Reports::new(Some(1), true);
        reports.reserve().unwrap();
        reports.add([report(0, Code::NO_ERROR)].into_iter());
        reports.reserve().unwrap();
        assert_eq!(reports.pop_all().count, 0);
    }

    #[test]
    fn a_report_ends_a_wait() {
        let reports = Arc::new(Reports::new(None, false));
        let adder = Arc::clone(&reports);
        reports.reserve().unwrap();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            adder.add([report(1, Code::NO_ERROR)].into_iter());
        });
        let start = Instant::now();
        reports.wait(Deadline::after_ms(5000), || false).unwrap();
        assert!(start.elapsed() < Duration::from_millis(2000));
        assert_eq!(reports.pop_all().last_opaque.to_u64(), 1);
        thread.join().unwrap();
    }

    #[test]
    fn closing_ends_a_wait_without_limit() {
        let reports = Arc::new(Reports::new(None, false));
        let closer = Arc::clone(&reports);
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            closer.close();
        });
        let error = reports.wait(Deadline::after_ms(-1), || false).unwrap_err();
        assert_eq!(error.code, Error::CLOSED);
        thread.join().unwrap();
    }
}
