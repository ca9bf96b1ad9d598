/* A producer under a random sequence of calls, while brokers fail: every message ends exactly once, as delivered or as
 * failed, and a report says what is true.
 *
 *   sequence SEED COUNT     makes COUNT calls, in episodes of a cluster and a producer each
 *
 * The calls follow from SEED and from what they return. When something is not so, the calls of the episode are printed, and
 * its own seed, which with a COUNT of one episode makes the same calls again as long as they return the same. */
#include "check.h"

#define EPISODE 10000
#define PARTITIONS 4
#define BROKERS 2
/* Some calls send many. */
#define MESSAGES_MAX (8 * EPISODE)
#define BATCH_MAX 40
#define REPORTS 64
#define LARGE_OPAQUE (UINT64_C(1) << 62)

enum state { UNSENT, ACCEPTED, DELIVERED, FAILED };

/* What is known of a message. Its value, and the lower half of its opaque, is its place here. */
static struct message {
    uint64_t opaque;
    enum state state;
    int32_t status;
    int32_t partition;
    int64_t offset;
    int found;
} messages[MESSAGES_MAX];

static struct {
    uint64_t seed;
    int is_idempotent, is_transactional, only_errors, acks;
    /* How many messages there are, how many of them were accepted, and reported to this program. */
    size_t count;
    uint64_t accepted, delivered, failed;
    /* Messages that may be given up: those before this one. */
    size_t purged;
    int in_transaction, is_committing, is_aborting, is_fatal, is_broker_down, was_broker_down;
    kafka_future *flush;
    size_t flushed;
    kafka_future *purge;
    int is_purge_whole;
} the;

static kafka_mock_cluster *cluster;
static kafka_producer *producer;
static kafka_topic *topic;

/* The calls of this episode. */
static char calls[512 * EPISODE];
static size_t calls_len;

static void note(const char *format, ...)
{
    va_list values;
    int len;
    va_start(values, format);
    len = vsnprintf(calls + calls_len, sizeof calls - calls_len, format, values);
    va_end(values);
    if (len > 0 && calls_len + (size_t)len < sizeof calls) {
        calls_len += (size_t)len;
    }
}

static void broken(const char *what, uint64_t number)
{
    fprintf(stderr, "%s: %" PRIu64 "\n", what, number);
    exit(1);
}

static int is_done;

static void print_calls(void)
{
    if (!is_done) {
        fprintf(stderr, "%sthe calls of the episode with seed %" PRIu64 "\n", calls, the.seed);
    }
}

/* xorshift64* */
static uint64_t random_state;

static uint32_t below(uint32_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % limit;
}

static int one_in(uint32_t count)
{
    return below(count) == 0;
}

static void take(const kafka_report *report)
{
    size_t number = (size_t)(report->opaque & 0xffffffff);
    struct message *message = &messages[number];
    if (number >= the.count || message->opaque != report->opaque) {
        broken("a report of no message", report->opaque);
    } else if (message->state != ACCEPTED) {
        broken("a report of a message that was not accepted, or reported before", number);
    } else if (message->partition >= 0 && report->partition != message->partition) {
        broken("a report of another partition", number);
    }
    message->status = report->status;
    message->offset = report->offset;
    note("%u: %d, status %d at %d\n", (unsigned)number, report->code, report->status, (int)report->offset);
    if (report->code == 0) {
        message->state = DELIVERED;
        the.delivered++;
        if (the.acks != 0 && report->status != KAFKA_MSG_STATUS_PERSISTED) {
            broken("delivered, and not persisted", number);
        }
        return;
    }
    message->state = FAILED;
    the.failed++;
    /* librdkafka gives up all that is queued as soon as a transaction, or an idempotent producer, fails. */
    if ((report->code == KAFKA_ERR_PURGE_INFLIGHT ||
         (report->code == KAFKA_ERR_PURGE_QUEUE && !the.is_idempotent)) &&
        number >= the.purged) {
        broken("given up, though it was sent later", number);
    }
}

static void take_reports(void)
{
    kafka_report reports[REPORTS];
    size_t count = REPORTS, i;
    while (count == REPORTS) {
        OK(kafka_producer_reports(producer, reports, REPORTS, &count, &err));
        for (i = 0; i < count; i++) {
            take(&reports[i]);
        }
    }
}

/* All messages before this one have been reported. */
static void expect_all_reported(size_t end)
{
    size_t i;
    take_reports();
    for (i = 0; i < end && !the.only_errors; i++) {
        if (messages[i].state == ACCEPTED && messages[i].opaque < KAFKA_OPAQUE_NO_REPORT) {
            broken("flushed, and not reported", i);
        }
    }
}

