//! `kafka_record`: what is produced, with all that a record can have.

use std::ffi::{c_char, c_void};
use std::slice;

use super::boundary::{bytes, guarded, output, reference};
use super::error::kafka_error;
use super::producer::kafka_producer;
use super::topic::kafka_topic;
use crate::client::{Code, Error, Headers, Opaque, Opaques, Record, Records, Result};

/// A header of a record. Several may have one name. Zero it before it is filled in, for reserved.
#[repr(C)]
pub struct kafka_header {
    /// The name, UTF-8. It cannot hold a NUL; one follows it where the library hands it out, and
    /// need not where it is handed in.
    pub name: *const c_char,
    /// In bytes.
    pub name_len: usize,
    /// NULL with length 0 is null, which is not the same as empty.
    pub value: *const c_void,
    /// In bytes.
    pub value_len: usize,
    /// All 0, for fields of later versions.
    pub reserved: [u32; 2],
}

/// A record to be produced. All zeroes is a tombstone without a key, for partition 0, of now,
/// whose report has the opaque 0. Zero it before it is filled in, for reserved.
#[repr(C)]
pub struct kafka_record {
    /// NULL with length 0: the record has no key, which is not the same as an empty one.
    pub key: *const c_void,
    /// In bytes.
    pub key_len: usize,
    /// NULL with length 0: a null value, a tombstone, which is not the same as an empty one.
    pub value: *const c_void,
    /// In bytes.
    pub value_len: usize,
    /// In their order; names may be there more than once.
    pub headers: *const kafka_header,
    /// How many there are.
    pub header_count: usize,
    /// Milliseconds since 1970-01-01 UTC; 0 or -1 is now.
    pub timestamp: i64,
    /// Comes back in the report; see also KAFKA_OPAQUE_NONE and KAFKA_OPAQUE_NO_REPORT.
    pub opaque: u64,
    /// -1 lets the partitioner choose.
    pub partition: i32,
    /// All 0, for fields of later versions.
    pub reserved: [u32; 3],
}

/// Says which of a record's fields, or which record of a batch, is meant.
fn within(place: &str, error: Error) -> Error {
    Error {
        message: format!("{place}{}", error.message).into(),
        ..error
    }
}

/// A field of a later version, which this one could only ignore, is refused.
#[inline]
fn is_zero(reserved: &[u32]) -> Result<()> {
    match reserved.iter().all(|&word| word == 0) {
        true => Ok(()),
        false => Err(Error::invalid("reserved is not all 0")),
    }
}

impl kafka_header {
    unsafe fn parts(&self) -> Result<(&[u8], Option<&[u8]>)> {
        is_zero(&self.reserved)?;
        let name = bytes(self.name.cast(), self.name_len, "name")?;
        let name = name.ok_or_else(|| Error::invalid("name is NULL"))?;
        if name.contains(&0) {
            return Err(Error::invalid("name contains a NUL byte"));
        }
        Ok((name, bytes(self.value, self.value_len, "value")?))
    }
}

impl kafka_record {
    unsafe fn given_headers(&self) -> Result<&[kafka_header]> {
        match self.header_count {
            0 => Ok(&[]),
            count if self.headers.is_null() || isize::try_from(count).is_err() => {
                Err(Error::invalid(format!(
                    "headers is NULL or header_count is out of range: {count}"
                )))
            }
            count => Ok(slice::from_raw_parts(self.headers, count)),
        }
    }

    /// Calls `take` for each header's name and value.
    unsafe fn each_header(&self, mut take: impl FnMut(&[u8], Option<&[u8]>)) -> Result<()> {
        for (index, header) in self.given_headers()?.iter().enumerate() {
            let parts = header.parts();
            let (name, value) =
                parts.map_err(|error| within(&format!("headers[{index}]."), error))?;
            take(name, value);
        }
        Ok(())
    }

    unsafe fn headers(&self) -> Result<Option<Headers>> {
        if self.header_count == 0 {
            return Ok(None);
        }
        let mut headers = Headers::with_capacity(self.given_headers()?.len());
        self.each_header(|name, value| headers.add(name, value))?;
        Ok(Some(headers))
    }

    unsafe fn key(&self) -> Result<Option<&[u8]>> {
        bytes(self.key, self.key_len, "key")
    }

