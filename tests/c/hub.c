/* An event loop that cannot block: poll() on a hub's socket in place of calls that wait. */
#include "check.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define KEY_PRODUCER 11
#define KEY_CONSUMER 22
#define KEY_REQUEST 33

static int connect_to(kafka_hub *hub)
{
    const char *path = NULL;
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    OK(kafka_hub_path(hub, &path, &err));
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

/* Waits until a byte brings this key; 0 if none did in time. Other keys are news that nobody waits for
 * any more. */
static int tells(kafka_hub *hub, int fd, uint64_t key, int timeout_ms)
{
    uint64_t keys[8];
    size_t count, i;
    int found = 0;
    char byte;
    while (!found && is_readable(fd, timeout_ms)) {
        CHECK_INT(read(fd, &byte, 1), 1);
        OK(kafka_hub_take(hub, keys, 8, &count, &err));
        for (i = 0; i < count; i++) {
            found = found || keys[i] == key;
        }
    }
    return found;
}

/* As an event loop would: asks, looks, and only then waits. */
static void receive(kafka_hub *hub, int fd, kafka_consumer *consumer, kafka_message *message)
{
    kafka_client *client = NULL;
    OK(kafka_consumer_client(consumer, &client, &err));
    for (;;) {
        int32_t code;
        OK(kafka_client_notify(client, hub, KEY_CONSUMER, &err));
        code = kafka_consumer_poll(consumer, 0, message, &err);
        if (code != KAFKA_ERR_TIMED_OUT) {
            CHECK_INT(code, 0);
            return;
        }
        CHECK(tells(hub, fd, KEY_CONSUMER, PATIENCE_MS));
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
    kafka_request *request = NULL;
    kafka_reported reported;
    kafka_message message;
    const kafka_value *lost = NULL;
    int64_t lost_count = -1;
    kafka_hub *hub = NULL;
    int fd;

    OK(kafka_hub_new(&hub, &err));
    OK(kafka_hub_path(hub, &path, &err));
    snprintf(gone, sizeof gone, "%s", path);
    FAILS(kafka_hub_accept(hub, &err), KAFKA_ERR_STATE);
    fd = connect_to(hub);
    OK(kafka_hub_accept(hub, &err));
    CHECK(stat(gone, &status) != 0);
    FAILS(kafka_hub_accept(hub, &err), KAFKA_ERR_STATE);
    CHECK_TEXT(err.message, "this hub has its connection already");

    /* A report. */
    OK(kafka_producer_client(producer, &client, &err));
    OK(kafka_client_notify(client, hub, KEY_PRODUCER, &err));
    CHECK(!tells(hub, fd, KEY_PRODUCER, 50));
    OK(send_text(producer, topic, 0, "by event", 7));
    CHECK(tells(hub, fd, KEY_PRODUCER, PATIENCE_MS));
    OK(kafka_producer_poll(producer, 0, &reported, &err));
    CHECK_INT(reported.reported_count, 1);
    /* Once. */
    OK(send_text(producer, topic, 0, "untold", 8));
    CHECK(!tells(hub, fd, KEY_PRODUCER, 300));

    /* Messages. */
    receive(hub, fd, consumer, &message);
    CHECK_INT(message.value_len, 8);
    kafka_message_release(&message);
    receive(hub, fd, consumer, &message);
    kafka_message_release(&message);

    /* Requests; one that is done is told at once. */
    OK(kafka_client_metadata(client, "events", PATIENCE_MS, &request, &err));
    OK(kafka_request_notify(request, hub, KEY_REQUEST, &err));
    CHECK(tells(hub, fd, KEY_REQUEST, PATIENCE_MS));
    OK(kafka_request_wait(request, 0, &err));
    OK(kafka_request_notify(request, hub, KEY_REQUEST, &err));
    CHECK(tells(hub, fd, KEY_REQUEST, 0));
    kafka_request_free(request);

    /* Flushing and closing. */
    OK(send_text(producer, topic, 0, "last", 9));
    OK(kafka_producer_flush_request(producer, PATIENCE_MS, &request, &err));
    OK(kafka_request_notify(request, hub, KEY_REQUEST, &err));
    CHECK(tells(hub, fd, KEY_REQUEST, PATIENCE_MS));
    OK(kafka_request_wait(request, 0, &err));
    kafka_request_free(request);
    OK(kafka_producer_poll(producer, 0, &reported, &err));
    OK(kafka_producer_close_request(producer, PATIENCE_MS, &request, &err));
    FAILS(send_text(producer, topic, 0, "late", 10), KAFKA_ERR_CLOSED);
    OK(kafka_request_notify(request, hub, KEY_REQUEST, &err));
    CHECK(tells(hub, fd, KEY_REQUEST, PATIENCE_MS));
    OK(kafka_request_value(request, &lost, &err));
    OK(kafka_value_int(lost, &lost_count, &err));
    CHECK_INT(lost_count, 0);
    kafka_request_free(request);
    kafka_topic_free(topic);
    kafka_producer_free(producer);

    /* A wait for nothing ends with the consumer's end. */
    OK(kafka_consumer_client(consumer, &client, &err));
    OK(kafka_client_notify(client, hub, KEY_CONSUMER, &err));
    OK(kafka_consumer_close_request(consumer, PATIENCE_MS, &request, &err));
    CHECK(tells(hub, fd, KEY_CONSUMER, PATIENCE_MS));
    FAILS(kafka_consumer_poll(consumer, 0, &message, &err), KAFKA_ERR_CLOSED);
    OK(kafka_request_wait(request, PATIENCE_MS, &err));
    kafka_request_free(request);
    kafka_consumer_free(consumer);

    OK(kafka_hub_wake(hub, &err));
    CHECK(is_readable(fd, PATIENCE_MS));
    kafka_hub_free(hub);
    close(fd);
    kafka_mock_cluster_free(cluster);
}

/* More hubs than an event loop has Lua states: all end. Last, since it holds for the process. */
static void too_many(void)
{
    kafka_hub *hubs[3] = {NULL, NULL, NULL};
    uint64_t key;
    size_t count;
    int fd;
    OK(kafka_hub_new(&hubs[0], &err));
    fd = connect_to(hubs[0]);
    OK(kafka_hub_accept(hubs[0], &err));
    OK(kafka_hub_new(&hubs[1], &err));
    FAILS(kafka_hub_new(&hubs[2], &err), KAFKA_ERR_STATE);
    CHECK(hubs[2] == NULL);
    FAILS(kafka_hub_take(hubs[0], &key, 1, &count, &err), KAFKA_ERR_CLOSED);
    kafka_hub_free(hubs[0]);
    kafka_hub_free(hubs[1]);
    FAILS(kafka_hub_new(&hubs[2], &err), KAFKA_ERR_STATE);
    close(fd);
}

int main(void)
{
    everything_by_events();
    too_many();
    return 0;
}
