/* Transactions: the order of the calls, what their errors say to do, and closing in the middle.
 * The mock cluster shows aborted messages too, so tests/broker shows which reader gets what. */
#include "check.h"

static const char *servers;

static kafka_producer *transactional(const char *id)
{
    return producer_with(servers, conf_of("transactional.id", id, END));
}

/* Waits for a future and frees it. */
static int32_t ended(kafka_future *future)
{
    int32_t code = kafka_future_wait(future, PATIENCE_MS, &err);
    kafka_future_free(future);
    return code;
}

static void init(kafka_producer *producer)
{
    kafka_future *future = NULL;
    OK(kafka_producer_init_transactions(producer, PATIENCE_MS, &future, &err));
    CHECK_INT(ended(future), 0);
}

static int32_t commit(kafka_producer *producer, int32_t timeout_ms)
{
    kafka_future *future = NULL;
    OK(kafka_producer_commit_transaction(producer, timeout_ms, &future, &err));
    return ended(future);
}

static int32_t abort_it(kafka_producer *producer)
{
    kafka_future *future = NULL;
    OK(kafka_producer_abort_transaction(producer, PATIENCE_MS, &future, &err));
    return ended(future);
}

static void the_calls_have_an_order(void)
{
    kafka_producer *producer = transactional("order");
    kafka_topic *topic = topic_of(producer, "there");
    kafka_future *future = NULL;

    FAILS(kafka_producer_begin_transaction(producer, NULL, &err), KAFKA_ERR_STATE);
    CHECK_INT(commit(producer, 1000), KAFKA_ERR_STATE);
    CHECK(!err.retriable && !err.fatal && !err.txn_requires_abort);
    init(producer);
    FAILS(send_text(producer, topic, 0, "early", 1), KAFKA_ERR_STATE);
    OK(kafka_producer_begin_transaction(producer, NULL, &err));
    FAILS(kafka_producer_begin_transaction(producer, NULL, &err), KAFKA_ERR_STATE);
    OK(send_text(producer, topic, 0, "committed", 2));
    CHECK_INT(commit(producer, PATIENCE_MS), 0);
    CHECK_INT(await_reports(producer, 1), 0);
    FAILS(send_text(producer, topic, 0, "late", 3), KAFKA_ERR_STATE);
    OK(kafka_producer_begin_transaction(producer, &future, &err));
    CHECK_INT(ended(future), 0);
    OK(kafka_producer_begin_transaction(producer, &future, &err));
    CHECK_INT(ended(future), KAFKA_ERR_STATE);
    CHECK_INT(abort_it(producer), 0);
    kafka_topic_free(topic);
    kafka_producer_free(producer);

    producer = producer_with(servers, NULL);
    FAILS(kafka_producer_begin_transaction(producer, NULL, &err), KAFKA_ERR_NOT_CONFIGURED);
    kafka_producer_free(producer);
}

/* What an abort gives up is reported, except for messages whose report is not wanted. */
static void an_abort_gives_up_what_is_queued(void)
{
    kafka_producer *producer =
        producer_with(servers, conf_of("transactional.id", "abort", "linger.ms", "10000", END));
    kafka_topic *topic = topic_of(producer, "there");
    kafka_report report;
    kafka_counters counters;
    size_t report_count = 0;
    uint64_t lost_count = UNTOUCHED;

    init(producer);
    OK(kafka_producer_begin_transaction(producer, NULL, &err));
    OK(send_text(producer, topic, 0, "x", 7));
    OK(send_text(producer, topic, 0, "x", KAFKA_OPAQUE_NO_REPORT));
    CHECK_INT(abort_it(producer), 0);
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_reports(producer, &report, 1, &report_count, &err));
    CHECK_INT(report_count, 1);
    CHECK_INT(report.opaque, 7);
    CHECK_INT(report.code, KAFKA_ERR_PURGE_QUEUE);
    OK(kafka_producer_counters(producer, &counters, &err));
    CHECK_INT(counters.failed, 2);
    CHECK_INT(counters.queued, 2);
    OK(kafka_producer_close(producer, PATIENCE_MS, &lost_count, NULL, &err));
    CHECK_INT(lost_count, 0);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static int32_t commit_offset(kafka_producer *producer, kafka_consumer *consumer, int64_t offset)
{
    kafka_group_metadata *metadata = NULL;
    kafka_partitions *offsets = NULL;
    kafka_future *future = NULL;
    const char *text = NULL;
    int32_t generation = 0;

    OK(kafka_consumer_group_metadata(consumer, &metadata, NULL, &err));
    OK(kafka_group_metadata_group_id(metadata, &text, &err));
    CHECK_TEXT(text, "readers");
    OK(kafka_group_metadata_member_id(metadata, &text, &err));
    CHECK_TEXT(text, "");
    OK(kafka_group_metadata_generation_id(metadata, &generation, &err));
    CHECK_INT(generation, -1);
    OK(kafka_group_metadata_group_instance_id(metadata, &text, &err));
    CHECK(text == NULL);

    OK(kafka_partitions_new(&offsets, &err));
    OK(kafka_partitions_add(offsets, "there", 0, offset, &err));
    OK(kafka_producer_begin_transaction(producer, NULL, &err));
    OK(kafka_producer_send_offsets_to_transaction(producer, offsets, metadata, PATIENCE_MS,
                                                  &future, &err));
    /* It has copies of its own. */
    kafka_partitions_free(offsets);
    kafka_group_metadata_free(metadata);
    CHECK_INT(ended(future), 0);
    return commit(producer, PATIENCE_MS);
}

