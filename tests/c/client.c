/* What producers and consumers have in common: what they ask the cluster, tokens, passwords. */
#include "waiter.h"


#define HOUR_MS INT64_C(3600000)

static int64_t in_an_hour(void)
{
    return (int64_t)time(NULL) * 1000 + HOUR_MS;
}

static void ask(kafka_client *client, const char *servers)
{
    kafka_future *future = NULL;
    const kafka_value *metadata = NULL, *brokers, *broker = NULL, *topics, *partition = NULL;
    const char *host = NULL;
    char address[64];
    size_t count = 0, i;

    OK(kafka_client_metadata(client, NULL, PATIENCE_MS, NULL, &future, &err));
    OK(kafka_future_wait(future, -1, &err));
    OK(kafka_future_value(future, &metadata, &err));
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
    kafka_future_free(future);
    FAILS(kafka_client_metadata(client, "", 1, NULL, &future, &err), KAFKA_ERR_INVALID_ARGUMENT);
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
    kafka_client_free(client);
    OK(kafka_consumer_client(consumer, &client, &err));
    ask(client, servers);
    kafka_client_free(client);
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
    kafka_client_free(client);
    kafka_producer_free(producer);

    producer = producer_with("127.0.0.1:1", NULL);
    OK(kafka_producer_client(producer, &client, &err));
    FAILS(kafka_client_set_oauthbearer_token(client, "t", in_an_hour(), "p", NULL, 0, &err),
          KAFKA_ERR_STATE);
    FAILS(kafka_client_set_oauthbearer_failure(client, "x", &err), KAFKA_ERR_STATE);
    OK(kafka_client_set_sasl_credentials(client, "user", "password", &err));
    kafka_client_free(client);
    kafka_producer_free(producer);
}

static void *wait_for_answer(void *argument)
{
    struct waiter *waiter = (struct waiter *)argument;
    waiter->last = kafka_future_wait((kafka_future *)waiter->object, -1, NULL);
    return NULL;
}

