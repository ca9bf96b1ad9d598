/* The same work through include/kafka.h: what the C boundary costs. */
#include "bench.h"

#include <kafka.h>

/* As much as LuaJIT's `buffer_memory = true`. */
#define BUFFER_MEMORY (32 * 1024 * 1024)

static kafka_producer *producer;
static kafka_topic *topic;
static kafka_consumer *consumer;
static char *payload;
static uint64_t reported_count;

static void check(int32_t code, const kafka_error *err, const char *what) {
  if (code != 0)
    fail(what, err ? err->message : kafka_err_text(code));
}

static kafka_conf *conf_of(const struct bench *bench) {
  kafka_error err;
  kafka_conf *conf;
  check(kafka_conf_new(&conf, &err), &err, "kafka_conf_new");
  for (char **property = bench->properties; *property; property += 2)
    if (strcmp(property[0], "buffer_memory") == 0)
      check(kafka_conf_set_buffer_memory(conf, BUFFER_MEMORY, &err), &err, property[0]);
    else
      check(kafka_conf_set(conf, property[0], property[1], &err), &err, property[0]);
  return conf;
}

static void poll_reports(int32_t timeout_ms) {
  kafka_poll_result reported;
  check(kafka_producer_poll(producer, timeout_ms, &reported, NULL), NULL, "kafka_producer_poll");
  if (reported.failed_count)
    fail("delivery", "failed");
  reported_count += reported.reported_count;
}

static void send_one(size_t size, uint64_t id) {
  int32_t code;
  while ((code = kafka_producer_send(producer, topic, -1, NULL, 0, payload, size, id, NULL)) != 0) {
    if (code != KAFKA_ERR_QUEUE_FULL)
      check(code, NULL, "kafka_producer_send");
    poll_reports(1);
  }
}

static double end_of(const struct bench *bench) {
  double queued = now_ns(bench);
  check(kafka_producer_flush(producer, -1, NULL, NULL), NULL, "kafka_producer_flush");
  return is_until(bench, "reported") ? now_ns(bench) : queued;
}

static double send_round(const struct bench *bench) {
  uint64_t expected = reported_count + bench->count;
  int polls = !is_until(bench, "bursts");
  double start = now_ns(bench);
  for (uint64_t id = 1; id <= bench->count; id++) {
    send_one(bench->size, id);
    if (polls && id % SENDS_PER_POLL == 0)
      poll_reports(0);
  }
  double queued = now_ns(bench);
  check(kafka_producer_flush(producer, -1, NULL, NULL), NULL, "kafka_producer_flush");
  while (reported_count < expected)
    poll_reports(1000);
  return (is_until(bench, "reported") ? now_ns(bench) : queued) - start;
}

static double produce_round(const struct bench *bench) {
  double start = now_ns(bench);
  for (uint64_t id = 1; id <= bench->count; id++) {
    kafka_record record = {
        .value = payload, .value_len = bench->size, .opaque = KAFKA_OPAQUE_NO_REPORT, .partition = -1};
    check(kafka_producer_produce(producer, topic, &record, NULL), NULL, "kafka_producer_produce");
  }
  return end_of(bench) - start;
}

static double batch_round(const struct bench *bench) {
  static kafka_record *records;
  static kafka_header headers[HEADERS];
  if (!records)
    records = calloc(bench->batch, sizeof *records);
  for (int i = 0; i < HEADERS; i++)
    headers[i] = (kafka_header){header_names[i], strlen(header_names[i]), header_values[i], strlen(header_values[i]), {0}};
  double start = now_ns(bench);
  for (uint64_t done = 0; done < bench->count; done += bench->batch) {
    for (size_t i = 0; i < bench->batch; i++) {
      records[i] = (kafka_record){
          .value = payload, .value_len = bench->size, .opaque = KAFKA_OPAQUE_NO_REPORT, .partition = -1};
      if (is_case(bench, "keys")) {
        const char *key;
        records[i].key_len = key_of(done + i, &key);
        records[i].key = key;
      } else if (is_case(bench, "headers")) {
        records[i].headers = headers;
        records[i].header_count = HEADERS;
      }
    }
    size_t queued_count;
    check(kafka_producer_produce_batch(producer, topic, records, bench->batch, NULL, &queued_count, NULL), NULL,
          "kafka_producer_produce_batch");
    if (queued_count != bench->batch)
      fail("kafka_producer_produce_batch", "not all were queued");
  }
  return end_of(bench) - start;
}

static double message_ns(const struct bench *bench) {
  uint64_t expected = reported_count + 1;
  double start = now_ns(bench);
  send_one(bench->size, 1);
  while (reported_count < expected)
    poll_reports(1000);
  return now_ns(bench) - start;
}

static double hold_round(const struct bench *bench) {
  for (uint64_t id = 1; id <= bench->count; id++)
    send_one(bench->size, id);
  return 0;
}