static void offsets_are_part_of_it(void)
{
    kafka_producer *producer = transactional("offsets");
    kafka_consumer *consumer = reader_of(servers, "there", 1);
    init(producer);
    CHECK_INT(commit_offset(producer, consumer, 5), 0);
    kafka_consumer_free(consumer);
    kafka_producer_free(producer);
}

static void errors_say_what_to_do(kafka_mock_cluster *cluster)
{
    kafka_producer *producer = transactional("errors");
    kafka_topic *topic = topic_of(producer, "there");
    int32_t fenced = KAFKA_ERR_INVALID_PRODUCER_EPOCH;
    int32_t refused = KAFKA_ERR_TOPIC_AUTHORIZATION_FAILED;

    init(producer);
    /* AddPartitionsToTxn. */
    OK(kafka_mock_cluster_push_errors(cluster, 24, &refused, 1, &err));
    OK(kafka_producer_begin_transaction(producer, NULL, &err));
    OK(send_text(producer, topic, 0, "x", KAFKA_OPAQUE_NO_REPORT));
    CHECK_INT(commit(producer, PATIENCE_MS), KAFKA_ERR_TOPIC_AUTHORIZATION_FAILED);
    CHECK(err.txn_requires_abort && !err.fatal && !err.retriable);
    CHECK_INT(abort_it(producer), 0);

    /* EndTxn. */
    OK(kafka_mock_cluster_push_errors(cluster, 26, &fenced, 1, &err));
    OK(kafka_producer_begin_transaction(producer, NULL, &err));
    OK(send_text(producer, topic, 0, "x", KAFKA_OPAQUE_NO_REPORT));
    CHECK_INT(commit(producer, PATIENCE_MS), KAFKA_ERR_FENCED);
    CHECK(err.fatal && !err.retriable);
    FAILS(send_text(producer, topic, 0, "x", 1), KAFKA_ERR_FATAL);
    FAILS(kafka_producer_begin_transaction(producer, NULL, &err), KAFKA_ERR_FENCED);
    CHECK(err.fatal);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

/* A coordinator that does not answer: the time is kept, the call can be made again, and closing
 * has its bound too. */
static void a_commit_keeps_its_time(kafka_mock_cluster *cluster)
{
    kafka_producer *producer = transactional("time");
    kafka_topic *topic = topic_of(producer, "there");
    kafka_future *future = NULL;
    int64_t start;

    init(producer);
    OK(kafka_producer_begin_transaction(producer, NULL, &err));
    OK(send_text(producer, topic, 0, "x", 1));
    OK(kafka_mock_cluster_broker_down(cluster, 1, &err));
    start = now_ms();
    CHECK_INT(commit(producer, 200), KAFKA_ERR_TIMED_OUT);
    CHECK(err.retriable && !err.fatal);
    CHECK(now_ms() - start >= 199 && now_ms() - start < 5000);
    /* A call behind one that is under way waits for its turn, for as long as it may. */
    OK(kafka_producer_commit_transaction(producer, 2000, &future, &err));
    start = now_ms();
    CHECK_INT(commit(producer, 200), KAFKA_ERR_TIMED_OUT);
    CHECK(err.retriable && now_ms() - start >= 199 && now_ms() - start < 1900);
    CHECK_INT(ended(future), KAFKA_ERR_TIMED_OUT);
    OK(kafka_mock_cluster_broker_up(cluster, 1, &err));
    CHECK_INT(commit(producer, PATIENCE_MS), 0);

    OK(kafka_producer_begin_transaction(producer, NULL, &err));
    OK(send_text(producer, topic, 0, "x", 2));
    OK(kafka_mock_cluster_broker_down(cluster, 1, &err));
    OK(kafka_producer_commit_transaction(producer, -1, &future, &err));
    start = now_ms();
    FAILS(kafka_producer_close(producer, 100, NULL, NULL, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(now_ms() - start < 5000);
    CHECK(ended(future) != 0);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    OK(kafka_mock_cluster_broker_up(cluster, 1, &err));
}

static void closing_in_the_middle(void)
{
    kafka_producer *producer = transactional("middle");
    kafka_topic *topic = topic_of(producer, "there");
    kafka_future *future = NULL;

    init(producer);
    OK(kafka_producer_begin_transaction(producer, NULL, &err));
    OK(send_text(producer, topic, 0, "x", 1));
    OK(kafka_producer_close(producer, PATIENCE_MS, NULL, NULL, &err));
    FAILS(kafka_producer_begin_transaction(producer, NULL, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_producer_commit_transaction(producer, 0, &future, &err), KAFKA_ERR_CLOSED);
    CHECK(future == NULL);
    kafka_producer_free(producer);
    kafka_topic_free(topic);

    /* Freed, with futures under way that no caller waits for. */
    producer = transactional("middle");
    OK(kafka_producer_init_transactions(producer, PATIENCE_MS, NULL, &err));
    kafka_producer_free(producer);
}

int main(void)
{
    kafka_mock_cluster *cluster = cluster_with("there", 1, &servers);
    the_calls_have_an_order();
    an_abort_gives_up_what_is_queued();
    offsets_are_part_of_it();
    errors_say_what_to_do(cluster);
    a_commit_keeps_its_time(cluster);
    closing_in_the_middle();
    kafka_mock_cluster_free(cluster);
    return 0;
}
