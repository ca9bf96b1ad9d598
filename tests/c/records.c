/* Records with all they can have: keys, headers, timestamps; one by one and in batches. What
 * readers of other make see of them tests/broker shows. */
#include "check.h"

static const char *servers;

static kafka_header header_of(const char *name, const char *value)
{
    kafka_header header;
    memset(&header, 0, sizeof header);
    header.name = name;
    header.name_len = name == NULL ? 0 : strlen(name);
    header.value = value;
    header.value_len = value == NULL ? 0 : strlen(value);
    return header;
}

static kafka_record record_of(const char *value)
{
    kafka_record record;
    memset(&record, 0, sizeof record);
    record.value = value;
    record.value_len = value == NULL ? 0 : strlen(value);
    return record;
}

static void expect_counters(kafka_producer *producer, uint64_t queued, uint64_t in_flight,
                            uint64_t delivered, uint64_t failed)
{
    kafka_counters counters;
    OK(kafka_producer_counters(producer, &counters, &err));
    CHECK_INT(counters.queued, queued);
    CHECK_INT(counters.in_flight, in_flight);
    CHECK_INT(counters.delivered, delivered);
    CHECK_INT(counters.failed, failed);
}

/* The headers that were sent, in their order, also where two are the same. */
static void expect_headers(const kafka_message *message, const kafka_header *sent, size_t sent_count)
{
    kafka_header headers[8];
    size_t count = UNTOUCHED, i;

    OK(kafka_message_headers(message, headers, 8, &count, &err));
    CHECK_INT(count, sent_count);
    for (i = 0; i < count; i++) {
        CHECK_BYTES(headers[i].name, headers[i].name_len, sent[i].name, sent[i].name_len);
        CHECK_BYTES(headers[i].value, headers[i].value_len, sent[i].value, sent[i].value_len);
    }
}

