/* Requests: waited for, looked at, abandoned, freed while under way, and by many threads. */
#include "check.h"

#include <pthread.h>

/* Nobody listens there. */
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
    kafka_request *request = NULL;
    const kafka_value *metadata = NULL, *again = NULL, *found = NULL;
    const kafka_partitions *partitions = (const kafka_partitions *)(intptr_t)UNTOUCHED;
    size_t count = 0;

    OK(kafka_client_metadata(client, "asked", PATIENCE_MS, &request, &err));
    OK(kafka_request_wait(request, -1, &err));
    /* Done is done. */
    OK(kafka_request_wait(request, 0, &err));
    OK(kafka_request_value(request, &metadata, &err));
    OK(kafka_request_value(request, &again, &err));
    CHECK(metadata == again);
    OK(kafka_value_get(metadata, "topics", &found, &err));
    OK(kafka_value_get(found, "asked", &found, &err));
    OK(kafka_value_get(found, "partitions", &found, &err));
    OK(kafka_value_count(found, &count, &err));
    CHECK_INT(count, 3);
    FAILS(kafka_request_partitions(request, &partitions, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "this request has no partitions for a result");
    CHECK(partitions == (const kafka_partitions *)(intptr_t)UNTOUCHED);
    /* It outlives its client. */
    kafka_producer_free(producer);
    OK(kafka_value_count(found, &count, &err));
    kafka_request_free(request);

    producer = producer_with(servers, NULL);
    OK(kafka_client_cluster_id(client_of(producer), PATIENCE_MS, &request, &err));
    OK(kafka_request_wait(request, PATIENCE_MS, &err));
    OK(kafka_request_value(request, &found, &err));
    OK(kafka_value_text(found, &id, NULL, &err));
    CHECK(id[0] != '\0');
    kafka_request_free(request);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

static void no_answer(void)
{
    kafka_producer *producer = producer_with(NOWHERE, NULL);
    kafka_client *client = client_of(producer);
    kafka_request *request = NULL;
    const kafka_value *value = (const kafka_value *)(intptr_t)UNTOUCHED;
    int64_t start = now_ms();
    int i;

    OK(kafka_client_cluster_id(client, 1500, &request, &err));
    FAILS(kafka_request_wait(request, 0, &err), KAFKA_ERR_IN_PROGRESS);
    CHECK_INT(err.retriable, 1);
    FAILS(kafka_request_value(request, &value, &err), KAFKA_ERR_IN_PROGRESS);
    FAILS(kafka_request_wait(request, 20, &err), KAFKA_ERR_IN_PROGRESS);
    CHECK(now_ms() - start >= 20);
    FAILS(kafka_request_wait(request, -1, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(now_ms() - start >= 1500);
    CHECK_INT(err.retriable, 1);
    FAILS(kafka_request_value(request, &value, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(value == (const kafka_value *)(intptr_t)UNTOUCHED);
    kafka_request_free(request);

    /* Freed while under way, never asked for, and ended with their client: nobody waits. */
    start = now_ms();
    for (i = 0; i < 10; i++) {
        OK(kafka_client_metadata(client, NULL, 500, &request, &err));
        kafka_request_free(request);
        OK(kafka_client_metadata(client, "t", 500, NULL, &err));
    }
    CHECK(now_ms() - start < 400);
    OK(kafka_client_cluster_id(client, 500, &request, &err));
    OK(kafka_producer_close(producer, 0, NULL, &err));
    kafka_producer_free(producer);
    FAILS(kafka_request_wait(request, PATIENCE_MS, &err), KAFKA_ERR_TIMED_OUT);
    kafka_request_free(request);
    kafka_request_free(NULL);
}

/* The client is closed under its requests, and freed before or after them. */
static void the_client_goes_first(void)
{
    kafka_admin *admin = NULL;
    kafka_request *before = NULL, *after = NULL;
    int64_t start;

    OK(kafka_admin_new(NOWHERE, NULL, &admin, &err));
    OK(kafka_admin_describe_cluster(admin, NULL, -1, &before, &err));
    OK(kafka_admin_list_groups(admin, NULL, -1, &after, &err));
    FAILS(kafka_request_wait(after, 20, &err), KAFKA_ERR_IN_PROGRESS);
    start = now_ms();
    OK(kafka_admin_close(admin, &err));
    FAILS(kafka_request_wait(before, PATIENCE_MS, &err), KAFKA_ERR_CLOSED);
    CHECK(now_ms() - start < 5000);
    kafka_request_free(before);
    kafka_admin_free(admin);
    FAILS(kafka_request_wait(after, PATIENCE_MS, &err), KAFKA_ERR_CLOSED);
    kafka_request_free(after);
}

static void *wait_for_it(void *request)
{
    kafka_error error;
    CHECK_INT(kafka_request_wait((kafka_request *)request, PATIENCE_MS, &error), 0);
    return NULL;
}

static void many_threads(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("shared", 1, &servers);
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_client *client = client_of(producer);
    kafka_request *requests[4];
    pthread_t threads[16];
    int i;

    OK(kafka_mock_cluster_set_rtt(cluster, 1, 100, &err));
    for (i = 0; i < 4; i++) {
        OK(kafka_client_metadata(client, NULL, PATIENCE_MS, &requests[i], &err));
    }
    for (i = 0; i < 16; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, wait_for_it, requests[i % 4]), 0);
    }
    for (i = 0; i < 16; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
    for (i = 0; i < 4; i++) {
        kafka_request_free(requests[i]);
    }
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

/* Clients that are made on a thread of the library's. */
static void made_by_a_request(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("made", 1, &servers);
    kafka_conf *conf = conf_of("enable.idempotence", "true", "acks", "1", END);
    kafka_request *request = NULL;
    kafka_producer *producer = NULL;
    kafka_consumer *consumer = NULL;
    kafka_admin *admin = NULL;
    kafka_topic *topic;

    OK(kafka_producer_new_request(servers, NULL, &request, &err));
    OK(kafka_request_wait(request, PATIENCE_MS, &err));
    FAILS(kafka_request_consumer(request, &consumer, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "this request has no consumer for a result");
    OK(kafka_request_producer(request, &producer, &err));
    FAILS(kafka_request_producer(request, &producer, &err), KAFKA_ERR_INVALID_ARGUMENT);
    kafka_request_free(request);
    topic = topic_of(producer, "made");
    OK(send_text(producer, topic, 0, "text", 0));
    OK(kafka_producer_flush(producer, PATIENCE_MS, &err));
    kafka_topic_free(topic);
    kafka_producer_free(producer);

    OK(kafka_consumer_new_request(servers, NULL, &request, &err));
    OK(kafka_request_wait(request, PATIENCE_MS, &err));
    OK(kafka_request_consumer(request, &consumer, &err));
    kafka_request_free(request);
    kafka_consumer_free(consumer);

    OK(kafka_admin_new_request(servers, NULL, &request, &err));
    OK(kafka_request_wait(request, PATIENCE_MS, &err));
    OK(kafka_request_admin(request, &admin, &err));
    kafka_request_free(request);
    kafka_admin_free(admin);

    /* What cannot be made says so, and what nobody takes goes away. */
    OK(kafka_producer_new_request("", NULL, &request, &err));
    FAILS(kafka_request_wait(request, PATIENCE_MS, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "invalid broker list");
    FAILS(kafka_request_producer(request, &producer, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "invalid broker list");
    kafka_request_free(request);
    OK(kafka_producer_new_request(servers, conf, &request, &err));
    FAILS(kafka_request_wait(request, PATIENCE_MS, &err), KAFKA_ERR_INVALID_CONFIG);
    kafka_request_free(request);
    kafka_conf_free(conf);
    OK(kafka_producer_new_request(servers, NULL, &request, &err));
    OK(kafka_request_wait(request, PATIENCE_MS, &err));
    kafka_request_free(request);
    OK(kafka_consumer_new_request(servers, NULL, &request, &err));
    kafka_request_free(request);
    kafka_mock_cluster_free(cluster);
}

int main(void)
{
    made_by_a_request();
    answers();
    no_answer();
    the_client_goes_first();
    many_threads();
    return 0;
}
