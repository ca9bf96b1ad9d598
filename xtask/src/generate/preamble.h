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
 *            lasts. A copy of a struct that is to be released is not a second one:
 *            release one of them.
 * STRUCTS    Zero a struct before filling it in: it ends in reserved space, which has
 *            to be all 0, else KAFKA_ERR_INVALID_ARGUMENT. There later versions may
 *            have fields, which a program that does not know them leaves 0; all other
 *            structs stay as they are as long as KAFKA_ABI_VERSION does.
 * CLOSING    A *_close ends an object, and may wait; every later call on it
 *            answers KAFKA_ERR_CLOSED, a second close 0. A *_free closes if need be.
 * THREADS    Producers, topics, consumers, admin clients, what a kafka_client is of,
 *            futures, notifiers, group metadata and mock clusters may be used by any number
 *            of threads at once, whichever made them. Configurations, lists, messages and
 *            batches may be used by one at a time; a value by many while none changes it.
 *            A consumer's kafka_cursor, and kafka_consumer_take, are for one thread.
 *            Every thread needs a kafka_error of its own. A report, an event or a message
 *            goes to one of the threads that ask, whichever is first: only what one
 *            thread takes is in order. A close ends calls that wait in other threads, with
 *            KAFKA_ERR_CLOSED; no call on an object may be under way when it is freed.
 *            No function may be called by a signal's handler. The library's threads block
 *            all signals and never call back into the program; they change numbers that
 *            the header has as volatile while the program looks at them.
 * FORK       librdkafka's threads do not follow into a forked child. There every
 *            call on an object made before answers KAFKA_ERR_FORKED, and freeing it
 *            does nothing: make a new one.
 * BLOCKING   A call blocks only where its comment says so, and no longer than its
 *            timeout_ms: 0 does not wait, -1 waits without limit. One that takes a place
 *            for a kafka_future blocks only if that is NULL.
 * EXIT       A producer that is still open when the process calls exit() or returns
 *            from main is flushed, for a second at most; what had to be given up is
 *            counted on stderr. A signal that ends the process, abort() and _exit()
 *            leave no time for that, and what was queued is gone: docs/C.md shows how
 *            to end on SIGTERM.
 * UNLOADING  The shared library stays loaded until the process ends.
 */
