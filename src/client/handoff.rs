//! Records handed over: the caller copies them into a slab, and a thread of ours queues them.
//!
//! What a record costs its caller is the copy. librdkafka's own work, its allocations and its locks are paid for by the
//! thread, which gives it many records at once. A slab is handed over when it is full, or when the thread has nothing
//! else to do.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, TryLockError};
use std::thread::{self, Thread};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;

use super::error::{Error, Result};
use super::lock;
use crate::process;
use crate::rd::{self, Code, DeliveryReport, Headers, Record, Records, Topic};
use crate::sync::Deadline;

/// What a slab holds: bytes of keys and values, and records.
const SLAB_BYTES: usize = 64 * 1024;
const SLAB_RECORDS: usize = 1024;

/// How long the thread rests before it looks for more,
const NAP: Duration = Duration::from_millis(1);
/// and how often in a row until it sleeps and has to be woken, which costs the caller a system call.
const NAPS: u32 = 10;

/// How long a caller that waits for the thread rests before it looks again.
const LOOK: Duration = Duration::from_micros(50);

/// What librdkafka counts for a message besides key and value: the most that Kafka's format adds to them.
const MESSAGE_OVERHEAD: usize = 36;

/// A failed message's offset.
const NO_OFFSET: i64 = -1001;

/// What the thread does at the moment.
const AT_WORK: u8 = 0;
const NAPPING: u8 = 1;
const ASLEEP: u8 = 2;

/// A record in a slab.
struct Entry {
    topic: u32,
    partition: i32,
    /// Where its key begins, with the value behind it.
    start: usize,
    key_len: Option<u32>,
    value_len: Option<u32>,
    timestamp: Option<i64>,
    opaque: usize,
    headers: Option<Headers>,
}

/// Records one behind the other.
#[derive(Default)]
struct Slab {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Those of its entries.
    topics: Vec<Arc<Topic>>,
}

impl Slab {
    fn with_room() -> Self {
        Self {
            bytes: Vec::with_capacity(SLAB_BYTES),
            entries: Vec::with_capacity(SLAB_RECORDS),
            topics: Vec::new(),
        }
    }

    fn push(&mut self, topic: &Arc<Topic>, record: Record<'_>) {
        if !self
            .topics
            .last()
            .is_some_and(|last| Arc::ptr_eq(last, topic))
        {
            self.topics.push(Arc::clone(topic));
        }
        let start = self.bytes.len();
        let mut copy = |part: Option<&[u8]>| {
            part.map(|part| {
                self.bytes.extend_from_slice(part);
                part.len() as u32
            })
        };
        let (key_len, value_len) = (copy(record.key), copy(record.value));
        self.entries.push(Entry {
            topic: self.topics.len() as u32 - 1,
            partition: record.partition,
            start,
            key_len,
            value_len,
            timestamp: record.timestamp,
            opaque: record.opaque,
            headers: record.headers,
        });
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= SLAB_BYTES || self.entries.len() >= SLAB_RECORDS
    }

    /// Empty again, with its memory; but not with that of records larger than it is.
    fn clear(&mut self) {
        self.topics.clear();
        self.entries.clear();
        self.bytes.clear();
        self.bytes.shrink_to(2 * SLAB_BYTES);
    }

    fn parts(&self, entry: &Entry) -> (Option<&[u8]>, Option<&[u8]>) {
        let value_start = entry.start + entry.key_len.unwrap_or(0) as usize;
        let part = |start: usize, len: Option<u32>| {
            len.map(|len| &self.bytes[start..start + len as usize])
        };
        (
            part(entry.start, entry.key_len),
            part(value_start, entry.value_len),
        )
    }
}

/// Some records of a slab.
struct Selection<'a> {
    slab: &'a Slab,
    entries: Vec<&'a Entry>,
}

impl Records for Selection<'_> {
    fn place(&self, index: usize) -> (i32, Option<&[u8]>) {
        let entry = self.entries[index];
        (entry.partition, self.slab.parts(entry).0)
    }

    fn get(&self, index: usize) -> Record<'_> {
        let entry = self.entries[index];
        let (key, value) = self.slab.parts(entry);
        Record {
            partition: entry.partition,
            key,
            value,
            headers: entry.headers.clone(),
            timestamp: entry.timestamp,
            opaque: entry.opaque,
        }
    }
}

/// What purging is asked for.
#[derive(Clone, Copy)]
struct Purge {
    in_flight: bool,
    /// Records given before this one.
    before: u64,
}

