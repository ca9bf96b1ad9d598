//! A consumer: it works on the threads of librdkafka and of its caller.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::Arc;

use super::conf::{self, Conf};
use super::deadline::Deadline;
use super::error::{Error, Result};
use crate::process;
use crate::rd::{self, Code, Message, Partitions};

/// How long a consumer that is not closed by hand may take to leave its group.
pub const CLOSE_AT_END_MS: i32 = 1000;

/// How long a wait inside librdkafka goes on before it looks whether the consumer is being closed.
const SLICE_MS: i32 = 100;

/// How long its threads may take to end before they are left to end by themselves.
const WIND_UP_MS: u64 = 1000;

/// A consumer.
pub struct Consumer {
    client: Option<Arc<rd::Client>>,
    closing: AtomicBool,
}

impl Consumer {
    /// Starts a consumer. It has nothing to consume until it subscribes or is assigned partitions.
    pub fn new(brokers: &CStr, conf: &Conf) -> Result<Self> {
        let client = conf::start(rd::Kind::Consumer, brokers, conf.to_native()?)?;
        Ok(Self {
            client: Some(Arc::new(client)),
            closing: AtomicBool::new(false),
        })
    }

    fn client(&self) -> &Arc<rd::Client> {
        self.client.as_ref().expect("taken only by drop")
    }

    /// Joins the group for these topics.
    pub fn subscribe(&self, topics: &Partitions) -> Result<()> {
        Ok(self.client().subscribe(topics)?)
    }

    /// Consumes these partitions, without a group's balancing.
    pub fn assign(&self, partitions: &Partitions) -> Result<()> {
        Ok(self.client().assign(partitions)?)
    }

    /// The next message. What ails the brokers or the network is no message: it goes on waiting.
    #[inline]
    pub fn poll(&self, timeout_ms: i32) -> Result<Message> {
        // Most messages are there already, and reading the clock costs as much as taking one.
        match self.client().consumer_poll(0) {
            Some(message) if message.code() == Code::NO_ERROR => Ok(message),
            _ => self.wait_for_message(Deadline::after_ms(timeout_ms)),
        }
    }

    fn wait_for_message(&self, deadline: Deadline) -> Result<Message> {
        loop {
            if self.closing.load(Ordering::Relaxed) {
                return Err(Error::closed());
            }
            match self.client().consumer_poll(deadline.remaining_ms(SLICE_MS)) {
                Some(message) if message.code() == Code::NO_ERROR => return Ok(message),
                _ if deadline.is_past() => return Err(Error::timed_out("timeout")),
                _ => {}
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
        let queue = self.client().new_queue();
        match self.client().close_consumer(&queue) {
            // Without a group.id there is no group to leave.
            Err(error) if error.code == Code::UNKNOWN_GROUP => return Ok(()),
            closing => closing?,
        }
        while !self.client().is_consumer_closed() {
            // Served without a handler of ours: librdkafka gives the partitions back by itself.
            drop(queue.poll(deadline.remaining_ms(SLICE_MS)));
            if deadline.is_past() && !self.client().is_consumer_closed() {
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
