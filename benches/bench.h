/* What the C contestants have in common: the same arguments, the same orders
 * from the driver, the same clock. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Between two polls. A program that polls after every message pays for that, not for send. */
#define SENDS_PER_POLL 100

#define KEYS 1000
#define HEADERS 2

static const char *const header_names[HEADERS] = {"trace", "type"};
static const char *const header_values[HEADERS] = {"4bf92f3577b34da6a3ce929d0e0e4736", "order.created"};

/* Said by a round that found the queue of fetched messages empty: it measured the wait. */
#define STARVED (-1.0)

/* What a round does:
 *   send, produce, batch, keys, headers   produces, by these functions of each contestant's
 *   receive, consume, views               takes what has been fetched
 *   both                                  produces, and receives all of it again
 *   latency                               sends one message and waits for its report, and so on
 *   hold                                  queues what no broker takes
 *   outage                                goes on trying that for so many seconds, once the queue is full
 *   clients                               makes so many producers more
 * and until when it takes the time of what it produces:
 *   queued     the last message is queued
 *   reported   the last report has come
 *   bursts     the same; but it is the thread's CPU time, of bursts of `batch` messages without any poll, with all that was
 *              queued sent between them */
struct bench {
  const char *name;
  const char *until;
  size_t batch; /* how many at a time */
  const char *servers;
  const char *topic;
  size_t size;
  uint64_t count;
  char **properties; /* name, value, name, value, NULL; that named buffer_memory is not librdkafka's */
};

static inline void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static inline struct bench bench_from_args(int argc, char **argv) {
  if (argc < 8)
    fail(argv[0], "CASE UNTIL BATCH SERVERS TOPIC SIZE COUNT [PROPERTY VALUE]...");
  return (struct bench){
      .name = argv[1],
      .until = argv[2],
      .batch = strtoul(argv[3], NULL, 10),
      .servers = argv[4],
      .topic = argv[5],
      .size = strtoul(argv[6], NULL, 10),
      .count = strtoul(argv[7], NULL, 10),
      .properties = argv + 8,
  };
}

static inline int is_case(const struct bench *bench, const char *name) {
  return strcmp(bench->name, name) == 0;
}

/* To wait for more than there will be would be a wait until the time is up. */
static inline size_t at_most(const struct bench *bench, uint64_t done) {
  uint64_t left = bench->count - done;
  return left < bench->batch ? (size_t)left : bench->batch;
}

static inline int is_until(const struct bench *bench, const char *name) {
  return strcmp(bench->until, name) == 0;
}

static char keys[KEYS][16];

static inline size_t key_of(uint64_t index, const char **key) {
  *key = keys[index % KEYS];
  return strlen(*key);
}

static inline void make_keys(void) {
  for (int i = 0; i < KEYS; i++)
    snprintf(keys[i], sizeof keys[i], "customer %d", i);
}

static inline double clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static inline double now_ns(const struct bench *bench) {
  return clock_ns(is_until(bench, "bursts") ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC);
}

static inline double bursts_ns(const struct bench *bench, double (*round_ns)(const struct bench *)) {
  struct bench burst = *bench;
  double ns = 0;
  burst.count = bench->batch;
  for (uint64_t done = 0; done < bench->count; done += burst.count)
    ns += round_ns(&burst);
  return ns;
}

/* A round for each line on stdin; its nanoseconds per message on stdout. */
static inline void serve(const struct bench *bench, double (*round_ns)(const struct bench *)) {
  char line[64];
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    double ns = is_until(bench, "bursts") ? bursts_ns(bench, round_ns) : round_ns(bench);
    if (ns == STARVED)
      puts("starved");
    else
      printf("%.1f\n", ns / (double)bench->count);
    fflush(stdout);
  }
}

/* A round of single messages: the nanoseconds of each on stdout, in one line. */
static inline void serve_each(const struct bench *bench, double (*message_ns)(const struct bench *)) {
  char line[64];
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    for (uint64_t i = 0; i < bench->count; i++)
      printf("%.0f ", message_ns(bench));
    puts("");
    fflush(stdout);
  }
}

#endif
