//! `kafka_cursor`: messages taken ahead of their reader.

use std::mem::{offset_of, size_of};
use std::sync::atomic::AtomicU32;

use super::batch::kafka_raw_message;
use super::boundary::{guarded, output, reference, reference_mut};
use super::conf::kafka_conf;
use super::consumer::kafka_consumer;
use super::error::kafka_error;
use crate::client::Cursor;

/// What the reader of messages that were taken ahead shares with the library, without a call:
/// message number next is the reader's, and its offset may be stored, as soon as the reader has
/// added 1 to next. Threads of the library change the others meanwhile.
#[repr(C)]
pub struct kafka_cursor {
    /// The message to read next, from 0. Only the reader writes to it.
    pub next: AtomicU32,
    /// How many messages there are.
    pub count: AtomicU32,
    /// 1: kafka_consumer_take wants to be called before the next message, though there are some
    /// left: they have waited for long. A thread of the library's sets it.
    pub is_late: AtomicU32,
    /// The process that may read: in a forked child it is another than process_now points to.
    pub process: u32,
    /// See process.
    pub process_now: *const AtomicU32,
}

const _: () = assert!(
    size_of::<kafka_cursor>() == size_of::<Cursor>()
        && offset_of!(kafka_cursor, next) == offset_of!(Cursor, next)
        && offset_of!(kafka_cursor, count) == offset_of!(Cursor, count)
        && offset_of!(kafka_cursor, is_late) == offset_of!(Cursor, is_late)
        && offset_of!(kafka_cursor, process) == offset_of!(Cursor, process)
        && offset_of!(kafka_cursor, process_now) == offset_of!(Cursor, process_now)
);
// Atomic where the library's own is.
const _: () = {
    const fn are_one_type<T>(_: fn(&kafka_cursor) -> &T, _: fn(&Cursor) -> &T) {}
    are_one_type(|c| &c.next, |own| &own.next);
    are_one_type(|c| &c.count, |own| &own.count);
    are_one_type(|c| &c.is_late, |own| &own.is_late);
    are_one_type(|c| &c.process, |own| &own.process);
};

/// Has a consumer's messages be taken ahead of their reader, by kafka_consumer_take: one call
/// for up to 1000 of them. Offsets are stored, unless enable.auto.offset.store is false, as the
/// reader goes, up to 100 ms behind it, by a thread of the library's.
///
/// ahead: 0 for no, all else for yes. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_conf_set_lookahead(
    conf: *mut kafka_conf,
    ahead: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        reference_mut(conf, "conf")?.0.set_lookahead(ahead != 0);
        Ok(())
    })
}

/// What the reader of a consumer's messages shares with the library.
///
/// cursor: the consumer's, until that is closed. For one reader. Returns 0;
/// KAFKA_ERR_STATE if the consumer does not look ahead. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_cursor(
    consumer: *mut kafka_consumer,
    cursor: *mut *mut kafka_cursor,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?;
        let place = output(cursor, "cursor")?;
        let consumer = consumer.handle.enter()?;
        let cursor = consumer.lookahead()?.cursor();
        place.write(std::ptr::from_ref(cursor).cast_mut().cast());
        Ok(())
    })
}

/// Takes messages ahead of their reader: what is there, or the first that comes in time; up to
/// 1000, and less for a reader that is slow. Those that the reader has not read come first. Keeps
/// a member in its group, as kafka_consumer_poll does, which also describes the codes.
///
/// messages: as many pointers as the cursor counts; they, and what they point to, are the
/// consumer's until the next call of this function or its end, or of any other that sets the
/// cursor's count to 0: those that take messages in another way, and those that change what is
/// consumed, and from where. Only the reader may call it, and those. Blocks up to timeout_ms.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_take(
    consumer: *mut kafka_consumer,
    timeout_ms: i32,
    messages: *mut *const *const kafka_raw_message,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?;
        let place = output(messages, "messages")?;
        let consumer = consumer.handle.enter()?;
        consumer.take(timeout_ms)?;
        consumer
            .lookahead()?
            .with_messages(|batch| place.write(batch.as_ptr().cast()));
        Ok(())
    })
}

/// Takes messages ahead of their reader until there are as many, for a caller that wants them at once and
/// cannot wait for them in one call: until they are handed over, by kafka_consumer_take or
/// kafka_consumer_consume, none of them counts as read.
///
/// count: messages that are not read, in all. Returns 0 if there are as many;
/// KAFKA_ERR_TIMED_OUT if not yet; else what kafka_consumer_poll returns. What has come is kept in
/// any case. Only the reader may call it. Blocks up to timeout_ms.
#[no_mangle]
pub unsafe extern "C" fn kafka_consumer_look_ahead(
    consumer: *mut kafka_consumer,
    count: usize,
    timeout_ms: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let consumer = reference(consumer, "consumer")?.handle.enter()?;
        consumer.look_ahead(count, timeout_ms)
    })
}
