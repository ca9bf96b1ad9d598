//! `kafka_partitions`: a list of topics, partitions and offsets.

use std::ffi::c_char;

use super::boundary::{guarded, guarded_void, output, reference_mut, string, take_back};
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
pub struct kafka_partitions(pub(super) Partitions);

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

/// Frees a list; NULL is nothing.
#[no_mangle]
pub unsafe extern "C" fn kafka_partitions_free(partitions: *mut kafka_partitions) {
    guarded_void(|| drop(take_back(partitions)));
}
