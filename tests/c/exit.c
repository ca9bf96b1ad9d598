/* The process's end while the library's threads run and objects are open.
 *
 * This is the cluster and the judge: it starts itself as a child a hundred times (or as often
 * as its argument says), in one of several states of disorder; each child ends with 0 within
 * ten seconds, and what it had queued arrives. With an argument, which is for valgrind, it takes
 * its time. Where the machine has so much else to do that the second which there is for queued
 * messages is too short, those that do not arrive are counted on stderr. */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define AT_ONCE 4
#define MESSAGES_EACH 10
#define LIMIT_MS 10000
#define SLOW_LIMIT_MS 120000

static kafka_producer *producer;
static kafka_topic *topic;
static kafka_consumer *consumer;

static void *poll_without_end(void *unused)
{
    kafka_message message;
    while (kafka_consumer_poll(consumer, -1, &message, NULL) == 0) {
        /* Never released. */
    }
    return unused;
}

static void *wait_for_reports_without_end(void *unused)
{
    kafka_poll_result reported;
    while (kafka_producer_poll(producer, -1, &reported, NULL) == 0) {
    }
    return unused;
}

static void *leave_the_process(void *unused)
{
    exit(0);
    return unused;
}

static void start(void *(*body)(void *))
{
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, body, NULL), 0);
}

/* The child: everything open, messages queued, and out. */
static int disorder(const char *servers, const char *topic_name, int number)
{
    kafka_conf *conf;
    kafka_partitions *topics = NULL;
    kafka_message message;
    kafka_producer *hopeless;
    kafka_mock_cluster *own_cluster = NULL;
    int kind = number % 5, i;

    producer = producer_with(servers, conf_of("linger.ms", "5000", END));
    topic = topic_of(producer, topic_name);
    conf = conf_of("group.id", "exit", "auto.offset.reset", "earliest", END);
    OK(kafka_consumer_new(servers, conf, &consumer, NULL, &err));
    kafka_conf_free(conf);
    OK(kafka_partitions_new(&topics, &err));
    if (kind == 1) {
        OK(kafka_partitions_add(topics, "noise", 0, 0, &err));
        OK(kafka_consumer_assign(consumer, topics, NULL, &err));
        OK(kafka_consumer_poll(consumer, SLOW_LIMIT_MS, &message, &err));
    } else {
        OK(kafka_partitions_add(topics, "noise", -1, KAFKA_OFFSET_INVALID, &err));
        OK(kafka_consumer_subscribe(consumer, topics, NULL, &err));
    }
    if (kind == 2 || kind == 3) {
        start(poll_without_end);
        start(wait_for_reports_without_end);
    }
    if (kind == 4) {
        /* TLS in the middle of a handshake with a server that does not speak it. */
        hopeless = producer_with(servers, conf_of("security.protocol", "ssl",
                                                  "reconnect.backoff.ms", "1",
                                                  "reconnect.backoff.max.ms", "2", END));
        OK(kafka_mock_cluster_new(2, &own_cluster, &err));
        CHECK(hopeless != NULL);
        sleep_ms(number % 7);
    }
    for (i = 0; i < MESSAGES_EACH; i++) {
        OK(send_text(producer, topic, 0, "queued", (uint64_t)i));
    }
    if (kind == 3) {
        start(leave_the_process);
        sleep_ms(SLOW_LIMIT_MS * 2);
    }
    return 0;
}

static pid_t start_child(const char *self, const char *servers, const char *topic_name, int number,
                         FILE *said)
{
    char text[32];
    pid_t child;
    snprintf(text, sizeof text, "%d", number);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(dup2(fileno(said), STDERR_FILENO) == STDERR_FILENO);
        execl(self, self, servers, topic_name, text, (char *)NULL);
        _exit(127);
    }
    return child;
}

/* Passes on what the children said; how many messages they gave up by that. */
static int given_up(FILE *said)
{
    static const char words[] = ": gave up ";
    char line[1024];
    int total = 0;

    rewind(said);
    while (fgets(line, sizeof line, said) != NULL) {
        const char *found = strstr(line, words);
        fputs(line, stderr);
        if (found != NULL) {
            total += atoi(found + strlen(words));
        }
    }
    return total;
}

int main(int argument_count, char **arguments)
{
    const char *servers;
    kafka_mock_cluster *cluster;
    kafka_consumer *reader;
    pid_t children[AT_ONCE];
    int64_t started[AT_ONCE], slowest = 0;
    int numbers[AT_ONCE];
    int child_count = argument_count == 2 ? atoi(arguments[1]) : 100;
    int limit_ms = argument_count == 2 ? SLOW_LIMIT_MS : LIMIT_MS;
    int slot, next = 0, running = 0, status, expected, i;
    FILE *said = tmpfile();

    if (argument_count == 4) {
        return disorder(arguments[1], arguments[2], atoi(arguments[3]));
    }

    CHECK(said != NULL);
    /* The children share the file, and each adds to its end. */
    CHECK(fcntl(fileno(said), F_SETFL, O_APPEND) == 0);
    cluster = cluster_with("exit", 1, &servers);
    OK(kafka_mock_cluster_create_topic(cluster, "noise", 1, 1, &err));
    producer = producer_with(servers, NULL);
    topic = topic_of(producer, "noise");
    for (i = 0; i < 100; i++) {
        OK(send_text(producer, topic, 0, "noise", 0));
    }
    CHECK_INT(await_reports(producer, 100), 0);

    memset(children, 0, sizeof children);
    while (next < child_count || running > 0) {
        for (slot = 0; slot < AT_ONCE; slot++) {
            if (children[slot] == 0 && next < child_count) {
                numbers[slot] = next++;
                started[slot] = now_ms();
                children[slot] = start_child(arguments[0], servers, "exit", numbers[slot], said);
                running++;
            }
            if (children[slot] == 0) {
                continue;
            }
            if (waitpid(children[slot], &status, WNOHANG) == children[slot]) {
                if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                    fprintf(stderr, "child %d of kind %d: status %d, %s %d\n", numbers[slot],
                            numbers[slot] % 5, status, WIFSIGNALED(status) ? "signal" : "exit",
                            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
                    given_up(said);
                    return 1;
                }
                if (now_ms() - started[slot] > slowest) {
                    slowest = now_ms() - started[slot];
                }
                children[slot] = 0;
                running--;
            } else if (now_ms() - started[slot] > limit_ms) {
                fprintf(stderr, "child %d of kind %d hangs\n", numbers[slot], numbers[slot] % 5);
                kill(children[slot], SIGABRT);
                given_up(said);
                return 1;
            }
        }
        sleep_ms(2);
    }
    printf("%d processes, the slowest took %d ms\n", child_count, (int)slowest);

    expected = child_count * MESSAGES_EACH - given_up(said);
    CHECK(argument_count == 2 || expected > child_count * MESSAGES_EACH / 2);
    reader = reader_of(servers, "exit", 1);
    for (i = 0; i < expected; i++) {
        expect_text(reader, "queued");
    }
    kafka_consumer_free(reader);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
    fclose(said);
    return 0;
}
