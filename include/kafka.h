/*
 * kafka.h - Kafka for LuaJIT, OpenResty and C. Version 1.0.0.
 *
 * Generated from src/ffi by cbindgen: change it there and run `make header`.
 *
 * CODES      A function that can fail returns an int32_t: 0 for success, one of
 *            librdkafka's numbers, or one of ours, at or below -1000. Outputs are
 *            written on success only. `err`, always last, may be NULL; it is
 *            filled in on failure only, by the caller's own memory.
 * OWNERSHIP  Objects are opaque. What a *_new or *_create_* function hands out is
 *            the caller's, to be given back to the matching *_free once; freeing
 *            NULL is nothing. Strings and bytes handed in are copied before the
 *            call returns. A pointer handed out says in its comment how long it
 *            lasts. A copy of a struct that is to be released is not a second one:
 *            release one of them.
 * STRUCTS    Zero a struct before filling it in: it ends in reserved space, which has
 *            to be all 0, else KAFKA_ERR_INVALID_ARGUMENT. There later versions may
 *            have fields, which a program that does not know them leaves 0; all other
 *            structs stay as they are as long as KAFKA_ABI_VERSION does.
 * CLOSING    A *_close ends an object, and may wait; every later call on it
 *            answers KAFKA_ERR_CLOSED, a second close 0. A *_free closes if need be.
 * THREADS    Producers, topics, consumers, admin clients, what a kafka_client is of,
 *            futures, notifiers, group metadata and mock clusters may be used by any number
 *            of threads at once, whichever made them. Configurations, lists, messages and
 *            batches may be used by one at a time; a value by many while none changes it.
 *            A consumer's kafka_cursor, and kafka_consumer_take, are for one thread.
 *            Every thread needs a kafka_error of its own. A report, an event or a message
 *            goes to one of the threads that ask, whichever is first: only what one
 *            thread takes is in order. A close ends calls that wait in other threads, with
 *            KAFKA_ERR_CLOSED; no call on an object may be under way when it is freed.
 *            No function may be called by a signal's handler. The library's threads block
 *            all signals and never call back into the program; they change numbers that
 *            the header has as volatile while the program looks at them.
 * FORK       librdkafka's threads do not follow into a forked child. There every
 *            call on an object made before answers KAFKA_ERR_FORKED, and freeing it
 *            does nothing: make a new one.
 * BLOCKING   A call blocks only where its comment says so, and no longer than its
 *            timeout_ms: 0 does not wait, -1 waits without limit. One that takes a place
 *            for a kafka_future blocks only if that is NULL.
 * EXIT       A producer that is still open when the process calls exit() or returns
 *            from main is flushed, for a second at most; what had to be given up is
 *            counted on stderr. A signal that ends the process, abort() and _exit()
 *            leave no time for that, and what was queued is gone: docs/C.md shows how
 *            to end on SIGTERM.
 * UNLOADING  The shared library stays loaded until the process ends.
 */

#ifndef KAFKA_H
#define KAFKA_H

#include <stddef.h>
#include <stdint.h>

/** The version of this header; kafka_version() tells the library's. */
#define KAFKA_VERSION "1.0.0"


/**
 * The version of this interface, and the number in the shared library's name, libkafka.so.1: it
 * grows when something changes in a way that a program built before would not survive.
 */
#define KAFKA_ABI_VERSION 1

/**
 * Room for an error's text, terminator included.
 */
#define KAFKA_ERROR_MESSAGE_SIZE 512

/**
 * The number of a message that is sent without one.
 */
#define KAFKA_OPAQUE_NONE UINT64_MAX

/**
 * The number of a message whose report need not be fetched: its delivery is counted only, its
 * failure also by kafka_producer_poll and kafka_producer_unreported_failures, unless the caller gave
 * it up. It takes no room in the queue once it is reported.
 */
#define KAFKA_OPAQUE_NO_REPORT (UINT64_MAX - 1)

/**
 * For kafka_producer_purge: messages that no broker has been sent.
 */
#define KAFKA_PURGE_QUEUE 1

/**
 * For kafka_producer_purge: messages that a broker has not answered for. It may have them even so.
 */
#define KAFKA_PURGE_INFLIGHT 2

/**
 * For kafka_producer_purge: does not wait for librdkafka's threads. Messages that are sent meanwhile may be given up as well.
 */
#define KAFKA_PURGE_NON_BLOCKING 4

/**
 * For kafka_report: the message was not sent, or was refused, in the last attempt. Without enable.idempotence an earlier attempt
 * whose answer was lost may have stored it.
 */
#define KAFKA_MSG_STATUS_NOT_PERSISTED 0

/**
 * For kafka_report: a broker may have the message.
 */
#define KAFKA_MSG_STATUS_POSSIBLY_PERSISTED 1

/**
 * For kafka_report: a broker has the message.
 */
#define KAFKA_MSG_STATUS_PERSISTED 2

/**
 * The first message there is.
 */
#define KAFKA_OFFSET_BEGINNING -2

/**
 * Behind the last message.
 */
#define KAFKA_OFFSET_END -1

/**
 * Where the group's commits left off.
 */
#define KAFKA_OFFSET_STORED -1000

/**
 * No offset given: where the group left off, else what auto.offset.reset says.
 */
#define KAFKA_OFFSET_INVALID -1001

/**
 * Trouble with brokers, the network, or the client itself: code, text, fatal, retriable.
 */
#define KAFKA_EVENT_ERROR 1

/**
 * librdkafka's statistics, every statistics.interval.ms: text is JSON. Of several only the
 * newest is kept.
 */
#define KAFKA_EVENT_STATS 2

/**
 * A line of librdkafka's log: level (syslog's), facility, text.
 */
#define KAFKA_EVENT_LOG 4

/**
 * A broker delays its answers: text is its name, level its number, throttle_ms how long.
 */
#define KAFKA_EVENT_THROTTLE 8

/**
 * A new OAUTHBEARER token is needed: text is sasl.oauthbearer.config. Answer with
 * kafka_client_set_oauthbearer_token or kafka_client_set_oauthbearer_failure.
 */
#define KAFKA_EVENT_TOKEN_REFRESH 16

/**
 * A consumer's partitions move: code is KAFKA_ERR_ASSIGN_PARTITIONS or
 * KAFKA_ERR_REVOKE_PARTITIONS, is_lost is 1 if others may have them already. Only comes if
 * asked for, see kafka_conf_set_events; answer with kafka_consumer_accept_rebalance.
 */
#define KAFKA_EVENT_REBALANCE 32

/**
 * Offsets could not be committed, in the background: code, text, partitions.
 */
#define KAFKA_EVENT_COMMIT_FAILED 64

/**
 * A partition has no more messages for now (with enable.partition.eof): partitions has it,
 * with the offset that the next message will have.
 */
#define KAFKA_EVENT_PARTITION_EOF 128

/**
 * The kind of a value: nothing.
 */
#define KAFKA_VALUE_NULL 0

/**
 * The kind of a value: 0 or 1.
 */
#define KAFKA_VALUE_BOOL 1

/**
 * The kind of a value: an integer of 64 bits.
 */
#define KAFKA_VALUE_INT 2

/**
 * The kind of a value: text, or any other bytes.
 */
#define KAFKA_VALUE_TEXT 3

/**
 * The kind of a value: values in an order.
 */
#define KAFKA_VALUE_LIST 4

/**
 * The kind of a value: values by name, in an order.
 */
#define KAFKA_VALUE_MAP 5

/**
 * What a function returns: 0, one of librdkafka's numbers, or one of ours, at or
 * below -1000. Brokers newer than this list may send others.
 */
