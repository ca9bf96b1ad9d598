"""The independent client at the other end of the wire: aiokafka for records,
kafka-python for administration, each with a protocol implementation of its own.

usage: peer.py BROKERS COMMAND ARGUMENT...

  create TOPIC:PARTITIONS...   create topics and wait until they have leaders
  exists TOPIC                 print "yes" or "no"
  remake TOPIC:PARTITIONS      delete a topic, and create it anew
  grow TOPIC:PARTITIONS        give a topic more partitions
  configure TYPE NAME PROPERTY=VALUE...
                               set properties of a topic or a group
  speaks API VERSION           print "yes" if a broker has this version of the
                               API of this number in Kafka's protocol, or "no"
  produce TOPIC CODEC          produce the records on stdin, print their places
  consume COUNT TOPIC...       once each topic has COUNT records, print all that
                               it has; then the codecs seen
  consume_committed COUNT TOPIC...
                               the same, without what was aborted
  batches TOPIC                print partition, first offset, number of records,
                               producer id and first sequence of each batch
  trim TOPIC OFFSET            delete the records of partition 0 before OFFSET
  ends TOPIC                   print each partition's first offset, and that of
                               the next record
  tail TOPIC                   print records from the start until killed
  times TOPIC TIMESTAMP...     print the offset of the first record of partition 0
                               from each of these times on, or "end"
  committed GROUP...           print groups' committed offsets
  acls PRINCIPAL               print its access control list
  transact TOPIC               a committed, an aborted and a committed record

  serve NAME                   in place of BROKERS COMMAND: run commands of
                               peer_client.py until stdin ends

A record is a line: PARTITION KEY VALUE HEADERS, and where it was read before
that TOPIC and OFFSET, after it TIMESTAMP. Bytes are an "x" and their hex digits,
a null is "-". Headers are KEY=VALUE pairs of such bytes, joined by commas, "-"
for none. The environment's PEER_CONFIG has the clients' options as JSON.
"""

import asyncio
import json
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]

# What it takes to connect.
CONFIG = json.loads(os.environ.get("PEER_CONFIG", "{}"))

# A record that is not there must not look like one that is slow to come.
DEADLINE_S = 60


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


# --- Administration ------------------------------------------------------------


def create(admin, *topics):
    wanted = {}
    for topic in topics:
        name, partitions = topic.rsplit(":", 1)
        wanted[name] = {"num_partitions": int(partitions), "replication_factor": -1}
    admin.create_topics(wanted)
    admin.wait_for_topics(list(wanted), timeout_ms=DEADLINE_S * 1000)


def exists(admin, topic):
    print("yes" if topic in admin.list_topics() else "no")


def remake(admin, topic):
    name, partitions = topic.rsplit(":", 1)
    admin.delete_topics([name])
    try:
        create(admin, topic)
    except kafka.errors.TopicAlreadyExistsError:
        # A client that asked for it had the broker create it, with a number of
        # partitions of the broker's.
        admin.wait_for_topics([name], timeout_ms=DEADLINE_S * 1000)
        made = admin.describe_topics([name])[0]["partitions"]
        if len(made) < int(partitions):
            grow(admin, topic)


def grow(admin, topic):
    name, partitions = topic.rsplit(":", 1)
    admin.create_partitions({name: int(partitions)})


def configure(admin, kind, name, *properties):
    values = dict(text.split("=", 1) for text in properties)
    resource = kafka.admin.ConfigResource(kind, name, values)
    admin.alter_configs([resource], raise_on_unknown=False)
    # The controller answers before each broker has read the change.
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        described = admin.describe_configs([kafka.admin.ConfigResource(kind, name)])
        seen = described.get(kind, {}).get(name, {})
        if all(seen.get(key, {}).get("value") == values[key] for key in values):
            return
        time.sleep(0.05)
    sys.exit(f"peer: {name} does not have {values}, but {seen}")


