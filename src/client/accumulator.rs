//! The record accumulator: callers copy records into a chunk, and the sender, a thread of the producer's, gives chunks to
//! librdkafka.
//!
//! What a record costs its caller is the copy. librdkafka's own work, its allocations and its locks are paid for by the
//! sender, which gives it many records at once: a chunk when it is full, or when there is nothing else to do.
//!
//! The accumulator counts the bytes that librdkafka holds as well, whose own limit is lifted, and refuses a record at its
//! call. So the sender never waits for room: a record is librdkafka's, which keeps its time, within a millisecond or two.

use std::collections::VecDeque;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, TryLockError};
use std::thread::{self, Thread};
use std::time::Duration;

use super::error::{Error, Result};
use super::lock;
use super::notifier::Signal;
use crate::process;
use crate::rd::{
    self, Code, Deliveries, DeliveryReport, Headers, MessageStatus, Record, Records, Topic,
};
use crate::sync::Deadline;

/// What a chunk holds: bytes of keys and values, and records.
const CHUNK_BYTES: usize = 64 * 1024;
const CHUNK_RECORDS: usize = 1024;

/// How many empty chunks are kept, while the sender is at work and while it sleeps. What is beyond the first, as after a burst,
/// goes back to the system; of those that are not kept while it sleeps, malloc decides.
const SPARE_CHUNKS: usize = 24;
const SPARE_CHUNKS_ASLEEP: usize = 2;

/// How long the sender rests before it looks for more,
const NAP: Duration = Duration::from_millis(1);
/// and how often in a row until it sleeps and has to be woken, which costs the caller a system call.
const NAPS: u32 = 10;

/// What librdkafka counts for a message besides key and value: the most that Kafka's format adds to them.
const MESSAGE_OVERHEAD: usize = 36;

/// A failed message's offset.
const NO_OFFSET: i64 = -1001;

/// What the sender does at the moment.
const AT_WORK: u8 = 0;
const NAPPING: u8 = 1;
const ASLEEP: u8 = 2;

/// A record in a chunk.
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
struct Chunk {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Those of its entries.
    topics: Vec<Arc<Topic>>,
    /// The application has given them up.
    is_purged: bool,
}