typedef enum kafka_err {
    /**
     * An argument cannot be used; the message names it.
     */
    KAFKA_ERR_INVALID_ARGUMENT = -1000,
    /**
     * A bug of this library's was caught at its boundary.
     */
    KAFKA_ERR_PANIC = -1001,
    /**
     * The object was made before this process was forked; make a new one here.
     */
    KAFKA_ERR_FORKED = -1002,
    /**
     * The object is closed.
     */
    KAFKA_ERR_CLOSED = -1003,
    /**
     * The caller was built for another version of this interface.
     */
    KAFKA_ERR_ABI_MISMATCH = -1004,
    /**
     * An event is waiting that the caller asked for; see kafka_conf_set_events.
     */
    KAFKA_ERR_EVENT = -1005,
    /**
     * A call would have to wait where it must not: Lua's in a phase of nginx that cannot yield.
     */
    KAFKA_ERR_WOULD_BLOCK = -1006,
    /**
     * The caller has canceled the call, with kafka_future_cancel.
     */
    KAFKA_ERR_CANCELED = -1007,
    /**
     * Local: Bad message format.
     */
    KAFKA_ERR_BAD_MSG = -199,
    /**
     * Local: Invalid compressed data.
     */
    KAFKA_ERR_BAD_COMPRESSION = -198,
    /**
     * Local: Broker handle destroyed for termination.
     */
    KAFKA_ERR_DESTROY = -197,
    /**
     * Local: Communication failure with broker.
     */
    KAFKA_ERR_FAIL = -196,
    /**
     * Local: Broker transport failure.
     */
    KAFKA_ERR_TRANSPORT = -195,
    /**
     * Local: Critical system resource failure.
     */
    KAFKA_ERR_CRIT_SYS_RESOURCE = -194,
    /**
     * Local: Host resolution failure.
     */
    KAFKA_ERR_RESOLVE = -193,
    /**
     * Local: Message timed out.
     */
    KAFKA_ERR_MSG_TIMED_OUT = -192,
    /**
     * Broker: No more messages.
     */
    KAFKA_ERR_PARTITION_EOF = -191,
    /**
     * Local: Unknown partition.
     */
    KAFKA_ERR_UNKNOWN_PARTITION = -190,
    /**
     * Local: File or filesystem error.
     */
    KAFKA_ERR_FS = -189,
    /**
     * Local: Unknown topic.
     */
    KAFKA_ERR_UNKNOWN_TOPIC = -188,
    /**
     * Local: All broker connections are down.
     */
    KAFKA_ERR_ALL_BROKERS_DOWN = -187,
    /**
     * Local: Invalid argument or configuration.
     */
    KAFKA_ERR_INVALID_ARG = -186,
    /**
     * Local: Timed out.
     */
    KAFKA_ERR_TIMED_OUT = -185,
    /**
     * Local: Queue full.
     */
    KAFKA_ERR_QUEUE_FULL = -184,
    /**
     * Local: ISR count insufficient.
     */
    KAFKA_ERR_ISR_INSUFF = -183,
    /**
     * Local: Broker node update.
     */
    KAFKA_ERR_NODE_UPDATE = -182,
    /**
     * Local: SSL error.
     */
    KAFKA_ERR_SSL = -181,
    /**
     * Local: Waiting for coordinator.
     */
    KAFKA_ERR_WAIT_COORD = -180,
    /**
     * Local: Unknown group.
     */
    KAFKA_ERR_UNKNOWN_GROUP = -179,
    /**
     * Local: Operation in progress.
     */
    KAFKA_ERR_IN_PROGRESS = -178,
    /**
     * Local: Previous operation in progress.
     */
    KAFKA_ERR_PREV_IN_PROGRESS = -177,
    /**
     * Local: Existing subscription.
     */
    KAFKA_ERR_EXISTING_SUBSCRIPTION = -176,
    /**
     * Local: Assign partitions.
     */
    KAFKA_ERR_ASSIGN_PARTITIONS = -175,
    /**
     * Local: Revoke partitions.
     */
    KAFKA_ERR_REVOKE_PARTITIONS = -174,
    /**
     * Local: Conflicting use.
     */
    KAFKA_ERR_CONFLICT = -173,
    /**
     * Local: Erroneous state.
     */
    KAFKA_ERR_STATE = -172,
    /**
     * Local: Unknown protocol.
     */
    KAFKA_ERR_UNKNOWN_PROTOCOL = -171,
    /**
     * Local: Not implemented.
     */
    KAFKA_ERR_NOT_IMPLEMENTED = -170,
    /**
     * Local: Authentication failure.
     */
    KAFKA_ERR_AUTHENTICATION = -169,
    /**
     * Local: No offset stored.
     */
    KAFKA_ERR_NO_OFFSET = -168,
    /**
     * Local: Outdated.
     */
    KAFKA_ERR_OUTDATED = -167,
    /**
     * Local: Timed out in queue.
     */
    KAFKA_ERR_TIMED_OUT_QUEUE = -166,
    /**
     * Local: Required feature not supported by broker.
     */
    KAFKA_ERR_UNSUPPORTED_FEATURE = -165,
    /**
     * Local: Awaiting cache update.
     */
    KAFKA_ERR_WAIT_CACHE = -164,
    /**
     * Local: Operation interrupted.
     */
    KAFKA_ERR_INTR = -163,
    /**
     * Local: Key serialization error.
     */
    KAFKA_ERR_KEY_SERIALIZATION = -162,
    /**
     * Local: Value serialization error.
     */
    KAFKA_ERR_VALUE_SERIALIZATION = -161,
    /**
     * Local: Key deserialization error.
     */
    KAFKA_ERR_KEY_DESERIALIZATION = -160,
    /**
     * Local: Value deserialization error.
     */
    KAFKA_ERR_VALUE_DESERIALIZATION = -159,
    /**
     * Local: Partial response.
     */
    KAFKA_ERR_PARTIAL = -158,
    /**
     * Local: Read-only object.
     */
    KAFKA_ERR_READ_ONLY = -157,
    /**
     * Local: No such entry.
     */
    KAFKA_ERR_NOENT = -156,
    /**
     * Local: Read underflow.
     */
    KAFKA_ERR_UNDERFLOW = -155,
    /**
     * Local: Invalid type.
     */
    KAFKA_ERR_INVALID_TYPE = -154,
    /**
     * Local: Retry operation.
     */
    KAFKA_ERR_RETRY = -153,
    /**
     * Local: Purged in queue.
     */
    KAFKA_ERR_PURGE_QUEUE = -152,
    /**
     * Local: Purged in flight.
     */
    KAFKA_ERR_PURGE_INFLIGHT = -151,
    /**
     * Local: Fatal error.
     */
    KAFKA_ERR_FATAL = -150,
    /**
     * Local: Inconsistent state.
     */
    KAFKA_ERR_INCONSISTENT = -149,
    /**
     * Local: Gap-less ordering would not be guaranteed if proceeding.
     */
    KAFKA_ERR_GAPLESS_GUARANTEE = -148,
    /**
     * Local: Maximum application poll interval (max.poll.interval.ms) exceeded.
     */
    KAFKA_ERR_MAX_POLL_EXCEEDED = -147,
    /**
     * Local: Unknown broker.
     */
    KAFKA_ERR_UNKNOWN_BROKER = -146,
    /**
     * Local: Functionality not configured.
     */
    KAFKA_ERR_NOT_CONFIGURED = -145,
    /**
     * Local: This instance has been fenced by a newer instance.
     */
    KAFKA_ERR_FENCED = -144,
    /**
     * Local: Application generated error.
     */
    KAFKA_ERR_APPLICATION = -143,
    /**
     * Local: Group partition assignment lost.
     */
    KAFKA_ERR_ASSIGNMENT_LOST = -142,
    /**
     * Local: No operation performed.
     */
    KAFKA_ERR_NOOP = -141,
    /**
     * Local: No offset to automatically reset to.
     */
    KAFKA_ERR_AUTO_OFFSET_RESET = -140,
    /**
     * Local: Partition log truncation detected.
     */
    KAFKA_ERR_LOG_TRUNCATION = -139,
    /**
     * Local: an invalid record in the same batch caused the failure of this message too.
     */
    KAFKA_ERR_INVALID_DIFFERENT_RECORD = -138,
    /**
     * Local: Broker handle destroyed without termination.
     */
    KAFKA_ERR_DESTROY_BROKER = -137,
    /**
     * Unknown broker error.
     */
    KAFKA_ERR_UNKNOWN = -1,
    /**
     * Success.
     */
    KAFKA_ERR_NO_ERROR = 0,
    /**
     * Broker: Offset out of range.
     */
    KAFKA_ERR_OFFSET_OUT_OF_RANGE = 1,
    /**
     * Broker: Invalid message.
     */
    KAFKA_ERR_INVALID_MSG = 2,
    /**
     * Broker: Unknown topic or partition.
     */
    KAFKA_ERR_UNKNOWN_TOPIC_OR_PART = 3,
    /**
     * Broker: Invalid message size.
     */
    KAFKA_ERR_INVALID_MSG_SIZE = 4,
    /**
     * Broker: Leader not available.
     */
    KAFKA_ERR_LEADER_NOT_AVAILABLE = 5,
    /**
     * Broker: Not leader for partition.
     */
    KAFKA_ERR_NOT_LEADER_FOR_PARTITION = 6,
    /**
     * Broker: Request timed out.
     */
    KAFKA_ERR_REQUEST_TIMED_OUT = 7,
    /**
     * Broker: Broker not available.
     */
    KAFKA_ERR_BROKER_NOT_AVAILABLE = 8,
    /**
     * Broker: Replica not available.
     */
    KAFKA_ERR_REPLICA_NOT_AVAILABLE = 9,
    /**
     * Broker: Message size too large.
     */
    KAFKA_ERR_MSG_SIZE_TOO_LARGE = 10,
    /**
     * Broker: StaleControllerEpochCode.
     */
    KAFKA_ERR_STALE_CTRL_EPOCH = 11,
    /**
     * Broker: Offset metadata string too large.
     */
    KAFKA_ERR_OFFSET_METADATA_TOO_LARGE = 12,
    /**
     * Broker: Broker disconnected before response received.
     */
    KAFKA_ERR_NETWORK_EXCEPTION = 13,
    /**
     * Broker: Coordinator load in progress.
     */
    KAFKA_ERR_COORDINATOR_LOAD_IN_PROGRESS = 14,
    /**
     * Broker: Coordinator not available.
     */
    KAFKA_ERR_COORDINATOR_NOT_AVAILABLE = 15,
    /**
     * Broker: Not coordinator.
     */
    KAFKA_ERR_NOT_COORDINATOR = 16,
    /**
     * Broker: Invalid topic.
     */
    KAFKA_ERR_TOPIC_EXCEPTION = 17,
    /**
     * Broker: Message batch larger than configured server segment size.
     */
    KAFKA_ERR_RECORD_LIST_TOO_LARGE = 18,
    /**
     * Broker: Not enough in-sync replicas.
     */
    KAFKA_ERR_NOT_ENOUGH_REPLICAS = 19,
    /**
     * Broker: Message(s) written to insufficient number of in-sync replicas.
     */
    KAFKA_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20,
    /**
     * Broker: Invalid required acks value.
     */
    KAFKA_ERR_INVALID_REQUIRED_ACKS = 21,
    /**
     * Broker: Specified group generation id is not valid.
     */
    KAFKA_ERR_ILLEGAL_GENERATION = 22,
    /**
     * Broker: Inconsistent group protocol.
     */
    KAFKA_ERR_INCONSISTENT_GROUP_PROTOCOL = 23,
    /**
     * Broker: Invalid group.id.
     */
    KAFKA_ERR_INVALID_GROUP_ID = 24,
    /**
     * Broker: Unknown member.
     */
    KAFKA_ERR_UNKNOWN_MEMBER_ID = 25,
    /**
     * Broker: Invalid session timeout.
     */
    KAFKA_ERR_INVALID_SESSION_TIMEOUT = 26,
    /**
     * Broker: Group rebalance in progress.
     */
    KAFKA_ERR_REBALANCE_IN_PROGRESS = 27,
    /**
     * Broker: Commit offset data size is not valid.
     */
    KAFKA_ERR_INVALID_COMMIT_OFFSET_SIZE = 28,
    /**
     * Broker: Topic authorization failed.
     */
    KAFKA_ERR_TOPIC_AUTHORIZATION_FAILED = 29,
    /**
     * Broker: Group authorization failed.
     */
    KAFKA_ERR_GROUP_AUTHORIZATION_FAILED = 30,
    /**
     * Broker: Cluster authorization failed.
     */
    KAFKA_ERR_CLUSTER_AUTHORIZATION_FAILED = 31,
    /**
     * Broker: Invalid timestamp.
     */
    KAFKA_ERR_INVALID_TIMESTAMP = 32,
    /**
     * Broker: Unsupported SASL mechanism.
     */
    KAFKA_ERR_UNSUPPORTED_SASL_MECHANISM = 33,
    /**
     * Broker: Request not valid in current SASL state.
     */
    KAFKA_ERR_ILLEGAL_SASL_STATE = 34,
    /**
     * Broker: API version not supported.
     */
    KAFKA_ERR_UNSUPPORTED_VERSION = 35,
    /**
     * Broker: Topic already exists.
     */
    KAFKA_ERR_TOPIC_ALREADY_EXISTS = 36,
    /**
     * Broker: Invalid number of partitions.
     */
    KAFKA_ERR_INVALID_PARTITIONS = 37,
    /**
     * Broker: Invalid replication factor.
     */
    KAFKA_ERR_INVALID_REPLICATION_FACTOR = 38,
    /**
     * Broker: Invalid replica assignment.
     */
    KAFKA_ERR_INVALID_REPLICA_ASSIGNMENT = 39,
    /**
     * Broker: Configuration is invalid.
     */
    KAFKA_ERR_INVALID_CONFIG = 40,
    /**
     * Broker: Not controller for cluster.
     */
    KAFKA_ERR_NOT_CONTROLLER = 41,
    /**
     * Broker: Invalid request.
     */
    KAFKA_ERR_INVALID_REQUEST = 42,
    /**
     * Broker: Message format on broker does not support request.
     */
    KAFKA_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT = 43,
    /**
     * Broker: Policy violation.
     */
    KAFKA_ERR_POLICY_VIOLATION = 44,
    /**
     * Broker: Broker received an out of order sequence number.
     */
    KAFKA_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER = 45,
    /**
     * Broker: Broker received a duplicate sequence number.
     */
    KAFKA_ERR_DUPLICATE_SEQUENCE_NUMBER = 46,
    /**
     * Broker: Producer attempted an operation with an old epoch.
     */
    KAFKA_ERR_INVALID_PRODUCER_EPOCH = 47,
    /**
     * Broker: Producer attempted a transactional operation in an invalid state.
     */
    KAFKA_ERR_INVALID_TXN_STATE = 48,
    /**
     * Broker: Producer attempted to use a producer id which is not currently assigned to its transactional id.
     */
    KAFKA_ERR_INVALID_PRODUCER_ID_MAPPING = 49,
    /**
     * Broker: Transaction timeout is larger than the maximum value allowed by the broker's max.transaction.timeout.ms.
     */
    KAFKA_ERR_INVALID_TRANSACTION_TIMEOUT = 50,
    /**
     * Broker: Producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing.
     */
    KAFKA_ERR_CONCURRENT_TRANSACTIONS = 51,
    /**
     * Broker: Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current coordinator for a given producer.
     */
    KAFKA_ERR_TRANSACTION_COORDINATOR_FENCED = 52,
    /**
     * Broker: Transactional Id authorization failed.
     */
    KAFKA_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53,
    /**
     * Broker: Security features are disabled.
     */
    KAFKA_ERR_SECURITY_DISABLED = 54,
    /**
     * Broker: Operation not attempted.
     */
    KAFKA_ERR_OPERATION_NOT_ATTEMPTED = 55,
    /**
     * Broker: Disk error when trying to access log file on disk.
     */
    KAFKA_ERR_KAFKA_STORAGE_ERROR = 56,
    /**
     * Broker: The user-specified log directory is not found in the broker config.
     */
    KAFKA_ERR_LOG_DIR_NOT_FOUND = 57,
    /**
     * Broker: SASL Authentication failed.
     */
    KAFKA_ERR_SASL_AUTHENTICATION_FAILED = 58,
    /**
     * Broker: Unknown Producer Id.
     */
    KAFKA_ERR_UNKNOWN_PRODUCER_ID = 59,
    /**
     * Broker: Partition reassignment is in progress.
     */
    KAFKA_ERR_REASSIGNMENT_IN_PROGRESS = 60,
    /**
     * Broker: Delegation Token feature is not enabled.
     */
    KAFKA_ERR_DELEGATION_TOKEN_AUTH_DISABLED = 61,
    /**
     * Broker: Delegation Token is not found on server.
     */
    KAFKA_ERR_DELEGATION_TOKEN_NOT_FOUND = 62,
    /**
     * Broker: Specified Principal is not valid Owner/Renewer.
     */
    KAFKA_ERR_DELEGATION_TOKEN_OWNER_MISMATCH = 63,
    /**
     * Broker: Delegation Token requests are not allowed on this connection.
     */
    KAFKA_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = 64,
    /**
     * Broker: Delegation Token authorization failed.
     */
    KAFKA_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED = 65,
    /**
     * Broker: Delegation Token is expired.
     */
    KAFKA_ERR_DELEGATION_TOKEN_EXPIRED = 66,
    /**
     * Broker: Supplied principalType is not supported.
     */
    KAFKA_ERR_INVALID_PRINCIPAL_TYPE = 67,
    /**
     * Broker: The group is not empty.
     */
    KAFKA_ERR_NON_EMPTY_GROUP = 68,
    /**
     * Broker: The group id does not exist.
     */
    KAFKA_ERR_GROUP_ID_NOT_FOUND = 69,
    /**
     * Broker: The fetch session ID was not found.
     */
    KAFKA_ERR_FETCH_SESSION_ID_NOT_FOUND = 70,
    /**
     * Broker: The fetch session epoch is invalid.
     */
    KAFKA_ERR_INVALID_FETCH_SESSION_EPOCH = 71,
    /**
     * Broker: No matching listener.
     */
    KAFKA_ERR_LISTENER_NOT_FOUND = 72,
    /**
     * Broker: Topic deletion is disabled.
     */
    KAFKA_ERR_TOPIC_DELETION_DISABLED = 73,
    /**
     * Broker: Leader epoch is older than broker epoch.
     */
    KAFKA_ERR_FENCED_LEADER_EPOCH = 74,
    /**
     * Broker: Leader epoch is newer than broker epoch.
     */
    KAFKA_ERR_UNKNOWN_LEADER_EPOCH = 75,
    /**
     * Broker: Unsupported compression type.
     */
    KAFKA_ERR_UNSUPPORTED_COMPRESSION_TYPE = 76,
    /**
     * Broker: Broker epoch has changed.
     */
    KAFKA_ERR_STALE_BROKER_EPOCH = 77,
    /**
     * Broker: Leader high watermark is not caught up.
     */
    KAFKA_ERR_OFFSET_NOT_AVAILABLE = 78,
    /**
     * Broker: Group member needs a valid member ID.
     */
    KAFKA_ERR_MEMBER_ID_REQUIRED = 79,
    /**
     * Broker: Preferred leader was not available.
     */
    KAFKA_ERR_PREFERRED_LEADER_NOT_AVAILABLE = 80,
    /**
     * Broker: Consumer group has reached maximum size.
     */
    KAFKA_ERR_GROUP_MAX_SIZE_REACHED = 81,
    /**
     * Broker: Static consumer fenced by other consumer with same group.instance.id.
     */
    KAFKA_ERR_FENCED_INSTANCE_ID = 82,
    /**
     * Broker: Eligible partition leaders are not available.
     */
    KAFKA_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE = 83,
    /**
     * Broker: Leader election not needed for topic partition.
     */
    KAFKA_ERR_ELECTION_NOT_NEEDED = 84,
    /**
     * Broker: No partition reassignment is in progress.
     */
    KAFKA_ERR_NO_REASSIGNMENT_IN_PROGRESS = 85,
    /**
     * Broker: Deleting offsets of a topic while the consumer group is subscribed to it.
     */
    KAFKA_ERR_GROUP_SUBSCRIBED_TO_TOPIC = 86,
    /**
     * Broker: Broker failed to validate record.
     */
    KAFKA_ERR_INVALID_RECORD = 87,
    /**
     * Broker: There are unstable offsets that need to be cleared.
     */
    KAFKA_ERR_UNSTABLE_OFFSET_COMMIT = 88,
    /**
     * Broker: Throttling quota has been exceeded.
     */
    KAFKA_ERR_THROTTLING_QUOTA_EXCEEDED = 89,
    /**
     * Broker: There is a newer producer with the same transactionalId which fences the current one.
     */
    KAFKA_ERR_PRODUCER_FENCED = 90,
    /**
     * Broker: Request illegally referred to resource that does not exist.
     */
    KAFKA_ERR_RESOURCE_NOT_FOUND = 91,
    /**
     * Broker: Request illegally referred to the same resource twice.
     */
    KAFKA_ERR_DUPLICATE_RESOURCE = 92,
    /**
     * Broker: Requested credential would not meet criteria for acceptability.
     */
    KAFKA_ERR_UNACCEPTABLE_CREDENTIAL = 93,
    /**
     * Broker: Indicates that the either the sender or recipient of a voter-only request is not one of the expected voters.
     */
    KAFKA_ERR_INCONSISTENT_VOTER_SET = 94,
    /**
     * Broker: Invalid update version.
     */
    KAFKA_ERR_INVALID_UPDATE_VERSION = 95,
    /**
     * Broker: Unable to update finalized features due to server error.
     */
    KAFKA_ERR_FEATURE_UPDATE_FAILED = 96,
    /**
     * Broker: Request principal deserialization failed during forwarding.
     */
    KAFKA_ERR_PRINCIPAL_DESERIALIZATION_FAILURE = 97,
    /**
     * Broker: Unknown topic id.
     */
    KAFKA_ERR_UNKNOWN_TOPIC_ID = 100,
    /**
     * Broker: The member epoch is fenced by the group coordinator.
     */
    KAFKA_ERR_FENCED_MEMBER_EPOCH = 110,
    /**
     * Broker: The instance ID is still used by another member in the consumer group.
     */
    KAFKA_ERR_UNRELEASED_INSTANCE_ID = 111,
    /**
     * Broker: The assignor or its version range is not supported by the consumer group.
     */
    KAFKA_ERR_UNSUPPORTED_ASSIGNOR = 112,
    /**
     * Broker: The member epoch is stale.
     */
    KAFKA_ERR_STALE_MEMBER_EPOCH = 113,
    /**
     * Broker: Client sent a push telemetry request with an invalid or outdated subscription ID.
     */
    KAFKA_ERR_UNKNOWN_SUBSCRIPTION_ID = 117,
    /**
     * Broker: Client sent a push telemetry request larger than the maximum size the broker will accept.
     */
    KAFKA_ERR_TELEMETRY_TOO_LARGE = 118,
    /**
     * Broker: Client metadata is stale, client should rebootstrap to obtain new metadata.
     */
    KAFKA_ERR_REBOOTSTRAP_REQUIRED = 129
} kafka_err;

