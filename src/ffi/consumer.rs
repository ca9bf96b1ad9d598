//! `kafka_consumer`.

use std::ffi::c_char;
use std::ops::Deref;
use std::sync::Arc;

use super::batch::kafka_batch;
use super::boundary::{guarded, guarded_void, output, reference, string, take_back};
use super::client::{kafka_client, HasClient};
use super::conf::{given, kafka_conf};
use super::error::kafka_error;
use super::future::{kafka_future, nothing, result};
use super::group_metadata::kafka_group_metadata;
use super::handle::{Close, Handle};
use super::message::kafka_message;
use crate::client::{Call, Client, Consumer, Error, Outcome, Result, CLOSE_AT_END_MS};

/// A consumer. Every call may be made from any thread, also several at once.
pub struct kafka_consumer {
    pub(super) handle: Arc<Handle<Consumer>>,
}

impl kafka_consumer {
    fn made_by(make: impl FnOnce() -> Result<Consumer>) -> Result<Self> {
        let handle = Arc::new(Handle::made_by(make)?);
        Ok(Self { handle })
    }
}

impl HasClient for Consumer {
    fn client(&self) -> impl Deref<Target = Client> + '_ {
        Consumer::client(self)
    }
}

impl Close for Consumer {
    type Outcome = Result<()>;

    fn wake_for_close(&self) {
        Consumer::wake_for_close(self);
    }

    fn finish(&self, timeout_ms: i32) -> Result<()> {
        Consumer::finish(self, timeout_ms)
    }
}

/// Starts a consumer. It connects in the background, and has nothing to consume
/// until it subscribes or is assigned partitions.
///
/// brokers: "host:port,host:port". conf: copied; a group needs group.id.
/// consumer: where the new object goes; free it with kafka_consumer_free. future: see kafka_future and
/// kafka_future_consumer; for a caller that must not lose a moment: starting librdkafka's threads takes some hundred
/// microseconds, and reading the certificates of all authorities that a system trusts, many milliseconds.
/// Returns 0; KAFKA_ERR_INVALID_ARGUMENT, with "invalid broker list" if none of the
/// brokers can be used; KAFKA_ERR_INVALID_CONFIG if properties contradict each other.
/// Never waits for a broker.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_new(
    brokers: *const c_char,
    conf: *const kafka_conf,
    consumer: *mut *mut kafka_consumer,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let Some(place) = result(consumer, future, "consumer")? else {
            return kafka_future::make(future, brokers, conf, Consumer::new);
        };
        let brokers = string(brokers, "brokers")?;
        place.hand_over(kafka_consumer::made_by(|| {
            Consumer::new(brokers, &given(conf))
        })?);
        Ok(())
    })
}

/// Takes the consumer that a future has for a result.
///
/// consumer: where the object goes; free it with kafka_consumer_free. Returns 0; as kafka_future_wait, where the future is not
/// complete or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else, or has been taken. One that is not taken is
/// closed when the future is freed. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_future_consumer(
    future: *const kafka_future,
    consumer: *mut *mut kafka_consumer,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = output(consumer, "consumer")?;
        let made = reference(future, "future")?.made("consumer")?;
        place.hand_over(kafka_consumer::made_by(|| Ok(made))?);
        Ok(())
    })
}

/// The consumer as what it has in common with every client.
///
/// client: where the new object goes; free it with kafka_client_free, before or after the consumer. Returns 0;
/// KAFKA_ERR_CLOSED. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_client(
    consumer: *mut kafka_consumer,
    client: *mut *mut kafka_client,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        kafka_client::hand_over(client, &reference(consumer, "consumer")?.handle)
    })
}

/// What the consumer is in its group at the moment, for transactions.
///
/// group_metadata: where the new object goes; free it with kafka_group_metadata_free. future: see kafka_future and
/// kafka_future_group_metadata. Returns 0; KAFKA_ERR_UNKNOWN_GROUP without a group.id. Waits for librdkafka's main thread,
/// which answers, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_group_metadata(
    consumer: *mut kafka_consumer,
    group_metadata: *mut *mut kafka_group_metadata,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = result(group_metadata, future, "group_metadata")?;
        call(consumer, Call::GroupMetadata, future, |outcome| {
            if let (Some(place), Outcome::GroupMetadata(found)) = (place, outcome) {
                place.hand_over(kafka_group_metadata(Arc::clone(found)));
            }
            Ok(())
        })
    })
}

