/* ABI 1, as release 1.0.0 began it. */
#include <stddef.h>
#include <stdint.h>

#define KAFKA_ABI_VERSION 1

#define KAFKA_ERROR_MESSAGE_SIZE 512

#define KAFKA_OPAQUE_NONE UINT64_MAX

#define KAFKA_OPAQUE_NO_REPORT (UINT64_MAX - 1)

#define KAFKA_PURGE_QUEUE 1

#define KAFKA_PURGE_INFLIGHT 2

#define KAFKA_PURGE_NON_BLOCKING 4

#define KAFKA_MSG_STATUS_NOT_PERSISTED 0

#define KAFKA_MSG_STATUS_POSSIBLY_PERSISTED 1

#define KAFKA_MSG_STATUS_PERSISTED 2

#define KAFKA_OFFSET_BEGINNING -2

#define KAFKA_OFFSET_END -1

#define KAFKA_OFFSET_STORED -1000

#define KAFKA_OFFSET_INVALID -1001

#define KAFKA_EVENT_ERROR 1

#define KAFKA_EVENT_STATS 2

#define KAFKA_EVENT_LOG 4

#define KAFKA_EVENT_THROTTLE 8

#define KAFKA_EVENT_TOKEN_REFRESH 16

#define KAFKA_EVENT_REBALANCE 32

#define KAFKA_EVENT_COMMIT_FAILED 64

#define KAFKA_EVENT_PARTITION_EOF 128

#define KAFKA_VALUE_NULL 0

#define KAFKA_VALUE_BOOL 1

#define KAFKA_VALUE_INT 2

#define KAFKA_VALUE_TEXT 3

#define KAFKA_VALUE_LIST 4

#define KAFKA_VALUE_MAP 5

