/* Messages belong to the caller that polled them, whatever happens to the consumer. */
#include "check.h"

#define MESSAGE_COUNT 50

int main(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("kept", 1, &servers);
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "kept");
    kafka_consumer *consumer;
    kafka_message messages[MESSAGE_COUNT], zero, moved;
    char text[32];
    int i;

    for (i = 0; i < MESSAGE_COUNT; i++) {
        snprintf(text, sizeof text, "message %d", i);
        OK(kafka_producer_send(producer, topic, 0, &i, sizeof i, text, strlen(text), 0, &err));
    }
    CHECK_INT(await_reports(producer, MESSAGE_COUNT), 0);
    kafka_topic_free(topic);
    kafka_producer_free(producer);

    consumer = reader_of(servers, "kept", 1);
    for (i = 0; i < MESSAGE_COUNT; i++) {
        OK(kafka_consumer_poll(consumer, PATIENCE_MS, &messages[i], &err));
    }
    /* Some go while it is open, some when it is closed, the rest after it is gone. */
    for (i = 0; i < 10; i++) {
        kafka_message_release(&messages[i]);
    }
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    for (i = 10; i < 20; i++) {
        kafka_message_release(&messages[i]);
    }
    kafka_consumer_free(consumer);
    kafka_mock_cluster_free(cluster);
    for (i = 20; i < MESSAGE_COUNT; i++) {
        snprintf(text, sizeof text, "message %d", i);
        CHECK_TEXT(messages[i].topic, "kept");
        CHECK_INT(messages[i].offset, i);
        CHECK_BYTES(messages[i].value, messages[i].value_len, text, strlen(text));
        CHECK_BYTES(messages[i].key, messages[i].key_len, &i, sizeof i);
    }
    for (i = MESSAGE_COUNT - 1; i > 20; i--) {
        kafka_message_release(&messages[i]);
    }
    /* The struct is the caller's: it may be moved. */
    memcpy(&moved, &messages[20], sizeof moved);
    kafka_message_release(&moved);

    memset(&zero, 0, sizeof zero);
    CHECK(memcmp(&moved, &zero, sizeof zero) == 0);
    kafka_message_release(&moved);
    kafka_message_release(&zero);
    kafka_message_release(NULL);
    return 0;
}
