//! What the library is about: producers, consumers and what they need, without
//! a raw pointer. The C boundary is a thin shell around this.

#![forbid(unsafe_code)]

mod conf;
mod consumer;
mod deadline;
mod error;
mod mock_cluster;
mod opaque;
mod producer;
mod reports;

pub use crate::rd::{librdkafka_version, Code, Message, Partitions, Topic};
pub use conf::{Conf, TopicConf};
pub use consumer::{Consumer, CLOSE_AT_END_MS};
pub use error::{Error, Result};
pub use mock_cluster::MockCluster;
pub use opaque::Opaque;
pub use producer::{log_lost, Producer, FLUSH_AT_END_MS};
pub use reports::{Report, Reported};
