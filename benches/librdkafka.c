/* The measure: librdkafka itself, used from C as its examples do. */
#include "bench.h"

#include <rdkafka.h>

static rd_kafka_t *rk;
static rd_kafka_topic_t *rkt;
static char *payload;
static uint64_t reported_count;
static uint64_t last_opaque;

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client;
  (void)opaque;
  if (message->err)
    fail("delivery", rd_kafka_err2str(message->err));
  reported_count++;
  last_opaque = (uint64_t)(uintptr_t)message->_private;
}

static void wait_for_reports(uint64_t expected) {
  while (reported_count < expected)
    rd_kafka_poll(rk, 1000);
}

static rd_kafka_t *start(rd_kafka_type_t type, const struct bench *bench) {
  char text[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  if (rd_kafka_conf_set(conf, "bootstrap.servers", bench->servers, text, sizeof text))
    fail("bootstrap.servers", text);
  for (char **property = bench->properties; *property; property += 2)
    if (rd_kafka_conf_set(conf, property[0], property[1], text, sizeof text))
      fail(property[0], text);
  rd_kafka_conf_set_log_cb(conf, NULL);
  if (type == RD_KAFKA_PRODUCER)
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  rd_kafka_t *client = rd_kafka_new(type, conf, text, sizeof text);
  if (!client)
    fail("rd_kafka_new", text);
  return client;
}

static void send_one(size_t size, uint64_t id) {
  while (rd_kafka_produce(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload, size, NULL, 0,
                          (void *)(uintptr_t)id)) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
      fail("rd_kafka_produce", rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_poll(rk, 1);
  }
}

static double send_round(const struct bench *bench) {
  uint64_t expected = reported_count + bench->count;
  double start = now_ns();
  for (uint64_t id = 1; id <= bench->count; id++) {
    send_one(bench->size, id);
    if (id % SENDS_PER_POLL == 0)
      rd_kafka_poll(rk, 0);
  }
  double sent = now_ns();
  wait_for_reports(expected);
  if (last_opaque != bench->count)
    fail("delivery", "out of order");
  return (is_case(bench, "deliver") ? now_ns() : sent) - start;
}

static double batch_round(const struct bench *bench) {
  static rd_kafka_message_t messages[BATCH];
  uint64_t expected = reported_count + bench->count;
  double start = now_ns();
  for (uint64_t done = 0; done < bench->count; done += BATCH) {
    for (int i = 0; i < BATCH; i++) {
      messages[i] = (rd_kafka_message_t){.payload = payload, .len = bench->size};
      if (is_case(bench, "keys")) {
        const char *key;
        messages[i].key_len = key_of(done + (uint64_t)i, &key);
        messages[i].key = (void *)key;
      }
    }
    if (rd_kafka_produce_batch(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, messages, BATCH) != BATCH)
      fail("rd_kafka_produce_batch", "not all were queued");
    rd_kafka_poll(rk, 0);
  }
  double sent = now_ns();
  wait_for_reports(expected);
  return sent - start;
}

static double headers_round(const struct bench *bench) {
  uint64_t expected = reported_count + bench->count;
  double start = now_ns();
  for (uint64_t id = 1; id <= bench->count; id++) {
    rd_kafka_vu_t record[4 + HEADERS] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = rkt},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = RD_KAFKA_PARTITION_UA},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {payload, bench->size}},
    };
    for (int i = 0; i < HEADERS; i++) {
      record[4 + i].vtype = RD_KAFKA_VTYPE_HEADER;
      record[4 + i].u.header.name = header_names[i];
      record[4 + i].u.header.val = header_values[i];
      record[4 + i].u.header.size = (ssize_t)strlen(header_values[i]);
    }
    rd_kafka_error_t *error = rd_kafka_produceva(rk, record, 4 + HEADERS);
    if (error)
      fail("rd_kafka_produceva", rd_kafka_error_string(error));
    if (id % SENDS_PER_POLL == 0)
      rd_kafka_poll(rk, 0);
  }
  double sent = now_ns();
  wait_for_reports(expected);
  return sent - start;
}

static double receive_round(const struct bench *bench) {
  int starved = 0;
  double start = now_ns();
  for (uint64_t i = 0; i < bench->count; i++) {
    rd_kafka_message_t *message;
    while (!(message = rd_kafka_consumer_poll(rk, starved ? 1000 : 0)))
      starved = 1;
    if (message->err)
      fail("rd_kafka_consumer_poll", rd_kafka_message_errstr(message));
    memcpy(payload, message->payload, message->len);
    rd_kafka_message_destroy(message);
  }
  return starved ? STARVED : now_ns() - start;
}

int main(int argc, char **argv) {
  if (argc == 1) {
    puts(rd_kafka_version_str());
    return 0;
  }
  struct bench bench = bench_from_args(argc, argv);
  payload = calloc(1, bench.size);
  if (is_case(&bench, "receive")) {
    rk = start(RD_KAFKA_CONSUMER, &bench);
    rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, bench.topic, 0);
    if (rd_kafka_assign(rk, list))
      fail("rd_kafka_assign", bench.topic);
    rd_kafka_topic_partition_list_destroy(list);
    serve(&bench, receive_round);
    rd_kafka_consumer_close(rk);
  } else {
    rk = start(RD_KAFKA_PRODUCER, &bench);
    rkt = rd_kafka_topic_new(rk, bench.topic, NULL);
    make_keys();
    if (is_case(&bench, "headers"))
      serve(&bench, headers_round);
    else if (is_case(&bench, "batch") || is_case(&bench, "keys"))
      serve(&bench, batch_round);
    else
      serve(&bench, send_round);
    rd_kafka_topic_destroy(rkt);
  }
  rd_kafka_destroy(rk);
  free(payload);
  return 0;
}
