/* A transaction's calls last as long as the caller says, and repeat what may be repeated until then. */
#include "broken.h"

#define COORDINATOR_NOT_AVAILABLE 15
#define NOT_COORDINATOR 16

static kafka_producer *transactional(const char *servers)
{
    return producer_with(servers, conf_of("transactional.id", "t", END));
}

static int32_t outcome(kafka_future *future)
{
    int32_t code = kafka_future_wait(future, PATIENCE_MS, &err);
    kafka_future_free(future);
    return code;
}

/* The coordinator is not there for 12 s of the 30 that the call has. */
static void init_has_its_time(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer = transactional(servers);
    kafka_future *future = NULL;
    int64_t start = now_ms();
    int32_t code;
    push_errors(cluster, "InitProducerId", COORDINATOR_NOT_AVAILABLE, 24);
    OK(kafka_producer_init_transactions(producer, 30000, &future, &err));
    code = outcome(future);
    BREAKS_UNLESS(code == 0, "init_transactions(30000) ended with %s after %d s", kafka_err_name(code),
                  (int)((now_ms() - start + 500) / 1000));
}

/* Offsets are given to a transaction while the group's coordinator moves. */
static void offsets_have_their_time(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer = transactional(servers);
    kafka_topic *topic = topic_of(producer, "t");
    kafka_group_metadata *group = NULL;
    kafka_partitions *offsets = NULL;
    kafka_future *future = NULL;
    kafka_consumer *consumer;
    int64_t start;
    int32_t code;
    fill(servers, "t", 0, 0, 1);
    consumer = reader_of(servers, "t", 1);
    expect_text(consumer, "0");
    OK(kafka_consumer_group_metadata(consumer, &group, NULL, &err));
    OK(kafka_producer_init_transactions(producer, PATIENCE_MS, &future, &err));
    OK(outcome(future));
    OK(kafka_producer_begin_transaction(producer, NULL, &err));
    OK(send_text(producer, topic, 0, "x", 0));
    OK(kafka_partitions_new(&offsets, &err));
    OK(kafka_partitions_add(offsets, "t", 0, 1, &err));
    push_errors(cluster, "TxnOffsetCommit", NOT_COORDINATOR, 24);
    start = now_ms();
    future = NULL;
    OK(kafka_producer_send_offsets_to_transaction(producer, offsets, group, 30000, &future, &err));
    code = outcome(future);
    BREAKS_UNLESS(code == 0, "send_offsets_to_transaction(30000) ended with %s after %d s", kafka_err_name(code),
                  (int)((now_ms() - start + 500) / 1000));
}

int main(int argc, char **argv)
{
    static const scenario scenarios[] = {SCENARIO(init_has_its_time), SCENARIO(offsets_have_their_time)};
    CHECK(argc == 2);
    return run_scenario(scenarios, sizeof scenarios / sizeof *scenarios, argv[1]);
}
