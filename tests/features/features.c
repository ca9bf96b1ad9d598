/*
 * Uses one feature of the library, which its arguments name:
 *
 *   features get NAME                            prints what a property is set to
 *   features codec NAME                          produces and consumes, compressed with it
 *   features client BROKERS MS NAME=VALUE ...    starts a producer and keeps it for so long
 */
#include <kafka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static kafka_error err;

static void must(int32_t code, const char *what) {
  if (code != 0) {
    fprintf(stderr, "%s: %s (%s)\n", what, err.message, kafka_err_name(code));
    exit(1);
  }
}

static void set(kafka_conf *conf, const char *name, const char *value) {
  must(kafka_conf_set(conf, name, value, &err), name);
}

static int get(const char *name) {
  kafka_conf *conf = NULL;
  char value[4096];
  size_t value_len = 0;
  must(kafka_conf_new(&conf, &err), "conf");
  must(kafka_conf_get(conf, name, value, sizeof value, &value_len, &err), name);
  printf("%s\n", value);
  kafka_conf_free(conf);
  return 0;
}

static int client(const char *brokers, long wait_ms, int argc, char **argv) {
  kafka_conf *conf = NULL;
  kafka_producer *producer = NULL;
  struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000L};
  int i;
  must(kafka_conf_new(&conf, &err), "conf");
  for (i = 0; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (value == NULL) return 2;
    *value++ = '\0';
    set(conf, argv[i], value);
  }
  must(kafka_producer_new(brokers, conf, &producer, NULL, &err), "producer");
  nanosleep(&wait, NULL);
  must(kafka_producer_close(producer, 0, NULL, NULL, &err), "close");
  kafka_producer_free(producer);
  kafka_conf_free(conf);
  puts("started and closed");
  return 0;
}

enum { MESSAGES = 100, SIZE = 1000 };

static void fill(char *value, int number) {
  memset(value, 'a' + number % 26, SIZE);
  memcpy(value, &number, sizeof number);
}

static int codec(const char *name) {
  kafka_mock_cluster *cluster = NULL;
  kafka_conf *conf = NULL;
  kafka_producer *producer = NULL;
  kafka_consumer *consumer = NULL;
  kafka_topic *topic = NULL;
  kafka_partitions *partitions = NULL;
  const char *brokers = NULL;
  char value[SIZE];
  int number;

  must(kafka_mock_cluster_new(1, &cluster, &err), "cluster");
  must(kafka_mock_cluster_bootstrap_servers(cluster, &brokers, &err), "cluster");
  must(kafka_mock_cluster_create_topic(cluster, "features", 1, 1, &err), "topic");

  must(kafka_conf_new(&conf, &err), "conf");
  set(conf, "compression.codec", name);
  set(conf, "linger.ms", "200");
  /* It logs how each batch was compressed. */
  set(conf, "debug", "msg");
  must(kafka_producer_new(brokers, conf, &producer, NULL, &err), "producer");
  must(kafka_producer_create_topic(producer, "features", NULL, &topic, &err), "topic");
  for (number = 0; number < MESSAGES; number++) {
    fill(value, number);
    must(kafka_producer_send(producer, topic, 0, NULL, 0, value, SIZE, KAFKA_OPAQUE_NONE, &err), "send");
  }
  must(kafka_producer_flush(producer, 20000, NULL, &err), "flush");
  must(kafka_producer_close(producer, 1000, NULL, NULL, &err), "close");
  kafka_conf_free(conf);

  must(kafka_conf_new(&conf, &err), "conf");
  set(conf, "group.id", "features");
  must(kafka_consumer_new(brokers, conf, &consumer, NULL, &err), "consumer");
  must(kafka_partitions_new(&partitions, &err), "partitions");
  must(kafka_partitions_add(partitions, "features", 0, KAFKA_OFFSET_BEGINNING, &err), "partitions");
  must(kafka_consumer_assign(consumer, partitions, NULL, &err), "assign");
  for (number = 0; number < MESSAGES; number++) {
    kafka_message message;
    fill(value, number);
    must(kafka_consumer_poll(consumer, 20000, &message, &err), "poll");
    if (message.value_len != SIZE || memcmp(message.value, value, SIZE) != 0) {
      fprintf(stderr, "message %d came back changed\n", number);
      return 1;
    }
    kafka_message_release(&message);
  }

  kafka_consumer_free(consumer);
  kafka_partitions_free(partitions);
  kafka_conf_free(conf);
  kafka_topic_free(topic);
  kafka_producer_free(producer);
  kafka_mock_cluster_free(cluster);
  printf("%d messages came back\n", MESSAGES);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "get") == 0) return get(argv[2]);
  if (argc == 3 && strcmp(argv[1], "codec") == 0) return codec(argv[2]);
  if (argc >= 4 && strcmp(argv[1], "client") == 0)
    return client(argv[2], atol(argv[3]), argc - 4, argv + 4);
  return 2;
}
