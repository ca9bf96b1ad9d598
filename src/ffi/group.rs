//! `kafka_consumer`, in its group: what it subscribes to, is assigned, and gives back.

use std::ffi::c_char;

use super::boundary::{guarded, output, reference};
use super::consumer::{call, kafka_consumer};
use super::error::kafka_error;
use super::future::{kafka_future, nothing, partitions_to, result};
use super::partitions::{kafka_partitions, optional};
use crate::client::{Assignment, Call, Outcome};

/// Joins the group, to share these topics' partitions with its other members.
/// Replaces an earlier subscription.
///
/// topics: copied; its partitions and offsets do not count. A name that begins with
/// ^ is a regular expression. future: see kafka_future. Returns 0; KAFKA_ERR_UNKNOWN_GROUP without a group.id;
/// KAFKA_ERR_INVALID_ARG. Waits for librdkafka's main thread, unless future is given, and for no broker: the group is joined in
/// the background. Where there is more to do than processors, that takes as long as the thread waits for one. Calls with
/// futures that are under way at once are in no order. If messages are taken ahead, only their reader may make this call and
/// the others of this kind, and has nothing to read until a change of what is consumed is complete.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_subscribe(
    consumer: *mut kafka_consumer,
    topics: *const kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let topics = reference(topics, "topics")?.0.clone();
        call(consumer, Call::Subscribe(topics), future, nothing)
    })
}

/// Ends the subscription: the group is left in the background.
///
/// future: see kafka_future. Returns 0, also if there was none; KAFKA_ERR_UNKNOWN_GROUP. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_unsubscribe(
    consumer: *mut kafka_consumer,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || call(consumer, Call::Unsubscribe, future, nothing))
}

/// The topics that are subscribed to, as they were given: patterns stay patterns.
///
/// topics: where the new list goes, empty for none; free it with kafka_partitions_free. future: see kafka_future and
/// kafka_future_partitions. Returns 0 or KAFKA_ERR_UNKNOWN_GROUP. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_subscription(
    consumer: *mut kafka_consumer,
    topics: *mut *mut kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = result(topics, future, "topics")?;
        call(consumer, Call::Subscription, future, partitions_to(place))
    })
}

/// Consumes exactly these partitions. Replaces an earlier assignment. In a group it is
/// the answer to a rebalance, as are the three functions after it.
///
/// partitions: copied; NULL or empty for none. Their offsets are where to begin. future: see kafka_future. Returns 0;
/// KAFKA_ERR_INVALID_ARGUMENT if one has no partition; KAFKA_ERR_STATE if the group's rebalance
/// protocol is COOPERATIVE. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_assign(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let partitions = optional(partitions).cloned().unwrap_or_default();
        let assignment = Assignment::Only(partitions);
        call(consumer, Call::Assign(assignment), future, nothing)
    })
}

/// Consumes nothing any more.
///
/// future: see kafka_future. Returns 0; KAFKA_ERR_STATE if the group's rebalance protocol is COOPERATIVE. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_unassign(
    consumer: *mut kafka_consumer,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let assignment = Assignment::Nothing;
        call(consumer, Call::Assign(assignment), future, nothing)
    })
}

/// Consumes these partitions besides those it has.
///
/// partitions: copied; their offsets are where to begin. future: see kafka_future. Returns 0; KAFKA_ERR_INVALID_ARGUMENT;
/// KAFKA_ERR_CONFLICT if it has one of them; KAFKA_ERR_STATE if the group's rebalance protocol is
/// EAGER. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_incremental_assign(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let partitions = reference(partitions, "partitions")?.0.clone();
        let assignment = Assignment::With(partitions);
        call(consumer, Call::Assign(assignment), future, nothing)
    })
}

/// Consumes these partitions no more.
///
/// partitions: copied. future: see kafka_future. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_INVALID_ARG if it does not
/// have one of them; KAFKA_ERR_STATE if the group's rebalance protocol is EAGER. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_incremental_unassign(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let partitions = reference(partitions, "partitions")?.0.clone();
        let assignment = Assignment::Without(partitions);
        call(consumer, Call::Assign(assignment), future, nothing)
    })
}

/// The partitions that are consumed.
///
/// partitions: where the new list goes; free it with kafka_partitions_free. future: see kafka_future and
/// kafka_future_partitions. Returns 0 or KAFKA_ERR_UNKNOWN_GROUP. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_assignment(
    consumer: *mut kafka_consumer,
    partitions: *mut *mut kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = result(partitions, future, "partitions")?;
        call(consumer, Call::Assignment, future, partitions_to(place))
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
/// protocol: "NONE" as long as it has not been joined, "EAGER" or "COOPERATIVE"; static. future: see kafka_future and
/// kafka_future_protocol. Returns 0. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_rebalance_protocol(
    consumer: *mut kafka_consumer,
    protocol: *mut *const c_char,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let place = result(protocol, future, "protocol")?;
        call(consumer, Call::RebalanceProtocol, future, |outcome| {
            if let (Some(place), Outcome::Protocol(protocol)) = (place, outcome) {
                place.write(protocol.as_ptr());
            }
            Ok(())
        })
    })
}

/// Answers the oldest KAFKA_EVENT_REBALANCE, taken or not, as the group's rebalance protocol
/// wants it: partitions that are assigned are consumed, those that are revoked no more.
///
/// partitions: copied; NULL for those of the event. Their offsets are where to begin. future: see kafka_future. Returns 0;
/// KAFKA_ERR_STATE if there is none to answer; KAFKA_ERR_INVALID_ARGUMENT. Waits for librdkafka's main thread, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_accept_rebalance(
    consumer: *mut kafka_consumer,
    partitions: *const kafka_partitions,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let partitions = optional(partitions).cloned();
        call(consumer, Call::AcceptRebalance(partitions), future, nothing)
    })
}
