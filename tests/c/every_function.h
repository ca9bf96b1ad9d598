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
    const char *text;
    size_t size;
    uint64_t count;
    kafka_reported reported;
    kafka_report report;
    kafka_message message;
    char buffer[64];
};
static struct outputs outputs, outputs_before;

static inline void outputs_reset(void)
{
    memset(&outputs, 0x5a, sizeof outputs);
    memset(&outputs_before, 0x5a, sizeof outputs);
}

static inline void world_new(void)
{
    memset(&world, 0, sizeof world);
    outputs_reset();
    world.mock_cluster = cluster_with("there", 1, &world.servers);
    world.producer = producer_with(world.servers, NULL);
    world.topic = topic_of(world.producer, "there");
    world.consumer = reader_of(world.servers, "there", 0);
    world.conf = conf_of("acks", "1", END);
    OK(kafka_topic_conf_new(&world.topic_conf, &err));
    OK(kafka_partitions_new(&world.partitions, &err));
    OK(kafka_partitions_add(world.partitions, "there", 0, 0, &err));
    world.number = 1;
}

static inline void world_free(void)
{
    kafka_partitions_free(world.partitions);
    kafka_topic_conf_free(world.topic_conf);
    kafka_conf_free(world.conf);
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
