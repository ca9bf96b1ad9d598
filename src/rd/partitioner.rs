//! Which partition a record goes to that names none.
//!
//! The choice is librdkafka's: its own partitioners for records with a key, and for those without one a partition
//! at random that is kept for `sticky.partitioning.linger.ms`. Only the keeping is done here: librdkafka would look
//! at the clock, the partition and its broker anew for each record, which is a seventh of what producing it costs.
//! For records that are produced together, what a key leads to is asked of the same partitioners before.

use std::ffi::CStr;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};

use libc::c_void;

use super::client::parts;
use super::conf::{Conf, TopicConf};
use super::error::Code;
use super::sys;
use super::topic::TopicEntry;

/// Lets the partitioner choose; librdkafka's `RD_KAFKA_PARTITION_UA`.
pub(super) const UNASSIGNED: i32 = -1;

/// What is known of a topic is looked at again after so long: a broker may be gone, a partition new.
const LOOK_AGAIN_NS: i64 = 10_000_000;

/// What a topic's records are spread by.
pub(super) struct Partitioner {
    /// The configured one, for records whose partition is not kept.
    choose: sys::Partitioner,
    /// Whether that goes by the key, so that its choice is the same every time; if there is one, where `is_random_for_none`.
    goes_by_key: bool,
    is_random_for_none: bool,
    /// Whether an empty key is none, as for `consistent_random`.
    takes_empty_for_none: bool,
    /// 0 keeps nothing.
    linger_ns: i64,
    kept: AtomicI32,
    keep_until: AtomicI64,
    look_at: AtomicI64,
    /// How many partitions there were when librdkafka asked last; 0 before that.
    count: AtomicI32,
    count_until: AtomicI64,
}

/// What is known of a topic at the moment.
pub(super) struct Known {
    kept: Option<i32>,
    count: Option<i32>,
}

impl Partitioner {
    pub(super) fn new(conf: &TopicConf, sticky: &StickyPartitioning) -> Self {
        let linger_ns = sticky.linger_ns;
        let name = conf.get(c"partitioner").unwrap_or_default();
        let (choose, is_random_for_none): (sys::Partitioner, bool) = match name.to_bytes() {
            b"random" => (sys::rd_kafka_msg_partitioner_random, false),
            b"consistent" => (sys::rd_kafka_msg_partitioner_consistent, false),
            b"murmur2" => (sys::rd_kafka_msg_partitioner_murmur2, false),
            b"murmur2_random" => (sys::rd_kafka_msg_partitioner_murmur2_random, true),
            b"fnv1a" => (sys::rd_kafka_msg_partitioner_fnv1a, false),
            b"fnv1a_random" => (sys::rd_kafka_msg_partitioner_fnv1a_random, true),
            // The default, consistent_random.
            _ => (sys::rd_kafka_msg_partitioner_consistent_random, true),
        };
        Self {
            choose,
            goes_by_key: name.to_bytes() != b"random",
            is_random_for_none,
            takes_empty_for_none: !matches!(name.to_bytes(), b"murmur2_random" | b"fnv1a_random"),
            linger_ns: if is_random_for_none { linger_ns } else { 0 },
            kept: AtomicI32::new(UNASSIGNED),
            keep_until: AtomicI64::new(0),
            look_at: AtomicI64::new(0),
            count: AtomicI32::new(0),
            count_until: AtomicI64::new(0),
        }
    }

    /// Calls `produce` with a record's partition, or with -1 for librdkafka to ask for it; and once more if the kept
    /// one is gone.
    // Always, since for a message sent again and again a call more is worth saving.
    #[inline(always)]
    pub(super) fn spread(
        &self,
        named: i32,
        key: Option<&[u8]>,
        mut produce: impl FnMut(i32) -> Result<(), Code>,
    ) -> Result<(), Code> {
        let Some(kept) = self.kept_for(named, key) else {
            return produce(named);
        };
        let produced = produce(kept);
        if produced != Err(Code::UNKNOWN_PARTITION) {
            return produced;
        }
        self.forget();
        produce(named)
    }

    /// What is known of the topic has turned out wrong.
    pub(super) fn forget(&self) {
        for time in [&self.look_at, &self.keep_until, &self.count_until] {
            time.store(0, Ordering::Relaxed);
        }
    }

    /// What [`Self::place`] may use for the records of a moment.
    pub(super) fn known(&self) -> Known {
        let now = now_ns();
        let fresh = |value: &AtomicI32, until: &AtomicI64| {
            (now < until.load(Ordering::Relaxed)).then(|| value.load(Ordering::Relaxed))
        };
        Known {
            kept: fresh(&self.kept, &self.look_at).filter(|_| self.linger_ns != 0),
            count: fresh(&self.count, &self.count_until).filter(|&count| count > 0),
        }
    }

