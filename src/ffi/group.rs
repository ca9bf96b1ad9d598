//! `kafka_consumer`, in its group: what it subscribes to, is assigned, and gives back.

use std::ffi::c_char;

use super::boundary::{guarded, output, reference};
use super::consumer::kafka_consumer;
use super::error::kafka_error;
use super::partitions::{kafka_partitions, optional};
use super::request::kafka_request;
use crate::client::{Assignment, Call, Error};

/// Joins the group, to share these topics' partitions with its other members.
/// Replaces an earlier subscription.
///
/// topics: copied; its partitions and offsets do not count. A name that begins with
/// ^ is a regular expression. Returns 0; KAFKA_ERR_UNKNOWN_GROUP without a group.id;
/// KAFKA_ERR_INVALID_ARG. Does not block for long: librdkafka's main thread takes it over, see
/// kafka_consumer_request, and joins the group in the background.
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
/// Returns 0, also if there was none; KAFKA_ERR_UNKNOWN_GROUP. Does not block for long.
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
/// or KAFKA_ERR_UNKNOWN_GROUP. Does not block for long.
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
        let partitions = optional(partitions).cloned();
        consumer.assign(Assignment::Only(partitions.unwrap_or_default()))
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
        consumer.assign(Assignment::Nothing)
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
        let partitions = reference(partitions, "partitions")?.0.clone();
        consumer.assign(Assignment::With(partitions))
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
        let partitions = reference(partitions, "partitions")?.0.clone();
        consumer.assign(Assignment::Without(partitions))
    })
}

/// The partitions that are consumed.
///
/// partitions: where the new list goes; free it with kafka_partitions_free. Returns 0 or
/// KAFKA_ERR_UNKNOWN_GROUP. Does not block for long.
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
/// 0. Does not block for long.
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

/// For kafka_consumer_request: kafka_consumer_subscribe.
pub const KAFKA_CALL_SUBSCRIBE: i32 = 1;
/// For kafka_consumer_request: kafka_consumer_unsubscribe.
pub const KAFKA_CALL_UNSUBSCRIBE: i32 = 2;
/// For kafka_consumer_request: kafka_consumer_subscription; the result is the list.
pub const KAFKA_CALL_SUBSCRIPTION: i32 = 3;
/// For kafka_consumer_request: kafka_consumer_assign.
pub const KAFKA_CALL_ASSIGN: i32 = 4;
/// For kafka_consumer_request: kafka_consumer_unassign.
pub const KAFKA_CALL_UNASSIGN: i32 = 5;
/// For kafka_consumer_request: kafka_consumer_incremental_assign.
pub const KAFKA_CALL_INCREMENTAL_ASSIGN: i32 = 6;
/// For kafka_consumer_request: kafka_consumer_incremental_unassign.
pub const KAFKA_CALL_INCREMENTAL_UNASSIGN: i32 = 7;
/// For kafka_consumer_request: kafka_consumer_assignment; the result is the list.
pub const KAFKA_CALL_ASSIGNMENT: i32 = 8;
/// For kafka_consumer_request: kafka_consumer_accept_rebalance, for an event that was taken.
pub const KAFKA_CALL_ACCEPT_REBALANCE: i32 = 9;
/// For kafka_consumer_request: kafka_consumer_rebalance_protocol; the result is a value, a text.
pub const KAFKA_CALL_REBALANCE_PROTOCOL: i32 = 10;
/// For kafka_consumer_request: kafka_consumer_group_metadata; see kafka_request_group_metadata.
pub const KAFKA_CALL_GROUP_METADATA: i32 = 11;
/// For kafka_consumer_request: kafka_consumer_pause.
pub const KAFKA_CALL_PAUSE: i32 = 12;
/// For kafka_consumer_request: kafka_consumer_resume.
pub const KAFKA_CALL_RESUME: i32 = 13;
/// For kafka_consumer_request: kafka_consumer_position; the result is the list.
pub const KAFKA_CALL_POSITION: i32 = 14;

/// Makes a call, by its number, as a request. Those that have one have a thread of librdkafka's do
/// something in this process, and wait for it: no broker is asked, but where there is more to do
/// than processors, that takes as long as the thread waits for one.
///
/// call: a KAFKA_CALL constant. partitions: the function's list, where it takes one; copied.
/// request: where the request goes; it fails as the function does. Requests under way at once are
/// in no order. If messages are taken ahead, only their reader may call this, and has nothing to
/// read until the request is done where what is consumed changes. Returns 0;
/// KAFKA_ERR_INVALID_ARGUMENT, also if there is no such call; KAFKA_ERR_STATE if there is no
/// rebalance to accept. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_request(
    consumer: *mut kafka_consumer,
    call: i32,
    partitions: *const kafka_partitions,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let handle = &reference(consumer, "consumer")?.handle;
        let consumer = handle.enter()?;
        let given = optional(partitions).cloned();
        let list = || reference(partitions, "partitions").map(|list| list.0.clone());
        let rest = consumer.begin(match call {
            KAFKA_CALL_SUBSCRIBE => Call::Subscribe(list()?),
            KAFKA_CALL_UNSUBSCRIBE => Call::Unsubscribe,
            KAFKA_CALL_SUBSCRIPTION => Call::Subscription,
            KAFKA_CALL_ASSIGN => Call::Assign(Assignment::Only(given.unwrap_or_default())),
            KAFKA_CALL_UNASSIGN => Call::Assign(Assignment::Nothing),
            KAFKA_CALL_INCREMENTAL_ASSIGN => Call::Assign(Assignment::With(list()?)),
            KAFKA_CALL_INCREMENTAL_UNASSIGN => Call::Assign(Assignment::Without(list()?)),
            KAFKA_CALL_ASSIGNMENT => Call::Assignment,
            KAFKA_CALL_ACCEPT_REBALANCE => Call::AcceptRebalance(given),
            KAFKA_CALL_REBALANCE_PROTOCOL => Call::RebalanceProtocol,
            KAFKA_CALL_GROUP_METADATA => Call::GroupMetadata,
            KAFKA_CALL_PAUSE => Call::Pause(list()?),
            KAFKA_CALL_RESUME => Call::Resume(list()?),
            KAFKA_CALL_POSITION => Call::Position(given),
            _ => return Err(Error::invalid(format!("there is no call {call}"))),
        })?;
        kafka_request::start(request, handle, rest)
    })
}
