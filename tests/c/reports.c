/* Delivery reports and back pressure: a program that does not poll stalls no other, and its
 * memory is bounded. */
#include "check.h"

static const char *servers;

static void what_is_not_fetched_takes_room(void)
{
    kafka_producer *producer =
        producer_with(servers, conf_of("queue.buffering.max.messages", "10", END));
    kafka_topic *topic = topic_of(producer, "full");
    kafka_consumer *consumer;
    kafka_poll_result reported;
    kafka_report reports[4];
    size_t report_count = UNTOUCHED;
    uint64_t message_count = UNTOUCHED;
    uint64_t i;

    for (i = 0; i < 10; i++) {
        OK(send_text(producer, topic, 0, "x", i));
    }
    FAILS(send_text(producer, topic, 0, "y", 10), KAFKA_ERR_QUEUE_FULL);

    /* All are delivered although no caller polls. */
    consumer = reader_of(servers, "full", 1);
    for (i = 0; i < 10; i++) {
        expect_text(consumer, "x");
    }
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_len(producer, &message_count, &err));
    CHECK_INT(message_count, 0);
    FAILS(send_text(producer, topic, 0, "y", 10), KAFKA_ERR_QUEUE_FULL);

    /* Each report that is fetched makes room for one. */
    OK(kafka_producer_reports(producer, reports, 3, &report_count, &err));
    CHECK_INT(report_count, 3);
    for (i = 0; i < 3; i++) {
        CHECK_INT(reports[i].opaque, i);
        CHECK_INT(reports[i].offset, i);
        CHECK_INT(reports[i].partition, 0);
        CHECK_INT(reports[i].code, 0);
        CHECK_INT(reports[i].status, KAFKA_MSG_STATUS_PERSISTED);
        CHECK(reports[i].cause == NULL);
        OK(send_text(producer, topic, 0, "x", 10 + i));
    }
    FAILS(send_text(producer, topic, 0, "y", 10), KAFKA_ERR_QUEUE_FULL);
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_poll(producer, 0, &reported, &err));
    CHECK_INT(reported.reported_count, 10);
    CHECK_INT(reported.last_opaque, 12);

    OK(kafka_producer_reports(producer, reports, 4, &report_count, &err));
    CHECK_INT(report_count, 0);
    OK(send_text(producer, topic, 0, "x", 20));
    CHECK_INT(await_reports(producer, 1), 0);
    for (i = 0; i < 4; i++) {
        expect_text(consumer, "x");
    }
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void failures_are_counted_and_say_why(void)
{
    kafka_producer *producer =
        producer_with("127.0.0.1:1", conf_of("message.timeout.ms", "200", END));
    kafka_topic *topic = topic_of(producer, "full");
    kafka_poll_result reported;
    kafka_report reports[4];
    size_t report_count = 0, got = 0;

    OK(send_text(producer, topic, 0, "x", 41));
    OK(send_text(producer, topic, 0, "x", 42));
    OK(kafka_producer_poll(producer, 0, &reported, &err));
    CHECK_INT(reported.reported_count, 0);
    CHECK_INT(await_reports(producer, 2), 2);

    OK(send_text(producer, topic, 0, "x", 43));
    OK(send_text(producer, topic, 0, "x", 44));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    while (got < 2) {
        OK(kafka_producer_reports(producer, reports + got, 4 - got, &report_count, &err));
        got += report_count;
    }
    CHECK_INT(reports[0].opaque, 43);
    CHECK_INT(reports[1].opaque, 44);
    CHECK_INT(reports[0].code, KAFKA_ERR_MSG_TIMED_OUT);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void failures_that_were_not_fetched_are_lost(void)
{
    kafka_producer *producer =
        producer_with("127.0.0.1:1", conf_of("message.timeout.ms", "100", END));
    kafka_topic *topic = topic_of(producer, "full");
    kafka_report report;
    size_t report_count = 0;
    uint64_t lost_count = UNTOUCHED;
    uint64_t i;

    for (i = 0; i < 3; i++) {
        OK(send_text(producer, topic, 0, "x", i));
    }
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_reports(producer, &report, 1, &report_count, &err));
    CHECK_INT(report_count, 1);
    FAILS(kafka_producer_close(producer, 0, &lost_count, NULL, &err), KAFKA_ERR_TIMED_OUT);
    CHECK_INT(lost_count, 2);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void waiting_ends_in_time_and_at_the_first_report(void)
{
    kafka_producer *producer = producer_with(servers, conf_of("linger.ms", "0", END));
    kafka_topic *topic = topic_of(producer, "full");
    kafka_poll_result reported;
    int64_t start = now_ms();

    OK(kafka_producer_poll(producer, 200, &reported, &err));
    CHECK_INT(reported.reported_count, 0);
    CHECK(now_ms() - start >= 199);
    OK(send_text(producer, topic, 0, "x", 1));
    start = now_ms();
    OK(kafka_producer_poll(producer, PATIENCE_MS, &reported, &err));
    CHECK_INT(reported.reported_count, 1);
    CHECK(now_ms() - start < PATIENCE_MS / 2);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void only_errors_if_that_is_wanted(void)
{
    kafka_producer *producer = producer_with(
        servers, conf_of("delivery.report.only.error", "true", "message.timeout.ms", "10000",
                         "queue.buffering.max.messages", "5", END));
    kafka_topic *topic = topic_of(producer, "full");
    kafka_poll_result reported;
    int i, round;

    /* Successes are not reported, so they take no room once delivered. */
    for (round = 0; round < 3; round++) {
        for (i = 0; i < 5; i++) {
            OK(send_text(producer, topic, 0, "x", 1));
        }
        OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    }
    OK(kafka_producer_poll(producer, 0, &reported, &err));
    CHECK_INT(reported.reported_count, 0);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

/* A fire-and-forget program never stalls, and its failures are counted all the same. */
static void messages_without_a_report_take_no_room_once_reported(void)
{
    kafka_producer *producer =
        producer_with(servers, conf_of("queue.buffering.max.messages", "5", END));
    kafka_topic *topic = topic_of(producer, "full");
    kafka_report report;
    kafka_poll_result reported;
    kafka_counters counters;
    size_t report_count = UNTOUCHED;
    uint64_t count = UNTOUCHED;
    int i, sent = 0;

    while (sent < 30) {
        int32_t code = send_text(producer, topic, 0, "x", KAFKA_OPAQUE_NO_REPORT);
        if (code == KAFKA_ERR_QUEUE_FULL) {
            OK(kafka_producer_wait_for_room(producer, PATIENCE_MS, &err));
            continue;
        }
        CHECK_INT(code, 0);
        sent++;
    }
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_counters(producer, &counters, &err));
    CHECK_INT(counters.queued, 30);
    CHECK_INT(counters.delivered, 30);
    OK(kafka_producer_reports(producer, &report, 1, &report_count, &err));
    CHECK_INT(report_count, 0);
    kafka_topic_free(topic);
    kafka_producer_free(producer);

    producer = producer_with("127.0.0.1:1", conf_of("message.timeout.ms", "100", END));
    topic = topic_of(producer, "full");
    for (i = 0; i < 4; i++) {
        OK(send_text(producer, topic, 0, "x", KAFKA_OPAQUE_NO_REPORT));
    }
    OK(kafka_producer_wait(producer, PATIENCE_MS, &err));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_unreported_failures(producer, &count, &err));
    CHECK_INT(count, 4);
    /* All four are to be passed on; two of them have been. */
    OK(kafka_producer_set_unsettled(producer, 4, &err));
    OK(kafka_producer_set_unsettled(producer, 2, &err));
    OK(kafka_producer_unreported_failures(producer, &count, &err));
    CHECK_INT(count, 0);
    OK(send_text(producer, topic, 0, "x", KAFKA_OPAQUE_NO_REPORT));
    OK(kafka_producer_poll(producer, PATIENCE_MS, &reported, &err));
    CHECK_INT(reported.reported_count, 1);
    CHECK_INT(reported.failed_count, 1);
    CHECK(reported.last_opaque == KAFKA_OPAQUE_NONE);
    OK(send_text(producer, topic, 0, "x", KAFKA_OPAQUE_NO_REPORT));
    FAILS(kafka_producer_close(producer, 0, &count, NULL, &err), KAFKA_ERR_TIMED_OUT);
    CHECK_INT(count, 3);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void a_report_has_all_there_is(void)
{
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topics[2];
    kafka_report reports[4];
    size_t report_count = 0, i;

    topics[0] = topic_of(producer, "full");
    topics[1] = topic_of(producer, "other");
    OK(send_text(producer, topics[0], 0, "x", 0));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_set_report_timestamps(producer, 1, &err));
    for (i = 1; i < 4; i++) {
        OK(send_text(producer, topics[i % 2], 0, "x", i));
        OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    }
    OK(kafka_producer_reports(producer, reports, 4, &report_count, &err));
    CHECK_INT(report_count, 4);
    /* The names outlive the topics' handles. */
    kafka_topic_free(topics[0]);
    kafka_topic_free(topics[1]);
    for (i = 0; i < 4; i++) {
        CHECK_INT(reports[i].opaque, i);
        CHECK_TEXT(reports[i].topic, i % 2 ? "other" : "full");
        CHECK_INT(reports[i].partition, 0);
        CHECK_INT(reports[i].code, 0);
        CHECK((reports[i].timestamp > 0) == (i > 0));
        CHECK(i == 0 ? reports[i].latency_us == -1
                     : reports[i].latency_us > 0 && reports[i].latency_us < PATIENCE_MS * 1000);
    }
    CHECK(reports[0].topic == reports[2].topic);
    kafka_producer_free(producer);
}

static void what_is_purged_is_reported(void)
{
    kafka_producer *producer = producer_with("127.0.0.1:1", NULL);
    kafka_topic *topic = topic_of(producer, "full");
    kafka_report report;
    size_t report_count = 0;

    FAILS(kafka_producer_purge(producer, 0, NULL, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_producer_purge(producer, KAFKA_PURGE_NON_BLOCKING, NULL, &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_producer_purge(producer, KAFKA_PURGE_QUEUE | 8, NULL, &err), KAFKA_ERR_INVALID_ARGUMENT);
    OK(send_text(producer, topic, 0, "x", 1));
    OK(kafka_producer_purge(producer, KAFKA_PURGE_INFLIGHT, NULL, &err));
    FAILS(kafka_producer_wait(producer, 50, &err), KAFKA_ERR_TIMED_OUT);
    OK(kafka_producer_reports(producer, &report, 1, &report_count, &err));
    CHECK_INT(report_count, 0);
    OK(kafka_producer_purge(producer, KAFKA_PURGE_QUEUE, NULL, &err));
    OK(kafka_producer_wait(producer, PATIENCE_MS, &err));
    OK(kafka_producer_reports(producer, &report, 1, &report_count, &err));
    CHECK_INT(report_count, 1);
    CHECK_INT(report.code, KAFKA_ERR_PURGE_QUEUE);
    CHECK_INT(report.status, KAFKA_MSG_STATUS_NOT_PERSISTED);
    CHECK_TEXT(report.topic, "full");
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

static void what_was_sent_may_have_arrived(kafka_mock_cluster *cluster)
{
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "full");
    kafka_report report;
    size_t report_count = 0;

    OK(send_text(producer, topic, 0, "x", 0));
    CHECK_INT(await_reports(producer, 1), 0);
    OK(kafka_mock_cluster_set_rtt(cluster, 1, PATIENCE_MS, &err));
    OK(send_text(producer, topic, 0, "x", 1));
    while (report_count == 0) {
        /* Once it is under way. */
        OK(kafka_producer_purge(producer, KAFKA_PURGE_INFLIGHT, NULL, &err));
        OK(kafka_producer_reports(producer, &report, 1, &report_count, &err));
        sleep_ms(10);
    }
    CHECK_INT(report.code, KAFKA_ERR_PURGE_INFLIGHT);
    CHECK_INT(report.status, KAFKA_MSG_STATUS_POSSIBLY_PERSISTED);
    OK(kafka_mock_cluster_set_rtt(cluster, 1, 0, &err));
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

/* A report names the broker that could not be reached. */
static void a_failure_says_why(void)
{
    kafka_producer *producer =
        producer_with("127.0.0.1:1", conf_of("message.timeout.ms", "500", END));
    kafka_topic *topic = topic_of(producer, "t");
    kafka_report report;
    size_t report_count = 0;

    OK(send_text(producer, topic, 0, "x", 7));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_reports(producer, &report, 1, &report_count, &err));
    CHECK_INT(report_count, 1);
    CHECK_INT(report.code, KAFKA_ERR_MSG_TIMED_OUT);
    CHECK_TEXT(report.topic, "t");
    CHECK_TEXT(report.cause, "127.0.0.1:1: Connection refused");
    /* What its caller gave up needs no explanation. */
    OK(send_text(producer, topic, 0, "x", 8));
    OK(kafka_producer_purge(producer, KAFKA_PURGE_QUEUE, NULL, &err));
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    OK(kafka_producer_reports(producer, &report, 1, &report_count, &err));
    CHECK_INT(report_count, 1);
    CHECK_INT(report.code, KAFKA_ERR_PURGE_QUEUE);
    CHECK(report.cause == NULL);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
}

int main(void)
{
    kafka_mock_cluster *cluster = cluster_with("full", 1, &servers);
    what_is_not_fetched_takes_room();
    failures_are_counted_and_say_why();
    failures_that_were_not_fetched_are_lost();
    waiting_ends_in_time_and_at_the_first_report();
    only_errors_if_that_is_wanted();
    OK(kafka_mock_cluster_create_topic(cluster, "other", 1, 1, &err));
    messages_without_a_report_take_no_room_once_reported();
    a_report_has_all_there_is();
    what_is_purged_is_reported();
    what_was_sent_may_have_arrived(cluster);
    a_failure_says_why();
    kafka_mock_cluster_free(cluster);
    return 0;
}
