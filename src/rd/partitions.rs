//! `rd_kafka_topic_partition_list_t`.

use std::ffi::CStr;

use libc::c_int;

use super::error::{Code, Error};
use super::sys;

/// In the place of an offset: where the group left off.
pub const OFFSET_STORED: i64 = -1000;

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

    /// The list that `get` puts somewhere.
    ///
    /// # Safety
    /// On success, 0, `get` has put a list there that nobody else destroys, or null.
    pub(super) unsafe fn returned(
        get: impl FnOnce(*mut *mut sys::rd_kafka_topic_partition_list_t) -> c_int,
    ) -> Result<Self, Error> {
        let mut list = std::ptr::null_mut();
        Code(get(&mut list)).check()?;
        match list.is_null() {
            true => Ok(Self::new()),
            false => Ok(Self(list)),
        }
    }

    /// Takes out the entries that have no offset and nothing to say.
    pub fn drop_empty(&mut self) {
        let indices: Vec<usize> = self
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.offset < 0 && entry.code == Code::NO_ERROR)
            .map(|(index, _)| index)
            .collect();
        for index in indices.into_iter().rev() {
            let index = c_int::try_from(index).expect("librdkafka counts with an int");
            // SAFETY: the list is alive and has this entry.
            unsafe { sys::rd_kafka_topic_partition_list_del_by_idx(self.0, index) };
        }
    }

    /// An error, if there is one in an entry: the first.
    pub fn check(&self) -> Result<(), Error> {
        match self.iter().find(|entry| entry.code != Code::NO_ERROR) {
            Some(entry) => Err(Error::new(
                entry.code,
                format!(
                    "{} [{}]: {}",
                    entry.topic.to_string_lossy(),
                    entry.partition,
                    entry.code.text().to_string_lossy()
                ),
            )),
            None => Ok(()),
        }
    }

    /// Whether there is an entry for this partition.
    pub fn contains(&self, topic: &CStr, partition: i32) -> bool {
        self.iter()
            .any(|entry| entry.partition == partition && entry.topic == topic)
    }

    /// Gives the entries that `others` has too the offsets they have there.
    pub fn set_offsets(&mut self, others: &Self) {
        for other in others.iter() {
            // SAFETY: both lists are alive; an entry that is found is this list's own.
            unsafe {
                let entry = sys::rd_kafka_topic_partition_list_find(
                    self.0,
                    other.topic.as_ptr(),
                    other.partition,
                );
                if let Some(entry) = entry.as_mut() {
                    entry.offset = other.offset;
                }
            }
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.iter().len() == 0
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

    pub(super) fn as_raw_mut(&mut self) -> *mut sys::rd_kafka_topic_partition_list_t {
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
