"""The same work by confluent-kafka, which brings a librdkafka of its own. See bench.h."""

import sys
import time

import confluent_kafka

SENDS_PER_POLL = 100
HEADERS = [("trace", "4bf92f3577b34da6a3ce929d0e0e4736"), ("type", "order.created")]

if len(sys.argv) == 1:
    print(f"{confluent_kafka.version()}, librdkafka {confluent_kafka.libversion()[0]}")
    sys.exit()

case, until, batch_size, servers, topic, size, count = sys.argv[1:8]
batch_size, size, count = int(batch_size), int(size), int(count)
properties = {"bootstrap.servers": servers, "log_level": 0} | dict(zip(sys.argv[8::2], sys.argv[9::2]))
payload = bytes(size)
producer = consumer = None
reported = 0


def on_report(error, _message):
    global reported
    if error:
        raise SystemExit(error)
    reported += 1


def end_of():
    queued = time.perf_counter_ns()
    producer.flush()
    return time.perf_counter_ns() if until == "reported" else queued


def send():
    """With a report for each message."""
    start = time.perf_counter_ns()
    for number in range(1, count + 1):
        while True:
            try:
                producer.produce(topic, payload, on_delivery=on_report)
                break
            except BufferError:
                producer.poll(0.001)
        if number % SENDS_PER_POLL == 0:
            producer.poll(0)
    return end_of() - start


def produce():
    start = time.perf_counter_ns()
    for number in range(1, count + 1):
        producer.produce(topic, payload)
        if number % SENDS_PER_POLL == 0:
            producer.poll(0)
    return end_of() - start


def batch():
    messages = [{"value": payload} for _ in range(batch_size)]
    if case == "keys":
        for number, message in enumerate(messages):
            message["key"] = f"customer {number % 1000}"
    start = time.perf_counter_ns()
    for _ in range(0, count, batch_size):
        if producer.produce_batch(topic, messages) != batch_size:
            raise SystemExit("not all were queued")
        producer.poll(0)
    return end_of() - start


def headers():
    start = time.perf_counter_ns()
    for number in range(1, count + 1):
        producer.produce(topic, payload, headers=HEADERS)
        if number % SENDS_PER_POLL == 0:
            producer.poll(0)
    return end_of() - start


def receive():
    timeout = 0
    start = time.perf_counter_ns()
    for _ in range(count):
        while (message := consumer.poll(timeout)) is None:
            timeout = 1
        if len(message.value()) != size:
            raise SystemExit("another message")
    return time.perf_counter_ns() - start if timeout == 0 else None


def consume():
    timeout = done = 0
    start = time.perf_counter_ns()
    while done < count:
        messages = consumer.consume(min(batch_size, count - done), timeout)
        for message in messages:
            if len(message.value()) != size:
                raise SystemExit("another message")
        done += len(messages)
        if not messages:
            timeout = 1
    return time.perf_counter_ns() - start if timeout == 0 else None


def both():
    start = time.perf_counter_ns()
    batch()
    consume()
    return time.perf_counter_ns() - start


def latency():
    took = []
    for _ in range(count):
        expected = reported + 1
        start = time.perf_counter_ns()
        producer.produce(topic, payload, on_delivery=on_report)
        while reported < expected:
            producer.poll(1)
        took.append(str(time.perf_counter_ns() - start))
    return " ".join(took)


rounds = {
    "send": send,
    "produce": produce,
    "batch": batch,
    "keys": batch,
    "headers": headers,
    "receive": receive,
    "consume": consume,
    "both": both,
    "latency": latency,
}
if case in ("receive", "consume", "both"):
    consumer = confluent_kafka.Consumer(properties)
    consumer.assign([confluent_kafka.TopicPartition(topic, 0)])
if case not in ("receive", "consume"):
    producer = confluent_kafka.Producer(properties)
print("ready", flush=True)
for _ in sys.stdin:
    found = rounds[case]()
    print(found if isinstance(found, str) else "starved" if found is None else f"{found / count:.1f}", flush=True)
if producer:
    producer.flush(1)
if consumer:
    consumer.close()
