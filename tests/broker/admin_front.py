"""Stands before a broker, and answers in its place what that does not know.

usage: admin_front.py PORT BROKER_PORT

Access control lists, SCRAM credentials, properties, partitions to add, records to
delete, leaders to elect, groups and their offsets: answered from memory as Apache
Kafka answers, item by item. All else goes to the broker and back, which must
advertise the front's address, so that clients stay. Prints "ready" when it listens.

Three things are the front's own. Who calls itself "throttled" (client.id) is told
with each of its answers, and with those to Produce, that it is. A partition is not
led by the broker it prefers until a first election. And since nobody logs in here,
credentials are looked at when they are set: the password must be "secret".
"""

import sys

from kafka.protocol import metadata, producer

# Each says what it answers.
import answers_access
import answers_configs
import answers_groups
import answers_partitions
from front import READING, run, throttle, watches


@watches(metadata, "Metadata")
def described(request, answer):
    """One may read everything."""
    if request.include_cluster_authorized_operations:
        answer.authorized_operations = READING
    for topic in answer.topics:
        if request.include_topic_authorized_operations:
            topic.authorized_operations = READING


watches(producer, "Produce")(throttle)

if __name__ == "__main__":
    run(*sys.argv[1:])
