//! Delivery reports between the broker's thread, which adds them, and the caller that fetches them.

use std::mem::size_of;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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

/// A call was refused for want of room, and none has been released since.
const REFUSING: u64 = 1;

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
    /// How many of those in the queue no call has taken for itself.
    unfetched: AtomicU64,
    opaques: Opaques,
    causes: Arc<Causes>,
    /// Messages that are not reported.
    outstanding: Outstanding,
    // All count from the start, so that each changes in one place and none ever falls below another.
    /// Messages that librdkafka, or the accumulator, has refused.
    refused: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    /// Messages that take no room any more: refused, or reported, and that fetched or not to be. The lowest bit is
    /// [`REFUSING`].
    released: AtomicU64,
    /// Messages were refused for the bytes of those before.
    is_out_of_bytes: AtomicBool,
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
            unfetched: AtomicU64::new(0),
            opaques: Opaques::default(),
            causes,
            outstanding: Outstanding::default(),
            refused: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            released: AtomicU64::new(0),
            is_out_of_bytes: AtomicBool::new(false),
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
        match self.reserve_up_to(1) {
            (0, _) => Err(Code::QUEUE_FULL),
            (_, epoch) => Ok(self.opaques.put(opaque, epoch)),
        }
    }

    /// Counts messages about to be sent, as many of them as there is room for.
    #[inline]
    pub fn reserve_up_to(&self, count: usize) -> (usize, Epoch) {
        let count = count as u64;
        let (taken, epoch) = self.outstanding.begin(count, |begun| {
            let room = |released| self.limit - begun.saturating_sub(released).min(self.limit);
            match room(self.released.load(Ordering::Relaxed) >> 1) {
                found if found >= count => found,
                // From here on what releases some notifies.
                _ => room(self.released.fetch_or(REFUSING, Ordering::Relaxed) >> 1),
            }
        });
        (taken as usize, epoch)
    }

    /// Takes a reservation back: the message that carries this was refused. As [`Self::refuse_some`].
    pub fn refuse(&self, carried: usize, code: Code) -> bool {
        let (_, epoch) = self.opaques.take(carried);
        self.refuse_some(1, epoch, code == Code::QUEUE_FULL)
    }

    /// The same of so many messages. `is_out_of_bytes`: for the bytes of those before them. It is not known here when that is
    /// over; true if [`Self::retry_for_bytes`] is to be called in a moment.
    pub fn refuse_some(&self, count: usize, epoch: Epoch, is_out_of_bytes: bool) -> bool {
        let count = count as u64;
        if count == 0 {
            return false;
        }
        self.refused.fetch_add(count, Ordering::Release);
        let is_new = if is_out_of_bytes {
            // It makes no room: a call that tries again whenever it is notified would notify itself.
            self.released.fetch_add(count << 1, Ordering::Release);
            self.released.fetch_or(REFUSING, Ordering::Relaxed);
            !self.is_out_of_bytes.swap(true, Ordering::AcqRel)
        } else {
            self.release(count);
            false
        };
        if self.outstanding.end(count, epoch) {
            self.signal.notify();
        }
        is_new
    }

    /// Whether [`Self::retry_for_bytes`] is to be called in a moment.
    pub fn is_out_of_bytes(&self) -> bool {
        self.is_out_of_bytes.load(Ordering::Acquire)
    }

    /// Has calls try again that were refused for the bytes of the messages before theirs.
    pub fn retry_for_bytes(&self) {
        self.is_out_of_bytes.store(false, Ordering::Release);
        self.retry();
    }

    /// Makes room for so many.
    #[inline]
    fn release(&self, count: u64) {
        let before = self.released.fetch_add(count << 1, Ordering::Release);
        if before & REFUSING != 0 {
            self.retry();
        }
    }

    /// Has calls try again that were refused.
    #[cold]
    fn retry(&self) {
        self.released.fetch_and(!REFUSING, Ordering::Relaxed);
        self.signal.notify();
    }

    /// Adds what became of a message. It notifies what waits if this is the first report to be fetched, or the last one that a
    /// flush waits for.
    #[inline]
    pub fn add(&self, report: DeliveryReport<'_>) {
        let (opaque, epoch) = self.opaques.take(report.opaque);
        // All is counted before it can be fetched, so that no count ever falls below zero.
        let failed = report.code != Code::NO_ERROR;
        let cause = match failed {
            true => self.count_failure(&report),
            false => {
                self.delivered.fetch_add(1, Ordering::Relaxed);
                None
            }
        };
        let is_news = if opaque == Opaque::NO_REPORT {
            let is_news = failed && self.count_unreported_failure(report.code);
            self.release(1);
            is_news
        } else if self.only_errors && !failed {
            self.release(1);
            false
        } else {
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
            self.unfetched.fetch_add(1, Ordering::Release) == 0
        };
        let is_last = self.outstanding.end(1, epoch);
        if is_news || is_last {
            self.signal.notify();
        }
    }

    /// Counts a message that failed, and says why it did.
    #[cold]
    fn count_failure(&self, report: &DeliveryReport<'_>) -> Option<TextId> {
        self.failed.fetch_add(1, Ordering::Relaxed);
        match report.reason {
            Some(reason) => self.causes.reason(reason),
            None => self.causes.cause(report.code),
        }
    }

    /// Counts one without a report. Whether it is the first to be fetched.
    #[cold]
    fn count_unreported_failure(&self, code: Code) -> bool {
        // A caller that gave such messages up, by purging or aborting, knows what became of them.
        if code.is_purged() && !self.is_closing() {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        self.unreported_failures.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// Fetches reports, the oldest first. Returns how many.
    pub fn fetch(&self, max: usize, mut take: impl FnMut(Report)) -> usize {
        // No more than there are at the start, or a busy producer would never come back.
        let mut count = 0;
        let claim = |there: u64| {
            count = there.min(max as u64);
            (count > 0).then(|| there - count)
        };
        let claimed = self
            .unfetched
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, claim);
        if claimed.is_err() {
            return 0;
        }
        let mut failed = 0;
        for report in (0..count).map_while(|_| self.queue.pop()) {
            failed += u64::from(report.code != Code::NO_ERROR);
            take(report);
        }
        self.acknowledged.fetch_add(failed, Ordering::Relaxed);
        self.release(count);
        count as usize
    }

    /// Fetches all there are now.
    pub fn pop_all(&self) -> PollResult {
        let unreported = self.pop_unreported_failures();
        let mut reported = PollResult {
            last_opaque: Opaque::NONE,
            count: unreported,
            failed: unreported,
        };
        let fetched = self.fetch(usize::MAX, |report| {
            reported.last_opaque = report.opaque;
            reported.failed += u64::from(report.code != Code::NO_ERROR);
        });
        reported.count += fetched as u64;
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
        // In this order: what a call takes for itself meanwhile is awaited rather than counted twice.
        let released = self.released.load(Ordering::Acquire) >> 1;
        let ended = released + self.unfetched.load(Ordering::Acquire);
        self.outstanding.begun().saturating_sub(ended)
    }

    /// This moment, for [`Self::all_reported`].
    pub fn moment(&self) -> Moment {
        self.outstanding.moment()
    }

    /// Whether all messages that were sent before a moment have reports that can be fetched.
    pub fn all_reported(&self, moment: Moment) -> bool {
        self.outstanding.has_ended(moment)
    }

    /// Waits until all that was sent before a moment is reported, or `interrupted`, or the producer is closed; no longer than
    /// the time.
    pub fn wait_reported(
        &self,
        moment: Moment,
        deadline: Deadline,
        interrupted: impl Fn() -> bool,
    ) {
        self.signal.wait(deadline, || {
            self.all_reported(moment) || self.is_closing() || interrupted()
        });
    }

    fn has_news(&self) -> bool {
        self.unfetched.load(Ordering::Relaxed) > 0
            || self.unreported_failures.load(Ordering::Relaxed) > 0
    }

    /// Waits until it is worth trying again to send a message that was refused, or there is something to fetch, which makes
    /// room.
    pub fn wait_for_room(&self, deadline: Deadline, interrupted: impl Fn() -> bool) -> Result<()> {
        let may_have_room = || self.released.load(Ordering::Relaxed) & REFUSING == 0;
        let is_over = || may_have_room() || self.has_news() || interrupted();
        self.signal
            .wait(deadline, || is_over() || self.is_closing());
        self.check_open()?;
        match is_over() {
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

    impl Reports {
        fn pop(&self) -> Option<Report> {
            let mut fetched = None;
            self.fetch(1, |report| fetched = Some(report));
            fetched
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
        assert!(!reports.refuse_some(2, epoch, false));
        assert_eq!(reports.reserve_up_to(2).0, 2);
        let reports = empty(None, false);
        assert_eq!(reports.reserve_up_to(3).0, 3);
    }

    #[test]
    fn a_call_that_was_refused_tries_again_once_there_is_room() {
        let reports = empty(Some(1), false);
        let no_report = Opaque::NO_REPORT.to_native();
        let has_room = || reports.wait_for_room(Deadline::after_ms(0), || false);
        let carried = reports.reserve(no_report).unwrap();
        assert!(has_room().is_ok(), "nothing was refused");
        reports.reserve(no_report).unwrap_err();
        assert_eq!(has_room().unwrap_err().code, Code::TIMED_OUT.0);
        reports.add(report(carried, Code::NO_ERROR));
        assert!(has_room().is_ok());
        reports.reserve(no_report).unwrap();
    }

    #[test]
    fn a_call_that_was_refused_for_bytes_tries_again_in_a_moment() {
        let reports = empty(None, false);
        let has_room = || reports.wait_for_room(Deadline::after_ms(0), || false);
        for is_first in [true, false] {
            let carried = reports.reserve(0).unwrap();
            assert_eq!(reports.refuse(carried, Code::QUEUE_FULL), is_first);
            assert!(has_room().is_err(), "its own refusal makes no room");
        }
        assert!(reports.is_out_of_bytes());
        reports.retry_for_bytes();
        assert!(has_room().is_ok() && !reports.is_out_of_bytes());
        assert_eq!((reports.counters().queued, reports.awaited()), (0, 0));
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
