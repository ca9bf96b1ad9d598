"""Stands before a broker that lets everybody in, and asks for a password first.

usage: sasl_front.py PORT BROKER_PORT USER PASSWORD TOKEN

The server's side of SASL as RFC 4616 (PLAIN), 5802 (SCRAM) and 7628 (OAUTHBEARER)
have it, in Kafka's SaslHandshake and SaslAuthenticate. Whoever is let in talks
to the broker from then on; so does, before, who asks for ApiVersions. Prints
"ready" when it listens.
"""

import base64
import hashlib
import hmac
import os
import socket
import struct
import sys
import threading

from frames import frame, listen, send

SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE = 17, 18, 36
UNSUPPORTED_SASL_MECHANISM, SASL_AUTHENTICATION_FAILED = 33, 58
HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
MECHANISMS = ["PLAIN", "OAUTHBEARER", *HASHES]
ITERATIONS = 4096


class Refused(Exception):
    pass


def plain(user, password, token):
    _, given_user, given_password = (yield).split(b"\0")
    if (given_user, given_password) != (user, password):
        raise Refused("Invalid username or password")
    yield b""


def oauthbearer(user, password, token):
    fields = (yield).split(b"\x01")
    if b"auth=Bearer " + token not in fields:
        raise Refused("Invalid token")
    yield b""


def scram(mechanism):
    algorithm = HASHES[mechanism]

    def mac(key, data):
        return hmac.digest(key, data, algorithm)

    def conversation(user, password, token):
        first_bare = (yield)[len(b"n,,") :]
        fields = dict(field.split(b"=", 1) for field in first_bare.split(b","))
        nonce = fields[b"r"] + base64.b64encode(os.urandom(18))
        salt = os.urandom(16)
        server_first = b"r=%s,s=%s,i=%d" % (nonce, base64.b64encode(salt), ITERATIONS)
        final = yield server_first
        without_proof, proof = final.rsplit(b",p=", 1)
        salted = hashlib.pbkdf2_hmac(algorithm, password, salt, ITERATIONS)
        signed = b",".join([first_bare, server_first, without_proof])
        client_key = mac(salted, b"Client Key")
        stored_key = hashlib.new(algorithm, client_key).digest()
        signature = mac(stored_key, signed)
        expected = bytes(a ^ b for a, b in zip(client_key, signature))
        known = fields[b"n"] == user and without_proof == b"c=biws,r=" + nonce
        if not known or not hmac.compare_digest(base64.b64decode(proof), expected):
            raise Refused("Invalid credentials with SASL mechanism " + mechanism)
        yield b"v=" + base64.b64encode(mac(mac(salted, b"Server Key"), signed))

    return conversation


def string(text):
    return struct.pack(">h", len(text)) + text.encode()


def handshake(body):
    (length,) = struct.unpack(">h", body[:2])
    mechanism = body[2 : 2 + length].decode()
    known = mechanism in MECHANISMS
    answer = struct.pack(">hi", 0 if known else UNSUPPORTED_SASL_MECHANISM, len(MECHANISMS))
    answer += b"".join(map(string, MECHANISMS))
    return mechanism if known else None, answer


def authenticate(conversation, version, body):
    try:
        answer, text, code = conversation.send(body[4:]), struct.pack(">h", -1), 0
    except Refused as refused:
        answer, text, code = b"", string(str(refused)), SASL_AUTHENTICATION_FAILED
    lifetime = struct.pack(">q", 0) if version > 0 else b""
    result = struct.pack(">h", code) + text + struct.pack(">i", len(answer)) + answer
    return code == 0, result + lifetime


def let_in(client, broker, secrets):
    """Returns once the client is known; raises if it is not."""
    conversation, steps = None, 0
    while True:
        request = frame(client)
        api, version, correlation, id_length = struct.unpack(">hhih", request[:10])
        body = request[10 + max(id_length, 0) :]
        if api == API_VERSIONS:
            send(broker, request)
            send(client, frame(broker))
        elif api == SASL_HANDSHAKE:
            mechanism, answer = handshake(body)
            send(client, request[4:8] + answer)
            if mechanism in HASHES:
                conversation, steps = scram(mechanism)(*secrets), 2
            elif mechanism:
                start = plain if mechanism == "PLAIN" else oauthbearer
                conversation, steps = start(*secrets), 1
            if conversation:
                next(conversation)
        elif api == SASL_AUTHENTICATE and conversation:
            known, answer = authenticate(conversation, version, body)
            send(client, request[4:8] + answer)
            steps -= 1
            if not known:
                raise EOFError
            if steps == 0:
                return
        else:
            raise EOFError


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client, broker, secrets):
    let_in(client, broker, secrets)
    back = threading.Thread(target=copy, args=(broker, client), daemon=True)
    back.start()
    copy(client, broker)
    back.join()


def main(port, broker_port, *secrets):
    listen(port, broker_port, serve, [secret.encode() for secret in secrets])


if __name__ == "__main__":
    main(*sys.argv[1:])
