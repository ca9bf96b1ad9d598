/* The admin client: what it takes and refuses, what comes back and how it is read, and futures that
 * are waited for, looked at, abandoned, and under way beside each other. */
#include "check.h"

#include <pthread.h>

/* No process listens there. */
#define NOWHERE "127.0.0.1:1"

#define NO_FUTURE ((kafka_future *)(intptr_t)UNTOUCHED)

/* Long enough for what must not wait at all, and shorter than what would be waited for. */
#define AT_ONCE_MS 5000

static kafka_value *text_of(const char *text)
{
    return new_text(text, strlen(text));
}

/* A map: name, value, name, value, ..., NULL. The values are its own from then on. */
static kafka_value *map_of(const char *name, ...)
{
    kafka_value *map = NULL;
    va_list entries;
    OK(kafka_value_new_map(&map, &err));
    va_start(entries, name);
    while (name != NULL) {
        OK(kafka_value_set(map, name, va_arg(entries, kafka_value *), &err));
        name = va_arg(entries, const char *);
    }
    va_end(entries);
    return map;
}

/* A list: item, item, ..., NULL, likewise. */
static kafka_value *list_of(kafka_value *item, ...)
{
    kafka_value *list = NULL;
    va_list items;
    OK(kafka_value_new_list(&list, &err));
    va_start(items, item);
    while (item != NULL) {
        OK(kafka_value_append(list, item, &err));
        item = va_arg(items, kafka_value *);
    }
    va_end(items);
    return list;
}

#define LAST ((kafka_value *)NULL)

static const kafka_value *item(const kafka_value *list, size_t index)
{
    const kafka_value *found = NULL;
    OK(kafka_value_item(list, index, NULL, &found, &err));
    return found;
}

static const char *text(const kafka_value *map, const char *name)
{
    const char *found = NULL;
    OK(kafka_value_text(entry(map, name), &found, NULL, &err));
    return found;
}

static size_t count_of(const kafka_value *value)
{
    size_t count = UNTOUCHED;
    OK(kafka_value_count(value, &count, &err));
    return count;
}

static kafka_admin *admin_of(const char *servers)
{
    kafka_admin *admin = NULL;
    OK(kafka_admin_new(servers, NULL, &admin, NULL, &err));
    return admin;
}

typedef int32_t (*verb)(kafka_admin *, const kafka_value *, const kafka_value *, int32_t,
                        kafka_value **, kafka_future **, kafka_error *);

/* Starts a future, and frees what it was asked with: that is read during the call only. */
static kafka_future *started(verb start, kafka_admin *admin, kafka_value *items,
                              int32_t timeout_ms)
{
    kafka_future *future = NULL;
    OK(start(admin, items, NULL, timeout_ms, NULL, &future, &err));
    kafka_value_free(items);
    return future;
}

/* The answer of a future that succeeds. */
static const kafka_value *answer(kafka_future *future)
{
    const kafka_value *value = NULL;
    OK(kafka_future_wait(future, -1, &err));
    OK(kafka_future_value(future, &value, &err));
    return value;
}

static kafka_value *place_of(const char *topic, int64_t partition, const char *name,
                             kafka_value *value)
{
    return map_of("topic", text_of(topic), "partition", new_int(partition), name, value, END);
}

static kafka_future *latest(kafka_admin *admin, int64_t partition)
{
    return started(kafka_admin_list_offsets, admin,
                   list_of(place_of("t", partition, "offset", text_of("latest")), LAST),
                   PATIENCE_MS);
}