static void count(void)
{
    kafka_counters counters;
    uint64_t in_flight = 0;
    OK(kafka_producer_counters(producer, &counters, &err));
    OK(kafka_producer_len(producer, &in_flight, &err));
    if (counters.queued != the.accepted) {
        broken("another number was accepted", counters.queued);
    } else if (counters.delivered + counters.failed + counters.in_flight != counters.queued) {
        broken("the counters have another sum", counters.in_flight);
    } else if (in_flight > the.accepted - the.delivered - the.failed) {
        broken("more are awaited than are left", in_flight);
    } else if (counters.delivered < the.delivered || counters.failed < the.failed) {
        broken("fewer have ended than were reported", counters.delivered);
    }
}

static struct message *next_message(void)
{
    struct message *message = &messages[the.count];
    if (the.count == MESSAGES_MAX) {
        return NULL;
    }
    message->opaque = the.count + LARGE_OPAQUE * (one_in(8) ? 1 + below(2) : 0);
    if (one_in(16)) {
        message->opaque = KAFKA_OPAQUE_NO_REPORT;
    }
    message->state = UNSENT;
    message->found = 0;
    message->partition = one_in(3) ? -1 : (int32_t)below(PARTITIONS);
    return message;
}

static void accepted(struct message *message)
{
    message->state = ACCEPTED;
    the.accepted++;
}

static void refused(int32_t code)
{
    switch (code) {
    case KAFKA_ERR_QUEUE_FULL:
        take_reports();
        return;
    case KAFKA_ERR_FATAL:
        the.is_fatal = 1;
        return;
    /* A broker has said so before. */
    case KAFKA_ERR_TOPIC_AUTHORIZATION_FAILED:
        return;
    /* Outside of a transaction, or in one that has to be aborted. */
    case KAFKA_ERR_STATE:
        CHECK(the.is_transactional || the.is_fatal);
        return;
    default:
        CHECK_INT(code, 0);
    }
}

static void send(void)
{
    struct message *message = next_message();
    uint32_t value = (uint32_t)the.count;
    size_t key_len = one_in(4) ? sizeof value : 0;
    int32_t code;
    if (message == NULL) {
        return;
    }
    code = kafka_producer_send(producer, topic, message->partition, key_len > 0 ? &value : NULL,
                               key_len, &value, sizeof value, message->opaque, NULL);
    note("send %u to %d: %d\n", value, message->partition, code);
    the.count++;
    if (code == 0) {
        accepted(message);
    } else {
        refused(code);
    }
}

static void send_batch(void)
{
    static kafka_record records[BATCH_MAX];
    static uint32_t values[BATCH_MAX];
    int32_t codes[BATCH_MAX], code = 0;
    size_t wanted = 1 + below(BATCH_MAX), first = the.count, queued = 0, made, i;
    kafka_header header = {"name", 4, "header", 6, {0, 0}};
    memset(records, 0, sizeof records);
    for (made = 0; made < wanted; made++) {
        struct message *message = next_message();
        if (message == NULL) {
            break;
        }
        values[made] = (uint32_t)the.count++;
        records[made].value = &values[made];
        records[made].value_len = sizeof values[made];
        records[made].opaque = message->opaque;
        records[made].partition = message->partition;
        if (one_in(10)) {
            records[made].headers = &header;
            records[made].header_count = 1;
        }
    }
    OK(kafka_producer_produce_batch(producer, topic, records, made, codes, &queued, &err));
    note("send %u to %u: %u\n", (unsigned)first, (unsigned)(first + made), (unsigned)queued);
    for (i = 0; i < made; i++) {
        if (codes[i] == 0) {
            accepted(&messages[first + i]);
            queued--;
        } else {
            code = codes[i];
        }
    }
    CHECK_INT(queued, 0);
    if (code != 0) {
        refused(code);
    }
}

/* It is larger than message.max.bytes. */
static void send_too_much(void)
{
    static char large[20000];
    int32_t code = kafka_producer_send(producer, topic, 0, NULL, 0, large, sizeof large, 0, NULL);
    note("send too much: %d\n", code);
    if (code != KAFKA_ERR_MSG_SIZE_TOO_LARGE) {
        CHECK(code != 0);
        refused(code);
    }
}

