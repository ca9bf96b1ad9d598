//! `rd_kafka_t`, as a producer or a consumer.

use std::ffi::CStr;
use std::mem::ManuallyDrop;
use std::sync::{mpsc, Arc, Weak};
use std::time::Duration;

use libc::{c_int, c_void};

use super::conf::{Conf, TopicConf};
use super::delivery::Deliveries;
use super::error::{lossy, Code, Error};
use super::event::Queue;
use super::listener::{listen, Listener, Opaque, Wanted};
use super::message::Message;
use super::report_queue::Sleep;
use super::sys;
use super::topic::{Topic, TopicId, TopicSet, TopicTable};
use crate::process;

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It produces.
    Producer,
    /// It consumes.
    Consumer,
    /// It asks, and is asked to change things.
    Admin,
}

/// What an admin client sets, so that it is a consumer: librdkafka follows a null pointer when a group's coordinator
/// refuses to say what is committed, unless there is a group of its own. That one is left at once. The other properties
/// have values that cannot contradict what the user sets.
const ADMIN: [(&CStr, &CStr); 5] = [
    (c"group.id", c"admin"),
    (c"group.protocol", c"classic"),
    (c"max.poll.interval.ms", c"86400000"),
    (c"message.max.bytes", c"1000"),
    (c"fetch.max.bytes", c"1000"),
];

/// A reference to an instance of librdkafka: its threads, its connections, its queues.
///
/// Every method may be called from any thread. When the last reference is dropped, a thread of its own ends the instance: it
/// waits for librdkafka's threads, which a name resolution under way can delay. It does not close a consumer, see
/// [`Client::close_consumer`].
#[derive(Clone)]
pub struct Client(ManuallyDrop<Arc<Instance>>);

/// As [`Client`], without keeping the instance.
pub struct WeakClient(Weak<Instance>);

impl WeakClient {
    /// The instance, if there is one still.
    pub fn upgrade(&self) -> Option<Client> {
        self.0.upgrade().map(|it| Client(ManuallyDrop::new(it)))
    }
}

struct Instance {
    rk: *mut sys::rd_kafka_t,
    topics: Arc<TopicSet>,
    // Dropped after the instance, which calls them.
    opaque: Opaque,
    table: TopicTable,
    sleep: Arc<Sleep>,
}

// SAFETY: librdkafka's API on rd_kafka_t is thread-safe.
unsafe impl Send for Instance {}
// SAFETY: as above.
unsafe impl Sync for Instance {}

impl Client {
    /// Starts a client; a producer passes what becomes of its messages to `deliveries`. An error is librdkafka's own text.
    pub fn new(
        kind: Kind,
        mut conf: Conf,
        listener: Arc<dyn Listener>,
        deliveries: Option<Arc<dyn Deliveries>>,
        wanted: Wanted,
    ) -> Result<Self, String> {
        let opaque = listen(&mut conf, listener, deliveries, wanted);
        let native_kind = match kind {
            Kind::Producer => sys::rd_kafka_type_t::RD_KAFKA_PRODUCER,
            Kind::Consumer | Kind::Admin => sys::rd_kafka_type_t::RD_KAFKA_CONSUMER,
        };
        if kind == Kind::Admin {
            for (name, value) in ADMIN {
                conf.set(name, value)?;
            }
        }
        let table = match kind {
            Kind::Producer => TopicTable::of(&mut conf),
            Kind::Consumer | Kind::Admin => TopicTable::default(),
        };
        let mut errstr = [0; 512];
        let conf = conf.into_raw();
        // SAFETY: the configuration is ours to give; librdkafka takes it over on success only.
        let rk = unsafe { sys::rd_kafka_new(native_kind, conf, errstr.as_mut_ptr(), errstr.len()) };
        if rk.is_null() {
            // SAFETY: not taken over, so still ours; the text is terminated.
            unsafe {
                sys::rd_kafka_conf_destroy(conf);
                return Err(lossy(CStr::from_ptr(errstr.as_ptr())));
            }
        }
        if kind == Kind::Consumer {
            // SAFETY: the client is alive. One queue for messages and events, so that polling it serves both.
            unsafe { sys::rd_kafka_poll_set_consumer(rk) };
        }
        let client = Self(ManuallyDrop::new(Arc::new(Instance {
            rk,
            topics: Arc::new(TopicSet::default()),
            opaque,
            table,
            sleep: Arc::default(),
        })));
        if kind == Kind::Admin {
            // librdkafka's thread ends the group before it looks for a coordinator.
            let ignored = client.new_queue();
            client
                .close_consumer(&ignored)
                .map_err(|error| error.to_string())?;
        }
        if wanted.tokens {
            // SAFETY: the client is alive; an error object is ours.
            unsafe { Error::check(sys::rd_kafka_sasl_background_callbacks_enable(rk)) }
                .map_err(|error| error.to_string())?;
        }
        Ok(client)
    }

