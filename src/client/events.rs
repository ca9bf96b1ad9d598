//! What comes from a client besides messages and reports, kept until a call takes it.

use std::collections::VecDeque;
use std::ffi::{CStr, CString};
use std::ops::BitOr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::causes::{without_time, Causes};
use super::conf::{Conf, LOG_DEBUG};
use super::error::Error;
use super::lock;
use super::notifier::Signal;
use crate::process;
use crate::rd::{self, Change, Code, Partitions};

/// Kinds of events, each a bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(pub u32);

impl Kinds {
    /// None.
    pub const NONE: Self = Self(0);
    /// [`What::Error`].
    pub const ERROR: Self = Self(1);
    /// [`What::Statistics`].
    pub const STATISTICS: Self = Self(2);
    /// [`What::Log`].
    pub const LOG: Self = Self(4);
    /// [`What::Throttle`].
    pub const THROTTLE: Self = Self(8);
    /// [`What::TokenWanted`].
    pub const TOKEN_WANTED: Self = Self(16);
    /// [`What::Rebalance`].
    pub const REBALANCE: Self = Self(32);
    /// [`What::CommitFailed`].
    pub const COMMIT_FAILED: Self = Self(64);
    /// [`What::PartitionEnd`].
    pub const PARTITION_END: Self = Self(128);
    /// All there are.
    pub const ALL: Self = Self(255);

    /// The number of a single one's bit.
    fn index(self) -> usize {
        self.0.trailing_zeros() as usize
    }

    /// Whether they have one in common.
    pub fn intersect(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Kinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// Trouble with brokers, the network, or the client itself.
    Error(Error),
    /// librdkafka's statistics, as JSON.
    Statistics(CString),
    /// A line of librdkafka's log.
    Log {
        /// Syslog's: 0 is an emergency, 7 is for debugging.
        level: i32,
        /// What part of librdkafka it is from.
        facility: CString,
        /// The line.
        text: CString,
    },
    /// A broker asks for patience.
    Throttle {
        /// Its name.
        broker: CString,
        /// Its number.
        broker_id: i32,
        /// For how long it delays its answers.
        throttle_ms: i32,
    },
    /// A new OAUTHBEARER token is needed; with `sasl.oauthbearer.config`.
    TokenWanted(CString),
    /// The group's partitions move.
    Rebalance(Change, Partitions),
    /// Offsets could not be committed.
    CommitFailed(Error, Partitions),
    /// A partition has no more messages for now; the offset is where the next will be.
    PartitionEnd(Partitions),
}

impl What {
    /// Its bit.
    pub fn kind(&self) -> Kinds {
        match self {
            Self::Error(_) => Kinds::ERROR,
            Self::Statistics(_) => Kinds::STATISTICS,
            Self::Log { .. } => Kinds::LOG,
            Self::Throttle { .. } => Kinds::THROTTLE,
            Self::TokenWanted(_) => Kinds::TOKEN_WANTED,
            Self::Rebalance(..) => Kinds::REBALANCE,
            Self::CommitFailed(..) => Kinds::COMMIT_FAILED,
            Self::PartitionEnd(_) => Kinds::PARTITION_END,
        }
    }

    /// How many of this kind are kept where no call takes them.
    fn limit(&self) -> usize {
        match self {
            // Only the newest says how things are.
            Self::Statistics(_) | Self::TokenWanted(_) => 1,
            Self::Log { .. } => 1000,
            // librdkafka waits for an answer to each, so there are never more than a few.
            Self::Rebalance(..) => usize::MAX,
            _ => 100,
        }
    }

