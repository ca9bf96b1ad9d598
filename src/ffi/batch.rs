//! `kafka_batch`: messages, taken many at a time.

use std::cell::OnceCell;
use std::ffi::c_void;
use std::mem::offset_of;

use super::boundary::{guarded, guarded_void, output, reference, take_back, Output};
use super::error::kafka_error;
use super::message::kafka_message;
use crate::client::{Batch, DropLater, Error, Fields, Result};
use crate::process::Generation;

/// Messages that were taken at one go. It keeps them whatever happens to the consumer. Not to be
/// used by two threads at once.
pub struct kafka_batch {
    process: Generation,
    batch: Batch,
    drop_later: Option<DropLater>,
    /// Counted once: callers ask again when it is freed.
    bytes: OnceCell<usize>,
}

/// What of a message can be read without a call. It is an rd_kafka_message_t, where librdkafka has it;
/// kafka_raw_message_view has the rest.
#[repr(C)]
pub struct kafka_raw_message {
    /// The library's own.
    pub code: i32,
    /// Not the topic's name: the same for all messages of a topic that the same call has returned.
    pub topic: *const c_void,
    /// The partition.
    pub partition: i32,
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
}

const _: () = {
    let here = [
        offset_of!(kafka_raw_message, partition),
        offset_of!(kafka_raw_message, value),
        offset_of!(kafka_raw_message, value_len),
        offset_of!(kafka_raw_message, key),
        offset_of!(kafka_raw_message, key_len),
        offset_of!(kafka_raw_message, offset),
    ];
    let mut index = 0;
    while index < here.len() {
        assert!(here[index] == Fields::LAYOUT[index]);
        index += 1;
    }
};

impl kafka_batch {
    pub(super) fn hand_over(place: Output<*mut Self>, batch: Batch, drop_later: Option<DropLater>) {
        place.hand_over(Self {
            process: Generation::current(),
            batch,
            drop_later,
            bytes: OnceCell::new(),
        });
    }

    #[inline]
    fn get(&self) -> Result<&Batch> {
        match self.process.is_current() {
            true => Ok(&self.batch),
            false => Err(Error::forked()),
        }
    }
}

/// How many messages a batch has.
///
/// Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_batch_count(
    batch: *const kafka_batch,
    message_count: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let batch = reference(batch, "batch")?.get()?;
        output(message_count, "message_count")?.write(batch.len());
        Ok(())
    })
}

/// How many bytes of memory a batch keeps, about: for a collector of garbage that has to know.
///
/// Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_batch_bytes(
    batch: *const kafka_batch,
    byte_count: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let batch = reference(batch, "batch")?;
        let messages = batch.get()?;
        let bytes = *batch.bytes.get_or_init(|| messages.bytes());
        output(byte_count, "byte_count")?.write(bytes);
        Ok(())
    })
}

/// A message of a batch, by its place from 0.
///
/// view: filled in on success. What it points to lasts as long as the batch; kafka_message_release
/// does no more than zero it. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if there is none. Does not
/// block.
#[no_mangle]
pub unsafe extern "C" fn kafka_batch_message(
    batch: *const kafka_batch,
    index: usize,
    view: *mut kafka_message,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let batch = reference(batch, "batch")?.get()?;
        let view = output(view, "view")?;
        let message = batch.get(index).ok_or_else(|| {
            Error::invalid(format!("index is {index}, of {} messages", batch.len()))
        })?;
        view.write(kafka_message::view(message));
        Ok(())
    })
}

/// The messages of a batch where they are: the fastest way to read many of them. kafka_batch_message has the rest of what
/// each of them holds.
///
/// messages: as many pointers as kafka_batch_count says, and what they point to, last as long as the batch. Returns 0.
/// Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_batch_raw_messages(
    batch: *const kafka_batch,
    messages: *mut *const *const kafka_raw_message,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let batch = reference(batch, "batch")?.get()?;
        output(messages, "messages")?.write(batch.as_ptr().cast());
        Ok(())
    })
}

/// All that a raw message holds.
///
/// message: of kafka_batch_raw_messages or kafka_consumer_take. view: filled in on success. What it points to lasts as
/// long as the message; kafka_message_release does no more than zero it. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_raw_message_view(
    message: *const kafka_raw_message,
    view: *mut kafka_message,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let message = reference(message, "message")?;
        let message = Fields::from_raw(std::ptr::from_ref(message).cast());
        output(view, "view")?.write(kafka_message::view(message));
        Ok(())
    })
}

/// Frees a batch and its messages: many messages of a consumer that looks ahead by that one's own
/// thread, soon after. In a forked child it does nothing. NULL is nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_batch_free(batch: *mut kafka_batch) {
    guarded_void(|| {
        if let Some(batch) = take_back(batch) {
            if !batch.process.is_current() {
                std::mem::forget(batch);
            } else if let Some(drop_later) = batch.drop_later {
                drop_later.drop(batch.batch);
            }
        }
    });
}
