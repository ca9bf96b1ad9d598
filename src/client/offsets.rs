//! A consumer's places in its partitions: those it is at, and those its group has committed.

use std::ffi::CStr;

use super::consumer::Consumer;
use super::error::{Error, Result};
use super::group::{single, with_offsets};
use super::request::{Outcome, Request};
use crate::rd::{self, Code, Partitions};
use crate::value::Value;

impl Consumer {
    /// Commits these offsets, or those that are stored; the outcome is what was committed.
    pub fn commit(&self, partitions: Option<&Partitions>, timeout_ms: i32) -> Result<Request> {
        partitions.map_or(Ok(()), with_offsets)?;
        self.store_read();
        // Asked here and not on the request's thread, so that commits keep their order.
        let queue = self.native().new_queue();
        self.native().commit_to(partitions, &queue)?;
        self.client()
            .request_within(timeout_ms, move |_, slice_ms| {
                let answer = queue.poll(slice_ms).ok_or(Code::TIMED_OUT)?;
                let (code, mut committed) = answer.committed();
                match code {
                    Code::NO_ERROR => {
                        committed.drop_empty();
                        Ok(Outcome::Partitions(committed))
                    }
                    Code::NO_OFFSET => Ok(Outcome::Partitions(Partitions::new())),
                    code => Err(code.into()),
                }
            })
    }

    /// Commits in the background; a failure is an event.
    pub fn commit_in_background(&self, partitions: Option<&Partitions>) -> Result<()> {
        partitions.map_or(Ok(()), with_offsets)?;
        self.store_read();
        Ok(self.native().commit_in_background(partitions)?)
    }

    /// Has these offsets committed with the next commit.
    pub fn store_offsets(&self, partitions: &Partitions) -> Result<()> {
        with_offsets(partitions)?;
        if self.stores_when_taken {
            let text = "enable.auto.offset.store must be false for offsets to be stored by hand";
            return Err(Error::new(Code::INVALID_ARG.0, text));
        }
        each(partitions, |list| self.native().store_offsets(list))
    }

    /// Takes no messages of these partitions until they are resumed.
    pub fn pause(&self, partitions: &Partitions) -> Result<()> {
        let paused = each(partitions, |list| self.native().pause(list));
        if let Ok(lookahead) = self.lookahead() {
            lookahead.park(partitions);
        }
        paused
    }

    /// The reverse of [`Self::pause`].
    pub fn resume(&self, partitions: &Partitions) -> Result<()> {
        let resumed = each(partitions, |list| self.native().resume(list));
        if let Ok(lookahead) = self.lookahead() {
            lookahead.unpark(partitions);
        }
        resumed
    }

    /// Where in these partitions, or in all that are assigned, the next messages will come from.
    pub fn position(&self, partitions: Option<&Partitions>) -> Result<Partitions> {
        let mut list = match partitions {
            Some(list) => list.clone(),
            None => self.assignment()?,
        };
        single(&list)?;
        self.native().position(&mut list)?;
        // What librdkafka thinks is read may only be taken.
        list.set_offsets(&self.unread());
        Ok(list)
    }

    /// A request that fills in a list.
    fn fill_in(
        &self,
        partitions: &Partitions,
        timeout_ms: i32,
        ask: impl Fn(&rd::Client, &mut Partitions, i32) -> Result<(), rd::Error> + Send + 'static,
    ) -> Result<Request> {
        single(partitions)?;
        let partitions = partitions.clone();
        self.client()
            .request_within(timeout_ms, move |native, slice_ms| {
                let mut list = partitions.clone();
                ask(native, &mut list, slice_ms)?;
                Ok(Outcome::Partitions(list))
            })
    }

    /// Goes on from these offsets.
    pub fn seek(&self, partitions: &Partitions, timeout_ms: i32) -> Result<Request> {
        single(partitions)?;
        if partitions.iter().any(|it| it.offset == rd::OFFSET_STORED) {
            // librdkafka says the same, and fetches nothing of the partition any more.
            let text = "where the group left off is no place to seek to";
            return Err(Error::new(Code::INVALID_ARG.0, text));
        }
        let hold = self.hold();
        self.take_back(|fields| fields.is_in(partitions));
        self.fill_in(partitions, timeout_ms, move |native, list, slice_ms| {
            let _until_done = &hold;
            native.seek(list, slice_ms)
        })
    }

    /// Asks for the offsets that the group has committed.
    pub fn committed(&self, partitions: &Partitions, timeout_ms: i32) -> Result<Request> {
        self.fill_in(partitions, timeout_ms, rd::Client::committed)
    }

    /// Asks for the offsets of the first messages from the times that stand in the offsets' place.
    pub fn offsets_for_times(&self, times: &Partitions, timeout_ms: i32) -> Result<Request> {
        self.fill_in(times, timeout_ms, rd::Client::offsets_for_times)
    }

    /// Asks for the first offset of a partition, and the one its next message will have.
    pub fn watermarks(&self, topic: &CStr, partition: i32, timeout_ms: i32) -> Result<Request> {
        if partition < 0 {
            return Err(Error::invalid(format!(
                "partition is out of range: {partition}"
            )));
        }
        let topic = topic.to_owned();
        self.client()
            .request_within(timeout_ms, move |native, slice_ms| {
                let (low, high) = native.watermarks(&topic, partition, slice_ms)?;
                Ok(Outcome::Value(
                    Value::map().with("low", low).with("high", high),
                ))
            })
    }
}

/// Makes a call about a list, in which each entry then says whether it succeeded.
fn each(
    partitions: &Partitions,
    call: impl FnOnce(&mut Partitions) -> Result<(), rd::Error>,
) -> Result<()> {
    single(partitions)?;
    let mut list = partitions.clone();
    let result = call(&mut list);
    // Which of them failed says more than that one of them did.
    list.check()?;
    Ok(result?)
}
