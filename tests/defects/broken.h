/* What the programs of tests/defects share: each runs the scenario that its argument names, and ends with 0 where the
 * invariant holds, or with BROKEN and a line that says how it is broken. */
#ifndef BROKEN_H
#define BROKEN_H

#include "check.h"

#define BROKEN 3

/* Ends at once: what is broken may be in the way of an exit. */
#define BREAKS_UNLESS(condition, ...)             \
    do {                                          \
        if (!(condition)) {                       \
            fprintf(stderr, "broken: " __VA_ARGS__); \
            fputc('\n', stderr);                  \
            _exit(BROKEN);                        \
        }                                         \
    } while (0)

typedef struct scenario {
    const char *name;
    void (*run)(void);
} scenario;

#define SCENARIO(function) {#function, function}

static inline int run_scenario(const scenario *scenarios, size_t count, const char *name)
{
    size_t i;
    for (i = 0; i < count; i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            scenarios[i].run();
            return 0;
        }
    }
    fprintf(stderr, "no scenario %s\n", name);
    return 1;
}

/* For how long this thread has run or wanted to. On a machine with too much to do a thread that never rests has little of
 * a processor, and wants it all the time. */
static inline double wanted_s(void)
{
    uint64_t ran_ns = 0, waited_ns = 0;
    FILE *file = fopen("/proc/thread-self/schedstat", "r");
    CHECK(file != NULL);
    CHECK_INT(fscanf(file, "%" SCNu64 " %" SCNu64, &ran_ns, &waited_ns), 2);
    fclose(file);
    return (double)(ran_ns + waited_ns) / 1e9;
}

/* Has the broker answer so many requests of a kind with an error. */
static inline void push_errors(kafka_mock_cluster *cluster, const char *api, int32_t code, size_t count)
{
    int32_t key, codes[100];
    size_t i;
    CHECK(count <= sizeof codes / sizeof *codes);
    for (i = 0; i < count; i++) {
        codes[i] = code;
    }
    OK(kafka_mock_cluster_api_key(api, &key, &err));
    OK(kafka_mock_cluster_push_errors(cluster, key, codes, count, &err));
}

#endif
