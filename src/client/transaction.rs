//! A producer's transactions: every call but `begin` asks a broker, and so is a request.
//!
//! Each may be cut short and called again: librdkafka goes on where it was.

use std::sync::Arc;

use super::deadline::Deadline;
use super::error::{Error, Result};
use super::producer::Producer;
use super::request::{Outcome, Request};
use crate::rd::{self, Code, GroupMetadata, Partitions};

/// How long beginning a transaction may wait for records that were handed over, of which there mostly are none.
const DRAIN_MS: i32 = 10;

impl Producer {
    fn transact(
        &self,
        timeout_ms: i32,
        operation: impl Fn(&rd::Client, i32) -> Result<(), rd::Error> + Send + 'static,
    ) -> Result<Request> {
        let drain = self.drainer();
        self.client()
            .request_within(timeout_ms, move |native, slice_ms| {
                let slice = Deadline::after_ms(slice_ms);
                // What was handed over before is part of the transaction.
                if !drain(slice) {
                    return Err(Code::TIMED_OUT.into());
                }
                operation(native, slice.remaining_ms(slice_ms)).map(|()| Outcome::Nothing)
            })
    }

    /// Gets the producer's id, and fences whoever had the same `transactional.id` before.
    pub fn init_transactions(&self, timeout_ms: i32) -> Result<Request> {
        self.transact(timeout_ms, rd::Client::init_transactions)
    }

    /// Begins a transaction; never blocks.
    pub fn begin_transaction(&self) -> Result<()> {
        // What was handed over before is no part of it, and refused.
        if !self.drainer()(Deadline::after_ms(DRAIN_MS)) {
            let text = "records from before the transaction are still being queued";
            return Err(Error::new(Code::STATE.0, text));
        }
        Ok(self.client().native().begin_transaction()?)
    }

    /// Makes a group's offsets part of the transaction.
    pub fn send_offsets_to_transaction(
        &self,
        offsets: Partitions,
        group: Arc<GroupMetadata>,
        timeout_ms: i32,
    ) -> Result<Request> {
        self.transact(timeout_ms, move |native, slice_ms| {
            native.send_offsets_to_transaction(&offsets, &group, slice_ms)
        })
    }

    /// Flushes, and commits the transaction.
    pub fn commit_transaction(&self, timeout_ms: i32) -> Result<Request> {
        self.transact(timeout_ms, rd::Client::commit_transaction)
    }

    /// Gives up what is queued, and aborts the transaction.
    pub fn abort_transaction(&self, timeout_ms: i32) -> Result<Request> {
        self.transact(timeout_ms, rd::Client::abort_transaction)
    }
}