    /// What is known after `produce` had librdkafka ask for a record's partition.
    pub(super) fn learn(&self, produce: impl FnOnce()) -> Known {
        self.count.store(0, Ordering::Relaxed);
        produce();
        self.count_until
            .store(now_ns() + LOOK_AGAIN_NS, Ordering::Relaxed);
        self.known()
    }

    /// The partition of a record, as far as it is known without asking librdkafka.
    #[inline]
    pub(super) fn place(&self, known: &Known, named: i32, key: Option<&[u8]>) -> Option<i32> {
        if named != UNASSIGNED {
            return (named >= 0).then_some(named);
        }
        let is_none = self.is_none(key.map(<[u8]>::len));
        if is_none && self.is_random_for_none {
            return known.kept;
        }
        let (key, key_len) = parts(key);
        let (key, none) = (key.cast(), std::ptr::null_mut());
        // SAFETY: those that go by the key look at nothing but the key.
        known
            .count
            .filter(|_| self.goes_by_key)
            .map(|count| unsafe {
                (self.choose)(std::ptr::null(), key, key_len, count, none, none)
            })
    }

    #[inline]
    fn kept_for(&self, named: i32, key: Option<&[u8]>) -> Option<i32> {
        let may_be_kept =
            named == UNASSIGNED && self.linger_ns != 0 && self.is_none(key.map(<[u8]>::len));
        (may_be_kept && now_ns() < self.look_at.load(Ordering::Relaxed))
            .then(|| self.kept.load(Ordering::Relaxed))
    }

    #[inline]
    fn is_none(&self, key_len: Option<usize>) -> bool {
        match key_len {
            None => true,
            Some(len) => len == 0 && self.takes_empty_for_none,
        }
    }

    /// # Safety
    /// As [`on_record`].
    unsafe fn keep(&self, rkt: *const sys::rd_kafka_topic_t, count: i32) -> i32 {
        let now = now_ns();
        let mut kept = self.kept.load(Ordering::Relaxed);
        let mut until = self.keep_until.load(Ordering::Relaxed);
        let (nothing, none) = (std::ptr::null(), std::ptr::null_mut());
        // SAFETY: the caller is a partitioner; librdkafka asks of these no more than that.
        unsafe {
            let is_good = now < until
                && kept < count
                && sys::rd_kafka_topic_partition_available(rkt, kept) != 0;
            if !is_good {
                kept = sys::rd_kafka_msg_partitioner_random(rkt, nothing, 0, count, none, none);
                until = now.saturating_add(self.linger_ns);
            }
        }
        // Two threads may mix their choices up: each is as good as the other.
        self.kept.store(kept, Ordering::Relaxed);
        self.keep_until.store(until, Ordering::Relaxed);
        self.look_at
            .store(until.min(now + LOOK_AGAIN_NS), Ordering::Relaxed);
        kept
    }
}

/// How long a client keeps a partition for records without one.
#[derive(Default)]
pub(super) struct StickyPartitioning {
    linger_ns: i64,
}

impl StickyPartitioning {
    /// Takes the keeping over from a client that is started with `conf`.
    pub(super) fn of(conf: &mut Conf) -> Self {
        let name = c"sticky.partitioning.linger.ms";
        let linger_ms = conf.get(name).as_deref().and_then(as_number).unwrap_or(0);
        // librdkafka itself knows the property and takes 0, so this cannot fail.
        let _ = conf.set(name, c"0");
        Self {
            linger_ns: linger_ms * 1_000_000,
        }
    }
}

fn as_number(value: &CStr) -> Option<i64> {
    value.to_str().ok()?.parse().ok()
}

/// librdkafka's callback for a record without a partition. On the thread that produces, or on one of librdkafka's
/// for what was produced before the topic was known.
pub(super) unsafe extern "C" fn on_record(
    rkt: *const sys::rd_kafka_topic_t,
    key: *const c_void,
    key_len: usize,
    count: i32,
    topic_opaque: *mut c_void,
    opaque: *mut c_void,
) -> i32 {
    // SAFETY: the topic's entry, which outlives the client.
    let partitioner = unsafe { (*topic_opaque.cast::<TopicEntry>()).partitioner() };
    partitioner.count.store(count, Ordering::Relaxed);
    // SAFETY: librdkafka calls partitioners with what they want.
    unsafe {
        if partitioner.linger_ns != 0 && partitioner.is_none((!key.is_null()).then_some(key_len)) {
            partitioner.keep(rkt, count)
        } else {
            (partitioner.choose)(rkt, key, key_len, count, std::ptr::null_mut(), opaque)
        }
    }
}

