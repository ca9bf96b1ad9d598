//! A cluster inside the process, for tests without a broker.

use std::ffi::CStr;

use super::api;
use super::error::{Error, Result};
use crate::process;
use crate::rd;

/// In-process brokers, with ids from 1.
pub struct MockCluster {
    native: rd::MockCluster,
    broker_count: i32,
}

/// librdkafka's mock broker asserts where a broker would answer with an error.
fn in_range(what: &str, value: i32, range: std::ops::RangeInclusive<i32>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{what} must be from {} to {}, got {value}",
        range.start(),
        range.end()
    )))
}

impl MockCluster {
    /// Starts so many brokers.
    pub fn new(broker_count: i32) -> Result<Self> {
        in_range("broker_count", broker_count, 1..=1000)?;
        // librdkafka blocks the signals of a client's threads, not of a mock cluster's.
        let native = process::with_signals_blocked(|| rd::MockCluster::new(broker_count))?;
        Ok(Self {
            native,
            broker_count,
        })
    }

    /// The brokers' addresses, comma-separated.
    pub fn bootstrap_servers(&self) -> &CStr {
        self.native.bootstrap_servers()
    }

    /// Creates a topic.
    pub fn create_topic(&self, topic: &CStr, partitions: i32, replication: i32) -> Result<()> {
        if topic.is_empty() {
            return Err(Error::invalid("the topic's name is empty"));
        }
        in_range("partition_count", partitions, 1..=10_000)?;
        in_range("replication_factor", replication, 1..=self.broker_count)?;
        Ok(self.native.create_topic(topic, partitions, replication)?)
    }

    fn broker(&self, broker_id: i32) -> Result<()> {
        in_range("broker_id", broker_id, 1..=self.broker_count)
    }

    /// Cuts a broker off.
    pub fn broker_down(&self, broker_id: i32) -> Result<()> {
        self.broker(broker_id)?;
        Ok(self.native.broker_down(broker_id)?)
    }

    /// Brings a broker back.
    pub fn broker_up(&self, broker_id: i32) -> Result<()> {
        self.broker(broker_id)?;
        Ok(self.native.broker_up(broker_id)?)
    }

    /// Sets how long a broker takes to answer.
    pub fn set_rtt(&self, broker_id: i32, rtt_ms: i32) -> Result<()> {
        self.broker(broker_id)?;
        in_range("rtt_ms", rtt_ms, 0..=3_600_000)?;
        Ok(self.native.set_rtt(broker_id, rtt_ms)?)
    }

    /// The number of the API of this name, for [`Self::push_errors`].
    pub fn api_key(name: &CStr) -> Result<i32> {
        let name = name.to_string_lossy();
        api::key_of(&name).ok_or_else(|| {
            Error::invalid(format!(
                "api is \"{name}\", and not one of Kafka's as \"Produce\" or \"InitProducerId\""
            ))
        })
    }

    /// Has the next requests of one API fail, one for each code.
    pub fn push_errors(&self, api_key: i32, codes: &[i32]) -> Result<()> {
        in_range("api_key", api_key, 0..=i32::from(i16::MAX))?;
        if !codes.is_empty() {
            self.native.push_errors(api_key as i16, codes);
        }
        Ok(())
    }

    /// Moves a partition's leadership.
    pub fn set_leader(&self, topic: &CStr, partition: i32, broker_id: i32) -> Result<()> {
        self.broker(broker_id)?;
        in_range("partition", partition, 0..=i32::MAX)?;
        Ok(self.native.set_leader(topic, partition, broker_id)?)
    }
}
