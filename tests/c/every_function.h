/* What the generated program calls every function with, and how it judges the answers. */
#ifndef EVERY_FUNCTION_H
#define EVERY_FUNCTION_H

#include "check.h"

#include <sys/wait.h>

static struct {
    const char *servers;
    kafka_mock_cluster *mock_cluster;
    kafka_producer *producer;
    kafka_topic *topic;
    kafka_consumer *consumer;
    kafka_conf *conf;
    kafka_topic_conf *topic_conf;
    kafka_partitions *partitions;
    kafka_client *client;
    kafka_admin *admin;
    /* What admin calls take. */
    kafka_value *nothing, *names, *items[9];
    kafka_future *future;
    kafka_notifier *notifier;
    kafka_group_metadata *group_metadata;
    kafka_record record;
    kafka_batch *batch;
    const kafka_raw_message *const *raw_messages;
    kafka_message message;
    kafka_value *map, *list, *integer, *text, *item;
    const char *extensions[2];
    int32_t number;
} world;

/* Whatever a function writes to. */
struct outputs {
    kafka_mock_cluster *mock_cluster;
    kafka_producer *producer;
    kafka_topic *topic;
    kafka_consumer *consumer;
    kafka_conf *conf;
    kafka_topic_conf *topic_conf;
    kafka_partitions *partitions;
    kafka_client *client;
    kafka_admin *admin;
    kafka_future *future;
    kafka_notifier *notifier;
    kafka_group_metadata *group_metadata;
    kafka_batch *batch;
    kafka_value *value;
    const kafka_partitions *const_partitions;
    const kafka_value *const_value;
    const volatile uint32_t *live_count;
    const char *text;
    size_t size;
    uint64_t count;
    kafka_poll_result poll_result;
    kafka_report report;
    kafka_counters counters;
    kafka_message message;
    const kafka_raw_message *const *raw_messages;
    kafka_cursor *cursor;
    kafka_header header;
    kafka_partition partition;
    kafka_event event;
    int32_t number;
    int64_t long_number;
    char buffer[64];
};
static struct outputs outputs, outputs_before;

static inline void outputs_reset(void)
{
    memset(&outputs, 0x5a, sizeof outputs);
    memset(&outputs_before, 0x5a, sizeof outputs);
}

static inline kafka_value *text_value(const char *text)
{
    kafka_value *value = NULL;
    OK(kafka_value_new_text(text, strlen(text), &value, &err));
    return value;
}

static inline kafka_value *list_with(kafka_value *item)
{
    kafka_value *list = NULL;
    OK(kafka_value_new_list(&list, &err));
    OK(kafka_value_append(list, item, &err));
    return list;
}

/* A list of one map, of names and values; what begins with a digit is an integer. */
static inline kafka_value *items_of(const char *name, ...)
{
    kafka_value *map = NULL, *value = NULL;
    va_list rest;
    OK(kafka_value_new_map(&map, &err));
    va_start(rest, name);
    while (name != NULL) {
        const char *text = va_arg(rest, const char *);
        if (text[0] >= '0' && text[0] <= '9') {
            OK(kafka_value_new_int(atoi(text), &value, &err));
        } else {
            value = text_value(text);
        }
        OK(kafka_value_set(map, name, value, &err));
        name = va_arg(rest, const char *);
    }
    va_end(rest);
    return list_with(map);
}

/* A list of one group, with a list of one partition called `name`. */
static inline kafka_value *group_of(const char *name)
{
    kafka_value *map = NULL;
    int is_plain = strcmp(name, "partitions") == 0;
    OK(kafka_value_new_map(&map, &err));
    OK(kafka_value_set(map, "group", text_value("g"), &err));
    OK(kafka_value_set(map, name,
                       items_of("topic", "there", "partition", "0", is_plain ? END : "offset", "0",
                                END),
                       &err));
    return list_with(map);
}