    /// Whether `newer` has the same cause, so that one of them is enough. Other kinds than these are states, of which the
    /// order counts.
    fn has_cause_of(&self, newer: &Self) -> bool {
        match (self, newer) {
            (Self::Error(old), Self::Error(new)) => is_same_error(old, new),
            (Self::CommitFailed(old, old_list), Self::CommitFailed(new, new_list)) => {
                is_same_error(old, new) && old_list.names_same_partitions(new_list)
            }
            (
                Self::Log {
                    level: old_level,
                    facility: old_facility,
                    text: old_text,
                },
                Self::Log {
                    level,
                    facility,
                    text,
                },
            ) => {
                // Lines for debugging are a sequence.
                *level < LOG_DEBUG
                    && old_level == level
                    && old_facility == facility
                    && without_time(&old_text.to_string_lossy())
                        == without_time(&text.to_string_lossy())
            }
            _ => false,
        }
    }
}

fn is_same_error(old: &Error, new: &Error) -> bool {
    (old.code, old.fatal) == (new.code, new.fatal)
        && without_time(&old.message) == without_time(&new.message)
}

/// An event, how often it came, and how many others of its kind were not taken in time.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened, the first time.
    pub what: What,
    /// How often it happened before it was taken.
    pub count: u32,
    /// Events of this kind that were dropped since the last one that was taken.
    pub dropped: u64,
}

/// An event in its queue. The numbers are those of its first and its last time in the order of all kinds.
struct Kept {
    first: u64,
    last: u64,
    count: u32,
    what: What,
}

/// The events of one kind, in the order of their first time.
#[derive(Default)]
struct Queue {
    events: VecDeque<Kept>,
    dropped: u64,
}

impl Queue {
    /// Adds an event, or counts it where one of the same cause is there. False if the number of events stays the same.
    fn push(&mut self, number: u64, what: What) -> bool {
        let mut newest_first = self.events.iter_mut().rev();
        if let Some(kept) = newest_first.find(|kept| kept.what.has_cause_of(&what)) {
            kept.last = number;
            kept.count = kept.count.saturating_add(1);
            return false;
        }
        let is_full = self.events.len() >= what.limit();
        if is_full {
            // What has not come again for the longest time goes: neither a flood of others nor an outage long ago
            // takes the place of what is wrong now.
            let oldest = (0..self.events.len()).min_by_key(|&at| self.events[at].last);
            let gone = oldest.and_then(|at| self.events.remove(at));
            self.dropped += gone.map_or(0, |kept| u64::from(kept.count));
        }
        self.events.push_back(Kept {
            first: number,
            last: number,
            count: 1,
            what,
        });
        !is_full
    }
}

/// A queue for each kind, so that neither adding nor taking looks at events of other kinds: with
/// `debug` set there are thousands of lines a second.
#[derive(Default)]
struct Queues {
    of_kind: [Queue; Kinds::ALL.0.count_ones() as usize],
    next_number: u64,
}

/// The events of one client.
pub struct Events {
    /// The kinds whose arrival ends a wait.
    awaited: Kinds,
    log_to_stderr: bool,
    /// The lines of the log up to this level are the application's.
    log_level: i32,
    causes: Arc<Causes>,
    queues: Mutex<Queues>,
    /// How many of the awaited kinds there are.
    awaited_count: AtomicU32,
    /// How many of them have come, lines of the log aside: those come at any time.
    came_count: AtomicU32,
    /// The rebalance that a call has taken to answer it.
    unanswered: Mutex<Option<(Change, Partitions)>>,
    signal: Arc<Signal>,
}

impl Events {
    /// Of a client that is made of `conf`.
    pub fn of(conf: &Conf) -> Arc<Self> {
        Arc::new(Self::new(
            conf.awaited(),
            conf.logs_to_stderr(),
            conf.log_level(),
        ))
    }

    /// `awaited`: the kinds that end a caller's wait.
    fn new(awaited: Kinds, log_to_stderr: bool, log_level: i32) -> Self {
        Self {
            awaited,
            log_to_stderr,
            log_level,
            causes: Arc::default(),
            queues: Mutex::default(),
            awaited_count: AtomicU32::new(0),
            came_count: AtomicU32::new(0),
            unanswered: Mutex::default(),
            signal: Arc::default(),
        }
    }

