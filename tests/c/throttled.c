/* throttled BROKERS TOPIC: a broker that asks for patience, which is an event. It throttles whoever
 * calls itself "throttled", by 250 ms. */
#include "check.h"

int main(int argc, char **argv)
{
    kafka_conf *conf = conf_of("client.id", "throttled", END);
    kafka_producer *producer;
    kafka_client *client = NULL;
    kafka_topic *topic;
    kafka_reported reported;
    kafka_event event;

    CHECK_INT(argc, 3);
    OK(kafka_conf_set_events(conf, KAFKA_EVENT_THROTTLE, &err));
    producer = producer_with(argv[1], conf);
    OK(kafka_producer_client(producer, &client, &err));
    topic = topic_of(producer, argv[2]);
    OK(send_text(producer, topic, 0, "x", 1));

    /* It ends a wait, and is told before the report of the message that it came with. */
    FAILS(kafka_producer_poll(producer, PATIENCE_MS, &reported, &err), KAFKA_ERR_EVENT);
    OK(kafka_client_event(client, KAFKA_EVENT_THROTTLE, &event, &err));
    CHECK_INT(event.kind, KAFKA_EVENT_THROTTLE);
    CHECK_INT(event.throttle_ms, 250);
    CHECK_INT(event.code, 0);
    CHECK(event.level >= 0);
    CHECK(strstr(event.text, argv[1]) != NULL);
    CHECK_INT(event.text_len, strlen(event.text));
    kafka_event_release(&event);
    CHECK_INT(await_reports(producer, 1), 0);

    kafka_topic_free(topic);
    kafka_producer_free(producer);
    return 0;
}
