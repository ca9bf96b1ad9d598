/* After closing every call says so, touches nothing, and freeing still works. */
#include "check.h"

int main(void)
{
    const char *servers, *untouched_servers = (const char *)(intptr_t)UNTOUCHED;
    kafka_mock_cluster *cluster = cluster_with("closed", 1, &servers);
    kafka_producer *producer = producer_with(servers, NULL);
    kafka_topic *topic = topic_of(producer, "closed");
    kafka_topic *no_topic = (kafka_topic *)(intptr_t)UNTOUCHED;
    kafka_consumer *consumer = reader_of(servers, "closed", 1);
    kafka_partitions *partitions = NULL;
    kafka_poll_result reported;
    kafka_report report;
    kafka_message message;
    size_t report_count = UNTOUCHED;
    uint64_t message_count = UNTOUCHED, lost_count = UNTOUCHED;
    int32_t code = 1;

    memset(&reported, 0x5a, sizeof reported);
    memset(&message, 0x5a, sizeof message);
    OK(kafka_partitions_new(&partitions, &err));
    OK(kafka_partitions_add(partitions, "closed", 0, 0, &err));

    OK(kafka_producer_close(producer, 0, NULL, NULL, &err));
    FAILS(kafka_producer_create_topic(producer, "t", NULL, &no_topic, &err), KAFKA_ERR_CLOSED);
    FAILS(send_text(producer, topic, 0, "x", 0), KAFKA_ERR_CLOSED);
    FAILS(kafka_producer_poll(producer, -1, &reported, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_producer_reports(producer, &report, 1, &report_count, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_producer_flush(producer, -1, NULL, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_producer_len(producer, &message_count, &err), KAFKA_ERR_CLOSED);
    OK(kafka_producer_close(producer, -1, &lost_count, NULL, &err));
    CHECK_INT(lost_count, 0);
    CHECK(no_topic == (kafka_topic *)(intptr_t)UNTOUCHED);
    CHECK(reported.reported_count == UINT64_C(0x5a5a5a5a5a5a5a5a));
    CHECK_INT(report_count, UNTOUCHED);
    CHECK_INT(message_count, UNTOUCHED);
    kafka_topic_free(topic);
    kafka_producer_free(producer);

    OK(kafka_consumer_close(consumer, PATIENCE_MS, NULL, &err));
    FAILS(kafka_consumer_subscribe(consumer, partitions, NULL, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_consumer_assign(consumer, partitions, NULL, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_consumer_assign(consumer, NULL, NULL, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_consumer_poll(consumer, -1, &message, &err), KAFKA_ERR_CLOSED);
    OK(kafka_consumer_close(consumer, -1, NULL, &err));
    CHECK_INT(message.process, 0x5a5a5a5a);
    kafka_consumer_free(consumer);

    OK(kafka_mock_cluster_close(cluster, &err));
    FAILS(kafka_mock_cluster_bootstrap_servers(cluster, &untouched_servers, &err),
          KAFKA_ERR_CLOSED);
    CHECK(untouched_servers == (const char *)(intptr_t)UNTOUCHED);
    FAILS(kafka_mock_cluster_create_topic(cluster, "t", 1, 1, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_mock_cluster_broker_down(cluster, 1, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_mock_cluster_broker_up(cluster, 1, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_mock_cluster_set_rtt(cluster, 1, 1, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_mock_cluster_push_errors(cluster, 0, &code, 1, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_mock_cluster_set_leader(cluster, "closed", 0, 1, &err), KAFKA_ERR_CLOSED);
    OK(kafka_mock_cluster_close(cluster, &err));
    /* Owned by the cluster until it is freed, closed or not. */
    CHECK(strncmp(servers, "127.0.0.1:", 10) == 0);
    kafka_mock_cluster_free(cluster);
    kafka_partitions_free(partitions);
    return 0;
}