static void expect_closed(kafka_client *client, kafka_notifier *notifier, const volatile uint32_t *event_count)
{
    const volatile uint32_t *no_count = NULL;
    kafka_future *future = NULL;
    kafka_event event;
    FAILS(kafka_client_poll_event(client, KAFKA_EVENT_ERROR, &event, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_client_event_count(client, &no_count, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_client_notify(client, notifier, 1, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_client_metadata(client, NULL, -1, NULL, &future, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_client_cluster_id(client, -1, NULL, &future, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_client_set_oauthbearer_failure(client, "x", &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_client_set_sasl_credentials(client, "user", "password", &err), KAFKA_ERR_CLOSED);
    CHECK(no_count == NULL && future == NULL);
    CHECK(*event_count < 1000);
}

/* Its broker cannot be reached, so that nothing but the close ends a future. */
static void a_client_outlives_its_object(int is_closed)
{
    kafka_consumer *consumer = NULL;
    kafka_client *client = NULL, *another = NULL;
    kafka_future *future = NULL;
    kafka_notifier *notifier = NULL;
    const volatile uint32_t *event_count = NULL;
    struct waiter for_message, for_answer;
    kafka_conf *conf = conf_of("group.id", "g", END);
    OK(kafka_consumer_new("127.0.0.1:1", conf, &consumer, NULL, &err));
    kafka_conf_free(conf);
    OK(kafka_notifier_new(&notifier, &err));
    OK(kafka_consumer_client(consumer, &client, &err));
    OK(kafka_consumer_client(consumer, &another, &err));
    OK(kafka_client_event_count(client, &event_count, &err));
    kafka_client_free(another);
    OK(kafka_client_notify(client, notifier, 1, &err));
    OK(kafka_client_metadata(client, NULL, -1, NULL, &future, &err));
    start_waiting(&for_answer, future, wait_for_answer);
    if (is_closed) {
        start_waiting(&for_message, consumer, wait_for_message);
        sleep_ms(50);
        OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
        expect_end_of_wait(&for_message);
        expect_closed(client, notifier, event_count);
        FAILS(kafka_consumer_client(consumer, &another, &err), KAFKA_ERR_CLOSED);
    }
    kafka_consumer_free(consumer);
    expect_closed(client, notifier, event_count);
    expect_end_of_wait(&for_answer);
    kafka_future_free(future);
    kafka_client_free(client);
    kafka_client_free(NULL);
    kafka_notifier_free(notifier);
}

#define REFUSED "127.0.0.1:1: Connection refused"

/* What fails because no broker can be reached says which one, and why. */
static void the_cause_is_named(void)
{
    kafka_producer *producer = producer_with("127.0.0.1:1", conf_of("log_level", "0", END));
    kafka_topic *topic = topic_of(producer, "t");
    kafka_client *client = NULL;
    kafka_value *metadata = NULL;
    kafka_error explained;
    uint64_t lost = UNTOUCHED;

    OK(kafka_producer_client(producer, &client, &err));
    FAILS(kafka_client_metadata(client, NULL, 1000, &metadata, NULL, &err), KAFKA_ERR_TRANSPORT);
    CHECK_TEXT(err.message, "Local: Broker transport failure: " REFUSED);
    OK(send_text(producer, topic, 0, "x", 0));
    FAILS(kafka_producer_flush(producer, 20, NULL, &err), KAFKA_ERR_TIMED_OUT);
    CHECK_TEXT(err.message, "timeout: " REFUSED);
    CHECK_INT(err.retriable, 1);
    OK(kafka_client_explain(client, KAFKA_ERR_TIMED_OUT, &explained, &err));
    CHECK_TEXT(explained.message, "timeout: " REFUSED);
    CHECK_INT(explained.code, KAFKA_ERR_TIMED_OUT);
    /* Any other error says itself what it is. */
    OK(kafka_client_explain(client, KAFKA_ERR_UNKNOWN_TOPIC, &explained, &err));
    CHECK_TEXT(explained.message, kafka_err_text(KAFKA_ERR_UNKNOWN_TOPIC));
    OK(kafka_client_explain(client, KAFKA_ERR_WOULD_BLOCK, &explained, &err));
    CHECK_TEXT(explained.message, kafka_err_text(KAFKA_ERR_WOULD_BLOCK));
    FAILS(kafka_client_explain(client, 0, NULL, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_producer_close(producer, 0, &lost, NULL, &err), KAFKA_ERR_TIMED_OUT);
    CHECK_INT(lost, 1);
    CHECK_TEXT(err.message, "timeout: " REFUSED);
    OK(kafka_client_explain(client, KAFKA_ERR_TIMED_OUT, &explained, &err));
    CHECK_TEXT(explained.message, "timeout: " REFUSED);
    kafka_client_free(client);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

/* A closed client of any kind still knows why it could not reach its brokers. */
static void the_cause_is_known_after_the_close(void)
{
    kafka_conf *conf = conf_of("group.id", "g", END);
    kafka_consumer *consumer = NULL;
    kafka_admin *admin = NULL;
    kafka_client *clients[2];
    kafka_value *metadata = NULL;
    kafka_error explained;
    int i;

    OK(kafka_consumer_new("127.0.0.1:1", conf, &consumer, NULL, &err));
    OK(kafka_consumer_client(consumer, &clients[0], &err));
    OK(kafka_admin_new("127.0.0.1:1", NULL, &admin, NULL, &err));
    OK(kafka_admin_client(admin, &clients[1], &err));
    for (i = 0; i < 2; i++) {
        FAILS(kafka_client_metadata(clients[i], NULL, 1000, &metadata, NULL, &err), KAFKA_ERR_TRANSPORT);
    }
    kafka_conf_free(conf);
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    kafka_consumer_free(consumer);
    OK(kafka_admin_close(admin, NULL, &err));
    kafka_admin_free(admin);
    for (i = 0; i < 2; i++) {
        OK(kafka_client_explain(clients[i], KAFKA_ERR_TIMED_OUT, &explained, &err));
        CHECK_TEXT(explained.message, "timeout: " REFUSED);
        kafka_client_free(clients[i]);
    }
}

/* A broker that is there again is no longer named. */
static void a_cause_is_forgotten(void)
{
    const char *servers = NULL;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "t");
    kafka_client *client = NULL;
    kafka_error explained;
    int64_t start = now_ms();

    OK(kafka_producer_client(producer, &client, &err));
    OK(send_text(producer, topic, 0, "x", 0));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_mock_cluster_broker_down(cluster, 1, &err));
    do {
        CHECK(now_ms() - start < PATIENCE_MS);
        sleep_ms(5);
        OK(kafka_client_explain(client, KAFKA_ERR_TRANSPORT, &explained, &err));
    } while (strcmp(explained.message, kafka_err_text(KAFKA_ERR_TRANSPORT)) == 0);
    OK(kafka_mock_cluster_broker_up(cluster, 1, &err));
    OK(send_text(producer, topic, 0, "x", 0));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    do {
        CHECK(now_ms() - start < PATIENCE_MS);
        sleep_ms(5);
        OK(kafka_client_explain(client, KAFKA_ERR_TRANSPORT, &explained, &err));
    } while (strcmp(explained.message, kafka_err_text(KAFKA_ERR_TRANSPORT)) != 0);
    kafka_client_free(client);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

/* What is still queued for brokers that are not there is given up by a thread of the library's. */
static void freeing_does_not_wait(void)
{
    kafka_producer *producers[10];
    kafka_topic *topic;
    int64_t start;
    int i;
    for (i = 0; i < 10; i++) {
        producers[i] = producer_with("127.0.0.1:1", NULL);
        topic = topic_of(producers[i], "t");
        OK(send_text(producers[i], topic, 0, "x", 0));
        kafka_topic_free(topic);
    }
    start = now_ms();
    for (i = 0; i < 10; i++) {
        kafka_producer_free(producers[i]);
    }
    CHECK(now_ms() - start < 900);
}

int main(void)
{
    int64_t start = (int64_t)kafka_clock_ms(), start_us = (int64_t)kafka_clock_us();
    sleep_ms(20);
    CHECK((int64_t)kafka_clock_ms() - start >= 19);
    CHECK((int64_t)kafka_clock_us() - start_us >= 19000);
    what_the_cluster_is();
    tokens();
    a_client_outlives_its_object(0);
    a_client_outlives_its_object(1);
    the_cause_is_named();
    the_cause_is_known_after_the_close();
    a_cause_is_forgotten();
    freeing_does_not_wait();
    return 0;
}
