//! What librdkafka reports besides messages and deliveries: its callbacks, as calls on a trait.

use std::ffi::CStr;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use libc::{c_char, c_int, c_void};

use super::conf::Conf;
use super::delivery::{self, Deliveries};
use super::error::{lossy, Code, Error};
use super::partitions::Partitions;
use super::sys;

/// Takes what librdkafka reports.
///
/// Logs come from any of librdkafka's threads, the states of connections from their brokers' threads, the event for a token
/// from one for that; everything else from the thread that polls the client. A call must not block, nor call the client.
pub trait Listener: Send + Sync {
    /// Whether the connection to the broker of this thread, which is at this address, can be used.
    fn connection_changed(&self, host: &CStr, port: i32, is_up: bool);
    /// This thread, a broker's or another, ends.
    fn thread_ends(&self);
    /// Trouble with brokers, the network, or the client itself. True ends the poll under way.
    fn error(&self, error: Error) -> bool;
    /// Statistics as JSON, every `statistics.interval.ms`.
    fn statistics(&self, json: &[u8]) -> bool;
    /// A line for the log of the client of this name, with syslog's level.
    fn log(&self, client: &CStr, level: i32, facility: &CStr, text: &CStr);
    /// A broker asks for patience.
    fn throttled(&self, broker: &CStr, broker_id: i32, throttle_ms: i32) -> bool;
    /// A new OAUTHBEARER token is needed.
    fn token_wanted(&self, config: &CStr) -> bool;
    /// The group's partitions move: to this member, or from it. To be answered.
    fn rebalance(&self, change: Change, partitions: Partitions) -> bool;
    /// Offsets could not be committed, and no caller waits for the answer.
    fn commit_failed(&self, code: Code, partitions: Partitions) -> bool;
}

/// What happens to partitions in a rebalance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// They are given.
    Assigned,
    /// They are taken.
    Revoked,
    /// They are gone: others may have them already.
    Lost,
}

impl Change {
    /// # Safety
    /// `rk` is alive.
    unsafe fn of(rk: *mut sys::rd_kafka_t, code: c_int) -> Self {
        if Code(code) == Code::ASSIGN_PARTITIONS {
            Self::Assigned
        // SAFETY: by the caller's word.
        } else if unsafe { sys::rd_kafka_assignment_lost(rk) } != 0 {
            Self::Lost
        } else {
            Self::Revoked
        }
    }
}

/// What librdkafka keeps as a client's opaque.
pub(super) struct Opaque(Box<Callbacks>);

impl Opaque {
    pub(super) fn listener(&self) -> &dyn Listener {
        &*self.0.listener
    }
}

/// Where a client's callbacks go.
pub(super) struct Callbacks {
    listener: Arc<dyn Listener>,
    deliveries: Option<Arc<dyn Deliveries>>,
}

impl Callbacks {
    #[inline]
    pub(super) fn deliveries(&self) -> Option<&dyn Deliveries> {
        self.deliveries.as_deref()
    }
}

/// Which of the callbacks that change how librdkafka works are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Failed commits, which only a consumer has.
    pub commits: bool,
    /// Rebalances are answered by the application.
    pub rebalance: bool,
    /// OAUTHBEARER tokens come from the application.
    pub tokens: bool,
}

/// The name that librdkafka knows our interceptors by.
const INTERCEPTOR: &CStr = c"kafka-ffi";

/// Has a client that is started with `conf` pass its callbacks to `listener` and `deliveries`. The result must live as long
/// as that client.
pub(super) fn listen(
    conf: &mut Conf,
    listener: Arc<dyn Listener>,
    deliveries: Option<Arc<dyn Deliveries>>,
    wanted: Wanted,
) -> Opaque {
    let opaque = Opaque(Box::new(Callbacks {
        listener,
        deliveries,
    }));
    let raw = conf.as_raw();
    let callbacks: *mut c_void = std::ptr::from_ref(&*opaque.0).cast_mut().cast();
    // SAFETY: the configuration is alive. The opaque is a pointer into a box, which stays where it is.
    unsafe {
        sys::rd_kafka_conf_set_opaque(raw, callbacks);
        sys::rd_kafka_conf_interceptor_add_on_new(raw, INTERCEPTOR.as_ptr(), on_new, callbacks);
        sys::rd_kafka_conf_set_error_cb(raw, Some(on_error));
        sys::rd_kafka_conf_set_stats_cb(raw, Some(on_statistics));
        sys::rd_kafka_conf_set_throttle_cb(raw, Some(on_throttle));
        sys::rd_kafka_conf_set_log_cb(raw, Some(on_log));
        if wanted.commits {
            sys::rd_kafka_conf_set_offset_commit_cb(raw, Some(on_commit));
        }
        if wanted.rebalance {
            sys::rd_kafka_conf_set_rebalance_cb(raw, Some(on_rebalance));
        }
        if wanted.tokens {
            // Asked for on a thread of librdkafka's, see Client::new: a caller that waits for an answer of a
            // broker's does not poll, and would wait for a token that was never asked for.
            sys::rd_kafka_conf_enable_sasl_queue(raw, 1);
            sys::rd_kafka_conf_set_oauthbearer_token_refresh_cb(raw, Some(on_token_wanted));
        }
    }
    opaque
}

