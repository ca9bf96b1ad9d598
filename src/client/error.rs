//! This library's errors: librdkafka's, and a few of our own.

use std::borrow::Cow;
use std::fmt;

use crate::rd;

/// What a call that failed says.
#[derive(Clone, Debug)]
pub struct Error {
    /// librdkafka's number, or one of ours, at or below -1000.
    pub code: i32,
    /// For people.
    pub message: Cow<'static, str>,
    /// Trying again may help.
    pub retriable: bool,
    /// The client cannot go on.
    pub fatal: bool,
    /// The transaction must be aborted.
    pub txn_requires_abort: bool,
}

/// Short for the results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The caller's arguments cannot be used.
    pub const INVALID_ARGUMENT: i32 = -1000;
    /// A panic was caught at the boundary.
    pub const PANIC: i32 = -1001;
    /// The object was made before this process was forked.
    pub const FORKED: i32 = -1002;
    /// The object is closed.
    pub const CLOSED: i32 = -1003;
    /// The caller was built for another version of this interface.
    pub const ABI_MISMATCH: i32 = -1004;

    /// An event is waiting that the caller asked for.
    pub const EVENT: i32 = -1005;

    /// A call would have to wait where it must not.
    pub const WOULD_BLOCK: i32 = -1006;
    /// The caller has canceled the operation.
    pub const CANCELED: i32 = -1007;

    /// An error with a text of its own.
    pub fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            retriable: false,
            fatal: false,
            txn_requires_abort: false,
        }
    }

    /// The caller's mistake.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::INVALID_ARGUMENT, message)
    }

    /// The object is closed.
    pub fn closed() -> Self {
        Self::new(Self::CLOSED, "closed")
    }

    /// The object belongs to the process this one was forked from.
    pub fn forked() -> Self {
        Self::new(
            Self::FORKED,
            "made before this process was forked: make a new one here",
        )
    }

    /// An event is waiting that the caller asked for.
    pub fn event() -> Self {
        Self::new(Self::EVENT, "an event is waiting")
    }

    /// The caller has canceled the operation.
    pub fn canceled() -> Self {
        Self::new(Self::CANCELED, "canceled")
    }

    /// A thread of the library has panicked; the panic hook has said why.
    pub fn panic() -> Self {
        Self::new(Self::PANIC, "internal error, please report it")
    }

    /// There is nothing of that name or number.
    pub fn missing(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(rd::Code::NOENT.0, message)
    }

    /// The system has no thread to give.
    pub fn no_thread(error: std::io::Error) -> Self {
        Self::new(rd::Code::FAIL.0, format!("no thread to be had: {error}"))
    }

    /// The time is up.
    pub fn timed_out(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            retriable: true,
            ..Self::new(rd::Code::TIMED_OUT.0, message)
        }
    }
}

impl From<rd::Error> for Error {
    fn from(error: rd::Error) -> Self {
        Self {
            code: error.code.0,
            message: error.message,
            retriable: error.retriable,
            fatal: error.fatal,
            txn_requires_abort: error.txn_requires_abort,
        }
    }
}

impl From<rd::Code> for Error {
    fn from(code: rd::Code) -> Self {
        rd::Error::from(code).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
