/* Places in partitions: sought, paused, stored, committed and asked for. */
#include "check.h"

#define COUNT 10

static const char *servers;

static kafka_partitions *list_of(int32_t partition, int64_t offset)
{
    kafka_partitions *partitions = NULL;
    OK(kafka_partitions_new(&partitions, &err));
    OK(kafka_partitions_add(partitions, "offsets", partition, offset, &err));
    return partitions;
}

static void expect_entry(const kafka_partitions *partitions, int64_t offset, int32_t code)
{
    kafka_partition partition;
    OK(kafka_partitions_get(partitions, 0, &partition, &err));
    CHECK_INT(partition.offset, offset);
    CHECK_INT(partition.code, code);
}

static void expect_result(kafka_future *future, int64_t offset, int32_t code)
{
    const kafka_partitions *partitions = NULL;
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_partitions(future, &partitions, &err));
    expect_entry(partitions, offset, code);
    kafka_future_free(future);
}

static void expect_position(kafka_consumer *consumer, int64_t offset)
{
    kafka_partitions *positions = NULL;
    OK(kafka_consumer_position(consumer, NULL, &positions, NULL, &err));
    expect_entry(positions, offset, 0);
    kafka_partitions_free(positions);
}

static void expect_list(kafka_partitions *partitions, int64_t offset, int32_t code)
{
    expect_entry(partitions, offset, code);
    kafka_partitions_free(partitions);
}

/* The same, each in one call that blocks. */
static void places_without_futures(void)
{
    kafka_consumer *consumer = reader_of(servers, "offsets", 1);
    kafka_partitions *seventh = list_of(0, 7), *nowhere = list_of(0, KAFKA_OFFSET_INVALID), *found = NULL;
    int64_t low = -1, high = -1;
    expect_text(consumer, "0");
    OK(kafka_consumer_seek(consumer, seventh, PATIENCE_MS, &found, NULL, &err));
    expect_list(found, 7, 0);
    expect_text(consumer, "7");
    OK(kafka_consumer_commit(consumer, seventh, PATIENCE_MS, NULL, NULL, &err));
    OK(kafka_consumer_committed(consumer, nowhere, PATIENCE_MS, &found, NULL, &err));
    expect_list(found, 7, 0);
    OK(kafka_consumer_commit_async(consumer, NULL, &err));
    /* Commits are in the order of the calls. */
    OK(kafka_consumer_commit(consumer, NULL, PATIENCE_MS, NULL, NULL, &err));
    OK(kafka_consumer_committed(consumer, nowhere, PATIENCE_MS, &found, NULL, &err));
    expect_list(found, 8, 0);
    OK(kafka_consumer_watermarks(consumer, "offsets", 0, PATIENCE_MS, &low, &high, NULL, &err));
    CHECK_INT(low, 0);
    CHECK_INT(high, COUNT);
    FAILS(kafka_consumer_watermarks(consumer, "offsets", 0, PATIENCE_MS, &low, NULL, NULL, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "high is NULL");
    kafka_consumer_free(consumer);
    kafka_partitions_free(nowhere);
    kafka_partitions_free(seventh);
}

static void places(void)
{
    kafka_consumer *consumer = reader_of(servers, "offsets", 1);
    kafka_partitions *fifth = list_of(0, 5), *whole = list_of(-1, 5), *other = list_of(1, 5);
    kafka_partitions *nowhere = list_of(0, KAFKA_OFFSET_INVALID);
    kafka_future *future = NULL;
    const kafka_partitions *committed = NULL;
    const kafka_value *ends = NULL, *high = NULL;
    kafka_message message;
    size_t count = 1;
    int64_t number = 0;

    expect_position(consumer, KAFKA_OFFSET_INVALID);
    OK(kafka_consumer_commit(consumer, NULL, PATIENCE_MS, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_partitions(future, &committed, &err));
    OK(kafka_partitions_count(committed, &count, &err));
    CHECK_INT(count, 0);
    kafka_future_free(future);

    expect_text(consumer, "0");
    expect_position(consumer, 1);
    OK(kafka_consumer_seek(consumer, fifth, PATIENCE_MS, NULL, &future, &err));
    expect_result(future, 5, 0);
    expect_text(consumer, "5");
    expect_position(consumer, 6);
    OK(kafka_consumer_seek(consumer, other, PATIENCE_MS, NULL, &future, &err));
    expect_result(future, 5, KAFKA_ERR_STATE);

    OK(kafka_consumer_pause(consumer, fifth, NULL, &err));
    FAILS(kafka_consumer_poll(consumer, 200, &message, &err), KAFKA_ERR_TIMED_OUT);
    OK(kafka_consumer_resume(consumer, fifth, NULL, &err));
    expect_text(consumer, "6");

    OK(kafka_consumer_commit(consumer, fifth, PATIENCE_MS, NULL, &future, &err));
    expect_result(future, 5, 0);
    OK(kafka_consumer_committed(consumer, nowhere, PATIENCE_MS, NULL, &future, &err));
    expect_result(future, 5, 0);
    FAILS(kafka_consumer_commit(consumer, nowhere, 0, NULL, &future, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "partitions: \"offsets\" [0] has no offset");
    FAILS(kafka_consumer_pause(consumer, whole, NULL, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "partitions: \"offsets\" has no partition");
    FAILS(kafka_consumer_store_offsets(consumer, fifth, &err), KAFKA_ERR_INVALID_ARG);

    OK(kafka_consumer_watermarks(consumer, "offsets", 0, PATIENCE_MS, NULL, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_value(future, &ends, &err));
    OK(kafka_value_get(ends, "high", &high, &err));
    OK(kafka_value_int(high, &number, &err));
    CHECK_INT(number, COUNT);
    kafka_future_free(future);

    /* A future outlives its consumer, answered or not. */
    OK(kafka_consumer_commit(consumer, fifth, PATIENCE_MS, NULL, &future, &err));
    kafka_consumer_free(consumer);
    kafka_future_free(future);
    kafka_partitions_free(nowhere);
    kafka_partitions_free(other);
    kafka_partitions_free(whole);
    kafka_partitions_free(fifth);
}

int main(void)
{
    kafka_mock_cluster *cluster = cluster_with("offsets", 2, &servers);
    fill(servers, "offsets", 0, 0, COUNT);
    places();
    places_without_futures();
    kafka_mock_cluster_free(cluster);
    return 0;
}
