/* Closing keeps its time: beside threads that wait inside, and where a name server does not answer. */
#include "waiter.h"

#include <dlfcn.h>
#include <netdb.h>

#define WAITER_COUNT 3
#define TIMEOUT_MS 60
#define LATE_MS 50
/* A busy machine is late, but not each time. */
#define TRY_COUNT 5

static volatile int name_server_is_silent, silent_count;

typedef int (*resolve)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* The program's own comes before libc's. */
#ifdef __cplusplus
extern "C"
#endif
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    resolve real = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name_server_is_silent) {
        silent_count++;
    }
    while (name_server_is_silent) {
        sleep_ms(5);
    }
    return real(name, service, hints, result);
}

static void *wait_for_messages(void *argument)
{
    struct waiter *waiter = (struct waiter *)argument;
    kafka_batch *batch;
    waiter->last = kafka_consumer_consume((kafka_consumer *)waiter->object, 10, -1, &batch, NULL);
    return NULL;
}

static void *wait_for_report(void *argument)
{
    struct waiter *waiter = (struct waiter *)argument;
    kafka_poll_result reported;
    waiter->last = kafka_producer_poll((kafka_producer *)waiter->object, -1, &reported, NULL);
    return NULL;
}

static void *wait_for_delivery(void *argument)
{
    struct waiter *waiter = (struct waiter *)argument;
    waiter->last = kafka_producer_flush((kafka_producer *)waiter->object, -1, NULL, NULL);
    return NULL;
}

static void begin(struct waiter *waiters, void *object, void *(*wait)(void *))
{
    int i;
    for (i = 0; i < WAITER_COUNT; i++) {
        start_waiting(&waiters[i], object, wait);
    }
    sleep_ms(150);
}

static void end(struct waiter *waiters)
{
    int i;
    for (i = 0; i < WAITER_COUNT; i++) {
        expect_end_of_wait(&waiters[i]);
    }
}

static int64_t consumer_close_took(const char *servers, void *(*wait)(void *), int32_t timeout_ms)
{
    struct waiter waiters[WAITER_COUNT];
    kafka_consumer *consumer = reader_of(servers, "t", 1);
    int64_t start;
    begin(waiters, consumer, wait);
    start = now_ms();
    (void)kafka_consumer_close(consumer, timeout_ms, NULL, NULL);
    start = now_ms() - start;
    end(waiters);
    kafka_consumer_free(consumer);
    return start;
}

/* One message that no broker takes. */
static kafka_producer *burdened_producer(const char *servers)
{
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "t");
    OK(send_text(producer, topic, 0, "x", 7));
    kafka_topic_free(topic);
    return producer;
}

static int64_t producer_close_took(const char *servers, void *(*wait)(void *), int32_t timeout_ms)
{
    struct waiter waiters[WAITER_COUNT];
    kafka_producer *producer = burdened_producer(servers);
    uint64_t lost_count = UNTOUCHED;
    int64_t start;
    begin(waiters, producer, wait);
    start = now_ms();
    FAILS(kafka_producer_close(producer, timeout_ms, &lost_count, NULL, &err), KAFKA_ERR_TIMED_OUT);
    start = now_ms() - start;
    CHECK_INT(lost_count, 1);
    end(waiters);
    kafka_producer_free(producer);
    return start;
}

/* The thread that has the message waits for the name server. */
static int64_t unresolved_close_took(int32_t timeout_ms)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer =
        producer_with(servers, conf_of("broker.address.ttl", "0", "reconnect.backoff.ms", "0",
                                       "reconnect.backoff.max.ms", "0", END));
    kafka_topic *topic = topic_of(producer, "t");
    uint64_t lost_count = UNTOUCHED;
    int64_t start;

    OK(send_text(producer, topic, 0, "delivered", 0));
    CHECK_INT(await_reports(producer, 1), 0);
    silent_count = 0;
    name_server_is_silent = 1;
    OK(kafka_mock_cluster_broker_down(cluster, 1, &err));
    while (silent_count == 0) {
        sleep_ms(5);
    }
    OK(send_text(producer, topic, 0, "not delivered", 1));
    start = now_ms();
    FAILS(kafka_producer_close(producer, timeout_ms, &lost_count, NULL, &err), KAFKA_ERR_TIMED_OUT);
    start = now_ms() - start;
    CHECK_INT(lost_count, 1);
    name_server_is_silent = 0;
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
    return start;
}

#define KEPT(took_ms, timeout_ms)                                        \
    do {                                                                 \
        int64_t took = 0;                                                \
        int tries;                                                       \
        for (tries = 0; tries < TRY_COUNT; tries++) {                    \
            took = took_ms;                                              \
            if (took <= (timeout_ms) + LATE_MS) {                        \
                break;                                                   \
            }                                                            \
        }                                                                \
        if (tries == TRY_COUNT) {                                        \
            fprintf(stderr, "%s: %" PRId64 " ms, at %d\n", #took_ms, took, timeout_ms); \
            exit(1);                                                     \
        }                                                                \
    } while (0)

int main(void)
{
    const char *servers;
    const char *nowhere = "127.0.0.1:1";
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    int32_t timeouts[] = {0, TIMEOUT_MS};
    size_t i;
    for (i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        int32_t timeout_ms = timeouts[i];
        KEPT(consumer_close_took(servers, wait_for_message, timeout_ms), timeout_ms);
        KEPT(consumer_close_took(servers, wait_for_messages, timeout_ms), timeout_ms);
        KEPT(producer_close_took(nowhere, wait_for_report, timeout_ms), timeout_ms);
        KEPT(producer_close_took(nowhere, wait_for_delivery, timeout_ms), timeout_ms);
        KEPT(unresolved_close_took(timeout_ms), timeout_ms);
    }
    kafka_mock_cluster_free(cluster);
    return 0;
}
