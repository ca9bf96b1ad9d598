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

/* Said by a round that found the queue of fetched messages empty: it measured the wait. */
#define STARVED (-1.0)

struct bench {
  const char *name; /* enqueue, deliver, receive */
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
