//! `kafka_batch`: messages, taken many at a time.

use super::boundary::{guarded, guarded_void, output, reference, take_back, Output};
use super::error::kafka_error;
use super::message::kafka_message;
use crate::client::{Batch, Error, Result};
use crate::process::Generation;

/// Messages that were taken at one go. It keeps them whatever happens to the consumer. Not to be
/// used by two threads at once.
pub struct kafka_batch {
    process: Generation,
    batch: Batch,
}

impl kafka_batch {
    pub(super) fn hand_over(place: Output<*mut Self>, batch: Batch) {
        let process = Generation::current();
        place.hand_over(Self { process, batch });
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
        let batch = reference(batch, "batch")?.get()?;
        output(byte_count, "byte_count")?.write(batch.bytes());
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

/// Frees a batch and its messages. In a forked child it does nothing. NULL is nothing. Does not
/// block.
#[no_mangle]
pub unsafe extern "C" fn kafka_batch_free(batch: *mut kafka_batch) {
    guarded_void(|| {
        if let Some(batch) = take_back(batch) {
            if !batch.process.is_current() {
                std::mem::forget(batch);
            }
        }
    });
}
