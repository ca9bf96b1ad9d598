//! `rd_kafka_mock_cluster_t`: brokers inside this process, for tests.

use std::ffi::{CStr, CString};
use std::sync::Arc;

use super::client::{Client, Kind};
use super::conf::Conf;
use super::error::{Code, Error};
use super::listener::{Change, Listener, Wanted};
use super::partitions::Partitions;
use super::sys;

/// A cluster of in-process brokers, listening on 127.0.0.1. Broker ids start at 1.
pub struct MockCluster {
    cluster: *mut sys::rd_kafka_mock_cluster_t,
    bootstrap_servers: CString,
    // Dropped after the cluster, which runs on this instance.
    _client: Client,
}

// SAFETY: every call is an operation that the cluster's own thread carries out.
unsafe impl Send for MockCluster {}
// SAFETY: as above.
unsafe impl Sync for MockCluster {}

/// Ignores what the cluster's own instance reports.
struct Deaf;

impl Listener for Deaf {
    fn connection_changed(&self, _: &CStr, _: i32, _: bool) {}
    fn thread_ends(&self) {}
    fn error(&self, _: Error) -> bool {
        false
    }
    fn statistics(&self, _: &[u8]) -> bool {
        false
    }
    fn log(&self, _: &CStr, _: i32, _: &CStr, _: &CStr) {}
    fn throttled(&self, _: &CStr, _: i32, _: i32) -> bool {
        false
    }
    fn token_wanted(&self, _: &CStr) -> bool {
        false
    }
    fn rebalance(&self, _: Change, _: Partitions) -> bool {
        false
    }
    fn commit_failed(&self, _: Code, _: Partitions) -> bool {
        false
    }
}

impl MockCluster {
    /// Starts a cluster.
    pub fn new(broker_count: i32) -> Result<Self, Error> {
        let client = Client::new(
            Kind::Producer,
            Conf::new(),
            Arc::new(Deaf),
            None,
            Wanted::default(),
        )
        .map_err(|text| Error::new(Code::FAIL, text))?;
        // SAFETY: the instance is alive, and outlives the cluster.
        unsafe {
            let cluster = sys::rd_kafka_mock_cluster_new(client.as_raw(), broker_count);
            if cluster.is_null() {
                return Err(Error::new(Code::FAIL, "the mock cluster could not be made"));
            }
            let servers = CStr::from_ptr(sys::rd_kafka_mock_cluster_bootstraps(cluster));
            Ok(Self {
                cluster,
                bootstrap_servers: servers.to_owned(),
                _client: client,
            })
        }
    }

    /// The brokers' addresses, comma-separated.
    pub fn bootstrap_servers(&self) -> &CStr {
        &self.bootstrap_servers
    }

    /// Creates a topic.
    pub fn create_topic(
        &self,
        topic: &CStr,
        partition_count: i32,
        replication_factor: i32,
    ) -> Result<(), Error> {
        // SAFETY: the cluster is alive; the name is copied.
        Code(unsafe {
            sys::rd_kafka_mock_topic_create(
                self.cluster,
                topic.as_ptr(),
                partition_count,
                replication_factor,
            )
        })
        .check()
    }

    /// Disconnects all clients from a broker and refuses new connections.
    pub fn broker_down(&self, broker_id: i32) -> Result<(), Error> {
        // SAFETY: the cluster is alive.
        Code(unsafe { sys::rd_kafka_mock_broker_set_down(self.cluster, broker_id) }).check()
    }

    /// Lets a broker accept connections again.
    pub fn broker_up(&self, broker_id: i32) -> Result<(), Error> {
        // SAFETY: the cluster is alive.
        Code(unsafe { sys::rd_kafka_mock_broker_set_up(self.cluster, broker_id) }).check()
    }

    /// Sets how long a broker takes to answer; -1 stands for every broker.
    pub fn set_rtt(&self, broker_id: i32, rtt_ms: i32) -> Result<(), Error> {
        // SAFETY: the cluster is alive.
        Code(unsafe { sys::rd_kafka_mock_broker_set_rtt(self.cluster, broker_id, rtt_ms) }).check()
    }

    /// Has the next requests of one API fail, one for each code.
    pub fn push_errors(&self, api_key: i16, codes: &[i32]) {
        // SAFETY: the cluster is alive; the codes are copied.
        unsafe {
            sys::rd_kafka_mock_push_request_errors_array(
                self.cluster,
                api_key,
                codes.len(),
                codes.as_ptr(),
            )
        };
    }

    /// Moves a partition's leadership.
    pub fn set_leader(&self, topic: &CStr, partition: i32, broker_id: i32) -> Result<(), Error> {
        // SAFETY: the cluster is alive; the name is copied.
        Code(unsafe {
            sys::rd_kafka_mock_partition_set_leader(
                self.cluster,
                topic.as_ptr(),
                partition,
                broker_id,
            )
        })
        .check()
    }
}

impl Drop for MockCluster {
    fn drop(&mut self) {
        // SAFETY: owned, and its instance is still alive.
        unsafe { sys::rd_kafka_mock_cluster_destroy(self.cluster) };
    }
}
