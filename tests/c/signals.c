/* The library's threads take no signals: handlers run on the program's own. */
#include "check.h"

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>

#define SIGNAL_COUNT 1000

static volatile sig_atomic_t handled, handled_elsewhere;
static pid_t main_thread;

static pid_t this_thread(void)
{
    return (pid_t)syscall(SYS_gettid);
}

static void on_signal(int number)
{
    (void)number;
    if (this_thread() != main_thread) {
        handled_elsewhere = handled_elsewhere + 1;
    }
    handled = handled + 1;
}

/* Every thread but this one blocks everything that can be blocked. */
static int check_masks(void)
{
    /* SIGKILL and SIGSTOP, and the two that glibc keeps for itself, cannot. */
    const uint64_t unblockable = (UINT64_C(1) << (SIGKILL - 1)) | (UINT64_C(1) << (SIGSTOP - 1)) |
                                 (UINT64_C(3) << 31);
    char path[64], line[256], name[64];
    struct dirent *entry;
    int other_threads = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    while ((entry = readdir(tasks)) != NULL) {
        FILE *status;
        long thread = strtol(entry->d_name, NULL, 10);
        if (thread == 0 || thread == main_thread) {
            continue;
        }
        snprintf(path, sizeof path, "/proc/self/task/%ld/status", thread);
        status = fopen(path, "r");
        if (status == NULL) {
            continue; /* It has just ended. */
        }
        name[0] = '\0';
        while (fgets(line, sizeof line, status) != NULL) {
            if (strncmp(line, "Name:", 5) == 0) {
                snprintf(name, sizeof name, "%.60s", line + 6);
            }
            if (strncmp(line, "SigBlk:", 7) == 0) {
                uint64_t blocked = strtoull(line + 7, NULL, 16);
                if ((blocked | unblockable) != UINT64_MAX) {
                    fprintf(stderr, "thread %s blocks only %s", name, line + 7);
                    exit(1);
                }
                other_threads++;
            }
        }
        fclose(status);
    }
    closedir(tasks);
    return other_threads;
}

int main(void)
{
    const char *servers;
    kafka_mock_cluster *cluster;
    kafka_producer *producer;
    kafka_topic *topic;
    kafka_consumer *consumer;
    kafka_message message;
    struct sigaction action;
    sigset_t before, after;
    int i;

    main_thread = this_thread();
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
    sigemptyset(&before);
    sigemptyset(&after);
    CHECK_INT(sigprocmask(SIG_SETMASK, NULL, &before), 0);

    cluster = cluster_with("signals", 1, &servers);
    producer = producer_with(servers, NULL);
    topic = topic_of(producer, "signals");
    consumer = reader_of(servers, "signals", 1);
    OK(send_text(producer, topic, 0, "first", 0));
    expect_text(consumer, "first");
    /* The mock cluster's, and at least main, broker and reports for each client. */
    CHECK(check_masks() >= 6);

    for (i = 0; i < SIGNAL_COUNT; i++) {
        CHECK_INT(kill(getpid(), SIGUSR1), 0);
        if (i % 100 == 0) {
            OK(send_text(producer, topic, 0, "x", 0));
            OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
            kafka_message_release(&message);
        }
        while (handled <= i) {
            sleep_ms(1);
        }
    }
    check_masks();
    CHECK_INT(handled, SIGNAL_COUNT);
    CHECK_INT(handled_elsewhere, 0);
    /* And this thread's own mask is as it was. */
    CHECK_INT(sigprocmask(SIG_SETMASK, NULL, &after), 0);
    for (i = 1; i < 32; i++) {
        CHECK_INT(sigismember(&after, i), sigismember(&before, i));
    }
    kafka_consumer_free(consumer);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
    return 0;
}
