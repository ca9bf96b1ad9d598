/* An event loop begins to leave a group without a wait for librdkafka's threads. */
#include "check.h"

#include <sys/resource.h>

/* Nothing listens there. */
#define NOWHERE "127.0.0.1:1"
#define COUNT 40

static kafka_consumer *member(void)
{
    kafka_consumer *consumer = NULL;
    kafka_partitions *topics = NULL;
    kafka_conf *conf = conf_of("group.id", "g", END);
    OK(kafka_conf_set_events(conf, KAFKA_EVENT_REBALANCE, &err));
    OK(kafka_consumer_new(NOWHERE, conf, &consumer, NULL, &err));
    kafka_conf_free(conf);
    OK(kafka_partitions_new(&topics, &err));
    OK(kafka_partitions_add(topics, "t", -1, KAFKA_OFFSET_INVALID, &err));
    OK(kafka_consumer_subscribe(consumer, topics, NULL, &err));
    kafka_partitions_free(topics);
    return consumer;
}

/* How often this thread has given its processor away by itself, as each wait for another thread does. */
static long waits(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_THREAD, &usage) == 0);
    return usage.ru_nvcsw;
}

int main(void)
{
    int slept = 0, i;
    for (i = 0; i < COUNT; i++) {
        kafka_consumer *consumer = member();
        long before = waits();
        int32_t code = kafka_consumer_leave(consumer, 0, &err);
        slept += waits() != before;
        CHECK(code == 0 || code == KAFKA_ERR_TIMED_OUT);
        OK(kafka_consumer_leave(consumer, PATIENCE_MS, &err));
        kafka_consumer_free(consumer);
    }
    /* Any call may find a lock taken. */
    if (slept > COUNT / 4) {
        fprintf(stderr, "%d of %d calls waited\n", slept, COUNT);
        return 1;
    }
    return 0;
}