typedef enum kafka_err {
    KAFKA_ERR_INVALID_ARGUMENT = -1000,
    KAFKA_ERR_PANIC = -1001,
    KAFKA_ERR_FORKED = -1002,
    KAFKA_ERR_CLOSED = -1003,
    KAFKA_ERR_ABI_MISMATCH = -1004,
    KAFKA_ERR_EVENT = -1005,
    KAFKA_ERR_WOULD_BLOCK = -1006,
    KAFKA_ERR_CANCELED = -1007,
    KAFKA_ERR_BAD_MSG = -199,
    KAFKA_ERR_BAD_COMPRESSION = -198,
    KAFKA_ERR_DESTROY = -197,
    KAFKA_ERR_FAIL = -196,
    KAFKA_ERR_TRANSPORT = -195,
    KAFKA_ERR_CRIT_SYS_RESOURCE = -194,
    KAFKA_ERR_RESOLVE = -193,
    KAFKA_ERR_MSG_TIMED_OUT = -192,
    KAFKA_ERR_PARTITION_EOF = -191,
    KAFKA_ERR_UNKNOWN_PARTITION = -190,
    KAFKA_ERR_FS = -189,
    KAFKA_ERR_UNKNOWN_TOPIC = -188,
    KAFKA_ERR_ALL_BROKERS_DOWN = -187,
    KAFKA_ERR_INVALID_ARG = -186,
    KAFKA_ERR_TIMED_OUT = -185,
    KAFKA_ERR_QUEUE_FULL = -184,
    KAFKA_ERR_ISR_INSUFF = -183,
    KAFKA_ERR_NODE_UPDATE = -182,
    KAFKA_ERR_SSL = -181,
    KAFKA_ERR_WAIT_COORD = -180,
    KAFKA_ERR_UNKNOWN_GROUP = -179,
    KAFKA_ERR_IN_PROGRESS = -178,
    KAFKA_ERR_PREV_IN_PROGRESS = -177,
    KAFKA_ERR_EXISTING_SUBSCRIPTION = -176,
    KAFKA_ERR_ASSIGN_PARTITIONS = -175,
    KAFKA_ERR_REVOKE_PARTITIONS = -174,
    KAFKA_ERR_CONFLICT = -173,
    KAFKA_ERR_STATE = -172,
    KAFKA_ERR_UNKNOWN_PROTOCOL = -171,
    KAFKA_ERR_NOT_IMPLEMENTED = -170,
    KAFKA_ERR_AUTHENTICATION = -169,
    KAFKA_ERR_NO_OFFSET = -168,
    KAFKA_ERR_OUTDATED = -167,
    KAFKA_ERR_TIMED_OUT_QUEUE = -166,
    KAFKA_ERR_UNSUPPORTED_FEATURE = -165,
    KAFKA_ERR_WAIT_CACHE = -164,
    KAFKA_ERR_INTR = -163,
    KAFKA_ERR_KEY_SERIALIZATION = -162,
    KAFKA_ERR_VALUE_SERIALIZATION = -161,
    KAFKA_ERR_KEY_DESERIALIZATION = -160,
    KAFKA_ERR_VALUE_DESERIALIZATION = -159,
    KAFKA_ERR_PARTIAL = -158,
    KAFKA_ERR_READ_ONLY = -157,
    KAFKA_ERR_NOENT = -156,
    KAFKA_ERR_UNDERFLOW = -155,
    KAFKA_ERR_INVALID_TYPE = -154,
    KAFKA_ERR_RETRY = -153,
    KAFKA_ERR_PURGE_QUEUE = -152,
    KAFKA_ERR_PURGE_INFLIGHT = -151,
    KAFKA_ERR_FATAL = -150,
    KAFKA_ERR_INCONSISTENT = -149,
    KAFKA_ERR_GAPLESS_GUARANTEE = -148,
    KAFKA_ERR_MAX_POLL_EXCEEDED = -147,
    KAFKA_ERR_UNKNOWN_BROKER = -146,
    KAFKA_ERR_NOT_CONFIGURED = -145,
    KAFKA_ERR_FENCED = -144,
    KAFKA_ERR_APPLICATION = -143,
    KAFKA_ERR_ASSIGNMENT_LOST = -142,
    KAFKA_ERR_NOOP = -141,
    KAFKA_ERR_AUTO_OFFSET_RESET = -140,
    KAFKA_ERR_LOG_TRUNCATION = -139,
    KAFKA_ERR_INVALID_DIFFERENT_RECORD = -138,
    KAFKA_ERR_DESTROY_BROKER = -137,
    KAFKA_ERR_UNKNOWN = -1,
    KAFKA_ERR_NO_ERROR = 0,
    KAFKA_ERR_OFFSET_OUT_OF_RANGE = 1,
    KAFKA_ERR_INVALID_MSG = 2,
    KAFKA_ERR_UNKNOWN_TOPIC_OR_PART = 3,
    KAFKA_ERR_INVALID_MSG_SIZE = 4,
    KAFKA_ERR_LEADER_NOT_AVAILABLE = 5,
    KAFKA_ERR_NOT_LEADER_FOR_PARTITION = 6,
    KAFKA_ERR_REQUEST_TIMED_OUT = 7,
    KAFKA_ERR_BROKER_NOT_AVAILABLE = 8,
    KAFKA_ERR_REPLICA_NOT_AVAILABLE = 9,
    KAFKA_ERR_MSG_SIZE_TOO_LARGE = 10,
    KAFKA_ERR_STALE_CTRL_EPOCH = 11,
    KAFKA_ERR_OFFSET_METADATA_TOO_LARGE = 12,
    KAFKA_ERR_NETWORK_EXCEPTION = 13,
    KAFKA_ERR_COORDINATOR_LOAD_IN_PROGRESS = 14,
    KAFKA_ERR_COORDINATOR_NOT_AVAILABLE = 15,
    KAFKA_ERR_NOT_COORDINATOR = 16,
    KAFKA_ERR_TOPIC_EXCEPTION = 17,
    KAFKA_ERR_RECORD_LIST_TOO_LARGE = 18,
    KAFKA_ERR_NOT_ENOUGH_REPLICAS = 19,
    KAFKA_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20,
    KAFKA_ERR_INVALID_REQUIRED_ACKS = 21,
    KAFKA_ERR_ILLEGAL_GENERATION = 22,
    KAFKA_ERR_INCONSISTENT_GROUP_PROTOCOL = 23,
    KAFKA_ERR_INVALID_GROUP_ID = 24,
    KAFKA_ERR_UNKNOWN_MEMBER_ID = 25,
    KAFKA_ERR_INVALID_SESSION_TIMEOUT = 26,
    KAFKA_ERR_REBALANCE_IN_PROGRESS = 27,
    KAFKA_ERR_INVALID_COMMIT_OFFSET_SIZE = 28,
    KAFKA_ERR_TOPIC_AUTHORIZATION_FAILED = 29,
    KAFKA_ERR_GROUP_AUTHORIZATION_FAILED = 30,
    KAFKA_ERR_CLUSTER_AUTHORIZATION_FAILED = 31,
    KAFKA_ERR_INVALID_TIMESTAMP = 32,
    KAFKA_ERR_UNSUPPORTED_SASL_MECHANISM = 33,
    KAFKA_ERR_ILLEGAL_SASL_STATE = 34,
    KAFKA_ERR_UNSUPPORTED_VERSION = 35,
    KAFKA_ERR_TOPIC_ALREADY_EXISTS = 36,
    KAFKA_ERR_INVALID_PARTITIONS = 37,
    KAFKA_ERR_INVALID_REPLICATION_FACTOR = 38,
    KAFKA_ERR_INVALID_REPLICA_ASSIGNMENT = 39,
    KAFKA_ERR_INVALID_CONFIG = 40,
    KAFKA_ERR_NOT_CONTROLLER = 41,
    KAFKA_ERR_INVALID_REQUEST = 42,
    KAFKA_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT = 43,
    KAFKA_ERR_POLICY_VIOLATION = 44,
    KAFKA_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER = 45,
    KAFKA_ERR_DUPLICATE_SEQUENCE_NUMBER = 46,
    KAFKA_ERR_INVALID_PRODUCER_EPOCH = 47,
    KAFKA_ERR_INVALID_TXN_STATE = 48,
    KAFKA_ERR_INVALID_PRODUCER_ID_MAPPING = 49,
    KAFKA_ERR_INVALID_TRANSACTION_TIMEOUT = 50,
    KAFKA_ERR_CONCURRENT_TRANSACTIONS = 51,
    KAFKA_ERR_TRANSACTION_COORDINATOR_FENCED = 52,
    KAFKA_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53,
    KAFKA_ERR_SECURITY_DISABLED = 54,
    KAFKA_ERR_OPERATION_NOT_ATTEMPTED = 55,
    KAFKA_ERR_KAFKA_STORAGE_ERROR = 56,
    KAFKA_ERR_LOG_DIR_NOT_FOUND = 57,
    KAFKA_ERR_SASL_AUTHENTICATION_FAILED = 58,
    KAFKA_ERR_UNKNOWN_PRODUCER_ID = 59,
    KAFKA_ERR_REASSIGNMENT_IN_PROGRESS = 60,
    KAFKA_ERR_DELEGATION_TOKEN_AUTH_DISABLED = 61,
    KAFKA_ERR_DELEGATION_TOKEN_NOT_FOUND = 62,
    KAFKA_ERR_DELEGATION_TOKEN_OWNER_MISMATCH = 63,
    KAFKA_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = 64,
    KAFKA_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED = 65,
    KAFKA_ERR_DELEGATION_TOKEN_EXPIRED = 66,
    KAFKA_ERR_INVALID_PRINCIPAL_TYPE = 67,
    KAFKA_ERR_NON_EMPTY_GROUP = 68,
    KAFKA_ERR_GROUP_ID_NOT_FOUND = 69,
    KAFKA_ERR_FETCH_SESSION_ID_NOT_FOUND = 70,
    KAFKA_ERR_INVALID_FETCH_SESSION_EPOCH = 71,
    KAFKA_ERR_LISTENER_NOT_FOUND = 72,
    KAFKA_ERR_TOPIC_DELETION_DISABLED = 73,
    KAFKA_ERR_FENCED_LEADER_EPOCH = 74,
    KAFKA_ERR_UNKNOWN_LEADER_EPOCH = 75,
    KAFKA_ERR_UNSUPPORTED_COMPRESSION_TYPE = 76,
    KAFKA_ERR_STALE_BROKER_EPOCH = 77,
    KAFKA_ERR_OFFSET_NOT_AVAILABLE = 78,
    KAFKA_ERR_MEMBER_ID_REQUIRED = 79,
    KAFKA_ERR_PREFERRED_LEADER_NOT_AVAILABLE = 80,
    KAFKA_ERR_GROUP_MAX_SIZE_REACHED = 81,
    KAFKA_ERR_FENCED_INSTANCE_ID = 82,
    KAFKA_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE = 83,
    KAFKA_ERR_ELECTION_NOT_NEEDED = 84,
    KAFKA_ERR_NO_REASSIGNMENT_IN_PROGRESS = 85,
    KAFKA_ERR_GROUP_SUBSCRIBED_TO_TOPIC = 86,
    KAFKA_ERR_INVALID_RECORD = 87,
    KAFKA_ERR_UNSTABLE_OFFSET_COMMIT = 88,
    KAFKA_ERR_THROTTLING_QUOTA_EXCEEDED = 89,
    KAFKA_ERR_PRODUCER_FENCED = 90,
    KAFKA_ERR_RESOURCE_NOT_FOUND = 91,
    KAFKA_ERR_DUPLICATE_RESOURCE = 92,
    KAFKA_ERR_UNACCEPTABLE_CREDENTIAL = 93,
    KAFKA_ERR_INCONSISTENT_VOTER_SET = 94,
    KAFKA_ERR_INVALID_UPDATE_VERSION = 95,
    KAFKA_ERR_FEATURE_UPDATE_FAILED = 96,
    KAFKA_ERR_PRINCIPAL_DESERIALIZATION_FAILURE = 97,
    KAFKA_ERR_UNKNOWN_TOPIC_ID = 100,
    KAFKA_ERR_FENCED_MEMBER_EPOCH = 110,
    KAFKA_ERR_UNRELEASED_INSTANCE_ID = 111,
    KAFKA_ERR_UNSUPPORTED_ASSIGNOR = 112,
    KAFKA_ERR_STALE_MEMBER_EPOCH = 113,
    KAFKA_ERR_UNKNOWN_SUBSCRIPTION_ID = 117,
    KAFKA_ERR_TELEMETRY_TOO_LARGE = 118,
    KAFKA_ERR_REBOOTSTRAP_REQUIRED = 129
} kafka_err;

