"""Stands before a broker, and answers in its place what that does not know.

usage: admin_front.py PORT BROKER_PORT

Access control lists, SCRAM credentials, partitions to add, records to delete,
leaders to elect, offsets to forget: answered from memory as Apache Kafka answers,
item by item, in kafka-python's encoding. All else goes to the broker and back,
which must advertise the front's address, so that clients stay. Prints "ready"
when it listens.

Three things are the front's own. Who calls itself "throttled" (client.id) is told
with each of its answers, and with those to Produce, that it is. A partition is not
led by the broker it prefers until a first election. And since nobody logs in here,
credentials are looked at when they are set: the password must be "secret".
"""

import hashlib
import struct
import sys
import threading

from kafka import errors
from kafka.protocol import admin, consumer, metadata, producer

from frames import frame, listen, send

THROTTLED, THROTTLE_MS = "throttled", 250
PASSWORD = b"secret"
SCRAM_HASHES = {1: "sha256", 2: "sha512"}
LEAST_ITERATIONS = 4096
UNCLEAN = 1

# What the front remembers, under a lock that is held for each answer.
lock = threading.Lock()
acls = []
credentials = {}  # (user, mechanism): iterations
counts = {}  # topic: how many partitions it has since some were added
low_watermarks = {}  # (topic, partition): offset
elected = set()  # (topic, partition)

handlers = {}  # API key: (class of requests, class of responses, function)


def kinds(package, name):
    """The classes of requests and responses of a name."""
    return tuple(getattr(package, name + end) for end in ("Request", "Response"))


def answers(package, name):
    """Has a function of a request and the broker answer these requests."""

    def register(handler):
        request, response = kinds(package, name)
        handlers[request.API_KEY] = (request, response, handler)
        return handler

    return register


def made(kind, fields):
    """A message of kafka-python's, or a part of one, made of dicts and lists."""

    def part(name, value):
        field = kind.fields[name]
        if value is None or not field.is_struct_array():
            return value
        return [made(field.data_class, item) for item in value]

    return kind(**{name: part(name, value) for name, value in fields.items()})


class Broker:
    """What the front asks the broker, on the connection of one client."""

    def __init__(self, stream):
        self.stream = stream

    def passes(self, request):
        send(self.stream, request)
        return frame(self.stream)

    def ask(self, package, name, version, **fields):
        request, response = kinds(package, name)
        request = made(request[version], fields)
        request.with_header()
        answer = self.passes(request.encode(header=True))
        return response.decode(answer, version=version, header=True)

    def counts(self):
        """How many partitions each topic has."""
        topics = self.ask(metadata, "Metadata", 4, topics=None).topics
        return {each.name: len(each.partitions) for each in topics} | counts

    def end(self, topic, partition):
        """The offset behind a partition's last record."""
        latest = consumer.OffsetSpec.LATEST
        place = {"partition_index": partition, "timestamp": latest}
        topics = [{"name": topic, "partitions": [place]}]
        answer = self.ask(consumer, "ListOffsets", 5, topics=topics)
        return answer.topics[0].partitions[0].offset

    def has_committed(self, group):
        groups = [{"group_id": group, "topics": None}]
        answer = self.ask(consumer, "OffsetFetch", 8, groups=groups)
        places = [
            place for topic in answer.groups[0].topics for place in topic.partitions
        ]
        return any(place.committed_offset >= 0 for place in places)

    def forget(self, group, topic, partition):
        """Commits -1, which is as good as nothing."""
        place = {"partition_index": partition, "committed_offset": -1}
        topics = [{"name": topic, "partitions": [place]}]
        self.ask(consumer, "OffsetCommit", 7, group_id=group, topics=topics)


def outcome(error=errors.NoError, text=None):
    return {"error_code": error.errno, "error_message": text}


RESOURCE = ["resource_type", "resource_name", "pattern_type"]
ENTRY = ["principal", "host", "operation", "permission_type"]
ANY, MATCH, PREFIXED = 1, 2, 4


def picked(fields, acl):
    return {field: acl[field] for field in fields}


