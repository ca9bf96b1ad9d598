/* What the C tests share: checks that print what was expected and what came, and the few
 * objects that nearly every test needs. Valid as C99 and as C++11. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
/* C++ before 11 hid these; some compilers still want to be asked. */
#ifndef __STDC_FORMAT_MACROS
#define __STDC_FORMAT_MACROS
#endif

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kafka.h"

/* Long enough for valgrind on a busy machine; a test that passes never waits for it. */
#define PATIENCE_MS 60000

#define CHECK(condition) check_true((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_INT(actual, expected) \
    check_int((int64_t)(actual), (int64_t)(expected), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_BYTES(actual, actual_len, expected, expected_len) \
    check_bytes((actual), (actual_len), (expected), (expected_len), #actual, __FILE__, __LINE__)
/* Calls that take the shared `err` as their last argument. */
#define OK(call) check_code((call), 0, #call, __FILE__, __LINE__)
#define FAILS(call, expected) check_code((call), (expected), #call, __FILE__, __LINE__)

/* The first number of each test's own, so that outputs that must not be touched can be told. */
#define UNTOUCHED 0x5a5a5a5a

static kafka_error err;

static inline void check_true(int condition, const char *text, const char *file, int line)
{
    if (!condition) {
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
        exit(1);
    }
}

static inline void check_int(int64_t actual, int64_t expected, const char *text, const char *file,
                             int line)
{
    if (actual != expected) {
        fprintf(stderr, "%s:%d: %s\n  expected: %" PRId64 "\n  actual:   %" PRId64 "\n", file, line,
                text, expected, actual);
        exit(1);
    }
}

static inline void check_text(const char *actual, const char *expected, const char *text,
                              const char *file, int line)
{
    if (actual == NULL || strcmp(actual, expected) != 0) {
        fprintf(stderr, "%s:%d: %s\n  expected: \"%s\"\n  actual:   \"%s\"\n", file, line, text,
                expected, actual == NULL ? "(NULL)" : actual);
        exit(1);
    }
}

static inline void check_bytes(const void *actual, size_t actual_len, const void *expected,
                               size_t expected_len, const char *text, const char *file, int line)
{
    size_t i;
    const unsigned char *is = (const unsigned char *)actual;
    const unsigned char *should = (const unsigned char *)expected;
    if ((actual == NULL) != (expected == NULL) || actual_len != expected_len) {
        fprintf(stderr, "%s:%d: %s\n  expected: %s of %lu bytes\n  actual:   %s of %lu bytes\n",
                file, line, text, expected == NULL ? "NULL" : "bytes",
                (unsigned long)expected_len, actual == NULL ? "NULL" : "bytes",
                (unsigned long)actual_len);
        exit(1);
    }
    for (i = 0; i < actual_len; i++) {
        if (is[i] != should[i]) {
            fprintf(stderr, "%s:%d: %s\n  expected: 0x%02x at %lu\n  actual:   0x%02x\n", file,
                    line, text, should[i], (unsigned long)i, is[i]);
            exit(1);
        }
    }
}

static inline void check_code(int32_t code, int32_t expected, const char *text, const char *file,
                              int line)
{
    if (code != expected) {
        fprintf(stderr, "%s:%d: %s\n  expected: %d (%s)\n  actual:   %d (%s)%s%s\n", file, line,
                text, (int)expected, kafka_err_name(expected), (int)code, kafka_err_name(code),
                code == 0 ? "" : ": ", code == 0 || err.code != code ? "" : err.message);
        exit(1);
    }
    if (code != 0 && strstr(text, "&err)") != NULL) {
        /* What a function returns and what it writes must agree. */
        check_int(err.code, code, "err.code", file, line);
        check_true(err.message[0] != '\0', "err.message is not empty", file, line);
    }
}

static inline int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void sleep_ms(int ms)
{
    struct timespec pause;
    pause.tv_sec = ms / 1000;
    pause.tv_nsec = (long)(ms % 1000) * 1000000;
    nanosleep(&pause, NULL);
}

/* A configuration: name, value, name, value, ..., NULL. */
static inline kafka_conf *conf_of(const char *name, ...)
{
    kafka_conf *conf = NULL;
    va_list properties;
    OK(kafka_conf_new(&conf, &err));
    va_start(properties, name);
    while (name != NULL) {
        OK(kafka_conf_set(conf, name, va_arg(properties, const char *), &err));
        name = va_arg(properties, const char *);
    }
    va_end(properties);
    return conf;
}

#define END ((const char *)NULL)

/* A cluster of one broker with one topic. */
static inline kafka_mock_cluster *cluster_with(const char *topic, int32_t partition_count,
                                               const char **servers)
{
    kafka_mock_cluster *cluster = NULL;
    OK(kafka_mock_cluster_new(1, &cluster, &err));
    OK(kafka_mock_cluster_bootstrap_servers(cluster, servers, &err));
    OK(kafka_mock_cluster_create_topic(cluster, topic, partition_count, 1, &err));
    return cluster;
}

/* A producer; frees the configuration, which may be NULL. */
static inline kafka_producer *producer_with(const char *servers, kafka_conf *conf)
{
    kafka_producer *producer = NULL;
    OK(kafka_producer_new(servers, conf, &producer, &err));
    kafka_conf_free(conf);
    return producer;
}

static inline kafka_topic *topic_of(kafka_producer *producer, const char *name)
{
    kafka_topic *topic = NULL;
    OK(kafka_producer_create_topic(producer, name, NULL, &topic, &err));
    return topic;
}

static inline int32_t send_text(kafka_producer *producer, kafka_topic *topic, int32_t partition,
                                const char *text, uint64_t opaque)
{
    return kafka_producer_send(producer, topic, partition, NULL, 0, text, strlen(text), opaque,
                               &err);
}

/* A consumer without a group that reads the partitions 0 to partition_count - 1 from their
 * beginning. */
static inline kafka_consumer *reader_of(const char *servers, const char *topic,
                                        int32_t partition_count)
{
    kafka_consumer *consumer = NULL;
    kafka_partitions *partitions = NULL;
    int32_t partition;
    kafka_conf *conf = conf_of("group.id", "readers", "enable.auto.commit", "false",
                               "fetch.wait.max.ms", "10", END);
    OK(kafka_consumer_new(servers, conf, &consumer, &err));
    kafka_conf_free(conf);
    OK(kafka_partitions_new(&partitions, &err));
    for (partition = 0; partition < partition_count; partition++) {
        /* Not KAFKA_OFFSET_BEGINNING, which librdkafka looks up, after half a second's thought. */
        OK(kafka_partitions_add(partitions, topic, partition, 0, &err));
    }
    OK(kafka_consumer_assign(consumer, partitions, &err));
    kafka_partitions_free(partitions);
    return consumer;
}

/* Reads one message and checks its value. */
static inline void expect_message(kafka_consumer *consumer, const void *value, size_t value_len)
{
    kafka_message message;
    OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
    CHECK_BYTES(message.value, message.value_len, value, value_len);
    kafka_message_release(&message);
}

static inline void expect_text(kafka_consumer *consumer, const char *text)
{
    expect_message(consumer, text, strlen(text));
}

/* Polls until so many messages have been reported; returns how many of them failed. */
static inline uint64_t await_reports(kafka_producer *producer, uint64_t count)
{
    uint64_t reported_count = 0, failed_count = 0;
    kafka_reported reported;
    while (reported_count < count) {
        OK(kafka_producer_poll(producer, PATIENCE_MS, &reported, &err));
        CHECK(reported.reported_count > 0);
        reported_count += reported.reported_count;
        failed_count += reported.failed_count;
    }
    CHECK_INT(reported_count, count);
    return failed_count;
}

/* Structured data, made and read. */
static inline kafka_value *new_int(int64_t number)
{
    kafka_value *value = NULL;
    OK(kafka_value_new_int(number, &value, &err));
    return value;
}

static inline kafka_value *new_text(const char *text, size_t text_len)
{
    kafka_value *value = NULL;
    OK(kafka_value_new_text(text, text_len, &value, &err));
    return value;
}

static inline const kafka_value *entry(const kafka_value *map, const char *name)
{
    const kafka_value *found = NULL;
    OK(kafka_value_get(map, name, &found, &err));
    return found;
}

static inline int64_t number(const kafka_value *map, const char *name)
{
    int64_t found = UNTOUCHED;
    OK(kafka_value_int(entry(map, name), &found, &err));
    return found;
}

#endif
