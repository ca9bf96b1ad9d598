/* What cannot be delivered is given up, in time, and its number is on stderr: at exit(), also of a
 * producer that has been freed. The runner reads what is said. */
#include "check.h"

int main(int argument_count, char **arguments)
{
    kafka_producer *producer = producer_with("127.0.0.1:1", NULL);
    kafka_topic *topic = topic_of(producer, "nowhere");
    int64_t start;
    int i;

    CHECK_INT(argument_count, 2);
    for (i = 0; i < 7; i++) {
        OK(send_text(producer, topic, 0, "undeliverable", (uint64_t)i));
    }
    if (strcmp(arguments[1], "free") == 0) {
        start = now_ms();
        kafka_topic_free(topic);
        kafka_producer_free(producer);
        CHECK(now_ms() - start < 500);
    } else if (strcmp(arguments[1], "two") == 0) {
        /* The second is not to wait for the first: a second for all of them together. */
        producer = producer_with("127.0.0.1:1", NULL);
        topic = topic_of(producer, "nowhere");
        OK(send_text(producer, topic, 0, "undeliverable", 0));
    }
    return 0;
}
