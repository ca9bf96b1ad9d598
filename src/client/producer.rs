//! A producer: it sends from the caller's thread. What becomes of messages comes on librdkafka's; a thread of the producer's
//! frees them, and takes librdkafka's other events.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{mpsc, Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError, Weak};
use std::time::Duration;

use super::accumulator::Accumulator;
use super::client::Client;
use super::conf::{Conf, TopicConf};
use super::error::{Error, Result};
use super::events::Events;
use super::flush::Flushes;
use super::notifier::Signal;
use super::opaque::Opaques;
use super::reports::{PollResult, Report, Reports};
use super::transaction::Turn;
use crate::process::{self, Generation};
use crate::rd::{self, Code, DeliveryReport, Record, Records, ReportQueue, Topic, TopicId};
use crate::sync::Deadline;

/// How long a producer that is not closed by hand may take for what is left.
pub const FLUSH_AT_END_MS: i32 = 1000;

/// How long purged messages may take to be reported. One that is with a thread of librdkafka's that waits for a name
/// server takes longer, and is counted as lost without.
const PURGE_MS: i32 = 15;

/// How long a wait inside librdkafka goes on before it looks whether the producer is being closed, or an
/// event has come.
const SLICE_MS: i32 = 100;

/// So many messages or fewer that librdkafka reports at once are not worth waking the thread that frees them, which rests for
const FEW: usize = 64;
/// so long in between.
const REST: Duration = Duration::from_millis(3);

/// When a message is tried again that was refused for the bytes of those before it.
const RETRY: Duration = Duration::from_millis(1);

/// What the producer's threads share with it.
pub(super) struct Shared {
    pub(super) reports: Reports,
    /// Where records go first, if not straight to librdkafka.
    accumulator: Option<Arc<Accumulator>>,
    pub(super) flushes: Flushes,
    pub(super) signal: Arc<Signal>,
    stop: AtomicBool,
    /// A caller has fetched reports, and frees messages.
    is_helped: AtomicBool,
}

impl Shared {
    /// Waits until librdkafka has all records; false if the time is up before.
    pub(super) fn drain(&self, deadline: Deadline) -> bool {
        let accumulator = self.accumulator.as_ref();
        accumulator.map_or(true, |accumulator| accumulator.drain(deadline))
    }
}

impl rd::Deliveries for Shared {
    fn are_timed(&self) -> bool {
        self.reports.are_timed()
    }

    fn report(&self, report: DeliveryReport<'_>) {
        if let Some(accumulator) = &self.accumulator {
            accumulator.release(report.len);
        }
        self.reports.add(report);
    }

    fn fail(&self) {
        // Or callers would wait for reports that do not come.
        self.reports.close();
    }
}

/// A producer.
pub struct Producer {
    // Taken when the producer ends, as its references.
    client: Option<Client>,
    queue: Option<Arc<ReportQueue>>,
    shared: Arc<Shared>,
    /// When it has to be closed, once that has begun.
    close_by: OnceLock<Deadline>,
    /// Receives when the accumulator's sender has ended.
    sender_ended: Mutex<Option<mpsc::Receiver<()>>>,
    transaction_turn: Arc<Turn>,
    id: u64,
}