static inline void world_new(void)
{
    memset(&world, 0, sizeof world);
    outputs_reset();
    world.mock_cluster = cluster_with("there", 1, &world.servers);
    world.producer = producer_with(world.servers, NULL);
    world.topic = topic_of(world.producer, "there");
    world.consumer = reader_of(world.servers, "there", 1);
    OK(send_text(world.producer, world.topic, 0, "text", 0));
    OK(kafka_consumer_consume(world.consumer, 1, PATIENCE_MS, &world.batch, &err));
    OK(kafka_batch_message(world.batch, 0, &world.message, &err));
    OK(kafka_batch_raw_messages(world.batch, &world.raw_messages, &err));
    world.conf = conf_of("acks", "1", END);
    OK(kafka_topic_conf_new(&world.topic_conf, &err));
    OK(kafka_partitions_new(&world.partitions, &err));
    OK(kafka_partitions_add(world.partitions, "there", 0, 0, &err));
    OK(kafka_producer_client(world.producer, &world.client, &err));
    /* It fails, so that it is a future of any kind. */
    OK(kafka_producer_init_transactions(world.producer, 0, &world.future, &err));
    OK(kafka_notifier_new(&world.notifier, &err));
    OK(kafka_value_new_map(&world.map, &err));
    OK(kafka_value_new_list(&world.list, &err));
    OK(kafka_value_new_int(1, &world.integer, &err));
    OK(kafka_value_new_text("text", 4, &world.text, &err));
    OK(kafka_value_new_null(&world.item, &err));
    OK(kafka_value_set(world.map, "acks", world.item, &err));
    OK(kafka_value_new_null(&world.item, &err));
    OK(kafka_admin_new(world.servers, NULL, &world.admin, NULL, &err));
    OK(kafka_value_new_map(&world.nothing, &err));
    world.names = list_with(text_value("there"));
    world.items[0] = items_of("topic", "there", "partitions", "1", END);
    world.items[1] = items_of("type", "topic", "name", "there", END);
    world.items[2] = group_of("partitions");
    world.items[3] = group_of("offsets");
    world.items[4] = items_of("topic", "there", "partition", "0", "offset", "latest", END);
    world.items[5] = items_of("topic", "there", "partition", "0", "offset", "0", END);
    world.items[6] = items_of("type", "topic", "name", "there", "principal", "User:x", "operation",
                              "read", "permission", "allow", END);
    world.items[7] = items_of("user", "x", "mechanism", "SCRAM-SHA-256", "password", "x", END);
    world.items[8] = items_of("topic", "there", "partition", "0", END);
    world.extensions[0] = "name";
    world.extensions[1] = "value";
    OK(kafka_consumer_group_metadata(world.consumer, &world.group_metadata, NULL, &err));
    world.number = 1;
}

static inline void world_free(void)
{
    size_t i;
    for (i = 0; i < sizeof world.items / sizeof world.items[0]; i++) {
        kafka_value_free(world.items[i]);
    }
    kafka_value_free(world.names);
    kafka_value_free(world.nothing);
    kafka_admin_free(world.admin);
    kafka_value_free(world.item);
    kafka_value_free(world.text);
    kafka_value_free(world.integer);
    kafka_value_free(world.list);
    kafka_value_free(world.map);
    kafka_group_metadata_free(world.group_metadata);
    kafka_future_free(world.future);
    kafka_notifier_free(world.notifier);
    kafka_partitions_free(world.partitions);
    kafka_topic_conf_free(world.topic_conf);
    kafka_conf_free(world.conf);
    kafka_batch_free(world.batch);
    kafka_consumer_free(world.consumer);
    kafka_topic_free(world.topic);
    kafka_producer_free(world.producer);
    kafka_mock_cluster_free(world.mock_cluster);
}

static inline void check_refused(int32_t code, const char *parameter, const char *text)
{
    check_code(code, KAFKA_ERR_INVALID_ARGUMENT, text, __FILE__, __LINE__);
    if (strstr(err.message, parameter) == NULL) {
        fprintf(stderr, "%s: \"%s\" does not name %s\n", text, err.message, parameter);
        exit(1);
    }
}

static inline void check_accepted(int32_t code, const char *text)
{
    /* What becomes of it is another matter: it may have timed out at once. */
    if (code == KAFKA_ERR_INVALID_ARGUMENT || code == KAFKA_ERR_PANIC) {
        check_code(code, 0, text, __FILE__, __LINE__);
    }
}

static inline int in_a_child(void)
{
    int status = 0;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(PATIENCE_MS / 1000);
        return 1;
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 0;
}

#define REFUSED_QUIETLY(call) \
    check_code((call), KAFKA_ERR_INVALID_ARGUMENT, #call, __FILE__, __LINE__)
#define REFUSED(call, parameter) check_refused((call), (parameter), #call)
#define ACCEPTED(call) check_accepted((call), #call)
#define UNTOUCHED_OUTPUTS() CHECK(memcmp(&outputs, &outputs_before, sizeof outputs) == 0)
#define CLOSED(call) FAILS(call, KAFKA_ERR_CLOSED); UNTOUCHED_OUTPUTS()
#define FORKED(call) FAILS(call, KAFKA_ERR_FORKED); UNTOUCHED_OUTPUTS()
#define FREE_OUTPUT(object) \
    do { \
        if (outputs.object != outputs_before.object) { \
            kafka_##object##_free(outputs.object); \
        } \
    } while (0)

#endif