/// Nanoseconds since some time, to a few milliseconds: reading the exact clock would cost four times as much.
#[inline]
fn now_ns() -> i64 {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC_COARSE;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the clock exists and the result may be written.
    unsafe { libc::clock_gettime(CLOCK, &mut now) };
    // Narrower on platforms of 32 bits.
    #[allow(clippy::unnecessary_cast)]
    let (seconds, nanoseconds) = (now.tv_sec as i64, now.tv_nsec as i64);
    seconds * 1_000_000_000 + nanoseconds
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is tried for a record when 7 is kept but gone, and what comes of it.
    fn tried(partitioner: &Partitioner, named: i32, key: Option<&[u8]>) -> (Vec<i32>, bool) {
        partitioner.kept.store(7, Ordering::Relaxed);
        partitioner.look_at.store(i64::MAX, Ordering::Relaxed);
        let mut tried = Vec::new();
        let produced = partitioner.spread(named, key, |partition| {
            tried.push(partition);
            match partition {
                7 => Err(Code::UNKNOWN_PARTITION),
                _ => Ok(()),
            }
        });
        (tried, produced.is_ok())
    }

    #[test]
    fn a_kept_partition_that_is_gone_is_chosen_anew() {
        let partitioner = Partitioner::new(&TopicConf::new(), &StickyPartitioning { linger_ns: 1 });
        assert_eq!(tried(&partitioner, -1, None), (vec![7, -1], true));
        assert_eq!(tried(&partitioner, -1, Some(b"")), (vec![7, -1], true));
        assert_eq!(partitioner.look_at.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_has_a_key_or_a_partition_is_not_kept() {
        let partitioner = Partitioner::new(&TopicConf::new(), &StickyPartitioning { linger_ns: 1 });
        assert_eq!(tried(&partitioner, -1, Some(b"key")), (vec![-1], true));
        assert_eq!(tried(&partitioner, 7, None), (vec![7], false));
    }

    #[test]
    fn the_partitioner_says_whether_an_empty_key_is_one_and_whether_to_keep() {
        let tried_by = |name: &CStr, linger_ns| {
            let mut conf = TopicConf::new();
            conf.set(c"partitioner", name).unwrap();
            let partitioner = Partitioner::new(&conf, &StickyPartitioning { linger_ns });
            let of = |key| tried(&partitioner, -1, key).0.len();
            (of(None), of(Some(b"")))
        };
        assert_eq!(tried_by(c"consistent_random", 1), (2, 2));
        assert_eq!(tried_by(c"murmur2_random", 1), (2, 1));
        assert_eq!(tried_by(c"fnv1a_random", 1), (2, 1));
        assert_eq!(tried_by(c"consistent", 1), (1, 1));
        assert_eq!(tried_by(c"random", 1), (1, 1));
        assert_eq!(tried_by(c"consistent_random", 0), (1, 1));
    }

    #[test]
    fn what_a_key_leads_to_is_known_with_the_count_and_what_has_none_where_one_is_kept() {
        let placed = |name: &CStr, linger_ns, key: Option<&[u8]>| {
            let mut conf = TopicConf::new();
            conf.set(c"partitioner", name).unwrap();
            let known = Known {
                kept: (linger_ns > 0).then_some(7),
                count: Some(1),
            };
            Partitioner::new(&conf, &StickyPartitioning { linger_ns }).place(&known, -1, key)
        };
        let key = Some(&b"key"[..]);
        for (name, with_none, with_empty) in [
            (c"consistent_random", Some(7), Some(7)),
            (c"murmur2_random", Some(7), Some(0)),
            (c"fnv1a_random", Some(7), Some(0)),
            (c"consistent", Some(0), Some(0)),
            (c"murmur2", Some(0), Some(0)),
        ] {
            assert_eq!(placed(name, 1, key), Some(0), "{name:?}");
            assert_eq!(placed(name, 1, None), with_none, "{name:?}");
            assert_eq!(placed(name, 1, Some(b"")), with_empty, "{name:?}");
        }
        assert_eq!(placed(c"consistent_random", 0, None), None);
        assert_eq!(placed(c"random", 1, key), None);
    }

    #[test]
    fn nothing_is_known_before_librdkafka_has_asked_and_after_it_was_wrong() {
        let partitioner = Partitioner::new(&TopicConf::new(), &StickyPartitioning { linger_ns: 1 });
        let place = |known: &Known, named, key| partitioner.place(known, named, key);
        let known = partitioner.known();
        assert_eq!(place(&known, -1, None), None);
        assert_eq!(place(&known, -1, Some(b"key")), None);
        assert_eq!(place(&known, 5, None), Some(5));
        assert_eq!(place(&known, -2, None), None);
        let unanswered = partitioner.learn(|| ());
        assert_eq!(place(&unanswered, -1, Some(b"key")), None);
        let known = partitioner.learn(|| partitioner.count.store(1, Ordering::Relaxed));
        assert_eq!(place(&known, -1, Some(b"key")), Some(0));
        partitioner.forget();
        assert_eq!(place(&partitioner.known(), -1, Some(b"key")), None);
    }
}
