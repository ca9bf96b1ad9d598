/* Messages taken ahead of their reader, which reads them without a call, as the Lua module does. */
#include "check.h"

#define COUNT 10
#define MANY 3000

static kafka_consumer *reader_ahead(const char *servers)
{
    kafka_conf *conf = conf_of("group.id", "ahead", "auto.offset.reset", "earliest", END);
    kafka_partitions *partitions = NULL;
    kafka_consumer *consumer = NULL;
    OK(kafka_conf_set_lookahead(conf, 1, &err));
    OK(kafka_consumer_new(servers, conf, &consumer, NULL, &err));
    kafka_conf_free(conf);
    OK(kafka_partitions_new(&partitions, &err));
    OK(kafka_partitions_add(partitions, "ahead", 0, KAFKA_OFFSET_INVALID, &err));
    OK(kafka_consumer_assign(consumer, partitions, NULL, &err));
    kafka_partitions_free(partitions);
    return consumer;
}

/* Freeing alone commits later, in the background: the next consumer would begin before what this one has read. */
static void close_and_free(kafka_consumer *consumer)
{
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    kafka_consumer_free(consumer);
}

/* Reads so many, from `first` on. */
static void read_some(kafka_consumer *consumer, int first, int count)
{
    kafka_cursor *cursor = NULL;
    const kafka_raw_message *const *messages = NULL;
    kafka_message view;
    char text[32];
    int i;
    OK(kafka_consumer_cursor(consumer, &cursor, &err));
    for (i = first; i < first + count; i++) {
        if (cursor->next == cursor->count || cursor->is_late) {
            OK(kafka_consumer_take(consumer, PATIENCE_MS, &messages, &err));
        }
        CHECK(messages != NULL && cursor->process == *cursor->process_now);
        snprintf(text, sizeof text, "%d", i);
        CHECK_BYTES(messages[cursor->next]->value, messages[cursor->next]->value_len, text, strlen(text));
        OK(kafka_raw_message_view(messages[cursor->next], &view, &err));
        CHECK_TEXT(view.topic, "ahead");
        CHECK_INT(view.offset, i);
        /* From here on it is read. */
        cursor->next++;
    }
}

static void expect_first(const kafka_batch *batch, int number)
{
    kafka_message message;
    char text[32];
    snprintf(text, sizeof text, "%d", number);
    OK(kafka_batch_message(batch, 0, &message, &err));
    CHECK_BYTES(message.value, message.value_len, text, strlen(text));
}

/* Many messages are freed by the consumer's own thread, which ends with it. */
static void many_at_once(const char *servers, int first)
{
    kafka_consumer *consumer = reader_ahead(servers);
    kafka_batch *batch = NULL;
    size_t count = 0;
    fill(servers, "ahead", 0, first, MANY);
    OK(kafka_consumer_consume(consumer, MANY / 3, PATIENCE_MS, &batch, &err));
    OK(kafka_batch_count(batch, &count, &err));
    CHECK_INT(count, MANY / 3);
    kafka_batch_free(batch);
    read_some(consumer, first + MANY / 3, MANY / 2);
    close_and_free(consumer);

    /* One that outlives its consumer; and offsets are stored as ever. */
    consumer = reader_ahead(servers);
    OK(kafka_consumer_consume(consumer, MANY / 6, PATIENCE_MS, &batch, &err));
    close_and_free(consumer);
    expect_first(batch, first + MANY / 3 + MANY / 2);
    kafka_batch_free(batch);
}

/* A thread of the library sets it, and the optimiser must not read it only once. */
static void late_is_seen_in_place(const char *servers, int first)
{
    kafka_consumer *consumer = reader_ahead(servers);
    kafka_cursor *cursor = NULL;
    const kafka_raw_message *const *messages = NULL;
    fill(servers, "ahead", 0, first, 2);
    OK(kafka_consumer_look_ahead(consumer, 2, PATIENCE_MS, &err));
    OK(kafka_consumer_cursor(consumer, &cursor, &err));
    OK(kafka_consumer_take(consumer, PATIENCE_MS, &messages, &err));
    CHECK_INT(cursor->count, 2);
    alarm(PATIENCE_MS / 1000);
    while (!cursor->is_late) {
    }
    alarm(0);
    kafka_consumer_free(consumer);
}