def matching(wanted):
    """The ACLs that a filter matches."""
    fields = {
        "resource_type": wanted.resource_type_filter,
        "principal": wanted.principal_filter,
        "host": wanted.host_filter,
        "operation": wanted.operation,
        "permission_type": wanted.permission_type,
    }
    name, pattern = wanted.resource_name_filter, wanted.pattern_type_filter
    if pattern != MATCH:
        fields |= {"resource_name": name, "pattern_type": pattern}

    def applies(acl):
        if pattern != MATCH or name is None:
            return True
        if acl["pattern_type"] == PREFIXED:
            return name.startswith(acl["resource_name"])
        return acl["resource_name"] in (name, "*")

    def matches(acl):
        same = (value in (ANY, None, acl[field]) for field, value in fields.items())
        return applies(acl) and all(same)

    return list(filter(matches, acls))


@answers(admin, "CreateAcls")
def create_acls(request, broker):
    def create(new):
        if ":" not in new.principal:
            return outcome(errors.InvalidRequestError, "Could not parse principal")
        acl = {field: getattr(new, field) for field in RESOURCE[:2] + ENTRY}
        acl["pattern_type"] = new.resource_pattern_type
        if acl not in acls:
            acls.append(acl)
        return outcome()

    return {"results": list(map(create, request.creations))}


@answers(admin, "DescribeAcls")
def describe_acls(request, broker):
    resources = {}
    for acl in matching(request):
        resource = picked(RESOURCE, acl)
        entries = resources.setdefault(
            tuple(resource.values()), {**resource, "acls": []}
        )
        entries["acls"].append(picked(ENTRY, acl))
    return {**outcome(), "resources": list(resources.values())}


@answers(admin, "DeleteAcls")
def delete_acls(request, broker):
    # What one filter removes, the next one still matches.
    found = list(map(matching, request.filters))
    acls[:] = [acl for acl in acls if not any(acl in some for some in found)]

    def result(some):
        removed = [{**outcome(), **acl} for acl in some]
        return {**outcome(), "matching_acls": removed}

    return {"filter_results": list(map(result, found))}


@answers(admin, "DescribeUserScramCredentials")
def describe_scram(request, broker):
    def describe(user):
        infos = [
            {"mechanism": mechanism, "iterations": iterations}
            for (owner, mechanism), iterations in sorted(credentials.items())
            if owner == user
        ]
        result = (
            outcome()
            if infos
            else outcome(errors.ResourceNotFoundError, "No such user")
        )
        return {"user": user, "credential_infos": infos, **result}

    known = sorted({user for user, _ in credentials})
    users = [user.name for user in request.users or []] or known
    return {**outcome(), "results": list(map(describe, users))}


@answers(admin, "AlterUserScramCredentials")
def alter_scram(request, broker):
    def upsert(new):
        salted = hashlib.pbkdf2_hmac(
            SCRAM_HASHES[new.mechanism], PASSWORD, new.salt, new.iterations
        )
        if new.iterations < LEAST_ITERATIONS:
            return outcome(errors.UnacceptableCredentialError, "Too few iterations")
        if new.salted_password != salted:
            return outcome(errors.UnacceptableCredentialError, "Not the password")
        credentials[new.name, new.mechanism] = new.iterations
        return outcome()

    def delete(old):
        if credentials.pop((old.name, old.mechanism), None) is None:
            return outcome(errors.ResourceNotFoundError, "No such credential")
        return outcome()

    results = {new.name: upsert(new) for new in request.upsertions}
    results |= {old.name: delete(old) for old in request.deletions}
    return {"results": [{"user": user, **result} for user, result in results.items()]}


@answers(admin, "CreatePartitions")
def create_partitions(request, broker):
    known = broker.counts()

    def grow(new):
        if new.name not in known:
            return outcome(errors.UnknownTopicOrPartitionError, "No such topic")
        added = new.count - known[new.name]
        if added <= 0:
            return outcome(errors.InvalidPartitionsError, "It has as many already")
        if new.assignments is not None and len(new.assignments) != added:
            return outcome(errors.InvalidReplicationAssignmentError, "One for each")
        if not request.validate_only:
            counts[new.name] = new.count
        return outcome()

    return {"results": [{"name": new.name, **grow(new)} for new in request.topics]}


