//! `rd_kafka_topic_partition_list_t`.

use std::ffi::CStr;

use super::error::Code;
use super::sys;

/// An entry of a list.
#[derive(Clone, Copy, Debug)]
pub struct Partition<'a> {
    /// The topic's name.
    pub topic: &'a CStr,
    /// The partition, -1 for the topic as a whole.
    pub partition: i32,
    /// An offset, or librdkafka's number for a place.
    pub offset: i64,
    /// What went wrong with this one.
    pub code: Code,
    /// The epoch of the partition's leader, -1 if unknown.
    pub leader_epoch: i32,
}

/// A list of topics, partitions and offsets.
pub struct Partitions(*mut sys::rd_kafka_topic_partition_list_t);

// SAFETY: plain memory without thread affinity.
unsafe impl Send for Partitions {}
// SAFETY: as above; every change takes `&mut self`.
unsafe impl Sync for Partitions {}

impl Partitions {
    /// An empty list.
    pub fn new() -> Self {
        // SAFETY: the new object is owned by the returned value.
        Self(unsafe { sys::rd_kafka_topic_partition_list_new(0) })
    }

    /// Appends an entry.
    pub fn add(&mut self, topic: &CStr, partition: i32, offset: i64) {
        // SAFETY: the list is alive; it copies the name and owns the entry it returns.
        unsafe {
            let entry = sys::rd_kafka_topic_partition_list_add(self.0, topic.as_ptr(), partition);
            (*entry).offset = offset;
        }
    }

    /// # Safety
    /// `raw` is null or a list that lives for the call.
    pub(super) unsafe fn copy_of(raw: *const sys::rd_kafka_topic_partition_list_t) -> Self {
        if raw.is_null() {
            return Self::new();
        }
        // SAFETY: by the caller's word; the copy is owned by the returned value.
        Self(unsafe { sys::rd_kafka_topic_partition_list_copy(raw) })
    }

    /// The entries.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Partition<'_>> {
        // SAFETY: the list is alive as long as the iterator, and its elements are as many as it says.
        let entries = unsafe {
            let list = &*self.0;
            let entries = list.elems.cast::<sys::rd_kafka_topic_partition_t>();
            match usize::try_from(list.cnt) {
                Ok(count) if count > 0 => std::slice::from_raw_parts(entries, count),
                _ => &[],
            }
        };
        entries.iter().map(|entry| Partition {
            // SAFETY: an entry owns its topic's name.
            topic: unsafe { CStr::from_ptr(entry.topic) },
            partition: entry.partition,
            offset: entry.offset,
            code: Code(entry.err),
            // SAFETY: the entry is alive.
            leader_epoch: unsafe { sys::rd_kafka_topic_partition_get_leader_epoch(entry) },
        })
    }

    pub(super) fn as_raw(&self) -> *const sys::rd_kafka_topic_partition_list_t {
        self.0
    }
}

impl std::fmt::Debug for Partitions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Clone for Partitions {
    fn clone(&self) -> Self {
        // SAFETY: the list is alive.
        unsafe { Self::copy_of(self.0) }
    }
}

impl Default for Partitions {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Partitions {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { sys::rd_kafka_topic_partition_list_destroy(self.0) };
    }
}