    /// Notified when an event comes that ends a wait.
    pub fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }

    /// Why brokers cannot be reached.
    pub fn causes(&self) -> &Arc<Causes> {
        &self.causes
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        lock(&self.queues)
    }

    /// Adds an event; true if a call may be waiting for its kind.
    pub fn push(&self, what: What) -> bool {
        let kind = what.kind();
        let is_awaited = self.awaited.intersect(kind);
        let mut queues = self.lock();
        let number = queues.next_number;
        queues.next_number += 1;
        let is_one_more = queues.of_kind[kind.index()].push(number, what);
        if is_one_more && is_awaited {
            self.awaited_count.fetch_add(1, Ordering::Relaxed);
        }
        drop(queues);
        if is_awaited {
            if kind != Kinds::LOG {
                self.came_count.fetch_add(1, Ordering::Relaxed);
            }
            self.signal.notify();
        }
        is_awaited
    }

    /// Takes the oldest event of these kinds.
    pub fn pop(&self, kinds: Kinds) -> Option<Event> {
        let mut queues = self.lock();
        let oldest = queues.of_kind.iter_mut().filter_map(|queue| {
            let front = queue.events.front()?;
            kinds
                .intersect(front.what.kind())
                .then_some((front.first, queue))
        });
        let (_, queue) = oldest.min_by_key(|(number, _)| *number)?;
        let Kept { what, count, .. } = queue.events.pop_front()?;
        let dropped = std::mem::take(&mut queue.dropped);
        if self.awaited.intersect(what.kind()) {
            self.awaited_count.fetch_sub(1, Ordering::Relaxed);
        }
        if let What::Rebalance(change, partitions) = &what {
            *self.lock_unanswered() = Some((*change, partitions.clone()));
        }
        Some(Event {
            what,
            count,
            dropped,
        })
    }

    fn lock_unanswered(&self) -> MutexGuard<'_, Option<(Change, Partitions)>> {
        lock(&self.unanswered)
    }

    /// Whether there is an event of one of these kinds.
    pub fn has(&self, kinds: Kinds) -> bool {
        let queues = self.lock();
        let mut events = queues
            .of_kind
            .iter()
            .filter_map(|queue| queue.events.front());
        events.any(|kept| kinds.intersect(kept.what.kind()))
    }

    /// The rebalance that was taken and not answered.
    pub fn unanswered(&self) -> Option<(Change, Partitions)> {
        self.lock_unanswered().clone()
    }

    /// Takes the rebalance that was taken and not answered, to answer it: no other call does then.
    pub fn claim(self: &Arc<Self>) -> Claim {
        Claim {
            rebalance: self.lock_unanswered().take(),
            events: Arc::clone(self),
        }
    }

    /// As [`Self::claim`], or else takes the oldest rebalance that nothing has taken.
    pub fn claim_oldest(self: &Arc<Self>) -> Claim {
        let claim = self.claim();
        if claim.rebalance().is_none() && self.pop(Kinds::REBALANCE).is_some() {
            return self.claim();
        }
        claim
    }

    /// Whether there is an event that ends a wait.
    #[inline]
    pub fn is_awaited_there(&self) -> bool {
        self.awaited_count.load(Ordering::Relaxed) > 0
    }

    /// How many events have come that end a wait, merged ones too, and lines of the log aside.
    pub fn came_count(&self) -> u32 {
        self.came_count.load(Ordering::Relaxed)
    }

    /// How many events there are that end a wait.
    pub fn awaited_count(&self) -> &AtomicU32 {
        &self.awaited_count
    }

    /// Whether the caller answers rebalances.
    pub fn rebalance_is_awaited(&self) -> bool {
        self.awaited.intersect(Kinds::REBALANCE)
    }
}

/// A rebalance that is being answered, if there is one. It waits for another answer if this is dropped.
pub struct Claim {
    rebalance: Option<(Change, Partitions)>,
    events: Arc<Events>,
}

impl Claim {
    /// What is to be answered.
    pub fn rebalance(&self) -> Option<&(Change, Partitions)> {
        self.rebalance.as_ref()
    }

    /// Says that it is answered.
    pub fn answered(mut self) {
        self.rebalance = None;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(rebalance) = self.rebalance.take() {
            self.events.lock_unanswered().get_or_insert(rebalance);
        }
    }
}

impl rd::Listener for Events {
    fn connection_changed(&self, host: &CStr, port: i32, is_up: bool) {
        let address = format!("{}:{port}", host.to_string_lossy());
        self.causes.connection_changed(&address, is_up);
    }

    fn thread_ends(&self) {
        self.causes.thread_ends();
    }

    fn error(&self, error: rd::Error) -> bool {
        self.push(What::Error(error.into()))
    }

