//! A producer's transactions. One call at a time is under way; another one waits for its turn.

use std::sync::Arc;

use super::boundary::{guarded, reference};
use super::error::kafka_error;
use super::future::{kafka_future, nothing};
use super::group_metadata::kafka_group_metadata;
use super::partitions::kafka_partitions;
use super::producer::kafka_producer;
use crate::client::{Outcome, Producer};

/// Prepares for transactions: gets the producer's id, and fences every producer that had the same
/// transactional.id before; what those left unfinished is aborted. To be called once, before
/// anything is produced.
///
/// timeout_ms: -1 leaves the limit to librdkafka, which has transaction.timeout.ms. future: see kafka_future. Returns 0;
/// KAFKA_ERR_NOT_CONFIGURED without a transactional.id; else what librdkafka says: see retriable and fatal in the error.
/// Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_init_transactions(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        kafka_future::answer(future, producer.init_transactions(timeout_ms)?, nothing)
    })
}

/// Begins a transaction: what is produced from now on belongs to it.
///
/// future: see kafka_future. Returns 0; KAFKA_ERR_STATE before kafka_producer_init_transactions has succeeded, in a
/// transaction, or, retriable, while records from before are on their way from buffer_memory; KAFKA_ERR_FATAL. Waits for
/// librdkafka's main thread, which answers, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_begin_transaction(
    producer: *mut kafka_producer,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let handle = &reference(producer, "producer")?.handle;
        let begin = |producer: &Producer| {
            producer.begin_transaction()?;
            Ok(Outcome::Nothing)
        };
        kafka_future::call(future, handle, begin, nothing)
    })
}

/// Makes a group's offsets part of the transaction: they are committed with it, or not at all.
///
/// offsets: copied; each where the group shall go on, one behind the last message consumed.
/// group_metadata: of the consumer, from kafka_consumer_group_metadata, of now: not older than the
/// last rebalance. timeout_ms: as for kafka_producer_init_transactions. future: see kafka_future. When it fails, see
/// kafka_producer_commit_transaction. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_send_offsets_to_transaction(
    producer: *mut kafka_producer,
    offsets: *const kafka_partitions,
    group_metadata: *const kafka_group_metadata,
    timeout_ms: i32,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        let offsets = reference(offsets, "offsets")?.0.clone();
        let group = Arc::clone(&reference(group_metadata, "group_metadata")?.0);
        let started = producer.send_offsets_to_transaction(offsets, group, timeout_ms)?;
        kafka_future::answer(future, started, nothing)
    })
}

/// Flushes, and commits the transaction.
///
/// timeout_ms: as for kafka_producer_init_transactions. future: see kafka_future. What to do when it fails its error says:
/// retriable, call it again, the commit goes on where it was; txn_requires_abort, call
/// kafka_producer_abort_transaction; fatal, close the producer. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_commit_transaction(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        kafka_future::answer(future, producer.commit_transaction(timeout_ms)?, nothing)
    })
}

/// Aborts the transaction. What is still queued is given up, and reported as failed with
/// KAFKA_ERR_PURGE_QUEUE.
///
/// timeout_ms: as for kafka_producer_init_transactions. future: see kafka_future. When it fails: retriable, call it again;
/// fatal, close the producer. Blocks up to timeout_ms, unless future is given.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_abort_transaction(
    producer: *mut kafka_producer,
    timeout_ms: i32,
    future: *mut *mut kafka_future,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        kafka_future::answer(future, producer.abort_transaction(timeout_ms)?, nothing)
    })
}
