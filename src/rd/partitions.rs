//! `rd_kafka_topic_partition_list_t`.

use std::ffi::CStr;

use super::sys;

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

    pub(super) fn as_raw(&self) -> *const sys::rd_kafka_topic_partition_list_t {
        self.0
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