static double outage_round(const struct bench *bench) {
  double end = now_ns(bench) + 1e9 * (double)bench->count;
  while (now_ns(bench) < end)
    if (kafka_producer_send(producer, topic, -1, NULL, 0, payload, bench->size, 1, NULL))
      poll_reports(10);
  return 0;
}

static double clients_round(const struct bench *bench) {
  kafka_error err;
  kafka_conf *conf = conf_of(bench);
  for (uint64_t i = 0; i < bench->count; i++)
    check(kafka_producer_new(bench->servers, conf, &producer, NULL, &err), &err, "kafka_producer_new");
  kafka_conf_free(conf);
  return 0;
}

static double receive_round(const struct bench *bench) {
  int starved = 0;
  double start = now_ns(bench);
  for (uint64_t i = 0; i < bench->count; i++) {
    kafka_message message;
    int32_t code;
    while ((code = kafka_consumer_poll(consumer, starved ? 1000 : 0, &message, NULL)) == KAFKA_ERR_TIMED_OUT)
      starved = 1;
    check(code, NULL, "kafka_consumer_poll");
    memcpy(payload, message.value, message.value_len);
    kafka_message_release(&message);
  }
  return starved ? STARVED : now_ns(bench) - start;
}

/* `views` looks at the messages where they are, `consume` copies their values. */
static double consume_round(const struct bench *bench) {
  int starved = 0, copies = is_case(bench, "consume");
  uint64_t done = 0;
  double start = now_ns(bench);
  while (done < bench->count) {
    kafka_batch *batch;
    const kafka_raw_message *const *messages;
    size_t count;
    int32_t code =
        kafka_consumer_consume(consumer, at_most(bench, done), starved ? 1000 : 0, &batch, NULL);
    if (code == KAFKA_ERR_TIMED_OUT) {
      starved = 1;
      continue;
    }
    check(code, NULL, "kafka_consumer_consume");
    check(kafka_batch_count(batch, &count, NULL), NULL, "kafka_batch_count");
    check(kafka_batch_raw_messages(batch, &messages, NULL), NULL, "kafka_batch_raw_messages");
    for (size_t i = 0; i < count; i++) {
      if (messages[i]->value_len != bench->size)
        fail("kafka_batch_raw_messages", "another message");
      if (copies)
        memcpy(payload, messages[i]->value, messages[i]->value_len);
    }
    kafka_batch_free(batch);
    done += count;
  }
  return starved ? STARVED : now_ns(bench) - start;
}

static double both_round(const struct bench *bench) {
  double start = now_ns(bench);
  if (bench->batch > 1) {
    batch_round(bench);
    consume_round(bench);
  } else {
    send_round(bench);
    receive_round(bench);
  }
  return now_ns(bench) - start;
}

static void start_consumer(const struct bench *bench, const kafka_conf *conf) {
  kafka_error err;
  check(kafka_consumer_new(bench->servers, conf, &consumer, NULL, &err), &err, "kafka_consumer_new");
  kafka_partitions *list;
  check(kafka_partitions_new(&list, &err), &err, "kafka_partitions_new");
  check(kafka_partitions_add(list, bench->topic, 0, KAFKA_OFFSET_INVALID, &err), &err, bench->topic);
  check(kafka_consumer_assign(consumer, list, NULL, &err), &err, "kafka_consumer_assign");
  kafka_partitions_free(list);
}

static void start_producer(const struct bench *bench, const kafka_conf *conf) {
  kafka_error err;
  check(kafka_producer_new(bench->servers, conf, &producer, NULL, &err), &err, "kafka_producer_new");
  check(kafka_producer_create_topic(producer, bench->topic, NULL, &topic, &err), &err, bench->topic);
  make_keys();
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    double (*round)(const struct bench *);
  } cases[] = {
      {"send", send_round},       {"produce", produce_round}, {"batch", batch_round},     {"keys", batch_round},
      {"headers", batch_round},   {"receive", receive_round}, {"consume", consume_round}, {"views", consume_round},
      {"both", both_round},       {"hold", hold_round},       {"clients", clients_round}, {"outage", outage_round},
      {NULL, NULL},
  };
  if (argc == 1) {
    printf("%s, librdkafka %s\n", kafka_version(), kafka_librdkafka_version());
    return 0;
  }
  struct bench bench = bench_from_args(argc, argv);
  kafka_conf *conf = conf_of(&bench);
  payload = calloc(1, bench.size);
  int takes = is_case(&bench, "receive") || is_case(&bench, "consume") || is_case(&bench, "views");
  if (takes || is_case(&bench, "both"))
    start_consumer(&bench, conf);
  if (!takes)
    start_producer(&bench, conf);
  kafka_conf_free(conf);
  if (is_case(&bench, "latency"))
    serve_each(&bench, message_ns);
  for (size_t i = 0; cases[i].name; i++)
    if (is_case(&bench, cases[i].name))
      serve(&bench, cases[i].round);
  kafka_topic_free(topic);
  kafka_producer_free(producer);
  kafka_consumer_free(consumer);
  free(payload);
  return 0;
}
