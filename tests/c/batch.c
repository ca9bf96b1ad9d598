/* Messages taken many at a time: what they carry, and how long it lasts. */
#include "check.h"

#define COUNT 20

static const char *servers;

static void expect_view(kafka_batch *batch, size_t index)
{
    kafka_message view;
    const kafka_raw_message *const *messages = NULL;
    char text[32];
    snprintf(text, sizeof text, "%d", (int)index);
    OK(kafka_batch_message(batch, index, &view, &err));
    CHECK_TEXT(view.topic, "batch");
    CHECK_INT(view.partition, 0);
    CHECK_INT(view.offset, index);
    CHECK_BYTES(view.value, view.value_len, text, strlen(text));
    /* Releasing a view takes nothing away. */
    kafka_message_release(&view);
    kafka_message_release(&view);
    OK(kafka_batch_raw_messages(batch, &messages, &err));
    CHECK_INT(messages[index]->partition, 0);
    CHECK_INT(messages[index]->offset, index);
    CHECK_BYTES(messages[index]->value, messages[index]->value_len, text, strlen(text));
    OK(kafka_raw_message_view(messages[index], &view, &err));
    CHECK_TEXT(view.topic, "batch");
    CHECK_INT(view.leader_epoch, 0);
    kafka_message_release(&view);
    CHECK_INT(messages[index]->offset, index);
}

static void a_batch_outlives_its_consumer(void)
{
    kafka_consumer *consumer = reader_of(servers, "batch", 1);
    kafka_batch *batch = NULL;
    kafka_message view;
    size_t count = 0, byte_count = 0, i;

    OK(kafka_consumer_consume(consumer, COUNT, PATIENCE_MS, &batch, &err));
    OK(kafka_batch_count(batch, &count, &err));
    CHECK_INT(count, COUNT);
    OK(kafka_batch_bytes(batch, &byte_count, &err));
    CHECK(byte_count > COUNT * 100);
    CHECK(byte_count < COUNT * 1000);
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    kafka_consumer_free(consumer);
    for (i = 0; i < count; i++) {
        expect_view(batch, i);
    }
    expect_view(batch, 0);
    memset(&view, 0x5a, sizeof view);
    FAILS(kafka_batch_message(batch, COUNT, &view, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "index is 20, of 20 messages");
    CHECK_INT(view.partition, UNTOUCHED);
    kafka_batch_free(batch);
    kafka_batch_free(NULL);
}

static void it_waits_for_as_many_as_are_wanted(void)
{
    kafka_consumer *consumer = reader_of(servers, "batch", 1);
    kafka_batch *batch = NULL;
    size_t count = 0;
    int64_t start;

    OK(kafka_consumer_consume(consumer, 7, PATIENCE_MS, &batch, &err));
    OK(kafka_batch_count(batch, &count, &err));
    CHECK_INT(count, 7);
    kafka_batch_free(batch);
    start = now_ms();
    OK(kafka_consumer_consume(consumer, 1000, 200, &batch, &err));
    CHECK(now_ms() - start >= 199);
    OK(kafka_batch_count(batch, &count, &err));
    CHECK_INT(count, COUNT - 7);
    kafka_batch_free(batch);
    batch = NULL;
    FAILS(kafka_consumer_consume(consumer, 1000, 50, &batch, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(batch == NULL);
    FAILS(kafka_consumer_consume(consumer, 0, 0, &batch, &err), KAFKA_ERR_INVALID_ARGUMENT);
    kafka_consumer_free(consumer);
}

static void a_message_without_headers(void)
{
    kafka_consumer *consumer = reader_of(servers, "batch", 1);
    kafka_message message;
    kafka_header header;
    size_t count = 1;

    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
    OK(kafka_message_headers(&message, &header, 1, &count, &err));
    CHECK_INT(count, 0);
    kafka_message_release(&message);
    FAILS(kafka_message_headers(&message, &header, 1, &count, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "message was released");
    kafka_consumer_free(consumer);
}

int main(void)
{
    kafka_mock_cluster *cluster = cluster_with("batch", 1, &servers);
    fill(servers, "batch", 0, 0, COUNT);
    a_batch_outlives_its_consumer();
    it_waits_for_as_many_as_are_wanted();
    a_message_without_headers();
    kafka_mock_cluster_free(cluster);
    return 0;
}
