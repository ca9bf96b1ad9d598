/* Threads that wait inside the library until what they wait with is closed. */
#ifndef WAITER_H
#define WAITER_H

#include "check.h"

#include <pthread.h>

struct waiter {
    pthread_t thread;
    void *object;
    int32_t last;
};

static inline void *wait_for_message(void *argument)
{
    struct waiter *waiter = (struct waiter *)argument;
    kafka_message message;
    waiter->last = kafka_consumer_poll((kafka_consumer *)waiter->object, -1, &message, NULL);
    return NULL;
}

static inline void start_waiting(struct waiter *waiter, void *object, void *(*body)(void *))
{
    waiter->object = object;
    CHECK_INT(pthread_create(&waiter->thread, NULL, body, waiter), 0);
}

/* It ends because its object has been closed. */
static inline void expect_end_of_wait(struct waiter *waiter)
{
    CHECK_INT(pthread_join(waiter->thread, NULL), 0);
    CHECK_INT(waiter->last, KAFKA_ERR_CLOSED);
}

#endif