/// Makes a call that librdkafka's main thread carries out.
pub(super) unsafe fn call(
    consumer: *mut kafka_consumer,
    call: Call,
    future: *mut *mut kafka_future,
    write: impl FnOnce(&Outcome) -> Result<()>,
) -> Result<()> {
    let handle = &reference(consumer, "consumer")?.handle;
    let rest = handle.enter()?.begin(call)?;
    kafka_future::call(future, handle, rest, write)
}

/// Takes the next message. Calling it, or closing, is also what keeps a member in
/// its group: at least every max.poll.interval.ms.
///
/// timeout_ms: 0 does not wait, -1 waits without limit. message: filled in on success;
/// release it with kafka_message_release. Returns 0; KAFKA_ERR_TIMED_OUT if nothing came;
/// KAFKA_ERR_EVENT if an event is to be taken first, see kafka_conf_set_events;
/// KAFKA_ERR_PARTITION_EOF at the end of a partition, with enable.partition.eof: the event of that
/// name says which. Troubles of brokers and network are events and not returned: it goes on
/// waiting, unless the error is fatal. Blocks up to timeout_ms.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_poll(
    consumer: *mut kafka_consumer,
    timeout_ms: i32,
    message: *mut kafka_message,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let output = output(message, "message")?;
        output.write(kafka_message::new(consumer.poll(timeout_ms)?));
        Ok(())
    })
}

/// Takes up to message_max messages: waits until there are as many, or the time is up, or an
/// event is to be taken, and returns those that came. Their offsets count as consumed. Keeps a
/// member in its group as kafka_consumer_poll does.
///
/// message_max: 1 at least. timeout_ms: 0 does not wait, -1 waits without limit. batch: where the
/// new object goes; free it with kafka_batch_free. Returns 0; if nothing came, what
/// kafka_consumer_poll returns then. Blocks up to timeout_ms.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_consume(
    consumer: *mut kafka_consumer,
    message_max: usize,
    timeout_ms: i32,
    batch: *mut *mut kafka_batch,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let batch = output(batch, "batch")?;
        if message_max == 0 {
            return Err(Error::invalid("message_max is 0"));
        }
        let messages = consumer.consume(message_max, timeout_ms)?;
        kafka_batch::hand_over(batch, messages, consumer.drop_later());
        Ok(())
    })
}

/// Begins to leave the group, so that rebalances can be answered on the way; then
/// kafka_consumer_close ends the consumer. A caller that does not answer rebalances closes at once.
///
/// Returns 0 when the group is left: what was consumed is committed (unless enable.auto.commit is
/// false); KAFKA_ERR_EVENT if an event is to be taken, and a rebalance answered: call it again
/// then; KAFKA_ERR_STATE if a rebalance was taken and not answered; KAFKA_ERR_TIMED_OUT. Blocks up
/// to timeout_ms (-1: without limit).
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_leave(
    consumer: *mut kafka_consumer,
    timeout_ms: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.leave(timeout_ms)
    })
}

/// Commits what was consumed (unless enable.auto.commit is false), leaves the
/// group and ends the consumer. Calls waiting in other threads return
/// KAFKA_ERR_CLOSED. Messages and batches not released stay valid. A rebalance is answered here,
/// and no event: see kafka_consumer_leave.
///
/// future: see kafka_future; the consumer may be freed before it is complete. Returns 0, also if it was closed before;
/// KAFKA_ERR_TIMED_OUT if the group could not be left in time: it will notice after session.timeout.ms. It is closed in any
/// case. Blocks up to timeout_ms (-1: without limit), unless future is given. Threads that have not ended by then, as where
/// name servers do not answer, do so by themselves.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_close(
    consumer: *mut kafka_consumer,
    timeout_ms: i32,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let handle = &reference(consumer, "consumer")?.handle;
        let outcome = |left: Result<()>| left.map(|()| Outcome::Nothing);
        kafka_future::close(future, handle, timeout_ms, outcome, nothing)
    })
}

/// Frees a consumer. One that is open is closed by a thread of the library, within 1 s; the process's end waits for such
/// threads, for all together up to 2 s. No call on it may be under way. In a forked child it does nothing. NULL is nothing.
/// Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_free(consumer: *mut kafka_consumer) {
    guarded_void(|| {
        if let Some(consumer) = take_back(consumer) {
            // Where the group could not be left in time it notices by itself.
            Handle::free(consumer.handle, CLOSE_AT_END_MS, drop);
        }
    });
}
