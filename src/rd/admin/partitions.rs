//! Lists of partitions, from what a caller handed over and to what is handed back.

use std::ffi::{CStr, CString};

use libc::c_int;

use super::{c_str, outcome_of_code, sys};
use crate::rd::error::Code;
pub(super) use crate::rd::partitions::entries;
use crate::rd::partitions::NativeList;
use crate::value::input::{Distinct, Fields, Input, Invalid};
use crate::value::Value;

/// A list that goes into a call.
pub(super) struct List(NativeList);

pub(super) type Entry = sys::rd_kafka_topic_partition_t;

impl List {
    /// Reads a list of `topic`, `partition` and more fields, of which `fill` makes the rest of an entry.
    pub(super) fn read(
        input: &Input,
        more_fields: &[&str],
        fill: impl Fn(&mut Entry, &Input, &Fields) -> Result<(), Invalid>,
    ) -> Result<Self, Invalid> {
        let mut list = NativeList::new();
        let mut distinct = Distinct::default();
        let known = [&["topic", "partition"], more_fields].concat();
        for item in input.items()? {
            let fields = item.fields(&known)?;
            let topic = fields.need("topic")?.name()?;
            let partition = fields.need("partition")?.int_from(0)?;
            distinct.add(&key(&topic, partition), &item)?;
            fill(list.add(&topic, partition), &item, &fields)?;
        }
        Ok(Self(list))
    }

    /// A list of partitions and nothing else.
    pub(super) fn read_plain(input: &Input) -> Result<Self, Invalid> {
        Self::read(input, &[], |_, _, _| Ok(()))
    }

    /// What became of the partitions if none is there.
    pub(super) fn absent(&self) -> Value {
        // SAFETY: the list and its entries are alive.
        let absent = |entry| unsafe { outcome(entry, Code::UNKNOWN_TOPIC_OR_PART.0) };
        // SAFETY: as above.
        Value::Map(
            unsafe { entries(self.as_raw()) }
                .iter()
                .map(absent)
                .collect(),
        )
    }

    pub(super) fn as_raw(&self) -> *mut sys::rd_kafka_topic_partition_list_t {
        self.0.as_raw()
    }
}

/// What an answer calls a partition: `topic:3`.
fn key(topic: &CStr, partition: i32) -> CString {
    let key = [topic.to_bytes(), b":", partition.to_string().as_bytes()].concat();
    CString::new(key).expect("none of the parts has a NUL")
}

/// Partitions with offsets, as a list.
///
/// # Safety
/// `list` is null or alive.
pub(super) unsafe fn offsets(list: *const sys::rd_kafka_topic_partition_list_t) -> Vec<Value> {
    // SAFETY: by the caller's word; an entry owns what it points to.
    let offset = |entry: &Entry| unsafe {
        let mut value = place(entry).with("offset", entry.offset);
        if !entry.metadata.is_null() && entry.metadata_size > 0 {
            let bytes = std::slice::from_raw_parts(entry.metadata.cast(), entry.metadata_size);
            value = value.with("metadata", bytes);
        }
        let epoch = sys::rd_kafka_topic_partition_get_leader_epoch(entry);
        if epoch >= 0 {
            value = value.with("leader_epoch", epoch);
        }
        match Code(entry.err) {
            Code::NO_ERROR => value,
            code => value.with("err", code.text()).with("code", code.0),
        }
    };
    // SAFETY: by the caller's word.
    unsafe { entries(list) }.iter().map(offset).collect()
}

/// A partition's topic and number.
///
/// # Safety
/// `entry` is alive.
pub(super) unsafe fn place(entry: &Entry) -> Value {
    Value::map()
        // SAFETY: by the caller's word.
        .with("topic", unsafe { c_str(entry.topic) })
        .with("partition", entry.partition)
}

/// A partition's key, and what became of it.
///
/// # Safety
/// `entry` is alive.
pub(super) unsafe fn outcome(entry: &Entry, code: c_int) -> (CString, Value) {
    // What librdkafka finds out by itself has a number of its own.
    let code = match Code(code) {
        Code::UNKNOWN_PARTITION => Code::UNKNOWN_TOPIC_OR_PART.0,
        code => code.0,
    };
    // SAFETY: by the caller's word.
    unsafe {
        let topic = c_str(entry.topic);
        let outcome = outcome_of_code(code, std::ptr::null())
            .with("topic", topic)
            .with("partition", entry.partition);
        (key(topic, entry.partition), outcome)
    }
}
