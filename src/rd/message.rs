//! `rd_kafka_message_t`, as consumed.

use std::ffi::CStr;
use std::mem::{offset_of, ManuallyDrop};
use std::ops::Deref;
use std::ptr::NonNull;
use std::slice;

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

/// A header. Its value may be null, and several may have one name.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// The name.
    pub name: &'a CStr,
    /// The value.
    pub value: Option<&'a [u8]>,
}

/// What a message holds.
#[repr(transparent)]
pub struct Fields(sys::rd_kafka_message_t);

impl Fields {
    /// Where it has its partition, its value and that one's length, its key and that one's length, and its offset: for
    /// programs that read it without a call.
    pub const LAYOUT: [usize; 6] = [
        offset_of!(sys::rd_kafka_message_t, partition),
        offset_of!(sys::rd_kafka_message_t, payload),
        offset_of!(sys::rd_kafka_message_t, len),
        offset_of!(sys::rd_kafka_message_t, key),
        offset_of!(sys::rd_kafka_message_t, key_len),
        offset_of!(sys::rd_kafka_message_t, offset),
    ];

    /// # Safety
    /// `message` is a consumed message that lives as long as `'a`.
    #[inline]
    pub unsafe fn from_raw<'a>(message: *const c_void) -> &'a Self {
        // SAFETY: by the caller's word, and of the same layout.
        unsafe { &*message.cast() }
    }

    /// For a struct that C code keeps.
    #[inline]
    pub fn as_raw(&self) -> *mut c_void {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    /// [`Code::NO_ERROR`], or what error this stands for.
    #[inline]
    pub fn code(&self) -> Code {
        Code(self.0.err)
    }

    /// What it is in place of a message.
    #[cold]
    pub fn trouble(&self, client: &Client) -> Trouble {
        let code = self.code();
        if code == Code::PARTITION_EOF {
            let mut partitions = Partitions::new();
            partitions.add(self.topic(), self.0.partition, self.0.offset);
            return Trouble::PartitionEnd(partitions);
        }
        // SAFETY: a consumer's error has its text for a payload, or none; the client is alive.
        unsafe {
            let mut text = lossy(CStr::from_ptr(sys::rd_kafka_message_errstr(&self.0)));
            if !self.0.rkt.is_null() {
                // Not every text of librdkafka's names the topic, as for a right that a fetch lacks.
                let topic = lossy(self.topic());
                if !text.contains(&topic) {
                    text = format!("{topic} [{}]: {text}", self.0.partition);
                }
            }
            Trouble::Error(explained(client.as_raw(), code, text))
        }
    }

    /// The topic's name.
    #[inline]
    pub fn topic(&self) -> &CStr {
        // SAFETY: a message without an error has a topic, and so has any whose `rkt` is set; a topic keeps its name.
        unsafe { CStr::from_ptr(sys::rd_kafka_topic_name(self.0.rkt)) }
    }

    /// Whether both are of one partition.
    #[inline]
    pub fn is_of_same_partition(&self, other: &Self) -> bool {
        (self.0.rkt, self.0.partition) == (other.0.rkt, other.0.partition)
    }

    /// Whether its partition is one of these.
    pub fn is_in(&self, partitions: &Partitions) -> bool {
        partitions.contains(self.topic(), self.partition())
    }

    /// Adds its place to a list that has none of its partition yet.
    pub fn add_first_to(&self, places: &mut Partitions) {
        if !self.is_in(places) {
            places.add(self.topic(), self.partition(), self.offset());
        }
    }

    /// How many bytes it has, without headers.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len + self.0.key_len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Stores the offset behind it, for the next commit.
    pub fn store_offset(&self) -> Result<(), Error> {
        let message = std::ptr::from_ref(&self.0).cast_mut();
        // SAFETY: the message is alive, and only read; an error object is ours.
        unsafe { Error::check(sys::rd_kafka_offset_store_message(message)) }
    }

    /// The partition's number.
    #[inline]
    pub fn partition(&self) -> i32 {
        self.0.partition
    }

    /// The message's offset in its partition.
    #[inline]
    pub fn offset(&self) -> i64 {
        self.0.offset
    }

    /// The value; `None` is a tombstone.
    #[inline]
    pub fn value(&self) -> Option<&[u8]> {
        // SAFETY: librdkafka's pointer and length belong together.
        unsafe { bytes(self.0.payload, self.0.len) }
    }

    /// The key, if it has one.
    #[inline]
    pub fn key(&self) -> Option<&[u8]> {
        // SAFETY: as above.
        unsafe { bytes(self.0.key, self.0.key_len) }
    }

    /// Milliseconds since 1970 (-1: none), and `rd_kafka_timestamp_type_t`.
    #[inline]
    pub fn timestamp(&self) -> (i64, i32) {
        let mut timestamp_type = 0;
        // SAFETY: the message is alive.
        let timestamp = unsafe { sys::rd_kafka_message_timestamp(&self.0, &mut timestamp_type) };
        (timestamp, timestamp_type)
    }

    /// The partition leader's epoch, -1 if unknown.
    #[inline]
    pub fn leader_epoch(&self) -> i32 {
        // SAFETY: the message is alive.
        unsafe { sys::rd_kafka_message_leader_epoch(&self.0) }
    }

    /// The headers, in order. Not to be called by two threads at once: librdkafka reads them out
    /// of the message when they are first asked for.
    pub fn headers(&self) -> impl Iterator<Item = Header<'_>> {
        let mut headers = std::ptr::null_mut();
        // SAFETY: the message is alive, and keeps its headers.
        let code = Code(unsafe { sys::rd_kafka_message_headers(&self.0, &mut headers) });
        let mut index = 0;
        std::iter::from_fn(move || {
            if code != Code::NO_ERROR {
                return None;
            }
            let (mut name, mut value, mut value_len) = (std::ptr::null(), std::ptr::null(), 0);
            // SAFETY: the headers live as long as the message; names are terminated.
            unsafe {
                Code(sys::rd_kafka_header_get_all(
                    headers,
                    index,
                    &mut name,
                    &mut value,
                    &mut value_len,
                ))
                .check()
                .ok()?;
                index += 1;
                Some(Header {
                    name: CStr::from_ptr(name),
                    value: bytes(value, value_len),
                })
            }
        })
    }
}

