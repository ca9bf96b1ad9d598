//! A producer's transactions.
//!
//! A request that is not waited for goes on, and another call fails with KAFKA_ERR_CONFLICT as long
//! as it does.

use std::sync::Arc;

use super::boundary::{guarded, reference};
use super::error::kafka_error;
use super::group_metadata::kafka_group_metadata;
use super::partitions::kafka_partitions;
use super::producer::kafka_producer;
use super::request::kafka_request;
use crate::client::Outcome;

/// Prepares for transactions: gets the producer's id, and fences every producer that had the same
/// transactional.id before; what those left unfinished is aborted. To be called once, before
/// anything is produced.
///
/// request: where the request goes. It fails with KAFKA_ERR_NOT_CONFIGURED without a
/// transactional.id, and otherwise as librdkafka says: see retriable and fatal in its error. Does
/// not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_init_transactions(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        kafka_request::hand_over(request, producer.init_transactions(timeout_ms)?)
    })
}

/// Begins a transaction: what is produced from now on belongs to it.
///
/// Returns 0; KAFKA_ERR_STATE before kafka_producer_init_transactions has succeeded, or in a
/// transaction; KAFKA_ERR_FATAL. Does not block
/// for long: librdkafka's main thread answers.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_begin_transaction(
    producer: *mut kafka_producer,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        reference(producer, "producer")?
            .handle
            .enter()?
            .begin_transaction()
    })
}

/// As kafka_producer_begin_transaction, as a request: a thread of librdkafka's begins it.
///
/// request: where the request goes. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_begin_transaction_request(
    producer: *mut kafka_producer,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let handle = &reference(producer, "producer")?.handle;
        kafka_request::start(request, handle, |producer| {
            producer.begin_transaction()?;
            Ok(Outcome::Nothing)
        })
    })
}

/// Makes a group's offsets part of the transaction: they are committed with it, or not at all.
///
/// offsets: copied; each where the group shall go on, one behind the last message consumed.
/// group_metadata: of the consumer, from kafka_consumer_group_metadata, of now: not older than the
/// last rebalance. request: where the request goes; when it fails, see
/// kafka_producer_commit_transaction. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_send_offsets_to_transaction(
    producer: *mut kafka_producer,
    offsets: *const kafka_partitions,
    group_metadata: *const kafka_group_metadata,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        let offsets = reference(offsets, "offsets")?.0.clone();
        let group = Arc::clone(&reference(group_metadata, "group_metadata")?.0);
        let started = producer.send_offsets_to_transaction(offsets, group, timeout_ms)?;
        kafka_request::hand_over(request, started)
    })
}

/// Flushes, and commits the transaction.
///
/// request: where the request goes. What to do when it fails its error says: retriable, call it
/// again, the commit goes on where it was; txn_requires_abort, call
/// kafka_producer_abort_transaction; fatal, close the producer. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_commit_transaction(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        kafka_request::hand_over(request, producer.commit_transaction(timeout_ms)?)
    })
}

/// Aborts the transaction. What is still queued is given up, and reported as failed with
/// KAFKA_ERR_PURGE_QUEUE.
///
/// request: where the request goes. When it fails: retriable, call it again; fatal, close the
/// producer. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_abort_transaction(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    request: *mut *mut kafka_request,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        kafka_request::hand_over(request, producer.abort_transaction(timeout_ms)?)
    })
}
