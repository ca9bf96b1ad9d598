//! The parts of `rdkafka_sys` that this crate uses, with every error code as a
//! plain integer.
//!
//! The bindings declare librdkafka's error codes as a Rust enum. A broker newer
//! than the bindings may send a code the enum does not have, and a Rust enum with
//! such a value is undefined behaviour; so whatever carries a code is declared
//! anew here with `c_int` in its place.

use libc::{c_char, c_int, c_void};

pub use rdkafka_sys::bindings::{
    rd_kafka_abort_transaction, rd_kafka_assignment_lost, rd_kafka_begin_transaction,
    rd_kafka_clusterid, rd_kafka_commit_transaction, rd_kafka_conf_destroy, rd_kafka_conf_dup,
    rd_kafka_conf_enable_sasl_queue, rd_kafka_conf_get, rd_kafka_conf_new, rd_kafka_conf_res_t,
    rd_kafka_conf_set, rd_kafka_conf_set_error_cb, rd_kafka_conf_set_events,
    rd_kafka_conf_set_log_cb, rd_kafka_conf_set_oauthbearer_token_refresh_cb,
    rd_kafka_conf_set_opaque, rd_kafka_conf_set_stats_cb, rd_kafka_conf_set_throttle_cb,
    rd_kafka_conf_t, rd_kafka_consumer_close_queue, rd_kafka_consumer_closed,
    rd_kafka_consumer_group_metadata, rd_kafka_consumer_group_metadata_destroy,
    rd_kafka_consumer_group_metadata_generation_id, rd_kafka_consumer_group_metadata_group_id,
    rd_kafka_consumer_group_metadata_group_instance_id, rd_kafka_consumer_group_metadata_member_id,
    rd_kafka_consumer_group_metadata_t, rd_kafka_default_topic_conf_dup, rd_kafka_destroy_flags,
    rd_kafka_error_destroy, rd_kafka_error_is_fatal, rd_kafka_error_is_retriable,
    rd_kafka_error_string, rd_kafka_error_t, rd_kafka_error_txn_requires_abort,
    rd_kafka_event_config_string, rd_kafka_event_destroy, rd_kafka_event_error_is_fatal,
    rd_kafka_event_error_string, rd_kafka_event_message_count, rd_kafka_event_stats,
    rd_kafka_event_t, rd_kafka_event_topic_partition_list, rd_kafka_event_type,
    rd_kafka_headers_copy, rd_kafka_headers_destroy, rd_kafka_headers_new, rd_kafka_headers_t,
    rd_kafka_init_transactions, rd_kafka_mem_free, rd_kafka_mock_cluster_bootstraps,
    rd_kafka_mock_cluster_destroy, rd_kafka_mock_cluster_new, rd_kafka_mock_cluster_t,
    rd_kafka_msg_partitioner_consistent, rd_kafka_msg_partitioner_consistent_random,
    rd_kafka_msg_partitioner_fnv1a, rd_kafka_msg_partitioner_fnv1a_random,
    rd_kafka_msg_partitioner_murmur2, rd_kafka_msg_partitioner_murmur2_random,
    rd_kafka_msg_partitioner_random, rd_kafka_name, rd_kafka_new, rd_kafka_opaque,
    rd_kafka_outq_len, rd_kafka_poll_set_consumer, rd_kafka_produce, rd_kafka_produceva,
    rd_kafka_queue_cb_event_enable, rd_kafka_queue_destroy, rd_kafka_queue_get_consumer,
    rd_kafka_queue_get_main, rd_kafka_queue_new, rd_kafka_queue_poll, rd_kafka_queue_t,
    rd_kafka_queue_yield, rd_kafka_rebalance_protocol, rd_kafka_sasl_background_callbacks_enable,
    rd_kafka_sasl_set_credentials, rd_kafka_send_offsets_to_transaction, rd_kafka_t,
    rd_kafka_topic_conf_destroy, rd_kafka_topic_conf_get, rd_kafka_topic_conf_new,
    rd_kafka_topic_conf_set, rd_kafka_topic_conf_set_opaque,
    rd_kafka_topic_conf_set_partitioner_cb, rd_kafka_topic_conf_t, rd_kafka_topic_destroy,
    rd_kafka_topic_name, rd_kafka_topic_new, rd_kafka_topic_opaque,
    rd_kafka_topic_partition_available, rd_kafka_topic_partition_list_destroy,
    rd_kafka_topic_partition_list_new, rd_kafka_topic_partition_list_t, rd_kafka_topic_t,
    rd_kafka_type_t, rd_kafka_version_str, rd_kafka_vtype_t,
    rd_kafka_vu_s__bindgen_ty_1 as Argument,
    rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 as ArgumentMemory, rd_kafka_vu_t,
    RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE, RD_KAFKA_EVENT_DR, RD_KAFKA_EVENT_ERROR,
    RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH, RD_KAFKA_EVENT_OFFSET_COMMIT,
    RD_KAFKA_EVENT_REBALANCE, RD_KAFKA_EVENT_STATS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_PURGE_F_INFLIGHT,
    RD_KAFKA_PURGE_F_NON_BLOCKING, RD_KAFKA_PURGE_F_QUEUE,
};

