//! What a cluster says of itself.

use std::ffi::{CStr, CString};
use std::ptr;
use std::slice;

use libc::{c_char, c_int};

use super::client::Client;
use super::error::{Code, Error};
use super::sys;
use crate::value::Value;

/// A name that no topic can have: nothing is asked of any, and none is made.
const NO_TOPIC: &CStr = c"/";

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

    /// Has a broker asked which others there are, and which one is the controller: librdkafka does not ask by itself
    /// while a request waits for one that is gone. Their addresses, `None` if no broker answers in time.
    pub fn look_for_brokers(&self, timeout_ms: i32) -> Option<CString> {
        let metadata = self.metadata(Some(NO_TOPIC), timeout_ms).ok()?;
        let Some(Value::List(brokers)) = metadata.get("brokers") else {
            return None;
        };
        let address = |broker: &Value| match (broker.get("host"), broker.get("port")) {
            (Some(Value::Text(host)), Some(Value::Int(port))) => {
                let host = String::from_utf8_lossy(host.as_bytes());
                match host.contains(':') {
                    true => format!("[{host}]:{port}"),
                    false => format!("{host}:{port}"),
                }
            }
            _ => String::new(),
        };
        let addresses: Vec<String> = brokers.iter().map(address).collect();
        CString::new(addresses.join(",")).ok()
    }

    /// A topic, as [`Self::metadata`] has it; `None` if no broker answers in time.
    pub fn describe(&self, topic: &CStr, timeout_ms: i32) -> Option<Value> {
        match self.metadata(Some(topic), timeout_ms).ok()?.get("topics")? {
            Value::Map(topics) => topics.first().map(|(_, topic)| topic.clone()),
            _ => None,
        }
    }

    /// Whether the brokers refuse to describe a topic.
    pub fn is_denied(&self, topic: &CStr, timeout_ms: i32) -> bool {
        let topic = self.describe(topic, timeout_ms).unwrap_or_default();
        topic.get("code") == Some(&Value::Int(Code::TOPIC_AUTHORIZATION_FAILED.0.into()))
    }

    /// The cluster's id. The brokers are asked where it is not known: to wait for it (`rd_kafka_clusterid`) asks none of
    /// them, and goes on for the whole time where the id comes as the wait begins. Blocks up to the timeout.
    pub fn cluster_id(&self, timeout_ms: i32) -> Result<Value, Error> {
        if let Some(id) = self.known_cluster_id() {
            return Ok(id);
        }
        match self.metadata(Some(NO_TOPIC), timeout_ms) {
            Err(error) if error.code == Code::TRANSPORT => Err(Code::TIMED_OUT.into()),
            // The brokers of old have none.
            answer => answer.and(
                self.known_cluster_id()
                    .ok_or(Code::UNSUPPORTED_FEATURE.into()),
            ),
        }
    }

    fn known_cluster_id(&self) -> Option<Value> {
        // SAFETY: the client is alive; the text is ours, and read before it is freed.
        unsafe {
            let id = sys::rd_kafka_clusterid(self.as_raw(), 0);
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
    // SAFETY: by the caller's word.
    let brokers = unsafe { list(metadata.brokers, metadata.broker_cnt) };
    // SAFETY: as above.
    let topics = unsafe { list(metadata.topics, metadata.topic_cnt) };
    let brokers: Vec<Value> = brokers
        .iter()
        .map(|broker| {
            Value::map()
                .with("id", broker.id)
                // SAFETY: as above.
                .with("host", unsafe { text(broker.host) })
                .with("port", broker.port)
        })
        .collect();
    let by_name = topics.iter().map(|topic| {
        // SAFETY: as above.
        let partitions = unsafe { list(topic.partitions, topic.partition_cnt) };
        let partitions: Vec<Value> = partitions
            .iter()
            .map(|partition| {
                let numbers = |of, count| -> Vec<Value> {
                    // SAFETY: as above.
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
        // SAFETY: as above.
        let name = unsafe { CStr::from_ptr(topic.topic) };
        (name.to_owned(), value)
    });
    // An answer has each topic once.
    let by_name = Value::Map(by_name.collect());
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
