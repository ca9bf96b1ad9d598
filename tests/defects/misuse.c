/* Arguments: nothing to do needs no array, and what is reserved is 0. */
#include "broken.h"

static kafka_producer *producer;
static kafka_topic *topic;

static void make_producer(void)
{
    producer = producer_with("127.0.0.1:1", NULL);
    topic = topic_of(producer, "t");
}

static void empty_arrays(void)
{
    kafka_mock_cluster *cluster = NULL;
    size_t count = UNTOUCHED;
    int32_t batch, errors, reports;
    make_producer();
    OK(kafka_mock_cluster_new(1, &cluster, &err));
    batch = kafka_producer_produce_batch(producer, topic, NULL, 0, NULL, &count, &err);
    errors = kafka_mock_cluster_push_errors(cluster, 0, NULL, 0, &err);
    reports = kafka_producer_reports(producer, NULL, 0, &count, &err);
    BREAKS_UNLESS(batch == 0 && errors == 0 && reports == 0,
                  "NULL with 0: produce_batch %s, push_errors %s, reports %s", kafka_err_name(batch),
                  kafka_err_name(errors), kafka_err_name(reports));
    CHECK_INT(count, 0);
}

static void reserved_fields(void)
{
    kafka_record record;
    kafka_header header;
    int32_t of_record, of_header;
    make_producer();
    memset(&record, 0, sizeof record);
    memset(&header, 0, sizeof header);
    record.reserved[2] = 0xdead;
    of_record = kafka_producer_produce(producer, topic, &record, &err);
    CHECK_TEXT(err.message, "reserved is not all 0");
    record.reserved[2] = 0;
    header.name = "name";
    header.name_len = 4;
    header.reserved[1] = 0xdead;
    record.headers = &header;
    record.header_count = 1;
    of_header = kafka_producer_produce(producer, topic, &record, &err);
    CHECK_TEXT(err.message, "headers[0].reserved is not all 0");
    BREAKS_UNLESS(of_record == KAFKA_ERR_INVALID_ARGUMENT && of_header == KAFKA_ERR_INVALID_ARGUMENT,
                  "reserved fields that are not 0: of a record %s, of a header %s", kafka_err_name(of_record),
                  kafka_err_name(of_header));
}

int main(int argc, char **argv)
{
    static const scenario scenarios[] = {SCENARIO(empty_arrays), SCENARIO(reserved_fields)};
    CHECK(argc == 2);
    return run_scenario(scenarios, sizeof scenarios / sizeof *scenarios, argv[1]);
}