/// Calls the listener; its answer, or a panic of its, does not leave this.
///
/// # Safety
/// `opaque` is the pointer that `listen` set, and its client is alive.
unsafe fn dispatch(opaque: *mut c_void, call: impl FnOnce(&dyn Listener) -> bool) -> bool {
    // SAFETY: by the caller's word.
    let Some(callbacks) = (unsafe { opaque.cast::<Callbacks>().as_ref() }) else {
        return false;
    };
    // The panic hook has said it on stderr; unwinding into C would be undefined behaviour.
    catch_unwind(AssertUnwindSafe(|| call(&*callbacks.listener))).unwrap_or(false)
}

/// As [`dispatch`], and ends the poll under way if the listener says so. Not by rd_kafka_yield: where
/// librdkafka takes many messages at once, that makes it lose the next one; and it forgets to free
/// what called for a token.
///
/// # Safety
/// As for `dispatch`; `rk` is the client.
unsafe fn dispatch_and_wake(
    rk: *mut sys::rd_kafka_t,
    opaque: *mut c_void,
    call: impl FnOnce(&dyn Listener) -> bool,
) {
    // SAFETY: by the caller's word.
    unsafe {
        if dispatch(opaque, call) {
            wake_consumer(rk);
        }
    }
}

/// Makes a consumer's poll under way, on whatever thread, or else its next one return.
///
/// # Safety
/// `rk` is alive.
unsafe fn wake_consumer(rk: *mut sys::rd_kafka_t) {
    // SAFETY: by the caller's word; the reference is ours to destroy.
    unsafe {
        let queue = sys::rd_kafka_queue_get_consumer(rk);
        if !queue.is_null() {
            sys::rd_kafka_queue_yield(queue);
            sys::rd_kafka_queue_destroy(queue);
        }
    }
}

/// # Safety
/// `text` is null or NUL-terminated.
unsafe fn c_str<'a>(text: *const c_char) -> &'a CStr {
    if text.is_null() {
        return c"";
    }
    // SAFETY: by the caller's word.
    unsafe { CStr::from_ptr(text) }
}

/// What an error event or callback is about. A fatal one hides its cause.
///
/// # Safety
/// `rk` is alive.
pub(super) unsafe fn explained(rk: *mut sys::rd_kafka_t, code: Code, text: String) -> Error {
    if code == Code::FATAL {
        let mut errstr: [c_char; 512] = [0; 512];
        // SAFETY: by the caller's word, and the buffer is as large as said.
        let cause = unsafe { sys::rd_kafka_fatal_error(rk, errstr.as_mut_ptr(), errstr.len()) };
        if cause != 0 {
            // SAFETY: librdkafka terminates what it writes.
            let text = lossy(unsafe { CStr::from_ptr(errstr.as_ptr()) });
            return Error {
                fatal: true,
                ..Error::new(Code(cause), text)
            };
        }
    }
    Error::new(code, text)
}

// librdkafka calls the callbacks with its client, that client's opaque, and arguments that live until they return.

unsafe extern "C" fn on_new(
    rk: *mut sys::rd_kafka_t,
    _: *const sys::rd_kafka_conf_t,
    opaque: *mut c_void,
    _: *mut c_char,
    _: usize,
) -> c_int {
    let name = INTERCEPTOR.as_ptr();
    // SAFETY: the arguments are librdkafka's, see above. What is added here fails only where it is there already.
    unsafe {
        sys::rd_kafka_interceptor_add_on_broker_state_change(rk, name, on_broker_state, opaque);
        sys::rd_kafka_interceptor_add_on_thread_exit(rk, name, on_thread_exit, opaque);
        if (*opaque.cast::<Callbacks>()).deliveries.is_some() {
            delivery::intercept(rk, name, opaque);
        }
    }
    0
}

unsafe extern "C" fn on_broker_state(
    _: *mut sys::rd_kafka_t,
    _: i32,
    _: *const c_char,
    host: *const c_char,
    port: c_int,
    state: *const c_char,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: the arguments are librdkafka's, see above.
    unsafe {
        let is_up = c_str(state) == c"UP";
        dispatch(opaque, |listener| {
            listener.connection_changed(c_str(host), port, is_up);
            false
        });
    }
    0
}

unsafe extern "C" fn on_thread_exit(
    _: *mut sys::rd_kafka_t,
    _: c_int,
    _: *const c_char,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: the arguments are librdkafka's, see above.
    unsafe {
        dispatch(opaque, |listener| {
            listener.thread_ends();
            false
        });
    }
    0
}