    /// librdkafka's name of this client, for logs: `rdkafka#producer-1`.
    pub fn name(&self) -> String {
        // SAFETY: the client is alive and keeps its name.
        lossy(unsafe { CStr::from_ptr(sys::rd_kafka_name(self.0.rk)) })
    }

    /// Adds brokers to start from; returns how many of the list could be parsed.
    pub fn add_brokers(&self, brokers: &CStr) -> i32 {
        // SAFETY: the client is alive; the list is copied.
        unsafe { sys::rd_kafka_brokers_add(self.0.rk, brokers.as_ptr()) }
    }

    /// The queue of delivery reports and other events.
    pub fn main_queue(&self) -> Queue {
        // SAFETY: returns a new reference to the queue.
        unsafe { Queue::from_raw(sys::rd_kafka_queue_get_main(self.0.rk), self.clone()) }
    }

    /// A copy of what topics are configured with by default.
    pub fn default_topic_conf(&self) -> TopicConf {
        // SAFETY: returns a new object.
        unsafe { TopicConf::from_raw(sys::rd_kafka_default_topic_conf_dup(self.0.rk)) }
    }

    /// Makes a topic handle. It stays usable until released or until the client is dropped.
    pub fn create_topic(&self, name: &CStr, conf: TopicConf) -> Result<Topic, Error> {
        let (rkt, entry) = self.0.table.create(self.0.rk, name, conf)?;
        // SAFETY: a reference of ours to a topic of this client.
        Ok(unsafe { TopicSet::adopt(&self.0.topics, rkt, entry) })
    }

    /// The name of a topic that this client has had; it is kept as long as the client, in the same place.
    pub fn topic_name(&self, id: TopicId) -> Arc<CStr> {
        self.0.table.name(id)
    }

    /// Queues a copy of a message. Never blocks. A null payload (`None`) is not an empty one.
    #[inline(always)]
    pub fn produce(
        &self,
        topic: &Topic,
        partition: i32,
        key: Option<&[u8]>,
        payload: Option<&[u8]>,
        opaque: usize,
    ) -> Result<(), Code> {
        let Some(rkt) = topic.get(&self.0.topics) else {
            return Err(Code::UNKNOWN_TOPIC);
        };
        let (payload, payload_len) = parts(payload);
        let (key_start, key_len) = parts(key);
        topic
            .partitioner()
            .spread(partition, key, move |partition| {
                // SAFETY: the topic is this client's and alive; with MSG_F_COPY the bytes are only read.
                let result = unsafe {
                    sys::rd_kafka_produce(
                        rkt,
                        partition,
                        sys::RD_KAFKA_MSG_F_COPY,
                        payload.cast_mut().cast(),
                        payload_len,
                        key_start.cast(),
                        key_len,
                        opaque as *mut libc::c_void,
                    )
                };
                match result {
                    0 => Ok(()),
                    _ => Err(self.produce_error()),
                }
            })
    }

    /// Why the last produce of this thread failed.
    #[cold]
    fn produce_error(&self) -> Code {
        // librdkafka leaves the thread's last error untouched when it refuses for the client's state.
        let mut errstr = [0; 512];
        // SAFETY: the client is alive and the buffer as large as said.
        let fatal =
            unsafe { sys::rd_kafka_fatal_error(self.0.rk, errstr.as_mut_ptr(), errstr.len()) };
        if fatal != 0 {
            return Code::FATAL;
        }
        // SAFETY: reads a thread-local.
        match Code(unsafe { sys::rd_kafka_last_error() }) {
            Code::NO_ERROR => Code::STATE,
            code => code,
        }
    }

    /// Sends what is queued without waiting for `linger.ms`, and waits for it. -1 waits without limit.
    pub fn flush(&self, timeout_ms: i32) -> Result<(), Error> {
        // SAFETY: the client is alive.
        let flush = || Code(unsafe { sys::rd_kafka_flush(self.0.rk, timeout_ms) });
        self.0.sleep.prevented(flush).check()
    }

    /// How many messages it has, reported ones that are not freed included.
    pub fn outstanding(&self) -> i32 {
        // SAFETY: the client is alive.
        unsafe { sys::rd_kafka_outq_len(self.0.rk) }
    }

    /// Gives up messages, those still queued or those under way; each is reported as failed. Returns when the broker threads
    /// have done so, each of which may be waiting for a name server: what is produced later is not given up.
    pub fn purge(&self, queued: bool, in_flight: bool) {
        self.purge_with(queued, in_flight, 0);
    }

