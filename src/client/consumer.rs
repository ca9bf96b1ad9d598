//! A consumer: it works on the threads of librdkafka and of its caller.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;

use super::client::Client;
use super::conf::Conf;
use super::error::{Error, Result};
use super::events::{Events, Kinds, What};
use super::group::Leaving;
use super::lock;
use super::lookahead::{store_offsets, DropLater, Hold, Lookahead};
use crate::process;
use crate::rd::{self, Batch, Code, Fields, GroupMetadata, Message, Partitions, Queue, Trouble};
use crate::sync::Deadline;

/// How long a consumer that is not closed by hand may take to leave its group.
pub const CLOSE_AT_END_MS: i32 = 1000;

/// How long a wait inside librdkafka goes on before it looks whether the consumer is being closed.
pub(super) const SLICE_MS: i32 = 100;

/// A consumer.
pub struct Consumer {
    client: Option<Client>,
    /// What messages come through; `None` without a group.
    queue: Option<Queue>,
    pub(super) stores_when_taken: bool,
    /// Messages taken ahead of their reader, if the user wants that.
    lookahead: Option<Lookahead>,
    reports_ends: bool,
    /// How many ends of partitions were not reported by an error yet: there were messages to be read first.
    unreported_ends: AtomicU32,
    pub(super) leaving: Mutex<Option<Leaving>>,
    pub(super) is_leaving: Arc<RwLock<bool>>,
    /// Held while what is subscribed to or assigned changes: librdkafka aborts the process where one change stops a partition
    /// that another one has not started yet.
    pub(super) changing: Mutex<()>,
    pub(super) closing: AtomicBool,
    /// When it has to be closed, once that has begun.
    close_by: OnceLock<Deadline>,
    /// Why it cannot go on.
    fatal: OnceLock<Error>,
}

impl Consumer {
    /// Starts a consumer. It has nothing to consume until it subscribes or is assigned partitions.
    pub fn new(brokers: &CStr, conf: &Conf) -> Result<Self> {
        let mut native = conf.to_native()?;
        let stores_when_taken = conf.offsets_are_stored_when_taken();
        if conf.looks_ahead() {
            // What librdkafka thinks is read is only taken.
            native
                .set(c"enable.auto.offset.store", c"false")
                .map_err(Error::invalid)?;
        }
        let mut client = Client::start(
            rd::Kind::Consumer,
            brokers,
            conf,
            native,
            Events::of(conf),
            None,
        )?;
        client.signal_arrivals(client.native().consumer_queue());
        let lookahead = match conf.looks_ahead() {
            true => Some(Lookahead::new(client.native(), stores_when_taken)?),
            false => None,
        };
        Ok(Self {
            queue: client.native().consumer_queue(),
            client: Some(client),
            stores_when_taken,
            lookahead,
            reports_ends: conf.reports_partition_ends(),
            unreported_ends: AtomicU32::new(0),
            leaving: Mutex::default(),
            is_leaving: Arc::default(),
            changing: Mutex::default(),
            closing: AtomicBool::new(false),
            close_by: OnceLock::new(),
            fatal: OnceLock::new(),
        })
    }

    /// What it has in common with every client.
    #[inline]
    pub fn client(&self) -> &Client {
        self.client.as_ref().expect("taken only by drop")
    }

    #[inline]
    pub(super) fn native(&self) -> &rd::Client {
        self.client().native()
    }

    /// What it is in its group at the moment.
    pub fn group_metadata(&self) -> Result<GroupMetadata> {
        let metadata = self.native().group_metadata();
        metadata.ok_or_else(|| Code::UNKNOWN_GROUP.into())
    }

    /// The next message. What ails the brokers or the network becomes an event, and the wait goes
    /// on, unless the consumer cannot. An event that is awaited ends the wait with an error.
    #[inline]
    pub fn poll(&self, timeout_ms: i32) -> Result<Message> {
        if self.client().events().is_awaited_there() {
            return Err(Error::event());
        }
        if self.lookahead.is_some() {
            return self.poll_behind_lookahead(timeout_ms);
        }
        // Most messages are there already, and reading the clock costs as much as taking one.
        match self.native().consumer_poll(0) {
            Some(message) if message.code() == Code::NO_ERROR => Ok(message),
            first => self.wait_for_message(first, Deadline::after_ms(timeout_ms)),
        }
    }

