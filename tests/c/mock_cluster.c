/* The in-process cluster: topics, brokers that go and come back, errors on demand. */
#include "check.h"

#define API_PRODUCE 0
#define API_FETCH 1

static void what_it_refuses(void)
{
    kafka_mock_cluster *cluster = NULL;
    int32_t code = 1;

    FAILS(kafka_mock_cluster_new(0, &cluster, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_new(-1, &cluster, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_new(INT32_MAX, &cluster, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK(cluster == NULL);
    OK(kafka_mock_cluster_new(2, &cluster, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "t", 1, 2, &err));
    FAILS(kafka_mock_cluster_create_topic(cluster, "t", 1, 1, &err),
          KAFKA_ERR_TOPIC_ALREADY_EXISTS);
    FAILS(kafka_mock_cluster_create_topic(cluster, "", 1, 1, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_create_topic(cluster, "u", 0, 1, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_create_topic(cluster, "u", -1, 1, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_create_topic(cluster, "u", 1, 0, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_create_topic(cluster, "u", 1, 3, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_broker_down(cluster, 0, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_broker_up(cluster, 3, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_set_rtt(cluster, 3, 1, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_set_rtt(cluster, 1, -1, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_push_errors(cluster, -1, &code, 1, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_push_errors(cluster, INT32_MAX, &code, 1, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_set_leader(cluster, "t", 0, 3, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_set_leader(cluster, "t", -1, 1, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_mock_cluster_set_leader(cluster, "t", 7, 1, &err),
          KAFKA_ERR_UNKNOWN_TOPIC_OR_PART);
    OK(kafka_mock_cluster_close(cluster, &err));
    OK(kafka_mock_cluster_close(cluster, &err));
    kafka_mock_cluster_free(cluster);
}

/* A broker dies in mid-stream and comes back: nothing acknowledged is missing, nothing comes
 * twice, and the consumer goes on by itself. */
static void a_broker_dies_and_comes_back(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("storm", 1, &servers);
    kafka_producer *producer =
        producer_with(servers, conf_of("enable.idempotence", "true", "reconnect.backoff.ms", "20",
                                       "reconnect.backoff.max.ms", "100", "retry.backoff.ms", "20",
                                       "linger.ms", "1", END));
    kafka_topic *topic = topic_of(producer, "storm");
    kafka_consumer *consumer = reader_of(servers, "storm", 1);
    char text[32];
    int i;

    for (i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "%d", i);
        OK(send_text(producer, topic, 0, text, (uint64_t)i));
        if (i == 100) {
            expect_text(consumer, "0");
            OK(kafka_mock_cluster_broker_down(cluster, 1, &err));
        }
        if (i == 200) {
            FAILS(kafka_producer_flush(producer, 100, NULL, &err), KAFKA_ERR_TIMED_OUT);
            OK(kafka_mock_cluster_broker_up(cluster, 1, &err));
        }
    }
    CHECK_INT(await_reports(producer, 300), 0);
    for (i = 1; i < 300; i++) {
        snprintf(text, sizeof text, "%d", i);
        expect_text(consumer, text);
    }
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

static void errors_on_demand(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("errors", 1, &servers);
    kafka_producer *producer = producer_with(servers, conf_of("retry.backoff.ms", "10", END));
    kafka_topic *topic = topic_of(producer, "errors");
    kafka_consumer *consumer = reader_of(servers, "errors", 1);
    int32_t passing[2] = {KAFKA_ERR_NOT_LEADER_FOR_PARTITION, KAFKA_ERR_TRANSPORT};
    int32_t lasting[1] = {KAFKA_ERR_POLICY_VIOLATION};
    int32_t fetching[2] = {KAFKA_ERR_UNKNOWN, KAFKA_ERR_KAFKA_STORAGE_ERROR};
    kafka_report report;
    size_t report_count = 0;

    OK(kafka_mock_cluster_push_errors(cluster, API_FETCH, fetching, 2, &err));
    OK(kafka_mock_cluster_push_errors(cluster, API_PRODUCE, passing, 2, &err));
    OK(send_text(producer, topic, 0, "tried again", 1));
    CHECK_INT(await_reports(producer, 1), 0);
    OK(kafka_mock_cluster_push_errors(cluster, API_PRODUCE, lasting, 1, &err));
    OK(send_text(producer, topic, 0, "refused", 2));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_reports(producer, &report, 1, &report_count, &err));
    CHECK_INT(report_count, 1);
    CHECK_INT(report.opaque, 2);
    CHECK_INT(report.code, KAFKA_ERR_POLICY_VIOLATION);
    OK(send_text(producer, topic, 0, "well", 3));
    CHECK_INT(await_reports(producer, 1), 0);
    expect_text(consumer, "tried again");
    expect_text(consumer, "well");
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

static void slow_brokers_and_moving_leaders(void)
{
    kafka_mock_cluster *cluster = NULL;
    const char *servers;
    kafka_producer *producer;
    kafka_topic *topic;
    int64_t start;

    OK(kafka_mock_cluster_new(2, &cluster, &err));
    OK(kafka_mock_cluster_bootstrap_servers(cluster, &servers, &err));
    CHECK(strchr(servers, ',') != NULL);
    OK(kafka_mock_cluster_create_topic(cluster, "moving", 1, 2, &err));
    OK(kafka_mock_cluster_set_leader(cluster, "moving", 0, 1, &err));
    producer = producer_with(servers, conf_of("retry.backoff.ms", "10", END));
    topic = topic_of(producer, "moving");
    OK(send_text(producer, topic, 0, "x", 1));
    CHECK_INT(await_reports(producer, 1), 0);
    OK(kafka_mock_cluster_set_leader(cluster, "moving", 0, 2, &err));
    OK(send_text(producer, topic, 0, "x", 2));
    CHECK_INT(await_reports(producer, 1), 0);
    OK(kafka_mock_cluster_set_rtt(cluster, 2, 300, &err));
    start = now_ms();
    OK(send_text(producer, topic, 0, "x", 3));
    CHECK_INT(await_reports(producer, 1), 0);
    CHECK(now_ms() - start >= 290);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

static void apis_have_names(void)
{
    static const struct { const char *name; int32_t key; } apis[] = {
        {"Produce", 0}, {"Fetch", 1}, {"metadata", 3}, {"INITPRODUCERID", 22}, {"EndTxn", 26}};
    int32_t key = UNTOUCHED;
    size_t i;
    for (i = 0; i < sizeof apis / sizeof *apis; i++) {
        OK(kafka_mock_cluster_api_key(apis[i].name, &key, &err));
        CHECK_INT(key, apis[i].key);
    }
    FAILS(kafka_mock_cluster_api_key("Prodcue", &key, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "\"Prodcue\"") != NULL);
    FAILS(kafka_mock_cluster_api_key("", &key, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_INT(key, 26);
}

int main(void)
{
    what_it_refuses();
    a_broker_dies_and_comes_back();
    errors_on_demand();
    slow_brokers_and_moving_leaders();
    apis_have_names();
    kafka_mock_cluster_free(NULL);
    await_threads();
    return 0;
}
