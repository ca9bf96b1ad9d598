//! Messages taken ahead of their reader: one call for many of them.
//!
//! A reader hands itself over one message after the other by counting up a number that it shares
//! with this library. What it has not counted is not read: its offset is not stored, and it can
//! still be taken back.

use std::mem;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::{Error, Result};
use super::lock;
use super::notifier::Signal;
use crate::process::{self, Generation};
use crate::rd::{self, Batch, Code, Fields, Partitions, Trouble};
use crate::sync::Deadline;

/// What the reader and this library share without a call.
#[repr(C)]
pub struct Cursor {
    /// The message that the reader takes next. Only the reader counts it up.
    pub next: AtomicU32,
    /// How many messages there are.
    pub count: AtomicU32,
    /// 1: the messages have waited for long, and the consumer has to be served: see
    /// [`Lookahead::take`].
    pub is_late: AtomicU32,
    /// The process that may read, as [`Generation::to_raw`] has it.
    pub process: u32,
    /// What to compare it with: in a forked child it is another number.
    pub process_now: &'static AtomicU32,
}

/// The most messages to take at once.
const LIMIT: usize = 1000;
/// The most bytes of messages to take at once, as far as the last ones foretell it.
const LIMIT_BYTES: usize = 1 << 20;

/// How far stored offsets may be behind the reader.
const STORE_EVERY: Duration = Duration::from_millis(100);
/// A reader that takes longer for what was taken gets less the next time,
const SLOW: Duration = Duration::from_millis(100);
/// and one that is faster gets more.
const FAST: Duration = Duration::from_millis(20);
/// After this long librdkafka wants to be polled, though there are messages left.
const LATE: Duration = Duration::from_secs(1);

/// So many messages are dropped by the follower, and fewer where they are.
const MANY: usize = 250;
/// How many batches may wait for that. What is beyond the thread that brings it drops, or there would be no end to it.
const DROP_LATER_LIMIT: usize = 32;
/// How often the follower looks whether there are others,
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// until it has so often looked in vain.
const LOOKS: u32 = 10;

/// What the follower is waiting for.
#[derive(Clone, Copy, PartialEq)]
enum Follower {
    /// For messages, without end.
    Rests,
    /// For the time to store offsets.
    Follows,
    /// For the time to look what is to be dropped. To be woken each time would cost the reader two calls into the kernel.
    Looks,
}

struct State {
    /// Missing while it is being filled, and at the end.
    batch: Option<Batch>,
    /// Not read, of partitions that are paused. Missing at the end.
    parked: Option<Batch>,
    /// How many of the first messages of the batch have their offset stored.
    stored: usize,
    /// How many to take the next time.
    limit: usize,
    taken_at: Instant,
    /// How many [`Hold`]s there are.
    holds: usize,
    /// Read, and to be dropped by the follower.
    dropped: Vec<Batch>,
    /// The follower is dropping some of them.
    is_dropping: bool,
    follower: Follower,
    is_ended: bool,
}

impl State {
    /// How many messages there are.
    fn len(&self) -> usize {
        self.batch.as_ref().map_or(0, Batch::len)
    }
}

/// See the module.
pub struct Lookahead {
    shared: Arc<Shared>,
}

struct Shared {
    cursor: Cursor,
    /// Whether offsets are stored as messages are read.
    stores: bool,
    state: Mutex<State>,
    changed: Condvar,
    /// The last [`Hold`] is gone, or the follower has dropped what it was dropping.
    released: Condvar,
}

/// Where to drop messages that a consumer has handed over.
pub struct DropLater(Arc<Shared>);

impl DropLater {
    /// On the consumer's own thread where they are many, as long as there is the consumer.
    pub fn drop(&self, batch: Batch) {
        let few = self.0.drop_later(&mut self.0.lock(), batch);
        drop(few);
    }
}

/// As long as it lasts the reader is shown nothing, and nothing is taken: what is consumed changes on another thread.
pub struct Hold {
    shared: Arc<Shared>,
    signal: Arc<Signal>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.shared.lock().holds -= 1;
        self.shared.released.notify_all();
        self.signal.notify();
    }
}

