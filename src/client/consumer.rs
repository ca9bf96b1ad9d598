//! A consumer: it works on the threads of librdkafka and of its caller.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::Arc;

use super::client::Client;
use super::conf::Conf;
use super::deadline::Deadline;
use super::error::{Error, Result};
use super::events::What;
use crate::process;
use crate::rd::{self, Code, GroupMetadata, Message, Partitions};

/// How long a consumer that is not closed by hand may take to leave its group.
pub const CLOSE_AT_END_MS: i32 = 1000;

/// How long a wait inside librdkafka goes on before it looks whether the consumer is being closed.
const SLICE_MS: i32 = 100;

/// How long its threads may take to end before they are left to end by themselves.
const WIND_UP_MS: u64 = 1000;

/// A consumer.
pub struct Consumer {
    client: Option<Client>,
    closing: AtomicBool,
}

impl Consumer {
    /// Starts a consumer. It has nothing to consume until it subscribes or is assigned partitions.
    pub fn new(brokers: &CStr, conf: &Conf) -> Result<Self> {
        // Who waits for messages looks for events by himself.
        let wake = || {};
        let client = Client::start(rd::Kind::Consumer, brokers, conf, conf.to_native()?, wake)?;
        Ok(Self {
            client: Some(client),
            closing: AtomicBool::new(false),
        })
    }

    /// What it has in common with every client.
    #[inline]
    pub fn client(&self) -> &Client {
        self.client.as_ref().expect("taken only by drop")
    }

    #[inline]
    fn native(&self) -> &Arc<rd::Client> {
        self.client().native()
    }

    /// Joins the group for these topics.
    pub fn subscribe(&self, topics: &Partitions) -> Result<()> {
        Ok(self.native().subscribe(topics)?)
    }

    /// Consumes these partitions, without a group's balancing.
    pub fn assign(&self, partitions: &Partitions) -> Result<()> {
        Ok(self.native().assign(partitions)?)
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
                Some(message) => self.tell(message.trouble())?,
                None => {}
            }
            if self.closing.load(Ordering::Relaxed) {
                return Err(Error::closed());
            } else if self.client().events().is_awaited_there() {
                return Err(Error::event());
            } else if deadline.is_past() {
                return Err(Error::timed_out("timeout"));
            }
            found = self.native().consumer_poll(deadline.remaining_ms(SLICE_MS));
        }
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
                match error.fatal {
                    true => Err(error),
                    false => Ok(()),
                }
            }
        }
    }

    /// Sends every waiting caller home; the first half of closing.
    pub fn wake_for_close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Commits what was consumed, if it commits by itself, and leaves the group.
    pub fn finish(&self, timeout_ms: i32) -> Result<()> {
        let deadline = Deadline::after_ms(timeout_ms);
        let queue = self.native().new_queue();
        match self.native().close_consumer(&queue) {
            // Without a group.id there is no group to leave.
            Err(error) if error.code == Code::UNKNOWN_GROUP => return Ok(()),
            closing => closing?,
        }
        while !self.native().is_consumer_closed() {
            // librdkafka gives the partitions back by itself; whoever wanted to do it has left the group before.
            if let Some(event) = queue.poll(deadline.remaining_ms(SLICE_MS)) {
                event.tell(self.native());
            }
            if deadline.is_past() && !self.native().is_consumer_closed() {
                return Err(Error::timed_out("the group could not be left in time"));
            }
        }
        Ok(())
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        let (finished, wait_finished) = mpsc::sync_channel(1);
        // Stopping waits for threads that may be resolving a name: on a thread, so that there is a bound.
        let _ = process::spawn("kafka:destroy", move || {
            drop(client);
            let _ = finished.send(());
        });
        let _ = wait_finished.recv_timeout(std::time::Duration::from_millis(WIND_UP_MS));
    }
}
