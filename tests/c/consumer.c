/* Consuming: in a group and without, from where one wants, and what each message carries. */
#include "check.h"

static const char *servers;

static kafka_partitions *list_of(const char *topic, int32_t partition, int64_t offset)
{
    kafka_partitions *partitions = NULL;
    OK(kafka_partitions_new(&partitions, &err));
    OK(kafka_partitions_add(partitions, topic, partition, offset, &err));
    return partitions;
}

static kafka_consumer *member_of(const char *group, const char *topic)
{
    kafka_consumer *consumer = NULL;
    kafka_partitions *topics = list_of(topic, -1, KAFKA_OFFSET_INVALID);
    kafka_conf *conf = conf_of("group.id", group, "auto.offset.reset", "earliest",
                               "fetch.wait.max.ms", "10",
                               /* The mock cluster lets members of the classic protocol in late, if at all. */
                               "group.protocol", "consumer", END);
    OK(kafka_consumer_new(servers, conf, &consumer, NULL, &err));
    kafka_conf_free(conf);
    OK(kafka_consumer_subscribe(consumer, topics, NULL, &err));
    kafka_partitions_free(topics);
    return consumer;
}

static void expect_number(kafka_consumer *consumer, int number)
{
    char text[32];
    snprintf(text, sizeof text, "%d", number);
    expect_text(consumer, text);
}

static void a_group_goes_on_where_it_left_off(void)
{
    kafka_consumer *consumer;
    int i;

    fill(servers, "group", 0, 0, 10);
    consumer = member_of("g1", "group");
    for (i = 0; i < 6; i++) {
        expect_number(consumer, i);
    }
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    OK(kafka_consumer_close(consumer, 0, NULL, &err));
    kafka_consumer_free(consumer);

    /* Freeing closes too, so it commits. */
    consumer = member_of("g1", "group");
    expect_number(consumer, 6);
    expect_number(consumer, 7);
    kafka_consumer_free(consumer);
    consumer = member_of("g1", "group");
    expect_number(consumer, 8);
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    kafka_consumer_free(consumer);

    /* Another group has seen nothing yet. */
    consumer = member_of("g2", "^gro.*");
    expect_number(consumer, 0);
    kafka_consumer_free(consumer);
}

static void assigned_partitions_begin_where_one_wants(void)
{
    kafka_consumer *consumer;
    kafka_partitions *partitions;
    kafka_message message;

    fill(servers, "parts", 0, 0, 5);
    fill(servers, "parts", 1, 100, 5);
    consumer = reader_of(servers, "parts", 0);
    partitions = list_of("parts", 1, 3);
    OK(kafka_consumer_assign(consumer, partitions, NULL, &err));
    kafka_partitions_free(partitions);
    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
    CHECK_INT(message.partition, 1);
    CHECK_INT(message.offset, 3);
    CHECK_BYTES(message.value, message.value_len, "103", 3);
    kafka_message_release(&message);
    expect_number(consumer, 104);

    partitions = list_of("parts", 0, KAFKA_OFFSET_BEGINNING);
    OK(kafka_consumer_assign(consumer, partitions, NULL, &err));
    kafka_partitions_free(partitions);
    expect_number(consumer, 0);

    /* NULL takes it all away. */
    OK(kafka_consumer_assign(consumer, NULL, NULL, &err));
    FAILS(kafka_consumer_poll(consumer, 300, &message, &err), KAFKA_ERR_TIMED_OUT);
    kafka_consumer_free(consumer);
}

static void what_a_message_carries(void)
{
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "carry");
    kafka_consumer *consumer = reader_of(servers, "carry", 1);
    kafka_message message;
    time_t now = time(NULL);

    OK(kafka_producer_send(producer, topic, 0, "k", 1, "v", 1, 0, &err));
    CHECK_INT(await_reports(producer, 1), 0);
    memset(&message, 0, sizeof message);
    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
    CHECK_TEXT(message.topic, "carry");
    CHECK_BYTES(message.value, message.value_len, "v", 1);
    CHECK_BYTES(message.key, message.key_len, "k", 1);
    CHECK_INT(message.offset, 0);
    CHECK_INT(message.partition, 0);
    CHECK_INT(message.timestamp_type, 1);
    CHECK(message.timestamp >= (int64_t)(now - 1) * 1000);
    CHECK(message.timestamp <= (int64_t)(now + 60) * 1000);
    CHECK(message.leader_epoch >= -1);
    kafka_message_release(&message);
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void nothing_in_time(void)
{
    kafka_consumer *consumer = reader_of(servers, "silent", 1);
    kafka_message message, before;
    int64_t start = now_ms();

    memset(&message, 0x7f, sizeof message);
    memcpy(&before, &message, sizeof message);
    FAILS(kafka_consumer_poll(consumer, 0, &message, &err), KAFKA_ERR_TIMED_OUT);
    FAILS(kafka_consumer_poll(consumer, 200, &message, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(now_ms() - start >= 199);
    CHECK(now_ms() - start < PATIENCE_MS);
    CHECK(memcmp(&before, &message, sizeof message) == 0);
    kafka_consumer_free(consumer);

    /* No broker there is no error either: it may come. */
    consumer = reader_of("127.0.0.1:1", "silent", 1);
    FAILS(kafka_consumer_poll(consumer, 500, &message, &err), KAFKA_ERR_TIMED_OUT);
    start = now_ms();
    kafka_consumer_free(consumer);
    CHECK(now_ms() - start < 4000);
}

static void without_a_group(void)
{
    kafka_consumer *consumer = NULL;
    kafka_partitions *topics = list_of("silent", -1, KAFKA_OFFSET_INVALID);
    kafka_partitions *nothing = NULL;

    OK(kafka_consumer_new(servers, NULL, &consumer, NULL, &err));
    FAILS(kafka_consumer_subscribe(consumer, topics, NULL, &err), KAFKA_ERR_UNKNOWN_GROUP);
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    kafka_consumer_free(consumer);

    /* An empty subscription. */
    consumer = reader_of(servers, "silent", 0);
    OK(kafka_partitions_new(&nothing, &err));
    FAILS(kafka_consumer_subscribe(consumer, nothing, NULL, &err), KAFKA_ERR_INVALID_ARG);
    kafka_consumer_free(consumer);
    kafka_partitions_free(nothing);
    kafka_partitions_free(topics);
}

int main(void)
{
    kafka_mock_cluster *cluster = cluster_with("group", 1, &servers);
    OK(kafka_mock_cluster_create_topic(cluster, "parts", 2, 1, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "carry", 1, 1, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "silent", 1, 1, &err));
    a_group_goes_on_where_it_left_off();
    assigned_partitions_begin_where_one_wants();
    what_a_message_carries();
    nothing_in_time();
    without_a_group();
    kafka_mock_cluster_free(cluster);
    return 0;
}
