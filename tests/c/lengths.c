/* Lengths, counts and timeouts that cannot be: a code, never a crash. */
#include "check.h"

int main(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("lengths", 1, &servers);
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "lengths");
    kafka_consumer *consumer = reader_of(servers, "lengths", 1);
    kafka_topic *no_topic = NULL;
    kafka_poll_result reported;
    kafka_report reports[2];
    kafka_message message;
    kafka_conf *conf = conf_of(END);
    size_t report_count = UNTOUCHED;
    char *long_text = (char *)malloc(1000001);
    int32_t code = 1;

    FAILS(kafka_producer_send(producer, topic, 0, NULL, 0, NULL, 1, 0, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "value") != NULL);
    FAILS(kafka_producer_send(producer, topic, 0, NULL, 1, "x", 1, 0, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "key") != NULL);
    FAILS(kafka_producer_send(producer, topic, 0, NULL, 0, "x", SIZE_MAX, 0, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_producer_send(producer, topic, 0, "k", (size_t)-2, "x", 1, 0, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    /* Possible, but larger than any message: refused before a byte is read. */
    FAILS(kafka_producer_send(producer, topic, 0, NULL, 0, "x", SIZE_MAX / 2, 0, &err),
          KAFKA_ERR_MSG_SIZE_TOO_LARGE);
    FAILS(kafka_producer_send(producer, topic, 0, "k", SIZE_MAX / 2, "x", SIZE_MAX / 2, 0, &err),
          KAFKA_ERR_MSG_SIZE_TOO_LARGE);
    FAILS(kafka_producer_send(producer, topic, 0, NULL, 0, "x", (size_t)INT32_MAX + 1, 0, &err),
          KAFKA_ERR_MSG_SIZE_TOO_LARGE);
    FAILS(kafka_producer_send(producer, topic, 0, "k", (size_t)UINT32_MAX + 1, "x", 1, 0, &err),
          KAFKA_ERR_MSG_SIZE_TOO_LARGE);

    OK(send_text(producer, topic, 0, "x", 1));
    OK(send_text(producer, topic, 0, "x", 2));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_reports(producer, reports, 0, &report_count, &err));
    CHECK_INT(report_count, 0);
    OK(kafka_producer_reports(producer, reports, 1, &report_count, &err));
    CHECK_INT(report_count, 1);
    /* More room than there is anywhere; what is there is fetched and no more is written. */
    OK(kafka_producer_reports(producer, reports, SIZE_MAX, &report_count, &err));
    CHECK_INT(report_count, 1);

    FAILS(kafka_mock_cluster_push_errors(cluster, 0, &code, SIZE_MAX, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_push_errors(cluster, 0, &code, 1000000, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    OK(kafka_mock_cluster_push_errors(cluster, 0, &code, 0, &err));

    /* Not waiting at all is the least one can wait. */
    OK(kafka_producer_poll(producer, 0, &reported, &err));
    CHECK_INT(reported.reported_count, 0);
    expect_text(consumer, "x");
    expect_text(consumer, "x");
    FAILS(kafka_consumer_poll(consumer, 0, &message, &err), KAFKA_ERR_TIMED_OUT);

    memset(long_text, 'a', 1000000);
    long_text[1000000] = '\0';
    CHECK(kafka_conf_set(conf, long_text, long_text, &err) != 0);
    OK(kafka_conf_set(conf, "client.id", long_text, &err));
    /* Kafka's names are short, and librdkafka checks that of a topic. */
    CHECK(kafka_producer_create_topic(producer, long_text, NULL, &no_topic, &err) != 0);
    CHECK(kafka_producer_create_topic(producer, "", NULL, &no_topic, &err) != 0);
    CHECK(no_topic == NULL);

    free(long_text);
    kafka_conf_free(conf);
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
    return 0;
}