    fn poll_behind_lookahead(&self, timeout_ms: i32) -> Result<Message> {
        self.await_release(timeout_ms)?;
        let mut ahead = Batch::new(self.native().clone());
        self.take_ahead(1, &mut ahead)?;
        let message = match ahead.take_one() {
            Some(message) => message,
            None => self.wait_for_message(None, Deadline::after_ms(timeout_ms))?,
        };
        if self.stores_when_taken {
            // It fails for a partition that is another member's by now, whose offset it is.
            let _ = message.store_offset();
        }
        Ok(message)
    }

    fn wait_for_message(&self, mut found: Option<Message>, deadline: Deadline) -> Result<Message> {
        loop {
            match found {
                Some(message) if message.code() == Code::NO_ERROR => return Ok(message),
                Some(message) => self.report(message.trouble(self.native()))?,
                None => {}
            }
            self.report_end(true)?;
            self.may_go_on()?;
            if deadline.is_past() {
                return Err(Error::timed_out("timeout"));
            }
            found = self.poll_native(deadline.remaining_ms(SLICE_MS));
            self.accept_rebalances();
        }
    }

    /// Takes messages ahead of their reader, those that are unread first. As [`Self::poll`]
    /// otherwise.
    pub fn take(&self, timeout_ms: i32) -> Result<()> {
        self.take_until(1, timeout_ms)
    }

    /// Takes messages ahead until there are so many, and does not show them yet.
    pub fn look_ahead(&self, count: usize, timeout_ms: i32) -> Result<()> {
        let taken = self.take_until(count, timeout_ms);
        self.lookahead()?.hide();
        taken
    }

    fn take_until(&self, wanted: usize, timeout_ms: i32) -> Result<()> {
        let lookahead = self.lookahead()?;
        if self.client().events().is_awaited_there() {
            return Err(Error::event());
        } else if !lookahead.has_unread() {
            self.report_end(true)?;
        }
        let fill = |batch: &mut Batch, max, timeout_ms| self.fill_some(batch, max, timeout_ms);
        let mut troubles = lookahead.take(fill, wanted, 0)?;
        let mut deadline = None;
        loop {
            self.accept_rebalances();
            let reported = self.report_all(troubles);
            let count = lookahead.show_rest();
            if count >= wanted {
                return Ok(());
            }
            reported?;
            self.report_end(count == 0)?;
            self.may_go_on()?;
            let deadline = *deadline.get_or_insert_with(|| Deadline::after_ms(timeout_ms));
            if deadline.is_past() {
                return Err(Error::timed_out("timeout"));
            }
            troubles = lookahead.take(fill, wanted, deadline.remaining_ms(SLICE_MS))?;
        }
    }

    /// What is taken ahead of its reader.
    pub fn lookahead(&self) -> Result<&Lookahead> {
        let missing = || Error::new(Code::STATE.0, "this consumer does not look ahead");
        self.lookahead.as_ref().ok_or_else(missing)
    }

    /// Whether it has a group: without a `group.id` there is none to leave.
    pub(super) fn has_group(&self) -> bool {
        self.queue.is_some()
    }

    /// Stores the offsets of what was read, before a call that needs them.
    pub(super) fn store_read(&self) {
        if let Some(lookahead) = &self.lookahead {
            lookahead.store();
        }
    }

    /// Holds the reader of what was taken ahead up, whose thread this is.
    pub(super) fn hold(&self) -> Option<Hold> {
        let lookahead = self.lookahead.as_ref()?;
        Some(lookahead.hold(self.client().signal()))
    }

    /// Waits until nothing holds that reader up.
    fn await_release(&self, timeout_ms: i32) -> Result<()> {
        let lookahead = self.lookahead.as_ref();
        match lookahead.map_or(true, |ahead| ahead.await_release(timeout_ms)) {
            true => Ok(()),
            false => Err(Error::timed_out("timeout")),
        }
    }

