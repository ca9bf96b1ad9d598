//! `kafka_event`: what comes from a client besides messages and reports.

use std::ffi::{c_char, c_void, CString};
use std::ptr;

use super::boundary::{guarded_void, take_back};
use super::partitions::kafka_partitions;
use crate::client::{Change, Code, Event, Kinds, Partitions, What};

/// Trouble with brokers, the network, or the client itself: code, text, fatal, retriable.
pub const KAFKA_EVENT_ERROR: u32 = 1;
/// librdkafka's statistics, every statistics.interval.ms: text is JSON. Of several only the
/// newest is kept.
pub const KAFKA_EVENT_STATS: u32 = 2;
/// A line of librdkafka's log: level (syslog's), facility, text.
pub const KAFKA_EVENT_LOG: u32 = 4;
/// A broker delays its answers: text is its name, level its number, throttle_ms how long.
pub const KAFKA_EVENT_THROTTLE: u32 = 8;
/// A new OAUTHBEARER token is needed: text is sasl.oauthbearer.config. Answer with
/// kafka_client_set_oauthbearer_token or kafka_client_set_oauthbearer_failure.
pub const KAFKA_EVENT_TOKEN_REFRESH: u32 = 16;
/// A consumer's partitions move: code is KAFKA_ERR_ASSIGN_PARTITIONS or
/// KAFKA_ERR_REVOKE_PARTITIONS, is_lost is 1 if others may have them already. Only comes if
/// asked for, see kafka_conf_set_events; answer with kafka_consumer_accept_rebalance.
pub const KAFKA_EVENT_REBALANCE: u32 = 32;
/// Offsets could not be committed, in the background: code, text, partitions.
pub const KAFKA_EVENT_COMMIT_FAILED: u32 = 64;
/// A partition has no more messages for now (with enable.partition.eof): partitions has it,
/// with the offset that the next message will have.
pub const KAFKA_EVENT_PARTITION_EOF: u32 = 128;

const _: () = assert!(
    KAFKA_EVENT_ERROR == Kinds::ERROR.0
        && KAFKA_EVENT_STATS == Kinds::STATISTICS.0
        && KAFKA_EVENT_LOG == Kinds::LOG.0
        && KAFKA_EVENT_THROTTLE == Kinds::THROTTLE.0
        && KAFKA_EVENT_TOKEN_REFRESH == Kinds::TOKEN_WANTED.0
        && KAFKA_EVENT_REBALANCE == Kinds::REBALANCE.0
        && KAFKA_EVENT_COMMIT_FAILED == Kinds::COMMIT_FAILED.0
        && KAFKA_EVENT_PARTITION_EOF == Kinds::PARTITION_END.0
);

/// An event. The caller owns the struct, and what it points to until kafka_event_release. A copy of the struct is the same
/// event: release one of them.
///
/// Errors, failed commits, and lines of the log but those for debugging, that have the same cause are one event until
/// it is taken: the first of them, with their count. The same cause is the same code, the same text but for librdkafka's
/// "(after ... in state ...)" behind it, and the same partitions.
#[repr(C)]
pub struct kafka_event {
    /// One of the KAFKA_EVENT constants, which say what the fields mean.
    pub kind: u32,
    /// An error's code, 0 for none.
    pub code: i32,
    /// A level of syslog's, or a broker's number.
    pub level: i32,
    /// Milliseconds.
    pub throttle_ms: i32,
    /// 1: the client cannot go on; close it.
    pub fatal: u8,
    /// 1: librdkafka, or the caller, may try again.
    pub retriable: u8,
    /// 1: the partitions are lost.
    pub is_lost: u8,
    /// Always 0.
    pub reserved: u8,
    /// How often this came: at least once.
    pub count: u32,
    /// How many other events of this kind were dropped, as they were not taken in time: those that had not come again for
    /// the longest time.
    pub dropped_count: u64,
    /// NUL-terminated; NULL if there is none.
    pub facility: *const c_char,
    /// NUL-terminated; NULL if there is none.
    pub text: *const c_char,
    /// Its length in bytes.
    pub text_len: usize,
    /// NULL if there are none.
    pub partitions: *const kafka_partitions,
    /// The library's own.
    pub owner: *mut c_void,
}

/// What the pointers of an event point to.
#[derive(Default)]
struct Owner {
    facility: Option<CString>,
    text: Option<CString>,
    partitions: Option<Partitions>,
}

