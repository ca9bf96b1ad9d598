//! Transactions. All calls but `begin` block, up to their timeout.

use super::client::Client;
use super::error::Error;
use super::group_metadata::GroupMetadata;
use super::partitions::Partitions;
use super::sys;

impl Client {
    /// Gets the producer's id, and fences the producer that had the same `transactional.id` before.
    pub fn init_transactions(&self, timeout_ms: i32) -> Result<(), Error> {
        // SAFETY: the client is alive; an error object is ours.
        unsafe { Error::check(sys::rd_kafka_init_transactions(self.as_raw(), timeout_ms)) }
    }

    /// Begins a transaction: what is produced from now on belongs to it. Sends no request.
    pub fn begin_transaction(&self) -> Result<(), Error> {
        // SAFETY: as above.
        unsafe { Error::check(sys::rd_kafka_begin_transaction(self.as_raw())) }
    }

    /// Makes a group's offsets part of the transaction: they are committed with it, or not at all.
    pub fn send_offsets_to_transaction(
        &self,
        offsets: &Partitions,
        group: &GroupMetadata,
        timeout_ms: i32,
    ) -> Result<(), Error> {
        // SAFETY: all three are alive and are only read; an error object is ours.
        unsafe {
            Error::check(sys::rd_kafka_send_offsets_to_transaction(
                self.as_raw(),
                offsets.to_native().as_raw(),
                group.as_raw(),
                timeout_ms,
            ))
        }
    }

    /// Flushes, and commits the transaction.
    pub fn commit_transaction(&self, timeout_ms: i32) -> Result<(), Error> {
        // SAFETY: the client is alive.
        let commit = || unsafe { sys::rd_kafka_commit_transaction(self.as_raw(), timeout_ms) };
        // SAFETY: an error object is ours.
        unsafe { Error::check(self.sleep().prevented(commit)) }
    }

    /// Gives up what is queued, and aborts the transaction.
    pub fn abort_transaction(&self, timeout_ms: i32) -> Result<(), Error> {
        // SAFETY: as above.
        let abort = || unsafe { sys::rd_kafka_abort_transaction(self.as_raw(), timeout_ms) };
        // SAFETY: as above.
        unsafe { Error::check(self.sleep().prevented(abort)) }
    }
}