static void flush(void)
{
    int32_t timeout_ms = (int32_t)below(4), code;
    code = kafka_producer_flush(producer, timeout_ms, NULL, &err);
    note("flush %d: %d\n", timeout_ms, code);
    if (code == 0) {
        expect_all_reported(the.count);
    } else {
        CHECK_INT(code, KAFKA_ERR_TIMED_OUT);
    }
}

static void flush_later(void)
{
    int32_t code;
    if (the.flush == NULL) {
        OK(kafka_producer_flush(producer, (int32_t)below(50), &the.flush, &err));
        the.flushed = the.count;
        note("flush later\n");
        return;
    }
    code = kafka_future_wait(the.flush, (int32_t)below(3), NULL);
    note("flushed later: %d\n", code);
    if (code == KAFKA_ERR_IN_PROGRESS && !one_in(10)) {
        return;
    } else if (code == 0) {
        expect_all_reported(the.flushed);
    } else if (code == KAFKA_ERR_IN_PROGRESS) {
        OK(kafka_future_cancel(the.flush, &err));
    } else {
        CHECK_INT(code, KAFKA_ERR_TIMED_OUT);
    }
    kafka_future_free(the.flush);
    the.flush = NULL;
}

static void purge(void)
{
    uint32_t flags = 1 + below(3);
    /* It comes behind one that is not waited for, which may go on until then. */
    int is_whole = (flags & KAFKA_PURGE_QUEUE) != 0 || the.purged < MESSAGES_MAX;
    int32_t code;
    if (the.purge != NULL) {
        code = kafka_future_wait(the.purge, (int32_t)below(3), NULL);
        note("purged later: %d\n", code);
        if (code != KAFKA_ERR_IN_PROGRESS) {
            CHECK_INT(code, 0);
            kafka_future_free(the.purge);
            the.purge = NULL;
            the.purged = the.is_purge_whole ? the.count : MESSAGES_MAX;
        }
        return;
    }
    switch (below(3)) {
    case 0:
        note("purge %u\n", flags);
        the.purged = is_whole ? the.count : MESSAGES_MAX;
        OK(kafka_producer_purge(producer, flags, NULL, &err));
        return;
    case 1:
        note("purge %u, not blocking\n", flags);
        the.purged = MESSAGES_MAX;
        OK(kafka_producer_purge(producer, flags | KAFKA_PURGE_NON_BLOCKING, NULL, &err));
        return;
    default:
        note("purge %u later\n", flags);
        the.purged = MESSAGES_MAX;
        the.is_purge_whole = is_whole;
        OK(kafka_producer_purge(producer, flags, &the.purge, &err));
    }
}

static void fail_requests(void)
{
    static const int32_t codes[] = {
        KAFKA_ERR_NOT_LEADER_FOR_PARTITION, KAFKA_ERR_REQUEST_TIMED_OUT,
        KAFKA_ERR_NOT_ENOUGH_REPLICAS, KAFKA_ERR_KAFKA_STORAGE_ERROR,
        KAFKA_ERR_MSG_SIZE_TOO_LARGE, KAFKA_ERR_TOPIC_AUTHORIZATION_FAILED,
    };
    /* After the last one librdkafka makes the topic's partitions anew, and may lose what is to be sent again to an old one:
     * then an abort, which waits for that, never ends. */
    uint32_t count = (uint32_t)(sizeof codes / sizeof *codes) - (the.is_transactional ? 1 : 0);
    int32_t produce = UNTOUCHED, code = codes[below(count)];
    OK(kafka_mock_cluster_api_key("Produce", &produce, &err));
    OK(kafka_mock_cluster_push_errors(cluster, produce, &code, 1, &err));
    note("fail a request with %d\n", code);
}

static void change_broker(void)
{
    if (the.is_broker_down) {
        OK(kafka_mock_cluster_broker_up(cluster, 1, &err));
    } else {
        OK(kafka_mock_cluster_broker_down(cluster, 1, &err));
    }
    the.is_broker_down = !the.is_broker_down;
    the.was_broker_down = 1;
    note("broker %s\n", the.is_broker_down ? "down" : "up");
}

static void delay_answers(void)
{
    int32_t rtt_ms = one_in(2) ? 0 : (int32_t)below(30);
    OK(kafka_mock_cluster_set_rtt(cluster, 2, rtt_ms, &err));
    note("answers after %d ms\n", rtt_ms);
}

