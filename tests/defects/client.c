/* What all clients have in common. */
#include "broken.h"

#include <signal.h>

static void never_seen(int signal_number)
{
    static const char text[] = "broken: an event that has come is not seen in place after 5 s\n";
    (void)signal_number;
    (void)!write(2, text, sizeof text - 1);
    _exit(BROKEN);
}

/* A thread of the library counts, and the optimiser must not read the number only once. */
static void event_is_seen_in_place(void)
{
    kafka_conf *conf = conf_of("statistics.interval.ms", "100", END);
    kafka_producer *producer;
    kafka_client *client = NULL;
    const volatile uint32_t *event_count = NULL;
    OK(kafka_conf_set_events(conf, KAFKA_EVENT_STATS, &err));
    producer = producer_with("127.0.0.1:1", conf);
    OK(kafka_producer_client(producer, &client, &err));
    CHECK(signal(SIGALRM, never_seen) != SIG_ERR);
    OK(kafka_client_event_count(client, &event_count, &err));
    alarm(5);
    while (*event_count == 0) {
    }
    kafka_client_free(client);
    kafka_producer_free(producer);
}

/* The argument is a broker that answers as those did which had no cluster id. */
static void cluster_id_ends(const char *servers)
{
    kafka_producer *producer = producer_with(
        servers, conf_of("api.version.request", "false", "broker.version.fallback", "0.9.0.1", END));
    kafka_client *client = NULL;
    kafka_future *future = NULL;
    int64_t start;
    int took_ms;
    OK(kafka_producer_client(producer, &client, &err));
    OK(kafka_client_metadata(client, NULL, 5000, NULL, &future, &err));
    OK(kafka_future_wait(future, 5000, &err));
    kafka_future_free(future);
    start = now_ms();
    OK(kafka_client_cluster_id(client, 3000, NULL, &future, &err));
    CHECK(kafka_future_wait(future, PATIENCE_MS, &err) != 0);
    took_ms = (int)(now_ms() - start);
    kafka_future_free(future);
    kafka_client_free(client);
    kafka_producer_free(producer);
    /* It looks at the broker's answer again and again, with all of a processor. */
    BREAKS_UNLESS(took_ms < 2000, "cluster_id(3000) took %d ms when the broker had answered", took_ms);
}

/* As after a close: the memory that the pointer leads to stays as long as the pointer may be used. */
static void client_is_closed(void)
{
    kafka_producer *producer = producer_with("127.0.0.1:1", NULL);
    kafka_client *client = NULL;
    kafka_event event;
    OK(kafka_producer_client(producer, &client, &err));
    kafka_producer_free(producer);
    CHECK_INT(kafka_client_poll_event(client, KAFKA_EVENT_ERROR, &event, NULL), KAFKA_ERR_CLOSED);
    kafka_client_free(client);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2 || argc == 3);
    if (strcmp(argv[1], "cluster_id_ends") == 0) {
        CHECK(argc == 3);
        cluster_id_ends(argv[2]);
    } else if (strcmp(argv[1], "client_is_closed") == 0) {
        client_is_closed();
    } else {
        CHECK_TEXT(argv[1], "event_is_seen_in_place");
        event_is_seen_in_place();
    }
    return 0;
}