/**
 * An admin client. Every call may be made from any thread, also several at once: calls
 * do not wait for each other.
 *
 * All its calls work alike. What is asked for is a value, and checked before anything is
 * sent: what cannot be used gives KAFKA_ERR_INVALID_ARGUMENT, and the text names the place,
 * as in "topics[2].partitions: an integer is needed, not a text" (items are counted from 1).
 * options: a map; NULL for none. Both are read during the call only. timeout_ms: for the
 * whole of it; -1 for an hour. result: where the new value goes; free it with kafka_value_free;
 * NULL if it is not needed. future: see kafka_future and kafka_future_value. Where the result is a
 * map by names, each has ok (a boolean), and if that is false err (a text) and code. A
 * call fails as a whole with KAFKA_ERR_TIMED_OUT, KAFKA_ERR_CLOSED if the admin client is
 * closed meanwhile, KAFKA_ERR_UNSUPPORTED_FEATURE if the brokers do not know it, or a
 * broker's refusal of all of it.
 */
typedef struct kafka_admin kafka_admin;

/**
 * Messages that were taken at one go. It keeps them whatever happens to the consumer. Not to be
 * used by two threads at once.
 */
typedef struct kafka_batch kafka_batch;

/**
 * A producer, a consumer or an admin client, for what they have in common. It is an object of its own, and may outlive that
 * one: once that is closed, or freed, every call but kafka_client_explain returns KAFKA_ERR_CLOSED. Every call may be made from
 * any thread.
 */
typedef struct kafka_client kafka_client;

/**
 * The properties of a producer or a consumer, as librdkafka names them. Not to
 * be used by two threads at once.
 */
typedef struct kafka_conf kafka_conf;

/**
 * A consumer. Every call may be made from any thread, also several at once.
 */
typedef struct kafka_consumer kafka_consumer;

/**
 * What becomes of a call. Each function that may wait takes a place for one, `future`: where that is NULL, the call blocks
 * until it is done, writes its results and returns what became of it; else it starts and returns at once, the places of its
 * results must be NULL, and kafka_future_wait, and the functions that are named after results, return what became of it. A
 * started call goes on by itself, on a thread of the library. When the client that it is about is closed, its future is
 * complete at once, with KAFKA_ERR_CLOSED. A future may outlive that client. Usable from any thread.
 */
typedef struct kafka_future kafka_future;

/**
 * What a consumer is in its group at one moment, for kafka_producer_send_offsets_to_transaction.
 * It never changes. Usable from any thread.
 */
typedef struct kafka_group_metadata kafka_group_metadata;

/**
 * librdkafka's in-process cluster, for tests without a broker. It listens on
 * 127.0.0.1; broker ids start at 1; everything is in memory. Every call may be
 * made from any thread.
 */
typedef struct kafka_mock_cluster kafka_mock_cluster;

/**
 * One end of a socket whose other end an event loop reads, as nginx does. A byte comes
 * when something that was asked about, by kafka_client_notify or kafka_future_notify, may have
 * changed; kafka_notifier_drain then returns what, which can be nothing. Usable from any thread.
 */
typedef struct kafka_notifier kafka_notifier;

/**
 * A list of topics, partitions and offsets. Not to be used by two threads at once.
 */
typedef struct kafka_partitions kafka_partitions;

/**
 * A producer. Every call may be made from any thread, also several at once.
 */
typedef struct kafka_producer kafka_producer;

/**
 * A topic of one producer, made by kafka_producer_create_topic. Usable from any
 * thread. It may outlive its producer: sending to it then fails.
 */
typedef struct kafka_topic kafka_topic;

/**
 * The properties of a topic, as librdkafka names them. Not to be used by two
 * threads at once.
 */
typedef struct kafka_topic_conf kafka_topic_conf;

/**
 * Structured data, for calls that take some and results that have some. Not to be
 * changed by one thread while another uses it.
 */
typedef struct kafka_value kafka_value;

/**
 * What went wrong. The caller owns it, on the stack if it likes; a function
 * that takes one fills it in when it fails and leaves it alone when it succeeds.
 */
typedef struct kafka_error {
    /**
     * What the function returned: one of enum kafka_err, or a number of a newer broker's.
     */
    int32_t code;
    /**
     * 1: trying again may help.
     */
    uint8_t retriable;
    /**
     * 1: the client cannot go on; close it.
     */
    uint8_t fatal;
    /**
     * 1: the transaction must be aborted.
     */
    uint8_t txn_requires_abort;
    /**
     * Always 0.
     */
    uint8_t reserved;
    /**
     * For people, NUL-terminated, UTF-8, cut off where it is too long.
     */
    char message[KAFKA_ERROR_MESSAGE_SIZE];
} kafka_error;

/**
 * A header of a record. Several may have one name. Zero it before it is filled in, for reserved.
 */
typedef struct kafka_header {
    /**
     * The name, UTF-8. It cannot hold a NUL; one follows it where the library hands it out, and
     * need not where it is handed in.
     */
    const char *name;
    /**
     * In bytes.
     */
    size_t name_len;
    /**
     * NULL with length 0 is null, which is not the same as empty.
     */
    const void *value;
    /**
     * In bytes.
     */
    size_t value_len;
    /**
     * All 0, for fields of later versions.
     */
    uint32_t reserved[2];
} kafka_header;

/**
 * A record to be produced. All zeroes is a tombstone without a key, for partition 0, of now,
 * whose report has the opaque 0. Zero it before it is filled in, for reserved.
 */
typedef struct kafka_record {
    /**
     * NULL with length 0: the record has no key, which is not the same as an empty one.
     */
    const void *key;
    /**
     * In bytes.
     */
    size_t key_len;
    /**
     * NULL with length 0: a null value, a tombstone, which is not the same as an empty one.
     */
    const void *value;
    /**
     * In bytes.
     */
    size_t value_len;
    /**
     * In their order; names may be there more than once.
     */
    const struct kafka_header *headers;
    /**
     * How many there are.
     */
    size_t header_count;
    /**
     * Milliseconds since 1970-01-01 UTC; 0 or -1 is now.
     */
    int64_t timestamp;
    /**
     * Comes back in the report; see also KAFKA_OPAQUE_NONE and KAFKA_OPAQUE_NO_REPORT.
     */
    uint64_t opaque;
    /**
     * -1 lets the partitioner choose.
     */
    int32_t partition;
    /**
     * All 0, for fields of later versions.
     */
    uint32_t reserved[3];
} kafka_record;

/**
 * What was reported since the last call.
 */
typedef struct kafka_poll_result {
    /**
     * The last reported message's opaque; KAFKA_OPAQUE_NONE if nothing was reported.
     */
    uint64_t last_opaque;
    /**
     * How many messages were reported.
     */
    uint64_t reported_count;
    /**
     * How many of them were not delivered.
     */
    uint64_t failed_count;
} kafka_poll_result;

/**
 * What became of one message.
 */
typedef struct kafka_report {
    /**
     * The number it was sent with.
     */
    uint64_t opaque;
    /**
     * Its topic's name, NUL-terminated, until the producer is closed.
     */
    const char *topic;
    /**
     * Its offset in its partition, if it was delivered and the broker said so; else negative.
     */
    int64_t offset;
    /**
     * Milliseconds since 1970-01-01 UTC; -1 if it was not delivered, or without
     * kafka_producer_set_report_timestamps.
     */
    int64_t timestamp;
    /**
     * Microseconds from being sent to being reported; -1 without kafka_producer_set_report_timestamps.
     */
    int64_t latency_us;
    /**
     * Its partition, -1 if none had been chosen.
     */
    int32_t partition;
    /**
     * 0: delivered. Else why not.
     */
    int32_t code;
    /**
     * Whether a broker has it: a KAFKA_MSG_STATUS constant.
     */
    int32_t status;
    /**
     * Why it failed, where more is known than the code: what the broker says against it, or why the broker that failed last
     * cannot be reached, as "10.0.0.1:9092: Connection refused". NUL-terminated, until the producer is closed; or NULL.
     */
    const char *cause;
} kafka_report;

/**
 * What became of all messages since the producer was made.
 */
typedef struct kafka_counters {
    /**
     * Accepted so far; always the sum of the others.
     */
    uint64_t queued;
    /**
     * Accepted, and neither delivered nor failed yet.
     */
    uint64_t in_flight;
    /**
     * Delivered.
     */
    uint64_t delivered;
    /**
     * Not delivered.
     */
    uint64_t failed;
} kafka_counters;

/**
 * An entry of a list.
 */
typedef struct kafka_partition {
    /**
     * The topic's name, NUL-terminated; the list's.
     */
    const char *topic;
    /**
     * An offset, or one of the KAFKA_OFFSET constants; a time in a list of times.
     */
    int64_t offset;
    /**
     * The partition, -1 for the topic as a whole.
     */
    int32_t partition;
    /**
     * What went wrong with this one, 0 if nothing.
     */
    int32_t code;
    /**
     * The epoch of the partition's leader, -1 if unknown.
     */
    int32_t leader_epoch;
    /**
     * Always 0.
     */
    int32_t reserved;
} kafka_partition;

/**
 * A consumed message. The caller owns the struct, and what it points to until
 * kafka_message_release, whatever happens to the consumer. One from a batch is a view: what it
 * points to is the batch's, and releasing it is harmless. A copy of the struct is the same message:
 * it ends when one of them is released, and the other must be neither read nor released then. Not to
 * be used by two threads at once.
 */
typedef struct kafka_message {
    /**
     * The topic's name, NUL-terminated.
     */
    const char *topic;
    /**
     * The value; NULL for a tombstone, which is not the same as empty.
     */
    const void *value;
    /**
     * The value's length in bytes.
     */
    size_t value_len;
    /**
     * The key; NULL if it has none, which is not the same as empty.
     */
    const void *key;
    /**
     * The key's length in bytes.
     */
    size_t key_len;
    /**
     * The offset in the partition.
     */
    int64_t offset;
    /**
     * Milliseconds since 1970-01-01 UTC; -1 if there is none.
     */
    int64_t timestamp;
    /**
     * The partition.
     */
    int32_t partition;
    /**
     * 0: no timestamp, 1: set by the producer, 2: set by the broker.
     */
    int32_t timestamp_type;
    /**
     * The epoch of the partition's leader, -1 if unknown.
     */
    int32_t leader_epoch;
    /**
     * The library's own.
     */
    uint32_t process;
    /**
     * The library's own.
     */
    void *owner;
    /**
     * The library's own.
     */
    void *consumer;
} kafka_message;

/**
 * What the reader of messages that were taken ahead shares with the library, without a call:
 * message number next is the reader's, and its offset may be stored, as soon as the reader has
 * added 1 to next. Threads of the library change the others meanwhile.
 */
typedef struct kafka_cursor {
    /**
     * The message to read next, from 0. Only the reader writes to it.
     */
    volatile uint32_t next;
    /**
     * How many messages there are.
     */
    volatile uint32_t count;
    /**
     * 1: kafka_consumer_take wants to be called before the next message, though there are some
     * left: they have waited for long. A thread of the library's sets it.
     */
    volatile uint32_t is_late;
    /**
     * The process that may read: in a forked child it is another than process_now points to.
     */
    uint32_t process;
    /**
     * See process.
     */
    const volatile uint32_t *process_now;
} kafka_cursor;

/**
 * What of a message can be read without a call. It is an rd_kafka_message_t, where librdkafka has it;
 * kafka_raw_message_view has the rest.
 */
typedef struct kafka_raw_message {
    /**
     * The library's own.
     */
    int32_t code;
    /**
     * Not the topic's name: the same for all messages of a topic that the same call has returned.
     */
    const void *topic;
    /**
     * The partition.
     */
    int32_t partition;
    /**
     * The value; NULL for a tombstone, which is not the same as empty.
     */
    const void *value;
    /**
     * The value's length in bytes.
     */
    size_t value_len;
    /**
     * The key; NULL if it has none, which is not the same as empty.
     */
    const void *key;
    /**
     * The key's length in bytes.
     */
    size_t key_len;
    /**
     * The offset in the partition.
     */
    int64_t offset;
} kafka_raw_message;

/**
 * An event. The caller owns the struct, and what it points to until kafka_event_release. A copy of the struct is the same
 * event: release one of them.
 *
 * Errors, failed commits, and lines of the log but those for debugging, that have the same cause are one event until
 * it is taken: the first of them, with their count. The same cause is the same code, the same text but for librdkafka's
 * "(after ... in state ...)" behind it, and the same partitions.
 */
typedef struct kafka_event {
    /**
     * One of the KAFKA_EVENT constants, which say what the fields mean.
     */
    uint32_t kind;
    /**
     * An error's code, 0 for none.
     */
    int32_t code;
    /**
     * A level of syslog's, or a broker's number.
     */
    int32_t level;
    /**
     * Milliseconds.
     */
    int32_t throttle_ms;
    /**
     * 1: the client cannot go on; close it.
     */
    uint8_t fatal;
    /**
     * 1: librdkafka, or the caller, may try again.
     */
    uint8_t retriable;
    /**
     * 1: the partitions are lost.
     */
    uint8_t is_lost;
    /**
     * Always 0.
     */
    uint8_t reserved;
    /**
     * How often this came: at least once.
     */
    uint32_t count;
    /**
     * How many other events of this kind were dropped, as they were not taken in time: those that had not come again for
     * the longest time.
     */
    uint64_t dropped_count;
    /**
     * NUL-terminated; NULL if there is none.
     */
    const char *facility;
    /**
     * NUL-terminated; NULL if there is none.
     */
    const char *text;
    /**
     * Its length in bytes.
     */
    size_t text_len;
    /**
     * NULL if there are none.
     */
    const struct kafka_partitions *partitions;
    /**
     * The library's own.
     */
    void *owner;
} kafka_event;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the interface that the loaded library has; compare it with
 * KAFKA_ABI_VERSION, which is the one the program was built for. Does not block.
 */
uint32_t kafka_abi_version(void);

/**
 * The loaded library's semantic version, as "1.0.0". Static. Does not block.
 */
const char *kafka_version(void);

/**
 * The version of the librdkafka inside, as "2.12.1". Static. Does not block.
 */
const char *kafka_librdkafka_version(void);

/**
 * Milliseconds that have passed since some moment in the past; never goes back. For a wait
 * that an event interrupts, and that goes on for the rest of its time. Does not block.
 */
