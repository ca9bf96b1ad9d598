/*
 * Produces ten messages, waits until the cluster has them, and reads them back.
 *
 *   cc -std=c99 quickstart.c $(pkg-config --cflags --libs kafka) -o quickstart
 *   ./quickstart [host:port]      without it, on a cluster inside this process
 */
#include <kafka.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 10 };
static const char *const TOPIC = "kafka-ffi-quickstart";
static kafka_error err;

static void check(int32_t code, const char *what) {
  if (code == KAFKA_ERR_NO_ERROR) return;
  fprintf(stderr, "%s: %s (%s)\n", what, err.message, kafka_err_name(code));
  exit(1);
}

int main(int argc, char **argv) {
  const char *brokers = argc > 1 ? argv[1] : NULL;
  kafka_mock_cluster *cluster = NULL;
  if (brokers == NULL) {
    check(kafka_mock_cluster_new(1, &cluster, &err), "cluster");
    check(kafka_mock_cluster_bootstrap_servers(cluster, &brokers, &err), "cluster");
  }

  kafka_producer *producer;
  kafka_topic *topic;
  check(kafka_producer_new(brokers, NULL, &producer, NULL, &err), "producer");
  check(kafka_producer_create_topic(producer, TOPIC, NULL, &topic, &err), "topic");
  for (int number = 0; number < COUNT; number++) {
    char value[32];
    int value_len = snprintf(value, sizeof value, "message %d", number);
    check(kafka_producer_send(producer, topic, -1, NULL, 0, value, (size_t)value_len,
                              (uint64_t)number, &err), "send");
  }
  check(kafka_producer_flush(producer, 10000, NULL, &err), "flush");
  kafka_poll_result reported;
  check(kafka_producer_poll(producer, 0, &reported, &err), "poll");
  printf("delivered %d of %d\n", (int)(reported.reported_count - reported.failed_count), COUNT);

  kafka_conf *conf;
  kafka_consumer *consumer;
  kafka_partitions *topics;
  check(kafka_conf_new(&conf, &err), "conf");
  check(kafka_conf_set(conf, "group.id", TOPIC, &err), "conf");
  check(kafka_conf_set(conf, "auto.offset.reset", "earliest", &err), "conf");
  check(kafka_consumer_new(brokers, conf, &consumer, NULL, &err), "consumer");
  check(kafka_partitions_new(&topics, &err), "topics");
  check(kafka_partitions_add(topics, TOPIC, -1, KAFKA_OFFSET_INVALID, &err), "topics");
  check(kafka_consumer_subscribe(consumer, topics, NULL, &err), "subscribe");
  for (int number = 0; number < COUNT; number++) {
    kafka_message message;
    check(kafka_consumer_poll(consumer, 30000, &message, &err), "poll");
    printf("%s[%d] offset %lld: %.*s\n", message.topic, (int)message.partition,
           (long long)message.offset, (int)message.value_len, (const char *)message.value);
    kafka_message_release(&message);
  }

  check(kafka_consumer_close(consumer, 10000, NULL, &err), "close");
  kafka_consumer_free(consumer);
  kafka_partitions_free(topics);
  kafka_conf_free(conf);
  kafka_topic_free(topic);
  kafka_producer_free(producer);
  kafka_mock_cluster_free(cluster);
  return 0;
}
