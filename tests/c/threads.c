/* Four threads send on one producer, another fetches reports, two read from one consumer, and
 * the main thread closes both in the middle. Every message is accounted for. */
#include "check.h"

#include <pthread.h>

#define SENDER_COUNT 4

struct sender {
    pthread_t thread;
    uint64_t sent, full;
    int32_t last;
};

static kafka_producer *producer;
static kafka_topic *topic;
static kafka_consumer *consumer;
static uint64_t reported_count, failed_count;
static uint64_t received_count[2];

static void *send_until_closed(void *argument)
{
    struct sender *sender = (struct sender *)argument;
    kafka_error error;
    for (;;) {
        sender->last = kafka_producer_send(producer, topic, -1, NULL, 0, "x", 1, 1, &error);
        if (sender->last == 0) {
            sender->sent++;
        } else if (sender->last == KAFKA_ERR_QUEUE_FULL) {
            sender->full++;
            sleep_ms(1);
        } else {
            return NULL;
        }
    }
}

static void *poll_until_closed(void *argument)
{
    kafka_poll_result reported;
    int32_t code;
    while ((code = kafka_producer_poll(producer, -1, &reported, NULL)) == 0) {
        reported_count += reported.reported_count;
        failed_count += reported.failed_count;
    }
    *(int32_t *)argument = code;
    return NULL;
}

static void *receive_until_closed(void *argument)
{
    kafka_message message;
    int32_t code;
    uint64_t *received = (uint64_t *)argument;
    while ((code = kafka_consumer_poll(consumer, -1, &message, NULL)) == 0) {
        kafka_message_release(&message);
        *received += 1;
    }
    CHECK_INT(code, KAFKA_ERR_CLOSED);
    return NULL;
}

static void one_round(const char *servers, const char *queue_max, int close_after_ms)
{
    struct sender senders[SENDER_COUNT];
    pthread_t poller, receivers[2];
    int32_t poll_ended_with = 0;
    uint64_t sent = 0, lost_count = UNTOUCHED;
    kafka_consumer *reader;
    kafka_message message;
    uint64_t arrived = 0;
    int i;

    memset(senders, 0, sizeof senders);
    memset(received_count, 0, sizeof received_count);
    reported_count = failed_count = 0;
    producer = producer_with(servers, conf_of("queue.buffering.max.messages", queue_max, END));
    topic = topic_of(producer, queue_max);
    consumer = reader_of(servers, queue_max, 1);
    CHECK_INT(pthread_create(&poller, NULL, poll_until_closed, &poll_ended_with), 0);
    for (i = 0; i < 2; i++) {
        CHECK_INT(pthread_create(&receivers[i], NULL, receive_until_closed, &received_count[i]),
                  0);
    }
    for (i = 0; i < SENDER_COUNT; i++) {
        CHECK_INT(pthread_create(&senders[i].thread, NULL, send_until_closed, &senders[i]), 0);
    }
    sleep_ms(close_after_ms);
    OK(kafka_producer_close(producer, PATIENCE_MS, &lost_count, NULL, &err));
    for (i = 0; i < SENDER_COUNT; i++) {
        CHECK_INT(pthread_join(senders[i].thread, NULL), 0);
        CHECK_INT(senders[i].last, KAFKA_ERR_CLOSED);
        sent += senders[i].sent;
    }
    CHECK_INT(pthread_join(poller, NULL), 0);
    CHECK_INT(poll_ended_with, KAFKA_ERR_CLOSED);
    CHECK_INT(lost_count, 0);
    CHECK_INT(failed_count, 0);
    CHECK(reported_count <= sent);
    CHECK(sent > 0);
    kafka_topic_free(topic);
    kafka_producer_free(producer);

    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    for (i = 0; i < 2; i++) {
        CHECK_INT(pthread_join(receivers[i], NULL), 0);
    }
    kafka_consumer_free(consumer);
    CHECK(received_count[0] + received_count[1] <= sent);

    /* Nothing was lost, so exactly what was sent is there. */
    reader = reader_of(servers, queue_max, 1);
    while (arrived < sent) {
        OK(kafka_consumer_poll(reader, PATIENCE_MS, &message, &err));
        CHECK_INT(message.offset, arrived);
        kafka_message_release(&message);
        arrived++;
    }
    FAILS(kafka_consumer_poll(reader, 200, &message, &err), KAFKA_ERR_TIMED_OUT);
    kafka_consumer_free(reader);
}

int main(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("100", 1, &servers);
    OK(kafka_mock_cluster_create_topic(cluster, "20000", 1, 1, &err));
    one_round(servers, "100", 100);
    one_round(servers, "20000", 30);
    kafka_mock_cluster_free(cluster);
    return 0;
}