    fn statistics(&self, json: &[u8]) -> bool {
        // JSON escapes a NUL.
        self.push(What::Statistics(CString::new(json).unwrap_or_default()))
    }

    fn log(&self, client: &CStr, level: i32, facility: &CStr, text: &CStr) {
        if facility == c"FAIL" && level < LOG_DEBUG {
            self.causes.failed(text);
        }
        if level > self.log_level {
            return;
        }
        if self.log_to_stderr {
            let (client, facility) = (client.to_string_lossy(), facility.to_string_lossy());
            let text = text.to_string_lossy();
            process::say(&format!("%{level}|{facility}|{client}| {text}\n"));
        }
        self.push(What::Log {
            level,
            facility: facility.to_owned(),
            text: text.to_owned(),
        });
    }

    fn throttled(&self, broker: &CStr, broker_id: i32, throttle_ms: i32) -> bool {
        self.push(What::Throttle {
            broker: broker.to_owned(),
            broker_id,
            throttle_ms,
        })
    }

    fn token_wanted(&self, config: &CStr) -> bool {
        self.push(What::TokenWanted(config.to_owned()))
    }

    fn rebalance(&self, change: Change, partitions: Partitions) -> bool {
        self.push(What::Rebalance(change, partitions));
        // Whichever side is to answer it, that is done outside of librdkafka's poll.
        true
    }

