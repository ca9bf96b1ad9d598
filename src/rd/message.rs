//! `rd_kafka_message_t`, as consumed.

use std::ffi::CStr;
use std::ptr::NonNull;
use std::slice;
use std::sync::Arc;

use libc::c_void;

use super::client::Client;
use super::error::{lossy, Code, Error};
use super::listener::explained;
use super::partitions::Partitions;
use super::sys;

/// What a consumer may find in place of a message.
pub enum Trouble {
    /// A partition has no more messages for now; the offset is where the next will be.
    PartitionEnd(Partitions),
    /// What went wrong.
    Error(Error),
}

/// A consumed message, or a consumer's error in the shape of one.
///
/// It keeps its client's instance alive: what it points to stays valid whatever
/// happens to the consumer.
pub struct Message {
    message: NonNull<sys::rd_kafka_message_t>,
    client: Arc<Client>,
}

// SAFETY: a message is handed over whole and its reference counts are atomic.
unsafe impl Send for Message {}

impl Message {
    /// # Safety
    /// `message` is a message of `client` that nobody else destroys.
    pub(super) unsafe fn from_raw(
        message: *mut sys::rd_kafka_message_t,
        client: Arc<Client>,
    ) -> Self {
        // SAFETY: by the caller's word.
        let message = unsafe { NonNull::new_unchecked(message) };
        Self { message, client }
    }

    #[inline]
    fn fields(&self) -> &sys::rd_kafka_message_t {
        // SAFETY: alive until dropped.
        unsafe { self.message.as_ref() }
    }

    /// [`Code::NO_ERROR`], or what error this stands for.
    #[inline]
    pub fn code(&self) -> Code {
        Code(self.fields().err)
    }

    /// What it is in place of a message.
    #[cold]
    pub fn trouble(&self) -> Trouble {
        let fields = self.fields();
        let code = self.code();
        if code == Code::PARTITION_EOF {
            let mut partitions = Partitions::new();
            partitions.add(self.topic(), fields.partition, fields.offset);
            return Trouble::PartitionEnd(partitions);
        }
        // SAFETY: a consumer's error has its text for a payload, or none; the client is alive.
        unsafe {
            let text = sys::rd_kafka_message_errstr(self.message.as_ptr());
            Trouble::Error(explained(
                self.client.as_raw(),
                code,
                lossy(CStr::from_ptr(text)),
            ))
        }
    }

    /// The topic's name.
    #[inline]
    pub fn topic(&self) -> &CStr {
        // SAFETY: a message without an error has a topic, which keeps its name.
        unsafe { CStr::from_ptr(sys::rd_kafka_topic_name(self.fields().rkt)) }
    }

    /// The partition's number.
    #[inline]
    pub fn partition(&self) -> i32 {
        self.fields().partition
    }

    /// The message's offset in its partition.
    #[inline]
    pub fn offset(&self) -> i64 {
        self.fields().offset
    }

    /// The value; `None` is a tombstone.
    #[inline]
    pub fn value(&self) -> Option<&[u8]> {
        // SAFETY: librdkafka's pointer and length belong together.
        unsafe { bytes(self.fields().payload, self.fields().len) }
    }

    /// The key, if it has one.
    #[inline]
    pub fn key(&self) -> Option<&[u8]> {
        // SAFETY: as above.
        unsafe { bytes(self.fields().key, self.fields().key_len) }
    }

    /// Milliseconds since 1970 (-1: none), and `rd_kafka_timestamp_type_t`.
    #[inline]
    pub fn timestamp(&self) -> (i64, i32) {
        let mut timestamp_type = 0;
        // SAFETY: the message is alive.
        let timestamp =
            unsafe { sys::rd_kafka_message_timestamp(self.message.as_ptr(), &mut timestamp_type) };
        (timestamp, timestamp_type)
    }

    /// The partition leader's epoch, -1 if unknown.
    #[inline]
    pub fn leader_epoch(&self) -> i32 {
        // SAFETY: the message is alive.
        unsafe { sys::rd_kafka_message_leader_epoch(self.message.as_ptr()) }
    }

    /// For a struct that C code keeps.
    #[inline]
    pub fn into_raw(self) -> (*mut c_void, *mut c_void) {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: read out once of a value that is never dropped.
        let client = unsafe { std::ptr::read(&this.client) };
        (
            this.message.as_ptr().cast(),
            Arc::into_raw(client).cast_mut().cast(),
        )
    }

    /// The reverse of [`Message::into_raw`].
    ///
    /// # Safety
    /// Both pointers come from one `into_raw`, and come back once.
    #[inline]
    pub unsafe fn from_parts(message: *mut c_void, client: *mut c_void) -> Self {
        // SAFETY: by the caller's word.
        unsafe { Self::from_raw(message.cast(), Arc::from_raw(client.cast())) }
    }
}

impl Drop for Message {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once, and before the client's reference goes.
        unsafe { sys::rd_kafka_message_destroy(self.message.as_ptr()) };
    }
}

/// # Safety
/// A pointer that is not null points to `len` bytes that live as long as `'a`.
#[inline]
unsafe fn bytes<'a>(pointer: *const c_void, len: usize) -> Option<&'a [u8]> {
    // SAFETY: by the caller's word.
    (!pointer.is_null()).then(|| unsafe { slice::from_raw_parts(pointer.cast(), len) })
}
