/* Thousands of producers and consumers come and go, and leave nothing behind: no memory, no
 * thread, no descriptor. */
#include "check.h"

#include <dirent.h>

struct usage {
    long resident_kib, threads, descriptors;
};

static struct usage measure(void)
{
    struct usage usage;
    DIR *directory = opendir("/proc/self/fd");
    CHECK(directory != NULL);
    usage.descriptors = 0;
    while (readdir(directory) != NULL) {
        usage.descriptors++;
    }
    closedir(directory);
    usage.resident_kib = status_of("VmRSS:");
    usage.threads = status_of("Threads:");
    return usage;
}

/* What was freed ends on threads of the library, which get the time to. */
static struct usage settled(long threads)
{
    struct usage usage = measure();
    int i;
    for (i = 0; i < 100 && usage.threads > threads; i++) {
        sleep_ms(100);
        usage = measure();
    }
    return usage;
}

static void come_and_go(const char *servers, int with_messages)
{
    kafka_producer *producer =
        producer_with(servers, conf_of("linger.ms", "0", "message.timeout.ms", "5000", END));
    kafka_topic *topic = topic_of(producer, "objects");
    kafka_consumer *consumer;
    if (with_messages) {
        OK(send_text(producer, topic, 0, "x", 1));
        CHECK_INT(await_reports(producer, 1), 0);
    }
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    consumer = reader_of(servers, "objects", 1);
    if (with_messages) {
        expect_text(consumer, "x");
    }
    kafka_consumer_free(consumer);
}

static void pairs_come_and_go(int pair_count, const char *servers)
{
    int i;
    for (i = 0; i < pair_count; i++) {
        /* Most have no time to connect; some do their work. */
        come_and_go(i % 2 == 0 ? servers : "127.0.0.1:1", i % 20 == 0);
    }
}

int main(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("objects", 1, &servers);
    int pair_count = 3000;
    long threads = measure().threads, growth_kib, limit_kib = 1024 + pair_count / 5;
    int round = 0;

    pairs_come_and_go(pair_count / 10, servers);
    /* The allocator takes memory for good now and then, as for another of its arenas; a leak does so in each round. */
    do {
        struct usage before = settled(threads), after;
        int64_t start = now_ms();
        pairs_come_and_go(pair_count, servers);
        after = settled(threads);
        printf("%d producers and as many consumers: %.2f ms each pair, %ld -> %ld KiB, "
               "%ld -> %ld threads, %ld -> %ld descriptors\n",
               pair_count, (double)(now_ms() - start) / pair_count, before.resident_kib,
               after.resident_kib, before.threads, after.threads, before.descriptors,
               after.descriptors);
        CHECK(after.threads <= before.threads);
        CHECK(after.descriptors <= before.descriptors);
        growth_kib = after.resident_kib - before.resident_kib;
    } while (growth_kib >= limit_kib && ++round < 3);
    /* A hundred bytes for each object would be more than this. */
    CHECK(growth_kib < limit_kib);
    kafka_mock_cluster_free(cluster);
    return 0;
}
