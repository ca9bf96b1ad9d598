//! `rd_kafka_queue_t` and `rd_kafka_event_t`.

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

    /// How many messages it holds that were reported, and are freed with it.
    pub fn message_count(&self) -> usize {
        // SAFETY: the event is alive.
        unsafe { sys::rd_kafka_event_message_count(self.raw) }
    }

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
