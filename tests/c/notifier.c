/* An event loop that cannot block: poll() on a notifier's socket in place of calls that wait. */
#include "check.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define KEY_PRODUCER 11
#define KEY_CONSUMER 22
#define KEY_FUTURE 33

static int connect_to(kafka_notifier *notifier)
{
    const char *path = NULL;
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    OK(kafka_notifier_path(notifier, &path, &err));
    CHECK(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int is_readable(int fd, int timeout_ms)
{
    struct pollfd wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.fd = fd;
    wanted.events = POLLIN;
    return poll(&wanted, 1, timeout_ms) == 1;
}

/* Waits until a byte brings this key; 0 if none did in time. Other keys are of what no caller waits for
 * any more. */
static int notifies(kafka_notifier *notifier, int fd, uint64_t key, int timeout_ms)
{
    uint64_t keys[8];
    size_t count, i;
    int found = 0;
    char byte;
    while (!found && is_readable(fd, timeout_ms)) {
        CHECK_INT(read(fd, &byte, 1), 1);
        OK(kafka_notifier_drain(notifier, keys, 8, &count, &err));
        for (i = 0; i < count; i++) {
            found = found || keys[i] == key;
        }
    }
    return found;
}

/* As an event loop would: asks, looks, and only then waits. */
static void receive(kafka_notifier *notifier, int fd, kafka_consumer *consumer, kafka_message *message)
{
    kafka_client *client = NULL;
    OK(kafka_consumer_client(consumer, &client, &err));
    for (;;) {
        int32_t code;
        OK(kafka_client_notify(client, notifier, KEY_CONSUMER, &err));
        code = kafka_consumer_poll(consumer, 0, message, &err);
        if (code != KAFKA_ERR_TIMED_OUT) {
            CHECK_INT(code, 0);
            kafka_client_free(client);
            return;
        }
        CHECK(notifies(notifier, fd, KEY_CONSUMER, PATIENCE_MS));
    }
}

static void everything_by_events(void)
{
    const char *servers, *path = NULL;
    char gone[256];
    struct stat status;
    kafka_mock_cluster *cluster = cluster_with("events", 1, &servers);
    kafka_producer *producer = producer_with(servers, conf_of("linger.ms", "5", END));
    kafka_topic *topic = topic_of(producer, "events");
    kafka_consumer *consumer = reader_of(servers, "events", 1);
    kafka_client *client = NULL;
    kafka_future *future = NULL;
    kafka_poll_result reported;
    kafka_message message;
    const kafka_value *lost = NULL;
    int64_t lost_count = -1;
    kafka_notifier *notifier = NULL;
    int fd;

    OK(kafka_notifier_new(&notifier, &err));
    OK(kafka_notifier_path(notifier, &path, &err));
    snprintf(gone, sizeof gone, "%s", path);
    FAILS(kafka_notifier_accept(notifier, &err), KAFKA_ERR_STATE);
    fd = connect_to(notifier);
    OK(kafka_notifier_accept(notifier, &err));
    CHECK(stat(gone, &status) != 0);
    FAILS(kafka_notifier_accept(notifier, &err), KAFKA_ERR_STATE);
    CHECK_TEXT(err.message, "this notifier has its connection already");

    /* A report. */
    OK(kafka_producer_client(producer, &client, &err));
    OK(kafka_client_notify(client, notifier, KEY_PRODUCER, &err));
    CHECK(!notifies(notifier, fd, KEY_PRODUCER, 50));
    OK(send_text(producer, topic, 0, "by event", 7));
    CHECK(notifies(notifier, fd, KEY_PRODUCER, PATIENCE_MS));
    OK(kafka_producer_poll(producer, 0, &reported, &err));
    CHECK_INT(reported.reported_count, 1);
    /* Once. */
    OK(send_text(producer, topic, 0, "no report", 8));
    CHECK(!notifies(notifier, fd, KEY_PRODUCER, 300));

    /* Messages. */
    receive(notifier, fd, consumer, &message);
    CHECK_INT(message.value_len, 8);
    kafka_message_release(&message);
    receive(notifier, fd, consumer, &message);
    kafka_message_release(&message);

    /* Requests; one that is done is notified at once. */
    OK(kafka_client_metadata(client, "events", PATIENCE_MS, NULL, &future, &err));
    OK(kafka_future_notify(future, notifier, KEY_FUTURE, &err));
    CHECK(notifies(notifier, fd, KEY_FUTURE, PATIENCE_MS));
    OK(kafka_future_wait(future, 0, &err));
    OK(kafka_future_notify(future, notifier, KEY_FUTURE, &err));
    CHECK(notifies(notifier, fd, KEY_FUTURE, 0));
    kafka_future_free(future);

    /* Flushing and closing. */
    OK(send_text(producer, topic, 0, "last", 9));
    OK(kafka_producer_flush(producer, PATIENCE_MS, &future, &err));
    OK(kafka_future_notify(future, notifier, KEY_FUTURE, &err));
    CHECK(notifies(notifier, fd, KEY_FUTURE, PATIENCE_MS));
    OK(kafka_future_wait(future, 0, &err));
    kafka_future_free(future);
    OK(kafka_producer_poll(producer, 0, &reported, &err));
    OK(kafka_producer_close(producer, PATIENCE_MS, NULL, &future, &err));
    FAILS(send_text(producer, topic, 0, "late", 10), KAFKA_ERR_CLOSED);
    OK(kafka_future_notify(future, notifier, KEY_FUTURE, &err));
    CHECK(notifies(notifier, fd, KEY_FUTURE, PATIENCE_MS));
    OK(kafka_future_value(future, &lost, &err));
    OK(kafka_value_int(lost, &lost_count, &err));
    CHECK_INT(lost_count, 0);
    kafka_future_free(future);
    kafka_topic_free(topic);
    kafka_client_free(client);
    kafka_producer_free(producer);

    /* A wait for nothing ends with the consumer's end. */
    OK(kafka_consumer_client(consumer, &client, &err));
    OK(kafka_client_notify(client, notifier, KEY_CONSUMER, &err));
    OK(kafka_consumer_close(consumer, PATIENCE_MS, &future, &err));
    CHECK(notifies(notifier, fd, KEY_CONSUMER, PATIENCE_MS));
    FAILS(kafka_consumer_poll(consumer, 0, &message, &err), KAFKA_ERR_CLOSED);
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    kafka_future_free(future);
    kafka_client_free(client);
    kafka_consumer_free(consumer);

    OK(kafka_notifier_wake(notifier, &err));
    CHECK(is_readable(fd, PATIENCE_MS));
    kafka_notifier_free(notifier);
    close(fd);
    kafka_mock_cluster_free(cluster);
}

/* More notifiers than an event loop has Lua states: all end. Last, since it holds for the process. */
static void too_many(void)
{
    kafka_notifier *notifiers[3] = {NULL, NULL, NULL};
    uint64_t key;
    size_t count;
    int fd;
    OK(kafka_notifier_new(&notifiers[0], &err));
    fd = connect_to(notifiers[0]);
    OK(kafka_notifier_accept(notifiers[0], &err));
    OK(kafka_notifier_new(&notifiers[1], &err));
    FAILS(kafka_notifier_new(&notifiers[2], &err), KAFKA_ERR_STATE);
    CHECK(notifiers[2] == NULL);
    FAILS(kafka_notifier_drain(notifiers[0], &key, 1, &count, &err), KAFKA_ERR_CLOSED);
    kafka_notifier_free(notifiers[0]);
    kafka_notifier_free(notifiers[1]);
    FAILS(kafka_notifier_new(&notifiers[2], &err), KAFKA_ERR_STATE);
    close(fd);
}

int main(void)
{
    everything_by_events();
    too_many();
    return 0;
}
