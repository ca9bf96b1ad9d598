//! `kafka_topic`: a topic as one producer sees it.

use std::sync::Arc;

use super::boundary::{guarded_void, take_back};
use crate::client::{Code, Error, Topic};
use crate::process::Generation;

/// A topic of one producer, made by kafka_producer_create_topic. Usable from any
/// thread. It may outlive its producer: sending to it then fails.
pub struct kafka_topic {
    pub(super) process: Generation,
    pub(super) topic: Arc<Topic>,
}

impl kafka_topic {
    /// Why nothing could be sent to it.
    #[cold]
    pub(super) fn refusal(&self, code: Code) -> Error {
        // No producer of this process knows a topic that was made before it was forked.
        if self.process.is_current() {
            code.into()
        } else {
            Error::forked()
        }
    }
}

/// Frees a topic; messages sent to it are delivered all the same. No call on it
/// may be under way. NULL is nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_topic_free(topic: *mut kafka_topic) {
    guarded_void(|| {
        if let Some(topic) = take_back(topic) {
            // In a forked child its producer's locks may be held by threads that are not there.
            if !topic.process.is_current() {
                std::mem::forget(topic);
            }
        }
    });
}
