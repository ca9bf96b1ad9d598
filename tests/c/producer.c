/* Producing: every message arrives as it was sent, and is reported once. */
#include "check.h"

static const char *servers;
static kafka_mock_cluster *cluster;

static void send_poll_and_read_back(void)
{
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "plain");
    kafka_poll_result reported;
    kafka_consumer *consumer;
    uint64_t message_count = UNTOUCHED;

    OK(kafka_producer_poll(producer, 0, &reported, &err));
    CHECK_INT(reported.reported_count, 0);
    CHECK_INT(reported.failed_count, 0);
    CHECK(reported.last_opaque == KAFKA_OPAQUE_NONE);

    OK(send_text(producer, topic, 0, "one", 1));
    OK(send_text(producer, topic, 0, "two", 2));
    OK(send_text(producer, topic, 0, "three", KAFKA_OPAQUE_NO_REPORT - 1));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_len(producer, &message_count, &err));
    CHECK_INT(message_count, 0);
    OK(kafka_producer_poll(producer, 0, &reported, &err));
    CHECK_INT(reported.reported_count, 3);
    CHECK_INT(reported.failed_count, 0);
    CHECK(reported.last_opaque == KAFKA_OPAQUE_NO_REPORT - 1);

    /* 0 is a number like any other, and no number is none. */
    OK(send_text(producer, topic, 0, "four", 0));
    OK(kafka_producer_poll(producer, PATIENCE_MS, &reported, &err));
    CHECK_INT(reported.reported_count, 1);
    CHECK_INT(reported.last_opaque, 0);
    OK(send_text(producer, topic, 0, "five", KAFKA_OPAQUE_NONE));
    OK(kafka_producer_poll(producer, -1, &reported, &err));
    CHECK_INT(reported.reported_count, 1);
    CHECK(reported.last_opaque == KAFKA_OPAQUE_NONE);

    consumer = reader_of(servers, "plain", 1);
    expect_text(consumer, "one");
    expect_text(consumer, "two");
    expect_text(consumer, "three");
    expect_text(consumer, "four");
    expect_text(consumer, "five");
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void bytes_null_and_empty(void)
{
    unsigned char every_byte[256];
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "bytes");
    kafka_consumer *consumer;
    kafka_message message;
    int i;

    for (i = 0; i < 256; i++) {
        every_byte[i] = (unsigned char)i;
    }
    OK(kafka_producer_send(producer, topic, 0, every_byte, 256, every_byte, 256, 0, &err));
    OK(kafka_producer_send(producer, topic, 0, "", 0, "", 0, 0, &err));
    OK(kafka_producer_send(producer, topic, 0, "key", 3, NULL, 0, 0, &err));
    OK(kafka_producer_send(producer, topic, 0, NULL, 0, "\0value\0", 7, 0, &err));
    /* The library has copied them. */
    memset(every_byte, 0, sizeof every_byte);
    CHECK_INT(await_reports(producer, 4), 0);
    for (i = 0; i < 256; i++) {
        every_byte[i] = (unsigned char)i;
    }

    consumer = reader_of(servers, "bytes", 1);
    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
    CHECK_BYTES(message.value, message.value_len, every_byte, sizeof every_byte);
    CHECK_BYTES(message.key, message.key_len, every_byte, sizeof every_byte);
    kafka_message_release(&message);
    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
    CHECK_BYTES(message.value, message.value_len, "", 0);
    CHECK_BYTES(message.key, message.key_len, "", 0);
    kafka_message_release(&message);
    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
    CHECK_BYTES(message.value, message.value_len, NULL, 0);
    CHECK_BYTES(message.key, message.key_len, "key", 3);
    kafka_message_release(&message);
    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
    CHECK_BYTES(message.value, message.value_len, "\0value\0", 7);
    CHECK_BYTES(message.key, message.key_len, NULL, 0);
    kafka_message_release(&message);
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void partitions_are_chosen_by_hand_or_by_key(void)
{
    kafka_producer *producer = producer_with(servers, conf_of("partitioner", "consistent", END));
    kafka_topic *topic = topic_of(producer, "spread");
    kafka_report reports[40];
    size_t report_count = 0, got = 0;
    int by_key[4] = {0, 0, 0, 0};
    int i;

    for (i = 0; i < 4; i++) {
        OK(send_text(producer, topic, i, "by hand", (uint64_t)i));
    }
    for (i = 0; i < 36; i++) {
        OK(kafka_producer_send(producer, topic, -1, i % 2 ? "a" : "z", 1, "x", 1,
                               (uint64_t)(100 + i % 2), &err));
    }
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    while (got < 40) {
        OK(kafka_producer_reports(producer, reports + got, 40 - got, &report_count, &err));
        CHECK(report_count > 0);
        got += report_count;
    }
    for (i = 0; i < 40; i++) {
        CHECK_INT(reports[i].code, 0);
        CHECK(reports[i].offset >= 0);
        if (reports[i].opaque < 100) {
            CHECK_INT(reports[i].partition, reports[i].opaque);
        } else {
            by_key[reports[i].partition] |= 1 << (reports[i].opaque - 100);
        }
    }
    /* One partition for each key. */
    for (i = got = 0; i < 4; i++) {
        got += (size_t)((by_key[i] & 1) + (by_key[i] >> 1));
    }
    CHECK_INT(got, 2);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void what_the_cluster_does_not_know(void)
{
    kafka_producer *producer = producer_with(servers, conf_of("message.max.bytes", "2000", END));
    kafka_topic *topic = topic_of(producer, "plain");
    char *large = (char *)calloc(1, 4000);
    uint64_t message_count = UNTOUCHED;
    int32_t code;

    FAILS(kafka_producer_send(producer, topic, 0, NULL, 0, large, 4000, 0, &err),
          KAFKA_ERR_MSG_SIZE_TOO_LARGE);
    FAILS(kafka_producer_send(producer, topic, 0, large, 4000, "x", 1, 0, &err),
          KAFKA_ERR_MSG_SIZE_TOO_LARGE);
    FAILS(kafka_producer_send(producer, topic, -2, NULL, 0, "x", 1, 0, &err),
          KAFKA_ERR_UNKNOWN_PARTITION);
    FAILS(kafka_producer_send(producer, topic, INT32_MIN, NULL, 0, "x", 1, 0, &err),
          KAFKA_ERR_UNKNOWN_PARTITION);

    /* Before the cluster has been asked, a message is queued and reported as failed. */
    code = send_text(producer, topic, 77, "nowhere", 5);
    if (code == 0) {
        CHECK_INT(await_reports(producer, 1), 1);
    }
    FAILS(send_text(producer, topic, 77, "nowhere", 6), KAFKA_ERR_UNKNOWN_PARTITION);
    OK(kafka_producer_len(producer, &message_count, &err));
    CHECK_INT(message_count, 0);

    /* What was refused takes nothing from what is well. */
    OK(send_text(producer, topic, 0, "well", 7));
    CHECK_INT(await_reports(producer, 1), 0);
    free(large);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void an_unknown_topic(void)
{
    kafka_producer *producer = producer_with(
        servers, conf_of("allow.auto.create.topics", "false",
                         "topic.metadata.propagation.max.ms", "0", END));
    kafka_topic *topic = topic_of(producer, "plain");
    kafka_topic *unknown;
    /* Metadata futures, each of which may name the topic. */
    int32_t codes[20];
    int i;

    OK(send_text(producer, topic, 0, "first contact", 0));
    CHECK_INT(await_reports(producer, 1), 0);
    for (i = 0; i < 20; i++) {
        codes[i] = KAFKA_ERR_UNKNOWN_TOPIC_OR_PART;
    }
    OK(kafka_mock_cluster_push_errors(cluster, 3, codes, 20, &err));
    unknown = topic_of(producer, "no such topic");
    if (send_text(producer, unknown, 0, "nowhere", 1) == 0) {
        CHECK_INT(await_reports(producer, 1), 1);
    }
    kafka_topic_free(unknown);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void topics_outlive_their_producer_and_are_no_others(void)
{
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_producer *other = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "plain");
    kafka_topic *again = topic_of(producer, "plain");
    kafka_topic *others = topic_of(other, "plain");

    FAILS(send_text(producer, others, 0, "x", 0), KAFKA_ERR_UNKNOWN_TOPIC);
    kafka_topic_free(topic);
    OK(send_text(producer, again, 0, "through the second handle", 0));
    CHECK_INT(await_reports(producer, 1), 0);
    kafka_producer_free(producer);
    FAILS(send_text(other, again, 0, "x", 0), KAFKA_ERR_UNKNOWN_TOPIC);
    kafka_topic_free(again);

    /* Freeing a topic does not take back what was sent to it. */
    OK(send_text(other, others, 0, "late", 0));
    kafka_topic_free(others);
    CHECK_INT(await_reports(other, 1), 0);
    kafka_producer_free(other);
}

static void closing(void)
{
    kafka_producer *producer = producer_with(servers, conf_of("linger.ms", "5000", END));
    kafka_topic *topic = topic_of(producer, "closing");
    kafka_consumer *consumer;
    uint64_t lost_count = UNTOUCHED;
    int64_t start;

    OK(send_text(producer, topic, 0, "not lost", 0));
    OK(kafka_producer_close(producer, PATIENCE_MS, &lost_count, NULL, &err));
    CHECK_INT(lost_count, 0);
    lost_count = UNTOUCHED;
    OK(kafka_producer_close(producer, 0, &lost_count, NULL, &err));
    CHECK_INT(lost_count, 0);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    consumer = reader_of(servers, "closing", 1);
    expect_text(consumer, "not lost");
    kafka_consumer_free(consumer);

    /* No broker there: what is given up is counted. */
    producer = producer_with("127.0.0.1:1", NULL);
    topic = topic_of(producer, "closing");
    OK(send_text(producer, topic, 0, "lost", 0));
    OK(send_text(producer, topic, 0, "lost", 0));
    FAILS(kafka_producer_flush(producer, 10, NULL, &err), KAFKA_ERR_TIMED_OUT);
    start = now_ms();
    FAILS(kafka_producer_close(producer, 100, &lost_count, NULL, &err), KAFKA_ERR_TIMED_OUT);
    CHECK_INT(lost_count, 2);
    CHECK(now_ms() - start < 5000);
    OK(kafka_producer_close(producer, 100, &lost_count, NULL, &err));
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

int main(void)
{
    cluster = cluster_with("plain", 1, &servers);
    OK(kafka_mock_cluster_create_topic(cluster, "bytes", 1, 1, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "spread", 4, 1, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "closing", 1, 1, &err));
    send_poll_and_read_back();
    bytes_null_and_empty();
    partitions_are_chosen_by_hand_or_by_key();
    what_the_cluster_does_not_know();
    an_unknown_topic();
    topics_outlive_their_producer_and_are_no_others();
    closing();
    kafka_mock_cluster_free(cluster);
    return 0;
}
