//! `kafka_consumer`, and its places in its partitions: those it is at, and those its group has
//! committed.

use std::ffi::c_char;

use super::boundary::{guarded, output, reference, string};
use super::consumer::kafka_consumer;
use super::error::kafka_error;
use super::partitions::{kafka_partitions, optional};
use super::request::kafka_request;

/// Commits offsets: those of the next messages to consume, each one more than that of the last
/// message that was dealt with.
///
/// partitions: copied; NULL for the stored offsets of all that are assigned. timeout_ms: how long
/// the request may take, -1 without limit. request: where it goes; its result is the list of what
/// was committed, empty if there was nothing to commit. NULL to commit in the background: a
/// failure is a KAFKA_EVENT_COMMIT_FAILED then. Returns 0; KAFKA_ERR_INVALID_ARGUMENT if an entry
/// has no partition or no offset; KAFKA_ERR_UNKNOWN_GROUP. The request may fail with
/// KAFKA_ERR_TIMED_OUT: it may have been committed even so; or with what the brokers say. Does not
/// block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_commit(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let partitions = optional(partitions);
        if request.is_null() {
            return consumer.commit_in_background(partitions);
        }
        kafka_request::hand_over(request, consumer.commit(partitions, timeout_ms)?)
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
/// partitions: copied. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_UNKNOWN_PARTITION, naming
/// the first partition that is not known: the others are paused. Does not block for long.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_pause(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.pause(&reference(partitions, "partitions")?.0)
    })
}

/// The reverse of kafka_consumer_pause.
///
/// partitions: copied. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_UNKNOWN_PARTITION, naming
/// the first partition that is not known: the others are resumed. Does not block for long.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_resume(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.resume(&reference(partitions, "partitions")?.0)
    })
}

/// The offsets of the next messages: one more than those of the last that were taken.
///
/// partitions: NULL for all that are assigned. positions: where the new list goes; free it with
/// kafka_partitions_free. The offset is KAFKA_OFFSET_INVALID where nothing has been taken yet.
/// Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block for long.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_position(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    positions: *mut *mut kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let positions = output(positions, "positions")?;
        positions.hand_over(kafka_partitions(consumer.position(optional(partitions))?));
        Ok(())
    })
}

/// Goes on from other offsets, in partitions that are assigned. Messages that were fetched from
/// elsewhere are dropped; who reads messages that are taken ahead has none until it is done.
///
/// partitions: copied; with offsets, or KAFKA_OFFSET constants. timeout_ms: how long the request
/// may take, -1 without limit. request: where it goes; its result is the list, with a code for
/// each partition. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_INVALID_ARG for
/// KAFKA_OFFSET_STORED, which is no place to seek to. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_seek(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let partitions = &reference(partitions, "partitions")?.0;
        kafka_request::hand_over(request, consumer.seek(partitions, timeout_ms)?)
    })
}

/// Asks for the offsets that the group has committed.
///
/// partitions: copied. timeout_ms: how long the request may take, -1 without limit. request:
/// where it goes; its result is the list, with KAFKA_OFFSET_INVALID where nothing was committed.
/// Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_committed(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let partitions = &reference(partitions, "partitions")?.0;
        kafka_request::hand_over(request, consumer.committed(partitions, timeout_ms)?)
    })
}

/// Asks for the first offset that a partition has, and the one that its next message will have.
///
/// timeout_ms: how long the request may take, -1 without limit. request: where it goes; its
/// result is a value, a map with low and high. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not
/// block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_watermarks(
    consumer: *mut kafka_consumer,
    topic: *const c_char,
    partition: i32,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let topic = string(topic, "topic")?;
        kafka_request::hand_over(request, consumer.watermarks(topic, partition, timeout_ms)?)
    })
}

/// Asks where in their partitions times are.
///
/// times: copied; milliseconds since 1970-01-01 UTC in the place of offsets. timeout_ms: how long
/// the request may take, -1 without limit. request: where it goes; its result is the list with
/// the offsets of the first messages from then on, KAFKA_OFFSET_END where there are none. Returns
/// 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_offsets_for_times(
    consumer: *mut kafka_consumer,
    times: *const kafka_partitions,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let times = &reference(times, "times")?.0;
        kafka_request::hand_over(request, consumer.offsets_for_times(times, timeout_ms)?)
    })
}
