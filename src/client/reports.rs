//! Delivery reports between the broker's thread, which adds them, and the caller that fetches them.

use std::mem::size_of;
use std::sync::atomic::{fence, AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_queue::SegQueue;

use super::causes::Causes;
use super::error::{Error, Result};
use super::notifier::Signal;
use super::opaque::{Opaque, Opaques};
use super::texts::TextId;
use crate::rd::{Code, DeliveryReport, MessageStatus, TopicId};
use crate::sync::{Deadline, Epoch, Moment, Outstanding};

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
    /// Its topic.
    pub topic: TopicId,
    /// Why it failed, where that says more than the code: of the [`Causes`].
    pub cause: Option<TextId>,
    /// Milliseconds since 1970; -1 without [`Reports::time`].
    pub timestamp: i64,
    /// Microseconds from `send` to its report; -1 without [`Reports::time`].
    pub latency_us: i64,
    /// Whether a broker has it.
    pub status: MessageStatus,
}

// One for each message that was reported and is not fetched.
const _: () = assert!(size_of::<Report>() <= 48);

/// What was fetched at one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollResult {
    /// The last reported message's number.
    pub last_opaque: Opaque,
    /// Messages reported.
    pub count: u64,
    /// Those of them that were not delivered.
    pub failed: u64,
}

/// What became of all messages since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Accepted so far: the sum of the others.
    pub queued: u64,
    /// Accepted and not yet reported.
    pub in_flight: u64,
    /// Delivered.
    pub delivered: u64,
    /// Reported as failed.
    pub failed: u64,
}

/// The reports of one producer, and the counts of its messages.
pub struct Reports {
    queue: SegQueue<Report>,
    opaques: Opaques,
    causes: Arc<Causes>,
    /// Messages without a report that is there to be fetched, or need not be.
    outstanding: Outstanding,
    // All count from the start, so that each changes in one place and none ever falls below another.
    /// Messages that ended without having been accepted.
    refused: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    /// Messages that take no room any more: refused, or reported, and that fetched or not to be.
    released: AtomicU64,
    /// Failures that a call has returned, or that the application knows without.
    acknowledged: AtomicU64,
    /// Failures of messages without a report that no call has returned.
    unreported_failures: AtomicU64,
    /// Failures that were fetched and not passed on yet, by the caller's count.
    unsettled: AtomicU64,
    limit: u64,
    only_errors: bool,
    timed: AtomicBool,
    signal: Arc<Signal>,
    closing: AtomicBool,
    finished: AtomicBool,
}

impl Reports {
    /// `limit`: how many messages may be outstanding. `only_errors`: drop the others' reports. `causes`: what failures are
    /// explained by. `signal`: notified when there may be something new.
    pub fn new(
        limit: Option<usize>,
        only_errors: bool,
        causes: Arc<Causes>,
        signal: Arc<Signal>,
    ) -> Self {
        Self {
            queue: SegQueue::new(),
            opaques: Opaques::default(),
            causes,
            outstanding: Outstanding::default(),
            refused: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            released: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            unsettled: AtomicU64::new(0),
            unreported_failures: AtomicU64::new(0),
            limit: limit.map_or(u64::MAX, |limit| limit as u64),
            only_errors,
            timed: AtomicBool::new(false),
            signal,
            closing: AtomicBool::new(false),
            finished: AtomicBool::new(false),
        }
    }

    /// What failures are explained by.
    pub fn causes(&self) -> &Causes {
        &self.causes
    }

    /// From now on reports have timestamps and latencies.
    pub fn time(&self, timed: bool) {
        self.timed.store(timed, Ordering::Relaxed);
    }

    /// Whether reports shall have timestamps and latencies.
    pub fn are_timed(&self) -> bool {
        self.timed.load(Ordering::Relaxed)
    }

