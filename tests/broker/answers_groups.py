"""Groups: their members, seen as they join and leave, and their offsets."""

from kafka import errors
from kafka.protocol import admin, consumer

import front
from answers_partitions import counts
from front import READING, answers, of_partitions, watches

members = {}  # group: {member id: what is told of it}
protocols = {}  # group: what its members have agreed on


def exists(broker, group):
    """Whether a group has members, or has committed something."""
    groups = [{"group_id": group, "topics": None}]
    topics = broker.ask(consumer, "OffsetFetch", 8, groups=groups).groups[0].topics
    offsets = [each.committed_offset for topic in topics for each in topic.partitions]
    return bool(members.get(group)) or any(offset >= 0 for offset in offsets)


@watches(consumer, "JoinGroup")
def joined(request, answer):
    protocols[request.group_id] = answer.protocol_name


@watches(consumer, "SyncGroup")
def synchronized(request, answer):
    if answer.error_code == 0:
        members.setdefault(request.group_id, {})[request.member_id] = {
            "member_id": request.member_id,
            "group_instance_id": request.group_instance_id,
            "client_id": request.header.client_id,
            "client_host": "/127.0.0.1",
            "member_metadata": b"",
            "member_assignment": bytes(answer.assignment),
        }


@watches(consumer, "LeaveGroup")
def left(request, answer):
    gone = [member.member_id for member in request.members or []] or [request.member_id]
    for member in gone:
        members.get(request.group_id, {}).pop(member, None)


def state_of(broker, group):
    if members.get(group):
        return "Stable"
    return "Empty" if exists(broker, group) else "Dead"


# The broker pretends to know groups of the new protocol.
front.hidden.add(69)


@answers(admin, "DescribeGroups")
def describe_groups(request, broker):
    def describe(group):
        operations = {}
        if request.include_authorized_operations:
            operations["authorized_operations"] = READING
        return {
            "error_code": 0,
            "group_id": group,
            "group_state": state_of(broker, group),
            "protocol_type": "consumer",
            "protocol_data": protocols.get(group, ""),
            "members": list(members.get(group, {}).values()),
            **operations,
        }

    return {"groups": list(map(describe, request.groups))}


@answers(admin, "ListGroups")
def list_groups(request, broker):
    names = {each.group_id for each in broker.ask(admin, "ListGroups", 2).groups}
    states = {group: state_of(broker, group) for group in names | members.keys()}
    wanted = request.states_filter or ["Stable", "Empty"]
    types = [each.lower() for each in request.types_filter or ["classic"]]
    groups = [
        {
            "group_id": group,
            "protocol_type": "consumer",
            "group_state": state,
            "group_type": "classic",
        }
        for group, state in states.items()
        if state in wanted and "classic" in types
    ]
    return {"error_code": 0, "groups": groups}


@answers(admin, "DeleteGroups")
def delete_groups(request, broker):
    def delete(group):
        if members.get(group):
            return errors.NonEmptyGroupError.errno
        if not exists(broker, group):
            return errors.GroupIdNotFoundError.errno
        broker.ask(admin, "DeleteGroups", 1, groups_names=[group])
        return 0

    codes = {group: delete(group) for group in request.groups_names}
    results = [{"group_id": group, "error_code": code} for group, code in codes.items()]
    return {"results": results}


def forget(broker, group, topic, partition):
    """Commits -1, which is as good as nothing."""
    place = {"partition_index": partition, "committed_offset": -1}
    topics = [{"name": topic, "partitions": [place]}]
    broker.ask(consumer, "OffsetCommit", 7, group_id=group, topics=topics)


@answers(consumer, "OffsetDelete")
def delete_offsets(request, broker):
    if not exists(broker, request.group_id):
        return {"error_code": errors.GroupIdNotFoundError.errno, "topics": []}
    known = counts(broker)

    def delete(topic, wanted):
        result = {"partition_index": wanted.partition_index, "error_code": 0}
        if wanted.partition_index >= known.get(topic, 0):
            return {**result, "error_code": errors.UnknownTopicOrPartitionError.errno}
        forget(broker, request.group_id, topic, wanted.partition_index)
        return result

    return {"error_code": 0, "topics": of_partitions(request.topics, delete)}
