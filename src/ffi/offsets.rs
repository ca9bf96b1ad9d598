//! `kafka_consumer`, and its places in its partitions: those it is at, and those its group has
//! committed.

use std::ffi::c_char;

use super::boundary::{guarded, reference, string};
use super::consumer::{call, kafka_consumer};
use super::error::kafka_error;
use super::future::{kafka_future, nothing, optional_result, partitions_to, result};
use super::partitions::{kafka_partitions, optional};
use crate::client::{Call, Outcome};
use crate::value::Value;

/// Commits offsets: those of the next messages to consume, each one more than that of the last
/// message that was dealt with.
///
/// partitions: copied; NULL for the stored offsets of all that are assigned. timeout_ms: -1 waits without limit. committed:
/// where the new list of what was committed goes, empty if there was nothing to commit; free it with kafka_partitions_free;
/// NULL if it is not needed. future: see kafka_future and kafka_future_partitions. Commits are in the order of the calls.
/// Returns 0; KAFKA_ERR_INVALID_ARGUMENT if an entry has no partition or no offset; KAFKA_ERR_UNKNOWN_GROUP;
/// KAFKA_ERR_TIMED_OUT: it may have been committed even so; or what the brokers say. Blocks up to timeout_ms, unless future is
/// given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_commit(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    timeout_ms: i32,
    committed: *mut *mut kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let place = optional_result(committed, future, "committed")?;
        let started = consumer.commit(optional(partitions), timeout_ms)?;
        kafka_future::answer(future, started, partitions_to(place))
    })
}

/// Commits offsets in the background, as kafka_consumer_commit does; a failure is a KAFKA_EVENT_COMMIT_FAILED.
///
/// partitions: copied; NULL for the stored offsets of all that are assigned. Returns 0; KAFKA_ERR_INVALID_ARGUMENT if an entry
/// has no partition or no offset; KAFKA_ERR_UNKNOWN_GROUP. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_commit_async(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.commit_in_background(optional(partitions))
    })
}

/// Has these offsets committed with the next commit of all. It needs enable.auto.offset.store to
/// be false.
///
/// partitions: copied; the offsets of the next messages to consume. Returns 0;
/// KAFKA_ERR_INVALID_ARGUMENT if an entry has no partition or no offset; KAFKA_ERR_INVALID_ARG if
/// offsets are stored automatically; KAFKA_ERR_STATE, naming the first partition that is not
/// assigned: those that are have been stored. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_store_offsets(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.store_offsets(&reference(partitions, "partitions")?.0)
    })
}

/// Takes no messages of these partitions, until they are resumed or assigned anew.
///
/// partitions: copied. future: see kafka_future. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_UNKNOWN_PARTITION, naming
/// the first partition that is not known: the others are paused. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_pause(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let partitions = reference(partitions, "partitions")?.0.clone();
        call(consumer, Call::Pause(partitions), future, nothing)
    })
}

/// The reverse of kafka_consumer_pause.
///
/// partitions: copied. future: see kafka_future. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_UNKNOWN_PARTITION, naming
/// the first partition that is not known: the others are resumed. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_resume(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let partitions = reference(partitions, "partitions")?.0.clone();
        call(consumer, Call::Resume(partitions), future, nothing)
    })
}

/// The offsets of the next messages: one more than those of the last that were taken.
///
/// partitions: NULL for all that are assigned. positions: where the new list goes; free it with
/// kafka_partitions_free. The offset is KAFKA_OFFSET_INVALID where nothing has been taken yet. future: see kafka_future and
/// kafka_future_partitions. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Waits for librdkafka's main thread, unless future is
/// given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_position(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    positions: *mut *mut kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = result(positions, future, "positions")?;
        let partitions = optional(partitions).cloned();
        call(
            consumer,
            Call::Position(partitions),
            future,
            partitions_to(place),
        )
    })
}

/// Goes on from other offsets, in partitions that are assigned. Messages that were fetched from
/// elsewhere are dropped; a reader of messages that are taken ahead has none until it is done.
///
/// partitions: copied; with offsets, or KAFKA_OFFSET constants. timeout_ms: -1 waits without limit. places: where the new list
/// goes, with a code for each partition; free it with kafka_partitions_free; NULL if it is not needed. future: see
/// kafka_future and kafka_future_partitions. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_INVALID_ARG for
/// KAFKA_OFFSET_STORED, which is no place to seek to. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_seek(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    timeout_ms: i32,
    places: *mut *mut kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let place = optional_result(places, future, "places")?;
        let partitions = &reference(partitions, "partitions")?.0;
        let started = consumer.seek(partitions, timeout_ms)?;
        kafka_future::answer(future, started, partitions_to(place))
    })
}

/// Asks for the offsets that the group has committed.
///
/// partitions: copied. timeout_ms: -1 waits without limit. committed: where the new list goes, with KAFKA_OFFSET_INVALID where
/// nothing was committed; free it with kafka_partitions_free. future: see kafka_future and kafka_future_partitions.
/// Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_TIMED_OUT; or what the brokers say. Blocks up to timeout_ms, unless future
/// is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_committed(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    timeout_ms: i32,
    committed: *mut *mut kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let place = result(committed, future, "committed")?;
        let partitions = &reference(partitions, "partitions")?.0;
        let started = consumer.committed(partitions, timeout_ms)?;
        kafka_future::answer(future, started, partitions_to(place))
    })
}

/// Asks for the first offset that a partition has, and the one that its next message will have.
///
/// timeout_ms: -1 waits without limit. low, high: where they go. future: see kafka_future and kafka_future_value; its result is
/// a map with low and high. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_TIMED_OUT; or what the brokers say. Blocks up to
/// timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_watermarks(
    consumer: *mut kafka_consumer,
    topic: *const c_char,
    partition: i32,
    timeout_ms: i32,
    low: *mut i64,
    high: *mut i64,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let topic = string(topic, "topic")?;
        let low = result(low, future, "low")?;
        let high = result(high, future, "high")?;
        let started = consumer.watermarks(topic, partition, timeout_ms)?;
        kafka_future::answer(future, started, |outcome| {
            let found = |name| match outcome {
                Outcome::Value(found) => found.get(name),
                _ => None,
            };
            for (place, name) in [(low, "low"), (high, "high")] {
                if let (Some(place), Some(&Value::Int(offset))) = (place, found(name)) {
                    place.write(offset);
                }
            }
            Ok(())
        })
    })
}

/// Asks where in their partitions times are.
///
/// times: copied; milliseconds since 1970-01-01 UTC in the place of offsets. timeout_ms: -1 waits without limit. offsets: where
/// the new list goes, with the offsets of the first messages from then on, KAFKA_OFFSET_END where there are none; free it with
/// kafka_partitions_free. future: see kafka_future and kafka_future_partitions. Returns 0; KAFKA_ERR_INVALID_ARGUMENT;
/// KAFKA_ERR_TIMED_OUT; or what the brokers say. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_offsets_for_times(
    consumer: *mut kafka_consumer,
    times: *const kafka_partitions,
    timeout_ms: i32,
    offsets: *mut *mut kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let place = result(offsets, future, "offsets")?;
        let times = &reference(times, "times")?.0;
        let started = consumer.offsets_for_times(times, timeout_ms)?;
        kafka_future::answer(future, started, partitions_to(place))
    })
}