uint64_t kafka_clock_ms(void);

/**
 * As kafka_clock_ms, in microseconds: for a caller that shares a thread, and looks whether it is time
 * for others to have it. Does not block.
 */
uint64_t kafka_clock_us(void);

/**
 * The name of a code without its prefix: `"TIMED_OUT"`, also `"CLOSED"` for ours.
 *
 * Never NULL. The text is static; for an unknown number it belongs to
 * the calling thread and lasts until that asks for another such name.
 * Does not block.
 */
const char *kafka_err_name(int32_t code);

/**
 * What a code means, in a few English words.
 *
 * Never NULL; lasts as long as the name does. Does not block.
 */
const char *kafka_err_text(int32_t code);

/**
 * Whether trying the same again later may help: 1 or 0, also for an unknown
 * number. For a broker's code it is what Kafka's protocol says. Does not block.
 */
int32_t kafka_err_is_retriable(int32_t code);

/**
 * Whether a client that has this code in an error cannot go on: 1 or 0. The field fatal
 * of an error or event that came with it knows better. Does not block.
 */
int32_t kafka_err_is_fatal(int32_t code);

/**
 * Whether a transaction in which a call or a message fails with this code must be aborted:
 * 1 or 0. The field txn_requires_abort of an error that came with it knows better. Does not
 * block.
 */
int32_t kafka_err_txn_requires_abort(int32_t code);

/**
 * The errno of a code, as this platform numbers them.
 *
 * 0 for success, ENOBUFS for a full queue, EMSGSIZE for a message that is too
 * large, ENOENT for an unknown topic, ESRCH for an unknown partition, EINVAL
 * for a bad argument, EACCES where something is not allowed, ECANCELED for a
 * client with a fatal error, ENOEXEC where the client's state forbids it, EBADF for
 * a closed or forked object, EIO for anything else. Does not block.
 */
int32_t kafka_err_errno(int32_t code);

/**
 * Makes an empty configuration: librdkafka's defaults.
 *
 * conf: where the new object goes; free it with kafka_conf_free. Does not block.
 */
int32_t kafka_conf_new(struct kafka_conf **conf, struct kafka_error *err);

/**
 * Sets a property.
 *
 * name, value: copied. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT with librdkafka's
 * own text, and changes nothing. Does not block.
 */
int32_t kafka_conf_set(struct kafka_conf *conf,
                       const char *name,
                       const char *value,
                       struct kafka_error *err);

/**
 * Reads a property as librdkafka understood it.
 *
 * value: room for value_size bytes, written with its terminator; NULL with
 * value_size 0 asks for the length alone. value_len: the length without the
 * terminator; may be NULL. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if the property
 * is unknown, has no value or does not fit. Does not block.
 */
int32_t kafka_conf_get(const struct kafka_conf *conf,
                       const char *name,
                       char *value,
                       size_t value_size,
                       size_t *value_len,
                       struct kafka_error *err);

/**
 * Makes topic_conf the default of every topic of the client, on top of what was
 * set before.
 *
 * topic_conf: copied. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block.
 */
int32_t kafka_conf_set_topic_conf(struct kafka_conf *conf,
                                  const struct kafka_topic_conf *topic_conf,
                                  struct kafka_error *err);

/**
 * Sets which events the caller wants to have at once: they end the client's waiting
 * calls (those that poll, take, consume, wait, flush or leave) with KAFKA_ERR_EVENT until they
 * are taken by kafka_client_poll_event; kafka_future_wait and closing go on. All other events can
 * be taken there too, whenever one likes.
 *
 * kinds: KAFKA_EVENT constants, joined by |; replaces what was set before. With
 * KAFKA_EVENT_REBALANCE a consumer's rebalances are answered by the caller, else by
 * librdkafka. With KAFKA_EVENT_LOG the log does not go to stderr, where debug or log_level
 * send it else. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block.
 */
int32_t kafka_conf_set_events(struct kafka_conf *conf, uint32_t kinds, struct kafka_error *err);

/**
 * Gives a producer a record accumulator: what a call of kafka_producer_send or kafka_producer_produce costs is a copy, and a
 * thread of the library's, the sender, gives librdkafka many records at once. Costs a thread, and up to a millisecond until a
 * record is on its way; what is wrong with a record besides its size is reported, and not returned.
 *
 * bytes: how many bytes of keys and values may be sent and not reported yet, as Kafka's own buffer.memory, 128 KiB at least
 * and 2 GiB at most; then kafka_producer_send returns KAFKA_ERR_QUEUE_FULL. It takes the place of queue.buffering.max.kbytes.
 * 0, the default, for no accumulator. Returns 0; KAFKA_ERR_INVALID_ARGUMENT, and changes nothing. Does not block.
 */
int32_t kafka_conf_set_buffer_memory(struct kafka_conf *conf,
                                     size_t bytes,
                                     struct kafka_error *err);

/**
 * Frees a configuration; clients made with it do not need it. NULL is nothing.
 */
void kafka_conf_free(struct kafka_conf *conf);

/**
 * Makes an empty topic configuration: the client's defaults.
 *
 * topic_conf: where the new object goes; free it with kafka_topic_conf_free.
 * Does not block.
 */
int32_t kafka_topic_conf_new(struct kafka_topic_conf **topic_conf, struct kafka_error *err);

/**
 * Sets a property of a topic.
 *
 * name, value: copied. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT with librdkafka's
 * own text, and changes nothing. Does not block.
 */
int32_t kafka_topic_conf_set(struct kafka_topic_conf *topic_conf,
                             const char *name,
                             const char *value,
                             struct kafka_error *err);

/**
 * Frees a topic configuration; topics made with it do not need it. NULL is nothing.
 */
void kafka_topic_conf_free(struct kafka_topic_conf *topic_conf);

/**
 * Starts a producer. It connects in the background.
 *
 * brokers: "host:port,host:port". conf: copied; NULL for librdkafka's defaults.
 * producer: where the new object goes; free it with kafka_producer_free. future: see kafka_future and
 * kafka_future_producer; for a caller that must not lose a moment: starting librdkafka's threads takes some hundred
 * microseconds, and reading the certificates of all authorities that a system trusts, many milliseconds.
 * Returns 0; KAFKA_ERR_INVALID_ARGUMENT, with "invalid broker list" if none of the
 * brokers can be used; KAFKA_ERR_INVALID_CONFIG if properties contradict each other.
 * Never waits for a broker.
 */
int32_t kafka_producer_new(const char *brokers,
                           const struct kafka_conf *conf,
                           struct kafka_producer **producer,
                           struct kafka_future **future,
                           struct kafka_error *err);

/**
 * Takes the producer that a future has for a result.
 *
 * producer: where the object goes; free it with kafka_producer_free. Returns 0; as kafka_future_wait, where the future is not
 * complete or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else, or has been taken. One that is not taken is
 * closed when the future is freed. Does not block.
 */
int32_t kafka_future_producer(const struct kafka_future *future,
                              struct kafka_producer **producer,
                              struct kafka_error *err);

/**
 * The producer as what it has in common with every client.
 *
 * client: where the new object goes; free it with kafka_client_free, before or after the producer. Returns 0;
 * KAFKA_ERR_CLOSED. Does not block.
 */
int32_t kafka_producer_client(struct kafka_producer *producer,
                              struct kafka_client **client,
                              struct kafka_error *err);

/**
 * Makes a topic handle to send to. It creates nothing on the brokers.
 *
 * topic_conf: copied, on top of the producer's defaults; NULL for those alone.
 * topic: where the new object goes; free it with kafka_topic_free, before or after
 * the producer. Handles of the same name share the first one's configuration.
 * Does not block.
 */
int32_t kafka_producer_create_topic(struct kafka_producer *producer,
                                    const char *name,
                                    const struct kafka_topic_conf *topic_conf,
                                    struct kafka_topic **topic,
                                    struct kafka_error *err);

/**
 * Queues a message. Its report comes through kafka_producer_poll or
 * kafka_producer_reports, which have to be called: a message counts against
 * queue.buffering.max.messages until its report is fetched.
 *
 * partition: -1 lets the partitioner choose. key, value: copied; NULL with length 0
 * is null, which is not the same as empty. opaque: comes back in the report; see also
 * KAFKA_OPAQUE_NONE and KAFKA_OPAQUE_NO_REPORT.
 * Returns 0; KAFKA_ERR_QUEUE_FULL; KAFKA_ERR_MSG_SIZE_TOO_LARGE;
 * KAFKA_ERR_UNKNOWN_TOPIC and KAFKA_ERR_UNKNOWN_PARTITION as soon as the cluster has
 * said so (before that the message is queued, and reported as failed);
 * KAFKA_ERR_FATAL, KAFKA_ERR_STATE. After an error nothing is queued. Does not block.
 */
int32_t kafka_producer_send(struct kafka_producer *producer,
                            struct kafka_topic *topic,
                            int32_t partition,
                            const void *key,
                            size_t key_len,
                            const void *value,
                            size_t value_len,
                            uint64_t opaque,
                            struct kafka_error *err);

/**
 * Has the messages that were sent before sent without waiting for linger.ms, and waits until each of them is reported. Those
 * that are sent later linger, but for some in the first 10 ms, and where brokers do not answer in time, for 10 ms after 250, 750
 * and 1750 ms and then once a second.
 *
 * timeout_ms: -1 waits without limit. future: see kafka_future. Returns 0; KAFKA_ERR_TIMED_OUT if messages are left, which stay
 * queued: kafka_producer_len counts them; KAFKA_ERR_EVENT, where it blocks, if messages are left and
 * there is an event to be taken first: see kafka_conf_set_events. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_producer_flush(struct kafka_producer *producer,
                             int32_t timeout_ms,
                             struct kafka_future **future,
                             struct kafka_error *err);

/**
 * Counts the messages that are sent and not yet reported.
 *
 * Returns 0. Does not block.
 */
int32_t kafka_producer_len(struct kafka_producer *producer,
                           uint64_t *message_count,
                           struct kafka_error *err);

/**
 * Gives up the messages that were sent before. Each of them is reported as failed, with KAFKA_ERR_PURGE_QUEUE or
 * KAFKA_ERR_PURGE_INFLIGHT. What is sent when this has returned, or when its future is complete, is not given up.
 *
 * flags: KAFKA_PURGE constants, joined by |. future: see kafka_future. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Blocks until
 * librdkafka's threads have done it, each of which may be waiting for a name server, unless future or
 * KAFKA_PURGE_NON_BLOCKING is given. What is sent meanwhile waits in the record accumulator, where there is one.
 */
int32_t kafka_producer_purge(struct kafka_producer *producer,
                             uint32_t flags,
                             struct kafka_future **future,
                             struct kafka_error *err);

/**
 * Flushes, gives up what is left after timeout_ms, and ends the producer. Calls
 * waiting in other threads return KAFKA_ERR_CLOSED.
 *
 * lost_count: how many messages were not delivered, or may not have been, without
 * kafka_producer_poll or kafka_producer_reports having returned it; also written for
 * KAFKA_ERR_TIMED_OUT; may be NULL. future: see kafka_future; its result is a number, of the messages lost, and it does not
 * fail for them; none if the producer was closed before. The producer may be freed before it is complete.
 * Returns 0, also if it was closed before; KAFKA_ERR_TIMED_OUT if messages were lost. It is closed in any case.
 * Blocks up to timeout_ms (-1: without limit), unless future is given.
 */
int32_t kafka_producer_close(struct kafka_producer *producer,
                             int32_t timeout_ms,
                             uint64_t *lost_count,
                             struct kafka_future **future,
                             struct kafka_error *err);

/**
 * Frees a producer. One that is open is closed by a thread of the library, within 1 s and with the number of lost messages on
 * stderr; the process's end waits for such threads, for all together up to 2 s. No call on it may be under way. In a forked
 * child it does nothing. NULL is nothing. Does not block.
 */
void kafka_producer_free(struct kafka_producer *producer);

/**
 * Frees a topic; messages sent to it are delivered all the same. No call on it
 * may be under way. NULL is nothing. Does not block.
 */
void kafka_topic_free(struct kafka_topic *topic);

/**
 * Queues a record: as kafka_producer_send, with all that a record can have. Without headers and
 * timestamp it costs the same.
 *
 * record: copied. Returns what kafka_producer_send does. After an error nothing is queued. Does
 * not block.
 */
int32_t kafka_producer_produce(struct kafka_producer *producer,
                               struct kafka_topic *topic,
                               const struct kafka_record *record,
                               struct kafka_error *err);

/**
 * Queues records, each as kafka_producer_produce does and those of a partition in their order. Where
 * there are many it costs less: those without headers and timestamp go to librdkafka together.
 *
 * records: record_count of them, copied. codes: room for record_count codes, 0 for a record that
 * was queued, else why not; may be NULL. queued_count: how many were queued. Once the queue is
 * full the rest is not tried, and has KAFKA_ERR_QUEUE_FULL, so that their order can be kept.
 * Returns 0, also where records were refused; KAFKA_ERR_INVALID_ARGUMENT if one of them cannot be
 * read, with nothing queued. Does not block.
 */
int32_t kafka_producer_produce_batch(struct kafka_producer *producer,
                                     struct kafka_topic *topic,
                                     const struct kafka_record *records,
                                     size_t record_count,
                                     int32_t *codes,
                                     size_t *queued_count,
                                     struct kafka_error *err);

/**
 * Fetches everything that was reported, after waiting for at least one report.
 *
 * timeout_ms: 0 does not wait, -1 waits without limit. reported: what was fetched;
 * nothing in time is no error. Returns 0; KAFKA_ERR_EVENT, see kafka_conf_set_events. Blocks
 * up to timeout_ms.
 */
int32_t kafka_producer_poll(struct kafka_producer *producer,
                            int32_t timeout_ms,
                            struct kafka_poll_result *reported,
                            struct kafka_error *err);

/**
 * Fetches reports one by one, in the order they came.
 *
 * reports: room for report_max of them. report_count: how many were fetched, 0 if
 * there were none. Returns 0. Does not block.
 */
int32_t kafka_producer_reports(struct kafka_producer *producer,
                               struct kafka_report *reports,
                               size_t report_max,
                               size_t *report_count,
                               struct kafka_error *err);

/**
 * Gives reports timestamps and latencies, or not: that takes a look at the clock for each.
 *
 * timed: 1 or 0; 0 at first. It counts for messages reported from now on. Returns 0. Does not
 * block.
 */
int32_t kafka_producer_set_report_timestamps(struct kafka_producer *producer,
                                             int32_t timed,
                                             struct kafka_error *err);

/**
 * How many messages sent with KAFKA_OPAQUE_NO_REPORT failed, since the last call of this or of
 * kafka_producer_poll.
 *
 * Returns 0. Does not block.
 */
int32_t kafka_producer_unreported_failures(struct kafka_producer *producer,
                                           uint64_t *failed_count,
                                           struct kafka_error *err);

/**
 * Sets how many of the failures that were fetched have not been passed on yet to the code that they concern. They count as
 * lost if the producer ends before the caller sets a smaller number.
 *
 * count: 0 at first. Returns 0. Does not block.
 */
