//! A producer's transactions: every call but `begin` asks a broker, and so is a request.

use std::sync::Arc;

use super::error::Result;
use super::producer::Producer;
use super::request::{Outcome, Request};
use crate::rd::{self, GroupMetadata, Partitions};

impl Producer {
    fn transact(
        &self,
        operation: impl FnOnce(&rd::Client) -> Result<(), rd::Error> + Send + 'static,
    ) -> Result<Request> {
        self.client().request(move |native| {
            operation(native)?;
            Ok(Outcome::Nothing)
        })
    }

    /// Gets the producer's id, and fences whoever had the same `transactional.id` before.
    pub fn init_transactions(&self, timeout_ms: i32) -> Result<Request> {
        self.transact(move |native| native.init_transactions(timeout_ms))
    }

    /// Begins a transaction; never blocks.
    pub fn begin_transaction(&self) -> Result<()> {
        Ok(self.client().native().begin_transaction()?)
    }

    /// Makes a group's offsets part of the transaction.
    pub fn send_offsets_to_transaction(
        &self,
        offsets: Partitions,
        group: Arc<GroupMetadata>,
        timeout_ms: i32,
    ) -> Result<Request> {
        self.transact(move |native| {
            native.send_offsets_to_transaction(&offsets, &group, timeout_ms)
        })
    }

    /// Flushes, and commits the transaction.
    pub fn commit_transaction(&self, timeout_ms: i32) -> Result<Request> {
        self.transact(move |native| native.commit_transaction(timeout_ms))
    }

    /// Gives up what is queued, and aborts the transaction.
    pub fn abort_transaction(&self, timeout_ms: i32) -> Result<Request> {
        self.transact(move |native| native.abort_transaction(timeout_ms))
    }
}
