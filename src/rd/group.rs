//! A consumer's group, and what it consumes.

use std::ffi::CStr;

use super::client::Client;
use super::error::{Code, Error};
use super::event::Queue;
use super::partitions::{NativeList, Partitions};
use super::sys;

impl Client {
    /// Joins the group for these topics.
    pub fn subscribe(&self, topics: &Partitions) -> Result<(), Error> {
        // SAFETY: both are alive; the list is copied.
        Code(unsafe { sys::rd_kafka_subscribe(self.as_raw(), topics.to_native().as_raw()) }).check()
    }

    /// Begins to leave the group.
    pub fn unsubscribe(&self) -> Result<(), Error> {
        // SAFETY: the client is alive.
        Code(unsafe { sys::rd_kafka_unsubscribe(self.as_raw()) }).check()
    }

    /// The topics it is subscribed to.
    pub fn subscription(&self) -> Result<Partitions, Error> {
        // SAFETY: the client is alive, and the list that comes back is ours.
        unsafe { Partitions::returned(|list| sys::rd_kafka_subscription(self.as_raw(), list)) }
    }

    /// Consumes these partitions, or none.
    pub fn assign(&self, partitions: Option<&Partitions>) -> Result<(), Error> {
        let partitions = partitions.map(Partitions::to_native);
        let list = partitions
            .as_ref()
            .map_or(std::ptr::null_mut(), NativeList::as_raw);
        // SAFETY: both are alive; the list is copied.
        Code(unsafe { sys::rd_kafka_assign(self.as_raw(), list) }).check()
    }

    /// Consumes these partitions as well.
    pub fn incremental_assign(&self, partitions: &Partitions) -> Result<(), Error> {
        // SAFETY: both are alive; the list is copied; an error object is ours.
        unsafe {
            Error::check(sys::rd_kafka_incremental_assign(
                self.as_raw(),
                partitions.to_native().as_raw(),
            ))
        }
    }

    /// Consumes these partitions no more.
    pub fn incremental_unassign(&self, partitions: &Partitions) -> Result<(), Error> {
        // SAFETY: both are alive; the list is copied; an error object is ours.
        unsafe {
            Error::check(sys::rd_kafka_incremental_unassign(
                self.as_raw(),
                partitions.to_native().as_raw(),
            ))
        }
    }

    /// Waits until what is consumed no more has been stopped. librdkafka only begins with that when it is called, and a second
    /// change meanwhile stops it twice, which ends the process (`rktp->rktp_started` in rdkafka_assignment.c).
    pub fn await_stop(&self) {
        // Its main thread takes one thing after the other: when it has answered the first, it has stopped them; when it has
        // answered the second, it knows.
        for _ in 0..2 {
            let _ = self.subscription();
        }
    }

    /// The partitions it consumes.
    pub fn assignment(&self) -> Result<Partitions, Error> {
        // SAFETY: the client is alive, and the list that comes back is ours.
        unsafe { Partitions::returned(|list| sys::rd_kafka_assignment(self.as_raw(), list)) }
    }

    /// Whether others may have its partitions already.
    pub fn assignment_is_lost(&self) -> bool {
        // SAFETY: the client is alive.
        unsafe { sys::rd_kafka_assignment_lost(self.as_raw()) != 0 }
    }

    /// How its group rebalances: `NONE`, `EAGER` or `COOPERATIVE`.
    pub fn rebalance_protocol(&self) -> &'static CStr {
        // SAFETY: the client is alive; the text is static.
        unsafe {
            let name = sys::rd_kafka_rebalance_protocol(self.as_raw());
            match name.is_null() {
                true => c"NONE",
                false => CStr::from_ptr(name),
            }
        }
    }

    /// Starts to leave the group and to commit; serve `queue` until [`Client::is_consumer_closed`].
    pub fn close_consumer(&self, queue: &Queue) -> Result<(), Error> {
        // SAFETY: both are alive; an error object is ours.
        unsafe {
            Error::check(sys::rd_kafka_consumer_close_queue(
                self.as_raw(),
                queue.as_raw(),
            ))
        }
    }

    /// Whether the consumer has left its group.
    pub fn is_consumer_closed(&self) -> bool {
        // SAFETY: the client is alive.
        unsafe { sys::rd_kafka_consumer_closed(self.as_raw()) != 0 }
    }
}