    /// All of it but the headers.
    #[inline]
    unsafe fn read_bare(&self) -> Result<Record<'_>> {
        is_zero(&self.reserved)?;
        let timestamp = match self.timestamp {
            0 | -1 => None,
            past if past < 0 => {
                return Err(Error::invalid(format!("timestamp is out of range: {past}")))
            }
            timestamp => Some(timestamp),
        };
        Ok(Record {
            partition: self.partition,
            key: self.key()?,
            value: bytes(self.value, self.value_len, "value")?,
            headers: None,
            timestamp,
            opaque: Opaque::try_from(self.opaque)?.to_native(),
        })
    }

    #[inline]
    unsafe fn read(&self) -> Result<Record<'_>> {
        Ok(Record {
            headers: self.headers()?,
            ..self.read_bare()?
        })
    }
}

/// Records of which all are known to be readable, and whether one of their numbers is large.
struct Checked<'a>(&'a [kafka_record], bool);

impl<'a> Checked<'a> {
    /// # Safety
    /// What the records point to stays as it is as long as this lives.
    unsafe fn new(records: &'a [kafka_record]) -> Result<Self> {
        let mut has_large = false;
        for (index, record) in records.iter().enumerate() {
            record
                .read_bare()
                .and_then(|_| record.each_header(|_, _| ()))
                .map_err(|error| within(&format!("records[{index}]."), error))?;
            // Not of what was read, which would have to be made for it.
            has_large |= Opaques::is_large(record.opaque as usize);
        }
        Ok(Self(records, has_large))
    }
}

/// Said of what has been read before.
const READ: &str = "the records have changed in the meantime";

impl Records for Checked<'_> {
    #[inline]
    fn place(&self, index: usize) -> (i32, Option<&[u8]>) {
        let record = &self.0[index];
        // SAFETY: by the word given to `new`.
        (record.partition, unsafe { record.key() }.expect(READ))
    }

    #[inline]
    fn get(&self, index: usize) -> Record<'_> {
        // SAFETY: by the word given to `new`.
        unsafe { self.0[index].read() }.expect(READ)
    }
}

/// Queues a record: as kafka_producer_send, with all that a record can have. Without headers and
/// timestamp it costs the same.
///
/// record: copied. Returns what kafka_producer_send does. After an error nothing is queued. Does
/// not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_produce(
    producer: *mut kafka_producer,
    topic: *mut kafka_topic,
    record: *const kafka_record,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        let topic = reference(topic, "topic")?;
        let record = reference(record, "record")?.read()?;
        producer
            .produce(&topic.topic, record)
            .map_err(|code| topic.refusal(code))
    })
}

/// Queues records, each as kafka_producer_produce does and those of a partition in their order. Where
/// there are many it costs less: those without headers and timestamp go to librdkafka together.
///
/// records: record_count of them, copied. codes: room for record_count codes, 0 for a record that
/// was queued, else why not; may be NULL. queued_count: how many were queued. Once the queue is
/// full the rest is not tried, and has KAFKA_ERR_QUEUE_FULL, so that their order can be kept.
/// Returns 0, also where records were refused; KAFKA_ERR_INVALID_ARGUMENT if one of them cannot be
/// read, with nothing queued. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_producer_produce_batch(
    producer: *mut kafka_producer,
    topic: *mut kafka_topic,
    records: *const kafka_record,
    record_count: usize,
    codes: *mut i32,
    queued_count: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let producer = reference(producer, "producer")?.handle.enter()?;
        let topic = reference(topic, "topic")?;
        let place = output(queued_count, "queued_count")?;
        if record_count > isize::MAX as usize / std::mem::size_of::<kafka_record>() {
            return Err(Error::invalid(format!(
                "record_count is out of range: {record_count}"
            )));
        }
        if !topic.process.is_current() {
            return Err(Error::forked());
        }
        if record_count == 0 {
            place.write(0);
            return Ok(());
        }
        let first = reference(records, "records")?;
        // All are looked at before the first is queued, for a mistake to change nothing.
        let records = Checked::new(slice::from_raw_parts(first, record_count))?;
        if !codes.is_null() {
            codes.write_bytes(0, record_count);
        }
        let refused = |index: usize, code: Code| {
            if !codes.is_null() {
                codes.add(index).write(code.0);
            }
        };
        let topic = &topic.topic;
        place.write(producer.produce_batch(topic, &records, record_count, records.1, refused));
        Ok(())
    })
}