impl Producer {
    /// Starts a producer.
    pub fn new(brokers: &CStr, conf: &Conf) -> Result<Self> {
        let only_errors = conf.only_errors_are_reported();
        let events = Events::of(conf);
        let (signal, causes) = (events.signal(), Arc::clone(events.causes()));
        let accumulator = conf.buffer_memory().map(|limit_bytes| {
            let message_max_bytes = conf.max_message_bytes();
            let signal = Arc::clone(signal);
            Arc::new(Accumulator::new(limit_bytes, message_max_bytes, signal))
        });
        let shared = Arc::new(Shared {
            reports: Reports::new(conf.max_messages(), only_errors, causes, Arc::clone(signal)),
            accumulator,
            flushes: Flushes::default(),
            signal: Arc::clone(signal),
            stop: AtomicBool::new(false),
            is_helped: AtomicBool::new(false),
        });
        let mut native = conf.to_native()?;
        native.report_deliveries();
        // Freed on the broker's thread, messages would cost more, and hold it up.
        native
            .set(c"delivery.report.only.error", c"false")
            .map_err(Error::invalid)?;
        // Reports counts, and is never behind. librdkafka would count a message for a moment longer than
        // its report is there to be fetched, and refuse the next one though there is room.
        native
            .set(c"queue.buffering.max.messages", c"0")
            .map_err(Error::invalid)?;
        if shared.accumulator.is_some() {
            // The accumulator counts these, too.
            native
                .set(c"queue.buffering.max.kbytes", c"2147483647")
                .map_err(Error::invalid)?;
        }
        let deliveries: Arc<dyn rd::Deliveries> = shared.clone();
        let client = Client::start(
            rd::Kind::Producer,
            brokers,
            conf,
            native,
            events,
            Some(deliveries),
        )?;
        let native = client.native();
        let queue = Arc::new(native.report_queue());
        let id = open_producers::add(native, &shared);
        let serving = serve_events(&queue, Arc::clone(&shared));
        if serving.is_err() {
            // No thread will say so.
            shared.reports.finish();
        }
        // From here on whatever was begun is ended by its drop.
        let mut producer = Self {
            client: Some(client),
            queue: Some(queue),
            shared,
            close_by: OnceLock::new(),
            sender_ended: Mutex::default(),
            transaction_turn: Arc::default(),
            id,
        };
        serving?;
        if let Some(accumulator) = &producer.shared.accumulator {
            let native = producer.native().clone();
            let ended = start_sender(accumulator, native, &producer.shared)?;
            producer.sender_ended = Mutex::new(Some(ended));
        }
        Ok(producer)
    }

    /// What it has in common with every client.
    #[inline]
    pub fn client(&self) -> &Client {
        self.client.as_ref().expect("taken only by drop")
    }

    #[inline]
    fn native(&self) -> &rd::Client {
        self.client().native()
    }

    /// What its threads share with it.
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// What its calls of transactions wait for.
    pub(super) fn transaction_turn(&self) -> &Arc<Turn> {
        &self.transaction_turn
    }

    /// The name of a topic that reports are about; it is kept until the producer is closed, in the same place.
    pub fn topic_name(&self, id: TopicId) -> Arc<CStr> {
        self.native().topic_name(id)
    }

    /// Makes a topic handle of this producer, with `topic_conf` on top of its defaults.
    pub fn create_topic(&self, name: &CStr, topic_conf: Option<&TopicConf>) -> Result<Arc<Topic>> {
        if name.is_empty() {
            return Err(Error::invalid("the topic's name is empty"));
        }
        let mut native = self.native().default_topic_conf();
        if let Some(topic_conf) = topic_conf {
            topic_conf.apply_to(&mut native)?;
        }
        Ok(Arc::new(self.native().create_topic(name, native)?))
    }

    /// Queues a copy of a record; never blocks.
    // Or the record would be written to memory field by field and read back at once, which stalls.
    #[inline(always)]
    pub fn produce(&self, topic: &Arc<Topic>, mut record: Record<'_>) -> Result<(), Code> {
        let carried = self.shared.reports.reserve(record.opaque)?;
        record.opaque = carried;
        let produced = match &self.shared.accumulator {
            None => self.native().produce_record(topic, record),
            Some(accumulator) => self.append(accumulator, topic, record),
        };
        produced.inspect_err(|&code| self.refuse(carried, code))
    }

    #[cold]
    fn refuse(&self, carried: usize, code: Code) {
        if self.shared.reports.refuse(carried, code) {
            self.wake_events_thread();
        }
    }

    fn wake_events_thread(&self) {
        if let Some(queue) = &self.queue {
            queue.wake();
        }
    }

    #[inline(never)]
    fn append(
        &self,
        accumulator: &Accumulator,
        topic: &Arc<Topic>,
        record: Record<'_>,
    ) -> Result<(), Code> {
        if record.partition < -1 {
            return Err(Code::UNKNOWN_PARTITION);
        } else if !self.native().has_topic(topic) {
            return Err(Code::UNKNOWN_TOPIC);
        }
        accumulator.append(topic, record)
    }