/// See the module.
pub struct Handoff {
    /// The slab that is being filled.
    giver: Mutex<Slab>,
    full: ArrayQueue<Slab>,
    empty: ArrayQueue<Slab>,
    /// How much memory full slabs may take, and how much they do.
    limit_bytes: usize,
    full_bytes: AtomicUsize,
    message_max_bytes: usize,
    /// How many records were given, written with the giver's lock held,
    given: AtomicU64,
    /// and how many of them are librdkafka's, or reported as failed.
    done: AtomicU64,
    purge: Mutex<Option<Purge>>,
    is_purging: AtomicBool,
    state: AtomicU8,
    is_ended: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Handoff {
    /// `limit_bytes`: how many bytes of records may wait. `message_max_bytes`: those of a record, as `message.max.bytes`.
    pub fn new(limit_bytes: usize, message_max_bytes: usize) -> Self {
        let slabs = (limit_bytes / SLAB_BYTES).max(2);
        Self {
            giver: Mutex::default(),
            full: ArrayQueue::new(slabs),
            empty: ArrayQueue::new(slabs),
            limit_bytes,
            full_bytes: AtomicUsize::new(0),
            message_max_bytes,
            given: AtomicU64::new(0),
            done: AtomicU64::new(0),
            purge: Mutex::default(),
            is_purging: AtomicBool::new(false),
            state: AtomicU8::new(AT_WORK),
            is_ended: AtomicBool::new(false),
            thread: OnceLock::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slab> {
        // The others hold it for the time of a copy: to sleep until they have done with it would take longer.
        for _ in 0..100 {
            match self.giver.try_lock() {
                Ok(slab) => return slab,
                Err(TryLockError::Poisoned(error)) => return error.into_inner(),
                Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
            }
        }
        lock(&self.giver)
    }

    /// Takes a copy of a record.
    pub fn give(&self, topic: &Arc<Topic>, record: Record<'_>) -> Result<(), Code> {
        let len = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let size = len(record.key).saturating_add(len(record.value));
        if size.saturating_add(MESSAGE_OVERHEAD) > self.message_max_bytes {
            return Err(Code::MSG_SIZE_TOO_LARGE);
        }
        let mut slab = self.lock();
        let was_full = slab.is_full();
        if was_full {
            self.hand_over(&mut slab)?;
        }
        slab.push(topic, record);
        let given = self.given.load(Ordering::Relaxed);
        self.given.store(given + 1, Ordering::Release);
        drop(slab);
        // A thread that goes to sleep says so before it takes the lock for its last look.
        match self.state.load(Ordering::Relaxed) {
            AT_WORK => {}
            NAPPING if !was_full => {}
            _ => self.wake(),
        }
        Ok(())
    }

    fn hand_over(&self, slab: &mut Slab) -> Result<(), Code> {
        let bytes = slab.bytes.len();
        let full_bytes = self.full_bytes.load(Ordering::Relaxed);
        let is_too_much = full_bytes > 0 && full_bytes + bytes > self.limit_bytes;
        if is_too_much || self.full.is_full() {
            self.wake();
            return Err(Code::QUEUE_FULL);
        }
        let next = self.empty.pop().unwrap_or_else(Slab::with_room);
        self.full_bytes.fetch_add(bytes, Ordering::Relaxed);
        // There is room: no thread adds to it without the lock.
        let _ = self.full.push(std::mem::replace(slab, next));
        Ok(())
    }

    #[cold]
    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Waits until all that was given is librdkafka's, or reported; false if the time is up before.
    pub fn drain(&self, deadline: Deadline) -> bool {
        let given = self.given.load(Ordering::Acquire);
        while self.done.load(Ordering::Acquire) < given {
            if deadline.is_past() {
                return false;
            }
            self.wake();
            thread::sleep(deadline.remaining(LOOK));
        }
        true
    }

    /// Has the thread give up what it has not queued yet, and have librdkafka give up what it has.
    pub fn purge(&self, in_flight: bool) {
        let mut slab = self.lock();
        // What is given from here on is not meant. If there is no room for it, this slab is.
        if !slab.entries.is_empty() {
            let _ = self.hand_over(&mut slab);
        }
        let before = self.given.load(Ordering::Relaxed);
        drop(slab);
        let mut purge = lock(&self.purge);
        *purge = Some(Purge { in_flight, before });
        self.is_purging.store(true, Ordering::Release);
        drop(purge);
        self.wake();
    }

    /// Ends the thread, which gives up what is left.
    pub fn end(&self) {
        self.is_ended.store(true, Ordering::Release);
        self.wake();
    }

    /// Whether the oldest records are to be given up.
    fn is_unwanted(&self) -> bool {
        if self.is_ended.load(Ordering::Acquire) {
            return true;
        } else if !self.is_purging.load(Ordering::Acquire) {
            return false;
        }
        let purge = lock(&self.purge);
        purge.is_some_and(|purge| self.done.load(Ordering::Relaxed) < purge.before)
    }

    fn take_full(&self) -> Option<Slab> {
        let slab = self.full.pop()?;
        self.full_bytes
            .fetch_sub(slab.bytes.len(), Ordering::Relaxed);
        Some(slab)
    }

    /// The oldest records, though their slab may not be full.
    fn take(&self) -> Option<Slab> {
        {
            let mut slab = self.lock();
            if self.full.is_empty() && !slab.entries.is_empty() {
                let _ = self.hand_over(&mut slab);
            }
        }
        self.take_full()
    }
}

/// Starts the thread that queues what `handoff` is given. `report` gets what cannot be queued, and `ended` is called when the
/// thread has let go of the client, and whether it has panicked.
pub fn start(
    handoff: &Arc<Handoff>,
    client: rd::Client,
    report: impl Fn(DeliveryReport<'_>) + Send + 'static,
    ended: impl FnOnce(bool) + Send + 'static,
) -> Result<()> {
    let worker = Worker {
        client,
        handoff: Arc::clone(handoff),
        report: Box::new(report),
    };
    let thread = process::spawn("kafka:produce", move || {
        let ran = catch_unwind(AssertUnwindSafe(|| worker.run()));
        drop(worker);
        ended(ran.is_err());
    })
    .map_err(Error::no_thread)?;
    // It is there for the first time.
    let _ = handoff.thread.set(thread);
    Ok(())
}

struct Worker {
    client: rd::Client,
    handoff: Arc<Handoff>,
    report: Box<dyn Fn(DeliveryReport<'_>) + Send>,
}

impl Worker {
    fn run(&self) {
        let handoff = &*self.handoff;
        let mut naps = 0;
        loop {
            while let Some(slab) = handoff.take_full() {
                self.queue(slab);
                naps = 0;
            }
            self.rest(naps);
            naps += 1;
            // Not before it has rested: taken one by one, records would cost what they cost without all this.
            if let Some(slab) = handoff.take() {
                self.queue(slab);
                naps = 0;
            }
            self.purge_if_wanted();
            let is_empty = || handoff.full.is_empty() && handoff.lock().entries.is_empty();
            if handoff.is_ended.load(Ordering::Acquire) && is_empty() {
                return;
            }
        }
    }

    fn rest(&self, naps: u32) {
        let handoff = &*self.handoff;
        if naps < NAPS {
            handoff.state.store(NAPPING, Ordering::Relaxed);
            thread::park_timeout(NAP);
        } else {
            handoff.state.store(ASLEEP, Ordering::Relaxed);
            // A thread that takes the lock after this sees that this one sleeps.
            if handoff.lock().entries.is_empty() && handoff.full.is_empty() {
                thread::park();
            }
        }
        handoff.state.store(AT_WORK, Ordering::Relaxed);
    }

    /// Queues a slab's records, those of one topic at a time.
    fn queue(&self, mut slab: Slab) {
        for run in slab
            .entries
            .chunk_by(|left, right| left.topic == right.topic)
        {
            let selection = Selection {
                slab: &slab,
                entries: run.iter().collect(),
            };
            self.queue_selection(&slab.topics[run[0].topic as usize], selection);
        }
        slab.clear();
        let _ = self.handoff.empty.push(slab);
    }

    fn queue_selection(&self, topic: &Topic, mut selection: Selection<'_>) {
        while !selection.entries.is_empty() {
            let count = selection.entries.len();
            let mut left = Vec::new();
            if self.handoff.is_unwanted() {
                for entry in &selection.entries {
                    self.fail(topic, entry, Code::PURGE_QUEUE);
                }
            } else {
                let refused = |index: usize, code| match code {
                    Code::QUEUE_FULL => left.push(index),
                    _ => self.fail(topic, selection.entries[index], code),
                };
                self.client
                    .produce_records(topic, &selection, 0..count, refused);
                left.sort_unstable();
            }
            let done = (count - left.len()) as u64;
            self.handoff.done.fetch_add(done, Ordering::Release);
            selection.entries = left.iter().map(|&index| selection.entries[index]).collect();
            if !left.is_empty() {
                // Messages have been counted: it is bytes that are too many, and librdkafka does not signal when that is
                // over.
                thread::park_timeout(NAP);
            }
        }
    }

    fn fail(&self, topic: &Topic, entry: &Entry, code: Code) {
        (self.report)(DeliveryReport {
            opaque: entry.opaque,
            topic: topic.name(),
            offset: NO_OFFSET,
            partition: entry.partition,
            code,
            timestamp: -1,
            latency_us: -1,
        });
    }

    fn purge_if_wanted(&self) {
        let handoff = &*self.handoff;
        if !handoff.is_purging.load(Ordering::Acquire) {
            return;
        }
        let mut purge = lock(&handoff.purge);
        let done = handoff.done.load(Ordering::Relaxed);
        if let Some(due) = purge.filter(|purge| done >= purge.before) {
            *purge = None;
            handoff.is_purging.store(false, Ordering::Release);
            self.client.purge(true, due.in_flight);
        }
    }
}