impl kafka_event {
    pub(super) fn new(event: Event) -> Self {
        let mut owner = Owner::default();
        // SAFETY: all fields are numbers and pointers, for which zero is a value.
        let mut filled: Self = unsafe { std::mem::zeroed() };
        filled.kind = event.what.kind().0;
        filled.count = event.count;
        filled.dropped_count = event.dropped;
        let mut error = |error: crate::client::Error| {
            filled.code = error.code;
            filled.fatal = error.fatal.into();
            filled.retriable = error.retriable.into();
            CString::new(error.message.into_owned()).ok()
        };
        match event.what {
            What::Error(what) => owner.text = error(what),
            What::CommitFailed(what, partitions) => {
                owner.text = error(what);
                owner.partitions = Some(partitions);
            }
            What::Statistics(json) => owner.text = Some(json),
            What::TokenWanted(config) => owner.text = Some(config),
            What::Log {
                level,
                facility,
                text,
            } => {
                filled.level = level;
                owner.facility = Some(facility);
                owner.text = Some(text);
            }
            What::Throttle {
                broker,
                broker_id,
                throttle_ms,
            } => {
                filled.level = broker_id;
                filled.throttle_ms = throttle_ms;
                owner.text = Some(broker);
            }
            What::Rebalance(change, partitions) => {
                let code = match change {
                    Change::Assigned => Code::ASSIGN_PARTITIONS,
                    Change::Revoked | Change::Lost => Code::REVOKE_PARTITIONS,
                };
                filled.code = code.0;
                filled.is_lost = (change == Change::Lost).into();
                owner.partitions = Some(partitions);
            }
            What::PartitionEnd(partitions) => {
                filled.code = Code::PARTITION_EOF.0;
                owner.partitions = Some(partitions);
            }
        }
        filled.owned_by(Box::new(owner))
    }

    fn owned_by(mut self, owner: Box<Owner>) -> Self {
        let pointer = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |t| t.as_ptr());
        self.facility = pointer(&owner.facility);
        self.text = pointer(&owner.text);
        self.text_len = owner.text.as_ref().map_or(0, |text| text.as_bytes().len());
        self.partitions = owner
            .partitions
            .as_ref()
            .map_or(ptr::null(), kafka_partitions::from_ref);
        self.owner = Box::into_raw(owner).cast();
        self
    }
}

/// Releases what an event points to, and zeroes the struct: releasing it twice is
/// harmless. NULL, or a zeroed struct, is nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_event_release(event: *mut kafka_event) {
    guarded_void(|| {
        if let Some(event) = event.as_mut() {
            let owner = event.owner;
            // All fields are numbers and pointers, for which zero is a value.
            *event = std::mem::zeroed();
            drop(take_back(owner.cast::<Owner>()));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Error;
    use std::ffi::CStr;

    fn event(what: What) -> kafka_event {
        kafka_event::new(Event {
            what,
            count: 3,
            dropped: 7,
        })
    }

    /// The text, read as C reads it; then the event is released.
    fn text(mut event: kafka_event) -> String {
        // SAFETY: the event is filled in, and released once.
        unsafe {
            let text = CStr::from_ptr(event.text).to_string_lossy().into_owned();
            assert_eq!(text.len(), event.text_len);
            kafka_event_release(&mut event);
            assert!(event.owner.is_null());
            text
        }
    }

    // No broker that tests have at hand fails a commit on demand.

    #[test]
    fn a_throttled_event_has_the_broker_and_the_time() {
        let event = event(What::Throttle {
            broker: c"b:9092/1".to_owned(),
            broker_id: 1,
            throttle_ms: 250,
        });
        assert_eq!(event.kind, KAFKA_EVENT_THROTTLE);
        assert_eq!((event.level, event.throttle_ms), (1, 250));
        assert_eq!((event.count, event.dropped_count), (3, 7));
        assert_eq!(text(event), "b:9092/1");
    }

    #[test]
    fn a_failed_commit_has_its_error_and_its_partitions() {
        let error = Error::from(Code::TIMED_OUT);
        let event = event(What::CommitFailed(error, Partitions::new()));
        assert_eq!(event.kind, KAFKA_EVENT_COMMIT_FAILED);
        assert_eq!(event.code, Code::TIMED_OUT.0);
        assert_eq!((event.retriable, event.fatal), (1, 0));
        assert!(!event.partitions.is_null());
        assert_eq!(text(event), "Local: Timed out");
    }

    #[test]
    fn lost_partitions_are_revoked_ones() {
        for (change, code, is_lost) in [
            (Change::Assigned, Code::ASSIGN_PARTITIONS, 0),
            (Change::Revoked, Code::REVOKE_PARTITIONS, 0),
            (Change::Lost, Code::REVOKE_PARTITIONS, 1),
        ] {
            let mut event = event(What::Rebalance(change, Partitions::new()));
            assert_eq!((event.code, event.is_lost), (code.0, is_lost));
            assert!(event.text.is_null());
            // SAFETY: filled in, and released once.
            unsafe { kafka_event_release(&mut event) };
        }
    }
}