typedef struct kafka_admin kafka_admin;

typedef struct kafka_batch kafka_batch;

typedef struct kafka_client kafka_client;

typedef struct kafka_conf kafka_conf;

typedef struct kafka_consumer kafka_consumer;

typedef struct kafka_future kafka_future;

typedef struct kafka_group_metadata kafka_group_metadata;

typedef struct kafka_mock_cluster kafka_mock_cluster;

typedef struct kafka_notifier kafka_notifier;

typedef struct kafka_partitions kafka_partitions;

typedef struct kafka_producer kafka_producer;

typedef struct kafka_topic kafka_topic;

typedef struct kafka_topic_conf kafka_topic_conf;

typedef struct kafka_value kafka_value;

typedef struct kafka_error {
    int32_t code;
    uint8_t retriable;
    uint8_t fatal;
    uint8_t txn_requires_abort;
    uint8_t reserved;
    char message[KAFKA_ERROR_MESSAGE_SIZE];
} kafka_error;

typedef struct kafka_header {
    const char *name;
    size_t name_len;
    const void *value;
    size_t value_len;
    uint32_t reserved[2];
} kafka_header;

typedef struct kafka_record {
    const void *key;
    size_t key_len;
    const void *value;
    size_t value_len;
    const struct kafka_header *headers;
    size_t header_count;
    int64_t timestamp;
    uint64_t opaque;
    int32_t partition;
    uint32_t reserved[3];
} kafka_record;

typedef struct kafka_poll_result {
    uint64_t last_opaque;
    uint64_t reported_count;
    uint64_t failed_count;
} kafka_poll_result;

typedef struct kafka_report {
    uint64_t opaque;
    const char *topic;
    int64_t offset;
    int64_t timestamp;
    int64_t latency_us;
    int32_t partition;
    int32_t code;
    int32_t status;
    const char *cause;
} kafka_report;

typedef struct kafka_counters {
    uint64_t queued;
    uint64_t in_flight;
    uint64_t delivered;
    uint64_t failed;
} kafka_counters;

typedef struct kafka_partition {
    const char *topic;
    int64_t offset;
    int32_t partition;
    int32_t code;
    int32_t leader_epoch;
    int32_t reserved;
} kafka_partition;

typedef struct kafka_message {
    const char *topic;
    const void *value;
    size_t value_len;
    const void *key;
    size_t key_len;
    int64_t offset;
    int64_t timestamp;
    int32_t partition;
    int32_t timestamp_type;
    int32_t leader_epoch;
    uint32_t process;
    void *owner;
    void *consumer;
} kafka_message;

typedef struct kafka_cursor {
    volatile uint32_t next;
    volatile uint32_t count;
    volatile uint32_t is_late;
    uint32_t process;
    const volatile uint32_t *process_now;
} kafka_cursor;

