/* fork(): the child gets KAFKA_ERR_FORKED from every call and frees without harm; it can make objects of
 * its own; the parent goes on. */
#include "check.h"

#include <sys/wait.h>

static const char *servers;
static kafka_mock_cluster *cluster;
static kafka_producer *producer;
static kafka_topic *topic;
static kafka_consumer *consumer;
static kafka_client *client;
static kafka_future *future, *future_done;
static kafka_message message;
static kafka_message view;
static kafka_batch *batch;
static kafka_partitions *partitions;
static kafka_conf *conf;
static kafka_topic_conf *topic_conf;

static void every_call_says_so(void)
{
    kafka_topic *no_topic = (kafka_topic *)(intptr_t)UNTOUCHED;
    const char *no_servers = NULL;
    kafka_poll_result reported;
    kafka_report report;
    kafka_message no_message;
    kafka_batch *no_batch = (kafka_batch *)(intptr_t)UNTOUCHED;
    size_t report_count = UNTOUCHED, batch_count = UNTOUCHED;
    kafka_value *no_value = NULL;
    uint64_t message_count = UNTOUCHED, lost_count = UNTOUCHED;
    int32_t code = 1;

    FAILS(kafka_producer_create_topic(producer, "t", NULL, &no_topic, &err), KAFKA_ERR_FORKED);
    FAILS(send_text(producer, topic, 0, "from the child", 0), KAFKA_ERR_FORKED);
    FAILS(kafka_producer_poll(producer, -1, &reported, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_producer_reports(producer, &report, 1, &report_count, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_producer_flush(producer, -1, NULL, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_producer_len(producer, &message_count, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_producer_close(producer, -1, &lost_count, NULL, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_consumer_subscribe(consumer, partitions, NULL, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_consumer_assign(consumer, partitions, NULL, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_consumer_assign(consumer, NULL, NULL, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_consumer_poll(consumer, -1, &no_message, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_consumer_consume(consumer, 1, -1, &no_batch, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_consumer_close(consumer, -1, NULL, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_batch_count(batch, &batch_count, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_batch_message(batch, 0, &no_message, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_client_metadata(client, NULL, 0, &no_value, NULL, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_future_cancel(future, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_future_wait(future, -1, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_future_wait(future_done, 0, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_mock_cluster_bootstrap_servers(cluster, &no_servers, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_mock_cluster_create_topic(cluster, "t", 1, 1, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_mock_cluster_broker_down(cluster, 1, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_mock_cluster_broker_up(cluster, 1, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_mock_cluster_set_rtt(cluster, 1, 1, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_mock_cluster_push_errors(cluster, 0, &code, 1, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_mock_cluster_set_leader(cluster, "forked", 0, 1, &err), KAFKA_ERR_FORKED);
    FAILS(kafka_mock_cluster_close(cluster, &err), KAFKA_ERR_FORKED);
    CHECK(no_topic == (kafka_topic *)(intptr_t)UNTOUCHED);
    CHECK(no_servers == NULL);
    CHECK(no_batch == (kafka_batch *)(intptr_t)UNTOUCHED);
    CHECK_INT(report_count, UNTOUCHED);
    CHECK_INT(batch_count, UNTOUCHED);
    CHECK_INT(message_count, UNTOUCHED);
    CHECK(strcmp(kafka_err_name(err.code), "FORKED") == 0);

    /* Configurations, lists, and the bytes of messages are only memory. */
    OK(kafka_conf_set(conf, "client.id", "child", &err));
    OK(kafka_topic_conf_set(topic_conf, "acks", "1", &err));
    OK(kafka_partitions_add(partitions, "t", 0, 0, &err));
    CHECK_BYTES(message.value, message.value_len, "before", 6);
    CHECK_BYTES(view.value, view.value_len, "before", 6);
}

static void free_everything(void)
{
    kafka_message_release(&view);
    kafka_batch_free(batch);
    kafka_message_release(&message);
    kafka_message_release(&message);
    kafka_future_free(future);
    kafka_future_free(future_done);
    kafka_topic_free(topic);
    kafka_client_free(client);
    kafka_producer_free(producer);
    kafka_consumer_free(consumer);
    kafka_mock_cluster_free(cluster);
    kafka_partitions_free(partitions);
    kafka_conf_free(conf);
    kafka_topic_conf_free(topic_conf);
}

static void a_new_life(void)
{
    const char *new_servers;
    kafka_mock_cluster *new_cluster = cluster_with("new", 1, &new_servers);
    kafka_producer *new_producer = producer_with(new_servers, NULL);
    kafka_topic *new_topic = topic_of(new_producer, "new");
    kafka_consumer *new_consumer = reader_of(new_servers, "new", 1);

    FAILS(send_text(new_producer, topic, 0, "through the parent's topic", 0), KAFKA_ERR_FORKED);
    OK(send_text(new_producer, new_topic, 0, "the child's own", 0));
    CHECK_INT(await_reports(new_producer, 1), 0);
    expect_text(new_consumer, "the child's own");
    kafka_consumer_free(new_consumer);
    kafka_topic_free(new_topic);
    kafka_producer_free(new_producer);
    kafka_mock_cluster_free(new_cluster);
}

/* The parent's cluster from the child: over its sockets, as any other process would. */
static void a_new_client_of_the_parents_cluster(void)
{
    kafka_producer *new_producer = producer_with(servers, NULL);
    kafka_topic *new_topic = topic_of(new_producer, "forked");
    OK(send_text(new_producer, new_topic, 0, "from the child", 0));
    /* Left open: exit() flushes it. */
}

static pid_t start_child(int kind)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child != 0) {
        return child;
    }
    alarm(PATIENCE_MS / 1000);
    switch (kind) {
    case 0: /* Touches nothing. */
        _exit(0);
    case 1:
        exit(0);
    case 2:
        every_call_says_so();
        _exit(0);
    case 3:
        every_call_says_so();
        free_everything();
        exit(0);
    case 4:
        a_new_life();
        every_call_says_so();
        free_everything();
        exit(0);
    case 5:
        a_new_client_of_the_parents_cluster();
        exit(0);
    default: /* A child's child. */
        child = start_child(3);
        CHECK(waitpid(child, &kind, 0) == child);
        exit(WIFEXITED(kind) ? WEXITSTATUS(kind) : 1);
    }
}

int main(int argument_count, char **arguments)
{
    kafka_conf *producer_conf = conf_of("linger.ms", "1", END);
    kafka_consumer *reader;
    kafka_message received;
    int kind, status, from_child = 0, i;
    int64_t start;
    pid_t child;

    cluster = cluster_with("forked", 1, &servers);
    if (argument_count > 1 && strcmp(arguments[1], "accumulator") == 0) {
        OK(kafka_conf_set_buffer_memory(producer_conf, 1024 * 1024, &err));
    }
    producer = producer_with(servers, producer_conf);
    topic = topic_of(producer, "forked");
    consumer = reader_of(servers, "forked", 1);
    conf = conf_of("client.id", "parent", END);
    OK(kafka_topic_conf_new(&topic_conf, &err));
    OK(kafka_partitions_new(&partitions, &err));
    OK(kafka_producer_client(producer, &client, &err));
    /* The second may be under way while children are made. */
    OK(kafka_client_metadata(client, NULL, PATIENCE_MS, NULL, &future_done, &err));
    OK(kafka_future_wait(future_done, PATIENCE_MS, &err));
    OK(kafka_client_metadata(client, NULL, PATIENCE_MS, NULL, &future, &err));
    OK(send_text(producer, topic, 0, "before", 0));
    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));

    /* A batch may be all that is left of its consumer. */
    reader = reader_of(servers, "forked", 1);
    OK(kafka_consumer_consume(reader, 1, PATIENCE_MS, &batch, &err));
    OK(kafka_batch_message(batch, 0, &view, &err));
    kafka_consumer_free(reader);

    for (kind = 0; kind <= 6; kind++) {
        /* Under way while the child is made. */
        OK(send_text(producer, topic, 0, "parent", (uint64_t)kind));
        start = now_ms();
        child = start_child(kind);
        CHECK(waitpid(child, &status, 0) == child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "the child of kind %d: status %d\n", kind, status);
            return 1;
        }
        if (kind < 4) {
            CHECK(now_ms() - start < 5000);
        }
    }

    /* The parent has not noticed anything. */
    CHECK_INT(await_reports(producer, 8), 0);
    OK(send_text(producer, topic, 0, "after", 0));
    CHECK_INT(await_reports(producer, 1), 0);
    reader = reader_of(servers, "forked", 1);
    expect_text(reader, "before");
    for (i = 0; i < 9; i++) {
        OK(kafka_consumer_poll(reader, PATIENCE_MS, &received, &err));
        if (received.value_len == 14) {
            CHECK_BYTES(received.value, received.value_len, "from the child", 14);
            from_child++;
        } else if (i < 8) {
            CHECK_BYTES(received.value, received.value_len, "parent", 6);
        } else {
            CHECK_BYTES(received.value, received.value_len, "after", 5);
        }
        kafka_message_release(&received);
    }
    CHECK_INT(from_child, 1);
    kafka_consumer_free(reader);
    CHECK_BYTES(message.value, message.value_len, "before", 6);
    OK(kafka_batch_message(batch, 0, &view, &err));
    CHECK_BYTES(view.value, view.value_len, "before", 6);
    free_everything();
    return 0;
}
