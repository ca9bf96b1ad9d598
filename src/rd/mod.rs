//! A safe, thin layer over librdkafka: one file per librdkafka object, and the
//! only code of this crate that names `rdkafka_sys`.

pub mod admin;
mod batch;
mod client;
mod codes;
mod conf;
mod delivery;
mod error;
mod event;
mod group;
mod group_metadata;
mod listener;
mod message;
mod metadata;
mod mock_cluster;
mod offsets;
mod partitioner;
mod partitions;
mod record;
mod records;
mod report_queue;
mod sasl;
mod sys;
mod topic;
mod transaction;

pub use batch::Batch;
pub use client::{Client, Kind, WeakClient};
pub use codes::Meaning;
pub use conf::{Conf, TopicConf};
pub use delivery::{Deliveries, DeliveryReport, MessageStatus};
pub use error::{librdkafka_version, Code, Error};
pub use event::{Event, OnArrival, Queue};
pub use group_metadata::GroupMetadata;
pub use listener::{Change, Listener, Wanted};
pub use message::{Fields, Header, Message, Trouble};
pub use mock_cluster::MockCluster;
pub use partitions::{Partitions, TopicPartition, OFFSET_STORED};
pub use record::{Headers, Record};
pub use records::{Queued, Records, AT_ONCE};
pub use report_queue::ReportQueue;
pub use topic::{Topic, TopicId};
