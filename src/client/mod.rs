//! What the library is about: producers, consumers and what they need, without
//! a raw pointer. The C boundary is a thin shell around this.

#![forbid(unsafe_code)]

mod admin;
mod api;
mod call;
// The room has the name of what is in the middle of it.
#[allow(clippy::module_inception)]
mod client;
mod conf;
mod consumer;
mod deadline;
mod error;
mod events;
mod group;
mod handoff;
mod hub;
mod lookahead;
mod mock_cluster;
mod names;
mod offsets;
mod opaque;
mod producer;
mod reports;
mod request;
mod transaction;

pub use crate::rd::admin as verbs;
pub use crate::rd::{
    librdkafka_version, Batch, Change, Code, Fields, GroupMetadata, Headers, Meaning, Message,
    Partition, Partitions, Record, Records, Topic,
};
pub use admin::Admin;
pub use call::Call;
pub use client::Client;
pub use conf::{Conf, TopicConf};
pub use consumer::{Consumer, CLOSE_AT_END_MS};
pub use error::{Error, Result};
pub use events::{Event, Events, Kinds, What};
pub use group::Assignment;
pub use hub::Hub;
pub use lookahead::{Cursor, DropLater};
pub use mock_cluster::MockCluster;
pub use names::TopicId;
pub use opaque::Opaque;
pub use producer::{log_lost, Producer, FLUSH_AT_END_MS};
pub use reports::{Counters, Report, Reported, Reports};
pub use request::{Made, Outcome, Request};