    /// Counts a message about to be sent, and says what it is to carry for its number; fails where there is no room for its
    /// report.
    #[inline]
    pub fn reserve(&self, opaque: usize) -> Result<usize, Code> {
        let (begun, epoch) = self.outstanding.begin(1);
        // Others may have sent and released in between: then there is room for sure.
        if begun.saturating_sub(self.released.load(Ordering::Relaxed)) >= self.limit {
            self.refuse_some(1, epoch, false);
            return Err(Code::QUEUE_FULL);
        }
        Ok(self.opaques.put(opaque, epoch))
    }

    /// Counts messages about to be sent, as many of them as there is room for.
    pub fn reserve_up_to(&self, count: usize) -> (usize, Epoch) {
        let (begun, epoch) = self.outstanding.begin(count as u64);
        let taken = begun.saturating_sub(self.released.load(Ordering::Relaxed));
        let room = self.limit.saturating_sub(taken).min(count as u64) as usize;
        self.refuse_some(count - room, epoch, false);
        (room, epoch)
    }

    /// Takes a reservation back: the message that carries this was refused.
    pub fn refuse(&self, carried: usize, code: Code) {
        let (_, epoch) = self.opaques.take(carried);
        self.refuse_some(1, epoch, code != Code::QUEUE_FULL);
    }

    /// The same of so many messages. `makes_room`: not where they were refused for want of room, or a call that tries again
    /// whenever it is notified would notify itself.
    pub fn refuse_some(&self, count: usize, epoch: Epoch, makes_room: bool) {
        if count > 0 {
            self.refused.fetch_add(count as u64, Ordering::Release);
            self.released.fetch_add(count as u64, Ordering::Relaxed);
            self.outstanding.end(count as u64, epoch);
            // With the one in Signal::wait: either a flush that ends their epoch sees that they have ended, or this that it
            // is over.
            fence(Ordering::SeqCst);
            if makes_room || epoch != self.outstanding.epoch() {
                self.signal.notify();
            }
        }
    }