    /// Queues copies of the first `count` records, in their order within each partition; never blocks. `refused` gets
    /// each that was not queued, and why. Once the queue is full the rest is not tried. Returns how many were queued.
    /// `has_large_opaque`: whether the number of one of them is large, see `Opaques::is_large`: then they go one by one.
    pub fn produce_batch<R: Records>(
        &self,
        topic: &Arc<Topic>,
        records: &R,
        count: usize,
        has_large_opaque: bool,
        mut refused: impl FnMut(usize, Code),
    ) -> usize {
        if self.shared.accumulator.is_some() || has_large_opaque {
            let mut queued = 0;
            for index in 0..count {
                match self.produce(topic, records.get(index)) {
                    Ok(()) => queued += 1,
                    Err(Code::QUEUE_FULL) => {
                        (index..count).for_each(|index| refused(index, Code::QUEUE_FULL));
                        break;
                    }
                    Err(code) => refused(index, code),
                }
            }
            return queued;
        }
        let reports = &self.shared.reports;
        let (mut total, mut first) = (0, 0);
        while first < count {
            let (room, epoch) = reports.reserve_up_to(rd::AT_ONCE.min(count - first));
            let indices = first..first + room;
            let carry = |opaque| Opaques::in_epoch(opaque, epoch);
            let queued =
                self.native()
                    .produce_records(topic, records, indices, carry, &mut refused);
            if reports.refuse_some(room - queued.count, epoch, queued.is_full) {
                self.wake_events_thread();
            }
            total += queued.count;
            first += room;
            if room == 0 || queued.is_full {
                break;
            }
        }
        (first..count).for_each(|index| refused(index, Code::QUEUE_FULL));
        total
    }

    /// Fetches all reports, after waiting for one.
    pub fn poll(&self, timeout_ms: i32) -> Result<PollResult> {
        let deadline = Deadline::after_ms(timeout_ms);
        loop {
            match self.waited(|interrupted| self.shared.reports.wait(deadline, interrupted)) {
                Err(error) if error.code != Code::TIMED_OUT.0 => return Err(error),
                _ => {}
            }
            let reported = self.shared.reports.pop_all();
            self.free(reported.count);
            // If there is none in time, another thread was faster to fetch it, or to take the event.
            if reported.count > 0 || deadline.is_past() {
                return Ok(reported);
            }
        }
    }

    /// Fetches reports, the oldest first. Returns how many.
    pub fn fetch(&self, max: usize, take: impl FnMut(Report)) -> usize {
        let count = self.shared.reports.fetch(max, take);
        self.free(count as u64);
        count
    }

    /// Frees about as many messages, as the caller has got the reports of: on the thread that has sent them this costs less, and
    /// the next ones take their place. Not where that holds up an event loop.
    fn free(&self, count: u64) {
        let Some(queue) = self
            .queue
            .as_ref()
            .filter(|_| count > 0 && !self.client().has_event_loop())
        else {
            return;
        };
        // Also where the other thread was faster, or that would be so for the next ones as well.
        self.shared.is_helped.store(true, Ordering::Relaxed);
        let mut freed = 0;
        while freed < count {
            let Some(event) = queue.next() else { break };
            event.dispatch();
            freed += event.message_count() as u64;
        }
    }

    /// Waits for a report, or the failure of a message without one; an event that is awaited ends it with an error.
    pub fn wait(&self, timeout_ms: i32) -> Result<()> {
        self.waited(|interrupted| {
            let deadline = Deadline::after_ms(timeout_ms);
            self.shared.reports.wait(deadline, interrupted)
        })
    }

    /// Waits until another message may be taken, or there is something to fetch.
    pub fn wait_for_room(&self, timeout_ms: i32) -> Result<()> {
        self.waited(|interrupted| {
            let deadline = Deadline::after_ms(timeout_ms);
            self.shared.reports.wait_for_room(deadline, interrupted)
        })
    }

    fn waited(&self, wait: impl FnOnce(&dyn Fn() -> bool) -> Result<()>) -> Result<()> {
        let events = self.client().events();
        let interrupted = || events.is_awaited_there();
        wait(&interrupted)?;
        match interrupted() {
            true => Err(Error::event()),
            false => Ok(()),
        }
    }

    /// What has been reported, and what became of all messages so far.
    pub fn reports(&self) -> &Reports {
        &self.shared.reports
    }

    /// Begins to give up messages, those still queued or those under way; each is reported as failed. Those that are sent
    /// meanwhile may be given up as well.
    pub fn begin_purge(&self, queued: bool, in_flight: bool) {
        if let Some(accumulator) = self.shared.accumulator.as_ref().filter(|_| queued) {
            accumulator.purge(in_flight, false);
        }
        self.native().begin_purge(queued, in_flight);
    }

