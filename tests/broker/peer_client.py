"""Runs a command of peer.py in a fork of the process that serves under a name, with this process's streams.

  python -I -S peer_client.py NAME BROKERS COMMAND ARGUMENT...
"""

import os
import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect("\0" + sys.argv[1])
    words = [os.environ.get("PEER_CONFIG", "{}"), *sys.argv[2:]]
    socket.send_fds(server, ["\0".join(words).encode()], [0, 1, 2])
    # Its status, or nothing if it was killed.
    sys.exit(int(server.recv(16) or 1))
