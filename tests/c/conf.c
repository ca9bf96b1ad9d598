/* Configurations: what is set can be read, what is refused changes nothing. */
#include "check.h"

static void what_is_set_can_be_read(void)
{
    char value[64];
    size_t value_len = UNTOUCHED;
    kafka_conf *conf = conf_of("client.id", "somebody", "linger.ms", "12.5", END);

    OK(kafka_conf_get(conf, "client.id", value, sizeof value, &value_len, &err));
    CHECK_TEXT(value, "somebody");
    CHECK_INT(value_len, 8);
    /* As librdkafka understood it. */
    OK(kafka_conf_get(conf, "linger.ms", value, sizeof value, NULL, &err));
    CHECK_TEXT(value, "12.5");
    OK(kafka_conf_set(conf, "queue.buffering.max.ms", "3", &err));
    OK(kafka_conf_get(conf, "linger.ms", value, sizeof value, NULL, &err));
    CHECK_TEXT(value, "3");
    kafka_conf_free(conf);
}

static void the_room_for_a_value(void)
{
    char value[9];
    size_t value_len = UNTOUCHED;
    kafka_conf *conf = conf_of("client.id", "somebody", END);

    memset(value, 'x', sizeof value);
    FAILS(kafka_conf_get(conf, "client.id", value, 8, &value_len, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_INT(value[0], 'x');
    CHECK_INT(value_len, UNTOUCHED);
    FAILS(kafka_conf_get(conf, "client.id", value, 0, &value_len, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_conf_get(conf, "client.id", NULL, 9, &value_len, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    OK(kafka_conf_get(conf, "client.id", NULL, 0, &value_len, &err));
    CHECK_INT(value_len, 8);
    OK(kafka_conf_get(conf, "client.id", value, 9, &value_len, &err));
    CHECK_TEXT(value, "somebody");
    kafka_conf_free(conf);
}

static void what_is_refused_changes_nothing(void)
{
    char before[32], after[32];
    size_t value_len = UNTOUCHED;
    kafka_conf *conf = conf_of(END);

    OK(kafka_conf_get(conf, "message.max.bytes", before, sizeof before, NULL, &err));
    FAILS(kafka_conf_set(conf, "message.max.bytes", "1", &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "Configuration property \"message.max.bytes\" value 1 is outside "
                            "allowed range 1000..1000000000\n");
    OK(kafka_conf_get(conf, "message.max.bytes", after, sizeof after, NULL, &err));
    CHECK_TEXT(after, before);

    FAILS(kafka_conf_set(conf, "no.such.thing", "1", &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "No such configuration property: \"no.such.thing\"");
    FAILS(kafka_conf_set(conf, "", "1", &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_conf_get(conf, "no.such.thing", before, sizeof before, &value_len, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_conf_get(conf, "group.id", before, sizeof before, &value_len, &err),
          KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_INT(value_len, UNTOUCHED);
    kafka_conf_free(conf);
}

static void topics_have_properties_of_their_own(void)
{
    char value[32];
    kafka_conf *conf = conf_of("acks", "1", END);
    kafka_topic_conf *topic_conf = NULL;

    OK(kafka_topic_conf_new(&topic_conf, &err));
    OK(kafka_topic_conf_set(topic_conf, "message.timeout.ms", "4321", &err));
    FAILS(kafka_topic_conf_set(topic_conf, "client.id", "x", &err), KAFKA_ERR_INVALID_ARGUMENT);
    FAILS(kafka_topic_conf_set(topic_conf, "acks", "-2", &err), KAFKA_ERR_INVALID_ARGUMENT);
    OK(kafka_conf_set_topic_conf(conf, topic_conf, &err));
    kafka_topic_conf_free(topic_conf);

    OK(kafka_conf_get(conf, "message.timeout.ms", value, sizeof value, NULL, &err));
    CHECK_TEXT(value, "4321");
    OK(kafka_conf_get(conf, "acks", value, sizeof value, NULL, &err));
    CHECK_TEXT(value, "1");
    kafka_conf_free(conf);
}

static void one_configuration_makes_many_clients(void)
{
    kafka_conf *conf = conf_of("client.id", "shared", "group.id", "shared", END);
    kafka_producer *producers[2];
    kafka_consumer *consumer = NULL;
    int i;

    for (i = 0; i < 2; i++) {
        OK(kafka_producer_new("127.0.0.1:1", conf, &producers[i], NULL, &err));
    }
    OK(kafka_consumer_new("127.0.0.1:1", conf, &consumer, NULL, &err));
    OK(kafka_conf_set(conf, "client.id", "changed later", &err));
    kafka_conf_free(conf);
    for (i = 0; i < 2; i++) {
        OK(kafka_producer_flush(producers[i], 0, NULL, &err));
        kafka_producer_free(producers[i]);
    }
    kafka_consumer_free(consumer);
}

static void clients_that_cannot_be(void)
{
    kafka_producer *producer = (kafka_producer *)(intptr_t)UNTOUCHED;
    kafka_consumer *consumer = (kafka_consumer *)(intptr_t)UNTOUCHED;
    kafka_conf *conf = conf_of("message.max.bytes", "2000", "queue.buffering.max.kbytes", "1",
                               "enable.idempotence", "true", "acks", "1", END);

    FAILS(kafka_producer_new("", NULL, &producer, NULL, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "invalid broker list");
    FAILS(kafka_consumer_new(",,", NULL, &consumer, NULL, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "invalid broker list");
    /* Idempotence wants acks=all. */
    FAILS(kafka_producer_new("127.0.0.1:1", conf, &producer, NULL, &err), KAFKA_ERR_INVALID_CONFIG);
    CHECK(strstr(err.message, "acks") != NULL);
    CHECK(producer == (kafka_producer *)(intptr_t)UNTOUCHED);
    CHECK(consumer == (kafka_consumer *)(intptr_t)UNTOUCHED);
    kafka_conf_free(conf);
}

int main(void)
{
    what_is_set_can_be_read();
    the_room_for_a_value();
    what_is_refused_changes_nothing();
    topics_have_properties_of_their_own();
    one_configuration_makes_many_clients();
    clients_that_cannot_be();
    return 0;
}