int main(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("ahead", 1, &servers);
    kafka_consumer *consumer;
    kafka_cursor *cursor = NULL;
    const kafka_raw_message *const *messages = NULL;
    kafka_message message;
    kafka_partitions *partitions = NULL;
    kafka_partition place;
    kafka_future *future = NULL;
    kafka_batch *batch = NULL;

    fill(servers, "ahead", 0, 0, COUNT);
    consumer = reader_ahead(servers);
    read_some(consumer, 0, 1);
    /* The first take is of one message, so that nothing is left: what comes in another way counts as the later one. */
    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
    CHECK_BYTES(message.value, message.value_len, "1", 1);
    kafka_message_release(&message);
    close_and_free(consumer);

    consumer = reader_ahead(servers);
    read_some(consumer, 2, 2);
    /* What was taken and not read is there for callers that take one by one. */
    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
    CHECK_BYTES(message.value, message.value_len, "4", 1);
    kafka_message_release(&message);
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    FAILS(kafka_consumer_take(consumer, 0, &messages, &err), KAFKA_ERR_CLOSED);
    kafka_consumer_free(consumer);

    /* The group goes on where it was read, not where it was taken. */
    consumer = reader_ahead(servers);
    read_some(consumer, 5, 1);
    /* While it is held up there is nothing to read, and afterwards what comes next. */
    OK(kafka_consumer_cursor(consumer, &cursor, &err));
    OK(kafka_partitions_new(&partitions, &err));
    OK(kafka_partitions_add(partitions, "ahead", 0, 6, &err));
    OK(kafka_consumer_assign(consumer, partitions, &future, &err));
    CHECK_INT(cursor->next, 0);
    CHECK_INT(cursor->count, 0);
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    kafka_future_free(future);
    kafka_partitions_free(partitions);
    read_some(consumer, 6, 1);
    /* To look ahead reads none of them, and those that are taken and not read come first, in whatever way. */
    OK(kafka_consumer_look_ahead(consumer, 2, PATIENCE_MS, &err));
    CHECK_INT(cursor->count, 0);
    FAILS(kafka_consumer_look_ahead(consumer, 1000, 50, &err), KAFKA_ERR_TIMED_OUT);
    OK(kafka_consumer_position(consumer, NULL, &partitions, NULL, &err));
    OK(kafka_partitions_get(partitions, 0, &place, &err));
    CHECK_INT(place.offset, 7);
    kafka_partitions_free(partitions);
    OK(kafka_consumer_consume(consumer, 2, PATIENCE_MS, &batch, &err));
    OK(kafka_batch_message(batch, 1, &message, &err));
    CHECK_BYTES(message.value, message.value_len, "8", 1);
    kafka_batch_free(batch);
    read_some(consumer, 9, COUNT - 9);
    FAILS(kafka_consumer_take(consumer, 50, &messages, &err), KAFKA_ERR_TIMED_OUT);
    close_and_free(consumer);

    many_at_once(servers, COUNT);
    late_is_seen_in_place(servers, COUNT + MANY);

    consumer = reader_of(servers, "ahead", 1);
    FAILS(kafka_consumer_cursor(consumer, &cursor, &err), KAFKA_ERR_STATE);
    FAILS(kafka_consumer_take(consumer, 0, &messages, &err), KAFKA_ERR_STATE);
    FAILS(kafka_consumer_look_ahead(consumer, 1, 0, &err), KAFKA_ERR_STATE);
    kafka_consumer_free(consumer);
    kafka_mock_cluster_free(cluster);
    return 0;
}