    /// Gives up messages that were sent before, and none that is sent when it is done. What is returned is the rest, on any
    /// thread: it waits until that is done.
    pub fn purge(&self, queued: bool, in_flight: bool) -> impl FnOnce() + Send + 'static {
        let (native, shared) = (self.native().clone(), Arc::clone(&self.shared));
        let accumulator = self.shared.accumulator.as_ref().filter(|_| queued);
        let is_the_senders = accumulator.map(|it| it.purge(in_flight, true)).is_some();
        move || match is_the_senders {
            true => drop(shared.drain(Deadline::default())),
            false => native.purge(queued, in_flight),
        }
    }

    /// Flushes for a moment; true if nothing is left. librdkafka counts a message until it is freed, behind its report.
    fn flush_slice(&self, deadline: Deadline, slice_ms: i32) -> bool {
        let slice = Deadline::after_ms(deadline.remaining_ms(slice_ms));
        self.shared.drain(slice) && self.native().flush(slice.remaining_ms(slice_ms)).is_ok()
    }

    /// Messages sent and not yet reported.
    pub fn len(&self) -> u64 {
        self.shared.reports.awaited()
    }

    /// Whether every message sent has been reported.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends every waiting caller home; the first half of closing.
    pub fn wake_for_close(&self) {
        self.client().futures().close();
        self.shared.reports.close();
    }

    /// Says so if a message that was accepted has neither been delivered nor failed, though nothing has it any more.
    fn check_counts(&self) {
        let left = match self.native().outstanding() {
            0 => self.shared.reports.awaited(),
            _ => 0,
        };
        if left > 0 {
            let name = self.native().name();
            process::log_error(&format!(
                "{name}: {left} messages have neither been delivered nor failed: please report this"
            ));
        }
    }

    /// Flushes, then gives up what is left. Returns the messages that were not delivered without having been reported.
    pub fn finish(&self, timeout_ms: i32) -> Lost {
        let close_by = *self.close_by.get_or_init(|| Deadline::after_ms(timeout_ms));
        while !self.flush_slice(close_by, SLICE_MS) {
            if close_by.is_past() {
                self.begin_purge(true, true);
                // What was purged comes back as reports, which a call that waits for them sees.
                self.flush_slice(Deadline::after_ms(PURGE_MS), PURGE_MS);
                break;
            }
        }
        // The thread that takes it out of there logs what was lost: the process's end may have been faster.
        let count = match open_producers::remove(self.id) {
            true => self.shared.reports.lost(),
            false => 0,
        };
        Lost::of(count, self.native(), &self.shared.reports)
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        open_producers::remove(self.id);
        let close_by = self.close_by.get().copied().unwrap_or_default();
        let mut has_sender_ended = true;
        if let Some(accumulator) = &self.shared.accumulator {
            accumulator.end();
            let ended = self.sender_ended.get_mut();
            if let Some(ended) = ended.unwrap_or_else(PoisonError::into_inner) {
                has_sender_ended = ended.recv_timeout(close_by.wind_up()).is_ok();
            }
        }
        if has_sender_ended {
            self.check_counts();
        }
        self.shared.stop.store(true, Ordering::Release);
        self.wake_events_thread();
        self.queue = None;
        self.shared.reports.wait_finished(close_by.wind_up());
        if let Some(client) = self.client.take() {
            client.end(close_by.wind_up());
        }
    }
}

/// Starts the accumulator's sender. Returns what receives when it has ended.
fn start_sender(
    accumulator: &Arc<Accumulator>,
    client: rd::Client,
    shared: &Arc<Shared>,
) -> Result<mpsc::Receiver<()>> {
    let (end, ended) = mpsc::sync_channel(1);
    let deliveries: Arc<dyn rd::Deliveries> = shared.clone();
    let ending = Arc::clone(shared);
    accumulator.start_sender(client, deliveries, move |has_panicked| {
        if has_panicked {
            ending.reports.close();
        }
        drop(ending);
        let _ = end.send(());
    })?;
    Ok(ended)
}

