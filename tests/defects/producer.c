/* A producer: what is sent is sent, reported and counted, whatever else is asked of it. */
#include "broken.h"

/* With a record accumulator. */
static kafka_producer *buffered(const char *servers, size_t bytes, kafka_conf *conf)
{
    OK(kafka_conf_set_buffer_memory(conf, bytes, &err));
    return producer_with(servers, conf);
}

static void send_zeros(kafka_producer *producer, kafka_topic *topic, int count, size_t value_len, uint64_t opaque)
{
    static const char zeros[4000];
    int i;
    CHECK(value_len <= sizeof zeros);
    for (i = 0; i < count; i++) {
        OK(kafka_producer_send(producer, topic, 0, NULL, 0, zeros, value_len, opaque, &err));
    }
}

static void deliver_first(kafka_producer *producer, kafka_topic *topic)
{
    OK(send_text(producer, topic, 0, "first", 0));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    CHECK_INT(await_reports(producer, 1), 0);
}

/* Sends, purges, flushes, and sends again, until some of those that were sent last fail; how many did, 0 after a thousand rounds. Mostly
 * one round in two goes wrong, but on a busy machine a hundred have gone right by chance. */
static uint64_t failed_behind_purges(uint64_t opaque)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer = buffered(servers, 4 * 1024 * 1024, conf_of("linger.ms", "20", END));
    kafka_topic *topic = topic_of(producer, "t");
    kafka_counters before, after;
    kafka_poll_result reported;
    uint64_t failed = 0;
    int round;
    deliver_first(producer, topic);
    for (round = 0; failed == 0 && round < 1000; round++) {
        send_zeros(producer, topic, 100, 4000, opaque);
        OK(kafka_producer_purge(producer, KAFKA_PURGE_QUEUE, NULL, &err));
        OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
        OK(kafka_producer_poll(producer, 0, &reported, &err));
        OK(kafka_producer_counters(producer, &before, &err));
        send_zeros(producer, topic, 64, 4000, opaque);
        OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
        OK(kafka_producer_poll(producer, 0, &reported, &err));
        OK(kafka_producer_counters(producer, &after, &err));
        failed += after.failed - before.failed;
    }
    OK(kafka_producer_close(producer, PATIENCE_MS, NULL, NULL, &err));
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
    return failed;
}

static void purge_and_send(void)
{
    uint64_t failed = failed_behind_purges(1);
    BREAKS_UNLESS(failed == 0, "%" PRIu64 " messages were given up that were sent after a purge and a flush", failed);
}

static void purge_and_send_unreported(void)
{
    uint64_t failed = failed_behind_purges(KAFKA_OPAQUE_NO_REPORT);
    BREAKS_UNLESS(failed == 0, "%" PRIu64 " messages were given up that were sent after a purge and a flush", failed);
}

/* 49 of 50 were lost. */
static void purge_nothing_and_send(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer = producer_with(servers, conf_of("linger.ms", "100", END));
    kafka_topic *topic = topic_of(producer, "t");
    uint64_t failed = 0;
    int round;
    deliver_first(producer, topic);
    for (round = 0; round < 50; round++) {
        OK(kafka_producer_purge(producer, KAFKA_PURGE_QUEUE, NULL, &err));
        OK(send_text(producer, topic, 0, "later", 1));
        OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
        failed += await_reports(producer, 1);
    }
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
    BREAKS_UNLESS(failed == 0, "%d of 50 messages were given up that were sent when a purge had returned", (int)failed);
}

/* librdkafka has room for two thirds of the messages, and linger.ms is long. */
static kafka_producer *lingering(const char *servers)
{
    return buffered(servers, 256 * 1024,
                    conf_of("queue.buffering.max.kbytes", "64", "linger.ms", "3000", END));
}

static void flush_at_once(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer = lingering(servers);
    kafka_topic *topic = topic_of(producer, "t");
    int64_t start;
    int took_ms;
    deliver_first(producer, topic);
    send_zeros(producer, topic, 100, 1000, 1);
    start = now_ms();
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    took_ms = (int)(now_ms() - start);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
    BREAKS_UNLESS(took_ms < 2000, "flush took %d ms before a broker that answers at once", took_ms);
}

