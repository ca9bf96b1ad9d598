//! `kafka_producer`.

use std::ffi::{c_char, c_void};
use std::ops::Deref;
use std::sync::Arc;

use super::boundary::{bytes, guarded, guarded_void, output, reference, string, take_back};
use super::client::{kafka_client, HasClient};
use super::conf::{given, kafka_conf, kafka_topic_conf};
use super::error::kafka_error;
use super::future::{kafka_future, nothing, optional_result, result};
use super::handle::{Close, Handle};
use super::topic::kafka_topic;
use crate::client::{
    Client, Error, Lost, Opaque, Outcome, Producer, Record, Result, FLUSH_AT_END_MS,
};
use crate::process::Generation;
use crate::value::Value;

/// The number of a message that is sent without one.
pub const KAFKA_OPAQUE_NONE: u64 = u64::MAX;
/// The number of a message whose report need not be fetched: its delivery is counted only, its
/// failure also by kafka_producer_poll and kafka_producer_unreported_failures, unless the caller gave
/// it up. It takes no room in the queue once it is reported.
pub const KAFKA_OPAQUE_NO_REPORT: u64 = u64::MAX - 1;
const _: () = {
    assert!(KAFKA_OPAQUE_NONE == Opaque::NONE.to_u64());
    assert!(KAFKA_OPAQUE_NO_REPORT == Opaque::NO_REPORT.to_u64());
};

/// A producer. Every call may be made from any thread, also several at once.
pub struct kafka_producer {
    pub(super) handle: Arc<Handle<Producer>>,
}

impl kafka_producer {
    fn made_by(make: impl FnOnce() -> Result<Producer>) -> Result<Self> {
        let handle = Arc::new(Handle::made_by(make)?);
        Ok(Self { handle })
    }
}

impl HasClient for Producer {
    fn client(&self) -> impl Deref<Target = Client> + '_ {
        Producer::client(self)
    }
}

impl Close for Producer {
    type Outcome = Lost;

    fn wake_for_close(&self) {
        Producer::wake_for_close(self);
    }

    fn finish(&self, timeout_ms: i32) -> Lost {
        Producer::finish(self, timeout_ms)
    }
}

/// Starts a producer. It connects in the background.
///
/// brokers: "host:port,host:port". conf: copied; NULL for librdkafka's defaults.
/// producer: where the new object goes; free it with kafka_producer_free. future: see kafka_future and
/// kafka_future_producer; for a caller that must not lose a moment: starting librdkafka's threads takes some hundred
/// microseconds, and reading the certificates of all authorities that a system trusts, many milliseconds.
/// Returns 0; KAFKA_ERR_INVALID_ARGUMENT, with "invalid broker list" if none of the
/// brokers can be used; KAFKA_ERR_INVALID_CONFIG if properties contradict each other.
/// Never waits for a broker.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_new(
    brokers: *const c_char,
    conf: *const kafka_conf,
    producer: *mut *mut kafka_producer,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let Some(place) = result(producer, future, "producer")? else {
            return kafka_future::make(future, brokers, conf, Producer::new);
        };
        let brokers = string(brokers, "brokers")?;
        place.hand_over(kafka_producer::made_by(|| {
            Producer::new(brokers, &given(conf))
        })?);
        Ok(())
    })
}

/// Takes the producer that a future has for a result.
///
/// producer: where the object goes; free it with kafka_producer_free. Returns 0; as kafka_future_wait, where the future is not
/// complete or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else, or has been taken. One that is not taken is
/// closed when the future is freed. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_producer(
    future: *const kafka_future,
    producer: *mut *mut kafka_producer,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = output(producer, "producer")?;
        let made = reference(future, "future")?.made("producer")?;
        place.hand_over(kafka_producer::made_by(|| Ok(made))?);
        Ok(())
    })
}

