/* librdkafka's mock cluster in a process of its own, and what fills its topics. */
#include <rdkafka.h>
#include <rdkafka_mock.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rd_kafka_t *start(const char *const properties[][2]) {
  char text[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  for (; (*properties)[0]; properties++)
    if (rd_kafka_conf_set(conf, (*properties)[0], (*properties)[1], text, sizeof text)) {
      fprintf(stderr, "%s\n", text);
      exit(1);
    }
  rd_kafka_conf_set_log_cb(conf, NULL);
  rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
  if (!rk) {
    fprintf(stderr, "%s\n", text);
    exit(1);
  }
  return rk;
}

/* Every payload differs from every other: Lua keeps only one copy of equal strings. */
static void fill(rd_kafka_t *rk, const char *topic, size_t size, uint64_t count) {
  static uint64_t random = 88172645463325252u;
  static char payload[1 << 20];
  if (size > sizeof payload)
    size = sizeof payload;
  while (count > 0) {
    for (size_t i = 0; i < size; i += sizeof random) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      memcpy(payload + i, &random, size - i < sizeof random ? size - i : sizeof random);
    }
    if (rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(payload, size), RD_KAFKA_V_END))
      rd_kafka_poll(rk, 1);
    else
      count--;
  }
  rd_kafka_flush(rk, 60000);
}

int main(void) {
  rd_kafka_t *rk = start((const char *const[][2]){{"test.mock.num.brokers", "1"}, {NULL, NULL}});
  rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster(rk);
  const char *servers = rd_kafka_mock_cluster_bootstraps(cluster);
  rd_kafka_t *filler = start((const char *const[][2]){{"bootstrap.servers", servers}, {NULL, NULL}});
  char verb[16], topic[64];
  size_t size;
  unsigned long count;
  puts(servers);
  fflush(stdout);
  while (scanf("%15s %63s %zu %lu", verb, topic, &size, &count) == 4) {
    if (strcmp(verb, "create") == 0)
      rd_kafka_mock_topic_create(cluster, topic, (int)size, 1);
    else
      fill(filler, topic, size, count);
    puts("done");
    fflush(stdout);
  }
  rd_kafka_destroy(filler);
  rd_kafka_destroy(rk);
  return 0;
}