int32_t kafka_producer_set_unsettled(struct kafka_producer *producer,
                                     uint64_t count,
                                     struct kafka_error *err);

/**
 * Waits until there is a report to fetch, or a message without one has failed; fetches nothing.
 *
 * timeout_ms: 0 does not wait, -1 waits without limit. Returns 0; KAFKA_ERR_TIMED_OUT if nothing
 * came; KAFKA_ERR_EVENT, see kafka_conf_set_events. Blocks up to timeout_ms.
 */
int32_t kafka_producer_wait(struct kafka_producer *producer,
                            int32_t timeout_ms,
                            struct kafka_error *err);

/**
 * Waits, after KAFKA_ERR_QUEUE_FULL, until it is worth trying again, or until there is a
 * report, which takes room until it is fetched.
 *
 * timeout_ms: 0 does not wait, -1 waits without limit. Returns 0; KAFKA_ERR_TIMED_OUT;
 * KAFKA_ERR_EVENT, see kafka_conf_set_events. Blocks up to timeout_ms.
 */
int32_t kafka_producer_wait_for_room(struct kafka_producer *producer,
                                     int32_t timeout_ms,
                                     struct kafka_error *err);

/**
 * Counts what became of all messages since the producer was made.
 *
 * counters: filled in on success. Returns 0. Does not block.
 */
int32_t kafka_producer_counters(struct kafka_producer *producer,
                                struct kafka_counters *counters,
                                struct kafka_error *err);

/**
 * Prepares for transactions: gets the producer's id, and fences every producer that had the same
 * transactional.id before; what those left unfinished is aborted. To be called once, before
 * anything is produced.
 *
 * timeout_ms: -1 leaves the limit to librdkafka, which has transaction.timeout.ms. future: see kafka_future. Returns 0;
 * KAFKA_ERR_NOT_CONFIGURED without a transactional.id; else what librdkafka says: see retriable and fatal in the error.
 * Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_producer_init_transactions(struct kafka_producer *producer,
                                         int32_t timeout_ms,
                                         struct kafka_future **future,
                                         struct kafka_error *err);

/**
 * Begins a transaction: what is produced from now on belongs to it.
 *
 * future: see kafka_future. Returns 0; KAFKA_ERR_STATE before kafka_producer_init_transactions has succeeded, in a
 * transaction, or, retriable, while records from before are on their way from buffer_memory; KAFKA_ERR_FATAL. Waits for
 * librdkafka's main thread, which answers, unless future is given.
 */
int32_t kafka_producer_begin_transaction(struct kafka_producer *producer,
                                         struct kafka_future **future,
                                         struct kafka_error *err);

/**
 * Makes a group's offsets part of the transaction: they are committed with it, or not at all.
 *
 * offsets: copied; each where the group shall go on, one behind the last message consumed.
 * group_metadata: of the consumer, from kafka_consumer_group_metadata, of now: not older than the
 * last rebalance. timeout_ms: as for kafka_producer_init_transactions. future: see kafka_future. When it fails, see
 * kafka_producer_commit_transaction. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_producer_send_offsets_to_transaction(struct kafka_producer *producer,
                                                   const struct kafka_partitions *offsets,
                                                   const struct kafka_group_metadata *group_metadata,
                                                   int32_t timeout_ms,
                                                   struct kafka_future **future,
                                                   struct kafka_error *err);

/**
 * Flushes, and commits the transaction.
 *
 * timeout_ms: as for kafka_producer_init_transactions. future: see kafka_future. What to do when it fails its error says:
 * retriable, call it again, the commit goes on where it was; txn_requires_abort, call
 * kafka_producer_abort_transaction; fatal, close the producer. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_producer_commit_transaction(struct kafka_producer *producer,
                                          int32_t timeout_ms,
                                          struct kafka_future **future,
                                          struct kafka_error *err);

/**
 * Aborts the transaction. What is still queued is given up, and reported as failed with
 * KAFKA_ERR_PURGE_QUEUE.
 *
 * timeout_ms: as for kafka_producer_init_transactions. future: see kafka_future. When it fails: retriable, call it again;
 * fatal, close the producer. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_producer_abort_transaction(struct kafka_producer *producer,
                                         int32_t timeout_ms,
                                         struct kafka_future **future,
                                         struct kafka_error *err);

/**
 * Makes an empty list.
 *
 * partitions: where the new object goes; free it with kafka_partitions_free.
 * Does not block.
 */
int32_t kafka_partitions_new(struct kafka_partitions **partitions, struct kafka_error *err);

/**
 * Appends an entry.
 *
 * topic: copied. partition: -1 where only the topic counts. offset: 0 and above, or
 * one of the KAFKA_OFFSET constants. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT.
 * Does not block.
 */
int32_t kafka_partitions_add(struct kafka_partitions *partitions,
                             const char *topic,
                             int32_t partition,
                             int64_t offset,
                             struct kafka_error *err);

/**
 * How many entries a list has.
 *
 * Returns 0. Does not block.
 */
int32_t kafka_partitions_count(const struct kafka_partitions *partitions,
                               size_t *partition_count,
                               struct kafka_error *err);

/**
 * An entry of a list, by its place from 0.
 *
 * partition: filled in on success; its topic lasts as long as the list. Returns 0, or
 * KAFKA_ERR_INVALID_ARGUMENT if there is none. Does not block.
 */
int32_t kafka_partitions_get(const struct kafka_partitions *partitions,
                             size_t index,
                             struct kafka_partition *partition,
                             struct kafka_error *err);

/**
 * Frees a list; NULL is nothing.
 */
void kafka_partitions_free(struct kafka_partitions *partitions);

/**
 * Starts a consumer. It connects in the background, and has nothing to consume
 * until it subscribes or is assigned partitions.
 *
 * brokers: "host:port,host:port". conf: copied; a group needs group.id.
 * consumer: where the new object goes; free it with kafka_consumer_free. future: see kafka_future and
 * kafka_future_consumer; for a caller that must not lose a moment: starting librdkafka's threads takes some hundred
 * microseconds, and reading the certificates of all authorities that a system trusts, many milliseconds.
 * Returns 0; KAFKA_ERR_INVALID_ARGUMENT, with "invalid broker list" if none of the
 * brokers can be used; KAFKA_ERR_INVALID_CONFIG if properties contradict each other.
 * Never waits for a broker.
 */
int32_t kafka_consumer_new(const char *brokers,
                           const struct kafka_conf *conf,
                           struct kafka_consumer **consumer,
                           struct kafka_future **future,
                           struct kafka_error *err);

/**
 * Takes the consumer that a future has for a result.
 *
 * consumer: where the object goes; free it with kafka_consumer_free. Returns 0; as kafka_future_wait, where the future is not
 * complete or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else, or has been taken. One that is not taken is
 * closed when the future is freed. Does not block.
 */
int32_t kafka_future_consumer(const struct kafka_future *future,
                              struct kafka_consumer **consumer,
                              struct kafka_error *err);

/**
 * The consumer as what it has in common with every client.
 *
 * client: where the new object goes; free it with kafka_client_free, before or after the consumer. Returns 0;
 * KAFKA_ERR_CLOSED. Does not block.
 */
int32_t kafka_consumer_client(struct kafka_consumer *consumer,
                              struct kafka_client **client,
                              struct kafka_error *err);

/**
 * What the consumer is in its group at the moment, for transactions.
 *
 * group_metadata: where the new object goes; free it with kafka_group_metadata_free. future: see kafka_future and
 * kafka_future_group_metadata. Returns 0; KAFKA_ERR_UNKNOWN_GROUP without a group.id. Waits for librdkafka's main thread,
 * which answers, unless future is given.
 */
int32_t kafka_consumer_group_metadata(struct kafka_consumer *consumer,
                                      struct kafka_group_metadata **group_metadata,
                                      struct kafka_future **future,
                                      struct kafka_error *err);

/**
 * Takes the next message. Calling it, or closing, is also what keeps a member in
 * its group: at least every max.poll.interval.ms.
 *
 * timeout_ms: 0 does not wait, -1 waits without limit. message: filled in on success;
 * release it with kafka_message_release. Returns 0; KAFKA_ERR_TIMED_OUT if nothing came;
 * KAFKA_ERR_EVENT if an event is to be taken first, see kafka_conf_set_events;
 * KAFKA_ERR_PARTITION_EOF at the end of a partition, with enable.partition.eof: the event of that
 * name says which. Troubles of brokers and network are events and not returned: it goes on
 * waiting, unless the error is fatal. Blocks up to timeout_ms.
 */
int32_t kafka_consumer_poll(struct kafka_consumer *consumer,
                            int32_t timeout_ms,
                            struct kafka_message *message,
                            struct kafka_error *err);

/**
 * Takes up to message_max messages: waits until there are as many, or the time is up, or an
 * event is to be taken, and returns those that came. Their offsets count as consumed. Keeps a
 * member in its group as kafka_consumer_poll does.
 *
 * message_max: 1 at least. timeout_ms: 0 does not wait, -1 waits without limit. batch: where the
 * new object goes; free it with kafka_batch_free. Returns 0; if nothing came, what
 * kafka_consumer_poll returns then. Blocks up to timeout_ms.
 */
int32_t kafka_consumer_consume(struct kafka_consumer *consumer,
                               size_t message_max,
                               int32_t timeout_ms,
                               struct kafka_batch **batch,
                               struct kafka_error *err);

/**
 * Begins to leave the group, so that rebalances can be answered on the way; then
 * kafka_consumer_close ends the consumer. A caller that does not answer rebalances closes at once.
 *
 * Returns 0 when the group is left: what was consumed is committed (unless enable.auto.commit is
 * false); KAFKA_ERR_EVENT if an event is to be taken, and a rebalance answered: call it again
 * then; KAFKA_ERR_STATE if a rebalance was taken and not answered; KAFKA_ERR_TIMED_OUT. Blocks up
 * to timeout_ms (-1: without limit).
 */
int32_t kafka_consumer_leave(struct kafka_consumer *consumer,
                             int32_t timeout_ms,
                             struct kafka_error *err);

/**
 * Commits what was consumed (unless enable.auto.commit is false), leaves the
 * group and ends the consumer. Calls waiting in other threads return
 * KAFKA_ERR_CLOSED. Messages and batches not released stay valid. A rebalance is answered here,
 * and no event: see kafka_consumer_leave.
 *
 * future: see kafka_future; the consumer may be freed before it is complete. Returns 0, also if it was closed before;
 * KAFKA_ERR_TIMED_OUT if the group could not be left in time: it will notice after session.timeout.ms. It is closed in any
 * case. Blocks up to timeout_ms (-1: without limit), unless future is given. Threads that have not ended by then, as where
 * name servers do not answer, do so by themselves.
 */
int32_t kafka_consumer_close(struct kafka_consumer *consumer,
                             int32_t timeout_ms,
                             struct kafka_future **future,
                             struct kafka_error *err);

/**
 * Frees a consumer. One that is open is closed by a thread of the library, within 1 s; the process's end waits for such
 * threads, for all together up to 2 s. No call on it may be under way. In a forked child it does nothing. NULL is nothing.
 * Does not block.
 */
void kafka_consumer_free(struct kafka_consumer *consumer);

/**
 * The group's name.
 *
 * group_id: NUL-terminated, the object's. Returns 0. Does not block.
 */
int32_t kafka_group_metadata_group_id(const struct kafka_group_metadata *group_metadata,
                                      const char **group_id,
                                      struct kafka_error *err);

/**
 * The member's name, which the group's coordinator gave it.
 *
 * member_id: NUL-terminated, the object's; empty if it has not joined. Returns 0. Does not block.
 */
int32_t kafka_group_metadata_member_id(const struct kafka_group_metadata *group_metadata,
                                       const char **member_id,
                                       struct kafka_error *err);

/**
 * A static member's group.instance.id.
 *
 * group_instance_id: NUL-terminated, the object's; NULL if it is no static member. Returns 0.
 * Does not block.
 */
int32_t kafka_group_metadata_group_instance_id(const struct kafka_group_metadata *group_metadata,
                                               const char **group_instance_id,
                                               struct kafka_error *err);

/**
 * The group's generation, which changes with every rebalance.
 *
 * generation_id: -1 if the consumer has not joined. Returns 0. Does not block.
 */
int32_t kafka_group_metadata_generation_id(const struct kafka_group_metadata *group_metadata,
                                           int32_t *generation_id,
                                           struct kafka_error *err);

/**
 * Frees it; NULL is nothing.
 */
void kafka_group_metadata_free(struct kafka_group_metadata *group_metadata);

/**
 * Has a consumer's messages be taken ahead of their reader, by kafka_consumer_take: one call
 * for up to 1000 of them. Offsets are stored, unless enable.auto.offset.store is false, as the
 * reader goes, up to 100 ms behind it, by a thread of the library's.
 *
 * ahead: 0 for no, all else for yes. Returns 0. Does not block.
 */
int32_t kafka_conf_set_lookahead(struct kafka_conf *conf, int32_t ahead, struct kafka_error *err);

/**
 * What the reader of a consumer's messages shares with the library.
 *
 * cursor: the consumer's, until that is closed. For one reader. Returns 0;
 * KAFKA_ERR_STATE if the consumer does not look ahead. Does not block.
 */
int32_t kafka_consumer_cursor(struct kafka_consumer *consumer,
                              struct kafka_cursor **cursor,
                              struct kafka_error *err);

/**
 * Takes messages ahead of their reader: what is there, or the first that comes in time; up to
 * 1000, and less for a reader that is slow. Those that the reader has not read come first. Keeps
 * a member in its group, as kafka_consumer_poll does, which also describes the codes.
 *
 * messages: as many pointers as the cursor counts; they, and what they point to, are the
 * consumer's until the next call of this function or its end, or of any other that sets the
 * cursor's count to 0: those that take messages in another way, and those that change what is
 * consumed, and from where. Only the reader may call it, and those. Blocks up to timeout_ms.
 */
int32_t kafka_consumer_take(struct kafka_consumer *consumer,
                            int32_t timeout_ms,
                            const struct kafka_raw_message *const **messages,
                            struct kafka_error *err);

/**
 * Takes messages ahead of their reader until there are as many, for a caller that wants them at once and
 * cannot wait for them in one call: until they are handed over, by kafka_consumer_take or
 * kafka_consumer_consume, none of them counts as read.
 *
 * count: messages that are not read, in all. Returns 0 if there are as many;
 * KAFKA_ERR_TIMED_OUT if not yet; else what kafka_consumer_poll returns. What has come is kept in
 * any case. Only the reader may call it. Blocks up to timeout_ms.
 */
int32_t kafka_consumer_look_ahead(struct kafka_consumer *consumer,
                                  size_t count,
                                  int32_t timeout_ms,
                                  struct kafka_error *err);

