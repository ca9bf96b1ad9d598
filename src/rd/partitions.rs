//! Topics, partitions and offsets, as plain data and as `rd_kafka_topic_partition_list_t`.

use std::ffi::{CStr, CString};

use libc::c_int;

use super::error::{Code, Error};
use super::sys;

/// In the place of an offset: where the group left off.
pub const OFFSET_STORED: i64 = -1000;

/// An entry of a list.
#[derive(Clone, Debug)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: CString,
    /// The partition, -1 for the topic as a whole.
    pub partition: i32,
    /// An offset, or librdkafka's number for a place.
    pub offset: i64,
    /// What went wrong with this one.
    pub code: Code,
    /// The epoch of the partition's leader, -1 if unknown.
    pub leader_epoch: i32,
}

/// A list of topics, partitions and offsets. It has nothing of librdkafka's, so that it may outlive the client that it is from.
#[derive(Clone, Debug, Default)]
pub struct Partitions(Vec<TopicPartition>);

impl Partitions {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an entry.
    pub fn add(&mut self, topic: &CStr, partition: i32, offset: i64) {
        self.0.push(TopicPartition {
            topic: topic.to_owned(),
            partition,
            offset,
            code: Code::NO_ERROR,
            leader_epoch: -1,
        });
    }

    /// Takes out the entries that have no offset and nothing to say.
    pub fn drop_empty(&mut self) {
        self.0
            .retain(|entry| entry.offset >= 0 || entry.code != Code::NO_ERROR);
    }

    /// An error, if there is one in an entry: the first.
    pub fn check(&self) -> Result<(), Error> {
        match self.0.iter().find(|entry| entry.code != Code::NO_ERROR) {
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
        self.0
            .iter()
            .any(|entry| entry.partition == partition && *entry.topic == *topic)
    }

    /// Whether both name the same partitions, in the same order.
    pub fn names_same_partitions(&self, other: &Self) -> bool {
        fn place(entry: &TopicPartition) -> (&CStr, i32) {
            (&entry.topic, entry.partition)
        }
        self.0.iter().map(place).eq(other.0.iter().map(place))
    }

    /// Gives the entries that `others` has too the offsets they have there.
    pub fn set_offsets(&mut self, others: &Self) {
        for other in &others.0 {
            let is_it = |entry: &&mut TopicPartition| {
                entry.partition == other.partition && entry.topic == other.topic
            };
            if let Some(entry) = self.0.iter_mut().find(is_it) {
                entry.offset = other.offset;
            }
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries.
    pub fn iter(&self) -> std::slice::Iter<'_, TopicPartition> {
        self.0.iter()
    }

    /// # Safety
    /// `list` is null or alive.
    pub(super) unsafe fn read(list: *const sys::rd_kafka_topic_partition_list_t) -> Self {
        // SAFETY: by the caller's word.
        let entries = unsafe { entries(list) };
        let read = |entry: &sys::rd_kafka_topic_partition_t| TopicPartition {
            // SAFETY: an entry owns its topic's name.
            topic: unsafe { CStr::from_ptr(entry.topic) }.to_owned(),
            partition: entry.partition,
            offset: entry.offset,
            code: Code(entry.err),
            // SAFETY: the entry is alive.
            leader_epoch: unsafe { sys::rd_kafka_topic_partition_get_leader_epoch(entry) },
        };
        Self(entries.iter().map(read).collect())
    }

    /// The list that `get` puts somewhere.
    ///
    /// # Safety
    /// On success, 0, `get` has put a list there that nothing else destroys, or null.
    pub(super) unsafe fn returned(
        get: impl FnOnce(*mut *mut sys::rd_kafka_topic_partition_list_t) -> c_int,
    ) -> Result<Self, Error> {
        let mut list = std::ptr::null_mut();
        Code(get(&mut list)).check()?;
        if list.is_null() {
            return Ok(Self::new());
        }
        Ok(NativeList(list).read())
    }

    /// The same, for librdkafka.
    pub(super) fn to_native(&self) -> NativeList {
        let mut list = NativeList::new();
        for entry in &self.0 {
            let added = list.add(&entry.topic, entry.partition);
            added.offset = entry.offset;
            added.err = entry.code.0;
            if entry.leader_epoch >= 0 {
                // SAFETY: the entry is alive.
                unsafe {
                    sys::rd_kafka_topic_partition_set_leader_epoch(added, entry.leader_epoch);
                }
            }
        }
        list
    }

    /// Has a call of librdkafka's fill it in.
    pub(super) fn filled_by<T>(
        &mut self,
        call: impl FnOnce(*mut sys::rd_kafka_topic_partition_list_t) -> T,
    ) -> T {
        let list = self.to_native();
        let result = call(list.as_raw());
        *self = list.read();
        result
    }
}

/// librdkafka's list, for the time of a call: librdkafka may put references into a client there, which must not outlive it.
pub(super) struct NativeList(*mut sys::rd_kafka_topic_partition_list_t);

// SAFETY: plain memory without thread affinity, with one owner.
unsafe impl Send for NativeList {}

impl NativeList {
    pub(super) fn new() -> Self {
        // SAFETY: the new object is owned by the returned value.
        Self(unsafe { sys::rd_kafka_topic_partition_list_new(0) })
    }

    /// Appends an entry.
    pub(super) fn add(
        &mut self,
        topic: &CStr,
        partition: i32,
    ) -> &mut sys::rd_kafka_topic_partition_t {
        // SAFETY: the list is alive; it copies the name and owns the entry it returns.
        unsafe { &mut *sys::rd_kafka_topic_partition_list_add(self.0, topic.as_ptr(), partition) }
    }

    fn read(&self) -> Partitions {
        // SAFETY: the list is alive.
        unsafe { Partitions::read(self.0) }
    }

    pub(super) fn as_raw(&self) -> *mut sys::rd_kafka_topic_partition_list_t {
        self.0
    }
}

impl Drop for NativeList {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { sys::rd_kafka_topic_partition_list_destroy(self.0) };
    }
}

/// The entries of a list.
///
/// # Safety
/// `list` is null or lives as long as `'a`.
pub(super) unsafe fn entries<'a>(
    list: *const sys::rd_kafka_topic_partition_list_t,
) -> &'a [sys::rd_kafka_topic_partition_t] {
    // SAFETY: by the caller's word; its elements are as many as it says.
    unsafe {
        match list.as_ref() {
            Some(list) if list.cnt > 0 => {
                std::slice::from_raw_parts(list.elems.cast(), list.cnt as usize)
            }
            _ => &[],
        }
    }
}
