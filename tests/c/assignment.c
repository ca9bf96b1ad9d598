/* What a consumer is subscribed to, and what it is assigned, given and taken one by one. */
#include "check.h"

static const char *servers;

static kafka_partitions *list_of(int32_t partition, int64_t offset)
{
    kafka_partitions *partitions = NULL;
    OK(kafka_partitions_new(&partitions, &err));
    OK(kafka_partitions_add(partitions, "parts", partition, offset, &err));
    return partitions;
}

static kafka_consumer *consumer_with_group(void)
{
    kafka_conf *conf = conf_of("group.id", "parts", "group.protocol", "consumer", END);
    kafka_consumer *consumer = NULL;
    OK(kafka_consumer_new(servers, conf, &consumer, NULL, &err));
    kafka_conf_free(conf);
    return consumer;
}

/* Which partitions, as a sum of bits. */
static int assigned(kafka_consumer *consumer)
{
    kafka_partitions *partitions = NULL;
    kafka_partition partition;
    size_t count = 0, i;
    int bits = 0;
    OK(kafka_consumer_assignment(consumer, &partitions, NULL, &err));
    OK(kafka_partitions_count(partitions, &count, &err));
    for (i = 0; i < count; i++) {
        OK(kafka_partitions_get(partitions, i, &partition, &err));
        CHECK_TEXT(partition.topic, "parts");
        bits |= 1 << partition.partition;
    }
    kafka_partitions_free(partitions);
    return bits;
}

/* Nothing waits for the fetching to have begun or ended. */
static void in_quick_succession(void)
{
    kafka_consumer *consumer = consumer_with_group();
    kafka_partitions *first = list_of(0, 0);
    kafka_message message;
    int i;

    OK(kafka_consumer_assign(consumer, first, NULL, &err));
    /* Only what has begun can be stopped twice. */
    FAILS(kafka_consumer_poll(consumer, 200, &message, &err), KAFKA_ERR_TIMED_OUT);
    for (i = 0; i < 20; i++) {
        OK(kafka_consumer_assign(consumer, first, NULL, &err));
        OK(kafka_consumer_unassign(consumer, NULL, &err));
        OK(kafka_consumer_incremental_assign(consumer, first, NULL, &err));
        OK(kafka_consumer_incremental_unassign(consumer, first, NULL, &err));
        OK(kafka_consumer_incremental_assign(consumer, first, NULL, &err));
    }
    CHECK_INT(assigned(consumer), 1);
    kafka_partitions_free(first);
    kafka_consumer_free(consumer);
}

static void by_hand(void)
{
    kafka_consumer *consumer = consumer_with_group();
    kafka_partitions *first = list_of(0, 0), *second = list_of(1, 0), *times = list_of(0, 1);
    kafka_future *future = NULL;
    const kafka_partitions *found = NULL;
    int32_t is_lost = UNTOUCHED;

    CHECK_INT(assigned(consumer), 0);
    OK(kafka_consumer_assign(consumer, first, NULL, &err));
    CHECK_INT(assigned(consumer), 1);
    OK(kafka_consumer_incremental_assign(consumer, second, NULL, &err));
    CHECK_INT(assigned(consumer), 3);
    FAILS(kafka_consumer_incremental_assign(consumer, second, NULL, &err), KAFKA_ERR_CONFLICT);
    OK(kafka_consumer_incremental_unassign(consumer, first, NULL, &err));
    CHECK_INT(assigned(consumer), 2);
    OK(kafka_consumer_assignment_lost(consumer, &is_lost, &err));
    CHECK_INT(is_lost, 0);
    OK(kafka_consumer_unassign(consumer, NULL, &err));
    CHECK_INT(assigned(consumer), 0);

    OK(kafka_consumer_offsets_for_times(consumer, times, PATIENCE_MS, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_partitions(future, &found, &err));
    kafka_future_free(future);
    kafka_partitions_free(first);
    kafka_partitions_free(second);
    kafka_partitions_free(times);
    kafka_consumer_free(consumer);
}

static void by_the_group(void)
{
    kafka_consumer *consumer = consumer_with_group();
    kafka_partitions *topics = list_of(-1, KAFKA_OFFSET_INVALID), *subscribed = NULL;
    kafka_partition partition;
    kafka_message message;
    size_t count = UNTOUCHED;
    int64_t start = now_ms();

    OK(kafka_consumer_subscribe(consumer, topics, NULL, &err));
    OK(kafka_consumer_subscription(consumer, &subscribed, NULL, &err));
    OK(kafka_partitions_get(subscribed, 0, &partition, &err));
    CHECK_TEXT(partition.topic, "parts");
    kafka_partitions_free(subscribed);
    while (assigned(consumer) != 3) {
        CHECK(now_ms() - start < PATIENCE_MS);
        FAILS(kafka_consumer_poll(consumer, 50, &message, &err), KAFKA_ERR_TIMED_OUT);
    }
    OK(kafka_consumer_unsubscribe(consumer, NULL, &err));
    OK(kafka_consumer_subscription(consumer, &subscribed, NULL, &err));
    OK(kafka_partitions_count(subscribed, &count, &err));
    CHECK_INT(count, 0);
    kafka_partitions_free(subscribed);
    kafka_partitions_free(topics);
    kafka_consumer_free(consumer);
}

int main(void)
{
    kafka_mock_cluster *cluster = cluster_with("parts", 2, &servers);
    by_hand();
    in_quick_succession();
    by_the_group();
    kafka_mock_cluster_free(cluster);
    return 0;
}
