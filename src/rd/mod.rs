//! A safe, thin layer over librdkafka: one file per librdkafka object, and the
//! only code of this crate that names `rdkafka_sys`.

pub mod admin;
mod client;
mod codes;
mod conf;
mod error;
mod event;
mod listener;
mod message;
mod metadata;
mod mock_cluster;
mod partitions;
mod sasl;
mod sys;
mod topic;

pub use client::{Client, Kind};
pub use codes::Meaning;
pub use conf::{Conf, TopicConf};
pub use error::{librdkafka_version, Code, Error};
pub use event::{DeliveryReport, Event, Queue};
pub use listener::{Change, Listener, Wanted};
pub use message::{Message, Trouble};
pub use mock_cluster::MockCluster;
pub use partitions::{Partition, Partitions};
pub use topic::Topic;