static void what_is_null_and_what_is_empty(void)
{
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "nulls");
    kafka_consumer *consumer = reader_of(servers, "nulls", 1);
    kafka_header headers[6];
    kafka_record record;
    kafka_message message;
    size_t header_count;
    int with_headers;

    headers[0] = header_of("name", "value");
    headers[1] = header_of("name", NULL);
    headers[2] = header_of("", "");
    headers[3] = header_of("another", "v\0w");
    headers[3].value_len = 3;
    headers[4] = headers[0];
    headers[5] = header_of("name", "");
    for (with_headers = 0; with_headers < 2; with_headers++) {
        header_count = with_headers ? 6 : 0;
        record = record_of(NULL);
        record.headers = with_headers ? headers : NULL;
        record.header_count = header_count;
        OK(kafka_producer_produce(producer, topic, &record, &err));
        record.value = "";
        record.key = "";
        OK(kafka_producer_produce(producer, topic, &record, &err));
        record.value = "v\0w";
        record.value_len = 3;
        record.key = "\0k";
        record.key_len = 2;
        OK(kafka_producer_produce(producer, topic, &record, &err));

        OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
        CHECK(message.value == NULL && message.key == NULL);
        expect_headers(&message, headers, header_count);
        kafka_message_release(&message);
        OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
        CHECK_BYTES(message.value, message.value_len, "", 0);
        CHECK_BYTES(message.key, message.key_len, "", 0);
        kafka_message_release(&message);
        OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
        CHECK_BYTES(message.value, message.value_len, "v\0w", 3);
        CHECK_BYTES(message.key, message.key_len, "\0k", 2);
        expect_headers(&message, headers, header_count);
        kafka_message_release(&message);
    }
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void a_timestamp_is_the_callers_or_now(void)
{
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "times");
    kafka_consumer *consumer = reader_of(servers, "times", 1);
    kafka_record record = record_of("x");
    int64_t given[] = { 1234567890123, 1, 0, -1 };
    int64_t start = (int64_t)time(NULL) * 1000;
    kafka_message message;
    int i;

    for (i = 0; i < 4; i++) {
        record.timestamp = given[i];
        OK(kafka_producer_produce(producer, topic, &record, &err));
    }
    for (i = 0; i < 4; i++) {
        OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
        if (given[i] > 0) {
            CHECK_INT(message.timestamp, given[i]);
        } else {
            CHECK(message.timestamp >= start && message.timestamp < start + PATIENCE_MS);
        }
        kafka_message_release(&message);
    }
    record.timestamp = -2;
    FAILS(kafka_producer_produce(producer, topic, &record, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "timestamp is out of range: -2");
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

/* Valgrind sees whether headers of a refused record are freed. */
static void what_is_refused_leaves_nothing_behind(void)
{
    kafka_producer *producer = producer_with(
        servers, conf_of("message.max.bytes", "1000", "queue.buffering.max.messages", "1", END));
    kafka_topic *topic = topic_of(producer, "refused");
    kafka_producer *other = producer_with(servers, NULL);
    kafka_topic *foreign = topic_of(other, "refused");
    kafka_header headers[2];
    kafka_record record = record_of("x");
    char large[2000];
    int32_t partition;

    memset(large, 'x', sizeof large);
    headers[0] = header_of("name", "value");
    headers[1] = header_of("name", "value");
    record.headers = headers;
    record.header_count = 2;

    record.value = large;
    record.value_len = sizeof large;
    FAILS(kafka_producer_produce(producer, topic, &record, &err), KAFKA_ERR_MSG_SIZE_TOO_LARGE);
    record.value_len = 1;
    FAILS(kafka_producer_produce(producer, foreign, &record, &err), KAFKA_ERR_UNKNOWN_TOPIC);
    record.partition = -2;
    FAILS(kafka_producer_produce(producer, topic, &record, &err), KAFKA_ERR_UNKNOWN_PARTITION);
    expect_counters(producer, 0, 0, 0, 0);

    record.partition = 0;
    OK(kafka_producer_produce(producer, topic, &record, &err));
    FAILS(kafka_producer_produce(producer, topic, &record, &err), KAFKA_ERR_QUEUE_FULL);
    CHECK_INT(await_reports(producer, 1), 0);
    /* Now the cluster has said which partitions there are. */
    for (partition = 1; partition < 3; partition++) {
        record.partition = partition * 100;
        FAILS(kafka_producer_produce(producer, topic, &record, &err),
              KAFKA_ERR_UNKNOWN_PARTITION);
    }
    expect_counters(producer, 1, 0, 1, 0);
    kafka_topic_free(foreign);
    kafka_producer_free(other);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void what_cannot_be_read_is_named(void)
{
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "refused");
    kafka_header headers[2];
    kafka_record records[2];
    size_t queued_count = UNTOUCHED;
    int32_t codes[2] = { UNTOUCHED, UNTOUCHED };

    headers[0] = header_of("fine", "value");
    headers[1] = header_of("name", "value");
    records[0] = record_of("x");
    records[1] = record_of("x");
    records[1].headers = headers;
    records[1].header_count = 2;

    headers[1].name = NULL;
    headers[1].name_len = 0;
    FAILS(kafka_producer_produce(producer, topic, &records[1], &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "headers[1].name is NULL");
    headers[1].name = "a\0b";
    headers[1].name_len = 3;
    FAILS(kafka_producer_produce(producer, topic, &records[1], &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "headers[1].name contains a NUL byte");
    headers[1].value = NULL;
    headers[1].name_len = 1;
    FAILS(kafka_producer_produce(producer, topic, &records[1], &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "headers[1].value is NULL with a length of 5");
    FAILS(kafka_producer_produce_batch(producer, topic, records, 2, codes, &queued_count, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "records[1].headers[1].value is NULL with a length of 5");
    records[1].headers = NULL;
    FAILS(kafka_producer_produce(producer, topic, &records[1], &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    records[1].header_count = SIZE_MAX;
    records[1].headers = headers;
    FAILS(kafka_producer_produce(producer, topic, &records[1], &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    records[1].header_count = 0;
    records[1].key_len = 1;
    FAILS(kafka_producer_produce_batch(producer, topic, records, 2, codes, &queued_count, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "records[1].key is NULL with a length of 1");

    CHECK_INT(queued_count, UNTOUCHED);
    CHECK_INT(codes[0], UNTOUCHED);
    expect_counters(producer, 0, 0, 0, 0);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void a_batch_is_queued_until_the_queue_is_full(void)
{
    kafka_producer *producer = producer_with(
        servers, conf_of("message.max.bytes", "1000", "queue.buffering.max.messages", "3", END));
    kafka_topic *topic = topic_of(producer, "batch");
    kafka_consumer *consumer = reader_of(servers, "batch", 1);
    kafka_header header = header_of("name", "value");
    kafka_record records[6];
    const char *values[] = { "a", "b", "c", "d", "e", "f" };
    int32_t codes[6];
    size_t queued_count = 0;
    char large[2000];
    int i;

    memset(large, 'x', sizeof large);
    for (i = 0; i < 6; i++) {
        records[i] = record_of(values[i]);
        records[i].headers = &header;
        records[i].header_count = (size_t)(i % 2);
        records[i].opaque = (uint64_t)i;
    }
    records[1].value = large;
    records[1].value_len = sizeof large;
    OK(kafka_producer_produce_batch(producer, topic, records, 6, codes, &queued_count, &err));
    CHECK_INT(queued_count, 3);
    for (i = 0; i < 6; i++) {
        CHECK_INT(codes[i], i == 1  ? KAFKA_ERR_MSG_SIZE_TOO_LARGE
                            : i > 3 ? KAFKA_ERR_QUEUE_FULL
                                    : 0);
    }
    CHECK_INT(await_reports(producer, 3), 0);
    OK(kafka_producer_produce_batch(producer, topic, records + 4, 2, NULL, &queued_count, &err));
    CHECK_INT(queued_count, 2);
    CHECK_INT(await_reports(producer, 2), 0);
    expect_text(consumer, "a");
    for (i = 2; i < 6; i++) {
        expect_text(consumer, values[i]);
    }
    OK(kafka_producer_produce_batch(producer, topic, records, 0, NULL, &queued_count, &err));
    CHECK_INT(queued_count, 0);
    expect_counters(producer, 5, 0, 5, 0);
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

int main(void)
{
    kafka_mock_cluster *cluster = cluster_with("nulls", 1, &servers);
    OK(kafka_mock_cluster_create_topic(cluster, "times", 1, 1, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "refused", 1, 1, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "batch", 1, 1, &err));
    what_is_null_and_what_is_empty();
    a_timestamp_is_the_callers_or_now();
    what_is_refused_leaves_nothing_behind();
    what_cannot_be_read_is_named();
    a_batch_is_queued_until_the_queue_is_full();
    kafka_mock_cluster_free(cluster);
    return 0;
}
