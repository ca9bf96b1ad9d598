/* dlclose while the library's threads run, and life after it. */
#include "check.h"

#include <dlfcn.h>

static void *library;

static void *symbol(const char *name)
{
    void *found = dlsym(library, name);
    if (found == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return found;
}

/* ISO C knows no cast from a data pointer to a function's. */
#define LOAD(function) *(void **)(&function) = symbol("kafka_" #function)

static void use(const char *path)
{
    int32_t (*mock_cluster_new)(int32_t, kafka_mock_cluster **, kafka_error *);
    int32_t (*mock_cluster_bootstrap_servers)(const kafka_mock_cluster *, const char **,
                                              kafka_error *);
    int32_t (*producer_new)(const char *, const kafka_conf *, kafka_producer **, kafka_error *);
    int32_t (*producer_create_topic)(kafka_producer *, const char *, const kafka_topic_conf *,
                                     kafka_topic **, kafka_error *);
    int32_t (*producer_send)(kafka_producer *, kafka_topic *, int32_t, const void *, size_t,
                             const void *, size_t, uint64_t, kafka_error *);
    int32_t (*producer_poll)(kafka_producer *, int32_t, kafka_poll_result *, kafka_error *);
    kafka_mock_cluster *cluster = NULL;
    kafka_producer *producer = NULL;
    kafka_topic *topic = NULL;
    kafka_poll_result reported;
    const char *servers = NULL;

    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    LOAD(mock_cluster_new);
    LOAD(mock_cluster_bootstrap_servers);
    LOAD(producer_new);
    LOAD(producer_create_topic);
    LOAD(producer_send);
    LOAD(producer_poll);
    CHECK_INT(mock_cluster_new(1, &cluster, NULL), 0);
    CHECK_INT(mock_cluster_bootstrap_servers(cluster, &servers, NULL), 0);
    CHECK_INT(producer_new(servers, NULL, &producer, NULL), 0);
    CHECK_INT(producer_create_topic(producer, "unload", NULL, &topic, NULL), 0);
    CHECK_INT(producer_send(producer, topic, 0, NULL, 0, "reported", 8, 7, NULL), 0);
    CHECK_INT(producer_poll(producer, PATIENCE_MS, &reported, NULL), 0);
    CHECK_INT(reported.reported_count, 1);
    CHECK_INT(producer_send(producer, topic, 0, NULL, 0, "under way", 9, 8, NULL), 0);
    /* All of it is left to itself. */
    CHECK_INT(dlclose(library), 0);
}

int main(int argument_count, char **arguments)
{
    CHECK_INT(argument_count, 2);
    use(arguments[1]);
    sleep_ms(30);
    /* As a host does that loads its plugins anew. */
    use(arguments[1]);
    sleep_ms(30);
    return 0;
}