/// Starts the thread that frees messages which librdkafka has reported, and takes its other events.
fn serve_events(report_queue: &Arc<ReportQueue>, shared: Arc<Shared>) -> Result<()> {
    let queue = Arc::clone(report_queue);
    let thread = process::spawn("kafka:events", move || {
        queue.serve_here();
        // A panic must not leave callers waiting for what does not come.
        let served = catch_unwind(AssertUnwindSafe(|| {
            while !shared.stop.load(Ordering::Acquire) {
                let may_rest = serve_all(&queue) | shared.is_helped.swap(false, Ordering::Relaxed);
                if shared.reports.is_out_of_bytes() {
                    queue.sleep(Some(RETRY));
                    shared.reports.retry_for_bytes();
                } else if may_rest {
                    queue.rest(REST);
                } else {
                    queue.sleep(None);
                }
            }
        }));
        if served.is_err() {
            shared.reports.close();
        }
        drop(queue);
        shared.reports.finish();
    });
    // It can be woken when the producer is there.
    report_queue.serve_on(thread.map_err(Error::no_thread)?);
    Ok(())
}

/// Serves all events. Whether messages were freed, a few at a time.
fn serve_all(queue: &ReportQueue) -> bool {
    let (mut reported, mut messages) = (0, 0);
    while let Some(event) = queue.next() {
        let count = event.message_count();
        reported += usize::from(count > 0);
        messages += count;
        event.dispatch();
    }
    messages > 0 && messages <= FEW * reported
}

/// What a producer had to give up when it ended.
pub struct Lost {
    /// How many messages. Those that were on their way may have arrived.
    pub count: u64,
    /// librdkafka's name for the producer.
    producer: String,
    /// Why brokers cannot be reached.
    cause: Option<Arc<CStr>>,
}

impl Lost {
    fn of(count: u64, client: &rd::Client, reports: &Reports) -> Self {
        let causes = reports.causes();
        let cause = causes.cause(Code::TIMED_OUT);
        Self {
            count,
            producer: client.name(),
            cause: cause.map(|cause| causes.texts().text(cause)),
        }
    }

    /// Says so on stderr, or in nginx's log.
    pub fn log(&self) {
        if self.count > 0 {
            let (name, count) = (&self.producer, self.count);
            let s = if count == 1 { "" } else { "s" };
            let cause = self.cause.as_ref().map(|it| it.to_string_lossy());
            let cause = cause.map_or(String::new(), |cause| format!(": {cause}"));
            process::log_error(&format!(
                "{name}: gave up {count} message{s}, neither acknowledged nor reported to the application{cause}"
            ));
        }
    }
}

/// The producers that a process still has when it ends.
mod open_producers {
    use super::*;

    type Entry = (Generation, rd::WeakClient, Weak<Shared>);

    static PRODUCERS: Mutex<BTreeMap<u64, Entry>> = Mutex::new(BTreeMap::new());
    static NEXT_ID: AtomicU64 = AtomicU64::new(0);

    fn lock() -> MutexGuard<'static, BTreeMap<u64, Entry>> {
        PRODUCERS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(client: &rd::Client, shared: &Arc<Shared>) -> u64 {
        static AT_EXIT: Once = Once::new();
        AT_EXIT.call_once(|| process::at_exit(finish_all));
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let entry = (
            Generation::current(),
            client.downgrade(),
            Arc::downgrade(shared),
        );
        lock().insert(id, entry);
        id
    }

    /// Whether it was still there.
    pub fn remove(id: u64) -> bool {
        lock().remove(&id).is_some()
    }

    /// Runs when the process calls `exit()`: one second for all producers together.
    extern "C" fn finish_all() {
        let _ = catch_unwind(|| {
            let deadline = Deadline::after_ms(FLUSH_AT_END_MS);
            // In a forked child a thread that did not come along may hold the lock for ever.
            let Ok(mut producers) = PRODUCERS.try_lock() else {
                return;
            };
            for (made_in, client, shared) in std::mem::take(&mut *producers).into_values() {
                if !made_in.is_current() {
                    continue;
                }
                let (Some(client), Some(shared)) = (client.upgrade(), shared.upgrade()) else {
                    continue;
                };
                if shared.drain(deadline) {
                    let _ = client.flush(deadline.remaining_ms(FLUSH_AT_END_MS));
                }
                Lost::of(shared.reports.lost(), &client, &shared.reports).log();
                // The process ends here: stopping librdkafka's threads one by one would only delay it.
                std::mem::forget(client);
            }
        });
    }
}