static void outcomes(void)
{
    const char *servers;
    kafka_mock_cluster *cluster = cluster_with("t", 2, &servers);
    kafka_admin *admin = admin_of(servers);
    kafka_future *future;
    const kafka_value *groups, *group, *offsets, *partitions, *found = NULL;

    /* Items by name, each with what became of it; in them a list. */
    future = started(
        kafka_admin_alter_group_offsets, admin,
        list_of(map_of("group", text_of("g"), "offsets",
                       list_of(place_of("t", 0, "offset", new_int(3)),
                               place_of("t", 1, "offset", new_int(INT64_C(1) << 40)), LAST),
                       END),
                LAST),
        PATIENCE_MS);
    groups = answer(future);
    CHECK_INT(count_of(groups), 1);
    CHECK_INT(number(entry(groups, "g"), "ok"), 1);
    kafka_future_free(future);

    future = started(kafka_admin_list_group_offsets, admin,
                      list_of(map_of("group", text_of("g"), "partitions",
                                     list_of(place_of("t", 0, NULL, NULL),
                                             place_of("t", 1, NULL, NULL), LAST),
                                     END),
                              map_of("group", text_of("nobody"), "partitions",
                                     list_of(place_of("t", 0, NULL, NULL), LAST), END),
                              LAST),
                      PATIENCE_MS);
    groups = answer(future);
    CHECK_INT(count_of(groups), 2);
    group = entry(groups, "g");
    CHECK_INT(number(group, "ok"), 1);
    offsets = entry(group, "offsets");
    CHECK_INT(count_of(offsets), 2);
    CHECK_TEXT(text(item(offsets, 1), "topic"), "t");
    CHECK_INT(number(item(offsets, 1), "partition"), 1);
    CHECK_INT(number(item(offsets, 1), "offset"), INT64_C(1) << 40);
    offsets = entry(entry(groups, "nobody"), "offsets");
    CHECK_INT(number(item(offsets, 0), "offset"), KAFKA_OFFSET_INVALID);
    offsets = entry(group, "offsets");
    /* It outlives its admin client. */
    kafka_admin_free(admin);
    CHECK_INT(number(item(offsets, 0), "offset"), 3);
    kafka_future_free(future);

    /* One good, one bad. */
    admin = admin_of(servers);
    future = started(kafka_admin_list_offsets, admin,
                      list_of(place_of("t", 0, "offset", text_of("earliest")),
                              place_of("t", 7, "offset", text_of("earliest")), LAST),
                      PATIENCE_MS);
    partitions = answer(future);
    CHECK_INT(number(entry(partitions, "t:0"), "ok"), 1);
    CHECK_INT(number(entry(partitions, "t:0"), "offset"), 0);
    FAILS(kafka_value_get(entry(partitions, "t:0"), "err", &found, &err), KAFKA_ERR_NOENT);
    CHECK_INT(number(entry(partitions, "t:7"), "ok"), 0);
    CHECK_INT(number(entry(partitions, "t:7"), "code"), KAFKA_ERR_UNKNOWN_TOPIC_OR_PART);
    CHECK(text(entry(partitions, "t:7"), "err")[0] != '\0');
    kafka_future_free(future);

    /* None is there: they fail one by one even so. */
    future = started(kafka_admin_list_offsets, admin,
                      list_of(place_of("t", 8, "offset", text_of("earliest")),
                              place_of("u", 0, "offset", text_of("earliest")), LAST),
                      PATIENCE_MS);
    partitions = answer(future);
    CHECK_INT(count_of(partitions), 2);
    CHECK_INT(number(entry(partitions, "t:8"), "code"), KAFKA_ERR_UNKNOWN_TOPIC_OR_PART);
    CHECK_INT(number(entry(partitions, "u:0"), "code"), KAFKA_ERR_UNKNOWN_TOPIC_OR_PART);
    kafka_future_free(future);

    kafka_admin_free(admin);

    /* All of it failed: such brokers do not know it. */
    admin = admin_of(servers);
    future = started(kafka_admin_delete_groups, admin, list_of(text_of("g"), LAST), PATIENCE_MS);
    FAILS(kafka_future_wait(future, -1, &err), KAFKA_ERR_UNSUPPORTED_FEATURE);
    FAILS(kafka_future_value(future, &found, &err), KAFKA_ERR_UNSUPPORTED_FEATURE);
    kafka_future_free(future);
    kafka_admin_free(admin);
    kafka_mock_cluster_free(cluster);
}

static void refused(verb start, kafka_value *items, kafka_value *options, const char *why)
{
    kafka_admin *admin = admin_of(NOWHERE);
    kafka_future *future = NO_FUTURE;
    FAILS(start(admin, items, options, 100, NULL, &future, &err), KAFKA_ERR_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, why);
    CHECK(future == NO_FUTURE);
    kafka_value_free(items);
    kafka_value_free(options);
    kafka_admin_free(admin);
}

static void what_cannot_be_used(void)
{
    kafka_value *null = NULL;
    OK(kafka_value_new_null(&null, &err));
    refused(kafka_admin_create_topics, NULL, NULL, "topics: a list is needed, not null");
    refused(kafka_admin_create_topics, text_of("t"), NULL, "topics: a list is needed, not a text");
    refused(kafka_admin_create_topics,
            list_of(map_of("topic", text_of("t"), END),
                    map_of("topic", text_of("u"), "partitions", text_of("1"), END), LAST),
            NULL, "topics[2].partitions: an integer is needed, not a text");
    refused(kafka_admin_create_topics, list_of(map_of("partitions", new_int(1), END), LAST), NULL,
            "topics[1].topic is missing");
    refused(kafka_admin_create_topics, list_of(map_of("topic", text_of("t"), END), LAST),
            map_of("validate", new_int(1), END),
            "options: unknown field 'validate', there is validate_only");
    refused(kafka_admin_delete_topics, list_of(text_of("t"), text_of("t"), LAST), NULL,
            "topics[2]: 't' is there twice");
    refused(kafka_admin_delete_acls, list_of(null, LAST), NULL,
            "filters[1]: a map is needed, not null");
}

