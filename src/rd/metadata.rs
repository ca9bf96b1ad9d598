//! What a cluster says of itself.

use std::ffi::CStr;
use std::ptr;
use std::slice;

use libc::{c_char, c_int};

use super::client::Client;
use super::error::{Code, Error};
use super::sys;
use crate::value::Value;

impl Client {
    /// Brokers, topics and partitions: of `topic`, or of all. Blocks up to the timeout.
    pub fn metadata(&self, topic: Option<&CStr>, timeout_ms: i32) -> Result<Value, Error> {
        let conf = || self.default_topic_conf();
        let topic = topic
            .map(|name| self.create_topic(name, conf()))
            .transpose()?;
        let rkt = topic.as_ref().and_then(|topic| self.topic_as_raw(topic));
        let mut metadata = ptr::null();
        // SAFETY: client and topic are alive; what comes back is ours, and read before it is destroyed.
        unsafe {
            Code(sys::rd_kafka_metadata(
                self.as_raw(),
                c_int::from(rkt.is_none()),
                rkt.unwrap_or(ptr::null_mut()),
                &mut metadata,
                timeout_ms,
            ))
            .check()?;
            let value = read(&*metadata);
            sys::rd_kafka_metadata_destroy(metadata);
            Ok(value)
        }
    }

    /// The cluster's name for itself; `None` if it is not known in time. Blocks up to the timeout.
    pub fn cluster_id(&self, timeout_ms: i32) -> Option<Value> {
        // SAFETY: the client is alive; the text is ours, and read before it is freed.
        unsafe {
            let id = sys::rd_kafka_clusterid(self.as_raw(), timeout_ms);
            if id.is_null() {
                return None;
            }
            let value = CStr::from_ptr(id).into();
            sys::rd_kafka_mem_free(self.as_raw(), id.cast());
            Some(value)
        }
    }
}

/// # Safety
/// Pointers and counts in `metadata` belong together.
unsafe fn read(metadata: &sys::rd_kafka_metadata_t) -> Value {
    // SAFETY: by the caller's word, here and below.
    let brokers = unsafe { list(metadata.brokers, metadata.broker_cnt) };
    let topics = unsafe { list(metadata.topics, metadata.topic_cnt) };
    let brokers: Vec<Value> = brokers
        .iter()
        .map(|broker| {
            Value::map()
                .with("id", broker.id)
                .with("host", unsafe { text(broker.host) })
                .with("port", broker.port)
        })
        .collect();
    let mut by_name = Value::map();
    for topic in topics {
        let partitions = unsafe { list(topic.partitions, topic.partition_cnt) };
        let partitions: Vec<Value> = partitions
            .iter()
            .map(|partition| {
                let numbers = |of, count| -> Vec<Value> {
                    let numbers: &[i32] = unsafe { list(of, count) };
                    numbers.iter().copied().map(Value::from).collect()
                };
                let value = Value::map()
                    .with("partition", partition.id)
                    .with("leader", partition.leader)
                    .with(
                        "replicas",
                        numbers(partition.replicas, partition.replica_cnt),
                    )
                    .with("isrs", numbers(partition.isrs, partition.isr_cnt));
                with_error(value, Code(partition.err))
            })
            .collect();
        let value = with_error(Value::map().with("partitions", partitions), Code(topic.err));
        let name = unsafe { CStr::from_ptr(topic.topic) };
        by_name.set(name.to_owned(), value).expect("a map");
    }
    Value::map()
        .with("broker_id", metadata.orig_broker_id)
        .with("brokers", brokers)
        .with("topics", by_name)
}

fn with_error(value: Value, code: Code) -> Value {
    match code {
        Code::NO_ERROR => value,
        code => value.with("err", code.text()).with("code", code.0),
    }
}

/// # Safety
/// `items` are `count`, or there are none.
unsafe fn list<'a, T>(items: *const T, count: c_int) -> &'a [T] {
    match usize::try_from(count) {
        // SAFETY: by the caller's word.
        Ok(count) if count > 0 && !items.is_null() => unsafe {
            slice::from_raw_parts(items, count)
        },
        _ => &[],
    }
}

/// # Safety
/// `text` is NUL-terminated.
unsafe fn text(text: *const c_char) -> Value {
    // SAFETY: by the caller's word.
    unsafe { CStr::from_ptr(text) }.into()
}