/**
 * Joins the group, to share these topics' partitions with its other members.
 * Replaces an earlier subscription.
 *
 * topics: copied; its partitions and offsets do not count. A name that begins with
 * ^ is a regular expression. future: see kafka_future. Returns 0; KAFKA_ERR_UNKNOWN_GROUP without a group.id;
 * KAFKA_ERR_INVALID_ARG. Waits for librdkafka's main thread, unless future is given, and for no broker: the group is joined in
 * the background. Where there is more to do than processors, that takes as long as the thread waits for one. Calls with
 * futures that are under way at once are in no order. If messages are taken ahead, only their reader may make this call and
 * the others of this kind, and has nothing to read until a change of what is consumed is complete.
 */
int32_t kafka_consumer_subscribe(struct kafka_consumer *consumer,
                                 const struct kafka_partitions *topics,
                                 struct kafka_future **future,
                                 struct kafka_error *err);

/**
 * Ends the subscription: the group is left in the background.
 *
 * future: see kafka_future. Returns 0, also if there was none; KAFKA_ERR_UNKNOWN_GROUP. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_unsubscribe(struct kafka_consumer *consumer,
                                   struct kafka_future **future,
                                   struct kafka_error *err);

/**
 * The topics that are subscribed to, as they were given: patterns stay patterns.
 *
 * topics: where the new list goes, empty for none; free it with kafka_partitions_free. future: see kafka_future and
 * kafka_future_partitions. Returns 0 or KAFKA_ERR_UNKNOWN_GROUP. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_subscription(struct kafka_consumer *consumer,
                                    struct kafka_partitions **topics,
                                    struct kafka_future **future,
                                    struct kafka_error *err);

/**
 * Consumes exactly these partitions. Replaces an earlier assignment. In a group it is
 * the answer to a rebalance, as are the three functions after it.
 *
 * partitions: copied; NULL or empty for none. Their offsets are where to begin. future: see kafka_future. Returns 0;
 * KAFKA_ERR_INVALID_ARGUMENT if one has no partition; KAFKA_ERR_STATE if the group's rebalance
 * protocol is COOPERATIVE. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_assign(struct kafka_consumer *consumer,
                              const struct kafka_partitions *partitions,
                              struct kafka_future **future,
                              struct kafka_error *err);

/**
 * Consumes nothing any more.
 *
 * future: see kafka_future. Returns 0; KAFKA_ERR_STATE if the group's rebalance protocol is COOPERATIVE. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_unassign(struct kafka_consumer *consumer,
                                struct kafka_future **future,
                                struct kafka_error *err);

/**
 * Consumes these partitions besides those it has.
 *
 * partitions: copied; their offsets are where to begin. future: see kafka_future. Returns 0; KAFKA_ERR_INVALID_ARGUMENT;
 * KAFKA_ERR_CONFLICT if it has one of them; KAFKA_ERR_STATE if the group's rebalance protocol is
 * EAGER. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_incremental_assign(struct kafka_consumer *consumer,
                                          const struct kafka_partitions *partitions,
                                          struct kafka_future **future,
                                          struct kafka_error *err);

/**
 * Consumes these partitions no more.
 *
 * partitions: copied. future: see kafka_future. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_INVALID_ARG if it does not
 * have one of them; KAFKA_ERR_STATE if the group's rebalance protocol is EAGER. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_incremental_unassign(struct kafka_consumer *consumer,
                                            const struct kafka_partitions *partitions,
                                            struct kafka_future **future,
                                            struct kafka_error *err);

/**
 * The partitions that are consumed.
 *
 * partitions: where the new list goes; free it with kafka_partitions_free. future: see kafka_future and
 * kafka_future_partitions. Returns 0 or KAFKA_ERR_UNKNOWN_GROUP. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_assignment(struct kafka_consumer *consumer,
                                  struct kafka_partitions **partitions,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

/**
 * Whether the partitions are lost: other members may consume them already.
 *
 * is_lost: 1 if so, else 0. Returns 0. Does not block.
 */
int32_t kafka_consumer_assignment_lost(struct kafka_consumer *consumer,
                                       int32_t *is_lost,
                                       struct kafka_error *err);

/**
 * How the group rebalances.
 *
 * protocol: "NONE" as long as it has not been joined, "EAGER" or "COOPERATIVE"; static. future: see kafka_future and
 * kafka_future_protocol. Returns 0. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_rebalance_protocol(struct kafka_consumer *consumer,
                                          const char **protocol,
                                          struct kafka_future **future,
                                          struct kafka_error *err);

/**
 * Answers the oldest KAFKA_EVENT_REBALANCE, taken or not, as the group's rebalance protocol
 * wants it: partitions that are assigned are consumed, those that are revoked no more.
 *
 * partitions: copied; NULL for those of the event. Their offsets are where to begin. future: see kafka_future. Returns 0;
 * KAFKA_ERR_STATE if there is none to answer; KAFKA_ERR_INVALID_ARGUMENT. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_accept_rebalance(struct kafka_consumer *consumer,
                                        const struct kafka_partitions *partitions,
                                        struct kafka_future **future,
                                        struct kafka_error *err);

/**
 * Commits offsets: those of the next messages to consume, each one more than that of the last
 * message that was dealt with.
 *
 * partitions: copied; NULL for the stored offsets of all that are assigned. timeout_ms: -1 waits without limit. committed:
 * where the new list of what was committed goes, empty if there was nothing to commit; free it with kafka_partitions_free;
 * NULL if it is not needed. future: see kafka_future and kafka_future_partitions. Commits are in the order of the calls.
 * Returns 0; KAFKA_ERR_INVALID_ARGUMENT if an entry has no partition or no offset; KAFKA_ERR_UNKNOWN_GROUP;
 * KAFKA_ERR_TIMED_OUT: it may have been committed even so; or what the brokers say. Blocks up to timeout_ms, unless future is
 * given.
 */
int32_t kafka_consumer_commit(struct kafka_consumer *consumer,
                              const struct kafka_partitions *partitions,
                              int32_t timeout_ms,
                              struct kafka_partitions **committed,
                              struct kafka_future **future,
                              struct kafka_error *err);

/**
 * Commits offsets in the background, as kafka_consumer_commit does; a failure is a KAFKA_EVENT_COMMIT_FAILED.
 *
 * partitions: copied; NULL for the stored offsets of all that are assigned. Returns 0; KAFKA_ERR_INVALID_ARGUMENT if an entry
 * has no partition or no offset; KAFKA_ERR_UNKNOWN_GROUP. Does not block.
 */
int32_t kafka_consumer_commit_async(struct kafka_consumer *consumer,
                                    const struct kafka_partitions *partitions,
                                    struct kafka_error *err);

/**
 * Has these offsets committed with the next commit of all. It needs enable.auto.offset.store to
 * be false.
 *
 * partitions: copied; the offsets of the next messages to consume. Returns 0;
 * KAFKA_ERR_INVALID_ARGUMENT if an entry has no partition or no offset; KAFKA_ERR_INVALID_ARG if
 * offsets are stored automatically; KAFKA_ERR_STATE, naming the first partition that is not
 * assigned: those that are have been stored. Does not block.
 */
int32_t kafka_consumer_store_offsets(struct kafka_consumer *consumer,
                                     const struct kafka_partitions *partitions,
                                     struct kafka_error *err);

/**
 * Takes no messages of these partitions, until they are resumed or assigned anew.
 *
 * partitions: copied. future: see kafka_future. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_UNKNOWN_PARTITION, naming
 * the first partition that is not known: the others are paused. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_pause(struct kafka_consumer *consumer,
                             const struct kafka_partitions *partitions,
                             struct kafka_future **future,
                             struct kafka_error *err);

/**
 * The reverse of kafka_consumer_pause.
 *
 * partitions: copied. future: see kafka_future. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_UNKNOWN_PARTITION, naming
 * the first partition that is not known: the others are resumed. Waits for librdkafka's main thread, unless future is given.
 */
int32_t kafka_consumer_resume(struct kafka_consumer *consumer,
                              const struct kafka_partitions *partitions,
                              struct kafka_future **future,
                              struct kafka_error *err);

/**
 * The offsets of the next messages: one more than those of the last that were taken.
 *
 * partitions: NULL for all that are assigned. positions: where the new list goes; free it with
 * kafka_partitions_free. The offset is KAFKA_OFFSET_INVALID where nothing has been taken yet. future: see kafka_future and
 * kafka_future_partitions. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Waits for librdkafka's main thread, unless future is
 * given.
 */
int32_t kafka_consumer_position(struct kafka_consumer *consumer,
                                const struct kafka_partitions *partitions,
                                struct kafka_partitions **positions,
                                struct kafka_future **future,
                                struct kafka_error *err);

/**
 * Goes on from other offsets, in partitions that are assigned. Messages that were fetched from
 * elsewhere are dropped; a reader of messages that are taken ahead has none until it is done.
 *
 * partitions: copied; with offsets, or KAFKA_OFFSET constants. timeout_ms: -1 waits without limit. places: where the new list
 * goes, with a code for each partition; free it with kafka_partitions_free; NULL if it is not needed. future: see
 * kafka_future and kafka_future_partitions. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_INVALID_ARG for
 * KAFKA_OFFSET_STORED, which is no place to seek to. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_consumer_seek(struct kafka_consumer *consumer,
                            const struct kafka_partitions *partitions,
                            int32_t timeout_ms,
                            struct kafka_partitions **places,
                            struct kafka_future **future,
                            struct kafka_error *err);

/**
 * Asks for the offsets that the group has committed.
 *
 * partitions: copied. timeout_ms: -1 waits without limit. committed: where the new list goes, with KAFKA_OFFSET_INVALID where
 * nothing was committed; free it with kafka_partitions_free. future: see kafka_future and kafka_future_partitions.
 * Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_TIMED_OUT; or what the brokers say. Blocks up to timeout_ms, unless future
 * is given.
 */
int32_t kafka_consumer_committed(struct kafka_consumer *consumer,
                                 const struct kafka_partitions *partitions,
                                 int32_t timeout_ms,
                                 struct kafka_partitions **committed,
                                 struct kafka_future **future,
                                 struct kafka_error *err);

/**
 * Asks for the first offset that a partition has, and the one that its next message will have.
 *
 * timeout_ms: -1 waits without limit. low, high: where they go. future: see kafka_future and kafka_future_value; its result is
 * a map with low and high. Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_TIMED_OUT; or what the brokers say. Blocks up to
 * timeout_ms, unless future is given.
 */