static void time_is_kept(void)
{
    kafka_admin *admin = admin_of(NOWHERE);
    const kafka_value *value = (const kafka_value *)(intptr_t)UNTOUCHED;
    kafka_future *future = NULL;
    int64_t start = now_ms();
    int i;

    OK(kafka_admin_describe_cluster(admin, NULL, 200, NULL, &future, &err));
    FAILS(kafka_future_wait(future, 0, &err), KAFKA_ERR_IN_PROGRESS);
    FAILS(kafka_future_value(future, &value, &err), KAFKA_ERR_IN_PROGRESS);
    FAILS(kafka_future_wait(future, -1, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(now_ms() - start >= 200);
    CHECK_INT(err.retriable, 1);
    FAILS(kafka_future_value(future, &value, &err), KAFKA_ERR_TIMED_OUT);
    CHECK(value == (const kafka_value *)(intptr_t)UNTOUCHED);
    kafka_future_free(future);

    /* Freed while under way. */
    start = now_ms();
    for (i = 0; i < 5; i++) {
        kafka_future_free(
            started(kafka_admin_delete_topics, admin, list_of(text_of("t"), LAST), PATIENCE_MS));
        OK(kafka_admin_describe_cluster(admin, NULL, PATIENCE_MS, NULL, &future, &err));
        kafka_future_free(future);
    }
    kafka_admin_free(admin);
    CHECK(now_ms() - start < AT_ONCE_MS);
}

static void side_by_side(void)
{
    const char *servers = NULL;
    kafka_mock_cluster *cluster = NULL;
    kafka_admin *admin;
    kafka_client *client = NULL;
    kafka_future *slow, *quick;
    int32_t partition;

    OK(kafka_mock_cluster_new(2, &cluster, &err));
    OK(kafka_mock_cluster_bootstrap_servers(cluster, &servers, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "t", 2, 2, &err));
    admin = admin_of(servers);
    OK(kafka_mock_cluster_set_leader(cluster, "t", 0, 1, &err));
    OK(kafka_mock_cluster_set_leader(cluster, "t", 1, 2, &err));
    for (partition = 0; partition < 2; partition++) {
        /* It knows the leaders then. */
        quick = latest(admin, partition);
        answer(quick);
        kafka_future_free(quick);
    }

    /* One broker does not answer; futures to others do not wait for it. */
    OK(kafka_mock_cluster_broker_down(cluster, 2, &err));
    slow = latest(admin, 1);
    quick = latest(admin, 0);
    CHECK_INT(number(entry(answer(quick), "t:0"), "ok"), 1);
    kafka_future_free(quick);
    OK(kafka_admin_client(admin, &client, &err));
    OK(kafka_client_cluster_id(client, PATIENCE_MS, NULL, &quick, &err));
    OK(kafka_future_wait(quick, -1, &err));
    kafka_future_free(quick);
    FAILS(kafka_future_wait(slow, 0, &err), KAFKA_ERR_IN_PROGRESS);
    OK(kafka_mock_cluster_broker_up(cluster, 2, &err));
    CHECK_INT(number(entry(answer(slow), "t:1"), "ok"), 1);
    kafka_future_free(slow);
    kafka_client_free(client);
    kafka_admin_free(admin);
    kafka_mock_cluster_free(cluster);
}

static void *wait_for_it(void *future)
{
    kafka_error error;
    CHECK_INT(kafka_future_wait((kafka_future *)future, -1, &error), KAFKA_ERR_CLOSED);
    return NULL;
}

static void closing(void)
{
    kafka_admin *admin = admin_of(NOWHERE);
    kafka_client *client = NULL;
    kafka_future *future, *late = NO_FUTURE;
    pthread_t thread;
    int64_t start;

    OK(kafka_admin_client(admin, &client, &err));
    future = started(kafka_admin_delete_topics, admin, list_of(text_of("t"), LAST), PATIENCE_MS);
    CHECK_INT(pthread_create(&thread, NULL, wait_for_it, future), 0);
    FAILS(kafka_future_wait(future, 20, &err), KAFKA_ERR_IN_PROGRESS);
    start = now_ms();
    OK(kafka_admin_close(admin, NULL, &err));
    FAILS(kafka_future_wait(future, -1, &err), KAFKA_ERR_CLOSED);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK(now_ms() - start < AT_ONCE_MS);
    OK(kafka_admin_close(admin, NULL, &err));
    FAILS(kafka_admin_describe_cluster(admin, NULL, 1, NULL, &late, &err), KAFKA_ERR_CLOSED);
    FAILS(kafka_client_cluster_id(client, 1, NULL, &late, &err), KAFKA_ERR_CLOSED);
    CHECK(late == NO_FUTURE);
    kafka_client_free(client);
    kafka_admin_free(admin);
    kafka_future_free(future);
    kafka_admin_free(NULL);
}

/* A partition, with an offset if that is not -1. */
static kafka_value *place(int64_t offset)
{
    kafka_value *map = map_of("topic", text_of("t"), "partition", new_int(0), END);
    if (offset >= 0) {
        OK(kafka_value_set(map, "offset", new_int(offset), &err));
    }
    return map;
}

static kafka_value *acl(void)
{
    return map_of("type", text_of("topic"), "name", text_of("t"), "principal", text_of("User:u"),
                  "operation", text_of("read"), "permission", text_of("allow"), END);
}

/* What a future says that no broker can be asked, and the end of it and of what it was about. */
static void unanswered(kafka_future *future, kafka_value *value)
{
    FAILS(kafka_future_wait(future, PATIENCE_MS, &err), KAFKA_ERR_TIMED_OUT);
    kafka_future_free(future);
    kafka_value_free(value);
}

/* Each verb takes what it is for. */
static void every_verb(void)
{
    kafka_admin *admin = admin_of(NOWHERE);
    kafka_future *future = NULL;
    kafka_value *value = NULL;

    value = list_of(map_of("topic", text_of("t"), "partitions", new_int(3), END), LAST);
    OK(kafka_admin_create_topics(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(text_of("t"), LAST);
    OK(kafka_admin_delete_topics(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(map_of("topic", text_of("t"), "partitions", new_int(6), END), LAST);
    OK(kafka_admin_create_partitions(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(text_of("t"), LAST);
    OK(kafka_admin_describe_topics(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(map_of("type", text_of("topic"), "name", text_of("t"), END), LAST);
    OK(kafka_admin_describe_configs(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(map_of("type", text_of("topic"), "name", text_of("t"), "set",
                          map_of("retention.ms", text_of("1000"), END), END),
                   LAST);
    OK(kafka_admin_incremental_alter_configs(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(text_of("g"), LAST);
    OK(kafka_admin_describe_groups(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(text_of("g"), LAST);
    OK(kafka_admin_delete_groups(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(map_of("group", text_of("g"), END), LAST);
    OK(kafka_admin_list_group_offsets(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(map_of("group", text_of("g"), "offsets", list_of(place(7), LAST), END),
                   LAST);
    OK(kafka_admin_alter_group_offsets(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(map_of("group", text_of("g"), "partitions", list_of(place(-1), LAST), END),
                   LAST);
    OK(kafka_admin_delete_group_offsets(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(map_of("topic", text_of("t"), "partition", new_int(0), "offset",
                          text_of("latest"), END),
                   LAST);
    OK(kafka_admin_list_offsets(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(place(7), LAST);
    OK(kafka_admin_delete_records(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(place(-1), LAST);
    OK(kafka_admin_elect_leaders(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(acl(), LAST);
    OK(kafka_admin_create_acls(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = map_of("type", text_of("topic"), END);
    OK(kafka_admin_describe_acls(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(map_of("principal", text_of("User:u"), END), LAST);
    OK(kafka_admin_delete_acls(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(text_of("u"), LAST);
    OK(kafka_admin_describe_user_scram_credentials(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    value = list_of(map_of("user", text_of("u"), "mechanism", text_of("SCRAM-SHA-512"), "password",
                          text_of("secret"), END),
                   LAST);
    OK(kafka_admin_alter_user_scram_credentials(admin, value, NULL, 1, NULL, &future, &err));
    unanswered(future, value);
    OK(kafka_admin_list_groups(admin, NULL, 1, NULL, &future, &err));
    unanswered(future, NULL);

    OK(kafka_admin_close(admin, &future, &err));
    OK(kafka_future_wait(future, PATIENCE_MS, &err));
    kafka_future_free(future);
    kafka_admin_free(admin);
}

int main(void)
{
    outcomes();
    every_verb();
    what_cannot_be_used();
    time_is_kept();
    side_by_side();
    closing();
    return 0;
}