/// The producer as what it has in common with every client.
///
/// client: where the new object goes; free it with kafka_client_free, before or after the producer. Returns 0;
/// KAFKA_ERR_CLOSED. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_client(
    producer: *mut kafka_producer,
    client: *mut *mut kafka_client,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        kafka_client::hand_over(client, &reference(producer, "producer")?.handle)
    })
}

/// Makes a topic handle to send to. It creates nothing on the brokers.
///
/// topic_conf: copied, on top of the producer's defaults; NULL for those alone.
/// topic: where the new object goes; free it with kafka_topic_free, before or after
/// the producer. Handles of the same name share the first one's configuration.
/// Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_create_topic(
    producer: *mut kafka_producer,
    name: *const c_char,
    topic_conf: *const kafka_topic_conf,
    topic: *mut *mut kafka_topic,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        let handle = output(topic, "topic")?;
        let topic_conf = topic_conf.as_ref().map(|conf| &conf.0);
        let topic = producer.create_topic(string(name, "name")?, topic_conf)?;
        handle.hand_over(kafka_topic {
            process: Generation::current(),
            topic,
        });
        Ok(())
    })
}

/// Queues a message. Its report comes through kafka_producer_poll or
/// kafka_producer_reports, which have to be called: a message counts against
/// queue.buffering.max.messages until its report is fetched.
///
/// partition: -1 lets the partitioner choose. key, value: copied; NULL with length 0
/// is null, which is not the same as empty. opaque: comes back in the report; see also
/// KAFKA_OPAQUE_NONE and KAFKA_OPAQUE_NO_REPORT.
/// Returns 0; KAFKA_ERR_QUEUE_FULL; KAFKA_ERR_MSG_SIZE_TOO_LARGE;
/// KAFKA_ERR_UNKNOWN_TOPIC and KAFKA_ERR_UNKNOWN_PARTITION as soon as the cluster has
/// said so (before that the message is queued, and reported as failed);
/// KAFKA_ERR_FATAL, KAFKA_ERR_STATE. After an error nothing is queued. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_send(
    producer: *mut kafka_producer,
    topic: *mut kafka_topic,
    partition: i32,
    key: *const c_void,
    key_len: usize,
    value: *const c_void,
    value_len: usize,
    opaque: u64,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        let topic = reference(topic, "topic")?;
        let key = bytes(key, key_len, "key")?;
        let value = bytes(value, value_len, "value")?;
        let record = Record {
            partition,
            key,
            value,
            headers: None,
            timestamp: None,
            opaque: Opaque::try_from(opaque)?.to_native(),
        };
        producer
            .produce(&topic.topic, record)
            .map_err(|code| topic.refusal(code))
    })
}

/// Has the messages that were sent before sent without waiting for linger.ms, and waits until each of them is reported. Those
/// that are sent later linger, but for some in the first 10 ms, and where brokers do not answer in time, for 10 ms after 250, 750
/// and 1750 ms and then once a second.
///
/// timeout_ms: -1 waits without limit. future: see kafka_future. Returns 0; KAFKA_ERR_TIMED_OUT if messages are left, which stay
/// queued: kafka_producer_len counts them; KAFKA_ERR_EVENT, where it blocks, if messages are left and
/// there is an event to be taken first: see kafka_conf_set_events. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_flush(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        match future.is_null() {
            true => producer.flush(timeout_ms),
            false => kafka_future::answer(future, producer.flush_later(timeout_ms)?, nothing),
        }
    })
}

/// Counts the messages that are sent and not yet reported.
///
/// Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_len(
    producer: *mut kafka_producer,
    message_count: *mut u64,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        output(message_count, "message_count")?.write(producer.len());
        Ok(())
    })
}

/// For kafka_producer_purge: messages that no broker has been sent.
pub const KAFKA_PURGE_QUEUE: i32 = 1;
/// For kafka_producer_purge: messages that a broker has not answered for. It may have them even so.
pub const KAFKA_PURGE_INFLIGHT: i32 = 2;

