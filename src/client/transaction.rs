//! A producer's transactions: every call but `begin` asks a broker.
//!
//! Each may be cut short and called again: librdkafka goes on where it was.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use super::error::{Error, Result};
use super::future::{Future, Outcome};
use super::notifier::Signal;
use super::producer::Producer;
use crate::rd::{self, Code, GroupMetadata, Partitions};
use crate::sync::Deadline;

/// How long beginning a transaction may wait for the accumulator, which mostly is empty.
const DRAIN_MS: i32 = 10;

/// Whether a call of transactions is under way. librdkafka refuses a second one.
#[derive(Default)]
pub struct Turn {
    is_taken: AtomicBool,
    given_back: Signal,
}

impl Turn {
    /// Waits until no call is under way, but not longer than until `by`.
    fn take(&self, by: Deadline) -> Option<Taken<'_>> {
        let take = || !self.is_taken.swap(true, Ordering::Acquire);
        self.given_back.wait(by, take).then(|| Taken(self))
    }
}

/// Gives the turn back when dropped.
struct Taken<'a>(&'a Turn);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.is_taken.store(false, Ordering::Release);
        self.0.given_back.notify();
    }
}

impl Producer {
    fn transact(
        &self,
        timeout_ms: i32,
        operation: impl FnOnce(&rd::Client, i32) -> Result<(), rd::Error> + Send + 'static,
    ) -> Result<Future> {
        let shared = Arc::clone(self.shared());
        let turn = Arc::clone(self.transaction_turn());
        let deadline = Deadline::after_ms(timeout_ms);
        self.client().command(move |native, _| {
            // What was sent before is part of the transaction.
            if !shared.drain(deadline) {
                return Err(Code::TIMED_OUT.into());
            }
            let Some(_turn) = turn.take(deadline) else {
                return Err(Code::TIMED_OUT.into());
            };
            // Once, with all the time there is: librdkafka says whether it may be called again.
            operation(native, deadline.native_ms())?;
            Ok(Outcome::Nothing)
        })
    }

    /// Gets the producer's id, and fences the producer that had the same `transactional.id` before.
    pub fn init_transactions(&self, timeout_ms: i32) -> Result<Future> {
        self.transact(timeout_ms, rd::Client::init_transactions)
    }

    /// Begins a transaction; never blocks.
    pub fn begin_transaction(&self) -> Result<()> {
        // What was sent before is no part of it, and refused.
        if !self.shared().drain(Deadline::after_ms(DRAIN_MS)) {
            let text = "records from before the transaction are still being queued";
            return Err(Error {
                retriable: true,
                ..Error::new(Code::STATE.0, text)
            });
        }
        Ok(self.client().native().begin_transaction()?)
    }

    /// Makes a group's offsets part of the transaction.
    pub fn send_offsets_to_transaction(
        &self,
        offsets: Partitions,
        group: Arc<GroupMetadata>,
        timeout_ms: i32,
    ) -> Result<Future> {
        self.transact(timeout_ms, move |native, timeout_ms| {
            native.send_offsets_to_transaction(&offsets, &group, timeout_ms)
        })
    }

    /// Flushes, and commits the transaction.
    pub fn commit_transaction(&self, timeout_ms: i32) -> Result<Future> {
        self.transact(timeout_ms, rd::Client::commit_transaction)
    }

    /// Gives up what is queued, and aborts the transaction.
    pub fn abort_transaction(&self, timeout_ms: i32) -> Result<Future> {
        self.transact(timeout_ms, rd::Client::abort_transaction)
    }
}
