//! `kafka_mock_cluster`: brokers inside the process.

use std::ffi::c_char;
use std::slice;
use std::sync::Arc;

use super::boundary::{guarded, guarded_void, output, reference, string, take_back};
use super::error::kafka_error;
use super::handle::{Close, Handle};
use crate::client::{Error, MockCluster};

/// librdkafka's in-process cluster, for tests without a broker. It listens on
/// 127.0.0.1; broker ids start at 1; everything is in memory. Every call may be
/// made from any thread.
pub struct kafka_mock_cluster {
    handle: Arc<Handle<MockCluster>>,
    // Outlives the cluster: a pointer to it was handed out.
    bootstrap_servers: std::ffi::CString,
}

impl Close for MockCluster {
    type Outcome = ();
    fn wake_for_close(&self) {}
    fn finish(&self, _timeout_ms: i32) {}
}

/// Starts a cluster.
///
/// cluster: where the new object goes; free it with kafka_mock_cluster_free.
/// Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_new(
    broker_count: i32,
    cluster: *mut *mut kafka_mock_cluster,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let output = output(cluster, "cluster")?;
        let handle = Handle::made_by(|| MockCluster::new(broker_count))?;
        let bootstrap_servers = handle.enter()?.bootstrap_servers().to_owned();
        output.hand_over(kafka_mock_cluster {
            bootstrap_servers,
            handle: Arc::new(handle),
        });
        Ok(())
    })
}

/// The brokers' addresses, as "host:port,host:port".
///
/// servers: points to a string that the cluster owns until it is freed. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_bootstrap_servers(
    cluster: *const kafka_mock_cluster,
    servers: *mut *const c_char,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let cluster = reference(cluster, "cluster")?;
        let _call = cluster.handle.enter()?;
        output(servers, "servers")?.write(cluster.bootstrap_servers.as_ptr());
        Ok(())
    })
}

/// Creates a topic. Topics that are used without it have 4 partitions.
///
/// Returns 0; KAFKA_ERR_TOPIC_ALREADY_EXISTS; KAFKA_ERR_INVALID_ARGUMENT. Waits for the
/// cluster's thread, some microseconds.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_create_topic(
    cluster: *mut kafka_mock_cluster,
    topic: *const c_char,
    partition_count: i32,
    replication_factor: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let cluster = reference(cluster, "cluster")?.handle.enter()?;
        cluster.create_topic(string(topic, "topic")?, partition_count, replication_factor)
    })
}

/// Disconnects all clients from a broker, which refuses new connections until
/// kafka_mock_cluster_broker_up.
///
/// Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Waits for the cluster's thread, some
/// microseconds.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_broker_down(
    cluster: *mut kafka_mock_cluster,
    broker_id: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        reference(cluster, "cluster")?
            .handle
            .enter()?
            .broker_down(broker_id)
    })
}

/// Lets a broker accept connections again.
///
/// Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Waits for the cluster's thread, some
/// microseconds.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_broker_up(
    cluster: *mut kafka_mock_cluster,
    broker_id: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        reference(cluster, "cluster")?
            .handle
            .enter()?
            .broker_up(broker_id)
    })
}

/// Sets how long a broker takes to answer.
///
/// rtt_ms: milliseconds, 0 for at once. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Waits
/// for the cluster's thread, some microseconds.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_set_rtt(
    cluster: *mut kafka_mock_cluster,
    broker_id: i32,
    rtt_ms: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let cluster = reference(cluster, "cluster")?.handle.enter()?;
        cluster.set_rtt(broker_id, rtt_ms)
    })
}

/// The number of an API of Kafka's, for kafka_mock_cluster_push_errors.
///
/// api: its name in Kafka's protocol, as "Produce", "Metadata" or "InitProducerId", however
/// it is capitalised. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if there is no such API. Does
/// not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_api_key(
    api: *const c_char,
    api_key: *mut i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let api = string(api, "api")?;
        let output = output(api_key, "api_key")?;
        output.write(MockCluster::api_key(api)?);
        Ok(())
    })
}

/// Has the next requests of one API fail, one for each code.
///
/// api_key: Kafka's number of the API, as 0 for Produce and 1 for Fetch, see
/// kafka_mock_cluster_api_key. codes: copied;
/// brokers' codes, or KAFKA_ERR_TRANSPORT to cut the connection; 0 lets one request pass.
/// Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_push_errors(
    cluster: *mut kafka_mock_cluster,
    api_key: i32,
    codes: *const i32,
    code_count: usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let cluster = reference(cluster, "cluster")?.handle.enter()?;
        if code_count == 0 {
            return cluster.push_errors(api_key, &[]);
        }
        if codes.is_null() {
            return Err(Error::invalid("codes is NULL"));
        }
        if code_count > 10_000 {
            return Err(Error::invalid(format!(
                "code_count is out of range: {code_count}"
            )));
        }
        cluster.push_errors(api_key, slice::from_raw_parts(codes, code_count))
    })
}

/// Makes a broker the leader of a partition.
///
/// Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_UNKNOWN_TOPIC_OR_PART. Waits for the
/// cluster's thread, some microseconds.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_set_leader(
    cluster: *mut kafka_mock_cluster,
    topic: *const c_char,
    partition: i32,
    broker_id: i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let cluster = reference(cluster, "cluster")?.handle.enter()?;
        cluster.set_leader(string(topic, "topic")?, partition, broker_id)
    })
}

/// Stops the brokers; clients see them as down. Returns 0, also if it was closed
/// before. Waits for the cluster's threads.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_close(
    cluster: *mut kafka_mock_cluster,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        reference(cluster, "cluster")?.handle.close(0)?;
        Ok(())
    })
}

/// Frees a cluster. One that is open is closed by a thread of the library. No call on it may be under way. In a forked child
/// it does nothing. NULL is nothing. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_mock_cluster_free(cluster: *mut kafka_mock_cluster) {
    guarded_void(|| {
        if let Some(cluster) = take_back(cluster) {
            Handle::free(cluster.handle, 0, drop);
        }
    });
}
