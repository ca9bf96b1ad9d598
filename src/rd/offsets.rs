//! A consumer's places in its partitions: those it is at, and those its group has committed.

use std::ffi::CStr;

use libc::{c_int, c_void};

use super::client::Client;
use super::error::{Code, Error};
use super::event::Queue;
use super::partitions::Partitions;
use super::sys;

/// Takes the place of the callback for commits that no caller waits for.
unsafe extern "C" fn ignore_commit(
    _rk: *mut sys::rd_kafka_t,
    _code: c_int,
    _partitions: *mut sys::rd_kafka_topic_partition_list_t,
    _opaque: *mut c_void,
) {
}

/// Calls with a list, or with null.
fn with_list<T>(
    list: Option<&Partitions>,
    call: impl FnOnce(*const sys::rd_kafka_topic_partition_list_t) -> T,
) -> T {
    match list.map(Partitions::to_native) {
        Some(list) => call(list.as_raw()),
        None => call(std::ptr::null()),
    }
}

impl Client {
    /// Commits these offsets, or those that are stored. What came of it arrives at `queue`.
    pub fn commit_to(&self, partitions: Option<&Partitions>, queue: &Queue) -> Result<(), Error> {
        let callback: sys::OnPartitions = ignore_commit;
        let (queue, nothing) = (queue.as_raw(), std::ptr::null_mut());
        // SAFETY: client and queue are alive; the list is copied.
        let commit = |list| unsafe {
            sys::rd_kafka_commit_queue(self.as_raw(), list, queue, Some(callback), nothing)
        };
        Code(with_list(partitions, commit)).check()
    }

    /// Commits in the background; a failure goes to the listener.
    pub fn commit_in_background(&self, partitions: Option<&Partitions>) -> Result<(), Error> {
        // SAFETY: the client is alive; the list is copied.
        let commit = |list| unsafe { sys::rd_kafka_commit(self.as_raw(), list, 1) };
        Code(with_list(partitions, commit)).check()
    }

    /// Fills in what the group has committed. Blocks up to the timeout.
    pub fn committed(&self, partitions: &mut Partitions, timeout_ms: i32) -> Result<(), Error> {
        // SAFETY: both are alive.
        let ask = |list| unsafe { sys::rd_kafka_committed(self.as_raw(), list, timeout_ms) };
        Code(partitions.filled_by(ask)).check()
    }

    /// Fills in the offsets of the next messages.
    pub fn position(&self, partitions: &mut Partitions) -> Result<(), Error> {
        // SAFETY: both are alive.
        let ask = |list| unsafe { sys::rd_kafka_position(self.as_raw(), list) };
        Code(partitions.filled_by(ask)).check()
    }

    /// Has these offsets committed with the next commit. Each entry says whether it could be.
    pub fn store_offsets(&self, partitions: &mut Partitions) -> Result<(), Error> {
        // SAFETY: both are alive.
        let store = |list| unsafe { sys::rd_kafka_offsets_store(self.as_raw(), list) };
        Code(partitions.filled_by(store)).check()
    }

    /// Goes on from these offsets. Each entry says whether it could be. Blocks up to the timeout.
    pub fn seek(&self, partitions: &mut Partitions, timeout_ms: i32) -> Result<(), Error> {
        // SAFETY: both are alive; an error object is ours.
        partitions.filled_by(|list| unsafe {
            Error::check(sys::rd_kafka_seek_partitions(
                self.as_raw(),
                list,
                timeout_ms,
            ))
        })
    }

    /// Takes no messages of these partitions for now. Each entry says whether it could be.
    pub fn pause(&self, partitions: &mut Partitions) -> Result<(), Error> {
        // SAFETY: both are alive.
        let pause = |list| unsafe { sys::rd_kafka_pause_partitions(self.as_raw(), list) };
        Code(partitions.filled_by(pause)).check()
    }

    /// The reverse of [`Client::pause`].
    pub fn resume(&self, partitions: &mut Partitions) -> Result<(), Error> {
        // SAFETY: both are alive.
        let resume = |list| unsafe { sys::rd_kafka_resume_partitions(self.as_raw(), list) };
        Code(partitions.filled_by(resume)).check()
    }

    /// The first offset there is, and the one the next message will have. Blocks up to the timeout.
    pub fn watermarks(
        &self,
        topic: &CStr,
        partition: i32,
        timeout_ms: i32,
    ) -> Result<(i64, i64), Error> {
        let (mut low, mut high) = (0, 0);
        // SAFETY: the client is alive; the name is copied; both places may be written.
        Code(unsafe {
            sys::rd_kafka_query_watermark_offsets(
                self.as_raw(),
                topic.as_ptr(),
                partition,
                &mut low,
                &mut high,
                timeout_ms,
            )
        })
        .check()?;
        Ok((low, high))
    }

    /// Replaces times by the offsets of the first messages from then on. Blocks up to the timeout.
    pub fn offsets_for_times(&self, times: &mut Partitions, timeout_ms: i32) -> Result<(), Error> {
        // SAFETY: both are alive.
        let ask =
            |list| unsafe { sys::rd_kafka_offsets_for_times(self.as_raw(), list, timeout_ms) };
        Code(times.filled_by(ask)).check()
    }
}