/// Stores the offset behind the last message of each partition.
pub(super) fn store_offsets(batch: &Batch, range: Range<usize>) {
    let mut seen: Vec<&Fields> = Vec::new();
    for fields in range.rev().filter_map(|index| batch.get(index)) {
        if !seen.iter().any(|other| other.is_of_same_partition(fields)) {
            // It fails for a partition that is another member's by now, whose offset it is.
            let _ = fields.store_offset();
            seen.push(fields);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// As [`Self::lock`], once nothing holds the reader up; `None` if that is not in time.
    fn lock_released(&self, timeout_ms: i32) -> Option<MutexGuard<'_, State>> {
        let mut state = self.lock();
        if state.holds > 0 {
            let deadline = Deadline::after_ms(timeout_ms);
            while state.holds > 0 && !deadline.is_past() {
                state = self
                    .released
                    .wait_timeout(state, deadline.remaining(LATE))
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
        }
        (state.holds == 0).then_some(state)
    }

    /// How many of the batch's messages the reader has.
    fn handed_over(&self, state: &State) -> usize {
        let next = self.cursor.next.load(Ordering::Acquire) as usize;
        next.min(state.len())
    }

    /// Stores the offset of the last message of each partition that was read since the last time.
    fn store(&self, state: &mut State) {
        let handed_over = self.handed_over(state);
        if let Some(batch) = state.batch.as_ref().filter(|_| self.stores) {
            store_offsets(batch, state.stored..handed_over);
        }
        state.stored = handed_over;
    }

    /// Stores and drops what was read; what was not comes first.
    fn drop_read(&self, state: &mut State) {
        self.store(state);
        if let Some(batch) = &mut state.batch {
            let read = batch.take_first(state.stored);
            drop(self.drop_later(state, read));
        }
        state.stored = 0;
        self.cursor.count.store(0, Ordering::Relaxed);
        self.cursor.next.store(0, Ordering::Release);
    }

    /// Has the follower drop messages, where they are many: in librdkafka that takes a third of a message's time. Others
    /// it returns.
    fn drop_later(&self, state: &mut State, batch: Batch) -> Option<Batch> {
        if state.is_ended || batch.len() < MANY || state.dropped.len() == DROP_LATER_LIMIT {
            return Some(batch);
        }
        state.dropped.push(batch);
        if state.follower != Follower::Looks {
            state.follower = Follower::Looks;
            self.changed.notify_one();
        }
        None
    }

    /// Shows the reader what there is, unless a hold is in the way.
    fn show(&self, state: &mut State) {
        if state.holds > 0 {
            return;
        }
        self.cursor.is_late.store(0, Ordering::Relaxed);
        let count = u32::try_from(state.len()).unwrap_or(u32::MAX);
        self.cursor.count.store(count, Ordering::Release);
        if count > 0 && state.follower == Follower::Rests {
            state.follower = Follower::Follows;
            self.changed.notify_one();
        }
    }

    /// Keeps stored offsets near the reader, however long it takes for a message, and drops what is many.
    fn follow_reader(&self) {
        let mut state = self.lock();
        let (mut looks, mut store_at) = (0, Instant::now());
        while !state.is_ended {
            if !state.dropped.is_empty() {
                let dropped = mem::take(&mut state.dropped);
                state.is_dropping = true;
                drop(state);
                drop(dropped);
                state = self.lock();
                state.is_dropping = false;
                self.released.notify_all();
                looks = LOOKS;
            } else if store_at <= Instant::now() {
                self.store(&mut state);
                store_at = Instant::now() + STORE_EVERY;
            }
            let has_unread = state.stored < state.len();
            let until_store = store_at.saturating_duration_since(Instant::now());
            let (follower, wait) = match (looks, has_unread) {
                (0, false) => (Follower::Rests, Duration::MAX),
                (0, true) => (Follower::Follows, until_store),
                _ => (Follower::Looks, LOOK_EVERY.min(until_store)),
            };
            looks = looks.saturating_sub(1);
            state.follower = follower;
            state = self
                .changed
                .wait_timeout(state, wait)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if has_unread && state.taken_at.elapsed() > LATE {
                self.cursor.is_late.store(1, Ordering::Relaxed);
            }
        }
    }
}

/// What is there, or the first that comes in time and what is there with it.
fn fill_up_to(
    limit: usize,
    batch: &mut Batch,
    fill: impl Fn(&mut Batch, usize, i32) -> Result<Vec<Trouble>>,
    timeout_ms: i32,
) -> Result<Vec<Trouble>> {
    if timeout_ms == 0 {
        return fill(batch, limit, 0);
    }
    let mut troubles = fill(batch, 1, timeout_ms)?;
    if !batch.is_empty() && limit > 1 {
        troubles.extend(fill(batch, limit - 1, 0)?);
    }
    Ok(troubles)
}

impl Lookahead {
    /// Nothing yet. `stores`: offsets are stored as messages are read.
    pub fn new(client: &rd::Client, stores: bool) -> Result<Self> {
        let nothing = || Some(Batch::new(client.clone()));
        let shared = Arc::new(Shared {
            cursor: Cursor {
                next: AtomicU32::new(0),
                count: AtomicU32::new(0),
                is_late: AtomicU32::new(0),
                process: Generation::current().to_raw(),
                process_now: Generation::now(),
            },
            stores,
            state: Mutex::new(State {
                batch: nothing(),
                parked: nothing(),
                stored: 0,
                limit: 1,
                taken_at: Instant::now(),
                holds: 0,
                dropped: Vec::new(),
                is_dropping: false,
                follower: Follower::Rests,
                is_ended: false,
            }),
            changed: Condvar::new(),
            released: Condvar::new(),
        });
        let follower = Arc::clone(&shared);
        process::spawn("kafka:offsets", move || follower.follow_reader())
            .map_err(Error::no_thread)?;
        Ok(Self { shared })
    }

    /// Where to drop what has been handed over.
    pub fn drop_later(&self) -> DropLater {
        DropLater(Arc::clone(&self.shared))
    }

    /// What is shared with the reader; lasts as long as this.
    pub fn cursor(&self) -> &Cursor {
        &self.shared.cursor
    }

    /// Takes messages by `fill`, which adds so many to a batch, and waits for the first so long: what
    /// is there, or the first that comes in time; `wanted` of them even where the reader is slow. Those that the reader has
    /// not read come first. Returns what came in place of messages.
    pub fn take(
        &self,
        fill: impl Fn(&mut Batch, usize, i32) -> Result<Vec<Trouble>>,
        wanted: usize,
        timeout_ms: i32,
    ) -> Result<Vec<Trouble>> {
        let Some(mut state) = self.shared.lock_released(timeout_ms) else {
            return Ok(Vec::new());
        };
        let (count, took) = (state.len(), state.taken_at.elapsed());
        let was_read = self.shared.handed_over(&state) == count;
        self.shared.drop_read(&mut state);
        // The lock is not held while it waits: others store offsets meanwhile.
        let Some(mut batch) = state.batch.take() else {
            return Err(Error::new(Code::CONFLICT.0, "another thread is reading"));
        };
        let filled = if !batch.is_empty() {
            drop(state);
            // Polled all the same, which keeps the member in its group.
            let missing = wanted.saturating_sub(batch.len()).max(1);
            fill(&mut batch, missing, 0)
        } else {
            if count == 0 {
                // It waited for the first message, which says nothing of the reader.
            } else if was_read && took < FAST {
                state.limit = (2 * state.limit).min(LIMIT);
            } else if took > SLOW {
                state.limit = (state.limit / 4).max(1);
            }
            let limit = state.limit.max(wanted);
            drop(state);
            fill_up_to(limit, &mut batch, fill, timeout_ms)
        };
        let bytes = batch.iter().map(Fields::len).sum::<usize>();
        let mut state = self.shared.lock();
        state.batch = Some(batch);
        if bytes > LIMIT_BYTES {
            state.limit = (state.limit / 2).max(1);
        }
        state.taken_at = Instant::now();
        let troubles = filled?;
        self.shared.show(&mut state);
        Ok(troubles)
    }

    /// Calls `look` with the messages that the reader is shown.
    pub fn with_messages(&self, look: impl FnOnce(&Batch)) {
        if let Some(batch) = &self.shared.lock().batch {
            look(batch);
        }
    }

    /// Whether the reader has not read all that is, or would be, shown.
    pub fn has_unread(&self) -> bool {
        let state = self.shared.lock();
        self.shared.handed_over(&state) < state.len()
    }

    /// Shows the reader what there is, after calls that do not show it. How many that is.
    pub fn show_rest(&self) -> usize {
        let mut state = self.shared.lock();
        self.shared.show(&mut state);
        match state.holds {
            0 => state.len(),
            _ => 0,
        }
    }

    /// Shows the reader nothing until the next [`Self::take`].
    pub fn hide(&self) {
        self.with_unread(|_, _| ());
    }

    /// Holds the reader up, whose thread this is; the signal is notified when it may go on.
    pub fn hold(&self, signal: &Arc<Signal>) -> Hold {
        let mut state = self.shared.lock();
        self.shared.drop_read(&mut state);
        state.holds += 1;
        Hold {
            shared: Arc::clone(&self.shared),
            signal: Arc::clone(signal),
        }
    }

    /// Waits until nothing holds the reader up; false if that is not in time.
    pub fn await_release(&self, timeout_ms: i32) -> bool {
        self.shared.lock_released(timeout_ms).is_some()
    }

    /// Of each partition, the first offset that was taken and not read.
    pub fn unread(&self) -> Partitions {
        let state = self.shared.lock();
        let mut places = Partitions::new();
        let read = self.shared.handed_over(&state);
        let shown = state.batch.iter().flat_map(Batch::iter).skip(read);
        for fields in shown.chain(state.parked.iter().flat_map(Batch::iter)) {
            fields.add_first_to(&mut places);
        }
        places
    }

    /// Stores the offsets of what was read, before a call that needs them.
    pub fn store(&self) {
        self.shared.store(&mut self.shared.lock());
    }

    /// Has `change` do something with what was not read, what is shown and what is parked. Until [`Self::show_rest`] or
    /// the next [`Self::take`] the reader is shown nothing.
    fn with_unread(&self, change: impl FnOnce(&mut Batch, &mut Batch)) {
        let mut state = self.shared.lock();
        self.shared.drop_read(&mut state);
        let State { batch, parked, .. } = &mut *state;
        if let (Some(batch), Some(parked)) = (batch, parked) {
            change(batch, parked);
        }
    }

    /// Drops what was not read and `is_unwanted`, parked or not.
    pub fn take_back(&self, is_unwanted: impl Fn(&Fields) -> bool) {
        self.with_unread(|batch, parked| {
            drop(batch.take_out(&is_unwanted));
            drop(parked.take_out(&is_unwanted));
        });
    }

    /// Keeps what was not read of these partitions, and does not show it.
    pub fn park(&self, partitions: &Partitions) {
        self.with_unread(|batch, parked| {
            let mut some = batch.take_out(|fields| fields.is_in(partitions));
            parked.move_first(some.len(), &mut some);
        });
    }

    /// The reverse of [`Self::park`]: it comes before what was taken since.
    pub fn unpark(&self, partitions: &Partitions) {
        self.with_unread(|batch, parked| {
            let mut some = parked.take_out(|fields| fields.is_in(partitions));
            some.move_first(batch.len(), batch);
            *batch = some;
        });
    }

    /// Hands up to so many of what was not read over to the owner of `place`.
    pub fn hand_over(&self, count: usize, place: &mut Batch) {
        self.with_unread(|batch, _| place.move_first(count, batch));
    }
}

impl Drop for Lookahead {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        self.shared.drop_read(&mut state);
        state.is_ended = true;
        self.shared.changed.notify_one();
        // Here and not with the follower, which may live on for a moment: they hold the client.
        drop((state.batch.take(), state.parked.take()));
        state.dropped.clear();
        while state.is_dropping {
            state = self
                .shared
                .released
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}