/* Ends a transaction and begins the next one. */
static void transact(int32_t timeout_ms)
{
    int32_t code = 0;
    if (!the.is_transactional || the.is_fatal) {
        return;
    }
    /* One that was not answered in time has to be called again. */
    if (the.in_transaction && !the.is_aborting && (the.is_committing || one_in(2))) {
        code = kafka_producer_commit_transaction(producer, timeout_ms, NULL, &err);
        note("commit: %d\n", code);
        the.is_committing = code != 0 && err.retriable;
        the.is_aborting = code != 0 && err.txn_requires_abort;
    } else if (the.in_transaction) {
        the.is_aborting = 1;
    }
    if (the.is_aborting) {
        code = kafka_producer_abort_transaction(producer, timeout_ms, NULL, &err);
        note("abort: %d %s\n", code, code == 0 ? "" : err.message);
        the.is_aborting = code != 0;
    }
    if (code == 0) {
        expect_all_reported(the.count);
        code = kafka_producer_begin_transaction(producer, NULL, &err);
        note("begin: %d\n", code);
    }
    the.is_fatal = code != 0 && err.fatal;
    the.in_transaction |= code == 0;
}

static void call(void)
{
    uint32_t choice = below(1000);
    if (the.is_committing || the.is_aborting) {
        /* What is sent meanwhile would be of no transaction. */
        if (the.is_broker_down) {
            change_broker();
        }
        transact((int32_t)below(2000));
    } else if (choice < 700) {
        send();
    } else if (choice < 760) {
        send_batch();
    } else if (choice < 765) {
        send_too_much();
    } else if (choice < 930) {
        take_reports();
    } else if (choice < 960) {
        count();
    } else if (choice < 975) {
        flush();
    } else if (choice < 985) {
        flush_later();
    } else if (choice < 990) {
        purge();
    } else if (choice < 993) {
        fail_requests();
    } else if (choice < 995) {
        change_broker();
    } else if (choice < 997) {
        delay_answers();
    } else {
        transact((int32_t)below(200));
    }
}

static void begin_episode(const char *servers)
{
    static const char *const timeouts[] = {"60", "200", "5000"}, *const lingers[] = {"0", "5", "50"};
    static const char *const acks[] = {"0", "1", "-1"};
    const char *timeout, *linger, *limit;
    kafka_conf *conf;
    memset(&the, 0, sizeof the);
    the.seed = random_state;
    timeout = timeouts[below(3)];
    linger = lingers[below(3)];
    limit = one_in(2) ? "50" : "2000";
    conf = conf_of("message.max.bytes", "10000", "message.timeout.ms", timeout, "linger.ms", linger,
                   "queue.buffering.max.messages", limit, "retry.backoff.ms", "5",
                   "reconnect.backoff.ms", "5", "reconnect.backoff.max.ms", "20", END);
    the.acks = -1;
    calls_len = 0;
    the.is_transactional = one_in(4);
    the.is_idempotent = the.is_transactional || one_in(2);
    if (the.is_transactional) {
        OK(kafka_conf_set(conf, "transactional.id", "t", &err));
    } else if (the.is_idempotent) {
        OK(kafka_conf_set(conf, "enable.idempotence", "true", &err));
    } else {
        uint32_t choice = below(3);
        OK(kafka_conf_set(conf, "acks", acks[choice], &err));
        the.acks = choice == 0 ? 0 : 1;
        the.only_errors = one_in(4);
        OK(kafka_conf_set(conf, "delivery.report.only.error", the.only_errors ? "true" : "false", &err));
    }
    if (one_in(2)) {
        OK(kafka_conf_set_buffer_memory(conf, 128 * 1024, &err));
        note("with an accumulator\n");
    }
    producer = producer_with(servers, conf);
    topic = topic_of(producer, "t");
    if (the.is_transactional) {
        OK(kafka_producer_init_transactions(producer, PATIENCE_MS, NULL, &err));
        transact(PATIENCE_MS);
    }
}

/* Has the brokers answer again, and all that was sent end. */
static void settle(void)
{
    kafka_counters counters;
    if (the.is_broker_down) {
        change_broker();
    }
    OK(kafka_mock_cluster_set_rtt(cluster, 2, 0, &err));
    transact(PATIENCE_MS);
    OK(kafka_producer_flush(producer, PATIENCE_MS, NULL, &err));
    expect_all_reported(the.count);
    count();
    OK(kafka_producer_counters(producer, &counters, &err));
    CHECK_INT(counters.in_flight, 0);
    CHECK_INT(counters.delivered + counters.failed, the.accepted);
}

