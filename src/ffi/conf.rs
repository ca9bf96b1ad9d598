//! `kafka_conf` and `kafka_topic_conf`.

use std::ffi::c_char;
use std::ops::RangeInclusive;

use super::boundary::{guarded, guarded_void, output, reference, reference_mut, string, take_back};
use super::error::kafka_error;
use crate::client::{Conf, Error, Kinds, TopicConf};

/// The properties of a producer or a consumer, as librdkafka names them. Not to
/// be used by two threads at once.
pub struct kafka_conf(pub(super) Conf);

/// A copy of a configuration that may be NULL: librdkafka's defaults.
///
/// # Safety
/// `conf` is null or valid for the call.
pub(super) unsafe fn given(conf: *const kafka_conf) -> Conf {
    // SAFETY: by the caller's word.
    unsafe { conf.as_ref() }.map_or_else(Conf::default, |conf| conf.0.clone())
}

/// The properties of a topic, as librdkafka names them. Not to be used by two
/// threads at once.
pub struct kafka_topic_conf(pub(super) TopicConf);

/// Makes an empty configuration: librdkafka's defaults.
///
/// conf: where the new object goes; free it with kafka_conf_free. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_conf_new(conf: *mut *mut kafka_conf, err: *mut kafka_error) -> i32 {
    guarded(err, || {
        output(conf, "conf")?.hand_over(kafka_conf(Conf::default()));
        Ok(())
    })
}

/// Sets a property.
///
/// name, value: copied. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT with librdkafka's
/// own text, and changes nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_conf_set(
    conf: *mut kafka_conf,
    name: *const c_char,
    value: *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let conf = reference_mut(conf, "conf")?;
        conf.0.set(string(name, "name")?, string(value, "value")?)
    })
}

/// Reads a property as librdkafka understood it.
///
/// value: room for value_size bytes, written with its terminator; NULL with
/// value_size 0 asks for the length alone. value_len: the length without the
/// terminator; may be NULL. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if the property
/// is unknown, has no value or does not fit. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_conf_get(
    conf: *const kafka_conf,
    name: *const c_char,
    value: *mut c_char,
    value_size: usize,
    value_len: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let found = reference(conf, "conf")?.0.get(string(name, "name")?)?;
        let bytes = found.as_bytes_with_nul();
        if value.is_null() && value_size > 0 {
            return Err(Error::invalid("value is NULL with a size"));
        }
        if !value.is_null() {
            if value_size < bytes.len() {
                return Err(Error::invalid(format!(
                    "value_size is {value_size}, {} are needed",
                    bytes.len()
                )));
            }
            value.copy_from_nonoverlapping(bytes.as_ptr().cast(), bytes.len());
        }
        if let Some(value_len) = value_len.as_mut() {
            *value_len = bytes.len() - 1;
        }
        Ok(())
    })
}

/// Makes topic_conf the default of every topic of the client, on top of what was
/// set before.
///
/// topic_conf: copied. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_conf_set_topic_conf(
    conf: *mut kafka_conf,
    topic_conf: *const kafka_topic_conf,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let conf = reference_mut(conf, "conf")?;
        conf.0
            .set_topic_conf(&reference(topic_conf, "topic_conf")?.0)
    })
}

/// Sets which events the caller wants to have at once: they end the client's waiting
/// calls (those that poll, take, consume, wait, flush or leave) with KAFKA_ERR_EVENT until they
/// are taken by kafka_client_poll_event; kafka_future_wait and closing go on. All other events can
/// be taken there too, whenever one likes.
///
/// kinds: KAFKA_EVENT constants, joined by |; replaces what was set before. With
/// KAFKA_EVENT_REBALANCE a consumer's rebalances are answered by the caller, else by
/// librdkafka. With KAFKA_EVENT_LOG the log does not go to stderr, where debug or log_level
/// send it else. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_conf_set_events(
    conf: *mut kafka_conf,
    kinds: u32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let conf = reference_mut(conf, "conf")?;
        if kinds & !Kinds::ALL.0 != 0 {
            return Err(Error::invalid(format!(
                "kinds has a bit that is no KAFKA_EVENT: {kinds:#x}"
            )));
        }
        conf.0.set_awaited(Kinds(kinds));
        Ok(())
    })
}

/// Gives a producer a record accumulator: what a call of kafka_producer_send or kafka_producer_produce costs is a copy, and a
/// thread of the library's, the sender, gives librdkafka many records at once. Costs a thread, and up to a millisecond until a
/// record is on its way; what is wrong with a record besides its size is reported, and not returned.
///
/// bytes: how many bytes of keys and values may be sent and not reported yet, as Kafka's own buffer.memory, 128 KiB at least
/// and 2 GiB at most; then kafka_producer_send returns KAFKA_ERR_QUEUE_FULL. It takes the place of queue.buffering.max.kbytes.
/// 0, the default, for no accumulator. Returns 0; KAFKA_ERR_INVALID_ARGUMENT, and changes nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_conf_set_buffer_memory(
    conf: *mut kafka_conf,
    bytes: usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let conf = reference_mut(conf, "conf")?;
        if bytes != 0 && !BUFFER_MEMORY.contains(&bytes) {
            return Err(Error::invalid(format!(
                "bytes is not between 131072 and 2147483648: {bytes}"
            )));
        }
        conf.0.set_buffer_memory((bytes != 0).then_some(bytes));
        Ok(())
    })
}

/// What [`kafka_conf_set_buffer_memory`] takes: two chunks at least.
const BUFFER_MEMORY: RangeInclusive<usize> = 128 << 10..=2 << 30;

/// Frees a configuration; clients made with it do not need it. NULL is nothing.
#[no_mangle]
pub unsafe extern "C" fn kafka_conf_free(conf: *mut kafka_conf) {
    guarded_void(|| drop(take_back(conf)));
}

/// Makes an empty topic configuration: the client's defaults.
///
/// topic_conf: where the new object goes; free it with kafka_topic_conf_free.
/// Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_topic_conf_new(
    topic_conf: *mut *mut kafka_topic_conf,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        output(topic_conf, "topic_conf")?.hand_over(kafka_topic_conf(TopicConf::default()));
        Ok(())
    })
}

/// Sets a property of a topic.
///
/// name, value: copied. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT with librdkafka's
/// own text, and changes nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_topic_conf_set(
    topic_conf: *mut kafka_topic_conf,
    name: *const c_char,
    value: *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let topic_conf = reference_mut(topic_conf, "topic_conf")?;
        topic_conf
            .0
            .set(string(name, "name")?, string(value, "value")?)
    })
}

/// Frees a topic configuration; topics made with it do not need it. NULL is nothing.
#[no_mangle]
pub unsafe extern "C" fn kafka_topic_conf_free(topic_conf: *mut kafka_topic_conf) {
    guarded_void(|| drop(take_back(topic_conf)));
}
