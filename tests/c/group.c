/* A group whose rebalances the program answers itself, and offsets that it commits on the way out. */
#include "check.h"

static const char *servers;

static kafka_partitions *list_of(int32_t partition, int64_t offset)
{
    kafka_partitions *partitions = NULL;
    OK(kafka_partitions_new(&partitions, &err));
    OK(kafka_partitions_add(partitions, "group", partition, offset, &err));
    return partitions;
}

static kafka_consumer *member(void)
{
    kafka_consumer *consumer = NULL;
    kafka_partitions *topics = list_of(-1, KAFKA_OFFSET_INVALID);
    kafka_conf *conf = conf_of("group.id", "g", "group.protocol", "consumer", "auto.offset.reset",
                               "earliest", "fetch.wait.max.ms", "10", "enable.auto.commit", "false",
                               END);
    OK(kafka_conf_set_events(conf, KAFKA_EVENT_REBALANCE, &err));
    OK(kafka_consumer_new(servers, conf, &consumer, NULL, &err));
    kafka_conf_free(conf);
    OK(kafka_consumer_subscribe(consumer, topics, NULL, &err));
    kafka_partitions_free(topics);
    return consumer;
}

/* Takes the rebalance that has ended a call. */
static void expect_rebalance(kafka_consumer *consumer, int32_t code)
{
    kafka_client *client = NULL;
    kafka_event event;
    size_t count = 0;
    OK(kafka_consumer_client(consumer, &client, &err));
    OK(kafka_client_poll_event(client, KAFKA_EVENT_REBALANCE, &event, &err));
    kafka_client_free(client);
    CHECK_INT(event.code, code);
    CHECK_INT(event.is_lost, 0);
    OK(kafka_partitions_count(event.partitions, &count, &err));
    CHECK_INT(count, 1);
    kafka_event_release(&event);
}

static void expect_partition(kafka_future *future, int64_t offset)
{
    const kafka_partitions *partitions = NULL;
    kafka_partition partition;
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_partitions(future, &partitions, &err));
    OK(kafka_partitions_get(partitions, 0, &partition, &err));
    CHECK_INT(partition.offset, offset);
    CHECK_INT(partition.code, 0);
    kafka_future_free(future);
}

static void rebalances_are_answered_by_the_program(void)
{
    kafka_consumer *consumer = member();
    kafka_partitions *partitions = list_of(0, 1);
    kafka_future *future = NULL;
    kafka_message message;
    kafka_batch *batch = NULL;
    const char *protocol = NULL;

    FAILS(kafka_consumer_accept_rebalance(consumer, NULL, NULL, &err), KAFKA_ERR_STATE);
    FAILS(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err), KAFKA_ERR_EVENT);
    FAILS(kafka_consumer_consume(consumer, 1, PATIENCE_MS, &batch, &err), KAFKA_ERR_EVENT);
    expect_rebalance(consumer, KAFKA_ERR_ASSIGN_PARTITIONS);
    OK(kafka_consumer_rebalance_protocol(consumer, &protocol, NULL, &err));
    CHECK_TEXT(protocol, "COOPERATIVE");
    FAILS(kafka_consumer_assign(consumer, partitions, NULL, &err), KAFKA_ERR_STATE);
    /* From the second message on. */
    OK(kafka_consumer_accept_rebalance(consumer, partitions, NULL, &err));
    FAILS(kafka_consumer_accept_rebalance(consumer, NULL, NULL, &err), KAFKA_ERR_STATE);
    expect_text(consumer, "1");

    FAILS(kafka_consumer_leave(consumer, PATIENCE_MS, &err), KAFKA_ERR_EVENT);
    expect_rebalance(consumer, KAFKA_ERR_REVOKE_PARTITIONS);
    FAILS(kafka_consumer_leave(consumer, PATIENCE_MS, &err), KAFKA_ERR_STATE);
    OK(kafka_consumer_commit(consumer, NULL, PATIENCE_MS, NULL, &future, &err));
    expect_partition(future, 2);
    OK(kafka_consumer_accept_rebalance(consumer, NULL, NULL, &err));
    OK(kafka_consumer_leave(consumer, PATIENCE_MS, &err));
    OK(kafka_consumer_leave(consumer, 0, &err));
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    kafka_consumer_free(consumer);

    consumer = member();
    OK(kafka_consumer_committed(consumer, partitions, PATIENCE_MS, NULL, &future, &err));
    expect_partition(future, 2);
    kafka_partitions_free(partitions);
    kafka_consumer_free(consumer);
}

static int32_t ended(kafka_future *future)
{
    int32_t code = kafka_future_wait(future, PATIENCE_MS, &err);
    kafka_future_free(future);
    return code;
}

