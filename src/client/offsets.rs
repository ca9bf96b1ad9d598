//! A consumer's places in its partitions: those it is at, and those its group has committed.

use std::collections::HashSet;
use std::ffi::CStr;
use std::sync::mpsc;

use super::consumer::{Consumer, SLICE_MS};
use super::error::{Error, Result};
use super::future::{Future, Outcome};
use super::group::{single, with_offsets};
use crate::rd::{self, Code, Partitions};
use crate::sync::Deadline;
use crate::value::Value;

impl Consumer {
    /// Commits these offsets, or those that are stored; the outcome is what was committed.
    pub fn commit(&self, partitions: Option<&Partitions>, timeout_ms: i32) -> Result<Future> {
        partitions.map_or(Ok(()), with_offsets)?;
        self.store_read();
        // Sent here and not on the future's thread, so that commits keep their order.
        let queue = self.native().new_queue();
        self.native().commit_to(partitions, &queue)?;
        let deadline = Deadline::after_ms(timeout_ms);
        self.client().command(move |_, promise| loop {
            if let Some(answer) = queue.poll(deadline.remaining_ms(SLICE_MS)) {
                let (code, mut committed) = answer.committed();
                return match code {
                    Code::NO_ERROR => {
                        committed.drop_empty();
                        Ok(Outcome::Partitions(committed))
                    }
                    Code::NO_OFFSET => Ok(Outcome::Partitions(Partitions::new())),
                    code => Err(code.into()),
                };
            } else if deadline.is_past() || promise.is_settled() {
                return Err(Code::TIMED_OUT.into());
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

    /// A query that fills in a list.
    fn fill_in(
        &self,
        partitions: &Partitions,
        timeout_ms: i32,
        ask: impl Fn(&rd::Client, &mut Partitions, i32) -> Result<(), rd::Error> + Send + 'static,
    ) -> Result<Future> {
        single(partitions)?;
        let partitions = partitions.clone();
        self.client().query(timeout_ms, move |native, limit_ms| {
            let mut list = partitions.clone();
            ask(native, &mut list, limit_ms)?;
            Ok(Outcome::Partitions(list))
        })
    }

    /// Goes on from these offsets.
    pub fn seek(&self, partitions: &Partitions, timeout_ms: i32) -> Result<Future> {
        single(partitions)?;
        if partitions.iter().any(|it| it.offset == rd::OFFSET_STORED) {
            // librdkafka says the same, and fetches nothing of the partition any more.
            let text = "where the group left off is no place to seek to";
            return Err(Error::new(Code::INVALID_ARG.0, text));
        }
        let hold = self.hold();
        let (begin, beginning) = mpsc::channel::<()>();
        let future = self.fill_in(partitions, timeout_ms, move |native, list, limit_ms| {
            let _until_done = &hold;
            // Fails once what was read ahead is gone: what comes from here on is from behind the seek.
            let _ = beginning.recv();
            native.seek(list, limit_ms)
        })?;
        // Not before there is a thread that seeks.
        self.take_back(|fields| fields.is_in(partitions));
        drop(begin);
        Ok(future)
    }

    /// Asks for the offsets that the group has committed.
    pub fn committed(&self, partitions: &Partitions, timeout_ms: i32) -> Result<Future> {
        self.fill_in(partitions, timeout_ms, rd::Client::committed)
    }

    /// Asks for the offsets of the first messages from the times that stand in the offsets' place.
    pub fn offsets_for_times(&self, times: &Partitions, timeout_ms: i32) -> Result<Future> {
        let mut seen = HashSet::new();
        if let Some(entry) = times
            .iter()
            .find(|it| !seen.insert((&it.topic, it.partition)))
        {
            // librdkafka mixes up what it finds for the two.
            return Err(Error::invalid(format!(
                "partitions: \"{}\" [{}] is there twice",
                entry.topic.to_string_lossy(),
                entry.partition
            )));
        }
        self.fill_in(times, timeout_ms, rd::Client::offsets_for_times)
    }

    /// Asks for the first offset of a partition, and the one its next message will have.
    pub fn watermarks(&self, topic: &CStr, partition: i32, timeout_ms: i32) -> Result<Future> {
        if partition < 0 {
            return Err(Error::invalid(format!(
                "partition is out of range: {partition}"
            )));
        }
        let topic = topic.to_owned();
        self.client().query(timeout_ms, move |native, limit_ms| {
            let limit = Deadline::after_ms(limit_ms);
            let found = native.watermarks(&topic, partition, limit_ms);
            let is_unknown = |error: &rd::Error| {
                [Code::UNKNOWN_PARTITION, Code::UNKNOWN_TOPIC].contains(&error.code)
            };
            if found.as_ref().is_err_and(is_unknown)
                && native.is_denied(&topic, limit.remaining_ms(limit_ms))
            {
                return Err(Code::TOPIC_AUTHORIZATION_FAILED.into());
            }
            let (low, high) = found?;
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
