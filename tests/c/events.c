/* Events: the kinds that end a wait, those that are there to be taken, their order, and what
 * becomes of those that no call takes. */
#include "check.h"

#include <pthread.h>

#define NOWHERE "127.0.0.1:1"

/* A client that waits for a token, and so has no other events. */
static kafka_producer *silent_producer(uint32_t kinds, kafka_client **client)
{
    kafka_conf *conf = conf_of("security.protocol", "sasl_plaintext", "sasl.mechanism",
                               "OAUTHBEARER", "sasl.oauthbearer.config", "scope=test", END);
    kafka_producer *producer;
    OK(kafka_conf_set_events(conf, kinds, &err));
    producer = producer_with(NOWHERE, conf);
    OK(kafka_producer_client(producer, client, &err));
    return producer;
}

/* An error event with a number in its text. */
static void raise_error(kafka_client *client, int number)
{
    char text[32];
    snprintf(text, sizeof text, "number %d", number);
    OK(kafka_client_set_oauthbearer_failure(client, text, &err));
}

static int number_of(const kafka_event *event)
{
    const char *text = strstr(event->text, "number ");
    CHECK(text != NULL);
    return atoi(text + strlen("number "));
}

/* Takes an event of this kind, once it is there. */
static void take(kafka_client *client, uint32_t kinds, kafka_event *event)
{
    int64_t deadline = now_ms() + PATIENCE_MS;
    int32_t code;
    while ((code = kafka_client_poll_event(client, kinds, event, &err)) == KAFKA_ERR_TIMED_OUT) {
        CHECK(now_ms() < deadline);
        sleep_ms(2);
    }
    CHECK_INT(code, 0);
    CHECK(event->kind & kinds);
}

