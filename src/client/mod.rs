//! What the library is about: producers, consumers and what they need, without
//! a raw pointer. The C boundary is a thin shell around this.

#![forbid(unsafe_code)]

mod accumulator;
mod admin;
mod api;
mod call;
mod causes;
// The room has the name of what is in the middle of it.
#[allow(clippy::module_inception)]
mod client;
mod conf;
mod consumer;
mod error;
mod events;
mod flush;
mod future;
mod group;
mod lookahead;
mod mock_cluster;
mod notifier;
mod offsets;
mod opaque;
mod producer;
mod reports;
mod texts;
mod transaction;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use crate::rd::admin as verbs;
pub use crate::rd::{
    librdkafka_version, Batch, Change, Code, Fields, GroupMetadata, Headers, Meaning, Message,
    MessageStatus, Partitions, Record, Records, Topic, TopicId, TopicPartition,
};
pub use admin::Admin;
pub use call::Call;
pub use client::Client;
pub use conf::{Conf, TopicConf};
pub use consumer::{Consumer, CLOSE_AT_END_MS};
pub use error::{Error, Result};
pub use events::{Event, Events, Kinds, What};
pub use future::{Future, Futures, Made, Outcome, Promise};
pub use group::Assignment;
pub use lookahead::{Cursor, DropLater};
pub use mock_cluster::MockCluster;
pub use notifier::Notifier;
pub use opaque::{Opaque, Opaques};
pub use producer::{Lost, Producer, FLUSH_AT_END_MS};
pub use reports::{Counters, PollResult, Report, Reports};
pub use texts::TextId;

/// Locks, also behind a thread that has panicked: what these locks guard is whole whenever a call of it is over.
#[inline]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
