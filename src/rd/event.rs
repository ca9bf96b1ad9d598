//! `rd_kafka_queue_t` and `rd_kafka_event_t`.

use std::ffi::CStr;
use std::mem::ManuallyDrop;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::client::Client;
use super::error::Code;
use super::listener::dispatch_event;
use super::partitions::Partitions;
use super::sys;

/// Called when there is something in a queue that was empty.
pub type OnArrival = Arc<dyn Fn() + Send + Sync>;

/// A reference to one of librdkafka's queues, and to its client.
pub struct Queue {
    raw: *mut sys::rd_kafka_queue_t,
    // Boxed: librdkafka has a pointer to it.
    on_arrival: OnceLock<Box<OnArrival>>,
    // Dropped after the queue.
    client: Client,
}

// SAFETY: librdkafka's queues are thread-safe.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}

impl Queue {
    /// # Safety
    /// `raw` is a reference to a queue of `client`, that nothing else destroys.
    pub(super) unsafe fn from_raw(raw: *mut sys::rd_kafka_queue_t, client: Client) -> Self {
        Self {
            raw,
            on_arrival: OnceLock::new(),
            client,
        }
    }

    pub(super) fn as_raw(&self) -> *mut sys::rd_kafka_queue_t {
        self.raw
    }

    /// The next event; `None` after the timeout (-1: no limit) or a [`Queue::wake`].
    pub fn poll(&self, timeout_ms: i32) -> Option<Event<'_>> {
        // SAFETY: the queue is alive; an event is ours until destroyed.
        let raw = unsafe { sys::rd_kafka_queue_poll(self.raw, timeout_ms) };
        let client = &self.client;
        (!raw.is_null()).then_some(Event { raw, client })
    }

    /// Makes a poll under way, or else the next one, return.
    pub fn wake(&self) {
        // SAFETY: the queue is alive.
        unsafe { sys::rd_kafka_queue_yield(self.raw) };
    }

    /// Calls `on_arrival` from now on whenever something comes that finds the queue empty: on a thread of librdkafka's,
    /// whose lock it holds, so that it must neither block nor call librdkafka. The first one stays.
    pub fn on_arrival(&self, on_arrival: impl FnOnce() -> OnArrival) {
        self.on_arrival.get_or_init(|| {
            let on_arrival = Box::new(on_arrival());
            let opaque = std::ptr::from_ref(&*on_arrival).cast_mut().cast();
            // SAFETY: the queue is alive; what the pointer is to lives until drop has taken it back.
            unsafe { sys::rd_kafka_queue_cb_event_enable(self.raw, Some(call_on_arrival), opaque) };
            on_arrival
        });
    }

    /// Gives its client up, and is never destroyed.
    pub(super) fn keep_for_ever(self) {
        static KEPT: Mutex<Vec<usize>> = Mutex::new(Vec::new());
        let this = ManuallyDrop::new(self);
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(this.raw as usize);
        // SAFETY: read once, out of a value that is never dropped.
        drop(unsafe { ptr::read(&this.client) });
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: our reference, destroyed once. The call is taken back under the lock that it is made under.
        unsafe {
            if self.on_arrival.get().is_some() {
                sys::rd_kafka_queue_cb_event_enable(self.raw, None, ptr::null_mut());
            }
            sys::rd_kafka_queue_destroy(self.raw);
        }
    }
}

unsafe extern "C" fn call_on_arrival(_: *mut sys::rd_kafka_t, opaque: *mut libc::c_void) {
    // SAFETY: what `Queue::on_arrival` has set.
    let on_arrival = unsafe { &*opaque.cast::<OnArrival>() };
    // It must not unwind into librdkafka; the panic hook has said it.
    let _ = catch_unwind(AssertUnwindSafe(|| on_arrival()));
}

/// What a queue held.
pub struct Event<'a> {
    raw: *mut sys::rd_kafka_event_t,
    client: &'a Client,
}

impl Event<'_> {
    pub(super) fn as_raw(&self) -> *mut sys::rd_kafka_event_t {
        self.raw
    }
}

/// Whether a broker has a message, as `rd_kafka_msg_status_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageStatus {
    /// No broker has it: none was sent it, or it was refused.
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
    /// Its topic's name; the same place in memory for all that follow each other in one topic.
    pub topic: &'a CStr,
    /// Its offset, if delivered.
    pub offset: i64,
    /// Its partition, -1 if none was chosen.
    pub partition: i32,
    /// [`Code::NO_ERROR`] if delivered.
    pub code: Code,
    /// Milliseconds since 1970; -1 if it was not delivered, or is not wanted.
    pub timestamp: i64,
    /// Microseconds since it was produced; -1 if that is not wanted.
    pub latency_us: i64,
    /// Whether a broker has it.
    pub status: MessageStatus,
    /// The bytes of its key and value.
    pub len: usize,
}

impl<'q> Event<'q> {
    /// Whether it holds delivery reports.
    pub fn is_delivery_report(&self) -> bool {
        // SAFETY: the event is alive.
        unsafe { sys::rd_kafka_event_type(self.raw) == sys::RD_KAFKA_EVENT_DR }
    }

    /// The delivery reports in it: none, if it is an event of another kind. `timed` asks for timestamps and
    /// latencies, each of which takes a look at the clock.
    pub fn delivery_reports(
        &mut self,
        timed: bool,
    ) -> impl Iterator<Item = DeliveryReport<'_>> + use<'_, 'q> {
        let is_report = self.is_delivery_report();
        let mut topic = (ptr::null_mut(), c"");
        std::iter::from_fn(move || {
            if !is_report {
                return None;
            }
            // SAFETY: the event is alive, and until it is destroyed so are its messages and their topics.
            unsafe {
                let message = sys::rd_kafka_event_message_next(self.raw).as_ref()?;
                if topic.0 != message.rkt {
                    let name = CStr::from_ptr(sys::rd_kafka_topic_name(message.rkt));
                    topic = (message.rkt, name);
                }
                let (timestamp, latency_us) = match timed {
                    true => (
                        sys::rd_kafka_message_timestamp(message, ptr::null_mut()),
                        sys::rd_kafka_message_latency(message),
                    ),
                    false => (-1, -1),
                };
                Some(DeliveryReport {
                    opaque: message.private as usize,
                    topic: topic.1,
                    offset: message.offset,
                    partition: message.partition,
                    code: Code(message.err),
                    timestamp,
                    latency_us,
                    status: match sys::rd_kafka_message_status(message) {
                        0 => MessageStatus::NotPersisted,
                        2 => MessageStatus::Persisted,
                        _ => MessageStatus::PossiblyPersisted,
                    },
                    len: message.key_len + message.len,
                })
            }
        })
    }
}

impl Event<'_> {
    /// Calls the client's listener, if the event is one for it.
    pub fn dispatch(&self) {
        // SAFETY: the event is alive, and so is the client it is from.
        unsafe { dispatch_event(self.client.as_raw(), self.raw, self.client.listener()) };
    }

    /// The partitions in it, and the error of a commit.
    pub fn committed(&self) -> (Code, Partitions) {
        // SAFETY: the event is alive; the list is its own.
        unsafe {
            (
                Code(sys::rd_kafka_event_error(self.raw)),
                Partitions::read(sys::rd_kafka_event_topic_partition_list(self.raw)),
            )
        }
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once.
        unsafe { sys::rd_kafka_event_destroy(self.raw) };
    }
}
