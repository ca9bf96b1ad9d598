/* The measure: librdkafka itself, used from C as its examples do. */
#include "bench.h"

#include <rdkafka.h>

static rd_kafka_t *rk;
static rd_kafka_topic_t *rkt;
static rd_kafka_t *consumer;
static rd_kafka_queue_t *queue;
static char *payload;
static uint64_t reported_count;

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client;
  (void)opaque;
  if (message->err)
    fail("delivery", rd_kafka_err2str(message->err));
  reported_count++;
}

static double end_of(const struct bench *bench) {
  double queued = now_ns(bench);
  if (rd_kafka_flush(rk, 60000))
    fail("rd_kafka_flush", "timed out");
  return is_until(bench, "reported") ? now_ns(bench) : queued;
}

static rd_kafka_t *start(rd_kafka_type_t type, const struct bench *bench) {
  char text[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  if (rd_kafka_conf_set(conf, "bootstrap.servers", bench->servers, text, sizeof text))
    fail("bootstrap.servers", text);
  for (char **property = bench->properties; *property; property += 2)
    if (strcmp(property[0], "buffer_memory") && rd_kafka_conf_set(conf, property[0], property[1], text, sizeof text))
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
  int polls = !is_until(bench, "bursts");
  double start = now_ns(bench);
  for (uint64_t id = 1; id <= bench->count; id++) {
    send_one(bench->size, id);
    if (polls && id % SENDS_PER_POLL == 0)
      rd_kafka_poll(rk, 0);
  }
  return end_of(bench) - start;
}

static double batch_round(const struct bench *bench) {
  static rd_kafka_message_t *messages;
  if (!messages)
    messages = calloc(bench->batch, sizeof *messages);
  uint64_t done = 0;
  double start = now_ns(bench);
  while (done < bench->count) {
    for (size_t i = 0; i < bench->batch; i++) {
      messages[i] = (rd_kafka_message_t){.payload = payload, .len = bench->size};
      if (is_case(bench, "keys")) {
        const char *key;
        messages[i].key_len = key_of(done + i, &key);
        messages[i].key = (void *)key;
      }
    }
    if (rd_kafka_produce_batch(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, messages, (int)bench->batch) !=
        (int)bench->batch)
      fail("rd_kafka_produce_batch", "not all were queued");
    done += bench->batch;
    if (done % SENDS_PER_POLL == 0)
      rd_kafka_poll(rk, 0);
  }
  return end_of(bench) - start;
}

static double headers_round(const struct bench *bench) {
  double start = now_ns(bench);
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
  return end_of(bench) - start;
}

static double message_ns(const struct bench *bench) {
  uint64_t expected = reported_count + 1;
  double start = now_ns(bench);
  send_one(bench->size, 1);
  while (reported_count < expected)
    rd_kafka_poll(rk, 1000);
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
    if (rd_kafka_produce(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload, bench->size, NULL, 0, NULL))
      rd_kafka_poll(rk, 10);
  return 0;
}

static double clients_round(const struct bench *bench) {
  for (uint64_t i = 0; i < bench->count; i++)
    start(RD_KAFKA_PRODUCER, bench);
  return 0;
}

static double receive_round(const struct bench *bench) {
  int starved = 0;
  double start = now_ns(bench);
  for (uint64_t i = 0; i < bench->count; i++) {
    rd_kafka_message_t *message;
    while (!(message = rd_kafka_consumer_poll(consumer, starved ? 1000 : 0)))
      starved = 1;
    if (message->err)
      fail("rd_kafka_consumer_poll", rd_kafka_message_errstr(message));
    memcpy(payload, message->payload, message->len);
    rd_kafka_message_destroy(message);
  }
  return starved ? STARVED : now_ns(bench) - start;
}

static double views_round(const struct bench *bench) {
  static rd_kafka_message_t **messages;
  if (!messages)
    messages = calloc(bench->batch, sizeof *messages);
  int starved = 0;
  uint64_t done = 0;
  double start = now_ns(bench);
  while (done < bench->count) {
    ssize_t count = rd_kafka_consume_batch_queue(queue, starved ? 1000 : 0, messages, at_most(bench, done));
    starved |= count <= 0;
    for (ssize_t i = 0; i < count; i++) {
      if (messages[i]->err || messages[i]->len != bench->size)
        fail("rd_kafka_consume_batch_queue", rd_kafka_message_errstr(messages[i]));
      rd_kafka_message_destroy(messages[i]);
    }
    done += count > 0 ? (uint64_t)count : 0;
  }
  return starved ? STARVED : now_ns(bench) - start;
}

static double both_round(const struct bench *bench) {
  double start = now_ns(bench);
  if (bench->batch > 1) {
    batch_round(bench);
    views_round(bench);
  } else {
    send_round(bench);
    receive_round(bench);
  }
  return now_ns(bench) - start;
}

static void start_consumer(const struct bench *bench) {
  consumer = start(RD_KAFKA_CONSUMER, bench);
  rd_kafka_poll_set_consumer(consumer);
  queue = rd_kafka_queue_get_consumer(consumer);
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, bench->topic, 0);
  if (rd_kafka_assign(consumer, list))
    fail("rd_kafka_assign", bench->topic);
  rd_kafka_topic_partition_list_destroy(list);
}

static void start_producer(const struct bench *bench) {
  rk = start(RD_KAFKA_PRODUCER, bench);
  rkt = rd_kafka_topic_new(rk, bench->topic, NULL);
  make_keys();
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    double (*round)(const struct bench *);
  } cases[] = {
      {"send", send_round},       {"produce", send_round},    {"batch", batch_round},     {"keys", batch_round},
      {"headers", headers_round}, {"receive", receive_round}, {"consume", receive_round}, {"views", views_round},
      {"both", both_round},       {"hold", hold_round},       {"clients", clients_round}, {"outage", outage_round},
      {NULL, NULL},
  };
  if (argc == 1) {
    puts(rd_kafka_version_str());
    return 0;
  }
  struct bench bench = bench_from_args(argc, argv);
  payload = calloc(1, bench.size);
  int takes = is_case(&bench, "receive") || is_case(&bench, "consume") || is_case(&bench, "views");
  if (takes || is_case(&bench, "both"))
    start_consumer(&bench);
  if (!takes)
    start_producer(&bench);
  if (is_case(&bench, "latency"))
    serve_each(&bench, message_ns);
  for (size_t i = 0; cases[i].name; i++)
    if (is_case(&bench, cases[i].name))
      serve(&bench, cases[i].round);
  if (rk) {
    rd_kafka_topic_destroy(rkt);
    rd_kafka_destroy(rk);
  }
  if (consumer) {
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
  }
  free(payload);
  return 0;
}
