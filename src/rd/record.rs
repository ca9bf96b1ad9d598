//! What is produced: a record, its headers, and the call that queues it.

use std::ptr::NonNull;

use libc::c_void;

use super::client::{parts, Client};
use super::error::{Code, Error};
use super::partitioner::UNASSIGNED;
use super::sys;
use super::topic::Topic;

/// A record's headers: names and values in their order, names as often as one likes.
pub struct Headers(NonNull<sys::rd_kafka_headers_t>);

impl Headers {
    /// None yet, with room for so many.
    pub fn with_capacity(count: usize) -> Self {
        // SAFETY: returns a new object, never null.
        Self(unsafe { NonNull::new_unchecked(sys::rd_kafka_headers_new(count)) })
    }

    /// Appends a copy of a header. A null value (`None`) is not an empty one.
    pub fn add(&mut self, name: &[u8], value: Option<&[u8]>) {
        let (value, value_len) = parts(value);
        // SAFETY: the object is alive; name and value are copied. It fails only where headers are read-only,
        // which ones of our own are not.
        unsafe {
            sys::rd_kafka_header_add(
                self.0.as_ptr(),
                name.as_ptr().cast(),
                name.len() as isize,
                value.cast(),
                value_len as isize,
            );
        }
    }
}

// SAFETY: the object belongs to no thread, and is only read through a shared reference.
unsafe impl Send for Headers {}
// SAFETY: as above.
unsafe impl Sync for Headers {}

impl Clone for Headers {
    fn clone(&self) -> Self {
        // SAFETY: the object is alive; returns a new one, never null.
        Self(unsafe { NonNull::new_unchecked(sys::rd_kafka_headers_copy(self.0.as_ptr())) })
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        // SAFETY: ours, as they are given away only by forgetting them.
        unsafe { sys::rd_kafka_headers_destroy(self.0.as_ptr()) };
    }
}

/// A record to be produced. A null key or value (`None`) is not an empty one.
pub struct Record<'a> {
    /// -1 lets the partitioner choose.
    pub partition: i32,
    /// The key, if it has one.
    pub key: Option<&'a [u8]>,
    /// The value; none makes it a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers, if it has any.
    pub headers: Option<Headers>,
    /// Milliseconds since 1970; `None` is now.
    pub timestamp: Option<i64>,
    /// Comes back in its report.
    pub opaque: usize,
}

impl Record<'_> {
    /// Whether it has nothing that librdkafka takes by one of its calls only.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.headers.is_none() && self.timestamp.is_none()
    }
}

impl Client {
    /// Queues a copy of a record. Never blocks. If it is refused nothing of it is left behind.
    // Always: see client::Producer::produce.
    #[inline(always)]
    pub fn produce_record(&self, topic: &Topic, record: Record<'_>) -> Result<(), Code> {
        if record.partition < UNASSIGNED {
            return Err(Code::UNKNOWN_PARTITION);
        }
        if record.is_plain() {
            let (key, value) = (record.key, record.value);
            return self.produce(topic, record.partition, key, value, record.opaque);
        }
        self.produce_va(topic, record)
    }

    #[inline(never)]
    fn produce_va(&self, topic: &Topic, record: Record<'_>) -> Result<(), Code> {
        use sys::rd_kafka_vtype_t::*;
        let Some(rkt) = self.topic_as_raw(topic) else {
            return Err(Code::UNKNOWN_TOPIC);
        };
        let memory = |bytes| {
            let (pointer, size) = parts(bytes);
            let ptr = pointer.cast_mut().cast::<c_void>();
            sys::Argument {
                mem: sys::ArgumentMemory { ptr, size },
            }
        };
        let headers = record.headers.as_ref().map(|headers| headers.0.as_ptr());
        let produced = topic
            .partitioner()
            .spread(record.partition, record.key, |partition| {
                let arguments = [
                    (RD_KAFKA_VTYPE_RKT, sys::Argument { rkt }),
                    (RD_KAFKA_VTYPE_PARTITION, sys::Argument { i32_: partition }),
                    (
                        RD_KAFKA_VTYPE_MSGFLAGS,
                        sys::Argument {
                            i: sys::RD_KAFKA_MSG_F_COPY,
                        },
                    ),
                    (RD_KAFKA_VTYPE_KEY, memory(record.key)),
                    (RD_KAFKA_VTYPE_VALUE, memory(record.value)),
                    (
                        RD_KAFKA_VTYPE_OPAQUE,
                        sys::Argument {
                            ptr: record.opaque as *mut c_void,
                        },
                    ),
                    (
                        RD_KAFKA_VTYPE_TIMESTAMP,
                        // librdkafka's 0 is now.
                        sys::Argument {
                            i64_: record.timestamp.unwrap_or(0),
                        },
                    ),
                    (
                        RD_KAFKA_VTYPE_HEADERS,
                        sys::Argument {
                            headers: headers.unwrap_or(std::ptr::null_mut()),
                        },
                    ),
                ]
                .map(|(vtype, u)| sys::rd_kafka_vu_t { vtype, u });
                // SAFETY: the topic is this client's and alive, each argument is of its type, and the bytes are
                // only read; an error object is ours.
                unsafe {
                    Error::check(sys::rd_kafka_produceva(
                        self.as_raw(),
                        arguments.as_ptr(),
                        arguments.len(),
                    ))
                }
                .map_err(|error| if error.fatal { Code::FATAL } else { error.code })
            });
        if produced.is_ok() {
            // The message owns them now; of a refused one they are still ours.
            std::mem::forget(record.headers);
        }
        produced
    }
}
