/* The structs that a program and the library share, as the header has them that the program is compiled with. */
#include "check.h"

/* The bytes behind what the library fills in stay as they are, however large it takes the structs to be. */
#define ROOM(type, count)                  \
    struct {                               \
        type it[count];                    \
        unsigned char behind[sizeof(type)]; \
    }
#define PREPARE(room) memset(&(room), 0xa5, sizeof(room))
#define EXPECT_INTACT(room) expect_intact((room).behind, sizeof(room).behind)

static void expect_intact(const unsigned char *bytes, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        CHECK_INT(bytes[i], 0xa5);
    }
}

static kafka_header header_of(const char *name, const char *value)
{
    kafka_header header;
    memset(&header, 0, sizeof header);
    header.name = name;
    header.name_len = strlen(name);
    header.value = value;
    header.value_len = strlen(value);
    return header;
}

static void produce(kafka_producer *producer, kafka_topic *topic)
{
    kafka_header headers[2];
    kafka_record records[2];
    ROOM(kafka_report, 2) reports;
    ROOM(kafka_counters, 1) counters;
    ROOM(kafka_poll_result, 1) reported;
    ROOM(kafka_error, 1) error;
    size_t queued_count = 0, report_count = 0;
    int i;

    headers[0] = header_of("first", "1");
    headers[1] = header_of("second", "2");
    memset(records, 0, sizeof records);
    for (i = 0; i < 2; i++) {
        records[i].key = "key";
        records[i].key_len = 3;
        records[i].value = i == 0 ? "one" : "two";
        records[i].value_len = 3;
        records[i].headers = headers;
        records[i].header_count = 2;
        records[i].timestamp = 1234567890123 + i;
        records[i].opaque = (uint64_t)i + 1;
    }
    OK(kafka_producer_produce(producer, topic, &records[0], &err));
    OK(kafka_producer_produce_batch(producer, topic, &records[1], 1, NULL, &queued_count, &err));
    CHECK_INT(queued_count, 1);
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));

    PREPARE(reports);
    PREPARE(counters);
    PREPARE(reported);
    PREPARE(error);
    OK(kafka_producer_reports(producer, reports.it, 2, &report_count, &err));
    CHECK_INT(report_count, 2);
    for (i = 0; i < 2; i++) {
        CHECK_INT(reports.it[i].code, 0);
        CHECK_INT(reports.it[i].opaque, i + 1);
        CHECK_INT(reports.it[i].offset, i);
        CHECK_TEXT(reports.it[i].topic, "shared");
    }
    OK(kafka_producer_counters(producer, counters.it, &err));
    CHECK_INT(counters.it[0].delivered, 2);
    OK(kafka_producer_poll(producer, 0, reported.it, &err));
    CHECK_INT(reported.it[0].reported_count, 0);
    records[0].timestamp = -2;
    CHECK_INT(kafka_producer_produce(producer, topic, records, error.it), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_INT(error.it[0].code, KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(error.it[0].message, "timestamp is out of range: -2");
    EXPECT_INTACT(reports);
    EXPECT_INTACT(counters);
    EXPECT_INTACT(reported);
    EXPECT_INTACT(error);

#ifdef LATER
    /* This library is older than the program: it does not ignore what it does not know. */
    records[0].timestamp = 0;
    records[0].later = 1;
    FAILS(kafka_producer_produce(producer, topic, records, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "reserved is not all 0");
    records[0].later = 0;
    headers[1].later = 1;
    FAILS(kafka_producer_produce_batch(producer, topic, records, 1, NULL, &queued_count, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "records[0].headers[1].reserved is not all 0");
#endif
}

static void consume(const char *servers)
{
    kafka_consumer *consumer = reader_of(servers, "shared", 1);
    kafka_partitions *positions = NULL;
    ROOM(kafka_message, 1) message;
    ROOM(kafka_header, 2) headers;
    ROOM(kafka_partition, 1) position;
    size_t header_count = 0;
    int i;

    for (i = 0; i < 2; i++) {
        PREPARE(message);
        PREPARE(headers);
        OK(kafka_consumer_poll(consumer, PATIENCE_MS, message.it, &err));
        CHECK_TEXT(message.it[0].topic, "shared");
        CHECK_INT(message.it[0].offset, i);
        CHECK_INT(message.it[0].timestamp, 1234567890123 + i);
        CHECK_BYTES(message.it[0].key, message.it[0].key_len, "key", 3);
        CHECK_BYTES(message.it[0].value, message.it[0].value_len, i == 0 ? "one" : "two", 3);
        OK(kafka_message_headers(message.it, headers.it, 2, &header_count, &err));
        CHECK_INT(header_count, 2);
        CHECK_TEXT(headers.it[1].name, "second");
        CHECK_BYTES(headers.it[1].value, headers.it[1].value_len, "2", 1);
        kafka_message_release(message.it);
        EXPECT_INTACT(message);
        EXPECT_INTACT(headers);
    }
    PREPARE(position);
    OK(kafka_consumer_position(consumer, NULL, &positions, NULL, &err));
    OK(kafka_partitions_get(positions, 0, position.it, &err));
    CHECK_TEXT(position.it[0].topic, "shared");
    CHECK_INT(position.it[0].offset, 2);
    EXPECT_INTACT(position);
    kafka_partitions_free(positions);
    kafka_consumer_free(consumer);
}

int main(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("shared", 1, &servers);
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "shared");
    CHECK_INT(kafka_abi_version(), KAFKA_ABI_VERSION);
    produce(producer, topic);
    consume(servers);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
    return 0;
}