static void masks(void)
{
    kafka_conf *conf = conf_of(END);
    OK(kafka_conf_set_events(conf, 0, &err));
    OK(kafka_conf_set_events(conf, KAFKA_EVENT_ERROR | KAFKA_EVENT_PARTITION_EOF, &err));
    FAILS(kafka_conf_set_events(conf, 1u << 31, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "kinds has a bit that is no KAFKA_EVENT: 0x80000000");
    FAILS(kafka_conf_set_events(conf, 256 | 1, &err), KAFKA_ERR_INVALID_ARGUMENT);
    kafka_conf_free(conf);
}

static void they_end_a_wait(void)
{
    kafka_client *client = NULL;
    kafka_producer *producer = silent_producer(KAFKA_EVENT_ERROR, &client);
    kafka_poll_result reported;
    kafka_event event, untouched;
    const volatile uint32_t *event_count = NULL;

    memset(&reported, 0x5a, sizeof reported);
    memset(&event, 0x5a, sizeof event);
    memset(&untouched, 0x5a, sizeof event);
    OK(kafka_client_event_count(client, &event_count, &err));
    CHECK_INT(*event_count, 0);
    FAILS(kafka_client_poll_event(client, KAFKA_EVENT_ERROR, &event, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(memcmp(&event, &untouched, sizeof event) == 0);

    raise_error(client, 1);
    FAILS(kafka_producer_poll(producer, PATIENCE_MS, &reported, &err), KAFKA_ERR_EVENT);
    /* Until it is taken. */
    FAILS(kafka_producer_poll(producer, 0, &reported, &err), KAFKA_ERR_EVENT);
    CHECK(reported.reported_count == UINT64_C(0x5a5a5a5a5a5a5a5a));
    CHECK_INT(*event_count, 1);
    OK(kafka_client_poll_event(client, KAFKA_EVENT_ERROR, &event, &err));
    CHECK_INT(event.kind, KAFKA_EVENT_ERROR);
    CHECK_INT(event.code, KAFKA_ERR_AUTHENTICATION);
    CHECK_INT(event.fatal, 0);
    CHECK_INT(event.dropped_count, 0);
    CHECK_INT(number_of(&event), 1);
    CHECK_INT(event.text_len, strlen(event.text));
    CHECK(event.facility == NULL && event.partitions == NULL);
    CHECK_INT(*event_count, 0);
    OK(kafka_producer_poll(producer, 0, &reported, &err));

    /* It outlives its client; released twice is released once. */
    kafka_client_free(client);
    kafka_producer_free(producer);
    CHECK_INT(number_of(&event), 1);
    kafka_event_release(&event);
    CHECK(event.text == NULL && event.owner == NULL);
    kafka_event_release(&event);
    kafka_event_release(NULL);
}

static void *raise_later(void *client)
{
    sleep_ms(50);
    CHECK_INT(kafka_client_set_oauthbearer_failure((kafka_client *)client, "late", NULL), 0);
    return NULL;
}

static void they_end_a_flush_that_waits(void)
{
    kafka_client *client = NULL;
    kafka_producer *producer = silent_producer(KAFKA_EVENT_ERROR, &client);
    kafka_topic *topic = topic_of(producer, "t");
    kafka_event event;
    pthread_t raiser;
    int64_t start;

    raise_error(client, 1);
    /* With nothing to send there is no wait. */
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(send_text(producer, topic, 0, "x", 0));
    FAILS(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err), KAFKA_ERR_EVENT);
    FAILS(kafka_producer_flush(producer, 0, NULL, &err), KAFKA_ERR_EVENT);
    take(client, KAFKA_EVENT_ERROR, &event);
    kafka_event_release(&event);
    start = now_ms();
    FAILS(kafka_producer_flush(producer, 50, NULL, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(now_ms() - start >= 49);
    /* One that comes while it waits. */
    CHECK_INT(pthread_create(&raiser, NULL, raise_later, client), 0);
    FAILS(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err), KAFKA_ERR_EVENT);
    CHECK_INT(pthread_join(raiser, NULL), 0);
    kafka_topic_free(topic);
    kafka_producer_close(producer, 0, NULL, NULL, NULL);
    kafka_client_free(client);
    kafka_producer_free(producer);
}

static void others_are_there_to_be_taken(void)
{
    kafka_client *client = NULL;
    kafka_producer *producer = silent_producer(0, &client);
    kafka_poll_result reported;
    kafka_event event;
    const volatile uint32_t *event_count = NULL;
    int i;

    OK(kafka_client_event_count(client, &event_count, &err));
    take(client, KAFKA_EVENT_TOKEN_REFRESH, &event);
    CHECK_TEXT(event.text, "scope=test");
    kafka_event_release(&event);
    for (i = 1; i <= 3; i++) {
        raise_error(client, i);
    }
    OK(kafka_producer_poll(producer, 50, &reported, &err));
    CHECK_INT(*event_count, 0);
    for (i = 1; i <= 3; i++) {
        take(client, KAFKA_EVENT_ERROR, &event);
        CHECK_INT(number_of(&event), i);
        kafka_event_release(&event);
    }
    /* No kind is none of them. */
    raise_error(client, 4);
    FAILS(kafka_client_poll_event(client, 0, &event, &err), KAFKA_ERR_TIMED_OUT);
    kafka_client_free(client);
    kafka_producer_free(producer);
}

static void the_newest_are_kept(void)
{
    kafka_client *client = NULL;
    kafka_producer *producer = silent_producer(KAFKA_EVENT_TOKEN_REFRESH, &client);
    kafka_event event;
    int i, taken = 0, last = 0;
    uint64_t dropped_count = 0;

    for (i = 1; i <= 1000; i++) {
        raise_error(client, i);
    }
    while (last < 1000) {
        take(client, KAFKA_EVENT_ERROR, &event);
        dropped_count += event.dropped_count;
        CHECK_INT(number_of(&event), last + 1 + (int)event.dropped_count);
        last = number_of(&event);
        taken++;
        kafka_event_release(&event);
    }
    CHECK_INT(taken + (int)dropped_count, 1000);
    kafka_client_free(client);
    kafka_producer_free(producer);
}

/* Of two that alternate: librdkafka reports no failure with the text of the last one. */
static void equal_ones_are_counted(void)
{
    kafka_client *client = NULL;
    kafka_producer *producer = silent_producer(0, &client);
    kafka_event event;
    int i, counts[3] = {0, 0, 0};

    for (i = 0; i < 1000; i++) {
        raise_error(client, 1 + i % 2);
    }
    while (counts[1] + counts[2] < 1000) {
        take(client, KAFKA_EVENT_ERROR, &event);
        CHECK(event.count >= 1);
        CHECK_INT(event.dropped_count, 0);
        counts[number_of(&event)] += (int)event.count;
        kafka_event_release(&event);
    }
    CHECK_INT(counts[1], 500);
    kafka_client_free(client);
    kafka_producer_free(producer);
}

static void a_consumers(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("quiet", 1, &servers);
    kafka_conf *conf = conf_of("group.id", "g", "statistics.interval.ms", "10", "debug", "cgrp",
                               "log_level", "7", END);
    kafka_consumer *consumer = NULL;
    kafka_client *client = NULL;
    kafka_message message;
    kafka_event event;
    uint32_t kinds = KAFKA_EVENT_STATS | KAFKA_EVENT_LOG, seen = 0;

    OK(kafka_conf_set_events(conf, kinds, &err));
    OK(kafka_consumer_new(servers, conf, &consumer, NULL, &err));
    kafka_conf_free(conf);
    OK(kafka_consumer_client(consumer, &client, &err));
    while (seen != kinds) {
        FAILS(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err), KAFKA_ERR_EVENT);
        while (kafka_client_poll_event(client, kinds, &event, &err) == 0) {
            seen |= event.kind;
            if (event.kind == KAFKA_EVENT_STATS) {
                CHECK_INT(event.text[0], '{');
                CHECK_INT(event.text[event.text_len], '\0');
            } else {
                CHECK(event.facility[0] != '\0');
                CHECK(event.level >= 0 && event.level <= 7);
            }
            kafka_event_release(&event);
        }
    }
    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    FAILS(kafka_client_poll_event(client, kinds, &event, &err), KAFKA_ERR_CLOSED);
    kafka_client_free(client);
    kafka_consumer_free(consumer);
    kafka_mock_cluster_free(cluster);
}

struct taker {
    pthread_t thread;
    kafka_client *client;
    kafka_producer *producer;
    volatile int taken;
    int last;
};

static void *take_all(void *argument)
{
    struct taker *taker = (struct taker *)argument;
    kafka_poll_result reported;
    kafka_event event;
    int32_t code;
    while ((code = kafka_producer_poll(taker->producer, -1, &reported, NULL)) != KAFKA_ERR_CLOSED) {
        CHECK_INT(code, KAFKA_ERR_EVENT);
        while (kafka_client_poll_event(taker->client, KAFKA_EVENT_ERROR, &event, NULL) == 0) {
            CHECK(number_of(&event) > taker->last);
            taker->last = number_of(&event);
            taker->taken += 1 + (int)event.dropped_count;
            kafka_event_release(&event);
        }
    }
    return NULL;
}

/* No wake-up is lost, no event is taken twice, and closing ends each wait. */
static void many_threads(void)
{
    kafka_client *client = NULL;
    kafka_producer *producer = silent_producer(KAFKA_EVENT_ERROR, &client);
    struct taker takers[3];
    int64_t deadline = now_ms() + PATIENCE_MS;
    int i, taken = 0;

    memset(takers, 0, sizeof takers);
    for (i = 0; i < 3; i++) {
        takers[i].client = client;
        takers[i].producer = producer;
        CHECK_INT(pthread_create(&takers[i].thread, NULL, take_all, &takers[i]), 0);
    }
    for (i = 1; i <= 500; i++) {
        raise_error(client, i);
        if (i % 50 == 0) {
            sleep_ms(5);
        }
    }
    while (takers[0].taken + takers[1].taken + takers[2].taken < 500) {
        CHECK(now_ms() < deadline);
        sleep_ms(2);
    }
    OK(kafka_producer_close(producer, 0, NULL, NULL, &err));
    for (i = 0; i < 3; i++) {
        CHECK_INT(pthread_join(takers[i].thread, NULL), 0);
        taken += takers[i].taken;
    }
    CHECK_INT(taken, 500);
    kafka_client_free(client);
    kafka_producer_free(producer);
}

int main(void)
{
    masks();
    they_end_a_wait();
    they_end_a_flush_that_waits();
    others_are_there_to_be_taken();
    the_newest_are_kept();
    equal_ones_are_counted();
    a_consumers();
    many_threads();
    return 0;
}