    /// Takes back what was taken ahead, not read, and `is_unwanted` now.
    pub(super) fn take_back(&self, is_unwanted: impl Fn(&Fields) -> bool) {
        if let Some(lookahead) = &self.lookahead {
            lookahead.take_back(is_unwanted);
        }
    }

    /// Of each partition, the first offset that was taken and not read.
    pub(super) fn unread(&self) -> Partitions {
        let lookahead = self.lookahead.as_ref();
        lookahead.map_or_else(Partitions::new, Lookahead::unread)
    }

    /// Hands over up to so many that were taken ahead, to a call that takes in another way.
    fn take_ahead(&self, count: usize, place: &mut Batch) -> Result<()> {
        let Some(lookahead) = self.lookahead.as_ref() else {
            return Ok(());
        };
        if !lookahead.has_unread() {
            // What was read is stored now, and not after what comes next.
            lookahead.hide();
            return Ok(());
        }
        // It polls, too, which keeps the member in its group.
        match self.take(0) {
            // They were of partitions that are another member's now.
            Err(error) if error.code == Code::TIMED_OUT.0 => {}
            taken => taken?,
        }
        lookahead.hand_over(count, place);
        Ok(())
    }

    /// Answers the rebalances that librdkafka would answer by itself, if it need not wait until
    /// what was taken ahead is taken back.
    fn accept_rebalances(&self) {
        if self.lookahead.is_some() && !self.client().events().rebalance_is_awaited() {
            while self.accept_rebalance().is_ok() {}
        }
    }

    /// Up to so many messages: as many, or what there is when the time is up or an event that is
    /// awaited comes. Without any it is an error, as with [`Self::poll`].
    pub fn consume(&self, message_max: usize, timeout_ms: i32) -> Result<Batch> {
        if self.client().events().is_awaited_there() {
            return Err(Error::event());
        }
        self.await_release(timeout_ms)?;
        let mut batch = Batch::new(self.native().clone());
        self.take_ahead(message_max, &mut batch)?;
        let ended = match batch.len() < message_max {
            true => self.fill(&mut batch, message_max, timeout_ms),
            false => Ok(()),
        };
        if batch.is_empty() {
            ended?;
        }
        if self.lookahead.is_some() && self.stores_when_taken {
            store_offsets(&batch, 0..batch.len());
        }
        Ok(batch)
    }

    /// Where to drop what [`Self::consume`] returned, if not where it is.
    pub fn drop_later(&self) -> Option<DropLater> {
        self.lookahead.as_ref().map(Lookahead::drop_later)
    }

    /// Fills a batch, or says why that ended before it was full.
    fn fill(&self, batch: &mut Batch, message_max: usize, timeout_ms: i32) -> Result<()> {
        self.report_end(batch.is_empty())?;
        // As with one message: the clock is read where there is something to wait for.
        let mut troubles = self.fill_some(batch, message_max - batch.len(), 0)?;
        if batch.len() == message_max && troubles.is_empty() {
            return Ok(());
        }
        let deadline = Deadline::after_ms(timeout_ms);
        let mut count = 0;
        loop {
            self.report_all(troubles)?;
            self.report_end(batch.is_empty())?;
            if batch.is_empty() {
                self.accept_rebalances();
            } else if self.client().events().has(Kinds::REBALANCE) {
                // What was taken is to be read before its partitions move.
                return Err(Error::event());
            }
            self.may_go_on()?;
            if batch.len() == message_max {
                return Ok(());
            } else if batch.len() == count && deadline.is_past() {
                return Err(Error::timed_out("timeout"));
            }
            count = batch.len();
            let missing = message_max - count;
            troubles = self.fill_some(batch, missing, deadline.remaining_ms(SLICE_MS))?;
        }
    }

