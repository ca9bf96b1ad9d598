//! librdkafka's error codes and error objects.

use std::borrow::Cow;
use std::ffi::CStr;
use std::fmt;

use super::sys;

/// One of librdkafka's error numbers, also one this crate does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub i32);

impl Code {
    /// Success.
    pub const NO_ERROR: Self = Self(0);
    /// No connection, or it broke.
    pub const TRANSPORT: Self = Self(-195);
    /// A message was not acknowledged within `message.timeout.ms`.
    pub const MSG_TIMED_OUT: Self = Self(-192);
    /// A host's name has no address.
    pub const RESOLVE: Self = Self(-193);
    /// A group's or transaction's coordinator is not known yet.
    pub const WAIT_COORD: Self = Self(-180);
    /// A local timeout.
    pub const TIMED_OUT: Self = Self(-185);
    /// No broker can be reached.
    pub const ALL_BROKERS_DOWN: Self = Self(-187);
    /// The brokers do not know it.
    pub const UNSUPPORTED_FEATURE: Self = Self(-165);
    /// No room in the producer's queue.
    pub const QUEUE_FULL: Self = Self(-184);
    /// A partition the cluster does not have.
    pub const UNKNOWN_PARTITION: Self = Self(-190);
    /// The client has no group.
    pub const UNKNOWN_GROUP: Self = Self(-179);
    /// A topic the cluster does not have.
    pub const UNKNOWN_TOPIC: Self = Self(-188);
    /// A topic or partition the broker does not have.
    pub const UNKNOWN_TOPIC_OR_PART: Self = Self(3);
    /// Larger than `message.max.bytes`.
    pub const MSG_SIZE_TOO_LARGE: Self = Self(10);
    /// The client cannot go on.
    pub const FATAL: Self = Self(-150);
    /// Not possible in the client's present state.
    pub const STATE: Self = Self(-172);
    /// An argument librdkafka cannot use.
    pub const INVALID_ARG: Self = Self(-186);
    /// A topic's name is not valid.
    pub const TOPIC_EXCEPTION: Self = Self(17);
    /// The user may not use this topic.
    pub const TOPIC_AUTHORIZATION_FAILED: Self = Self(29);
    /// A configuration that contradicts itself.
    pub const INVALID_CONFIG: Self = Self(40);
    /// A rebalance gives partitions.
    pub const ASSIGN_PARTITIONS: Self = Self(-175);
    /// A rebalance takes partitions.
    pub const REVOKE_PARTITIONS: Self = Self(-174);
    /// Nothing to commit.
    pub const NO_OFFSET: Self = Self(-168);
    /// Still under way.
    pub const IN_PROGRESS: Self = Self(-178);
    /// The partition has no more messages now.
    pub const PARTITION_EOF: Self = Self(-191);
    /// It was given up by the application.
    pub const PURGE_QUEUE: Self = Self(-152);
    /// The same, while it was under way.
    pub const PURGE_INFLIGHT: Self = Self(-151);
    /// Nothing of that name or number.
    pub const NOENT: Self = Self(-156);
    /// Two users of something that is for one.
    pub const CONFLICT: Self = Self(-173);
    /// Unknown error, the last resort.
    pub const FAIL: Self = Self(-196);
    /// What was asked is gone, as a group that has been left.
    pub const DESTROY: Self = Self(-197);
    /// The broker that was asked has left the cluster.
    pub const DESTROY_BROKER: Self = Self(-137);
    /// A request has waited too long to be sent.
    pub const TIMED_OUT_QUEUE: Self = Self(-166);
    /// What librdkafka says of something that it has not done.
    pub const NOOP: Self = Self(-141);
    /// A partition has no leader yet.
    pub const LEADER_NOT_AVAILABLE: Self = Self(5);
    /// A partition's leader is another broker.
    pub const NOT_LEADER: Self = Self(6);
    /// A group's coordinator is still reading its state.
    pub const COORDINATOR_LOAD_IN_PROGRESS: Self = Self(14);
    /// A group has no coordinator yet.
    pub const COORDINATOR_NOT_AVAILABLE: Self = Self(15);
    /// A group's coordinator is another broker.
    pub const NOT_COORDINATOR: Self = Self(16);
    /// There is no group of that name.
    pub const GROUP_ID_NOT_FOUND: Self = Self(69);
    /// The cluster may not be described or changed.
    pub const CLUSTER_AUTHORIZATION_FAILED: Self = Self(31);
    /// The controller is another broker.
    pub const NOT_CONTROLLER: Self = Self(41);

    /// Whether a message was given up by the application.
    pub fn is_purged(self) -> bool {
        self == Self::PURGE_QUEUE || self == Self::PURGE_INFLIGHT
    }

    /// librdkafka's name without `RD_KAFKA_RESP_ERR_` and a leading underscore: `TIMED_OUT`.
    pub fn name(self) -> &'static CStr {
        // SAFETY: returns a static, NUL-terminated string for every number.
        let name = unsafe { CStr::from_ptr(sys::rd_kafka_err2name(self.0)) };
        match name.to_bytes_with_nul() {
            [b'_', rest @ ..] => CStr::from_bytes_with_nul(rest).unwrap_or(name),
            _ => name,
        }
    }

    /// librdkafka's description.
    pub fn text(self) -> &'static CStr {
        // SAFETY: as above; librdkafka formats an unknown number into a thread-local ring of buffers.
        unsafe { CStr::from_ptr(sys::rd_kafka_err2str(self.0)) }
    }

    /// `Ok` for success.
    pub(super) fn check(self) -> Result<(), Error> {
        match self {
            Self::NO_ERROR => Ok(()),
            code => Err(code.into()),
        }
    }
}

/// What librdkafka said about a failure.
#[derive(Clone, Debug)]
pub struct Error {
    /// The number.
    pub code: Code,
    /// The text, as librdkafka wrote it.
    pub message: Cow<'static, str>,
    /// Trying again may help.
    pub retriable: bool,
    /// The client cannot go on.
    pub fatal: bool,
    /// The transaction must be aborted.
    pub txn_requires_abort: bool,
}

impl Error {
    /// A failure with a text of its own.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            retriable: code.meaning().is_some_and(|meaning| meaning.retriable),
            // Whether the client, or a transaction of its, is at an end librdkafka knows better.
            fatal: code == Code::FATAL,
            txn_requires_abort: false,
        }
    }

    /// Takes over an error object; a null pointer is success.
    ///
    /// # Safety
    /// `error` is null or an error object that is not destroyed elsewhere.
    pub(super) unsafe fn check(error: *mut sys::rd_kafka_error_t) -> Result<(), Self> {
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: by the caller's word; it is destroyed once, after its last use.
        unsafe {
            let taken = Self {
                code: Code(sys::rd_kafka_error_code(error)),
                message: lossy(CStr::from_ptr(sys::rd_kafka_error_string(error))).into(),
                retriable: sys::rd_kafka_error_is_retriable(error) != 0,
                fatal: sys::rd_kafka_error_is_fatal(error) != 0,
                txn_requires_abort: sys::rd_kafka_error_txn_requires_abort(error) != 0,
            };
            sys::rd_kafka_error_destroy(error);
            Err(taken)
        }
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code, code.text().to_string_lossy())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An owned copy of a text from C.
pub(super) fn lossy(text: &CStr) -> String {
    text.to_string_lossy().into_owned()
}

/// The version of the librdkafka inside, as `"2.12.1"`.
pub fn librdkafka_version() -> &'static CStr {
    // SAFETY: returns a static string.
    unsafe { CStr::from_ptr(sys::rd_kafka_version_str()) }
}