/* What was delivered is there, in order if the producer is idempotent, and what no broker has is not. */
static void read_back(const char *servers)
{
    kafka_consumer *consumer = reader_of(servers, "t", PARTITIONS);
    kafka_producer *marker = producer_with(servers, NULL);
    kafka_topic *marked = topic_of(marker, "t");
    uint32_t value = UINT32_MAX;
    int64_t last[PARTITIONS];
    kafka_poll_result reported;
    int32_t partition, left = PARTITIONS;
    size_t i;

    for (partition = 0; partition < PARTITIONS; partition++) {
        last[partition] = -1;
        /* A request may still be one that is to fail. */
        do {
            int32_t code =
                kafka_producer_send(marker, marked, partition, NULL, 0, &value, sizeof value, 0, NULL);
            CHECK(code == 0 || code == KAFKA_ERR_TOPIC_AUTHORIZATION_FAILED);
            sleep_ms(code == 0 ? 0 : 10);
            OK(kafka_producer_flush(marker, PATIENCE_MS, NULL, &err));
            OK(kafka_producer_poll(marker, 0, &reported, &err));
        } while (reported.reported_count == reported.failed_count);
    }
    while (left > 0) {
        kafka_message message;
        OK(kafka_consumer_poll(consumer, PATIENCE_MS, &message, &err));
        CHECK_INT(message.value_len, sizeof value);
        memcpy(&value, message.value, sizeof value);
        partition = message.partition;
        kafka_message_release(&message);
        if (value == UINT32_MAX) {
            left--;
            continue;
        }
        CHECK(value < the.count);
        messages[value].found++;
        if (the.is_idempotent && messages[value].found > 1) {
            broken("there twice", value);
        } else if (the.is_idempotent && value <= last[partition] &&
                   (messages[value].state == DELIVERED || value >= the.purged)) {
            /* A request whose messages were given up on their way is of an epoch that is over. The mock cluster takes it,
             * whenever it arrives, which no broker does. */
            broken("there behind one that was sent later", value);
        }
        last[partition] = value > last[partition] ? value : last[partition];
    }
    for (i = 0; i < the.count; i++) {
        /* The mock cluster takes a batch behind one that it has refused, which no broker does; from that librdkafka infers that
         * the first one has arrived, with an offset that it does not know. */
        if (messages[i].state == DELIVERED && messages[i].found == 0 && messages[i].offset >= 0) {
            broken("delivered, and not there", i);
        } else if (messages[i].state == FAILED && messages[i].found > 0 && !the.was_broker_down &&
                   messages[i].status == KAFKA_MSG_STATUS_NOT_PERSISTED) {
            /* The status is the last attempt's: what a broker refused, or the program gave up, another one may have taken when
             * its connection broke. */
            broken("not persisted, and there", i);
        } else if (messages[i].state == UNSENT && messages[i].found > 0) {
            broken("refused, and there", i);
        }
    }
    kafka_topic_free(marked);
    kafka_producer_free(marker);
    kafka_consumer_free(consumer);
}

/* Ends the producer as it is. */
static void close_abruptly(void)
{
    int32_t timeout_ms = (int32_t)below(30), code;
    uint64_t lost = 0, reported = the.delivered + the.failed;
    code = kafka_producer_close(producer, timeout_ms, &lost, NULL, &err);
    note("close %d: %d, %" PRIu64 " lost\n", timeout_ms, code, lost);
    if (lost > the.accepted - reported) {
        broken("more are lost than were left", lost);
    } else if ((code == 0) != (lost == 0)) {
        broken("lost, and not said so", lost);
    }
}

static void episode(size_t count_of_calls)
{
    const char *servers = NULL;
    size_t i;
    OK(kafka_mock_cluster_new(BROKERS, &cluster, &err));
    OK(kafka_mock_cluster_bootstrap_servers(cluster, &servers, &err));
    OK(kafka_mock_cluster_create_topic(cluster, "t", PARTITIONS, 1, &err));
    begin_episode(servers);
    for (i = 0; i < count_of_calls && !the.is_fatal; i++) {
        call();
    }
    if (one_in(3)) {
        close_abruptly();
    } else {
        settle();
        if (!the.is_transactional) {
            read_back(servers);
        }
    }
    kafka_future_free(the.flush);
    kafka_future_free(the.purge);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
    kafka_mock_cluster_free(cluster);
}

int main(int argc, char **argv)
{
    size_t left = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 1000;
    random_state = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    random_state += random_state == 0;
    printf("seed %" PRIu64 ", %lu calls\n", random_state, (unsigned long)left);
    fflush(stdout);
    atexit(print_calls);
    while (left > 0) {
        size_t count_of_calls = left < EPISODE ? left : EPISODE;
        episode(count_of_calls);
        left -= count_of_calls;
    }
    is_done = 1;
    return 0;
}
