/* Futures: waited for, looked at, canceled, freed while under way, and by many threads; and the same calls without one. */
#include "check.h"

#include <pthread.h>

/* No process listens there. */
#define NOWHERE "127.0.0.1:1"

static kafka_client *client_of(kafka_producer *producer)
{
    kafka_client *client = NULL;
    OK(kafka_producer_client(producer, &client, &err));
    return client;
}

static void answers(void)
{
    const char *servers, *id = NULL;
    kafka_mock_cluster *cluster = cluster_with("asked", 3, &servers);
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_client *client = client_of(producer);
    kafka_future *future = NULL;
    const kafka_value *metadata = NULL, *again = NULL, *found = NULL;
    const kafka_partitions *partitions = (const kafka_partitions *)(intptr_t)UNTOUCHED;
    size_t count = 0;

    OK(kafka_client_metadata(client, "asked", PATIENCE_MS, NULL, &future, &err));
    OK(kafka_future_wait(future, -1, &err));
    /* Done is done. */
    OK(kafka_future_wait(future, 0, &err));
    OK(kafka_future_value(future, &metadata, &err));
    OK(kafka_future_value(future, &again, &err));
    CHECK(metadata == again);
    OK(kafka_value_get(metadata, "topics", &found, &err));
    OK(kafka_value_get(found, "asked", &found, &err));
    OK(kafka_value_get(found, "partitions", &found, &err));
    OK(kafka_value_count(found, &count, &err));
    CHECK_INT(count, 3);
    FAILS(kafka_future_partitions(future, &partitions, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "this future has no partitions for a result");
    CHECK(partitions == (const kafka_partitions *)(intptr_t)UNTOUCHED);
    /* It outlives its client. */
    kafka_client_free(client);
    kafka_producer_free(producer);
    OK(kafka_value_count(found, &count, &err));
    kafka_future_free(future);

    producer = producer_with(servers, NULL);
    client = client_of(producer);
    OK(kafka_client_cluster_id(client, PATIENCE_MS, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_value(future, &found, &err));
    OK(kafka_value_text(found, &id, NULL, &err));
    CHECK(id[0] != '\0');
    kafka_future_free(future);
    kafka_client_free(client);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

static void no_answer(void)
{
    kafka_producer *producer = producer_with(NOWHERE, NULL);
    kafka_client *client = client_of(producer);
    kafka_future *future = NULL;
    const kafka_value *value = (const kafka_value *)(intptr_t)UNTOUCHED;
    int64_t start = now_ms();
    int i;

    OK(kafka_client_cluster_id(client, 1500, NULL, &future, &err));
    FAILS(kafka_future_wait(future, 0, &err), KAFKA_ERR_IN_PROGRESS);
    CHECK_INT(err.retriable, 1);
    FAILS(kafka_future_value(future, &value, &err), KAFKA_ERR_IN_PROGRESS);
    FAILS(kafka_future_wait(future, 20, &err), KAFKA_ERR_IN_PROGRESS);
    CHECK(now_ms() - start >= 20);
    FAILS(kafka_future_wait(future, -1, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(now_ms() - start >= 1500);
    CHECK_INT(err.retriable, 1);
    FAILS(kafka_future_value(future, &value, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(value == (const kafka_value *)(intptr_t)UNTOUCHED);
    kafka_future_free(future);

    /* Freed while under way, and ended with their client: no caller waits. */
    start = now_ms();
    for (i = 0; i < 10; i++) {
        OK(kafka_client_metadata(client, NULL, 500, NULL, &future, &err));
        kafka_future_free(future);
    }
    CHECK(now_ms() - start < 400);
    OK(kafka_client_cluster_id(client, -1, NULL, &future, &err));
    OK(kafka_producer_close(producer, 0, NULL, NULL, &err));
    FAILS(kafka_future_wait(future, 0, &err), KAFKA_ERR_CLOSED);
    kafka_client_free(client);
    kafka_producer_free(producer);
    kafka_future_free(future);
    kafka_future_free(NULL);
}

/* The client is closed under its futures, and freed before or after them. */
static void the_client_goes_first(void)
{
    kafka_admin *admin = NULL;
    kafka_future *before = NULL, *after = NULL;
    int64_t start;

    OK(kafka_admin_new(NOWHERE, NULL, &admin, NULL, &err));
    OK(kafka_admin_describe_cluster(admin, NULL, -1, NULL, &before, &err));
    OK(kafka_admin_list_groups(admin, NULL, -1, NULL, &after, &err));
    FAILS(kafka_future_wait(after, 20, &err), KAFKA_ERR_IN_PROGRESS);
    start = now_ms();
    OK(kafka_admin_close(admin, NULL, &err));
    FAILS(kafka_future_wait(before, 0, &err), KAFKA_ERR_CLOSED);
    CHECK(now_ms() - start < 5000);
    kafka_future_free(before);
    kafka_admin_free(admin);
    FAILS(kafka_future_wait(after, 0, &err), KAFKA_ERR_CLOSED);
    kafka_future_free(after);
}

static void *cancel_soon(void *future)
{
    kafka_error error;
    sleep_ms(50);
    CHECK_INT(kafka_future_cancel((kafka_future *)future, &error), 0);
    return NULL;
}

/* A cancel ends every wait, at once, and changes no future that is complete. */
static void canceled(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer = producer_with(servers, NULL), *lonely = producer_with(NOWHERE, NULL);
    kafka_client *client = client_of(producer), *nowhere = client_of(lonely);
    kafka_admin *admin = NULL;
    kafka_future *future = NULL;
    const kafka_value *value = NULL;
    pthread_t thread;
    int64_t start = now_ms();
    OK(kafka_client_metadata(nowhere, NULL, 8000, NULL, &future, &err));
    CHECK_INT(pthread_create(&thread, NULL, cancel_soon, future), 0);
    FAILS(kafka_future_wait(future, PATIENCE_MS, &err), KAFKA_ERR_CANCELED);
    CHECK_TEXT(err.message, "canceled");
    CHECK(now_ms() - start < 5000);
    CHECK_INT(pthread_join(thread, NULL), 0);
    OK(kafka_future_cancel(future, &err));
    FAILS(kafka_future_value(future, &value, &err), KAFKA_ERR_CANCELED);
    kafka_future_free(future);

    OK(kafka_admin_new(NOWHERE, NULL, &admin, NULL, &err));
    OK(kafka_admin_describe_cluster(admin, NULL, -1, NULL, &future, &err));
    OK(kafka_future_cancel(future, &err));
    FAILS(kafka_future_wait(future, 0, &err), KAFKA_ERR_CANCELED);
    kafka_future_free(future);
    kafka_admin_free(admin);

    OK(kafka_client_metadata(client, "t", PATIENCE_MS, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_cancel(future, &err));
    OK(kafka_future_value(future, &value, &err));
    kafka_future_free(future);
    kafka_client_free(nowhere);
    kafka_client_free(client);
    kafka_producer_free(lonely);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

/* Without a future a call blocks, and writes its result; with one it must not be given a place for it. */
static void blocking(void)
{
    const char *servers, *text = NULL;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer = producer_with(servers, NULL), *lonely = producer_with(NOWHERE, NULL);
    kafka_client *client = client_of(producer), *nowhere = client_of(lonely);
    kafka_future *future = (kafka_future *)(intptr_t)UNTOUCHED;
    kafka_value *value = (kafka_value *)(intptr_t)UNTOUCHED;
    const kafka_value *topics = NULL;
    int64_t start = now_ms();
    FAILS(kafka_client_metadata(client, "t", PATIENCE_MS, &value, &future, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "metadata and future are both given");
    FAILS(kafka_client_metadata(client, "t", PATIENCE_MS, NULL, NULL, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "metadata is NULL");
    FAILS(kafka_client_metadata(nowhere, NULL, 100, &value, NULL, &err), KAFKA_ERR_TRANSPORT);
    CHECK(now_ms() - start >= 100);
    CHECK(future == (kafka_future *)(intptr_t)UNTOUCHED);
    CHECK(value == (kafka_value *)(intptr_t)UNTOUCHED);
    OK(kafka_client_metadata(client, "t", PATIENCE_MS, &value, NULL, &err));
    OK(kafka_value_get(value, "topics", &topics, &err));
    kafka_value_free(value);
    OK(kafka_client_cluster_id(client, PATIENCE_MS, &value, NULL, &err));
    OK(kafka_value_text(value, &text, NULL, &err));
    CHECK(text[0] != '\0');
    kafka_value_free(value);
    kafka_client_free(nowhere);
    kafka_client_free(client);
    kafka_producer_free(lonely);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

static void *wait_for_it(void *future)
{
    kafka_error error;
    CHECK_INT(kafka_future_wait((kafka_future *)future, PATIENCE_MS, &error), 0);
    return NULL;
}

static void many_threads(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("shared", 1, &servers);
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_client *client = client_of(producer);
    kafka_future *futures[4];
    pthread_t threads[16];
    int i;

    OK(kafka_mock_cluster_set_rtt(cluster, 1, 100, &err));
    for (i = 0; i < 4; i++) {
        OK(kafka_client_metadata(client, NULL, PATIENCE_MS, NULL, &futures[i], &err));
    }
    for (i = 0; i < 16; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, wait_for_it, futures[i % 4]), 0);
    }
    for (i = 0; i < 16; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
    for (i = 0; i < 4; i++) {
        kafka_future_free(futures[i]);
    }
    kafka_client_free(client);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

/* Clients that are made on a thread of the library's. */
static void made_by_a_future(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("made", 1, &servers);
    kafka_conf *conf = conf_of("enable.idempotence", "true", "acks", "1", END);
    kafka_future *future = NULL;
    kafka_producer *producer = NULL;
    kafka_consumer *consumer = NULL;
    kafka_admin *admin = NULL;
    kafka_topic *topic;

    OK(kafka_producer_new(servers, NULL, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    FAILS(kafka_future_consumer(future, &consumer, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "this future has no consumer for a result");
    OK(kafka_future_producer(future, &producer, &err));
    FAILS(kafka_future_producer(future, &producer, &err), KAFKA_ERR_INVALID_ARGUMENT);
    kafka_future_free(future);
    topic = topic_of(producer, "made");
    OK(send_text(producer, topic, 0, "text", 0));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    kafka_topic_free(topic);
    kafka_producer_free(producer);

    OK(kafka_consumer_new(servers, NULL, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_consumer(future, &consumer, &err));
    kafka_future_free(future);
    kafka_consumer_free(consumer);

    OK(kafka_admin_new(servers, NULL, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    OK(kafka_future_admin(future, &admin, &err));
    kafka_future_free(future);
    kafka_admin_free(admin);

    /* What cannot be made says so, and what is not taken goes away. */
    OK(kafka_producer_new("", NULL, NULL, &future, &err));
    FAILS(kafka_future_wait(future, PATIENCE_MS, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "invalid broker list");
    FAILS(kafka_future_producer(future, &producer, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "invalid broker list");
    kafka_future_free(future);
    OK(kafka_producer_new(servers, conf, NULL, &future, &err));
    FAILS(kafka_future_wait(future, PATIENCE_MS, &err), KAFKA_ERR_INVALID_CONFIG);
    kafka_future_free(future);
    kafka_conf_free(conf);
    OK(kafka_producer_new(servers, NULL, NULL, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    kafka_future_free(future);
    OK(kafka_consumer_new(servers, NULL, NULL, &future, &err));
    kafka_future_free(future);
    kafka_mock_cluster_free(cluster);
}

int main(void)
{
    made_by_a_future();
    canceled();
    blocking();
    answers();
    no_answer();
    the_client_goes_first();
    many_threads();
    await_threads();
    return 0;
}