typedef struct kafka_raw_message {
    int32_t code;
    const void *topic;
    int32_t partition;
    const void *value;
    size_t value_len;
    const void *key;
    size_t key_len;
    int64_t offset;
} kafka_raw_message;

typedef struct kafka_event {
    uint32_t kind;
    int32_t code;
    int32_t level;
    int32_t throttle_ms;
    uint8_t fatal;
    uint8_t retriable;
    uint8_t is_lost;
    uint8_t reserved;
    uint32_t count;
    uint64_t dropped_count;
    const char *facility;
    const char *text;
    size_t text_len;
    const struct kafka_partitions *partitions;
    void *owner;
} kafka_event;

uint32_t kafka_abi_version(void);

const char *kafka_version(void);

const char *kafka_librdkafka_version(void);

uint64_t kafka_clock_ms(void);

uint64_t kafka_clock_us(void);

const char *kafka_err_name(int32_t code);

const char *kafka_err_text(int32_t code);

int32_t kafka_err_is_retriable(int32_t code);

int32_t kafka_err_is_fatal(int32_t code);

int32_t kafka_err_txn_requires_abort(int32_t code);

int32_t kafka_err_errno(int32_t code);

int32_t kafka_conf_new(struct kafka_conf **conf, struct kafka_error *err);

int32_t kafka_conf_set(struct kafka_conf *conf,
                       const char *name,
                       const char *value,
                       struct kafka_error *err);

int32_t kafka_conf_get(const struct kafka_conf *conf,
                       const char *name,
                       char *value,
                       size_t value_size,
                       size_t *value_len,
                       struct kafka_error *err);

int32_t kafka_conf_set_topic_conf(struct kafka_conf *conf,
                                  const struct kafka_topic_conf *topic_conf,
                                  struct kafka_error *err);

int32_t kafka_conf_set_events(struct kafka_conf *conf, uint32_t kinds, struct kafka_error *err);

int32_t kafka_conf_set_buffer_memory(struct kafka_conf *conf,
                                     size_t bytes,
                                     struct kafka_error *err);

void kafka_conf_free(struct kafka_conf *conf);

int32_t kafka_topic_conf_new(struct kafka_topic_conf **topic_conf, struct kafka_error *err);

int32_t kafka_topic_conf_set(struct kafka_topic_conf *topic_conf,
                             const char *name,
                             const char *value,
                             struct kafka_error *err);

void kafka_topic_conf_free(struct kafka_topic_conf *topic_conf);

int32_t kafka_producer_new(const char *brokers,
                           const struct kafka_conf *conf,
                           struct kafka_producer **producer,
                           struct kafka_future **future,
                           struct kafka_error *err);

int32_t kafka_future_producer(const struct kafka_future *future,
                              struct kafka_producer **producer,
                              struct kafka_error *err);

int32_t kafka_producer_client(struct kafka_producer *producer,
                              struct kafka_client **client,
                              struct kafka_error *err);

int32_t kafka_producer_create_topic(struct kafka_producer *producer,
                                    const char *name,
                                    const struct kafka_topic_conf *topic_conf,
                                    struct kafka_topic **topic,
                                    struct kafka_error *err);

int32_t kafka_producer_send(struct kafka_producer *producer,
                            struct kafka_topic *topic,
                            int32_t partition,
                            const void *key,
                            size_t key_len,
                            const void *value,
                            size_t value_len,
                            uint64_t opaque,
                            struct kafka_error *err);

int32_t kafka_producer_flush(struct kafka_producer *producer,
                             int32_t timeout_ms,
                             struct kafka_future **future,
                             struct kafka_error *err);

int32_t kafka_producer_len(struct kafka_producer *producer,
                           uint64_t *message_count,
                           struct kafka_error *err);

int32_t kafka_producer_purge(struct kafka_producer *producer,
                             uint32_t flags,
                             struct kafka_future **future,
                             struct kafka_error *err);

int32_t kafka_producer_close(struct kafka_producer *producer,
                             int32_t timeout_ms,
                             uint64_t *lost_count,
                             struct kafka_future **future,
                             struct kafka_error *err);

void kafka_producer_free(struct kafka_producer *producer);

void kafka_topic_free(struct kafka_topic *topic);

int32_t kafka_producer_produce(struct kafka_producer *producer,
                               struct kafka_topic *topic,
                               const struct kafka_record *record,
                               struct kafka_error *err);

int32_t kafka_producer_produce_batch(struct kafka_producer *producer,
                                     struct kafka_topic *topic,
                                     const struct kafka_record *records,
                                     size_t record_count,
                                     int32_t *codes,
                                     size_t *queued_count,
                                     struct kafka_error *err);

int32_t kafka_producer_poll(struct kafka_producer *producer,
                            int32_t timeout_ms,
                            struct kafka_poll_result *reported,
                            struct kafka_error *err);

int32_t kafka_producer_reports(struct kafka_producer *producer,
                               struct kafka_report *reports,
                               size_t report_max,
                               size_t *report_count,
                               struct kafka_error *err);

int32_t kafka_producer_set_report_timestamps(struct kafka_producer *producer,
                                             int32_t timed,
                                             struct kafka_error *err);

int32_t kafka_producer_unreported_failures(struct kafka_producer *producer,
                                           uint64_t *failed_count,
                                           struct kafka_error *err);

int32_t kafka_producer_set_unsettled(struct kafka_producer *producer,
                                     uint64_t count,
                                     struct kafka_error *err);

int32_t kafka_producer_wait(struct kafka_producer *producer,
                            int32_t timeout_ms,
                            struct kafka_error *err);

int32_t kafka_producer_wait_for_room(struct kafka_producer *producer,
                                     int32_t timeout_ms,
                                     struct kafka_error *err);