def of_partitions(topics, result):
    """Topics with what `result` makes of each of their partitions."""
    return [
        {
            "name": topic.name,
            "partitions": [result(topic.name, each) for each in topic.partitions],
        }
        for topic in topics
    ]


@answers(admin, "DeleteRecords")
def delete_records(request, broker):
    def delete(topic, wanted):
        place, end = (topic, wanted.partition_index), broker.end(
            topic, wanted.partition_index
        )
        result = {"partition_index": wanted.partition_index, "error_code": 0}
        if wanted.offset > end:
            return {
                **result,
                "low_watermark": -1,
                "error_code": errors.OffsetOutOfRangeError.errno,
            }
        offset = end if wanted.offset == -1 else wanted.offset
        low_watermarks[place] = max(offset, low_watermarks.get(place, 0))
        return {**result, "low_watermark": low_watermarks[place]}

    return {"topics": of_partitions(request.topics, delete)}


@answers(admin, "ElectLeaders")
def elect_leaders(request, broker):
    known = broker.counts()

    def elect(place):
        topic, partition = place
        if partition >= known.get(topic, 0):
            return outcome(errors.UnknownTopicOrPartitionError, "No such partition")
        if place in elected or request.election_type == UNCLEAN:
            return outcome(errors.ElectionNotNeededError, "Not needed")
        elected.add(place)
        return outcome()

    if request.topic_partitions is None:
        wanted = {topic: range(count) for topic, count in known.items()}
    else:
        wanted = {each.topic: each.partitions for each in request.topic_partitions}
    results = [
        {
            "topic": topic,
            "partition_result": [
                {"partition_id": p, **elect((topic, p))} for p in partitions
            ],
        }
        for topic, partitions in wanted.items()
    ]
    return {"error_code": 0, "replica_election_results": results}


@answers(consumer, "OffsetDelete")
def delete_offsets(request, broker):
    if not broker.has_committed(request.group_id):
        return {"error_code": errors.GroupIdNotFoundError.errno, "topics": []}
    known = broker.counts()

    def delete(topic, wanted):
        result = {"partition_index": wanted.partition_index, "error_code": 0}
        if wanted.partition_index >= known.get(topic, 0):
            return {**result, "error_code": errors.UnknownTopicOrPartitionError.errno}
        broker.forget(request.group_id, topic, wanted.partition_index)
        return result

    return {"error_code": 0, "topics": of_partitions(request.topics, delete)}


def versions(answer, version):
    """Adds to what the broker says it knows what the front does."""
    kind = metadata.ApiVersionsResponse
    answer = kind.decode(answer, version=version, header=True)
    for key, (request, _, _) in handlers.items():
        least, most = request.valid_versions
        entry = {"api_key": key, "min_version": least, "max_version": most}
        answer.api_keys = [each for each in answer.api_keys if each.api_key != key]
        answer.api_keys.append(made(kind.ApiVersion, entry))
    return answer.encode(header=True)


def answer_to(request, broker):
    """The answer to a request, as bytes; None if it wants none."""
    key, version, correlation_id = struct.unpack(">hhi", request[:8])
    if key == metadata.ApiVersionsRequest.API_KEY:
        return versions(broker.passes(request), version)
    if key in handlers:
        kind, response, handler = handlers[key]
        message = kind.decode(request, version=version, header=True)
        with lock:
            answer = made(response[version], handler(message, broker))
        answer.with_header(correlation_id)
    elif key == producer.ProduceRequest.API_KEY:
        message = producer.ProduceRequest.decode(request, version=version, header=True)
        if not message.expect_response():
            return send(broker.stream, request)
        answer = broker.passes(request)
        answer = producer.ProduceResponse.decode(answer, version=version, header=True)
    else:
        return broker.passes(request)
    if message.header.client_id == THROTTLED:
        answer.throttle_time_ms = THROTTLE_MS
    return answer.encode(header=True)


def serve(client, stream):
    broker = Broker(stream)
    while True:
        answer = answer_to(frame(client), broker)
        if answer is not None:
            send(client, answer)


if __name__ == "__main__":
    listen(*sys.argv[1:], serve)