    /// As [`Self::purge`], and does not wait: what is produced meanwhile may be given up as well.
    pub fn begin_purge(&self, queued: bool, in_flight: bool) {
        self.purge_with(queued, in_flight, sys::RD_KAFKA_PURGE_F_NON_BLOCKING);
    }

    fn purge_with(&self, queued: bool, in_flight: bool, mut flags: c_int) {
        if queued {
            flags |= sys::RD_KAFKA_PURGE_F_QUEUE;
        }
        if in_flight {
            flags |= sys::RD_KAFKA_PURGE_F_INFLIGHT;
        }
        // SAFETY: the client is alive.
        unsafe { sys::rd_kafka_purge(self.0.rk, flags) };
    }

    /// The next message or consumer error, or `None` after the timeout.
    #[inline]
    pub fn consumer_poll(&self, timeout_ms: i32) -> Option<Message> {
        // SAFETY: the client is alive; a message is ours until destroyed.
        unsafe {
            let message = sys::rd_kafka_consumer_poll(self.0.rk, timeout_ms);
            (!message.is_null()).then(|| Message::from_raw(message, self.clone()))
        }
    }

    /// What a consumer's messages come through; `None` without a group.
    pub fn consumer_queue(&self) -> Option<Queue> {
        // SAFETY: the client is alive; a queue is a new reference.
        unsafe {
            let queue = sys::rd_kafka_queue_get_consumer(self.0.rk);
            (!queue.is_null()).then(|| Queue::from_raw(queue, self.clone()))
        }
    }

    /// A queue of the application's own.
    pub fn new_queue(&self) -> Queue {
        // SAFETY: returns a new queue.
        unsafe { Queue::from_raw(sys::rd_kafka_queue_new(self.0.rk), self.clone()) }
    }

    /// Whether a topic is one of this client's.
    pub fn has_topic(&self, topic: &Topic) -> bool {
        self.topic_as_raw(topic).is_some()
    }

    pub(super) fn topic_as_raw(&self, topic: &Topic) -> Option<*mut sys::rd_kafka_topic_t> {
        topic.get(&self.0.topics)
    }

    /// How the thread sleeps that frees this producer's messages.
    pub(super) fn sleep(&self) -> &Arc<Sleep> {
        &self.0.sleep
    }

    pub(super) fn listener(&self) -> &dyn Listener {
        self.0.opaque.listener()
    }

    pub(super) fn as_raw(&self) -> *mut sys::rd_kafka_t {
        self.0.rk
    }
}

impl Client {
    /// A reference that does not keep the instance.
    pub fn downgrade(&self) -> WeakClient {
        WeakClient(Arc::downgrade(&self.0))
    }

    /// Whether both are references to one instance.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Drops a reference; if it is the last one, waits until the instance has ended, or so long.
    pub fn end(self, limit: Duration) {
        if let Some(last) = Arc::into_inner(self.into_inner()) {
            let (ended, wait_ended) = mpsc::sync_channel(1);
            process::background::run(move || {
                drop(last);
                let _ = ended.send(());
            });
            let _ = wait_ended.recv_timeout(limit);
        }
    }

    fn into_inner(self) -> Arc<Instance> {
        // SAFETY: taken once, out of a value that is never dropped.
        unsafe { ManuallyDrop::take(&mut ManuallyDrop::new(self).0) }
    }

    /// For a struct that C code keeps.
    pub(super) fn into_raw(self) -> *mut c_void {
        Arc::into_raw(self.into_inner()).cast_mut().cast()
    }

    /// The reverse of [`Client::into_raw`].
    ///
    /// # Safety
    /// The pointer is from `into_raw`, and comes back once.
    pub(super) unsafe fn from_raw(raw: *mut c_void) -> Self {
        // SAFETY: by the caller's word.
        Self(ManuallyDrop::new(unsafe { Arc::from_raw(raw.cast()) }))
    }
}

impl Drop for Client {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken once, here.
        let last = Arc::into_inner(unsafe { ManuallyDrop::take(&mut self.0) });
        if let Some(last) = last {
            process::background::run(move || drop(last));
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // librdkafka wants its topics destroyed before itself.
        self.topics.clear();
        // SAFETY: the last use. Without the flag a consumer's group would be left here, without a bound.
        unsafe { sys::rd_kafka_destroy_flags(self.rk, sys::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) };
    }
}

/// A slice as C sees it: null for none, never null for an empty one.
#[inline]
pub(super) fn parts(bytes: Option<&[u8]>) -> (*const u8, usize) {
    bytes.map_or((std::ptr::null(), 0), |b| (b.as_ptr(), b.len()))
}
