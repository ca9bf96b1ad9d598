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

/* Of the cases that produce many at a time: how many, and over how many partitions. */
#define BATCH 1000
#define KEYS 1000
#define HEADERS 2

static const char *const header_names[HEADERS] = {"trace", "type"};
static const char *const header_values[HEADERS] = {"4bf92f3577b34da6a3ce929d0e0e4736", "order.created"};

/* Said by a round that found the queue of fetched messages empty: it measured the wait. */
#define STARVED (-1.0)

struct bench {
  const char *name; /* enqueue, deliver, produce, batch, keys, headers, receive */
  const char *servers;
  const char *topic;
  size_t size;
  uint64_t count;
  char **properties; /* name, value, name, value, NULL */
};

static inline void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static inline struct bench bench_from_args(int argc, char **argv) {
  if (argc < 6)
    fail(argv[0], "CASE SERVERS TOPIC SIZE COUNT [PROPERTY VALUE]...");
  return (struct bench){argv[1], argv[2], argv[3], strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10), argv + 6};
}

static inline int is_case(const struct bench *bench, const char *name) {
  return strcmp(bench->name, name) == 0;
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

static inline double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

/* A round for each line on stdin; its nanoseconds per message on stdout. */
static inline void serve(const struct bench *bench, double (*round_ns)(const struct bench *)) {
  char line[64];
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    double ns = round_ns(bench);
    if (ns == STARVED)
      puts("starved");
    else
      printf("%.1f\n", ns / (double)bench->count);
    fflush(stdout);
  }
}

#endif
