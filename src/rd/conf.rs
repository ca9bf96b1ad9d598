//! `rd_kafka_conf_t` and `rd_kafka_topic_conf_t`.

use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::Once;

use libc::{c_char, c_void};

use super::error::lossy;
use super::sys;

/// Room for librdkafka's explanation of a rejected property.
const ERRSTR_SIZE: usize = 512;

/// Calls `set` with a buffer for its explanation, and returns that if it fails.
fn explained(
    set: impl FnOnce(*mut c_char, usize) -> sys::rd_kafka_conf_res_t,
) -> Result<(), String> {
    let mut errstr = [0; ERRSTR_SIZE];
    match set(errstr.as_mut_ptr(), ERRSTR_SIZE) {
        sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK => Ok(()),
        // SAFETY: librdkafka terminates what it writes, and the buffer began as zeroes.
        _ => Err(lossy(unsafe { CStr::from_ptr(errstr.as_ptr()) })),
    }
}

/// A value that `get` writes to a buffer, or, where that is null, only returns the size of.
fn value(get: impl Fn(*mut c_char, &mut usize) -> sys::rd_kafka_conf_res_t) -> Option<CString> {
    let mut size = 0;
    if get(ptr::null_mut(), &mut size) != sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
        return None;
    }
    let mut value = vec![0u8; size.max(1)];
    get(value.as_mut_ptr().cast(), &mut size);
    CStr::from_bytes_until_nul(&value).ok().map(CStr::to_owned)
}

/// Has OpenSSL stay as it is when the process ends. It would clean up in `exit()`, while threads of librdkafka's are in the
/// middle of a handshake. Whatever else uses the same OpenSSL loses nothing by it: the memory goes with the process.
fn keep_openssl() {
    static ONCE: Once = Once::new();
    // SAFETY: may be called at any time; where OpenSSL is in use already it changes nothing.
    ONCE.call_once(|| unsafe {
        sys::OPENSSL_init_crypto(sys::OPENSSL_INIT_NO_ATEXIT, ptr::null());
    });
}

/// A client's configuration.
pub struct Conf(*mut sys::rd_kafka_conf_t);

// SAFETY: librdkafka's configuration objects are plain memory without thread affinity.
unsafe impl Send for Conf {}
// SAFETY: as above; every change takes `&mut self`.
unsafe impl Sync for Conf {}

impl Conf {
    /// librdkafka's defaults, and its own logging off.
    pub fn new() -> Self {
        keep_openssl();
        // SAFETY: the new object is owned by the returned value.
        unsafe {
            let conf = sys::rd_kafka_conf_new();
            sys::rd_kafka_conf_set_log_cb(conf, None);
            Self(conf)
        }
    }

    /// Sets one property; an error is librdkafka's own text.
    pub fn set(&mut self, name: &CStr, value: &CStr) -> Result<(), String> {
        explained(|errstr, size| {
            // SAFETY: the object is alive and the strings are NUL-terminated.
            unsafe { sys::rd_kafka_conf_set(self.0, name.as_ptr(), value.as_ptr(), errstr, size) }
        })
    }

    /// A property's value, or `None` if it is unknown or has none.
    pub fn get(&self, name: &CStr) -> Option<CString> {
        // SAFETY: the object is alive and the name NUL-terminated.
        value(|text, size| unsafe { sys::rd_kafka_conf_get(self.0, name.as_ptr(), text, size) })
    }

    /// Has delivery reports come as events.
    pub fn report_deliveries(&mut self) {
        // SAFETY: the object is alive.
        unsafe { sys::rd_kafka_conf_set_events(self.0, sys::RD_KAFKA_EVENT_DR) };
    }

    pub(super) fn as_raw(&mut self) -> *mut sys::rd_kafka_conf_t {
        self.0
    }

    /// Gives the object away, to `rd_kafka_new`.
    pub(super) fn into_raw(self) -> *mut sys::rd_kafka_conf_t {
        let raw = self.0;
        std::mem::forget(self);
        raw
    }
}

impl Default for Conf {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for Conf {
    fn clone(&self) -> Self {
        // SAFETY: the object is alive. A copy keeps properties and callbacks.
        Self(unsafe { sys::rd_kafka_conf_dup(self.0) })
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        // SAFETY: owned, and not given away.
        unsafe { sys::rd_kafka_conf_destroy(self.0) };
    }
}

/// A topic's configuration.
pub struct TopicConf(*mut sys::rd_kafka_topic_conf_t);

// SAFETY: plain memory, as Conf.
unsafe impl Send for TopicConf {}
// SAFETY: as above; every change takes `&mut self`.
unsafe impl Sync for TopicConf {}

impl TopicConf {
    /// librdkafka's defaults.
    pub fn new() -> Self {
        // SAFETY: the new object is owned by the returned value.
        Self(unsafe { sys::rd_kafka_topic_conf_new() })
    }

    /// # Safety
    /// `raw` has no other owner.
    pub(super) unsafe fn from_raw(raw: *mut sys::rd_kafka_topic_conf_t) -> Self {
        Self(raw)
    }

    /// Sets one property; an error is librdkafka's own text.
    pub fn set(&mut self, name: &CStr, value: &CStr) -> Result<(), String> {
        explained(|errstr, size| {
            // SAFETY: the object is alive and the strings are NUL-terminated.
            unsafe {
                sys::rd_kafka_topic_conf_set(self.0, name.as_ptr(), value.as_ptr(), errstr, size)
            }
        })
    }

    /// A property's value, or `None` if it is unknown or has none.
    pub(super) fn get(&self, name: &CStr) -> Option<CString> {
        // SAFETY: the object is alive and the name NUL-terminated.
        value(|text, size| unsafe {
            sys::rd_kafka_topic_conf_get(self.0, name.as_ptr(), text, size)
        })
    }

    /// Has `partitioner` called for records without a partition, with this opaque.
    pub(super) fn set_partitioner(&mut self, partitioner: sys::Partitioner, opaque: *mut c_void) {
        // SAFETY: the object is alive.
        unsafe {
            sys::rd_kafka_topic_conf_set_partitioner_cb(self.0, Some(partitioner));
            sys::rd_kafka_topic_conf_set_opaque(self.0, opaque);
        }
    }

    /// Gives the object away, to `rd_kafka_topic_new`.
    pub(super) fn into_raw(self) -> *mut sys::rd_kafka_topic_conf_t {
        let raw = self.0;
        std::mem::forget(self);
        raw
    }
}

impl Default for TopicConf {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TopicConf {
    fn drop(&mut self) {
        // SAFETY: owned, and not given away.
        unsafe { sys::rd_kafka_topic_conf_destroy(self.0) };
    }
}
