"""The independent client at the other end of the wire: kafka-python, which has
a protocol implementation of its own.

usage: peer.py BROKERS COMMAND ARGUMENT...

  create TOPIC:PARTITIONS...   create topics and wait until they have leaders
  exists TOPIC                 print "yes" or "no"
  delete NAME...               delete those that are topics
  produce TOPIC CODEC          produce the records on stdin, print their places
  consume COUNT TOPIC...       print COUNT records of each topic from its start,
                               and any beyond them; then the codecs seen
  tail TOPIC                   print records from the start until killed
  times TOPIC TIMESTAMP...     print the offset of the first record of partition 0
                               from each of these times on, or "end"
  committed GROUP              print a group's committed offsets
  acls PRINCIPAL               print its access control list
  transact TOPIC               a committed, an aborted and a committed record

A record is a line: PARTITION KEY VALUE HEADERS, and where it was read before
that TOPIC and OFFSET, after it TIMESTAMP. Bytes are an "x" and their hex digits,
a null is "-". Headers are KEY=VALUE pairs of such bytes, joined by commas, "-"
for none. The environment's PEER_CONFIG has kafka-python's options as JSON.
"""

import json
import logging
import os
import sys
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.record.default_records import DefaultRecordBatch

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]

# What it takes to connect: a JSON object of kafka-python's options.
CONFIG = json.loads(os.environ.get("PEER_CONFIG", "{}"))

# A record that is not there must not look like one that is slow to come.
DEADLINE_S = 60
# How long to listen for records beyond those expected.
QUIET_S = 0.5


def to_text(data):
    return "-" if data is None else "x" + bytes(data).hex()


def from_text(text):
    return None if text == "-" else bytes.fromhex(text[1:])


def headers_to_text(headers):
    pairs = [to_text(k.encode()) + "=" + to_text(v) for k, v in headers]
    return ",".join(pairs) or "-"


def headers_from_text(text):
    if text == "-":
        return []
    pairs = [pair.split("=") for pair in text.split(",")]
    return [(from_text(k).decode(), from_text(v)) for k, v in pairs]


def show(record):
    fields = [
        record.topic,
        record.offset,
        record.partition,
        to_text(record.key),
        to_text(record.value),
        headers_to_text(record.headers),
        record.timestamp,
    ]
    print(*fields)


def watch_codecs():
    """The codecs of the batches read from now on; the public API hides them."""
    seen = set()
    original = DefaultRecordBatch._maybe_uncompress

    def watching(batch):
        if not batch._decompressed:
            seen.add(CODECS[batch.compression_type])
        return original(batch)

    DefaultRecordBatch._maybe_uncompress = watching
    return seen


def create(admin, *topics):
    wanted = {}
    for topic in topics:
        name, partitions = topic.rsplit(":", 1)
        wanted[name] = {"num_partitions": int(partitions), "replication_factor": -1}
    admin.create_topics(wanted)
    admin.wait_for_topics(list(wanted), timeout_ms=DEADLINE_S * 1000)


def exists(admin, topic):
    print("yes" if topic in admin.list_topics() else "no")


def delete(admin, *names):
    topics = set(admin.list_topics())
    admin.delete_topics([name for name in names if name in topics], raise_errors=False)


def produce(brokers, topic, codec):
    producer = KafkaProducer(
        bootstrap_servers=brokers,
        compression_type=None if codec == "none" else codec,
        acks="all",
        linger_ms=20,
        **CONFIG,
    )
    sent = []
    for line in sys.stdin:
        partition, key, value, headers = line.split()
        sent.append(
            producer.send(
                topic,
                partition=int(partition),
                key=from_text(key),
                value=from_text(value),
                headers=headers_from_text(headers),
            )
        )
    producer.flush(timeout=DEADLINE_S)
    for future in sent:
        place = future.get(timeout=DEADLINE_S)
        print(place.partition, place.offset)
    producer.close()


def reader(brokers, topic):
    consumer = KafkaConsumer(
        bootstrap_servers=brokers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        check_crcs=True,
        **CONFIG,
    )
    partitions = consumer.partitions_for_topic(topic)
    if not partitions:
        sys.exit(f"peer: the broker does not know the topic {topic}")
    consumer.assign([TopicPartition(topic, p) for p in sorted(partitions)])
    consumer.seek_to_beginning()
    return consumer


def polled(consumer, timeout_s):
    batches = consumer.poll(timeout_ms=int(timeout_s * 1000))
    return [record for batch in batches.values() for record in batch]


def consume(brokers, count, *topics):
    seen = watch_codecs()
    for topic in topics:
        seen.clear()
        consumer = reader(brokers, topic)
        records = []
        deadline = time.monotonic() + DEADLINE_S
        while len(records) < int(count) and time.monotonic() < deadline:
            records += polled(consumer, 1)
        records += polled(consumer, QUIET_S)
        consumer.close()
        for record in sorted(records, key=lambda r: (r.partition, r.offset)):
            show(record)
        print("codecs", topic, ",".join(sorted(seen)))


def tail(brokers, topic):
    consumer = reader(brokers, topic)
    while True:
        for record in polled(consumer, 1):
            show(record)
        sys.stdout.flush()


def times(brokers, topic, *timestamps):
    consumer = reader(brokers, topic)
    place = TopicPartition(topic, 0)
    for timestamp in timestamps:
        found = consumer.offsets_for_times({place: int(timestamp)})[place]
        print("end" if found is None else found.offset)
    consumer.close()


def committed(admin, group):
    for place, offset in admin.list_group_offsets(group)[group].items():
        print(place.topic, place.partition, offset.offset)


def acls(admin, principal):
    resources = ResourcePatternFilter(
        ResourceType.ANY, None, ACLResourcePatternType.ANY
    )
    wanted = ACLFilter(
        principal, None, ACLOperation.ANY, ACLPermissionType.ANY, resources
    )
    for acl in admin.describe_acls(wanted)[0]:
        resource = acl.resource_pattern
        fields = [
            resource.resource_type.name,
            resource.resource_name,
            resource.pattern_type.name,
            acl.host,
            acl.operation.name,
            acl.permission_type.name,
        ]
        print(*fields)


def transact(brokers, topic):
    producer = KafkaProducer(
        bootstrap_servers=brokers, transactional_id=topic, **CONFIG
    )
    producer.init_transactions()
    for value, end in [
        (b"first committed", producer.commit_transaction),
        (b"aborted", producer.abort_transaction),
        (b"second committed", producer.commit_transaction),
    ]:
        producer.begin_transaction()
        producer.send(topic, value=value, partition=0).get(timeout=DEADLINE_S)
        end()
    producer.close()


def main(brokers, command, *arguments):
    brokers = brokers.split(",")
    if command in ("create", "exists", "delete", "committed", "acls"):
        admin = KafkaAdminClient(bootstrap_servers=brokers, **CONFIG)
        globals()[command](admin, *arguments)
        admin.close()
    elif command in ("produce", "consume", "tail", "times", "transact"):
        globals()[command](brokers, *arguments)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="peer: %(name)s: %(message)s")
    main(*sys.argv[1:])