def speaks(admin, api, version):
    broker = admin.describe_cluster()["brokers"][0]["broker_id"]
    versions = admin.get_broker_version_data(broker).api_versions
    print("yes" if versions.get(int(api), (0, -1))[1] >= int(version) else "no")


def trim(admin, topic, offset):
    admin.delete_records({kafka.TopicPartition(topic, 0): int(offset)})


def group_offsets(admin, group):
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            return admin.list_group_offsets(group)[group]
        except kafka.errors.KafkaError as error:
            # The coordinators of a new cluster are not ready at once.
            if not error.retriable or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def committed(admin, *groups):
    for group in groups:
        for place, offset in group_offsets(admin, group).items():
            print(place.topic, place.partition, offset.offset)


def acls(admin, principal):
    of = kafka.admin
    resources = of.ResourcePatternFilter(
        of.ResourceType.ANY, None, of.ACLResourcePatternType.ANY
    )
    wanted = of.ACLFilter(
        principal, None, of.ACLOperation.ANY, of.ACLPermissionType.ANY, resources
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


# --- Records -------------------------------------------------------------------


def options(brokers):
    options = dict(CONFIG, bootstrap_servers=brokers)
    authorities = options.pop("ssl_cafile", None)
    if authorities is not None:
        options["ssl_context"] = aiokafka.helpers.create_ssl_context(cafile=authorities)
    return options


def produce(brokers, topic, codec):
    # aiokafka sends no record without key and value.
    producer = kafka.KafkaProducer(
        bootstrap_servers=brokers.split(","),
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


class Reader:
    """A consumer of all partitions of a topic, or of these, from their start."""

    def __init__(self, brokers, topic, level="read_uncommitted", partitions=None):
        self.topic = topic
        self.partitions = partitions
        self.consumer = aiokafka.AIOKafkaConsumer(
            group_id=None,
            isolation_level=level,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            check_crcs=True,
            **options(brokers),
        )

    async def __aenter__(self):
        await self.consumer.start()
        if self.partitions is None:
            await self.consumer._client._wait_on_metadata(self.topic)
            self.partitions = self.consumer.partitions_for_topic(self.topic)
        places = [aiokafka.TopicPartition(self.topic, p) for p in self.partitions]
        self.places = sorted(places)
        self.consumer.assign(self.places)
        await self.consumer.seek_to_beginning()
        return self

    async def __aexit__(self, *_):
        await self.consumer.stop()

    async def polled(self):
        batches = await self.consumer.getmany(timeout_ms=200)
        return [record for batch in batches.values() for record in batch]

    async def positions(self):
        return {p: await self.consumer.position(p) for p in self.places}

    async def read(self, count):
        """At least so many records, and all that follow them."""
        records = []
        deadline = time.monotonic() + DEADLINE_S
        ends = None
        while True:
            at = await self.positions()
            if ends is None and len(records) >= count:
                ends = await self.consumer.end_offsets(self.places)
            if ends is not None and all(at[p] >= ends[p] for p in self.places):
                return records
            if time.monotonic() > deadline:
                ends = await self.consumer.end_offsets(self.places)
                sys.exit(
                    f"peer: {len(records)} and not {count} records after"
                    f" {DEADLINE_S} s; read up to {at}, ends are {ends}"
                )
            records += await self.polled()


def watch_codecs():
    """The codecs of the batches read from now on; the public API hides them."""
    seen = set()
    batch = aiokafka.record.default_records.DefaultRecordBatch
    original = batch._maybe_uncompress

    def watching(self):
        seen.add(CODECS[self.compression_type])
        return original(self)

    batch._maybe_uncompress = watching
    return seen


async def consume(brokers, count, *topics, level="read_uncommitted"):
    seen = watch_codecs()
    for topic in topics:
        seen.clear()
        async with Reader(brokers, topic, level) as reader:
            records = await reader.read(int(count))
        for record in sorted(records, key=lambda r: (r.partition, r.offset)):
            show(record)
        print("codecs", topic, ",".join(sorted(seen)))


async def consume_committed(brokers, count, *topics):
    await consume(brokers, count, *topics, level="read_committed")


async def batches(brokers, topic):
    seen = {}
    parser = aiokafka.record.memory_records.MemoryRecords
    original = parser.next_batch

    def watching(records):
        batch = original(records)
        if batch is not None:
            count = batch._num_records
            fields = [count, batch.producer_id, batch.base_sequence]
            seen[batch.base_offset] = fields
        return batch

    parser.next_batch = watching
    async with Reader(brokers, topic) as reader:
        partitions = sorted(reader.partitions)
    for partition in partitions:
        seen.clear()
        async with Reader(brokers, topic, partitions=[partition]) as reader:
            await reader.read(0)
        for offset, fields in sorted(seen.items()):
            print(partition, offset, *fields)


async def ends(brokers, topic):
    async with Reader(brokers, topic) as reader:
        first = await reader.consumer.beginning_offsets(reader.places)
        last = await reader.consumer.end_offsets(reader.places)
    for place in reader.places:
        print(place.partition, first[place], last[place])


async def tail(brokers, topic):
    async with Reader(brokers, topic) as reader:
        while True:
            for record in await reader.polled():
                show(record)
            sys.stdout.flush()


async def times(brokers, topic, *timestamps):
    place = aiokafka.TopicPartition(topic, 0)
    async with Reader(brokers, topic) as reader:
        for timestamp in timestamps:
            found = await reader.consumer.offsets_for_times({place: int(timestamp)})
            print("end" if found[place] is None else found[place].offset)


async def transact(brokers, topic):
    producer = aiokafka.AIOKafkaProducer(transactional_id=topic, **options(brokers))
    async with producer:
        for value, end in [
            (b"first committed", producer.commit_transaction),
            (b"aborted", producer.abort_transaction),
            (b"second committed", producer.commit_transaction),
        ]:
            await producer.begin_transaction()
            await producer.send_and_wait(topic, value=value, partition=0)
            await end()


OF_ADMIN = [
    *("acls", "committed", "configure", "create", "exists"),
    *("grow", "remake", "speaks", "trim"),
]
OF_READERS = [
    *("batches", "consume", "consume_committed", "ends"),
    *("tail", "times", "transact"),
]


# Each import takes longer than what most commands do.
def import_aiokafka():
    global aiokafka
    # What is written in C cannot be watched; but checksums in Python take longer than all else.
    os.environ["AIOKAFKA_NO_EXTENSIONS"] = "1"
    import aiokafka.helpers
    from aiokafka.record import _crecords, default_records

    default_records.calc_crc32c = _crecords.crc32c_cython


def import_kafka():
    global kafka
    import kafka.admin
    import kafka.errors


def main(brokers, command, *arguments):
    if command in OF_READERS:
        import_aiokafka()
        asyncio.run(globals()[command](brokers, *arguments))
        return
    import_kafka()
    if command in OF_ADMIN:
        admin = kafka.KafkaAdminClient(bootstrap_servers=brokers.split(","), **CONFIG)
        globals()[command](admin, *arguments)
        admin.close()
    elif command == "produce":
        produce(brokers, *arguments)
    else:
        sys.exit(__doc__)


def serve(name):
    """Runs the commands of others in forks of this process, which has imported what they need."""
    import_aiokafka()
    import_kafka()
    # The forks are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind("\0" + name)
        server.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                os._exit(run_for(connection))
            connection.close()


def run_for(connection):
    """Runs one command, which ends with its caller; returns its status."""
    global CONFIG
    words, streams, _, _ = socket.recv_fds(connection, 1 << 16, 3)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)

    def end_with_caller():
        connection.recv(1)
        os._exit(1)

    threading.Thread(target=end_with_caller, daemon=True).start()
    config, *arguments = words.decode().split("\0")
    CONFIG = json.loads(config)
    status = 1
    try:
        main(*arguments)
        status = 0
    except SystemExit as end:
        print(end, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    connection.send(str(status).encode())
    return status


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="peer: %(name)s: %(message)s")
    if sys.argv[1:2] == ["serve"]:
        serve(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