/// Of openssl/crypto.h; librdkafka brings OpenSSL along, whichever it is.
pub const OPENSSL_INIT_NO_ATEXIT: u64 = 0x0008_0000;

extern "C" {
    pub fn OPENSSL_init_crypto(options: u64, settings: *const c_void) -> c_int;
}

/// Chooses a partition for a record: by its topic, its key, how many partitions there are, the topic's opaque and the
/// record's.
pub type Partitioner = unsafe extern "C" fn(
    *const rd_kafka_topic_t,
    *const c_void,
    usize,
    i32,
    *mut c_void,
    *mut c_void,
) -> i32;

/// `rd_kafka_message_t`; librdkafka promises that its public fields stay as they are.
#[repr(C)]
pub struct rd_kafka_message_t {
    pub err: c_int,
    pub rkt: *mut rd_kafka_topic_t,
    pub partition: i32,
    pub payload: *mut c_void,
    pub len: usize,
    pub key: *mut c_void,
    pub key_len: usize,
    pub offset: i64,
    pub private: *mut c_void,
}

/// `rd_kafka_topic_partition_t`.
#[repr(C)]
pub struct rd_kafka_topic_partition_t {
    pub topic: *mut c_char,
    pub partition: i32,
    pub offset: i64,
    pub metadata: *mut c_void,
    pub metadata_size: usize,
    pub opaque: *mut c_void,
    pub err: c_int,
    private: *mut c_void,
}

/// `rd_kafka_metadata_broker`.
#[repr(C)]
pub struct rd_kafka_metadata_broker_t {
    pub id: i32,
    pub host: *mut c_char,
    pub port: c_int,
}

/// `rd_kafka_metadata_partition`.
#[repr(C)]
pub struct rd_kafka_metadata_partition_t {
    pub id: i32,
    pub err: c_int,
    pub leader: i32,
    pub replica_cnt: c_int,
    pub replicas: *mut i32,
    pub isr_cnt: c_int,
    pub isrs: *mut i32,
}

/// `rd_kafka_metadata_topic`.
#[repr(C)]
pub struct rd_kafka_metadata_topic_t {
    pub topic: *mut c_char,
    pub partition_cnt: c_int,
    pub partitions: *mut rd_kafka_metadata_partition_t,
    pub err: c_int,
}

/// `rd_kafka_metadata`.
#[repr(C)]
pub struct rd_kafka_metadata_t {
    pub broker_cnt: c_int,
    pub brokers: *mut rd_kafka_metadata_broker_t,
    pub topic_cnt: c_int,
    pub topics: *mut rd_kafka_metadata_topic_t,
    pub orig_broker_id: i32,
    pub orig_broker_name: *mut c_char,
}

/// Called with what became of a message.
pub type OnAcknowledgement =
    unsafe extern "C" fn(*mut rd_kafka_t, *mut rd_kafka_message_t, *mut c_void) -> c_int;

