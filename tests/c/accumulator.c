/* A producer with a record accumulator: a thread of the library's gives librdkafka its records, and nothing else is different. */
#include "check.h"

#define COUNT 5000
#define NOWHERE "127.0.0.1:1"

static kafka_producer *buffered(const char *servers, kafka_conf *conf)
{
    OK(kafka_conf_set_buffer_memory(conf, 256 * 1024, &err));
    return producer_with(servers, conf);
}

static void they_arrive_in_order(const char *servers)
{
    kafka_producer *producer = buffered(servers, conf_of("linger.ms", "1", END));
    kafka_topic *topic = topic_of(producer, "t");
    kafka_consumer *reader;
    kafka_record record;
    kafka_header header = {"name", 4, "header", 6, {0, 0}};
    char text[32];
    uint64_t lost_count = UNTOUCHED;
    int i;

    for (i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "%d", i);
        OK(send_text(producer, topic, 0, text, (uint64_t)i));
    }
    memset(&record, 0, sizeof record);
    record.partition = 0;
    record.value = "last";
    record.value_len = 4;
    record.headers = &header;
    record.header_count = 1;
    record.timestamp = 12345;
    record.opaque = COUNT;
    OK(kafka_producer_produce(producer, topic, &record, &err));
    /* They keep it. */
    kafka_topic_free(topic);
    CHECK_INT(await_reports(producer, COUNT + 1), 0);
    OK(kafka_producer_close(producer, PATIENCE_MS, &lost_count, NULL, &err));
    CHECK_INT(lost_count, 0);
    kafka_producer_free(producer);

    reader = reader_of(servers, "t", 1);
    for (i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "%d", i);
        expect_text(reader, text);
    }
    {
        kafka_message message;
        kafka_header read;
        size_t header_count = 0;
        OK(kafka_consumer_poll(reader, PATIENCE_MS, &message, &err));
        CHECK_INT(message.timestamp, 12345);
        OK(kafka_message_headers(&message, &read, 1, &header_count, &err));
        CHECK_INT(header_count, 1);
        CHECK_BYTES(read.value, read.value_len, "header", 6);
        kafka_message_release(&message);
    }
    kafka_consumer_free(reader);
}

static void what_is_wrong_is_reported(const char *servers)
{
    kafka_producer *producer = buffered(servers, conf_of("message.max.bytes", "1000", END));
    kafka_producer *other = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "t");
    kafka_topic *foreign = topic_of(other, "t");
    char large[1001];

    memset(large, 'x', sizeof large);
    /* At once, */
    FAILS(kafka_producer_send(producer, topic, 0, NULL, 0, large, sizeof large, 0, &err),
          KAFKA_ERR_MSG_SIZE_TOO_LARGE);
    FAILS(send_text(producer, foreign, 0, "x", 0), KAFKA_ERR_UNKNOWN_TOPIC);
    FAILS(send_text(producer, topic, -2, "x", 0), KAFKA_ERR_UNKNOWN_PARTITION);
    /* and later. */
    OK(send_text(producer, topic, 0, "x", 0));
    CHECK_INT(await_reports(producer, 1), 0);
    OK(send_text(producer, topic, 7, "x", 1));
    CHECK_INT(await_reports(producer, 1), 1);
    kafka_topic_free(topic);
    kafka_topic_free(foreign);
    kafka_producer_free(producer);
    kafka_producer_free(other);
}

static void what_finds_no_room_is_refused_and_can_be_given_up(void)
{
    kafka_producer *producer = buffered(NOWHERE, conf_of(END));
    kafka_topic *topic = topic_of(producer, "t");
    uint64_t sent = 0, left = UNTOUCHED;
    char text[1000];
    int32_t code;

    memset(text, 'x', sizeof text);
    while ((code = kafka_producer_send(producer, topic, 0, NULL, 0, text, sizeof text, 0, &err)) ==
           0) {
        sent++;
        CHECK(sent < 2000);
    }
    CHECK_INT(code, KAFKA_ERR_QUEUE_FULL);
    CHECK_INT(sent, 256 * 1024 / sizeof text);
    FAILS(kafka_producer_flush(producer, 20, NULL, &err), KAFKA_ERR_TIMED_OUT);
    OK(kafka_producer_len(producer, &left, &err));
    CHECK_INT(left, sent);
    OK(kafka_producer_purge(producer, KAFKA_PURGE_QUEUE, NULL, &err));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    CHECK_INT(await_reports(producer, sent), sent);
    OK(send_text(producer, topic, 0, "x", 0));
    kafka_topic_free(topic);
    FAILS(kafka_producer_close(producer, 0, &left, NULL, &err), KAFKA_ERR_TIMED_OUT);
    CHECK_INT(left, 1);
    kafka_producer_free(producer);
}

int main(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    they_arrive_in_order(servers);
    what_is_wrong_is_reported(servers);
    what_finds_no_room_is_refused_and_can_be_given_up();
    kafka_mock_cluster_free(cluster);
    return 0;
}
