//! `kafka_consumer`, in its group: what it subscribes to, is assigned, and gives back.

use std::ffi::c_char;

use super::boundary::{guarded, output, reference};
use super::consumer::kafka_consumer;
use super::error::kafka_error;
use super::partitions::{kafka_partitions, optional};
use crate::client::Partitions;

/// Joins the group, to share these topics' partitions with its other members.
/// Replaces an earlier subscription.
///
/// topics: copied; its partitions and offsets do not count. A name that begins with
/// ^ is a regular expression. Returns 0; KAFKA_ERR_UNKNOWN_GROUP without a group.id;
/// KAFKA_ERR_INVALID_ARG. Does not block: the group is joined in the background.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_subscribe(
    consumer: *mut kafka_consumer,
    topics: *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.subscribe(&reference(topics, "topics")?.0)
    })
}

/// Ends the subscription: the group is left in the background.
///
/// Returns 0, also if there was none; KAFKA_ERR_UNKNOWN_GROUP. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_unsubscribe(
    consumer: *mut kafka_consumer,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.unsubscribe()
    })
}

/// The topics that are subscribed to, as they were given: patterns stay patterns.
///
/// topics: where the new list goes, empty for none; free it with kafka_partitions_free. Returns 0
/// or KAFKA_ERR_UNKNOWN_GROUP. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_subscription(
    consumer: *mut kafka_consumer,
    topics: *mut *mut kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let topics = output(topics, "topics")?;
        topics.hand_over(kafka_partitions(consumer.subscription()?));
        Ok(())
    })
}

/// Consumes exactly these partitions. Replaces an earlier assignment. In a group it is
/// the answer to a rebalance, as are the three functions after it.
///
/// partitions: copied; NULL or empty for none. Their offsets are where to begin. Returns 0;
/// KAFKA_ERR_INVALID_ARGUMENT if one has no partition; KAFKA_ERR_STATE if the group's rebalance
/// protocol is COOPERATIVE. Does not block for long: librdkafka's main thread takes it over.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_assign(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let none = Partitions::new();
        consumer.assign(optional(partitions).unwrap_or(&none))
    })
}

/// Consumes nothing any more.
///
/// Returns 0; KAFKA_ERR_STATE if the group's rebalance protocol is COOPERATIVE. Does not block
/// for long.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_unassign(
    consumer: *mut kafka_consumer,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.unassign()
    })
}

/// Consumes these partitions besides those it has.
///
/// partitions: copied; their offsets are where to begin. Returns 0; KAFKA_ERR_INVALID_ARGUMENT;
/// KAFKA_ERR_CONFLICT if it has one of them; KAFKA_ERR_STATE if the group's rebalance protocol is
/// EAGER. Does not block for long.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_incremental_assign(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.incremental_assign(&reference(partitions, "partitions")?.0)
    })
}

/// Consumes these partitions no more.
///
/// partitions: copied. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_INVALID_ARG if it does not
/// have one of them; KAFKA_ERR_STATE if the group's rebalance protocol is EAGER. Does not block
/// for long.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_incremental_unassign(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.incremental_unassign(&reference(partitions, "partitions")?.0)
    })
}

/// The partitions that are consumed.
///
/// partitions: where the new list goes; free it with kafka_partitions_free. Returns 0 or
/// KAFKA_ERR_UNKNOWN_GROUP. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_assignment(
    consumer: *mut kafka_consumer,
    partitions: *mut *mut kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        let partitions = output(partitions, "partitions")?;
        partitions.hand_over(kafka_partitions(consumer.assignment()?));
        Ok(())
    })
}

/// Whether the partitions are lost: other members may consume them already.
///
/// is_lost: 1 if so, else 0. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_assignment_lost(
    consumer: *mut kafka_consumer,
    is_lost: *mut i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        output(is_lost, "is_lost")?.write(consumer.assignment_is_lost().into());
        Ok(())
    })
}

/// How the group rebalances.
///
/// protocol: "NONE" as long as it has not been joined, "EAGER" or "COOPERATIVE"; static. Returns
/// 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_rebalance_protocol(
    consumer: *mut kafka_consumer,
    protocol: *mut *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        output(protocol, "protocol")?.write(consumer.rebalance_protocol()?.as_ptr());
        Ok(())
    })
}

/// Answers the oldest KAFKA_EVENT_REBALANCE, taken or not, as the group's rebalance protocol
/// wants it: partitions that are assigned are consumed, those that are revoked no more.
///
/// partitions: copied; NULL for those of the event. Their offsets are where to begin. Returns 0;
/// KAFKA_ERR_STATE if there is none to answer; KAFKA_ERR_INVALID_ARGUMENT. Does not block for
/// long.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_accept_rebalance(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.accept_rebalance(optional(partitions))
    })
}