    #[inline]
    fn count_released(&self) {
        self.released.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds what became of a message. It notifies what waits if this is the first report to be fetched, or nothing is
    /// outstanding any more: for the others [`Self::notify`] is called behind them.
    #[inline]
    pub fn add(&self, report: DeliveryReport<'_>) {
        let (opaque, epoch) = self.opaques.take(report.opaque);
        let is_unreported = opaque == Opaque::NO_REPORT;
        // All is counted before it can be fetched, so that no count ever falls below zero.
        let failed = report.code != Code::NO_ERROR;
        let cause = match failed {
            true => self.count_failure(&report, is_unreported),
            false => {
                self.delivered.fetch_add(1, Ordering::Relaxed);
                None
            }
        };
        let mut is_first = false;
        if is_unreported || (self.only_errors && !failed) {
            self.count_released();
        } else {
            is_first = self.queue.is_empty();
            self.queue.push(Report {
                opaque,
                offset: report.offset,
                partition: report.partition,
                code: report.code,
                topic: report.topic,
                cause,
                timestamp: report.timestamp,
                latency_us: report.latency_us,
                status: report.status,
            });
        }
        self.outstanding.end(1, epoch);
        if self.signal.is_awaited() && (is_first || self.awaited() == 0) {
            self.signal.notify();
        }
    }

    /// Counts a message that failed, and says why it did.
    #[cold]
    fn count_failure(&self, report: &DeliveryReport<'_>, is_unreported: bool) -> Option<TextId> {
        self.failed.fetch_add(1, Ordering::Relaxed);
        // A caller that gave such messages up, by purging or aborting, knows what became of them.
        let is_known = is_unreported && report.code.is_purged() && !self.is_closing();
        if is_known {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        } else if is_unreported {
            self.unreported_failures.fetch_add(1, Ordering::Relaxed);
        }
        match report.reason {
            Some(reason) => self.causes.reason(reason),
            None => self.causes.cause(report.code),
        }
    }

    /// Notifies what waits, after [`Self::add`].
    pub fn notify(&self) {
        self.signal.notify();
    }

    /// The oldest report.
    pub fn pop(&self) -> Option<Report> {
        let report = self.queue.pop()?;
        if report.code != Code::NO_ERROR {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        self.count_released();
        Some(report)
    }

    /// Fetches all there are now.
    pub fn pop_all(&self) -> PollResult {
        let unreported = self.pop_unreported_failures();
        let mut reported = PollResult {
            last_opaque: Opaque::NONE,
            count: unreported,
            failed: unreported,
        };
        // No more than there are at the start, or a busy producer would never come back.
        for _ in 0..self.queue.len() {
            let Some(report) = self.pop() else { break };
            reported.last_opaque = report.opaque;
            reported.count += 1;
            reported.failed += u64::from(report.code != Code::NO_ERROR);
        }
        reported
    }

    /// How many messages without a report failed since the last call.
    pub fn pop_unreported_failures(&self) -> u64 {
        if self.unreported_failures.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        let count = self.unreported_failures.swap(0, Ordering::Relaxed);
        self.acknowledged.fetch_add(count, Ordering::Relaxed);
        count
    }

    /// How many failures were fetched and not passed on yet, and so count as lost.
    pub fn set_unsettled(&self, count: u64) {
        self.unsettled.store(count, Ordering::Relaxed);
    }

    /// What became of all messages so far.
    pub fn counters(&self) -> Counters {
        // In this order: a message is accepted before it is reported.
        let delivered = self.delivered.load(Ordering::Acquire);
        let failed = self.failed.load(Ordering::Acquire);
        let reported = delivered + failed;
        let refused = self.refused.load(Ordering::Acquire);
        let queued = (self.outstanding.begun() - refused).max(reported);
        Counters {
            queued,
            in_flight: queued - reported,
            delivered,
            failed,
        }
    }

    /// How many messages there is nothing to be fetched of yet. Once it is none, a call that waits for a report finds it.
    pub fn awaited(&self) -> u64 {
        self.outstanding.count()
    }

    /// This moment, for [`Self::all_reported`].
    pub fn moment(&self) -> Moment {
        self.outstanding.moment()
    }

    /// Whether all messages that were sent before a moment have reports that can be fetched.
    pub fn all_reported(&self, moment: Moment) -> bool {
        self.outstanding.has_ended(moment)
    }

    /// Changes with each report.
    pub fn progress(&self) -> u64 {
        self.outstanding.ended()
    }

    /// Waits until there has been progress, or `interrupted`, or the producer is closed; no longer than the time.
    pub fn wait_for_progress(&self, seen: u64, deadline: Deadline, interrupted: impl Fn() -> bool) {
        let has_changed = || self.progress() != seen;
        self.signal.wait(deadline, || {
            has_changed() || self.is_closing() || interrupted()
        });
    }

    fn has_news(&self) -> bool {
        !self.queue.is_empty() || self.unreported_failures.load(Ordering::Relaxed) > 0
    }

    fn has_room(&self) -> bool {
        let released = self.released.load(Ordering::Relaxed);
        self.outstanding.begun().saturating_sub(released) < self.limit
    }

    /// Waits until there is room for another message, or something to fetch, which makes room.
    pub fn wait_for_room(&self, deadline: Deadline, interrupted: impl Fn() -> bool) -> Result<()> {
        // Where there is room already, it is the limit on bytes that was met, of which it is not known here when that is over:
        // one may as well try again in a moment.
        let (patience, full) = match self.has_room() {
            true => (Deadline::after_ms(deadline.remaining_ms(1)), false),
            false => (deadline, true),
        };
        let has_changed = || (full && self.has_room()) || self.has_news();
        self.signal.wait(patience, || {
            has_changed() || self.is_closing() || interrupted()
        });
        self.check_open()?;
        match has_changed() || interrupted() || (!full && !deadline.is_past()) {
            true => Ok(()),
            false => Err(Error::timed_out("no room in time")),
        }
    }

    /// Waits until there is something to fetch or `interrupted`, the time is up or the producer is closed.
    pub fn wait(&self, deadline: Deadline, interrupted: impl Fn() -> bool) -> Result<()> {
        self.signal.wait(deadline, || {
            self.has_news() || self.is_closing() || interrupted()
        });
        self.check_open()?;
        match self.has_news() || interrupted() {
            true => Ok(()),
            false => Err(Error::timed_out("nothing to fetch in time")),
        }
    }

    fn check_open(&self) -> Result<()> {
        match self.is_closing() {
            true => Err(Error::closed()),
            false => Ok(()),
        }
    }

    /// Whether [`Self::close`] has been called.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Messages that were not delivered, or may not have been, without having been reported.
    pub fn lost(&self) -> u64 {
        // In this order: what has ended was accepted before.
        let acknowledged = self.acknowledged.load(Ordering::Acquire);
        let counters = self.counters();
        (counters.queued - counters.delivered).saturating_sub(acknowledged)
            + self.unsettled.load(Ordering::Relaxed)
    }

    /// Sends the waiting callers home.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.signal.notify();
    }

    /// The thread that serves the events has ended.
    pub fn finish(&self) {
        self.finished.store(true, Ordering::Relaxed);
        self.signal.notify();
    }

    /// Waits for [`Self::finish`].
    pub fn wait_finished(&self, limit: Duration) {
        let deadline = Deadline::after(limit);
        self.signal
            .wait(deadline, || self.finished.load(Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::time::Instant;

    fn report(opaque: usize, code: Code) -> DeliveryReport<'static> {
        DeliveryReport {
            opaque,
            topic: TopicId::default(),
            offset: 0,
            partition: 0,
            code,
            reason: None,
            timestamp: -1,
            latency_us: -1,
            status: MessageStatus::PossiblyPersisted,
            len: 0,
        }
    }

    fn empty(limit: Option<usize>, only_errors: bool) -> Reports {
        Reports::new(limit, only_errors, Arc::default(), Arc::default())
    }

    #[test]
    fn what_is_reported_but_not_fetched_takes_room() {
        let reports = empty(Some(2), false);
        reports.reserve(0).unwrap();
        reports.reserve(0).unwrap();
        assert_eq!(reports.reserve(0), Err(Code::QUEUE_FULL));
        reports.add(report(7, Code::NO_ERROR));
        assert_eq!(reports.reserve(0), Err(Code::QUEUE_FULL));
        assert_eq!(reports.counters().in_flight, 1);
        let expected = PollResult {
            last_opaque: Opaque::try_from(7).unwrap(),
            count: 1,
            failed: 0,
        };
        assert_eq!(reports.pop_all(), expected);
        reports.reserve(0).unwrap();
    }

    #[test]
    fn a_message_is_awaited_until_its_report_can_be_fetched() {
        const MESSAGES: usize = 100_000;
        let reports = empty(None, false);
        let sent = AtomicUsize::new(0);
        let mut late = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..MESSAGES {
                    while sent.load(Ordering::Acquire) <= number {
                        std::hint::spin_loop();
                    }
                    reports.add(report(number, Code::NO_ERROR));
                }
            });
            for number in 0..MESSAGES {
                reports.reserve(0).unwrap();
                sent.store(number + 1, Ordering::Release);
                while reports.awaited() > 0 {
                    std::hint::spin_loop();
                }
                while reports.pop().is_none() {
                    late += 1;
                }
            }
        });
        assert_eq!(late, 0);
    }

    #[test]
    fn unfetched_failures_and_unreported_messages_are_lost() {
        let reports = empty(None, false);
        (0..3).for_each(|number| assert!(reports.reserve(number).is_ok()));
        reports.add(report(0, Code::NO_ERROR));
        reports.add(report(1, Code::FAIL));
        assert_eq!(reports.lost(), 2);
        assert_eq!(reports.pop_all().failed, 1);
        assert_eq!(reports.lost(), 1);
    }

    #[test]
    fn what_was_fetched_and_not_passed_on_is_lost() {
        let reports = empty(None, false);
        reports.reserve(0).unwrap();
        reports.add(report(1, Code::FAIL));
        assert_eq!((reports.pop_all().failed, reports.lost()), (1, 0));
        reports.set_unsettled(2);
        assert_eq!(reports.lost(), 2);
        reports.set_unsettled(0);
        assert_eq!(reports.lost(), 0);
    }

    #[test]
    fn successes_need_no_room_where_only_errors_are_reported() {
        let reports = empty(Some(1), true);
        reports.reserve(0).unwrap();
        reports.add(report(0, Code::NO_ERROR));
        reports.reserve(0).unwrap();
        assert_eq!(reports.pop_all().count, 0);
    }

    #[test]
    fn messages_without_a_report_need_no_room_once_reported_and_their_failures_are_counted() {
        let reports = empty(Some(2), false);
        let no_report = Opaque::NO_REPORT.to_native();
        for _ in 0..3 {
            reports.reserve(0).unwrap();
            reports.reserve(0).unwrap();
            reports.add(report(no_report, Code::NO_ERROR));
            reports.add(report(no_report, Code::FAIL));
        }
        assert!(reports.pop().is_none());
        assert_eq!(reports.lost(), 3);
        let expected = PollResult {
            last_opaque: Opaque::NONE,
            count: 3,
            failed: 3,
        };
        assert_eq!(reports.pop_all(), expected);
        assert_eq!((reports.lost(), reports.pop_unreported_failures()), (0, 0));
        let expected = Counters {
            queued: 6,
            in_flight: 0,
            delivered: 3,
            failed: 3,
        };
        assert_eq!(reports.counters(), expected);
    }

    #[test]
    fn a_message_without_a_report_that_was_purged_is_no_news_unless_the_producer_is_closing() {
        let reports = empty(None, false);
        let purged = report(Opaque::NO_REPORT.to_native(), Code::PURGE_QUEUE);
        reports.reserve(0).unwrap();
        reports.add(purged);
        assert_eq!((reports.lost(), reports.pop_all().failed), (0, 0));
        assert_eq!(reports.counters().failed, 1);
        reports.close();
        reports.reserve(0).unwrap();
        reports.add(purged);
        assert_eq!(reports.lost(), 1);
    }

    #[test]
    fn a_refused_message_is_not_counted() {
        let reports = empty(Some(1), false);
        let carried = reports.reserve(0).unwrap();
        assert_eq!(reports.reserve(0), Err(Code::QUEUE_FULL));
        reports.reserve(0).unwrap_err();
        assert_eq!(reports.awaited(), 1);
        reports.refuse(carried, Code::FAIL);
        assert_eq!((reports.counters().queued, reports.awaited()), (0, 0));
        reports.reserve(0).unwrap();
    }

    #[test]
    fn many_are_counted_at_once_as_far_as_there_is_room() {
        let reports = empty(Some(5), false);
        reports.reserve(0).unwrap();
        assert_eq!(reports.reserve_up_to(3).0, 3);
        assert_eq!(reports.reserve_up_to(3).0, 1);
        let (room, epoch) = reports.reserve_up_to(3);
        assert_eq!((room, reports.counters().queued), (0, 5));
        reports.refuse_some(2, epoch, true);
        assert_eq!(reports.reserve_up_to(2).0, 2);
        let reports = empty(None, false);
        assert_eq!(reports.reserve_up_to(3).0, 3);
    }

    #[test]
    fn a_report_ends_a_wait() {
        let reports = Arc::new(empty(None, false));
        let adder = Arc::clone(&reports);
        reports.reserve(0).unwrap();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            adder.add(report(1, Code::NO_ERROR));
        });
        let start = Instant::now();
        reports.wait(Deadline::after_ms(5000), || false).unwrap();
        assert!(start.elapsed() < Duration::from_millis(2000));
        assert_eq!(reports.pop_all().last_opaque.to_u64(), 1);
        thread.join().unwrap();
    }

    #[test]
    fn closing_ends_a_wait_without_limit() {
        let reports = Arc::new(empty(None, false));
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