/// A consumed message, or a consumer's error in the shape of one.
///
/// It keeps its client's instance alive: what it points to stays valid whatever
/// happens to the consumer.
pub struct Message {
    message: NonNull<sys::rd_kafka_message_t>,
    // Dropped after the message.
    client: Client,
}

// SAFETY: a message is handed over whole and its reference counts are atomic.
unsafe impl Send for Message {}

impl Message {
    /// # Safety
    /// `message` is a message of `client` that is destroyed by its owner only.
    pub(super) unsafe fn from_raw(message: *mut sys::rd_kafka_message_t, client: Client) -> Self {
        // SAFETY: by the caller's word.
        let message = unsafe { NonNull::new_unchecked(message) };
        Self { message, client }
    }

    /// For a struct that C code keeps.
    #[inline]
    pub fn into_raw(self) -> (*mut c_void, *mut c_void) {
        let this = ManuallyDrop::new(self);
        // SAFETY: read once, out of a value that is never dropped.
        let client = unsafe { std::ptr::read(&this.client) };
        (this.message.as_ptr().cast(), client.into_raw())
    }

    /// The reverse of [`Message::into_raw`].
    ///
    /// # Safety
    /// Both pointers come from one `into_raw`, and come back once.
    #[inline]
    pub unsafe fn from_parts(message: *mut c_void, client: *mut c_void) -> Self {
        // SAFETY: by the caller's word.
        unsafe { Self::from_raw(message.cast(), Client::from_raw(client)) }
    }
}

impl Deref for Message {
    type Target = Fields;

    #[inline]
    fn deref(&self) -> &Fields {
        // SAFETY: alive until dropped, and of the same layout.
        unsafe { self.message.cast().as_ref() }
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
