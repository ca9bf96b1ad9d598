//! A consumer: it works on the threads of librdkafka and of its caller.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock};

use super::client::Client;
use super::conf::Conf;
use super::deadline::Deadline;
use super::error::{Error, Result};
use super::events::What;
use crate::process;
use crate::rd::{self, Batch, Code, Message, Queue};

/// How long a consumer that is not closed by hand may take to leave its group.
pub const CLOSE_AT_END_MS: i32 = 1000;

/// How long a wait inside librdkafka goes on before it looks whether the consumer is being closed.
pub(super) const SLICE_MS: i32 = 100;

/// How long its threads may take to end before they are left to end by themselves.
const WIND_UP_MS: u64 = 1000;

/// A consumer.
pub struct Consumer {
    client: Option<Client>,
    /// What messages come through; `None` without a group.
    queue: Option<Queue>,
    pub(super) stores_when_taken: bool,
    ends_are_told: bool,
    /// What is served while it leaves the group.
    pub(super) leaving: Mutex<Option<Queue>>,
    pub(super) closing: AtomicBool,
    /// Why it cannot go on.
    fatal: OnceLock<Error>,
}

impl Consumer {
    /// Starts a consumer. It has nothing to consume until it subscribes or is assigned partitions.
    pub fn new(brokers: &CStr, conf: &Conf) -> Result<Self> {
        // Who waits for messages looks for events by himself.
        let wake = || {};
        let client = Client::start(rd::Kind::Consumer, brokers, conf, conf.to_native()?, wake)?;
        Ok(Self {
            queue: client.native().consumer_queue(),
            client: Some(client),
            stores_when_taken: conf.offsets_are_stored_when_taken(),
            ends_are_told: conf.partition_ends_are_told(),
            leaving: Mutex::default(),
            closing: AtomicBool::new(false),
            fatal: OnceLock::new(),
        })
    }

    /// What it has in common with every client.
    #[inline]
    pub fn client(&self) -> &Client {
        self.client.as_ref().expect("taken only by drop")
    }

    #[inline]
    pub(super) fn native(&self) -> &Arc<rd::Client> {
        self.client().native()
    }

    /// The next message. What ails the brokers or the network becomes an event, and the wait goes
    /// on, unless the consumer cannot. An event that is awaited ends the wait with an error.
    #[inline]
    pub fn poll(&self, timeout_ms: i32) -> Result<Message> {
        if self.client().events().is_awaited_there() {
            return Err(Error::event());
        }
        // Most messages are there already, and reading the clock costs as much as taking one.
        match self.native().consumer_poll(0) {
            Some(message) if message.code() == Code::NO_ERROR => Ok(message),
            first => self.wait_for_message(first, Deadline::after_ms(timeout_ms)),
        }
    }

    fn wait_for_message(&self, mut found: Option<Message>, deadline: Deadline) -> Result<Message> {
        loop {
            match found {
                Some(message) if message.code() == Code::NO_ERROR => return Ok(message),
                Some(message) => self.tell(message.trouble(self.native()))?,
                None => {}
            }
            self.may_go_on()?;
            if deadline.is_past() {
                return Err(Error::timed_out("timeout"));
            }
            found = self.native().consumer_poll(deadline.remaining_ms(SLICE_MS));
        }
    }

    /// Up to so many messages: as many, or what there is when the time is up or an event that is
    /// awaited comes. Without any it is an error, as with [`Self::poll`].
    pub fn consume(&self, message_max: usize, timeout_ms: i32) -> Result<Batch> {
        if self.client().events().is_awaited_there() {
            return Err(Error::event());
        }
        let Some(queue) = &self.queue else {
            return Err(Code::UNKNOWN_GROUP.into());
        };
        let mut batch = Batch::new(Arc::clone(self.native()));
        let fill = |batch: &mut Batch, timeout_ms| {
            // Taking many at once, librdkafka counts a partition's end as one of its messages, and
            // would pass over the one that takes that place later.
            if self.ends_are_told {
                let message = self.native().consumer_poll(timeout_ms);
                return message.and_then(|it| batch.add(it)).into_iter().collect();
            }
            batch.fill(queue, message_max - batch.len(), timeout_ms)
        };
        // As with one message: the clock is read where there is something to wait for.
        let mut troubles: Vec<_> = fill(&mut batch, 0);
        if batch.len() == message_max && troubles.is_empty() {
            return Ok(batch);
        }
        let deadline = Deadline::after_ms(timeout_ms);
        let mut count = 0;
        let ended = loop {
            let told = troubles
                .into_iter()
                .map(|trouble| self.tell(trouble))
                .fold(Ok(()), Result::and);
            if let Err(error) = told.and_then(|()| self.may_go_on()) {
                break error;
            } else if batch.len() == message_max {
                return Ok(batch);
            } else if batch.len() == count && deadline.is_past() {
                break Error::timed_out("timeout");
            }
            count = batch.len();
            troubles = fill(&mut batch, deadline.remaining_ms(SLICE_MS));
        };
        match batch.is_empty() {
            true => Err(ended),
            false => Ok(batch),
        }
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

    /// Makes an event of what came in place of a message. An error if there is nothing to wait for.
    fn tell(&self, trouble: rd::Trouble) -> Result<()> {
        let events = self.client().events();
        match trouble {
            rd::Trouble::PartitionEnd(partitions) => {
                events.push(What::PartitionEnd(partitions));
                Err(Code::PARTITION_EOF.into())
            }
            rd::Trouble::Error(error) => {
                let error = Error::from(error);
                events.push(What::Error(error.clone()));
                if error.fatal {
                    return Err(self.fatal.get_or_init(|| error).clone());
                }
                Ok(())
            }
        }
    }

    /// Sends every waiting caller home; the first half of closing.
    pub fn wake_for_close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Commits what was consumed, if it commits by itself, and leaves the group.
    pub fn finish(&self, timeout_ms: i32) -> Result<()> {
        self.leave_alone(timeout_ms)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        // librdkafka's queues go before itself.
        self.queue = None;
        self.leaving = Mutex::default();
        let (finished, wait_finished) = mpsc::sync_channel(1);
        // Stopping waits for threads that may be resolving a name: on a thread, so that there is a bound.
        let _ = process::spawn("kafka:destroy", move || {
            drop(client);
            let _ = finished.send(());
        });
        let _ = wait_finished.recv_timeout(std::time::Duration::from_millis(WIND_UP_MS));
    }
}