/// For kafka_producer_purge: does not wait for librdkafka's threads. Messages that are sent meanwhile may be given up as well.
pub const KAFKA_PURGE_NON_BLOCKING: i32 = 4;

/// Gives up the messages that were sent before. Each of them is reported as failed, with KAFKA_ERR_PURGE_QUEUE or
/// KAFKA_ERR_PURGE_INFLIGHT. What is sent when this has returned, or when its future is complete, is not given up.
///
/// flags: KAFKA_PURGE constants, joined by |. future: see kafka_future. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Blocks until
/// librdkafka's threads have done it, each of which may be waiting for a name server, unless future or
/// KAFKA_PURGE_NON_BLOCKING is given. What is sent meanwhile waits in the record accumulator, where there is one.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_purge(
    producer: *mut kafka_producer,
    flags: u32,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let handle = &reference(producer, "producer")?.handle;
        let has = |flag: i32| flags & flag as u32 != 0;
        let known = KAFKA_PURGE_QUEUE | KAFKA_PURGE_INFLIGHT | KAFKA_PURGE_NON_BLOCKING;
        let (queued, in_flight) = (has(KAFKA_PURGE_QUEUE), has(KAFKA_PURGE_INFLIGHT));
        if !(queued || in_flight) || has(!known) {
            return Err(Error::invalid(format!(
                "flags is not made of KAFKA_PURGE constants: {flags:#x}"
            )));
        }
        let producer = handle.enter()?;
        if has(KAFKA_PURGE_NON_BLOCKING) {
            producer.begin_purge(queued, in_flight);
            return kafka_future::call(future, handle, |_| Ok(Outcome::Nothing), nothing);
        }
        let rest = producer.purge(queued, in_flight);
        let rest = move |_: &Producer| {
            rest();
            Ok(Outcome::Nothing)
        };
        kafka_future::call(future, handle, rest, nothing)
    })
}

/// Flushes, gives up what is left after timeout_ms, and ends the producer. Calls
/// waiting in other threads return KAFKA_ERR_CLOSED.
///
/// lost_count: how many messages were not delivered, or may not have been, without
/// kafka_producer_poll or kafka_producer_reports having returned it; also written for
/// KAFKA_ERR_TIMED_OUT; may be NULL. future: see kafka_future; its result is a number, of the messages lost, and it does not
/// fail for them; none if the producer was closed before. The producer may be freed before it is complete.
/// Returns 0, also if it was closed before; KAFKA_ERR_TIMED_OUT if messages were lost. It is closed in any case.
/// Blocks up to timeout_ms (-1: without limit), unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_close(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    lost_count: *mut u64,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let handle = &reference(producer, "producer")?.handle;
        let lost_count = optional_result(lost_count, future, "lost_count")?;
        let outcome = |lost: Lost| Ok(Outcome::Value(Value::Int(lost.count as i64)));
        let causes = handle.enter().ok();
        let causes = causes.map(|it| Arc::clone(it.client().events().causes()));
        kafka_future::close(future, handle, timeout_ms, outcome, |outcome| {
            let lost = match outcome {
                Outcome::Value(Value::Int(count)) => *count as u64,
                _ => 0,
            };
            if let Some(lost_count) = lost_count {
                lost_count.write(lost);
            }
            if lost == 0 {
                return Ok(());
            }
            let error = Error::timed_out(format!("{lost} messages not delivered in time"));
            Err(match causes {
                Some(causes) => causes.explain(error),
                None => error,
            })
        })
    })
}

/// Frees a producer. One that is open is closed by a thread of the library, within 1 s and with the number of lost messages on
/// stderr; the process's end waits for such threads, for all together up to 2 s. No call on it may be under way. In a forked
/// child it does nothing. NULL is nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_free(producer: *mut kafka_producer) {
    guarded_void(|| {
        if let Some(producer) = take_back(producer) {
            Handle::free(producer.handle, FLUSH_AT_END_MS, |lost| lost.log());
        }
    });
}