    fn commit_failed(&self, code: Code, partitions: Partitions) -> bool {
        self.push(What::CommitFailed(code.into(), partitions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Deadline;
    use std::thread;
    use std::time::{Duration, Instant};

    fn error(code: i32) -> What {
        What::Error(Error::new(code, "x"))
    }

    fn code(event: &Event) -> i32 {
        match &event.what {
            What::Error(error) => error.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_newest_are_kept_and_the_others_counted() {
        let events = Events::new(Kinds::ERROR, false, LOG_DEBUG);
        for number in 0..250 {
            events.push(error(number));
        }
        events.push(What::TokenWanted(c"x".to_owned()));
        let first = events.pop(Kinds::ALL).unwrap();
        assert_eq!((code(&first), first.dropped), (150, 150));
        for number in 151..250 {
            let event = events.pop(Kinds::ERROR).unwrap();
            assert_eq!((code(&event), event.dropped), (number, 0));
        }
        assert!(events.pop(Kinds::ERROR).is_none());
        assert!(!events.is_awaited_there());
        assert!(events.pop(Kinds::ALL).is_some());
    }

    #[test]
    fn the_first_of_each_cause_outlives_a_flood_of_others() {
        let events = Events::new(Kinds::ERROR, false, LOG_DEBUG);
        let fail = |text: &'static str| events.push(What::Error(Error::new(-195, text)));
        fail("b/1: Connect failed: Connection refused (after 0ms in state CONNECT)");
        for _ in 0..1000 {
            events.push(What::Error(Error::new(-187, "1/1 brokers are down")));
            fail("b/2: Connect failed: Connection refused (after 7ms in state CONNECT)");
        }
        fail("b/1: Connect failed: Connection refused (after 9ms in state CONNECT, 3 identical)");
        assert_eq!(events.awaited_count().load(Ordering::Relaxed), 3);
        let all: Vec<Event> = std::iter::from_fn(|| events.pop(Kinds::ALL)).collect();
        let counts: Vec<(i32, u32, u64)> = all
            .iter()
            .map(|event| (code(event), event.count, event.dropped))
            .collect();
        assert_eq!(counts, [(-195, 2, 0), (-187, 1000, 0), (-195, 1000, 0)]);
        let What::Error(first) = &all[0].what else {
            panic!("{all:?}");
        };
        assert!(first.message.ends_with("(after 0ms in state CONNECT)"));
        assert!(!events.is_awaited_there());
        // What was taken is known to the caller: this is another one.
        fail("b/1: Connect failed: Connection refused (after 0ms in state CONNECT)");
        assert_eq!(events.pop(Kinds::ALL).unwrap().count, 1);
    }

    #[test]
    fn of_too_many_causes_the_one_that_came_last_longest_ago_goes() {
        let events = Events::new(Kinds::NONE, false, LOG_DEBUG);
        for number in 0..100 {
            events.push(error(number));
        }
        events.push(error(1));
        events.push(error(0));
        events.push(error(100));
        events.push(error(101));
        let codes: Vec<i32> = std::iter::from_fn(|| events.pop(Kinds::ALL))
            .map(|event| code(&event))
            .collect();
        let expected: Vec<i32> = [0, 1].into_iter().chain(4..=101).collect();
        assert_eq!(codes, expected);
    }

    #[test]
    fn what_differs_is_not_merged() {
        let events = Events::new(Kinds::NONE, false, LOG_DEBUG);
        let log = |level, text: &CStr| rd::Listener::log(&events, c"x", level, c"F", text);
        for _ in 0..2 {
            log(6, c"one (after 1ms in state UP)");
            log(6, c"another (after 1ms in state UP)");
            log(5, c"one (after 1ms in state UP)");
            // A sequence.
            log(7, c"one");
            let mut list = Partitions::new();
            list.add(c"t", 0, 5);
            events.push(What::CommitFailed(Error::new(1, "x"), list.clone()));
            list.add(c"t", 1, 6);
            events.push(What::CommitFailed(Error::new(1, "x"), list));
            events.push(What::Throttle {
                broker: c"b".to_owned(),
                broker_id: 1,
                throttle_ms: 5,
            });
        }
        let counts: Vec<(Kinds, u32)> = std::iter::from_fn(|| events.pop(Kinds::ALL))
            .map(|event| (event.what.kind(), event.count))
            .collect();
        let (log, commit, throttle) = (Kinds::LOG, Kinds::COMMIT_FAILED, Kinds::THROTTLE);
        let firsts = [(log, 2), (log, 2), (log, 2), (log, 1), (commit, 2)];
        let seconds = [(commit, 2), (throttle, 1), (log, 1), (throttle, 1)];
        assert_eq!(counts, [firsts.as_slice(), seconds.as_slice()].concat());
    }

    #[test]
    fn they_are_taken_in_the_order_they_came() {
        let events = Events::new(Kinds::NONE, false, LOG_DEBUG);
        events.push(error(1));
        events.push(What::TokenWanted(c"x".to_owned()));
        events.push(error(2));
        let kinds: Vec<Kinds> = std::iter::from_fn(|| events.pop(Kinds::ALL))
            .map(|event| event.what.kind())
            .collect();
        assert_eq!(kinds, [Kinds::ERROR, Kinds::TOKEN_WANTED, Kinds::ERROR]);
        events.push(error(3));
        events.push(What::Statistics(c"{}".to_owned()));
        assert!(events.pop(Kinds::LOG).is_none());
        let event = events.pop(Kinds::STATISTICS | Kinds::LOG).unwrap();
        assert_eq!(event.what.kind(), Kinds::STATISTICS);
        assert_eq!(code(&events.pop(Kinds::ALL).unwrap()), 3);
    }

    #[test]
    fn of_statistics_only_the_newest_is_kept() {
        let events = Events::new(Kinds::NONE, false, LOG_DEBUG);
        events.push(What::Statistics(c"1".to_owned()));
        events.push(What::Statistics(c"2".to_owned()));
        let event = events.pop(Kinds::ALL).unwrap();
        assert_eq!(event.dropped, 1);
        assert!(matches!(event.what, What::Statistics(json) if json.as_c_str() == c"2"));
    }

    #[test]
    fn awaited_kinds_end_a_wait() {
        let events = Events::new(Kinds::LOG, false, LOG_DEBUG);
        let signal = Arc::clone(events.signal());
        assert!(!events.push(error(1)));
        let (start, limit) = (Instant::now(), Duration::from_secs(10));
        let (signal, events) = (&*signal, &events);
        thread::scope(|scope| {
            let is_there = || events.is_awaited_there();
            let waiter = scope.spawn(move || signal.wait(Deadline::after(limit), is_there));
            rd::Listener::log(events, c"rdkafka#producer-1", 3, c"FAIL", c"text");
            assert!(waiter.join().unwrap());
        });
        assert!(start.elapsed() < limit);
        assert!(events.is_awaited_there());
        assert!(events.pop(Kinds::LOG).is_some());
        assert!(!events.is_awaited_there());
    }
}
