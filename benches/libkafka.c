/* The same work through include/kafka.h: what the C boundary costs. */
#include "bench.h"

#include <kafka.h>

static kafka_producer *producer;
static kafka_topic *topic;
static kafka_consumer *consumer;
static char *payload;
static uint64_t reported_count;
static uint64_t last_opaque;

static void check(int32_t code, const kafka_error *err, const char *what) {
  if (code != 0)
    fail(what, err ? err->message : kafka_err_text(code));
}

static kafka_conf *conf_of(const struct bench *bench) {
  kafka_error err;
  kafka_conf *conf;
  check(kafka_conf_new(&conf, &err), &err, "kafka_conf_new");
  for (char **property = bench->properties; *property; property += 2)
    check(kafka_conf_set(conf, property[0], property[1], &err), &err, property[0]);
  return conf;
}

static void poll_reports(int32_t timeout_ms) {
  kafka_reported reported;
  check(kafka_producer_poll(producer, timeout_ms, &reported, NULL), NULL, "kafka_producer_poll");
  if (reported.failed_count)
    fail("delivery", "failed");
  if (reported.reported_count)
    last_opaque = reported.last_opaque;
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

static double send_round(const struct bench *bench) {
  uint64_t expected = reported_count + bench->count;
  double start = now_ns();
  for (uint64_t id = 1; id <= bench->count; id++) {
    send_one(bench->size, id);
    if (id % SENDS_PER_POLL == 0)
      poll_reports(0);
  }
  double sent = now_ns();
  while (reported_count < expected)
    poll_reports(1000);
  if (last_opaque != bench->count)
    fail("delivery", "out of order");
  return (is_case(bench, "deliver") ? now_ns() : sent) - start;
}

static double produce_round(const struct bench *bench) {
  double start = now_ns();
  for (uint64_t id = 1; id <= bench->count; id++) {
    kafka_record record = {
        .value = payload, .value_len = bench->size, .opaque = KAFKA_OPAQUE_QUIET, .partition = -1};
    check(kafka_producer_produce(producer, topic, &record, NULL), NULL, "kafka_producer_produce");
  }
  double sent = now_ns();
  check(kafka_producer_flush(producer, -1, NULL), NULL, "kafka_producer_flush");
  return sent - start;
}

static double batch_round(const struct bench *bench) {
  static kafka_record records[BATCH];
  static kafka_header headers[HEADERS];
  for (int i = 0; i < HEADERS; i++)
    headers[i] = (kafka_header){header_names[i], strlen(header_names[i]), header_values[i], strlen(header_values[i])};
  double start = now_ns();
  for (uint64_t done = 0; done < bench->count; done += BATCH) {
    for (int i = 0; i < BATCH; i++) {
      records[i] = (kafka_record){
          .value = payload, .value_len = bench->size, .opaque = KAFKA_OPAQUE_QUIET, .partition = -1};
      if (is_case(bench, "keys")) {
        const char *key;
        records[i].key_len = key_of(done + (uint64_t)i, &key);
        records[i].key = key;
      } else if (is_case(bench, "headers")) {
        records[i].headers = headers;
        records[i].header_count = HEADERS;
      }
    }
    size_t queued_count;
    check(kafka_producer_produce_batch(producer, topic, records, BATCH, NULL, &queued_count, NULL), NULL,
          "kafka_producer_produce_batch");
    if (queued_count != BATCH)
      fail("kafka_producer_produce_batch", "not all were queued");
  }
  double sent = now_ns();
  check(kafka_producer_flush(producer, -1, NULL), NULL, "kafka_producer_flush");
  return sent - start;
}

static double receive_round(const struct bench *bench) {
  int starved = 0;
  double start = now_ns();
  for (uint64_t i = 0; i < bench->count; i++) {
    kafka_message message;
    int32_t code;
    while ((code = kafka_consumer_poll(consumer, starved ? 1000 : 0, &message, NULL)) == KAFKA_ERR_TIMED_OUT)
      starved = 1;
    check(code, NULL, "kafka_consumer_poll");
    memcpy(payload, message.value, message.value_len);
    kafka_message_release(&message);
  }
  return starved ? STARVED : now_ns() - start;
}

int main(int argc, char **argv) {
  if (argc == 1) {
    printf("%s, librdkafka %s\n", kafka_version(), kafka_librdkafka_version());
    return 0;
  }
  struct bench bench = bench_from_args(argc, argv);
  kafka_conf *conf = conf_of(&bench);
  kafka_error err;
  payload = calloc(1, bench.size);
  if (is_case(&bench, "receive")) {
    check(kafka_consumer_new(bench.servers, conf, &consumer, &err), &err, "kafka_consumer_new");
    kafka_partitions *list;
    check(kafka_partitions_new(&list, &err), &err, "kafka_partitions_new");
    check(kafka_partitions_add(list, bench.topic, 0, KAFKA_OFFSET_INVALID, &err), &err, bench.topic);
    check(kafka_consumer_assign(consumer, list, &err), &err, "kafka_consumer_assign");
    kafka_partitions_free(list);
    serve(&bench, receive_round);
    kafka_consumer_free(consumer);
  } else {
    check(kafka_producer_new(bench.servers, conf, &producer, &err), &err, "kafka_producer_new");
    check(kafka_producer_create_topic(producer, bench.topic, NULL, &topic, &err), &err, bench.topic);
    make_keys();
    if (is_case(&bench, "produce"))
      serve(&bench, produce_round);
    else if (is_case(&bench, "batch") || is_case(&bench, "keys") || is_case(&bench, "headers"))
      serve(&bench, batch_round);
    else
      serve(&bench, send_round);
    kafka_topic_free(topic);
    kafka_producer_free(producer);
  }
  kafka_conf_free(conf);
  free(payload);
  return 0;
}