int32_t kafka_producer_counters(struct kafka_producer *producer,
                                struct kafka_counters *counters,
                                struct kafka_error *err);

int32_t kafka_producer_init_transactions(struct kafka_producer *producer,
                                         int32_t timeout_ms,
                                         struct kafka_future **future,
                                         struct kafka_error *err);

int32_t kafka_producer_begin_transaction(struct kafka_producer *producer,
                                         struct kafka_future **future,
                                         struct kafka_error *err);

int32_t kafka_producer_send_offsets_to_transaction(struct kafka_producer *producer,
                                                   const struct kafka_partitions *offsets,
                                                   const struct kafka_group_metadata *group_metadata,
                                                   int32_t timeout_ms,
                                                   struct kafka_future **future,
                                                   struct kafka_error *err);

int32_t kafka_producer_commit_transaction(struct kafka_producer *producer,
                                          int32_t timeout_ms,
                                          struct kafka_future **future,
                                          struct kafka_error *err);

int32_t kafka_producer_abort_transaction(struct kafka_producer *producer,
                                         int32_t timeout_ms,
                                         struct kafka_future **future,
                                         struct kafka_error *err);

int32_t kafka_partitions_new(struct kafka_partitions **partitions, struct kafka_error *err);

int32_t kafka_partitions_add(struct kafka_partitions *partitions,
                             const char *topic,
                             int32_t partition,
                             int64_t offset,
                             struct kafka_error *err);

int32_t kafka_partitions_count(const struct kafka_partitions *partitions,
                               size_t *partition_count,
                               struct kafka_error *err);

int32_t kafka_partitions_get(const struct kafka_partitions *partitions,
                             size_t index,
                             struct kafka_partition *partition,
                             struct kafka_error *err);

void kafka_partitions_free(struct kafka_partitions *partitions);

int32_t kafka_consumer_new(const char *brokers,
                           const struct kafka_conf *conf,
                           struct kafka_consumer **consumer,
                           struct kafka_future **future,
                           struct kafka_error *err);

int32_t kafka_future_consumer(const struct kafka_future *future,
                              struct kafka_consumer **consumer,
                              struct kafka_error *err);

int32_t kafka_consumer_client(struct kafka_consumer *consumer,
                              struct kafka_client **client,
                              struct kafka_error *err);

int32_t kafka_consumer_group_metadata(struct kafka_consumer *consumer,
                                      struct kafka_group_metadata **group_metadata,
                                      struct kafka_future **future,
                                      struct kafka_error *err);

int32_t kafka_consumer_poll(struct kafka_consumer *consumer,
                            int32_t timeout_ms,
                            struct kafka_message *message,
                            struct kafka_error *err);

int32_t kafka_consumer_consume(struct kafka_consumer *consumer,
                               size_t message_max,
                               int32_t timeout_ms,
                               struct kafka_batch **batch,
                               struct kafka_error *err);

int32_t kafka_consumer_leave(struct kafka_consumer *consumer,
                             int32_t timeout_ms,
                             struct kafka_error *err);

int32_t kafka_consumer_close(struct kafka_consumer *consumer,
                             int32_t timeout_ms,
                             struct kafka_future **future,
                             struct kafka_error *err);

void kafka_consumer_free(struct kafka_consumer *consumer);

int32_t kafka_group_metadata_group_id(const struct kafka_group_metadata *group_metadata,
                                      const char **group_id,
                                      struct kafka_error *err);

int32_t kafka_group_metadata_member_id(const struct kafka_group_metadata *group_metadata,
                                       const char **member_id,
                                       struct kafka_error *err);

int32_t kafka_group_metadata_group_instance_id(const struct kafka_group_metadata *group_metadata,
                                               const char **group_instance_id,
                                               struct kafka_error *err);

int32_t kafka_group_metadata_generation_id(const struct kafka_group_metadata *group_metadata,
                                           int32_t *generation_id,
                                           struct kafka_error *err);

void kafka_group_metadata_free(struct kafka_group_metadata *group_metadata);

int32_t kafka_conf_set_lookahead(struct kafka_conf *conf, int32_t ahead, struct kafka_error *err);

int32_t kafka_consumer_cursor(struct kafka_consumer *consumer,
                              struct kafka_cursor **cursor,
                              struct kafka_error *err);

int32_t kafka_consumer_take(struct kafka_consumer *consumer,
                            int32_t timeout_ms,
                            const struct kafka_raw_message *const **messages,
                            struct kafka_error *err);

int32_t kafka_consumer_look_ahead(struct kafka_consumer *consumer,
                                  size_t count,
                                  int32_t timeout_ms,
                                  struct kafka_error *err);

int32_t kafka_consumer_subscribe(struct kafka_consumer *consumer,
                                 const struct kafka_partitions *topics,
                                 struct kafka_future **future,
                                 struct kafka_error *err);

int32_t kafka_consumer_unsubscribe(struct kafka_consumer *consumer,
                                   struct kafka_future **future,
                                   struct kafka_error *err);

int32_t kafka_consumer_subscription(struct kafka_consumer *consumer,
                                    struct kafka_partitions **topics,
                                    struct kafka_future **future,
                                    struct kafka_error *err);

int32_t kafka_consumer_assign(struct kafka_consumer *consumer,
                              const struct kafka_partitions *partitions,
                              struct kafka_future **future,
                              struct kafka_error *err);

int32_t kafka_consumer_unassign(struct kafka_consumer *consumer,
                                struct kafka_future **future,
                                struct kafka_error *err);

int32_t kafka_consumer_incremental_assign(struct kafka_consumer *consumer,
                                          const struct kafka_partitions *partitions,
                                          struct kafka_future **future,
                                          struct kafka_error *err);

int32_t kafka_consumer_incremental_unassign(struct kafka_consumer *consumer,
                                            const struct kafka_partitions *partitions,
                                            struct kafka_future **future,
                                            struct kafka_error *err);

