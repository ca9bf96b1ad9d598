/* What producers and consumers have in common: what they ask the cluster, tokens, passwords. */
#include "check.h"

#define HOUR_MS INT64_C(3600000)

static int64_t in_an_hour(void)
{
    return (int64_t)time(NULL) * 1000 + HOUR_MS;
}

static void ask(kafka_client *client, const char *servers)
{
    kafka_request *request = NULL;
    const kafka_value *metadata = NULL, *brokers, *broker = NULL, *topics, *partition = NULL;
    const char *host = NULL;
    char address[64];
    size_t count = 0, i;

    OK(kafka_client_metadata(client, NULL, PATIENCE_MS, &request, &err));
    OK(kafka_request_wait(request, -1, &err));
    OK(kafka_request_value(request, &metadata, &err));
    brokers = entry(metadata, "brokers");
    OK(kafka_value_count(brokers, &count, &err));
    CHECK_INT(count, 2);
    for (i = 0; i < count; i++) {
        OK(kafka_value_item(brokers, i, NULL, &broker, &err));
        OK(kafka_value_text(entry(broker, "host"), &host, NULL, &err));
        snprintf(address, sizeof address, "%s:%d", host, (int)number(broker, "port"));
        CHECK(strstr(servers, address) != NULL);
        CHECK(number(broker, "id") == 1 || number(broker, "id") == 2);
    }
    topics = entry(metadata, "topics");
    OK(kafka_value_count(topics, &count, &err));
    CHECK_INT(count, 2);
    OK(kafka_value_item(entry(entry(topics, "led"), "partitions"), 0, NULL, &partition, &err));
    CHECK_INT(number(partition, "partition"), 0);
    CHECK_INT(number(partition, "leader"), 2);
    OK(kafka_value_count(entry(partition, "replicas"), &count, &err));
    CHECK_INT(count, 2);
    FAILS(kafka_value_get(partition, "err", &partition, &err), KAFKA_ERR_NOENT);
    kafka_request_free(request);
    FAILS(kafka_client_metadata(client, "", 1, &request, &err), KAFKA_ERR_INVALID_ARGUMENT);
}

static void what_the_cluster_is(void)
{
    kafka_mock_cluster *cluster = NULL;
    const char *servers = NULL;
    kafka_producer *producer;
    kafka_consumer *consumer;
    kafka_client *client = NULL;

    OK(kafka_mock_cluster_new(2, &cluster, &err));
    OK(kafka_mock_cluster_bootstrap_servers(cluster, &servers, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "led", 1, 2, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "other", 3, 1, &err));
    OK(kafka_mock_cluster_set_leader(cluster, "led", 0, 2, &err));
    producer = producer_with(servers, NULL);
    consumer = reader_of(servers, "other", 1);
    OK(kafka_producer_client(producer, &client, &err));
    ask(client, servers);
    OK(kafka_consumer_client(consumer, &client, &err));
    ask(client, servers);
    kafka_producer_free(producer);
    kafka_consumer_free(consumer);
    kafka_mock_cluster_free(cluster);
}

static void tokens(void)
{
    const char *extensions[4] = {"one", "1", "two", "2"};
    const char *unfit[2] = {"a b", "x"}, *missing[2] = {"one", NULL};
    kafka_producer *producer = producer_with(
        "127.0.0.1:1",
        conf_of("security.protocol", "sasl_plaintext", "sasl.mechanism", "OAUTHBEARER", END));
    kafka_client *client = NULL;

    OK(kafka_producer_client(producer, &client, &err));
    OK(kafka_client_set_oauthbearer_token(client, "t", in_an_hour(), "p", NULL, 0, &err));
    OK(kafka_client_set_oauthbearer_token(client, "t", in_an_hour(), "", extensions, 4, &err));
    FAILS(kafka_client_set_oauthbearer_token(client, "t", 1, "p", NULL, 0, &err),
          KAFKA_ERR_INVALID_ARG);
    FAILS(kafka_client_set_oauthbearer_token(client, "t", in_an_hour(), "p", extensions, 3, &err),
          KAFKA_ERR_INVALID_ARG);
    FAILS(kafka_client_set_oauthbearer_token(client, "t", in_an_hour(), "p", unfit, 2, &err),
          KAFKA_ERR_INVALID_ARG);
    FAILS(kafka_client_set_oauthbearer_token(client, "t", in_an_hour(), "p", missing, 2, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_client_set_oauthbearer_token(client, "t", in_an_hour(), "p", NULL, 2, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_client_set_oauthbearer_token(client, "t", in_an_hour(), "p", extensions, SIZE_MAX,
                                             &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    OK(kafka_client_set_oauthbearer_failure(client, "none today", &err));
    FAILS(kafka_client_set_oauthbearer_failure(client, "", &err), KAFKA_ERR_INVALID_ARGUMENT);
    kafka_producer_free(producer);

    producer = producer_with("127.0.0.1:1", NULL);
    OK(kafka_producer_client(producer, &client, &err));
    FAILS(kafka_client_set_oauthbearer_token(client, "t", in_an_hour(), "p", NULL, 0, &err),
          KAFKA_ERR_STATE);
    FAILS(kafka_client_set_oauthbearer_failure(client, "x", &err), KAFKA_ERR_STATE);
    OK(kafka_client_set_sasl_credentials(client, "user", "password", &err));
    kafka_producer_free(producer);
}

int main(void)
{
    int64_t start = (int64_t)kafka_clock_ms(), start_us = (int64_t)kafka_clock_us();
    sleep_ms(20);
    CHECK((int64_t)kafka_clock_ms() - start >= 19);
    CHECK((int64_t)kafka_clock_us() - start_us >= 19000);
    what_the_cluster_is();
    tokens();
    return 0;
}
