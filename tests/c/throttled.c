/* throttled BROKERS TOPIC CLIENT_ID: a broker delays its answers to a client that exceeds its quota of 1 KiB a second,
 * which is an event. */
#include "check.h"

int main(int argc, char **argv)
{
    kafka_conf *conf = conf_of("client.id", argv[3], END);
    kafka_producer *producer;
    kafka_client *client = NULL;
    kafka_topic *topic;
    kafka_poll_result reported;
    kafka_event event;
    int32_t code;
    static char value[16 * 1024];

    CHECK_INT(argc, 4);
    memset(value, 'x', sizeof value);
    OK(kafka_conf_set_events(conf, KAFKA_EVENT_THROTTLE, &err));
    producer = producer_with(argv[1], conf);
    OK(kafka_producer_client(producer, &client, &err));
    topic = topic_of(producer, argv[2]);
    OK(kafka_producer_send(producer, topic, 0, NULL, 0, value, sizeof value, 1, &err));

    /* It ends a wait. The report of the message that it came with may be there before. */
    code = kafka_producer_poll(producer, PATIENCE_MS, &reported, &err);
    if (code == 0) {
        CHECK_INT(reported.reported_count, 1);
        CHECK_INT(reported.failed_count, 0);
        FAILS(kafka_producer_wait(producer, PATIENCE_MS, &err), KAFKA_ERR_EVENT);
    }
    OK(kafka_client_poll_event(client, KAFKA_EVENT_THROTTLE, &event, &err));
    CHECK_INT(event.kind, KAFKA_EVENT_THROTTLE);
    CHECK(event.throttle_ms > 0);
    CHECK_INT(event.code, 0);
    CHECK(event.level >= 0);
    CHECK(strstr(event.text, argv[1]) != NULL);
    CHECK_INT(event.text_len, strlen(event.text));
    kafka_event_release(&event);
    if (code != 0) {
        CHECK_INT(code, KAFKA_ERR_EVENT);
        CHECK_INT(await_reports(producer, 1), 0);
    }

    kafka_client_free(client);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    return 0;
}