/// Called when a client is made, before it has threads: with its configuration and room for a text.
pub type OnNew = unsafe extern "C" fn(
    *mut rd_kafka_t,
    *const rd_kafka_conf_t,
    *mut c_void,
    *mut c_char,
    usize,
) -> c_int;

/// Called on a thread of librdkafka's, with what it is for and its name.
pub type OnThread =
    unsafe extern "C" fn(*mut rd_kafka_t, c_int, *const c_char, *mut c_void) -> c_int;

/// Called with a broker's number, protocol, host, port and state.
pub type OnBrokerState = unsafe extern "C" fn(
    *mut rd_kafka_t,
    i32,
    *const c_char,
    *const c_char,
    c_int,
    *const c_char,
    *mut c_void,
) -> c_int;

/// A callback about partitions, with an error code.
pub type OnPartitions = unsafe extern "C" fn(
    rk: *mut rd_kafka_t,
    code: c_int,
    partitions: *mut rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
);

const _: () = {
    use rdkafka_sys::bindings as theirs;
    use std::mem::{offset_of, size_of};
    assert!(size_of::<rd_kafka_message_t>() == size_of::<theirs::rd_kafka_message_t>());
    assert!(
        offset_of!(rd_kafka_message_t, private) == offset_of!(theirs::rd_kafka_message_t, _private)
    );
    assert!(
        size_of::<rd_kafka_metadata_broker_t>() == size_of::<theirs::rd_kafka_metadata_broker>()
    );
    assert!(
        size_of::<rd_kafka_metadata_partition_t>()
            == size_of::<theirs::rd_kafka_metadata_partition>()
    );
    assert!(size_of::<rd_kafka_metadata_topic_t>() == size_of::<theirs::rd_kafka_metadata_topic>());
    assert!(size_of::<rd_kafka_metadata_t>() == size_of::<theirs::rd_kafka_metadata>());
    assert!(
        size_of::<rd_kafka_topic_partition_t>() == size_of::<theirs::rd_kafka_topic_partition_t>()
    );
    assert!(
        offset_of!(rd_kafka_topic_partition_t, err)
            == offset_of!(theirs::rd_kafka_topic_partition_t, err)
    );
};