    /// Adds messages to a batch, once; returns what came in place of messages.
    fn fill_some(&self, batch: &mut Batch, max: usize, timeout_ms: i32) -> Result<Vec<Trouble>> {
        // Taking many at once, librdkafka counts a partition's end as one of its messages, and would
        // pass over the one that takes that place later.
        if self.reports_ends {
            let message = self.poll_native(timeout_ms);
            return Ok(message.and_then(|it| batch.add(it)).into_iter().collect());
        }
        let queue = self.queue.as_ref();
        let queue = queue.ok_or_else(|| Error::from(Code::UNKNOWN_GROUP))?;
        let (len, mut seen) = (batch.len(), self.client().events().came_count());
        let mut troubles = batch.fill(queue, max, timeout_ms);
        while batch.len() == len && troubles.is_empty() && self.may_bring_more(&mut seen) {
            troubles = batch.fill(queue, max, 0);
        }
        Ok(troubles)
    }

    fn poll_native(&self, timeout_ms: i32) -> Option<Message> {
        let mut seen = self.client().events().came_count();
        let mut found = self.native().consumer_poll(timeout_ms);
        while found.is_none() && self.may_bring_more(&mut seen) {
            found = self.native().consumer_poll(0);
        }
        found
    }

    /// Whether a poll has brought an event, which ends it, and the next one may bring more. After a long time without a poll
    /// there are many of one cause, which are merged only if they come before the first is taken.
    fn may_bring_more(&self, seen: &mut u32) -> bool {
        let events = self.client().events();
        let before = std::mem::replace(seen, events.came_count());
        *seen != before && !events.has(Kinds::REBALANCE)
    }

    /// Whether there can be more messages.
    fn may_go_on(&self) -> Result<()> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(Error::closed());
        } else if self.client().events().is_awaited_there() {
            return Err(Error::event());
        } else if let Some(fatal) = self.fatal.get() {
            return Err(fatal.clone());
        }
        Ok(())
    }

    fn report_all(&self, troubles: Vec<Trouble>) -> Result<()> {
        let reported = troubles.into_iter().map(|trouble| self.report(trouble));
        reported.fold(Ok(()), Result::and)
    }

    /// Makes an event of what came in place of a message. An error if there is nothing to wait for.
    fn report(&self, trouble: Trouble) -> Result<()> {
        let events = self.client().events();
        match trouble {
            Trouble::PartitionEnd(partitions) => {
                events.push(What::PartitionEnd(partitions));
                self.unreported_ends.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Trouble::Error(error) => {
                let error = Error::from(error);
                events.push(What::Error(error.clone()));
                if error.fatal {
                    return Err(self.fatal.get_or_init(|| error).clone());
                }
                Ok(())
            }
        }
    }

    /// Ends a call at a partition's end, by an error. `is_seen`: the caller will see it; else, where there are messages in
    /// its place, the next one will.
    fn report_end(&self, is_seen: bool) -> Result<()> {
        let counted = |count: u32| count.checked_sub(is_seen.into());
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        match self.unreported_ends.fetch_update(set, fetch, counted) {
            Ok(count) if count > 0 => Err(Code::PARTITION_EOF.into()),
            _ => Ok(()),
        }
    }

    /// Sends every waiting caller home; the first half of closing.
    pub fn wake_for_close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.client().futures().close();
        if let Some(queue) = &self.queue {
            queue.wake();
        }
        self.client().notify();
    }

    /// Commits what was consumed, if it commits by itself, and leaves the group.
    pub fn finish(&self, timeout_ms: i32) -> Result<()> {
        let close_by = self.close_by.get_or_init(|| Deadline::after_ms(timeout_ms));
        self.leave_alone(*close_by)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        // librdkafka's queues go before itself, and messages.
        self.queue = None;
        self.lookahead = None;
        let limit = self.close_by.get().copied().unwrap_or_default().wind_up();
        if let Some(leaving) = lock(&self.leaving).take() {
            // An instance that is destroyed before its group has ended does not rest until that has, which may take as long
            // as a session.
            if !leaving.serve(&client, Deadline::after(limit)) {
                process::background::run(move || {
                    leaving.serve(&client, Deadline::default());
                    client.end(Duration::ZERO);
                });
                return;
            }
        }
        client.end(limit);
    }
}