int32_t kafka_consumer_assignment(struct kafka_consumer *consumer,
                                  struct kafka_partitions **partitions,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

int32_t kafka_consumer_assignment_lost(struct kafka_consumer *consumer,
                                       int32_t *is_lost,
                                       struct kafka_error *err);

int32_t kafka_consumer_rebalance_protocol(struct kafka_consumer *consumer,
                                          const char **protocol,
                                          struct kafka_future **future,
                                          struct kafka_error *err);

int32_t kafka_consumer_accept_rebalance(struct kafka_consumer *consumer,
                                        const struct kafka_partitions *partitions,
                                        struct kafka_future **future,
                                        struct kafka_error *err);

int32_t kafka_consumer_commit(struct kafka_consumer *consumer,
                              const struct kafka_partitions *partitions,
                              int32_t timeout_ms,
                              struct kafka_partitions **committed,
                              struct kafka_future **future,
                              struct kafka_error *err);

int32_t kafka_consumer_commit_async(struct kafka_consumer *consumer,
                                    const struct kafka_partitions *partitions,
                                    struct kafka_error *err);

int32_t kafka_consumer_store_offsets(struct kafka_consumer *consumer,
                                     const struct kafka_partitions *partitions,
                                     struct kafka_error *err);

int32_t kafka_consumer_pause(struct kafka_consumer *consumer,
                             const struct kafka_partitions *partitions,
                             struct kafka_future **future,
                             struct kafka_error *err);

int32_t kafka_consumer_resume(struct kafka_consumer *consumer,
                              const struct kafka_partitions *partitions,
                              struct kafka_future **future,
                              struct kafka_error *err);

int32_t kafka_consumer_position(struct kafka_consumer *consumer,
                                const struct kafka_partitions *partitions,
                                struct kafka_partitions **positions,
                                struct kafka_future **future,
                                struct kafka_error *err);

int32_t kafka_consumer_seek(struct kafka_consumer *consumer,
                            const struct kafka_partitions *partitions,
                            int32_t timeout_ms,
                            struct kafka_partitions **places,
                            struct kafka_future **future,
                            struct kafka_error *err);

int32_t kafka_consumer_committed(struct kafka_consumer *consumer,
                                 const struct kafka_partitions *partitions,
                                 int32_t timeout_ms,
                                 struct kafka_partitions **committed,
                                 struct kafka_future **future,
                                 struct kafka_error *err);

int32_t kafka_consumer_watermarks(struct kafka_consumer *consumer,
                                  const char *topic,
                                  int32_t partition,
                                  int32_t timeout_ms,
                                  int64_t *low,
                                  int64_t *high,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

int32_t kafka_consumer_offsets_for_times(struct kafka_consumer *consumer,
                                         const struct kafka_partitions *times,
                                         int32_t timeout_ms,
                                         struct kafka_partitions **offsets,
                                         struct kafka_future **future,
                                         struct kafka_error *err);

int32_t kafka_message_headers(const struct kafka_message *message,
                              struct kafka_header *headers,
                              size_t header_max,
                              size_t *header_count,
                              struct kafka_error *err);

void kafka_message_release(struct kafka_message *message);

int32_t kafka_batch_count(const struct kafka_batch *batch,
                          size_t *message_count,
                          struct kafka_error *err);

int32_t kafka_batch_bytes(const struct kafka_batch *batch,
                          size_t *byte_count,
                          struct kafka_error *err);

int32_t kafka_batch_message(const struct kafka_batch *batch,
                            size_t index,
                            struct kafka_message *view,
                            struct kafka_error *err);

int32_t kafka_batch_raw_messages(const struct kafka_batch *batch,
                                 const struct kafka_raw_message *const **messages,
                                 struct kafka_error *err);

int32_t kafka_raw_message_view(const struct kafka_raw_message *message,
                               struct kafka_message *view,
                               struct kafka_error *err);

void kafka_batch_free(struct kafka_batch *batch);

void kafka_client_free(struct kafka_client *client);

int32_t kafka_client_poll_event(struct kafka_client *client,
                                uint32_t kinds,
                                struct kafka_event *event,
                                struct kafka_error *err);

int32_t kafka_client_explain(const struct kafka_client *client,
                             int32_t code,
                             struct kafka_error *explained,
                             struct kafka_error *err);

int32_t kafka_client_event_count(const struct kafka_client *client,
                                 const volatile uint32_t **event_count,
                                 struct kafka_error *err);

int32_t kafka_client_notify(struct kafka_client *client,
                            struct kafka_notifier *notifier,
                            uint64_t key,
                            struct kafka_error *err);

int32_t kafka_client_metadata(struct kafka_client *client,
                              const char *topic,
                              int32_t timeout_ms,
                              struct kafka_value **metadata,
                              struct kafka_future **future,
                              struct kafka_error *err);

int32_t kafka_client_cluster_id(struct kafka_client *client,
                                int32_t timeout_ms,
                                struct kafka_value **cluster_id,
                                struct kafka_future **future,
                                struct kafka_error *err);

int32_t kafka_client_set_oauthbearer_token(struct kafka_client *client,
                                           const char *token,
                                           int64_t lifetime_ms,
                                           const char *principal,
                                           const char *const *extensions,
                                           size_t extension_count,
                                           struct kafka_error *err);

int32_t kafka_client_set_oauthbearer_failure(struct kafka_client *client,
                                             const char *text,
                                             struct kafka_error *err);

int32_t kafka_client_set_sasl_credentials(struct kafka_client *client,
                                          const char *user,
                                          const char *password,
                                          struct kafka_error *err);

void kafka_event_release(struct kafka_event *event);

int32_t kafka_notifier_new(struct kafka_notifier **notifier, struct kafka_error *err);

int32_t kafka_notifier_path(const struct kafka_notifier *notifier,
                            const char **path,
                            struct kafka_error *err);

int32_t kafka_notifier_accept(struct kafka_notifier *notifier, struct kafka_error *err);

int32_t kafka_notifier_drain(struct kafka_notifier *notifier,
                             uint64_t *keys,
                             size_t key_max,
                             size_t *count,
                             struct kafka_error *err);

int32_t kafka_notifier_wake(struct kafka_notifier *notifier, struct kafka_error *err);

void kafka_notifier_free(struct kafka_notifier *notifier);

int32_t kafka_future_wait(struct kafka_future *future, int32_t timeout_ms, struct kafka_error *err);

int32_t kafka_future_cancel(struct kafka_future *future, struct kafka_error *err);

int32_t kafka_future_notify(struct kafka_future *future,
                            struct kafka_notifier *notifier,
                            uint64_t key,
                            struct kafka_error *err);

int32_t kafka_future_partitions(const struct kafka_future *future,
                                const struct kafka_partitions **partitions,
                                struct kafka_error *err);

int32_t kafka_future_value(const struct kafka_future *future,
                           const struct kafka_value **value,
                           struct kafka_error *err);

int32_t kafka_future_protocol(const struct kafka_future *future,
                              const char **protocol,
                              struct kafka_error *err);

int32_t kafka_future_group_metadata(const struct kafka_future *future,
                                    struct kafka_group_metadata **group_metadata,
                                    struct kafka_error *err);

void kafka_future_free(struct kafka_future *future);

int32_t kafka_value_new_null(struct kafka_value **value, struct kafka_error *err);

int32_t kafka_value_new_bool(int32_t truth, struct kafka_value **value, struct kafka_error *err);

int32_t kafka_value_new_int(int64_t number, struct kafka_value **value, struct kafka_error *err);

int32_t kafka_value_new_text(const void *text,
                             size_t text_len,
                             struct kafka_value **value,
                             struct kafka_error *err);

int32_t kafka_value_new_list(struct kafka_value **value, struct kafka_error *err);

int32_t kafka_value_new_map(struct kafka_value **value, struct kafka_error *err);

int32_t kafka_value_append(struct kafka_value *list,
                           struct kafka_value *item,
                           struct kafka_error *err);

int32_t kafka_value_set(struct kafka_value *map,
                        const char *name,
                        struct kafka_value *item,
                        struct kafka_error *err);

int32_t kafka_value_kind(const struct kafka_value *value, int32_t *kind, struct kafka_error *err);

int32_t kafka_value_count(const struct kafka_value *value,
                          size_t *item_count,
                          struct kafka_error *err);

int32_t kafka_value_item(const struct kafka_value *value,
                         size_t index,
                         const char **name,
                         const struct kafka_value **item,
                         struct kafka_error *err);

int32_t kafka_value_get(const struct kafka_value *value,
                        const char *name,
                        const struct kafka_value **item,
                        struct kafka_error *err);

int32_t kafka_value_int(const struct kafka_value *value, int64_t *number, struct kafka_error *err);

int32_t kafka_value_text(const struct kafka_value *value,
                         const char **text,
                         size_t *text_len,
                         struct kafka_error *err);

void kafka_value_free(struct kafka_value *value);

int32_t kafka_admin_new(const char *brokers,
                        const struct kafka_conf *conf,
                        struct kafka_admin **admin,
                        struct kafka_future **future,
                        struct kafka_error *err);

int32_t kafka_future_admin(const struct kafka_future *future,
                           struct kafka_admin **admin,
                           struct kafka_error *err);

int32_t kafka_admin_client(struct kafka_admin *admin,
                           struct kafka_client **client,
                           struct kafka_error *err);

int32_t kafka_admin_create_topics(struct kafka_admin *admin,
                                  const struct kafka_value *topics,
                                  const struct kafka_value *options,
                                  int32_t timeout_ms,
                                  struct kafka_value **result,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

int32_t kafka_admin_delete_topics(struct kafka_admin *admin,
                                  const struct kafka_value *topics,
                                  const struct kafka_value *options,
                                  int32_t timeout_ms,
                                  struct kafka_value **result,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

int32_t kafka_admin_create_partitions(struct kafka_admin *admin,
                                      const struct kafka_value *topics,
                                      const struct kafka_value *options,
                                      int32_t timeout_ms,
                                      struct kafka_value **result,
                                      struct kafka_future **future,
                                      struct kafka_error *err);

int32_t kafka_admin_describe_topics(struct kafka_admin *admin,
                                    const struct kafka_value *topics,
                                    const struct kafka_value *options,
                                    int32_t timeout_ms,
                                    struct kafka_value **result,
                                    struct kafka_future **future,
                                    struct kafka_error *err);

int32_t kafka_admin_describe_cluster(struct kafka_admin *admin,
                                     const struct kafka_value *options,
                                     int32_t timeout_ms,
                                     struct kafka_value **result,
                                     struct kafka_future **future,
                                     struct kafka_error *err);

int32_t kafka_admin_describe_configs(struct kafka_admin *admin,
                                     const struct kafka_value *resources,
                                     const struct kafka_value *options,
                                     int32_t timeout_ms,
                                     struct kafka_value **result,
                                     struct kafka_future **future,
                                     struct kafka_error *err);

int32_t kafka_admin_incremental_alter_configs(struct kafka_admin *admin,
                                              const struct kafka_value *resources,
                                              const struct kafka_value *options,
                                              int32_t timeout_ms,
                                              struct kafka_value **result,
                                              struct kafka_future **future,
                                              struct kafka_error *err);

int32_t kafka_admin_list_groups(struct kafka_admin *admin,
                                const struct kafka_value *options,
                                int32_t timeout_ms,
                                struct kafka_value **result,
                                struct kafka_future **future,
                                struct kafka_error *err);

int32_t kafka_admin_describe_groups(struct kafka_admin *admin,
                                    const struct kafka_value *groups,
                                    const struct kafka_value *options,
                                    int32_t timeout_ms,
                                    struct kafka_value **result,
                                    struct kafka_future **future,
                                    struct kafka_error *err);

int32_t kafka_admin_delete_groups(struct kafka_admin *admin,
                                  const struct kafka_value *groups,
                                  const struct kafka_value *options,
                                  int32_t timeout_ms,
                                  struct kafka_value **result,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

int32_t kafka_admin_list_group_offsets(struct kafka_admin *admin,
                                       const struct kafka_value *groups,
                                       const struct kafka_value *options,
                                       int32_t timeout_ms,
                                       struct kafka_value **result,
                                       struct kafka_future **future,
                                       struct kafka_error *err);

int32_t kafka_admin_alter_group_offsets(struct kafka_admin *admin,
                                        const struct kafka_value *groups,
                                        const struct kafka_value *options,
                                        int32_t timeout_ms,
                                        struct kafka_value **result,
                                        struct kafka_future **future,
                                        struct kafka_error *err);

int32_t kafka_admin_delete_group_offsets(struct kafka_admin *admin,
                                         const struct kafka_value *groups,
                                         const struct kafka_value *options,
                                         int32_t timeout_ms,
                                         struct kafka_value **result,
                                         struct kafka_future **future,
                                         struct kafka_error *err);

int32_t kafka_admin_list_offsets(struct kafka_admin *admin,
                                 const struct kafka_value *partitions,
                                 const struct kafka_value *options,
                                 int32_t timeout_ms,
                                 struct kafka_value **result,
                                 struct kafka_future **future,
                                 struct kafka_error *err);

int32_t kafka_admin_delete_records(struct kafka_admin *admin,
                                   const struct kafka_value *partitions,
                                   const struct kafka_value *options,
                                   int32_t timeout_ms,
                                   struct kafka_value **result,
                                   struct kafka_future **future,
                                   struct kafka_error *err);

int32_t kafka_admin_elect_leaders(struct kafka_admin *admin,
                                  const struct kafka_value *partitions,
                                  const struct kafka_value *options,
                                  int32_t timeout_ms,
                                  struct kafka_value **result,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

int32_t kafka_admin_create_acls(struct kafka_admin *admin,
                                const struct kafka_value *acls,
                                const struct kafka_value *options,
                                int32_t timeout_ms,
                                struct kafka_value **result,
                                struct kafka_future **future,
                                struct kafka_error *err);

int32_t kafka_admin_describe_acls(struct kafka_admin *admin,
                                  const struct kafka_value *filter,
                                  const struct kafka_value *options,
                                  int32_t timeout_ms,
                                  struct kafka_value **result,
                                  struct kafka_future **future,
                                  struct kafka_error *err);

int32_t kafka_admin_delete_acls(struct kafka_admin *admin,
                                const struct kafka_value *filters,
                                const struct kafka_value *options,
                                int32_t timeout_ms,
                                struct kafka_value **result,
                                struct kafka_future **future,
                                struct kafka_error *err);

int32_t kafka_admin_describe_user_scram_credentials(struct kafka_admin *admin,
                                                    const struct kafka_value *users,
                                                    const struct kafka_value *options,
                                                    int32_t timeout_ms,
                                                    struct kafka_value **result,
                                                    struct kafka_future **future,
                                                    struct kafka_error *err);

int32_t kafka_admin_alter_user_scram_credentials(struct kafka_admin *admin,
                                                 const struct kafka_value *alterations,
                                                 const struct kafka_value *options,
                                                 int32_t timeout_ms,
                                                 struct kafka_value **result,
                                                 struct kafka_future **future,
                                                 struct kafka_error *err);

int32_t kafka_admin_close(struct kafka_admin *admin,
                          struct kafka_future **future,
                          struct kafka_error *err);

void kafka_admin_free(struct kafka_admin *admin);

int32_t kafka_mock_cluster_new(int32_t broker_count,
                               struct kafka_mock_cluster **cluster,
                               struct kafka_error *err);

int32_t kafka_mock_cluster_bootstrap_servers(const struct kafka_mock_cluster *cluster,
                                             const char **servers,
                                             struct kafka_error *err);

int32_t kafka_mock_cluster_create_topic(struct kafka_mock_cluster *cluster,
                                        const char *topic,
                                        int32_t partition_count,
                                        int32_t replication_factor,
                                        struct kafka_error *err);

int32_t kafka_mock_cluster_broker_down(struct kafka_mock_cluster *cluster,
                                       int32_t broker_id,
                                       struct kafka_error *err);

int32_t kafka_mock_cluster_broker_up(struct kafka_mock_cluster *cluster,
                                     int32_t broker_id,
                                     struct kafka_error *err);

int32_t kafka_mock_cluster_set_rtt(struct kafka_mock_cluster *cluster,
                                   int32_t broker_id,
                                   int32_t rtt_ms,
                                   struct kafka_error *err);

int32_t kafka_mock_cluster_api_key(const char *api, int32_t *api_key, struct kafka_error *err);

int32_t kafka_mock_cluster_push_errors(struct kafka_mock_cluster *cluster,
                                       int32_t api_key,
                                       const int32_t *codes,
                                       size_t code_count,
                                       struct kafka_error *err);

int32_t kafka_mock_cluster_set_leader(struct kafka_mock_cluster *cluster,
                                      const char *topic,
                                      int32_t partition,
                                      int32_t broker_id,
                                      struct kafka_error *err);

int32_t kafka_mock_cluster_close(struct kafka_mock_cluster *cluster, struct kafka_error *err);

void kafka_mock_cluster_free(struct kafka_mock_cluster *cluster);
