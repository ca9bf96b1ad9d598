"""Kafka's frames on a socket, and a port where clients are served: what fronts share."""

import socket
import struct
import threading


def exactly(stream, count):
    data = b""
    while len(data) < count:
        more = stream.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def frame(stream):
    (length,) = struct.unpack(">i", exactly(stream, 4))
    return exactly(stream, length)


def send(stream, payload):
    stream.sendall(struct.pack(">i", len(payload)) + payload)


def listen(port, broker_port, serve, *arguments):
    """Has each client served by a thread of its own, which is given it, a connection
    to the broker, and the arguments. Prints "ready" when it listens."""

    def run(client):
        with client, socket.create_connection(
            ("127.0.0.1", int(broker_port))
        ) as broker:
            try:
                serve(client, broker, *arguments)
            except (EOFError, OSError):
                pass

    listener = socket.create_server(("127.0.0.1", int(port)))
    print("ready", flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=run, args=(client,), daemon=True).start()
