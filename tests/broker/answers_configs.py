"""The properties of topics, brokers and groups."""

from kafka import errors
from kafka.protocol import admin

from answers_partitions import counts
from front import answers, outcome, watches

# Kafka's number of a type of resources: its properties, and what they are by default.
TOPIC, BROKER, GROUP = 2, 4, 32
KNOWN = {
    TOPIC: {"retention.ms": "604800000", "cleanup.policy": "delete"},
    BROKER: {"node.id": "111", "log.cleaner.threads": "1", "ssl.key.password": None},
    GROUP: {"consumer.session.timeout.ms": "45000"},
}
LISTS, READ_ONLY, SENSITIVE = {"cleanup.policy"}, {"node.id"}, {"ssl.key.password"}
SET, DELETE, APPEND, SUBTRACT = range(4)
BY_DEFAULT, STATIC, CHANGED = 5, 4, {TOPIC: 1, BROKER: 2, GROUP: 8}

properties = {}  # (resource type, name): {property: value}


def absence(broker, resource):
    """What is wrong with a resource that is not there."""
    if resource.resource_type == TOPIC and resource.resource_name not in counts(broker):
        return outcome(errors.UnknownTopicOrPartitionError, "No such topic")
    if resource.resource_type == BROKER and resource.resource_name != "111":
        return outcome(errors.InvalidRequestError, "No such broker")
    return None


@watches(admin, "CreateTopics")
def created(request, answer):
    failed = {topic.name for topic in answer.topics if topic.error_code != 0}
    for topic in request.topics:
        if topic.name not in failed and not request.validate_only:
            values = {config.name: config.value for config in topic.configs}
            properties[TOPIC, topic.name] = values


@answers(admin, "DescribeConfigs")
def describe_configs(request, broker):
    def config(kind, name, by_default, changed):
        source = STATIC if name in READ_ONLY else BY_DEFAULT
        synonyms = [{"name": name, "value": by_default, "source": source}]
        if name in changed:
            source = CHANGED[kind]
            synonyms.insert(0, {"name": name, "value": changed[name], "source": source})
        return {
            "name": name,
            "value": synonyms[0]["value"],
            "read_only": name in READ_ONLY,
            "is_sensitive": name in SENSITIVE,
            "config_source": source,
            "synonyms": synonyms,
        }

    def describe(resource):
        kind, name = resource.resource_type, resource.resource_name
        fields = {"resource_type": kind, "resource_name": name, "configs": []}
        wrong = absence(broker, resource)
        if wrong:
            return {**fields, **wrong}
        changed = properties.get((kind, name), {})
        configs = [config(kind, *known, changed) for known in KNOWN[kind].items()]
        return {**fields, **outcome(), "configs": configs}

    return {"results": list(map(describe, request.resources))}


def with_change(known, values, change):
    """Properties with a change; None if it is not possible."""
    name, operation = change.name, change.config_operation
    if name not in known or operation in (APPEND, SUBTRACT) and name not in LISTS:
        return None
    if operation == DELETE:
        return {each: value for each, value in values.items() if each != name}
    if operation == SET:
        return {**values, name: change.value}
    items = values.get(name, known[name]).split(",")
    items = [item for item in items if item != change.value]
    return {**values, name: ",".join(items + [change.value] * (operation == APPEND))}


@answers(admin, "IncrementalAlterConfigs")
def alter_configs(request, broker):
    def alter(resource):
        place = (resource.resource_type, resource.resource_name)
        wrong, values = absence(broker, resource), properties.get(place, {})
        if wrong:
            return wrong
        for change in resource.configs:
            if change.name in READ_ONLY:
                return outcome(errors.InvalidRequestError, "It cannot be changed")
            values = with_change(KNOWN[resource.resource_type], values, change)
            if values is None:
                return outcome(errors.InvalidConfigurationError, f"Not {change.name}")
        if not request.validate_only:
            properties[place] = values
        return outcome()

    def response(resource):
        kind, name = resource.resource_type, resource.resource_name
        return {"resource_type": kind, "resource_name": name, **alter(resource)}

    return {"responses": list(map(response, request.resources))}
