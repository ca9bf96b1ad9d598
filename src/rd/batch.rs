//! Messages, taken many at a time.

use std::mem;
use std::ptr;

use super::client::Client;
use super::error::Code;
use super::event::Queue;
use super::message::{Fields, Message, Trouble};
use super::sys;

/// How many messages are asked for at once: room for them is made beforehand.
const CHUNK: usize = 10_000;

/// What librdkafka keeps with each message, about.
const OVERHEAD_BYTES: usize = 600;

/// Messages of one client. They live as long as this, and keep the client's instance alive.
pub struct Batch {
    messages: Vec<*mut sys::rd_kafka_message_t>,
    // Dropped after the messages.
    client: Client,
}

// SAFETY: messages are handed over whole and their reference counts are atomic.
unsafe impl Send for Batch {}

impl Batch {
    /// None yet.
    pub fn new(client: Client) -> Self {
        let messages = Vec::new();
        Self { messages, client }
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How much memory they take, about.
    pub fn bytes(&self) -> usize {
        self.iter()
            .map(|fields| fields.len() + OVERHEAD_BYTES)
            .sum()
    }

    /// One of them, by its place.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&Fields> {
        // SAFETY: all of them are alive until dropped.
        self.messages
            .get(index)
            .map(|message| unsafe { Fields::from_raw(message.cast()) })
    }

    /// Pointers to them all, in order, until the batch changes.
    pub fn as_ptr(&self) -> *const *const Fields {
        self.messages.as_ptr().cast()
    }

    /// Them all, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Fields> {
        // SAFETY: as above.
        let fields =
            |&message: &*mut sys::rd_kafka_message_t| unsafe { Fields::from_raw(message.cast()) };
        self.messages.iter().map(fields)
    }

    /// Takes out the first so many, or all it has.
    pub fn take_first(&mut self, count: usize) -> Self {
        let mut first = Self::new(self.client.clone());
        if count >= self.len() {
            mem::swap(&mut first.messages, &mut self.messages);
        } else {
            first.move_first(count, self);
        }
        first
    }

    /// Moves the first so many of another batch of this client's here, or all it has.
    pub fn move_first(&mut self, count: usize, from: &mut Self) {
        let count = count.min(from.len());
        self.messages.extend(from.messages.drain(..count));
    }

    /// Takes out those that are wanted, in order.
    pub fn take_out(&mut self, is_wanted: impl Fn(&Fields) -> bool) -> Self {
        let mut taken = Self::new(self.client.clone());
        self.messages.retain(|&message| {
            // SAFETY: alive: it is in this batch or in that one.
            let takes = is_wanted(unsafe { Fields::from_raw(message.cast()) });
            if takes {
                taken.messages.push(message);
            }
            !takes
        });
        taken
    }

    /// Takes out the first one.
    pub fn take_one(&mut self) -> Option<Message> {
        let first = self.messages.drain(..self.len().min(1)).next()?;
        // SAFETY: a message of this client's, and not this batch's any more.
        Some(unsafe { Message::from_raw(first, self.client.clone()) })
    }

    /// Adds what comes through the client's queue: up to `max` messages, waiting until there are as
    /// many, the timeout, or an event. Returns what came in place of messages.
    pub fn fill(&mut self, queue: &Queue, max: usize, timeout_ms: i32) -> Vec<Trouble> {
        let (first, room) = (self.len(), max.min(CHUNK));
        self.messages.resize(first + room, ptr::null_mut());
        // SAFETY: the queue is alive, and there is as much room as said.
        let count = unsafe {
            sys::rd_kafka_consume_batch_queue(
                queue.as_raw(),
                timeout_ms,
                self.messages[first..].as_mut_ptr(),
                room,
            )
        };
        self.messages
            .truncate(first + usize::try_from(count).unwrap_or(0));
        self.take_troubles(first)
    }

    /// Adds a message that was taken by itself. Returns what came in its place.
    pub fn add(&mut self, message: Message) -> Option<Trouble> {
        if message.code() != Code::NO_ERROR {
            return Some(message.trouble(&self.client));
        }
        let (message, client) = message.into_raw();
        // SAFETY: from the message, once; the batch has its own.
        drop(unsafe { Client::from_raw(client) });
        self.messages.push(message.cast());
        None
    }

    /// Takes out what is no message, from `first` on.
    fn take_troubles(&mut self, first: usize) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        let mut kept = first;
        for index in first..self.len() {
            let message = self.messages[index];
            // SAFETY: alive, and destroyed at most here: it is not kept then.
            unsafe {
                let fields = Fields::from_raw(message.cast());
                if fields.code() == Code::NO_ERROR {
                    self.messages[kept] = message;
                    kept += 1;
                } else {
                    troubles.push(fields.trouble(&self.client));
                    sys::rd_kafka_message_destroy(message);
                }
            }
        }
        self.messages.truncate(kept);
        troubles
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for &message in &self.messages {
            // SAFETY: ours, destroyed once, and before the client's reference goes.
            unsafe { sys::rd_kafka_message_destroy(message) };
        }
    }
}
