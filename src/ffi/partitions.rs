//! `kafka_partitions`: a list of topics, partitions and offsets.

use std::ffi::c_char;

use super::boundary::{guarded, guarded_void, output, reference, reference_mut, string, take_back};
use super::error::kafka_error;
use crate::client::{Error, Partitions};

/// The first message there is.
pub const KAFKA_OFFSET_BEGINNING: i32 = -2;
/// Behind the last message.
pub const KAFKA_OFFSET_END: i32 = -1;
/// Where the group's commits left off.
pub const KAFKA_OFFSET_STORED: i32 = -1000;
/// No offset given: where the group left off, else what auto.offset.reset says.
pub const KAFKA_OFFSET_INVALID: i32 = -1001;

/// A list of topics, partitions and offsets. Not to be used by two threads at once.
// Written so that cbindgen overlooks it, to which the type shall be opaque.
#[cfg_attr(all(), repr(transparent))]
pub struct kafka_partitions(pub(super) Partitions);

impl kafka_partitions {
    pub(super) fn from_ref(partitions: &Partitions) -> *const Self {
        // The same layout: repr(transparent).
        std::ptr::from_ref(partitions).cast()
    }
}

/// A list that may be NULL.
///
/// # Safety
/// `partitions` is null or valid for the call.
pub(super) unsafe fn optional<'a>(partitions: *const kafka_partitions) -> Option<&'a Partitions> {
    // SAFETY: by the caller's word.
    unsafe { partitions.as_ref() }.map(|list| &list.0)
}

/// An entry of a list.
#[repr(C)]
pub struct kafka_partition {
    /// The topic's name, NUL-terminated; the list's.
    pub topic: *const c_char,
    /// An offset, or one of the KAFKA_OFFSET constants; a time in a list of times.
    pub offset: i64,
    /// The partition, -1 for the topic as a whole.
    pub partition: i32,
    /// What went wrong with this one, 0 if nothing.
    pub code: i32,
    /// The epoch of the partition's leader, -1 if unknown.
    pub leader_epoch: i32,
    /// Always 0.
    pub reserved: i32,
}

/// Makes an empty list.
///
/// partitions: where the new object goes; free it with kafka_partitions_free.
/// Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_partitions_new(
    partitions: *mut *mut kafka_partitions,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        output(partitions, "partitions")?.hand_over(kafka_partitions(Partitions::new()));
        Ok(())
    })
}

/// Appends an entry.
///
/// topic: copied. partition: -1 where only the topic counts. offset: 0 and above, or
/// one of the KAFKA_OFFSET constants. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT.
/// Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_partitions_add(
    partitions: *mut kafka_partitions,
    topic: *const c_char,
    partition: i32,
    offset: i64,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let partitions = reference_mut(partitions, "partitions")?;
        let topic = string(topic, "topic")?;
        if topic.is_empty() {
            return Err(Error::invalid("topic is empty"));
        }
        if partition < -1 {
            return Err(Error::invalid(format!(
                "partition is out of range: {partition}"
            )));
        }
        partitions.0.add(topic, partition, offset);
        Ok(())
    })
}

/// How many entries a list has.
///
/// Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_partitions_count(
    partitions: *const kafka_partitions,
    partition_count: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let partitions = reference(partitions, "partitions")?;
        output(partition_count, "partition_count")?.write(partitions.0.iter().len());
        Ok(())
    })
}

/// An entry of a list, by its place from 0.
///
/// partition: filled in on success; its topic lasts as long as the list. Returns 0, or
/// KAFKA_ERR_INVALID_ARGUMENT if there is none. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_partitions_get(
    partitions: *const kafka_partitions,
    index: usize,
    partition: *mut kafka_partition,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let partitions = reference(partitions, "partitions")?;
        let place = output(partition, "partition")?;
        let mut entries = partitions.0.iter();
        let count = entries.len();
        let found = entries
            .nth(index)
            .ok_or_else(|| Error::invalid(format!("index is {index}, of {count} items")))?;
        place.write(kafka_partition {
            topic: found.topic.as_ptr(),
            offset: found.offset,
            partition: found.partition,
            code: found.code.0,
            leader_epoch: found.leader_epoch,
            reserved: 0,
        });
        Ok(())
    })
}

/// Frees a list; NULL is nothing.
#[no_mangle]
pub unsafe extern "C" fn kafka_partitions_free(partitions: *mut kafka_partitions) {
    guarded_void(|| drop(take_back(partitions)));
}
