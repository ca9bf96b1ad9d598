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
    OK(kafka_consumer_new(servers, conf, &consumer, &err));
    kafka_conf_free(conf);
    OK(kafka_consumer_subscribe(consumer, topics, &err));
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
    OK(kafka_client_event(client, KAFKA_EVENT_REBALANCE, &event, &err));
    CHECK_INT(event.code, code);
    CHECK_INT(event.is_lost, 0);
    OK(kafka_partitions_count(event.partitions, &count, &err));
    CHECK_INT(count, 1);
    kafka_event_release(&event);
}

static void expect_partition(kafka_request *request, int64_t offset)
{
    const kafka_partitions *partitions = NULL;
    kafka_partition partition;
    OK(kafka_request_wait(request, PATIENCE_MS, &err));
    OK(kafka_request_partitions(request, &partitions, &err));
    OK(kafka_partitions_get(partitions, 0, &partition, &err));
    CHECK_INT(partition.offset, offset);
    CHECK_INT(partition.code, 0);
    kafka_request_free(request);
}

static void rebalances_are_answered_by_the_program(void)
{
    kafka_consumer *consumer = member();
    kafka_partitions *partitions = list_of(0, 1);
    kafka_request *request = NULL;
    kafka_message message;
    kafka_batch *batch = NULL;
    const char *protocol = NULL;

    FAILS(kafka_consumer_accept_rebalance(consumer, NULL, &err), KAFKA_ERR_STATE);
    FAILS(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err), KAFKA_ERR_EVENT);
    FAILS(kafka_consumer_consume(consumer, 1, PATIENCE_MS, &batch, &err), KAFKA_ERR_EVENT);
    expect_rebalance(consumer, KAFKA_ERR_ASSIGN_PARTITIONS);
    OK(kafka_consumer_rebalance_protocol(consumer, &protocol, &err));
    CHECK_TEXT(protocol, "COOPERATIVE");
    FAILS(kafka_consumer_assign(consumer, partitions, &err), KAFKA_ERR_STATE);
    /* From the second message on. */
    OK(kafka_consumer_accept_rebalance(consumer, partitions, &err));
    FAILS(kafka_consumer_accept_rebalance(consumer, NULL, &err), KAFKA_ERR_STATE);
    expect_text(consumer, "1");

    FAILS(kafka_consumer_leave(consumer, PATIENCE_MS, &err), KAFKA_ERR_EVENT);
    expect_rebalance(consumer, KAFKA_ERR_REVOKE_PARTITIONS);
    FAILS(kafka_consumer_leave(consumer, PATIENCE_MS, &err), KAFKA_ERR_STATE);
    OK(kafka_consumer_commit(consumer, NULL, PATIENCE_MS, &request, &err));
    expect_partition(request, 2);
    OK(kafka_consumer_accept_rebalance(consumer, NULL, &err));
    OK(kafka_consumer_leave(consumer, PATIENCE_MS, &err));
    OK(kafka_consumer_leave(consumer, 0, &err));
    OK(kafka_consumer_close(consumer, PATIENCE_MS, &err));
    kafka_consumer_free(consumer);

    consumer = member();
    OK(kafka_consumer_committed(consumer, partitions, PATIENCE_MS, &request, &err));
    expect_partition(request, 2);
    kafka_partitions_free(partitions);
    kafka_consumer_free(consumer);
}

static void nobody_answers(void)
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
    nobody_answers();
    kafka_mock_cluster_free(cluster);
    return 0;
}