impl Chunk {
    fn with_room() -> Self {
        Self {
            bytes: Vec::with_capacity(CHUNK_BYTES),
            entries: Vec::with_capacity(CHUNK_RECORDS),
            topics: Vec::new(),
            is_purged: false,
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

    /// Whether a record of so many bytes has no place in it. A chunk of its own has a place for any.
    fn is_full_for(&self, size: usize) -> bool {
        let has_no_room =
            self.bytes.len() + size > CHUNK_BYTES || self.entries.len() >= CHUNK_RECORDS;
        has_no_room && !self.entries.is_empty()
    }

    /// Empty again, with its memory; but not with that of records larger than it is.
    fn clear(&mut self) {
        self.is_purged = false;
        self.topics.clear();
        self.entries.clear();
        self.bytes.clear();
        self.bytes.shrink_to(CHUNK_BYTES);
    }

    /// Gives an empty one back to the system.
    fn free(mut self) {
        process::release_pages(&mut self.bytes);
        process::release_pages(&mut self.entries);
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

/// Some records of a chunk.
struct Selection<'a> {
    chunk: &'a Chunk,
    entries: &'a [Entry],
}

impl Records for Selection<'_> {
    fn place(&self, index: usize) -> (i32, Option<&[u8]>) {
        let entry = &self.entries[index];
        (entry.partition, self.chunk.parts(entry).0)
    }

    fn get(&self, index: usize) -> Record<'_> {
        let entry = &self.entries[index];
        let (key, value) = self.chunk.parts(entry);
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

/// What the sender takes, one after the other.
enum Item {
    /// Records.
    Chunk(Chunk),
    /// librdkafka is to give up what it has. `is_exact`: and nothing that it gets later, for which the sender waits.
    Purge { in_flight: bool, is_exact: bool },
    /// There will be no more.
    End,
}

#[derive(Default)]
struct Queue {
    /// What records are copied into.
    open: Chunk,
    items: VecDeque<Item>,
    /// Empty chunks.
    spare: Vec<Chunk>,
    /// Records and purges, from the start,
    appended: u64,
    /// and the bytes of the records.
    appended_bytes: u64,
}

impl Queue {
    /// Has the sender take the open chunk, before whatever is added later.
    fn seal(&mut self) {
        if !self.open.entries.is_empty() {
            let next = self.spare.pop().unwrap_or_else(Chunk::with_room);
            let sealed = std::mem::replace(&mut self.open, next);
            self.items.push_back(Item::Chunk(sealed));
        }
    }

    /// Gives up what the sender has not taken yet, and adds an item behind it.
    fn purge(&mut self, then: Item) {
        self.seal();
        for item in &mut self.items {
            if let Item::Chunk(chunk) = item {
                chunk.is_purged = true;
            }
        }
        self.items.push_back(then);
        self.appended += 1;
    }

    fn is_empty(&self) -> bool {
        self.items.is_empty() && self.open.entries.is_empty()
    }
}

/// See the module.
pub struct Accumulator {
    queue: Mutex<Queue>,
    /// How many of what was appended librdkafka has, or was reported as failed. Written by the sender only.
    drained: AtomicU64,
    /// The bytes of records that were reported.
    released_bytes: AtomicU64,
    limit_bytes: u64,
    message_max_bytes: usize,
    state: AtomicU8,
    sender: OnceLock<Thread>,
    signal: Arc<Signal>,
}

impl Accumulator {
    /// `limit_bytes`: how many bytes of records there may be that are not reported yet. `message_max_bytes`: those of a
    /// record, as `message.max.bytes`. `signal`: notified when what was appended is drained.
    pub fn new(limit_bytes: usize, message_max_bytes: usize, signal: Arc<Signal>) -> Self {
        Self {
            queue: Mutex::default(),
            drained: AtomicU64::new(0),
            released_bytes: AtomicU64::new(0),
            limit_bytes: limit_bytes as u64,
            message_max_bytes: message_max_bytes.min(limit_bytes),
            state: AtomicU8::new(AT_WORK),
            sender: OnceLock::new(),
            signal,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // The others hold it for the time of a copy: to sleep until they have done with it would take longer.
        for _ in 0..100 {
            match self.queue.try_lock() {
                Ok(queue) => return queue,
                Err(TryLockError::Poisoned(error)) => return error.into_inner(),
                Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
            }
        }
        lock(&self.queue)
    }

    /// Takes a copy of a record.
    pub fn append(&self, topic: &Arc<Topic>, record: Record<'_>) -> Result<(), Code> {
        let len = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let size = len(record.key).saturating_add(len(record.value));
        if size.saturating_add(MESSAGE_OVERHEAD) > self.message_max_bytes {
            return Err(Code::MSG_SIZE_TOO_LARGE);
        }
        let mut queue = self.lock();
        let appended_bytes = queue.appended_bytes + size as u64;
        if appended_bytes - self.released_bytes.load(Ordering::Relaxed) > self.limit_bytes {
            return Err(Code::QUEUE_FULL);
        }
        let was_full = queue.open.is_full_for(size);
        if was_full {
            queue.seal();
        }
        queue.open.push(topic, record);
        queue.appended += 1;
        queue.appended_bytes = appended_bytes;
        drop(queue);
        // A sender that goes to sleep says so before it takes the lock for its last look.
        match self.state.load(Ordering::Relaxed) {
            AT_WORK => {}
            NAPPING if !was_full => {}
            _ => self.wake(),
        }
        Ok(())
    }

    #[cold]
    fn wake(&self) {
        if let Some(sender) = self.sender.get() {
            sender.unpark();
        }
    }

    /// Records of so many bytes were reported: there is room for others.
    pub fn release(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.released_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Waits until the sender has come to an end with all that was appended; false if the time is up before.
    pub fn drain(&self, deadline: Deadline) -> bool {
        let appended = self.lock().appended;
        let is_drained = || self.drained.load(Ordering::Acquire) >= appended;
        if !is_drained() {
            self.wake();
        }
        self.signal.wait(deadline, is_drained)
    }

    /// Gives up the records that were appended before, and of what librdkafka has, what waits there and, where they are meant,
    /// those under way; where it `is_exact`, nothing that is appended later. [`Self::drain`] waits for it.
    pub fn purge(&self, in_flight: bool, is_exact: bool) {
        self.lock().purge(Item::Purge {
            in_flight,
            is_exact,
        });
        self.wake();
    }

    /// Gives up what is left, and ends the sender.
    pub fn end(&self) {
        self.lock().purge(Item::End);
        self.wake();
    }

    /// Starts the sender. `deliveries` gets what librdkafka does not take, and `ended` is called when the sender has let go of the
    /// client, and whether it has panicked.
    pub fn start_sender(
        self: &Arc<Self>,
        client: rd::Client,
        deliveries: Arc<dyn Deliveries>,
        ended: impl FnOnce(bool) + Send + 'static,
    ) -> Result<()> {
        let sender = Sender {
            client,
            accumulator: Arc::clone(self),
            deliveries,
        };
        let thread = process::spawn("kafka:sender", move || {
            let ran = catch_unwind(AssertUnwindSafe(|| sender.run()));
            if ran.is_err() {
                // Nothing is to wait for it any more.
                let accumulator = &sender.accumulator;
                accumulator.drained.store(u64::MAX, Ordering::Release);
                accumulator.signal.notify();
            }
            drop(sender);
            ended(ran.is_err());
        })
        .map_err(Error::no_thread)?;
        // It is there for the first time.
        let _ = self.sender.set(thread);
        Ok(())
    }
}

struct Sender {
    client: rd::Client,
    accumulator: Arc<Accumulator>,
    deliveries: Arc<dyn Deliveries>,
}

impl Sender {
    fn run(&self) {
        let mut naps = 0;
        loop {
            let next = self.accumulator.lock().items.pop_front();
            let next = next.or_else(|| {
                // The open chunk not before a rest: taken one by one, records would cost what they cost without all this.
                self.rest(naps);
                let mut queue = self.accumulator.lock();
                if queue.items.is_empty() {
                    queue.seal();
                }
                queue.items.pop_front()
            });
            naps = if next.is_some() { 0 } else { naps + 1 };
            let Some(item) = next else { continue };
            let is_end = matches!(item, Item::End);
            let count = match item {
                Item::Chunk(chunk) => self.send(chunk),
                Item::Purge {
                    in_flight,
                    is_exact,
                } => {
                    match is_exact {
                        true => self.client.purge(true, in_flight),
                        false => self.client.begin_purge(true, in_flight),
                    }
                    1
                }
                Item::End => 1,
            };
            self.accumulator.drained.fetch_add(count, Ordering::Release);
            self.accumulator.signal.notify();
            if is_end {
                return;
            }
        }
    }

    fn rest(&self, naps: u32) {
        let accumulator = &*self.accumulator;
        if naps < NAPS {
            accumulator.state.store(NAPPING, Ordering::Relaxed);
            thread::park_timeout(NAP);
        } else {
            accumulator.state.store(ASLEEP, Ordering::Relaxed);
            // A thread that takes the lock after this sees that this one sleeps.
            let mut queue = accumulator.lock();
            let is_empty = queue.is_empty();
            if is_empty {
                let kept = queue.spare.len().min(SPARE_CHUNKS_ASLEEP);
                let unused = queue.spare.split_off(kept);
                drop(queue);
                drop(unused);
                thread::park();
            }
        }
        accumulator.state.store(AT_WORK, Ordering::Relaxed);
    }

    /// Gives librdkafka a chunk's records, those of one topic at a time. How many they are.
    fn send(&self, mut chunk: Chunk) -> u64 {
        let count = chunk.entries.len() as u64;
        for entries in chunk
            .entries
            .chunk_by(|left, right| left.topic == right.topic)
        {
            let topic = &*chunk.topics[entries[0].topic as usize];
            if chunk.is_purged {
                self.fail(topic, entries, Code::PURGE_QUEUE);
                continue;
            }
            let fail = |index, code| self.fail(topic, std::slice::from_ref(&entries[index]), code);
            let selection = Selection {
                chunk: &chunk,
                entries,
            };
            // They have been given what is to be carried when they were appended.
            let carry = |carried| carried;
            self.client
                .produce_records(topic, &selection, 0..entries.len(), carry, fail);
        }
        chunk.clear();
        let mut queue = self.accumulator.lock();
        if queue.spare.len() < SPARE_CHUNKS {
            queue.spare.push(chunk);
        } else {
            drop(queue);
            chunk.free();
        }
        count
    }

    fn fail(&self, topic: &Topic, entries: &[Entry], code: Code) {
        for entry in entries {
            self.deliveries.report(DeliveryReport {
                opaque: entry.opaque,
                topic: topic.id(),
                offset: NO_OFFSET,
                partition: entry.partition,
                code,
                reason: None,
                timestamp: -1,
                latency_us: -1,
                status: MessageStatus::NotPersisted,
                len: (entry.key_len.unwrap_or(0) + entry.value_len.unwrap_or(0)) as usize,
            });
        }
    }
}
