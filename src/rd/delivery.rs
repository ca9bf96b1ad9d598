//! What became of messages: librdkafka says so on the broker's thread, before the application could fetch it.

use std::cell::Cell;
use std::ffi::CStr;
use std::panic::{catch_unwind, AssertUnwindSafe};

use libc::{c_char, c_int, c_void};

use super::error::Code;
use super::listener::Callbacks;
use super::sys;
use super::topic::{TopicEntry, TopicId};

/// Whether a broker has a message, as `rd_kafka_msg_status_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageStatus {
    /// It was not sent, or was refused, in the last attempt. An earlier one may have stored it.
    NotPersisted,
    /// A broker may have it.
    PossiblyPersisted,
    /// A broker has it.
    Persisted,
}

/// What became of a message.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryReport<'a> {
    /// The number it was produced with.
    pub opaque: usize,
    /// Its topic.
    pub topic: TopicId,
    /// Its offset, if delivered.
    pub offset: i64,
    /// Its partition, -1 if none was chosen.
    pub partition: i32,
    /// [`Code::NO_ERROR`] if delivered.
    pub code: Code,
    /// Why a broker refused it, if it says more than that.
    pub reason: Option<&'a CStr>,
    /// Milliseconds since 1970; -1 if it was not delivered, or is not wanted.
    pub timestamp: i64,
    /// Microseconds since it was produced; -1 if that is not wanted.
    pub latency_us: i64,
    /// Whether a broker has it.
    pub status: MessageStatus,
    /// The bytes of its key and value.
    pub len: usize,
}

/// Takes what became of a producer's messages.
///
/// librdkafka calls it on its threads, and on one that purges or that ends the client. A call must not block, nor call the
/// client. Behind the calls for some messages the main queue gets an event: their memory, to be freed by another thread.
pub trait Deliveries: Send + Sync {
    /// Whether reports shall have timestamps and latencies, each of which takes a look at the clock.
    fn are_timed(&self) -> bool;
    /// What became of a message.
    fn report(&self, report: DeliveryReport<'_>);
    /// [`Self::report`] has panicked: what became of a message is not known.
    fn fail(&self);
}

thread_local! {
    static IS_LIBRDKAFKAS: Cell<bool> = const { Cell::new(false) };
}

/// Has a client that is being made pass its reports on.
///
/// # Safety
/// `rk` calls its `on_new` interceptors; `callbacks` is what `listen` has made for it.
pub(super) unsafe fn intercept(
    rk: *mut sys::rd_kafka_t,
    name: *const c_char,
    callbacks: *mut c_void,
) {
    // SAFETY: by the caller's word. They fail only where they are there already.
    unsafe {
        sys::rd_kafka_interceptor_add_on_thread_start(rk, name, on_thread_start, callbacks);
        sys::rd_kafka_interceptor_add_on_acknowledgement(rk, name, on_acknowledgement, callbacks);
    }
}

unsafe extern "C" fn on_thread_start(
    _: *mut sys::rd_kafka_t,
    _: c_int,
    _: *const c_char,
    _: *mut c_void,
) -> c_int {
    IS_LIBRDKAFKAS.set(true);
    0
}

unsafe extern "C" fn on_acknowledgement(
    _: *mut sys::rd_kafka_t,
    message: *mut sys::rd_kafka_message_t,
    callbacks: *mut c_void,
) -> c_int {
    // SAFETY: librdkafka's message, and what `listen` has made, which outlives the client.
    let (message, callbacks) = unsafe { (&*message, &*callbacks.cast::<Callbacks>()) };
    let code = Code(message.err);
    // A call that refuses a message says so itself. On other threads only a purge or the client's end gives messages up.
    let may_be_refused = code != Code::NO_ERROR && !code.is_purged() && code != Code::DESTROY;
    if may_be_refused && !IS_LIBRDKAFKAS.get() {
        return 0;
    }
    let Some(deliveries) = callbacks.deliveries() else {
        return 0;
    };
    // It must not unwind into librdkafka; the panic hook has said it.
    let taken = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the message is one of librdkafka's own, as nothing has refused it.
        let report = unsafe { read(message, code, deliveries.are_timed()) };
        deliveries.report(report);
    }));
    if taken.is_err() {
        deliveries.fail();
    }
    0
}

/// # Safety
/// `message` is one that librdkafka has made, of a topic that was made by `create_topic`.
#[inline]
unsafe fn read(message: &sys::rd_kafka_message_t, code: Code, timed: bool) -> DeliveryReport<'_> {
    // SAFETY: by the caller's word; a topic's opaque is its entry.
    unsafe {
        let entry = sys::rd_kafka_topic_opaque(message.rkt).cast::<TopicEntry>();
        let reason = match code {
            Code::NO_ERROR => std::ptr::null(),
            _ => sys::rd_kafka_message_produce_errstr(message),
        };
        let (timestamp, latency_us) = match timed {
            true => (
                sys::rd_kafka_message_timestamp(message, std::ptr::null_mut()),
                sys::rd_kafka_message_latency(message),
            ),
            false => (-1, -1),
        };
        DeliveryReport {
            opaque: message.private as usize,
            topic: (*entry).id(),
            offset: message.offset,
            partition: message.partition,
            code,
            reason: (!reason.is_null()).then(|| CStr::from_ptr(reason)),
            timestamp,
            latency_us,
            status: match sys::rd_kafka_message_status(message) {
                0 => MessageStatus::NotPersisted,
                2 => MessageStatus::Persisted,
                _ => MessageStatus::PossiblyPersisted,
            },
            len: message.key_len + message.len,
        }
    }
}