static void calls_with_futures(void)
{
    kafka_consumer *consumer = member();
    kafka_partitions *partitions = list_of(0, 1), *unknown = NULL;
    kafka_future *future = NULL;
    kafka_message message;
    const kafka_partitions *list = NULL;
    kafka_group_metadata *group_metadata = NULL;
    const char *text = NULL;
    size_t count = 0;

    OK(kafka_partitions_new(&unknown, &err));
    OK(kafka_partitions_add(unknown, "unknown", 0, 0, &err));
    OK(kafka_consumer_subscription(consumer, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_partitions(future, &list, &err));
    OK(kafka_partitions_count(list, &count, &err));
    CHECK_INT(count, 1);
    FAILS(kafka_future_group_metadata(future, &group_metadata, &err), KAFKA_ERR_INVALID_ARGUMENT);
    kafka_future_free(future);

    FAILS(kafka_consumer_accept_rebalance(consumer, NULL, &future, &err), KAFKA_ERR_STATE);
    FAILS(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err), KAFKA_ERR_EVENT);
    expect_rebalance(consumer, KAFKA_ERR_ASSIGN_PARTITIONS);
    /* The wrong answer is none. */
    OK(kafka_consumer_assign(consumer, partitions, &future, &err));
    CHECK_INT(ended(future), KAFKA_ERR_STATE);
    OK(kafka_consumer_accept_rebalance(consumer, partitions, &future, &err));
    /* It is being answered already. */
    FAILS(kafka_consumer_accept_rebalance(consumer, NULL, NULL, &err), KAFKA_ERR_STATE);
    CHECK_INT(ended(future), 0);
    expect_text(consumer, "1");

    OK(kafka_consumer_group_metadata(consumer, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_group_metadata(future, &group_metadata, &err));
    kafka_future_free(future);
    OK(kafka_group_metadata_group_id(group_metadata, &text, &err));
    CHECK_TEXT(text, "g");
    kafka_group_metadata_free(group_metadata);
    OK(kafka_consumer_rebalance_protocol(consumer, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_protocol(future, &text, &err));
    CHECK_TEXT(text, "COOPERATIVE");
    kafka_future_free(future);
    OK(kafka_consumer_position(consumer, NULL, NULL, &future, &err));
    expect_partition(future, 2);
    OK(kafka_consumer_assignment(consumer, NULL, &future, &err));
    CHECK_INT(ended(future), 0);
    OK(kafka_consumer_pause(consumer, partitions, &future, &err));
    CHECK_INT(ended(future), 0);
    OK(kafka_consumer_resume(consumer, unknown, &future, &err));
    CHECK_INT(ended(future), KAFKA_ERR_UNKNOWN_PARTITION);
    OK(kafka_consumer_incremental_unassign(consumer, partitions, &future, &err));
    CHECK_INT(ended(future), 0);
    OK(kafka_consumer_incremental_assign(consumer, partitions, &future, &err));
    CHECK_INT(ended(future), 0);
    OK(kafka_consumer_unsubscribe(consumer, &future, &err));
    CHECK_INT(ended(future), 0);
    OK(kafka_consumer_subscribe(consumer, partitions, &future, &err));
    CHECK_INT(ended(future), 0);

    FAILS(kafka_consumer_pause(consumer, NULL, &future, &err), KAFKA_ERR_INVALID_ARGUMENT);
    /* The consumer goes first: it waits for those under way, and others find it closed. */
    OK(kafka_consumer_unassign(consumer, &future, &err));
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    kafka_consumer_free(consumer);
    ended(future);
    kafka_partitions_free(unknown);
    kafka_partitions_free(partitions);
}

/* Each has a thread of its own, in any order; librdkafka must have one at a time. */
static void changes_at_once(void)
{
    kafka_consumer *consumer = reader_of(servers, "group", 1);
    kafka_partitions *partitions = list_of(0, 1);
    kafka_future *futures[4];
    int round, i;
    for (round = 0; round < 50; round++) {
        OK(kafka_consumer_assign(consumer, partitions, &futures[0], &err));
        OK(kafka_consumer_unassign(consumer, &futures[1], &err));
        OK(kafka_consumer_assign(consumer, partitions, &futures[2], &err));
        OK(kafka_consumer_unassign(consumer, &futures[3], &err));
        for (i = 0; i < 4; i++) {
            (void)ended(futures[i]);
        }
    }
    OK(kafka_consumer_unassign(consumer, NULL, &err));
    kafka_partitions_free(partitions);
    kafka_consumer_free(consumer);
}

static void no_broker_answers(void)
{
    kafka_consumer *consumer = member();
    kafka_message message;
    int64_t start;

    FAILS(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err), KAFKA_ERR_EVENT);
    expect_rebalance(consumer, KAFKA_ERR_ASSIGN_PARTITIONS);
    start = now_ms();
    kafka_consumer_free(consumer);
    CHECK(now_ms() - start < 4000);
}

int main(void)
{
    kafka_mock_cluster *cluster = cluster_with("group", 1, &servers);
    fill(servers, "group", 0, 0, 2);
    rebalances_are_answered_by_the_program();
    calls_with_futures();
    changes_at_once();
    no_broker_answers();
    kafka_mock_cluster_free(cluster);
    return 0;
}