unsafe extern "C" fn on_error(
    rk: *mut sys::rd_kafka_t,
    code: c_int,
    text: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: the arguments are librdkafka's, see above.
    unsafe {
        let error = explained(rk, Code(code), lossy(c_str(text)));
        dispatch_and_wake(rk, opaque, |listener| listener.error(error));
    }
}

unsafe extern "C" fn on_statistics(
    rk: *mut sys::rd_kafka_t,
    json: *mut c_char,
    json_len: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: the arguments are librdkafka's, see above.
    unsafe {
        let json = std::slice::from_raw_parts(json.cast::<u8>(), json_len);
        dispatch_and_wake(rk, opaque, |listener| listener.statistics(json));
    }
    // librdkafka frees the text.
    0
}

unsafe extern "C" fn on_throttle(
    rk: *mut sys::rd_kafka_t,
    broker: *const c_char,
    broker_id: i32,
    throttle_ms: c_int,
    opaque: *mut c_void,
) {
    // SAFETY: the arguments are librdkafka's, see above.
    unsafe {
        let broker = c_str(broker);
        dispatch_and_wake(rk, opaque, |listener| {
            listener.throttled(broker, broker_id, throttle_ms)
        });
    }
}

unsafe extern "C" fn on_log(
    rk: *const sys::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    text: *const c_char,
) {
    // What is said before there is a client is said again by the error of making one.
    if rk.is_null() {
        return;
    }
    // SAFETY: the arguments are librdkafka's, see above.
    unsafe {
        dispatch(sys::rd_kafka_opaque(rk), |listener| {
            let client = c_str(sys::rd_kafka_name(rk));
            listener.log(client, level, c_str(facility), c_str(text));
            false
        });
    }
}

unsafe extern "C" fn on_token_wanted(
    rk: *mut sys::rd_kafka_t,
    config: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: the arguments are librdkafka's, see above.
    unsafe {
        let config = c_str(config);
        dispatch_and_wake(rk, opaque, |listener| listener.token_wanted(config));
    }
}

unsafe extern "C" fn on_rebalance(
    rk: *mut sys::rd_kafka_t,
    code: c_int,
    partitions: *mut sys::rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
) {
    // SAFETY: the arguments are librdkafka's, see above.
    unsafe {
        let change = Change::of(rk, code);
        let partitions = Partitions::read(partitions);
        dispatch_and_wake(rk, opaque, |listener| {
            listener.rebalance(change, partitions)
        });
    }
}

unsafe extern "C" fn on_commit(
    rk: *mut sys::rd_kafka_t,
    code: c_int,
    partitions: *mut sys::rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
) {
    let code = Code(code);
    // Nothing to commit is no failure.
    if code == Code::NO_ERROR || code == Code::NO_OFFSET {
        return;
    }
    // SAFETY: the arguments are librdkafka's, see above.
    unsafe {
        let partitions = Partitions::read(partitions);
        dispatch_and_wake(rk, opaque, |listener| {
            listener.commit_failed(code, partitions)
        });
    }
}

/// Passes a listener an event that came through a queue, where librdkafka calls no callback.
///
/// # Safety
/// `event` and its client `rk` are alive.
pub(super) unsafe fn dispatch_event(
    rk: *mut sys::rd_kafka_t,
    event: *mut sys::rd_kafka_event_t,
    listener: &dyn Listener,
) {
    // SAFETY: by the caller's word; what an event points to lives as long as it does.
    unsafe {
        match sys::rd_kafka_event_type(event) {
            sys::RD_KAFKA_EVENT_ERROR => {
                let code = Code(sys::rd_kafka_event_error(event));
                let text = lossy(c_str(sys::rd_kafka_event_error_string(event)));
                let mut error = explained(rk, code, text);
                error.fatal |= sys::rd_kafka_event_error_is_fatal(event) != 0;
                listener.error(error);
            }
            sys::RD_KAFKA_EVENT_STATS => {
                listener.statistics(c_str(sys::rd_kafka_event_stats(event)).to_bytes());
            }
            sys::RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH => {
                listener.token_wanted(c_str(sys::rd_kafka_event_config_string(event)));
            }
            sys::RD_KAFKA_EVENT_REBALANCE => {
                let change = Change::of(rk, sys::rd_kafka_event_error(event));
                let partitions = Partitions::read(sys::rd_kafka_event_topic_partition_list(event));
                listener.rebalance(change, partitions);
            }
            sys::RD_KAFKA_EVENT_OFFSET_COMMIT => {
                let code = Code(sys::rd_kafka_event_error(event));
                if code != Code::NO_ERROR && code != Code::NO_OFFSET {
                    let partitions =
                        Partitions::read(sys::rd_kafka_event_topic_partition_list(event));
                    listener.commit_failed(code, partitions);
                }
            }
            _ => {}
        }
    }
}
