//! `kafka_message`: a consumed message, as a struct of the caller's.

use std::ffi::{c_char, c_void};
use std::ptr;

use super::boundary::{guarded, guarded_void, output, reference};
use super::error::kafka_error;
use super::record::kafka_header;
use crate::client::{Error, Fields, Message};
use crate::process::Generation;

/// A consumed message. The caller owns the struct, and what it points to until
/// kafka_message_release, whatever happens to the consumer. One from a batch is a view: what it
/// points to is the batch's, and releasing it is harmless. A copy of the struct is the same message:
/// it ends when one of them is released, and the other must be neither read nor released then. Not to
/// be used by two threads at once.
#[repr(C)]
pub struct kafka_message {
    /// The topic's name, NUL-terminated.
    pub topic: *const c_char,
    /// The value; NULL for a tombstone, which is not the same as empty.
    pub value: *const c_void,
    /// The value's length in bytes.
    pub value_len: usize,
    /// The key; NULL if it has none, which is not the same as empty.
    pub key: *const c_void,
    /// The key's length in bytes.
    pub key_len: usize,
    /// The offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970-01-01 UTC; -1 if there is none.
    pub timestamp: i64,
    /// The partition.
    pub partition: i32,
    /// 0: no timestamp, 1: set by the producer, 2: set by the broker.
    pub timestamp_type: i32,
    /// The epoch of the partition's leader, -1 if unknown.
    pub leader_epoch: i32,
    /// The library's own.
    pub process: u32,
    /// The library's own.
    pub owner: *mut c_void,
    /// The library's own.
    pub consumer: *mut c_void,
}

impl kafka_message {
    #[inline]
    pub(super) fn new(message: Message) -> Self {
        let mut this = Self::view(&message);
        (this.owner, this.consumer) = message.into_raw();
        this
    }

    /// One that another owner keeps.
    #[inline]
    pub(super) fn view(message: &Fields) -> Self {
        let (timestamp, timestamp_type) = message.timestamp();
        let (value, value_len) = parts(message.value());
        let (key, key_len) = parts(message.key());
        Self {
            topic: message.topic().as_ptr(),
            value,
            value_len,
            key,
            key_len,
            offset: message.offset(),
            timestamp,
            partition: message.partition(),
            timestamp_type,
            leader_epoch: message.leader_epoch(),
            process: Generation::current().to_raw(),
            owner: message.as_raw(),
            consumer: ptr::null_mut(),
        }
    }
}

/// A slice as C sees it: null for none, never null for an empty one.
#[inline]
fn parts(bytes: Option<&[u8]>) -> (*const c_void, usize) {
    bytes.map_or((ptr::null(), 0), |b| (b.as_ptr().cast(), b.len()))
}

/// The headers of a message, in order.
///
/// headers: room for header_max of them; NULL with header_max 0 asks for their number alone. What
/// they point to lasts as long as the message. header_count: how many the message has; if they
/// are more than header_max, the first header_max are written. Returns 0, or
/// KAFKA_ERR_INVALID_ARGUMENT for a message that was released. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_message_headers(
    message: *const kafka_message,
    headers: *mut kafka_header,
    header_max: usize,
    header_count: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let message = reference(message, "message")?;
        let header_count = output(header_count, "header_count")?;
        if headers.is_null() && header_max > 0 {
            return Err(Error::invalid("headers is NULL with a header_max"));
        }
        if message.owner.is_null() {
            return Err(Error::invalid("message was released"));
        }
        if !Generation::from_raw(message.process).is_current() {
            return Err(Error::forked());
        }
        let mut count = 0;
        for header in Fields::from_raw(message.owner).headers() {
            if count < header_max {
                let (value, value_len) = parts(header.value);
                headers.add(count).write(kafka_header {
                    name: header.name.as_ptr(),
                    name_len: header.name.to_bytes().len(),
                    value,
                    value_len,
                    reserved: [0; 2],
                });
            }
            count += 1;
        }
        header_count.write(count);
        Ok(())
    })
}

/// Releases what a message points to, and zeroes the struct: releasing it twice
/// is harmless. NULL, or a zeroed struct, is nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_message_release(message: *mut kafka_message) {
    guarded_void(|| {
        // SAFETY: the caller's pointer, null or valid.
        let Some(message) = (unsafe { message.as_mut() }) else {
            return;
        };
        // SAFETY: all fields are numbers and pointers, for which zero is a value.
        let taken = std::mem::replace(message, unsafe { std::mem::zeroed() });
        let same_process = Generation::from_raw(taken.process).is_current();
        // What a batch keeps has no consumer here.
        if !taken.consumer.is_null() && same_process {
            // SAFETY: kafka_consumer_poll put them there, and they are gone from the struct.
            drop(unsafe { Message::from_parts(taken.owner, taken.consumer) });
        }
    });
}
