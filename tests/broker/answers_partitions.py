"""Partitions: more of them, fewer records in them, and other leaders."""

from kafka import errors
from kafka.protocol import admin, consumer, metadata

from front import answers, of_partitions, outcome

UNCLEAN = 1

added = {}  # topic: how many partitions it has since some were added
low_watermarks = {}  # (topic, partition): offset

# (topic, partition); before, another leads it than the broker that it prefers.
elected = set()


def counts(broker):
    """How many partitions each topic has."""
    topics = broker.ask(metadata, "Metadata", 4, topics=None).topics
    return {each.name: len(each.partitions) for each in topics} | added


def end_of(broker, topic, partition):
    """The offset behind a partition's last record."""
    latest = consumer.OffsetSpec.LATEST
    place = {"partition_index": partition, "timestamp": latest}
    topics = [{"name": topic, "partitions": [place]}]
    answer = broker.ask(consumer, "ListOffsets", 5, topics=topics)
    return answer.topics[0].partitions[0].offset


@answers(admin, "CreatePartitions")
def create_partitions(request, broker):
    known = counts(broker)

    def grow(new):
        if new.name not in known:
            return outcome(errors.UnknownTopicOrPartitionError, "No such topic")
        more = new.count - known[new.name]
        if more <= 0:
            return outcome(errors.InvalidPartitionsError, "It has as many already")
        if new.assignments is not None and len(new.assignments) != more:
            return outcome(errors.InvalidReplicationAssignmentError, "One for each")
        if not request.validate_only:
            added[new.name] = new.count
        return outcome()

    return {"results": [{"name": new.name, **grow(new)} for new in request.topics]}


@answers(admin, "DeleteRecords")
def delete_records(request, broker):
    def delete(topic, wanted):
        partition = wanted.partition_index
        result = {"partition_index": partition, "low_watermark": -1, "error_code": 0}
        end = end_of(broker, topic, partition)
        if wanted.offset > end:
            return {**result, "error_code": errors.OffsetOutOfRangeError.errno}
        offset = end if wanted.offset == -1 else wanted.offset
        low = max(offset, low_watermarks.get((topic, partition), 0))
        low_watermarks[topic, partition] = low
        return {**result, "low_watermark": low}

    return {"topics": of_partitions(request.topics, delete)}


@answers(admin, "ElectLeaders")
def elect_leaders(request, broker):
    known = counts(broker)

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