static void close_loses_nothing(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer = lingering(servers);
    kafka_topic *topic = topic_of(producer, "t");
    uint64_t lost = 0;
    int32_t code;
    deliver_first(producer, topic);
    send_zeros(producer, topic, 100, 1000, 1);
    code = kafka_producer_close(producer, 2000, &lost, NULL, &err);
    CHECK(code == 0 || code == KAFKA_ERR_TIMED_OUT);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
    BREAKS_UNLESS(lost == 0, "close gave up %d of 100 messages before a broker that answers at once", (int)lost);
}

/* More than librdkafka ever has room for: it is refused when it is sent, or reported as failed. */
static void large_blocks_none(void)
{
    static const char large[20000];
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 1, &servers);
    kafka_producer *producer =
        buffered(servers, 256 * 1024,
                     conf_of("queue.buffering.max.kbytes", "16", "linger.ms", "1", "message.timeout.ms", "1000", END));
    kafka_topic *topic = topic_of(producer, "t");
    uint64_t left = 0;
    (void)kafka_producer_send(producer, topic, 0, NULL, 0, large, sizeof large, 1, &err);
    OK(send_text(producer, topic, 0, "small", 2));
    (void)kafka_producer_flush(producer, 5000, NULL, &err);
    OK(kafka_producer_len(producer, &left, &err));
    kafka_topic_free(topic);
    (void)kafka_producer_close(producer, 0, NULL, NULL, &err);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
    BREAKS_UNLESS(left == 0, "%d messages are neither delivered nor failed 5 s later, one of them too large", (int)left);
}

/* The caller says how many failures are not passed on, whatever it said before: never fewer than none. */
static void lost_is_a_count(void)
{
    kafka_producer *producer = producer_with("127.0.0.1:1", NULL);
    kafka_topic *topic = topic_of(producer, "t");
    kafka_poll_result reported;
    uint64_t lost = 0;
    OK(send_text(producer, topic, 0, "x", 0));
    OK(kafka_producer_purge(producer, KAFKA_PURGE_QUEUE | KAFKA_PURGE_INFLIGHT, NULL, &err));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_set_unsettled(producer, 1, &err));
    OK(kafka_producer_set_unsettled(producer, 0, &err));
    OK(kafka_producer_poll(producer, 0, &reported, &err));
    CHECK_INT(reported.failed_count, 1);
    (void)kafka_producer_close(producer, 1000, &lost, NULL, &err);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    BREAKS_UNLESS(lost == 0, "close counts %" PRIu64 " lost messages of 1, which was reported", lost);
}

static void absurd_buffer_memory(void)
{
    kafka_conf *conf = conf_of("linger.ms", "1", END);
    kafka_producer *producer = NULL;
    int32_t code = kafka_conf_set_buffer_memory(conf, SIZE_MAX, &err);
    if (code == 0) {
        code = kafka_producer_new("127.0.0.1:1", conf, &producer, NULL, &err);
    }
    kafka_conf_free(conf);
    kafka_producer_free(producer);
    BREAKS_UNLESS(code == KAFKA_ERR_INVALID_ARGUMENT, "SIZE_MAX bytes of buffer memory: %s", kafka_err_name(code));
}

int main(int argc, char **argv)
{
    static const scenario scenarios[] = {
        SCENARIO(purge_and_send),   SCENARIO(purge_and_send_unreported), SCENARIO(purge_nothing_and_send),
        SCENARIO(flush_at_once),    SCENARIO(close_loses_nothing),    SCENARIO(large_blocks_none),
        SCENARIO(lost_is_a_count),  SCENARIO(absurd_buffer_memory),
    };
    CHECK(argc == 2);
    return run_scenario(scenarios, sizeof scenarios / sizeof *scenarios, argv[1]);
}
