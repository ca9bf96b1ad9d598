/*
 * kafka.h - Kafka for LuaJIT, OpenResty and C. Version @VERSION@.
 *
 * Generated from src/ffi by cbindgen: change it there and run `make header`.
 *
 * CODES      A function that can fail returns an int32_t: 0 for success, one of
 *            librdkafka's numbers, or one of ours, at or below -1000. Outputs are
 *            written on success only. `err`, always last, may be NULL; it is
 *            filled in on failure only, by the caller's own memory.
 * OWNERSHIP  Objects are opaque. What a *_new or *_create_* function hands out is
 *            the caller's, to be given back to the matching *_free once; freeing
 *            NULL is nothing. Strings and bytes handed in are copied before the
 *            call returns. A pointer handed out says in its comment how long it
 *            lasts.
 * CLOSING    A *_close ends an object, and may wait; every later call on it
 *            answers KAFKA_ERR_CLOSED, a second close 0. A *_free closes if need be.
 * THREADS    Producers, topics, consumers and mock clusters may be used by any
 *            number of threads at once; configurations and lists by one at a time.
 *            No call on an object may be under way when it is freed. The library's
 *            threads block all signals and never call back into the program.
 * FORK       librdkafka's threads do not follow into a forked child. There every
 *            call on an object made before answers KAFKA_ERR_FORKED, and freeing it
 *            does nothing: make a new one.
 * BLOCKING   A call blocks only where its comment says so, and no longer than its
 *            timeout_ms: 0 does not wait, -1 waits without limit.
 * EXIT       A producer that is still open when the process exits is flushed, for
 *            a second at most; what had to be given up is counted on stderr.
 * UNLOADING  The shared library stays loaded until the process ends.
 */