int32_t kafka_consumer_watermarks(struct kafka_consumer *consumer,
                                  const char *topic,
                                  int32_t partition,
                                  int32_t timeout_ms,
                                  int64_t *low,
                                  int64_t *high,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

/**
 * Asks where in their partitions times are.
 *
 * times: copied; milliseconds since 1970-01-01 UTC in the place of offsets. timeout_ms: -1 waits without limit. offsets: where
 * the new list goes, with the offsets of the first messages from then on, KAFKA_OFFSET_END where there are none; free it with
 * kafka_partitions_free. future: see kafka_future and kafka_future_partitions. Returns 0; KAFKA_ERR_INVALID_ARGUMENT;
 * KAFKA_ERR_TIMED_OUT; or what the brokers say. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_consumer_offsets_for_times(struct kafka_consumer *consumer,
                                         const struct kafka_partitions *times,
                                         int32_t timeout_ms,
                                         struct kafka_partitions **offsets,
                                         struct kafka_future **future,
                                         struct kafka_error *err);

/**
 * The headers of a message, in order.
 *
 * headers: room for header_max of them; NULL with header_max 0 asks for their number alone. What
 * they point to lasts as long as the message. header_count: how many the message has; if they
 * are more than header_max, the first header_max are written. Returns 0, or
 * KAFKA_ERR_INVALID_ARGUMENT for a message that was released. Does not block.
 */
int32_t kafka_message_headers(const struct kafka_message *message,
                              struct kafka_header *headers,
                              size_t header_max,
                              size_t *header_count,
                              struct kafka_error *err);

/**
 * Releases what a message points to, and zeroes the struct: releasing it twice
 * is harmless. NULL, or a zeroed struct, is nothing. Does not block.
 */
void kafka_message_release(struct kafka_message *message);

/**
 * How many messages a batch has.
 *
 * Returns 0. Does not block.
 */
int32_t kafka_batch_count(const struct kafka_batch *batch,
                          size_t *message_count,
                          struct kafka_error *err);

/**
 * How many bytes of memory a batch keeps, about: for a collector of garbage that has to know.
 *
 * Returns 0. Does not block.
 */
int32_t kafka_batch_bytes(const struct kafka_batch *batch,
                          size_t *byte_count,
                          struct kafka_error *err);

/**
 * A message of a batch, by its place from 0.
 *
 * view: filled in on success. What it points to lasts as long as the batch; kafka_message_release
 * does no more than zero it. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if there is none. Does not
 * block.
 */
int32_t kafka_batch_message(const struct kafka_batch *batch,
                            size_t index,
                            struct kafka_message *view,
                            struct kafka_error *err);

/**
 * The messages of a batch where they are: the fastest way to read many of them. kafka_batch_message has the rest of what
 * each of them holds.
 *
 * messages: as many pointers as kafka_batch_count says, and what they point to, last as long as the batch. Returns 0.
 * Does not block.
 */
int32_t kafka_batch_raw_messages(const struct kafka_batch *batch,
                                 const struct kafka_raw_message *const **messages,
                                 struct kafka_error *err);

/**
 * All that a raw message holds.
 *
 * message: of kafka_batch_raw_messages or kafka_consumer_take. view: filled in on success. What it points to lasts as
 * long as the message; kafka_message_release does no more than zero it. Returns 0. Does not block.
 */
int32_t kafka_raw_message_view(const struct kafka_raw_message *message,
                               struct kafka_message *view,
                               struct kafka_error *err);

/**
 * Frees a batch and its messages: many messages of a consumer that looks ahead by that one's own
 * thread, soon after. In a forked child it does nothing. NULL is nothing. Does not block.
 */
void kafka_batch_free(struct kafka_batch *batch);

/**
 * Frees a client, and nothing else: the object that it is of stays as it is. No call on it may be under way. In a forked
 * child it does nothing. NULL is nothing. Does not block.
 */
void kafka_client_free(struct kafka_client *client);

/**
 * Takes the oldest event of these kinds.
 *
 * kinds: KAFKA_EVENT constants, joined by |. event: filled in on success; release it with
 * kafka_event_release. Returns 0; KAFKA_ERR_TIMED_OUT if there is none. Does not block.
 */
int32_t kafka_client_poll_event(struct kafka_client *client,
                                uint32_t kinds,
                                struct kafka_event *event,
                                struct kafka_error *err);

/**
 * Says what is known of an error of this code: for a caller that waits by itself, and whose time is up. Errors of calls say it
 * already.
 *
 * code: of enum kafka_err. explained: filled in on success, as by a call that fails. Where the code says only that something
 * did not come, as KAFKA_ERR_TIMED_OUT, its text names the broker that failed last, as long as that is not connected:
 * "timeout: 10.0.0.1:9092: Connection refused". Returns 0, also when the client is closed. Does not block.
 */
int32_t kafka_client_explain(const struct kafka_client *client,
                             int32_t code,
                             struct kafka_error *explained,
                             struct kafka_error *err);

/**
 * A count of events that end waiting calls, see kafka_conf_set_events, to be looked at
 * without a call.
 *
 * event_count: points to a number that threads of the library change, and that lasts until the
 * client is freed. Returns 0. Does not block.
 */
int32_t kafka_client_event_count(const struct kafka_client *client,
                                 const volatile uint32_t **event_count,
                                 struct kafka_error *err);

/**
 * Notifies a notifier, once, when there may be something new: messages, reports, room in the queue,
 * an event that ends waiting calls, or the client's end. Then call again what had nothing to
 * give, with a timeout of 0, and only if it still has nothing wait for the notifier.
 *
 * key: what kafka_notifier_drain returns. Several waiters for the same client need the same notifier and key: the
 * last one holds. Returns 0; KAFKA_ERR_CLOSED. Does not block.
 */
int32_t kafka_client_notify(struct kafka_client *client,
                            struct kafka_notifier *notifier,
                            uint64_t key,
                            struct kafka_error *err);

/**
 * Asks for the cluster's brokers, topics and partitions.
 *
 * topic: copied; NULL for all topics. metadata: where the new value goes; free it with kafka_value_free. It is a
 * map: broker_id (of the one that answered, or -1), brokers (a list of id, host, port) and
 * topics, by name: partitions (a list of partition, leader, replicas, isrs; with err and
 * code where something is wrong), and err and code of the topic. future: see kafka_future and kafka_future_value.
 * Returns 0; KAFKA_ERR_TIMED_OUT or KAFKA_ERR_TRANSPORT within timeout_ms (-1: without limit); KAFKA_ERR_CLOSED as soon as the
 * client is closed. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_client_metadata(struct kafka_client *client,
                              const char *topic,
                              int32_t timeout_ms,
                              struct kafka_value **metadata,
                              struct kafka_future **future,
                              struct kafka_error *err);

/**
 * Asks for the cluster's id.
 *
 * cluster_id: where the new value goes, a text; free it with kafka_value_free. future: see kafka_future and
 * kafka_future_value. Returns 0; KAFKA_ERR_TIMED_OUT if no broker answers within timeout_ms (-1: without limit);
 * KAFKA_ERR_UNSUPPORTED_FEATURE if the brokers are older than Kafka 0.10.1, and have none; KAFKA_ERR_CLOSED as soon as the
 * client is closed. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_client_cluster_id(struct kafka_client *client,
                                int32_t timeout_ms,
                                struct kafka_value **cluster_id,
                                struct kafka_future **future,
                                struct kafka_error *err);

/**
 * Sets the OAUTHBEARER token to use from now on, as asked for by an event
 * KAFKA_EVENT_TOKEN_REFRESH.
 *
 * token, principal: copied. lifetime_ms: when it expires, in milliseconds since 1970-01-01
 * UTC. extensions: extension_count names and values in turn, copied; NULL with 0 for none.
 * Returns 0; KAFKA_ERR_INVALID_ARG with librdkafka's text; KAFKA_ERR_STATE if the client is
 * not configured for it. Does not block.
 */
int32_t kafka_client_set_oauthbearer_token(struct kafka_client *client,
                                           const char *token,
                                           int64_t lifetime_ms,
                                           const char *principal,
                                           const char *const *extensions,
                                           size_t extension_count,
                                           struct kafka_error *err);

/**
 * Says that no OAUTHBEARER token could be had: librdkafka asks again in 10 s, and reports
 * text as an error.
 *
 * text: copied. Returns 0; KAFKA_ERR_STATE if the client is not configured for it. Does
 * not block.
 */
int32_t kafka_client_set_oauthbearer_failure(struct kafka_client *client,
                                             const char *text,
                                             struct kafka_error *err);

/**
 * Sets the user and the password for PLAIN or SCRAM to use from now on, for connections
 * that are made anew; those there are stay.
 *
 * user, password: copied. Returns 0. Does not block.
 */
int32_t kafka_client_set_sasl_credentials(struct kafka_client *client,
                                          const char *user,
                                          const char *password,
                                          struct kafka_error *err);

/**
 * Releases what an event points to, and zeroes the struct: releasing it twice is
 * harmless. NULL, or a zeroed struct, is nothing. Does not block.
 */
void kafka_event_release(struct kafka_event *event);

/**
 * Makes a notifier, and a socket in a directory of its own that only this user may enter: below TMPDIR, /tmp, /var/tmp or
 * /dev/shm. Where none can be made the socket is on loopback.
 *
 * notifier: where the new object goes; free it with kafka_notifier_free. Returns 0;
 * KAFKA_ERR_INVALID_ARGUMENT with the system's reason; KAFKA_ERR_STATE, also to the others, once
 * a process has had more than two at a time: a Lua state that lasts for one request needs none.
 * Does not block.
 */
int32_t kafka_notifier_new(struct kafka_notifier **notifier,
                           struct kafka_error *err);

/**
 * Where the event loop is to connect to, once.
 *
 * path: the notifier's, until that is freed: the path of a unix socket, which begins with "/"; or "127.0.0.1:PORT/COOKIE", where
 * the first that the event loop sends is COOKIE. Returns 0. Does not block.
 */
int32_t kafka_notifier_path(const struct kafka_notifier *notifier,
                            const char **path,
                            struct kafka_error *err);

/**
 * Takes the connection that the event loop has just made. The socket is gone afterwards.
 *
 * Returns 0; KAFKA_ERR_STATE if it has not connected, or the cookie has not arrived yet; if it has connected before; or
 * if it was another process. Does not block.
 */
int32_t kafka_notifier_accept(struct kafka_notifier *notifier,
                              struct kafka_error *err);

/**
 * Takes the keys of what may have changed; call it whenever a byte has come, until it takes
 * fewer than key_max.
 *
 * keys: room for key_max. count: how many were taken. Returns 0; KAFKA_ERR_CLOSED if the event
 * loop is to do without this notifier. Does not block.
 */
int32_t kafka_notifier_drain(struct kafka_notifier *notifier,
                             uint64_t *keys,
                             size_t key_max,
                             size_t *count,
                             struct kafka_error *err);

/**
 * Sends a byte, to have the event loop look at something of its own.
 *
 * Returns 0. Does not block.
 */
int32_t kafka_notifier_wake(struct kafka_notifier *notifier, struct kafka_error *err);

/**
 * Frees a notifier. Its connection ends when nothing can notify it any more. NULL is nothing. Does
 * not block.
 */
void kafka_notifier_free(struct kafka_notifier *notifier);

/**
 * Waits for a future.
 *
 * timeout_ms: 0 does not wait, -1 waits without limit: the call itself has one. Returns 0 if the call succeeded;
 * KAFKA_ERR_IN_PROGRESS if it is not done in time; else what it failed with: KAFKA_ERR_CLOSED, KAFKA_ERR_CANCELED, or what
 * its function says. Once complete, the answer stays the same. Blocks up to timeout_ms.
 */
int32_t kafka_future_wait(struct kafka_future *future,
                          int32_t timeout_ms,
                          struct kafka_error *err);

/**
 * Completes a future with KAFKA_ERR_CANCELED; one that is complete stays as it is. What a broker was asked it may do even
 * so, and what librdkafka does at the moment it ends; nothing is asked again. A client that is being closed or made goes on
 * being closed or made.
 *
 * Returns 0. Does not block.
 */
int32_t kafka_future_cancel(struct kafka_future *future,
                            struct kafka_error *err);

/**
 * Notifies a notifier, once, when a future is complete; at once, if it is.
 *
 * key: what kafka_notifier_drain returns. Returns 0. Does not block.
 */
int32_t kafka_future_notify(struct kafka_future *future,
                            struct kafka_notifier *notifier,
                            uint64_t key,
                            struct kafka_error *err);

/**
 * The partitions that a call has for a result.
 *
 * partitions: the future's, until that is freed; not to be changed. Returns 0; as kafka_future_wait, where it is not complete
 * or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else. Does not block.
 */
int32_t kafka_future_partitions(const struct kafka_future *future,
                                const struct kafka_partitions **partitions,
                                struct kafka_error *err);

/**
 * The value that a call has for a result.
 *
 * value: the future's, until that is freed; not to be changed. Returns 0; as kafka_future_wait, where it is not complete or
 * failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else. Does not block.
 */
int32_t kafka_future_value(const struct kafka_future *future,
                           const struct kafka_value **value,
                           struct kafka_error *err);

/**
 * A group's rebalance protocol, of a call that has it for a result.
 *
 * protocol: "NONE", "EAGER" or "COOPERATIVE"; static. Returns 0; as kafka_future_wait, where it is not complete or failed;
 * KAFKA_ERR_INVALID_ARGUMENT if its result is something else. Does not block.
 */
int32_t kafka_future_protocol(const struct kafka_future *future,
                              const char **protocol,
                              struct kafka_error *err);

/**
 * What a consumer is in its group, of a call that has it for a result.
 *
 * group_metadata: where the new object goes; free it with kafka_group_metadata_free. Returns 0; as kafka_future_wait, where it
 * is not complete or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else. Does not block.
 */
int32_t kafka_future_group_metadata(const struct kafka_future *future,
                                    struct kafka_group_metadata **group_metadata,
                                    struct kafka_error *err);

/**
 * Frees a future. A call that is under way goes on, and what becomes of it is dropped. No call on it may be under way. In a
 * forked child it does nothing. NULL is nothing. Does not block.
 */
void kafka_future_free(struct kafka_future *future);

/**
 * Makes a null.
 *
 * value: where the new value goes; free it with kafka_value_free, unless it is given
 * away before. Does not block.
 */
int32_t kafka_value_new_null(struct kafka_value **value, struct kafka_error *err);

/**
 * Makes a boolean; truth: 0 is false, all else true. See kafka_value_new_null.
 */
int32_t kafka_value_new_bool(int32_t truth, struct kafka_value **value, struct kafka_error *err);

/**
 * Makes an integer. See kafka_value_new_null.
 */
int32_t kafka_value_new_int(int64_t number, struct kafka_value **value, struct kafka_error *err);

/**
 * Makes a text. text: copied; NULL with length 0 for an empty one. See
 * kafka_value_new_null.
 */
int32_t kafka_value_new_text(const void *text,
                             size_t text_len,
                             struct kafka_value **value,
                             struct kafka_error *err);

/**
 * Makes an empty list. See kafka_value_new_null.
 */
int32_t kafka_value_new_list(struct kafka_value **value, struct kafka_error *err);

/**
 * Makes an empty map. See kafka_value_new_null.
 */
int32_t kafka_value_new_map(struct kafka_value **value, struct kafka_error *err);

/**
 * Appends to a list.
 *
 * item: the list's from then on, and not to be used or freed any more. Returns 0, or
 * KAFKA_ERR_INVALID_ARGUMENT if list is none: item stays the caller's. Does not block.
 */
int32_t kafka_value_append(struct kafka_value *list,
                           struct kafka_value *item,
                           struct kafka_error *err);

/**
 * Sets an entry of a map, in place of one of that name.
 *
 * name: copied. item: the map's from then on, and not to be used or freed any more.
 * Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if map is none: item stays the caller's.
 * Does not block.
 */
int32_t kafka_value_set(struct kafka_value *map,
                        const char *name,
                        struct kafka_value *item,
                        struct kafka_error *err);

/**
 * What kind a value is.
 *
 * kind: one of the KAFKA_VALUE constants. Returns 0. Does not block.
 */
int32_t kafka_value_kind(const struct kafka_value *value, int32_t *kind, struct kafka_error *err);

/**
 * How many items a list or a map has.
 *
 * Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if value is neither. Does not block.
 */
int32_t kafka_value_count(const struct kafka_value *value,
                          size_t *item_count,
                          struct kafka_error *err);

/**
 * An item of a list or a map, by its place from 0.
 *
 * name: of a map's entry, NUL-terminated; NULL for a list's item; may be NULL. item: both
 * are value's, and last until it is changed or freed. Returns 0, or
 * KAFKA_ERR_INVALID_ARGUMENT if there is none. Does not block.
 */
int32_t kafka_value_item(const struct kafka_value *value,
                         size_t index,
                         const char **name,
                         const struct kafka_value **item,
                         struct kafka_error *err);

/**
 * An entry of a map, by its name.
 *
 * item: value's, and lasts until that is changed or freed. Returns 0; KAFKA_ERR_NOENT if
 * there is none of that name; KAFKA_ERR_INVALID_ARGUMENT if value is no map. Does not
 * block.
 */
int32_t kafka_value_get(const struct kafka_value *value,
                        const char *name,
                        const struct kafka_value **item,
                        struct kafka_error *err);

/**
 * The number of an integer, or 0 or 1 for a boolean.
 *
 * Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if value is neither. Does not block.
 */
int32_t kafka_value_int(const struct kafka_value *value, int64_t *number, struct kafka_error *err);

/**
 * The bytes of a text.
 *
 * text: value's, and lasts until that is changed or freed; a NUL follows it. text_len: may
 * be NULL. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if value is no text. Does not block.
 */
int32_t kafka_value_text(const struct kafka_value *value,
                         const char **text,
                         size_t *text_len,
                         struct kafka_error *err);

/**
 * Frees a value with all that is in it; NULL is nothing. Not for values inside others, nor
 * for those of a future.
 */
void kafka_value_free(struct kafka_value *value);

/**
 * Starts an admin client. It connects in the background.
 *
 * brokers: "host:port,host:port". conf: copied; NULL for librdkafka's defaults.
 * admin: where the new object goes; free it with kafka_admin_free. future: see kafka_future and
 * kafka_future_admin; for a caller that must not lose a moment: starting librdkafka's threads takes some hundred
 * microseconds, and reading the certificates of all authorities that a system trusts, many milliseconds.
 * Returns 0; KAFKA_ERR_INVALID_ARGUMENT, with "invalid broker list" if none of the
 * brokers can be used; KAFKA_ERR_INVALID_CONFIG if properties contradict each other.
 * Never waits for a broker.
 */
int32_t kafka_admin_new(const char *brokers,
                        const struct kafka_conf *conf,
                        struct kafka_admin **admin,
                        struct kafka_future **future,
                        struct kafka_error *err);

/**
 * Takes the admin client that a future has for a result.
 *
 * admin: where the object goes; free it with kafka_admin_free. Returns 0; as kafka_future_wait, where the future is not
 * complete or failed; KAFKA_ERR_INVALID_ARGUMENT if its result is something else, or has been taken. One that is not taken is
 * closed when the future is freed. Does not block.
 */
int32_t kafka_future_admin(const struct kafka_future *future,
                           struct kafka_admin **admin,
                           struct kafka_error *err);

/**
 * The admin client as what it has in common with every client.
 *
 * client: where the new object goes; free it with kafka_client_free, before or after the admin client. Returns 0;
 * KAFKA_ERR_CLOSED. Does not block.
 */
int32_t kafka_admin_client(struct kafka_admin *admin,
                           struct kafka_client **client,
                           struct kafka_error *err);

/**
 * Makes topics.
 *
 * topics: a list of maps: topic; partitions and replication, or what the brokers have for a
 * default; assignment (in place of replication: for each partition a list of broker ids);
 * config (properties by name). options: validate_only. Result: topics by name. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_create_topics(struct kafka_admin *admin,
                                  const struct kafka_value *topics,
                                  const struct kafka_value *options,
                                  int32_t timeout_ms,
                                  struct kafka_value **result,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

/**
 * Deletes topics.
 *
 * topics: a list of names. Result: topics by name. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_delete_topics(struct kafka_admin *admin,
                                  const struct kafka_value *topics,
                                  const struct kafka_value *options,
                                  int32_t timeout_ms,
                                  struct kafka_value **result,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

/**
 * Adds partitions to topics.
 *
 * topics: a list of maps: topic, partitions (how many there shall be), assignment (for each
 * new partition a list of broker ids). options: validate_only. Result: topics by name. Blocks
 * up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_create_partitions(struct kafka_admin *admin,
                                      const struct kafka_value *topics,
                                      const struct kafka_value *options,
                                      int32_t timeout_ms,
                                      struct kafka_value **result,
                                      struct kafka_future **future,
                                      struct kafka_error *err);

/**
 * Describes topics.
 *
 * topics: a list of names. options: include_authorized_operations. Result: topics by name:
 * topic_id, is_internal, partitions (a list of partition, leader, replicas, isr; brokers by
 * their ids, -1 for none), authorized_operations. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_describe_topics(struct kafka_admin *admin,
                                    const struct kafka_value *topics,
                                    const struct kafka_value *options,
                                    int32_t timeout_ms,
                                    struct kafka_value **result,
                                    struct kafka_future **future,
                                    struct kafka_error *err);

/**
 * Describes the cluster.
 *
 * options: include_authorized_operations. Result: a map: cluster_id, controller (a broker's
 * id), brokers (a list of id, host, port, rack), authorized_operations. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_describe_cluster(struct kafka_admin *admin,
                                     const struct kafka_value *options,
                                     int32_t timeout_ms,
                                     struct kafka_value **result,
                                     struct kafka_future **future,
                                     struct kafka_error *err);

/**
 * Reads the configuration of topics, brokers and groups.
 *
 * resources: a list of maps: type ("topic", "broker", "group"), name (of a broker its id).
 * Result: resources by name: type, configs (by name: value, source, is_default,
 * is_read_only, is_sensitive, synonyms). Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_describe_configs(struct kafka_admin *admin,
                                     const struct kafka_value *resources,
                                     const struct kafka_value *options,
                                     int32_t timeout_ms,
                                     struct kafka_value **result,
                                     struct kafka_future **future,
                                     struct kafka_error *err);

/**
 * Changes single properties of topics, brokers and groups, and leaves the others alone.
 *
 * resources: a list of maps: type and name as for kafka_admin_describe_configs; set, append,
 * subtract (values by name), delete (a list of names, back to their defaults). options:
 * validate_only. Result: resources by name: type. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_incremental_alter_configs(struct kafka_admin *admin,
                                              const struct kafka_value *resources,
                                              const struct kafka_value *options,
                                              int32_t timeout_ms,
                                              struct kafka_value **result,
                                              struct kafka_future **future,
                                              struct kafka_error *err);

/**
 * Lists the groups of all brokers.
 *
 * options: states, types (lists of names, to list no others). Result: groups by id: state,
 * type, is_simple (it has offsets and never had members). It fails where a broker does not
 * list its groups. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_list_groups(struct kafka_admin *admin,
                                const struct kafka_value *options,
                                int32_t timeout_ms,
                                struct kafka_value **result,
                                struct kafka_future **future,
                                struct kafka_error *err);

/**
 * Describes groups.
 *
 * groups: a list of ids. options: include_authorized_operations. Result: groups by id: state,
 * type, protocol (the assignor), is_simple, coordinator (id, host, port, rack), members (a
 * list of member_id, group_instance_id, client_id, host, assignment), authorized_operations.
 * A group that does not exist fails with KAFKA_ERR_GROUP_ID_NOT_FOUND. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_describe_groups(struct kafka_admin *admin,
                                    const struct kafka_value *groups,
                                    const struct kafka_value *options,
                                    int32_t timeout_ms,
                                    struct kafka_value **result,
                                    struct kafka_future **future,
                                    struct kafka_error *err);

/**
 * Deletes groups that have no members.
 *
 * groups: a list of ids. Result: groups by id. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_delete_groups(struct kafka_admin *admin,
                                  const struct kafka_value *groups,
                                  const struct kafka_value *options,
                                  int32_t timeout_ms,
                                  struct kafka_value **result,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

/**
 * Reads what groups have committed.
 *
 * groups: a list of maps: group, partitions (a list of topic, partition; all without it).
 * options: require_stable_offsets. Result: groups by id: offsets (a list of topic, partition,
 * offset, leader_epoch, metadata, err, code; offset is KAFKA_OFFSET_INVALID where there is
 * none). If one of the offsets failed, ok is false, and err and code are those of the first.
 * Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_list_group_offsets(struct kafka_admin *admin,
                                       const struct kafka_value *groups,
                                       const struct kafka_value *options,
                                       int32_t timeout_ms,
                                       struct kafka_value **result,
                                       struct kafka_future **future,
                                       struct kafka_error *err);

/**
 * Commits offsets for groups that have no members.
 *
 * groups: a list of maps: group, offsets (a list of topic, partition, offset, metadata).
 * Result: groups by id: offsets, as for kafka_admin_list_group_offsets. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_alter_group_offsets(struct kafka_admin *admin,
                                        const struct kafka_value *groups,
                                        const struct kafka_value *options,
                                        int32_t timeout_ms,
                                        struct kafka_value **result,
                                        struct kafka_future **future,
                                        struct kafka_error *err);

/**
 * Makes groups forget what they have committed.
 *
 * groups: a list of maps: group, partitions (a list of topic, partition). Result: groups by
 * id: offsets, as for kafka_admin_list_group_offsets. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_delete_group_offsets(struct kafka_admin *admin,
                                         const struct kafka_value *groups,
                                         const struct kafka_value *options,
                                         int32_t timeout_ms,
                                         struct kafka_value **result,
                                         struct kafka_future **future,
                                         struct kafka_error *err);

/**
 * Finds offsets of partitions.
 *
 * partitions: a list of maps: topic, partition, and offset (KAFKA_OFFSET_BEGINNING or
 * "earliest", KAFKA_OFFSET_END or "latest", "max_timestamp") or timestamp (the first message of
 * that time or later, in milliseconds since 1970-01-01 UTC). options: isolation_level ("read_uncommitted", "read_committed").
 * Result: partitions by "topic:partition": topic, partition, offset, timestamp. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_list_offsets(struct kafka_admin *admin,
                                 const struct kafka_value *partitions,
                                 const struct kafka_value *options,
                                 int32_t timeout_ms,
                                 struct kafka_value **result,
                                 struct kafka_future **future,
                                 struct kafka_error *err);

/**
 * Deletes the records before an offset.
 *
 * partitions: a list of maps: topic, partition, offset (-1 for the end). Result: partitions
 * by "topic:partition": topic, partition, low_watermark. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_delete_records(struct kafka_admin *admin,
                                   const struct kafka_value *partitions,
                                   const struct kafka_value *options,
                                   int32_t timeout_ms,
                                   struct kafka_value **result,
                                   struct kafka_future **future,
                                   struct kafka_error *err);

/**
 * Has the leaders of partitions elected.
 *
 * partitions: a list of maps: topic, partition; NULL for all. options: type ("preferred",
 * which is the default, or "unclean"). Result: partitions by "topic:partition": topic,
 * partition. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_elect_leaders(struct kafka_admin *admin,
                                  const struct kafka_value *partitions,
                                  const struct kafka_value *options,
                                  int32_t timeout_ms,
                                  struct kafka_value **result,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

/**
 * Adds entries to the access control lists.
 *
 * acls: a list of maps: type ("topic", "group", "cluster", "transactional_id"), name, pattern
 * ("literal", which is the default, or "prefixed"), principal ("User:x"), host ("*" is the
 * default), operation ("read", "write", ...), permission ("allow", "deny"). Result: a list of
 * outcomes, in the order of acls. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_create_acls(struct kafka_admin *admin,
                                const struct kafka_value *acls,
                                const struct kafka_value *options,
                                int32_t timeout_ms,
                                struct kafka_value **result,
                                struct kafka_future **future,
                                struct kafka_error *err);

/**
 * Finds entries of the access control lists.
 *
 * filter: a map as for kafka_admin_create_acls; what is not in it may be anything; pattern
 * may also be "match". NULL for all. Result: a list of entries. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_describe_acls(struct kafka_admin *admin,
                                  const struct kafka_value *filter,
                                  const struct kafka_value *options,
                                  int32_t timeout_ms,
                                  struct kafka_value **result,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

/**
 * Removes entries from the access control lists.
 *
 * filters: a list of maps as for kafka_admin_describe_acls. Result: a list of outcomes, in
 * the order of filters, with acls, the entries that were removed. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_delete_acls(struct kafka_admin *admin,
                                const struct kafka_value *filters,
                                const struct kafka_value *options,
                                int32_t timeout_ms,
                                struct kafka_value **result,
                                struct kafka_future **future,
                                struct kafka_error *err);

/**
 * Reads which SCRAM credentials users have.
 *
 * users: a list of names; NULL or empty for all. Result: users by name: credentials (a list
 * of mechanism, iterations). Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_describe_user_scram_credentials(struct kafka_admin *admin,
                                                    const struct kafka_value *users,
                                                    const struct kafka_value *options,
                                                    int32_t timeout_ms,
                                                    struct kafka_value **result,
                                                    struct kafka_future **future,
                                                    struct kafka_error *err);

/**
 * Sets and deletes SCRAM credentials.
 *
 * alterations: a list of maps: user, mechanism ("SCRAM-SHA-256", "SCRAM-SHA-512"), and
 * password, iterations (4096 is the default), salt (random without it), or delete (true).
 * Result: users by name. Blocks up to timeout_ms, unless future is given.
 */
int32_t kafka_admin_alter_user_scram_credentials(struct kafka_admin *admin,
                                                 const struct kafka_value *alterations,
                                                 const struct kafka_value *options,
                                                 int32_t timeout_ms,
                                                 struct kafka_value **result,
                                                 struct kafka_future **future,
                                                 struct kafka_error *err);

/**
 * Ends the admin client. Calls under way fail with KAFKA_ERR_CLOSED; what a broker has
 * been asked it may do even so.
 *
 * future: see kafka_future; the admin client may be freed before it is complete. Returns 0, also if it was closed before.
 * Blocks up to 1 s, where name servers do not answer, unless future is given.
 */
int32_t kafka_admin_close(struct kafka_admin *admin,
                          struct kafka_future **future,
                          struct kafka_error *err);

/**
 * Frees an admin client. One that is open is closed by a thread of the library. Its futures may be freed before or after.
 * No call on it may be under way. In a forked child it does nothing. NULL is nothing. Does not block.
 */
void kafka_admin_free(struct kafka_admin *admin);

/**
 * Starts a cluster.
 *
 * cluster: where the new object goes; free it with kafka_mock_cluster_free.
 * Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block.
 */
int32_t kafka_mock_cluster_new(int32_t broker_count,
                               struct kafka_mock_cluster **cluster,
                               struct kafka_error *err);

/**
 * The brokers' addresses, as "host:port,host:port".
 *
 * servers: points to a string that the cluster owns until it is freed. Does not block.
 */
int32_t kafka_mock_cluster_bootstrap_servers(const struct kafka_mock_cluster *cluster,
                                             const char **servers,
                                             struct kafka_error *err);

/**
 * Creates a topic. Topics that are used without it have 4 partitions.
 *
 * Returns 0; KAFKA_ERR_TOPIC_ALREADY_EXISTS; KAFKA_ERR_INVALID_ARGUMENT. Waits for the
 * cluster's thread, some microseconds.
 */
int32_t kafka_mock_cluster_create_topic(struct kafka_mock_cluster *cluster,
                                        const char *topic,
                                        int32_t partition_count,
                                        int32_t replication_factor,
                                        struct kafka_error *err);

/**
 * Disconnects all clients from a broker, which refuses new connections until
 * kafka_mock_cluster_broker_up.
 *
 * Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Waits for the cluster's thread, some
 * microseconds.
 */
int32_t kafka_mock_cluster_broker_down(struct kafka_mock_cluster *cluster,
                                       int32_t broker_id,
                                       struct kafka_error *err);

/**
 * Lets a broker accept connections again.
 *
 * Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Waits for the cluster's thread, some
 * microseconds.
 */
int32_t kafka_mock_cluster_broker_up(struct kafka_mock_cluster *cluster,
                                     int32_t broker_id,
                                     struct kafka_error *err);

/**
 * Sets how long a broker takes to answer.
 *
 * rtt_ms: milliseconds, 0 for at once. Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Waits
 * for the cluster's thread, some microseconds.
 */
int32_t kafka_mock_cluster_set_rtt(struct kafka_mock_cluster *cluster,
                                   int32_t broker_id,
                                   int32_t rtt_ms,
                                   struct kafka_error *err);

/**
 * The number of an API of Kafka's, for kafka_mock_cluster_push_errors.
 *
 * api: its name in Kafka's protocol, as "Produce", "Metadata" or "InitProducerId", however
 * it is capitalised. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if there is no such API. Does
 * not block.
 */
int32_t kafka_mock_cluster_api_key(const char *api, int32_t *api_key, struct kafka_error *err);

/**
 * Has the next requests of one API fail, one for each code.
 *
 * api_key: Kafka's number of the API, as 0 for Produce and 1 for Fetch, see
 * kafka_mock_cluster_api_key. codes: copied;
 * brokers' codes, or KAFKA_ERR_TRANSPORT to cut the connection; 0 lets one request pass.
 * Returns 0 or KAFKA_ERR_INVALID_ARGUMENT. Does not block.
 */
int32_t kafka_mock_cluster_push_errors(struct kafka_mock_cluster *cluster,
                                       int32_t api_key,
                                       const int32_t *codes,
                                       size_t code_count,
                                       struct kafka_error *err);

/**
 * Makes a broker the leader of a partition.
 *
 * Returns 0; KAFKA_ERR_INVALID_ARGUMENT; KAFKA_ERR_UNKNOWN_TOPIC_OR_PART. Waits for the
 * cluster's thread, some microseconds.
 */
int32_t kafka_mock_cluster_set_leader(struct kafka_mock_cluster *cluster,
                                      const char *topic,
                                      int32_t partition,
                                      int32_t broker_id,
                                      struct kafka_error *err);

/**
 * Stops the brokers; clients see them as down. Returns 0, also if it was closed
 * before. Waits for the cluster's threads.
 */
int32_t kafka_mock_cluster_close(struct kafka_mock_cluster *cluster, struct kafka_error *err);

/**
 * Frees a cluster. One that is open is closed by a thread of the library. No call on it may be under way. In a forked child
 * it does nothing. NULL is nothing. Does not block.
 */
void kafka_mock_cluster_free(struct kafka_mock_cluster *cluster);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* KAFKA_H */
