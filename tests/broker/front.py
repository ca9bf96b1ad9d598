"""A front: stands before a broker, answers some requests in its place, looks at or
changes the answers to others, and lets the rest pass. In kafka-python's encoding."""

import struct
import threading

from kafka import errors
from kafka.protocol import metadata

from frames import frame, listen, send

THROTTLED, THROTTLE_MS = "throttled", 250
READING = {3, 8}  # operations: to read, and to describe

# Held while one of the functions below is called, except while the broker answers
# what is watched.
lock = threading.Lock()

handlers = {}  # API key: (class of requests, class of responses, function)
watchers = {}
hidden = set()  # API keys that nobody shall know


def kinds(package, name):
    """The classes of requests and responses of a name."""
    return tuple(getattr(package, name + end) for end in ("Request", "Response"))


def registering(table, package, name):
    def register(function):
        request, response = kinds(package, name)
        table[request.API_KEY] = (request, response, function)
        return function

    return register


def answers(package, name):
    """Has a function of a request and the broker return the fields of its answer."""
    return registering(handlers, package, name)


def watches(package, name):
    """Has a function of a request and the broker's answer look at it, or change it."""
    return registering(watchers, package, name)


def made(kind, fields):
    """A message of kafka-python's, or a part of one, made of dicts and lists."""

    def part(name, value):
        field = kind.fields[name]
        if value is None or not field.is_struct_array():
            return value
        return [made(field.data_class, item) for item in value]

    return kind(**{name: part(name, value) for name, value in fields.items()})


def of_partitions(topics, result):
    """Topics with what `result` makes of each of their partitions."""
    return [
        {
            "name": topic.name,
            "partitions": [result(topic.name, each) for each in topic.partitions],
        }
        for topic in topics
    ]


def outcome(error=errors.NoError, text=None):
    return {"error_code": error.errno, "error_message": text}


class Broker:
    """The broker, on the connection of one client."""

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


def throttle(request, answer):
    if request.header.client_id == THROTTLED:
        answer.throttle_time_ms = THROTTLE_MS


def versions(answer, version):
    """Makes of what the broker says it knows what the front does."""
    kind = metadata.ApiVersionsResponse
    answer = kind.decode(answer, version=version, header=True)
    others = hidden | handlers.keys()
    answer.api_keys = [each for each in answer.api_keys if each.api_key not in others]
    for key, (request, _, _) in handlers.items():
        least, most = request.valid_versions
        entry = {"api_key": key, "min_version": least, "max_version": most}
        answer.api_keys.append(made(kind.ApiVersion, entry))
    return answer.encode(header=True)


def answer_to(request, broker):
    """The answer to a request, as bytes; None if it wants none."""
    key, version, correlation_id = struct.unpack(">hhi", request[:8])
    if key == metadata.ApiVersionsRequest.API_KEY:
        return versions(broker.passes(request), version)
    if key not in handlers and key not in watchers:
        return broker.passes(request)
    kind, response, function = handlers.get(key) or watchers[key]
    message = kind.decode(request, version=version, header=True)
    if not message.expect_response():
        return send(broker.stream, request)
    if key in handlers:
        with lock:
            answer = made(response[version], function(message, broker))
        answer.with_header(correlation_id)
        throttle(message, answer)
    else:
        answer = broker.passes(request)
        answer = response.decode(answer, version=version, header=True)
        with lock:
            function(message, answer)
    return answer.encode(header=True)


def serve(client, stream):
    broker = Broker(stream)
    while True:
        answer = answer_to(frame(client), broker)
        if answer is not None:
            send(client, answer)


def run(port, broker_port):
    listen(port, broker_port, serve)