extern "C" {
    pub fn rd_kafka_conf_interceptor_add_on_new(
        conf: *mut rd_kafka_conf_t,
        name: *const c_char,
        on_new: OnNew,
        opaque: *mut c_void,
    ) -> c_int;
    pub fn rd_kafka_interceptor_add_on_acknowledgement(
        rk: *mut rd_kafka_t,
        name: *const c_char,
        on_acknowledgement: OnAcknowledgement,
        opaque: *mut c_void,
    ) -> c_int;
    pub fn rd_kafka_interceptor_add_on_thread_start(
        rk: *mut rd_kafka_t,
        name: *const c_char,
        on_thread_start: OnThread,
        opaque: *mut c_void,
    ) -> c_int;
    pub fn rd_kafka_interceptor_add_on_thread_exit(
        rk: *mut rd_kafka_t,
        name: *const c_char,
        on_thread_exit: OnThread,
        opaque: *mut c_void,
    ) -> c_int;
    pub fn rd_kafka_interceptor_add_on_broker_state_change(
        rk: *mut rd_kafka_t,
        name: *const c_char,
        on_broker_state_change: OnBrokerState,
        opaque: *mut c_void,
    ) -> c_int;

    pub fn rd_kafka_err2name(err: c_int) -> *const c_char;
    pub fn rd_kafka_err2str(err: c_int) -> *const c_char;
    pub fn rd_kafka_last_error() -> c_int;
    pub fn rd_kafka_error_code(error: *const rd_kafka_error_t) -> c_int;
    pub fn rd_kafka_fatal_error(rk: *mut rd_kafka_t, errstr: *mut c_char, size: usize) -> c_int;

    pub fn rd_kafka_metadata(
        rk: *mut rd_kafka_t,
        all_topics: c_int,
        only_rkt: *mut rd_kafka_topic_t,
        metadata: *mut *const rd_kafka_metadata_t,
        timeout_ms: c_int,
    ) -> c_int;
    pub fn rd_kafka_metadata_destroy(metadata: *const rd_kafka_metadata_t);
    pub fn rd_kafka_oauthbearer_set_token(
        rk: *mut rd_kafka_t,
        token_value: *const c_char,
        md_lifetime_ms: i64,
        md_principal_name: *const c_char,
        extensions: *mut *const c_char,
        extension_size: usize,
        errstr: *mut c_char,
        errstr_size: usize,
    ) -> c_int;
    pub fn rd_kafka_oauthbearer_set_token_failure(
        rk: *mut rd_kafka_t,
        errstr: *const c_char,
    ) -> c_int;

    pub fn rd_kafka_produce_batch(
        rkt: *mut rd_kafka_topic_t,
        partition: i32,
        msgflags: c_int,
        messages: *mut rd_kafka_message_t,
        message_cnt: c_int,
    ) -> c_int;

    pub fn rd_kafka_header_add(
        headers: *mut rd_kafka_headers_t,
        name: *const c_char,
        name_size: isize,
        value: *const c_void,
        value_size: isize,
    ) -> c_int;

    pub fn rd_kafka_brokers_add(rk: *mut rd_kafka_t, brokers: *const c_char) -> c_int;
    pub fn rd_kafka_flush(rk: *mut rd_kafka_t, timeout_ms: c_int) -> c_int;
    pub fn rd_kafka_purge(rk: *mut rd_kafka_t, flags: c_int) -> c_int;

    pub fn rd_kafka_conf_set_rebalance_cb(
        conf: *mut rd_kafka_conf_t,
        rebalance_cb: Option<OnPartitions>,
    );
    pub fn rd_kafka_conf_set_offset_commit_cb(
        conf: *mut rd_kafka_conf_t,
        offset_commit_cb: Option<OnPartitions>,
    );

    pub fn rd_kafka_event_error(event: *mut rd_kafka_event_t) -> c_int;

    pub fn rd_kafka_subscribe(
        rk: *mut rd_kafka_t,
        topics: *const rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub fn rd_kafka_unsubscribe(rk: *mut rd_kafka_t) -> c_int;
    pub fn rd_kafka_subscription(
        rk: *mut rd_kafka_t,
        topics: *mut *mut rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub fn rd_kafka_assignment(
        rk: *mut rd_kafka_t,
        partitions: *mut *mut rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub fn rd_kafka_incremental_assign(
        rk: *mut rd_kafka_t,
        partitions: *const rd_kafka_topic_partition_list_t,
    ) -> *mut rd_kafka_error_t;
    pub fn rd_kafka_incremental_unassign(
        rk: *mut rd_kafka_t,
        partitions: *const rd_kafka_topic_partition_list_t,
    ) -> *mut rd_kafka_error_t;
    pub fn rd_kafka_pause_partitions(
        rk: *mut rd_kafka_t,
        partitions: *mut rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub fn rd_kafka_resume_partitions(
        rk: *mut rd_kafka_t,
        partitions: *mut rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub fn rd_kafka_position(
        rk: *mut rd_kafka_t,
        partitions: *mut rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub fn rd_kafka_offsets_store(
        rk: *mut rd_kafka_t,
        partitions: *mut rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub fn rd_kafka_commit(
        rk: *mut rd_kafka_t,
        partitions: *const rd_kafka_topic_partition_list_t,
        is_async: c_int,
    ) -> c_int;
    pub fn rd_kafka_commit_queue(
        rk: *mut rd_kafka_t,
        partitions: *const rd_kafka_topic_partition_list_t,
        queue: *mut rd_kafka_queue_t,
        commit_cb: Option<OnPartitions>,
        opaque: *mut c_void,
    ) -> c_int;
    pub fn rd_kafka_seek_partitions(
        rk: *mut rd_kafka_t,
        partitions: *mut rd_kafka_topic_partition_list_t,
        timeout_ms: c_int,
    ) -> *mut rd_kafka_error_t;
    pub fn rd_kafka_committed(
        rk: *mut rd_kafka_t,
        partitions: *mut rd_kafka_topic_partition_list_t,
        timeout_ms: c_int,
    ) -> c_int;
    pub fn rd_kafka_query_watermark_offsets(
        rk: *mut rd_kafka_t,
        topic: *const c_char,
        partition: i32,
        low: *mut i64,
        high: *mut i64,
        timeout_ms: c_int,
    ) -> c_int;
    pub fn rd_kafka_offsets_for_times(
        rk: *mut rd_kafka_t,
        times: *mut rd_kafka_topic_partition_list_t,
        timeout_ms: c_int,
    ) -> c_int;
    pub fn rd_kafka_consume_batch_queue(
        queue: *mut rd_kafka_queue_t,
        timeout_ms: c_int,
        messages: *mut *mut rd_kafka_message_t,
        message_max: usize,
    ) -> isize;
    pub fn rd_kafka_assign(
        rk: *mut rd_kafka_t,
        partitions: *const rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub fn rd_kafka_consumer_poll(
        rk: *mut rd_kafka_t,
        timeout_ms: c_int,
    ) -> *mut rd_kafka_message_t;
    pub fn rd_kafka_message_produce_errstr(message: *const rd_kafka_message_t) -> *const c_char;
    pub fn rd_kafka_message_errstr(message: *const rd_kafka_message_t) -> *const c_char;
    pub fn rd_kafka_offset_store_message(message: *mut rd_kafka_message_t)
        -> *mut rd_kafka_error_t;
    pub fn rd_kafka_message_destroy(message: *mut rd_kafka_message_t);
    pub fn rd_kafka_message_timestamp(
        message: *const rd_kafka_message_t,
        timestamp_type: *mut c_int,
    ) -> i64;
    pub fn rd_kafka_message_latency(message: *const rd_kafka_message_t) -> i64;
    pub fn rd_kafka_message_status(message: *const rd_kafka_message_t) -> c_int;
    pub fn rd_kafka_message_leader_epoch(message: *const rd_kafka_message_t) -> i32;
    pub fn rd_kafka_message_headers(
        message: *const rd_kafka_message_t,
        headers: *mut *mut rd_kafka_headers_t,
    ) -> c_int;
    pub fn rd_kafka_header_get_all(
        headers: *const rd_kafka_headers_t,
        index: usize,
        name: *mut *const c_char,
        value: *mut *const c_void,
        value_len: *mut usize,
    ) -> c_int;

    pub fn rd_kafka_topic_partition_get_leader_epoch(
        entry: *const rd_kafka_topic_partition_t,
    ) -> i32;
    pub fn rd_kafka_topic_partition_set_leader_epoch(
        entry: *mut rd_kafka_topic_partition_t,
        leader_epoch: i32,
    );
    pub fn rd_kafka_topic_partition_list_add(
        list: *mut rd_kafka_topic_partition_list_t,
        topic: *const c_char,
        partition: i32,
    ) -> *mut rd_kafka_topic_partition_t;

    pub fn rd_kafka_mock_topic_create(
        cluster: *mut rd_kafka_mock_cluster_t,
        topic: *const c_char,
        partition_count: c_int,
        replication_factor: c_int,
    ) -> c_int;
    pub fn rd_kafka_mock_broker_set_down(
        cluster: *mut rd_kafka_mock_cluster_t,
        broker_id: i32,
    ) -> c_int;
    pub fn rd_kafka_mock_broker_set_up(
        cluster: *mut rd_kafka_mock_cluster_t,
        broker_id: i32,
    ) -> c_int;
    pub fn rd_kafka_mock_broker_set_rtt(
        cluster: *mut rd_kafka_mock_cluster_t,
        broker_id: i32,
        rtt_ms: c_int,
    ) -> c_int;
    pub fn rd_kafka_mock_partition_set_leader(
        cluster: *mut rd_kafka_mock_cluster_t,
        topic: *const c_char,
        partition: i32,
        broker_id: i32,
    ) -> c_int;
    pub fn rd_kafka_mock_push_request_errors_array(
        cluster: *mut rd_kafka_mock_cluster_t,
        api_key: i16,
        count: usize,
        errors: *const c_int,
    );
}
