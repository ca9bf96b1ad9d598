"""Measures, keeps what it found in target/bench/GROUP.json, and has report.py show it.

benches/run [--docs] [--rounds N] [GROUP]...

GROUP   calls, memory, broker, delivered, growth, stream, latency or threads; all of them without any
--docs  also puts what is in target/bench into docs/PERFORMANCE.md, and the pictures beside it
"""

import argparse
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import report

ROOT = Path(__file__).resolve().parent.parent
WARM_UP = 5
ANSWER_S = 300

# --- Processes ----------------------------------------------------------------


class Process:
    """A program that writes one line when it is ready, and one for each line that it reads."""

    alive = set()

    def __init__(self, command, env=None):
        self.command = [str(word) for word in command]
        began = time.perf_counter()
        self.child = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=os.environ | (env or {}),
        )
        Process.alive.add(self)
        self.first_line = self.read()
        self.started_s = time.perf_counter() - began

    def write(self, *words):
        print(*words, file=self.child.stdin, flush=True)

    def has_answered(self, timeout_s):
        return bool(select.select([self.child.stdout], [], [], timeout_s)[0])

    def read(self):
        line = self.child.stdout.readline() if self.has_answered(ANSWER_S) else ""
        if not line:
            sys.exit(f"bench: no answer from {' '.join(self.command)}")
        return line.strip()

    def ask(self, *words):
        self.write(*words)
        return self.read()

    def memory(self):
        """In bytes: what it has of its own, without files that it maps."""
        for line in Path(f"/proc/{self.child.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                return 1024 * int(line.split()[1])
        raise LookupError("smaps_rollup")

    def processor_ns(self):
        """What its threads have run so far, of those that there are."""
        schedules = Path(f"/proc/{self.child.pid}/task").glob("*/schedstat")
        return sum(int(schedule.read_text().split()[0]) for schedule in schedules)

    def stop(self):
        """At its own pace; `kill` where nothing of it matters any more."""
        self.child.stdin.close()
        if self.child.wait(60):
            sys.exit(f"bench: {' '.join(self.command)} failed")
        Process.alive.discard(self)

    def kill(self):
        self.child.kill()
        self.child.wait()
        Process.alive.discard(self)


class Bench:
    """The programs, the brokers, and the way to measure."""

    def __init__(self, target, rounds):
        self.target = Path(target)
        self.work = self.target / "bench"
        self.rounds = rounds
        lua = {"LUA_PATH": "lua/?.lua;;", "KAFKA_LIBRARY": str(self.target / "release/libkafka.so")}
        self.programs = {
            "librdkafka": ([self.work / "librdkafka"], {}),
            "libkafka": ([self.work / "libkafka"], {}),
            "luajit": (["luajit", "benches/luajit.lua"], lua),
            "prototype": (["luajit", "benches/prototype.lua"], {"LIBRDKAFKA": str(self.work / "librdkafka.so")}),
            "confluent": ([sys.executable, "benches/confluent.py"], {}),
        }

    def start(self, program, case, *, servers, until="queued", batch=1000, topic="none", size=100, count=1, conf=None):
        command, env = self.programs[program]
        words = [case, until, batch, servers, topic, size, count]
        for name, value in (conf or {}).items():
            words += [name, value]
        return Process([*command, *words], env)

    def cluster(self):
        """librdkafka's mock cluster in a process of its own; its first line says where."""
        return Process([self.work / "cluster"])

    def sink(self, partitions):
        """A broker that only counts. Returns it, and where it is."""
        port = free_port()
        return Process([self.work / "sink", port, partitions]), f"127.0.0.1:{port}"

    def measure(self, contestants, *, warm_up=WARM_UP, rounds=None, fill=None, with_processor=False, **what):
        """Has each contestant do the same work in every round, one after the other and not always in the same order, so
        that whatever else the machine does meets all of them alike. They are all alive at once; one works at a time.

        contestants: name -> (program, what is different with it). Returns name -> what each round answered; and what it
        took of a processor, in nanoseconds of all its threads, `with_processor`.
        """
        rounds = rounds or self.rounds
        processes = {
            name: self.start(program, **(what | different)) for name, (program, different) in contestants.items()
        }
        names = list(contestants)
        found = {name: [] for name in names}
        for number in range(-warm_up, rounds):
            if fill:
                fill()
            for turn in range(len(names)):
                name = names[(number + turn) % len(names)]
                before = processes[name].processor_ns() if with_processor else 0
                answer = processes[name].ask("go")
                if number < 0:
                    continue
                numbers = None if answer == "starved" else [float(word) for word in answer.split()]
                if with_processor:
                    numbers.append(processes[name].processor_ns() - before)
                found[name].append(numbers)
        for process in processes.values():
            process.stop()
        return found

    def times(self, contestants, **what):
        """As `measure`, where each round answers one number: nanoseconds per message. None: it had to wait."""
        found = self.measure(contestants, **what)
        return {name: [answer and answer[0] for answer in answers] for name, answers in found.items()}


def free_port():
    """Below those that connections come from: a client that connects while there is no broker must not take it."""
    for port in range(20000 + os.getpid() % 10000, 32000):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    sys.exit("bench: no port is free")


def plain(*programs):
    return {program: (program, {}) for program in programs}


# Everything is queued before a batch is sent: the calling thread's work is measured, and not the broker's.
LATE = {
    "linger.ms": 100,
    "batch.num.messages": 1000000,
    "batch.size": 100000000,
    "message.max.bytes": 100000000,
}
FETCH_AHEAD = {
    "group.id": "bench",
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 10,
    "queued.min.messages": 1000000,
    "queued.max.messages.kbytes": 1000000,
}

# --- What is measured ----------------------------------------------------------


def calls(bench):
    """What a call costs the calling thread."""
    cluster = bench.cluster()
    every_program = plain("librdkafka", "libkafka", "luajit", "prototype", "confluent")
    three = plain("librdkafka", "libkafka", "luajit")
    four = three | plain("confluent")
    again = {"librdkafka": ("librdkafka", {}), "luajit": ("luajit", {"case": "again"})}
    value = {"librdkafka": ("librdkafka", {}), "luajit": ("luajit", {"case": "value"})}

    def uncollected(case):
        """LuaJIT without the work of its collector."""
        return {"librdkafka": ("librdkafka", {}), "luajit": ("luajit", {"case": f"{case}-uncollected"})}

    rows, alone = [], []

    def row(label, contestants, case, size, count, target=None, partitions=1, conf=LATE, fills=False, **what):
        topic = f"{len(rows)}-{case}-{size}"
        cluster.ask("create", topic, partitions, 0)

        def fill():
            cluster.ask("fill", topic, size, count)
            time.sleep(0.15)

        print(f"  {label}, {report.size_text(size)}", flush=True)
        found = bench.times(
            contestants,
            case=case,
            size=size,
            count=count,
            servers=cluster.first_line,
            topic=topic,
            conf=conf,
            fill=fill if fills else None,
            **what,
        )
        rows.append({"label": f"{label}, {report.size_text(size)}", "target": target, "times": found})

    for size in 100, 1024:
        row("send", every_program, "send", size, 10000, target=1.0)
        row("produce", four, "produce", size, 10000, target=1.0)
        row("produce, one table for all", again, "produce", size, 10000)
        row("produce_value, without a table", value, "produce", size, 10000)
        row("produce, not collected", uncollected("produce"), "produce", size, 10000)
        row("produce_batch, no keys", four, "batch", size, 10000, target=1.25, partitions=12)
        row("produce_batch, keys", four, "keys", size, 10000, target=1.0, partitions=12)
        row("produce_batch, headers", four, "headers", size, 10000, target=1.0, partitions=12)
    for size, count in (10240, 2000), (1 << 20, 40):
        row("send", three, "send", size, count)
        row("produce_batch, no keys", three, "batch", size, count, batch=count)
    for size in 100, 1024:
        buffered = {"until": "bursts", "conf": LATE | {"buffer_memory": "true"}}
        row("send, buffered", three, "send", size, 10000, target=2.5, **buffered)
        row("produce, buffered", three, "produce", size, 10000, target=2.5, **buffered)
        row("one table for all, buffered", again, "produce", size, 10000, **buffered)
    for size, count in (100, 20000), (1024, 4000):
        row("receive", every_program, "receive", size, count, 1.2 if size == 100 else 0.9, conf=FETCH_AHEAD, fills=True)
        row("receive, not collected", uncollected("receive"), "receive", size, count, conf=FETCH_AHEAD, fills=True)
        row("consume(1000)", four, "consume", size, count, 1.3 if size == 100 else None, conf=FETCH_AHEAD, fills=True)
        row("consume, not collected", uncollected("consume"), "consume", size, count, conf=FETCH_AHEAD, fills=True)
        row("consume_views(1000)", three, "views", size, count, 0.97, conf=FETCH_AHEAD, fills=True)
    for label, case, size, count in (
        ("a Lua string of 100 B that there was not before", "strings", 100, 20000),
        ("a Lua string of 1 KiB that there was not before", "strings", 1024, 4000),
        ("a table as produce takes it", "tables", 100, 10000),
    ):
        found = bench.times(plain("luajit"), case=case, size=size, count=count, servers=cluster.first_line)
        alone.append({"label": label, "case": case, "size": size, "times": found})
    cluster.stop()
    return {"rows": rows, "alone": alone}


NO_BROKER = "127.0.0.1:1"


def memory(bench):
    """Bytes for a message that waits, also where the queue has been full of them for a while, and for a producer that does
    nothing; and how long the first one takes."""
    programs = ("librdkafka", "libkafka", "luajit")
    count, clients = 200000, 20
    conf = {"queue.buffering.max.messages": 1000000, "message.timeout.ms": 300000}
    started_ms = {name: [] for name in (*programs, "confluent")}
    found = {"queued": [], "outage": [], "client": {}, "process": {}, "started_ms": started_ms}

    def growth(processes, program, case, by, **what):
        """Of each of some processes, by one order; and what it had before."""
        before, after = [], []
        for _ in range(processes):
            process = bench.start(program, case, **what)
            time.sleep(0.3)
            before.append(process.memory())
            process.ask("go")
            time.sleep(0.3)
            after.append((process.memory() - before[-1]) / by)
            process.kill()
        return before, after

    for size in 100, 1024:
        queued = {}
        for program in programs:
            _, queued[program] = growth(2, program, "hold", count, servers=NO_BROKER, size=size, count=count, conf=conf)
        found["queued"].append({"size": size, "bytes": queued})
    # librdkafka's default.
    limit = 100000
    outages = ("in a queue that is full", {}), ("the same, with `buffer_memory`", {"buffer_memory": "true"})
    for label, different in outages:
        full = {}
        for program in programs:
            what = {"servers": NO_BROKER, "size": 100, "count": 2, "conf": {"message.timeout.ms": 300000} | different}
            _, full[program] = growth(2, program, "outage", limit, **what)
        found["outage"].append({"label": label, "bytes": full})
    cluster = bench.cluster()
    for program in programs:
        found["process"][program], found["client"][program] = growth(
            7, program, "clients", clients, servers=cluster.first_line, count=clients
        )
    cluster.stop()
    for _ in range(bench.rounds):
        for program, times in found["started_ms"].items():
            case = "send" if program == "confluent" else "hold"
            process = bench.start(program, case, servers=NO_BROKER)
            times.append(1000 * process.started_s)
            process.kill()
    return found


@contextlib.contextmanager
def apache_kafka():
    """A node of Apache Kafka: where it is, and what makes a topic."""
    from confluent_kafka.admin import AdminClient, NewTopic

    port = 19_092
    kafka = subprocess.Popen(
        ["scripts/kafka", "run", "--until-eof", "--port", str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    if not kafka.stdout.readline():
        sys.exit("scripts/kafka started no broker")
    servers = f"127.0.0.1:{port}"
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})

    def create(topic):
        for future in admin.create_topics([NewTopic(topic, 1, 1)]).values():
            future.result(30)

    try:
        yield servers, create
    finally:
        kafka.communicate()


def broker(bench):
    """Produces and receives all of it again, over Apache Kafka."""
    from confluent_kafka import Consumer, TopicPartition

    with apache_kafka() as (servers, create):
        # Before the group has a coordinator, a consumer that asks for its offsets begins nowhere.
        group = Consumer({"bootstrap.servers": servers, "group.id": "bench", "log_level": 0})
        group.committed([TopicPartition("both", 0)], 30)
        group.close()
        rows = []
        for size, count in (100, 50000), (1024, 20000):
            contestants = {
                "librdkafka": ("librdkafka", {"batch": 1}),
                "librdkafka, batches": ("librdkafka", {}),
                "libkafka": ("libkafka", {}),
                "luajit": ("luajit", {}),
                "confluent": ("confluent", {}),
            }
            for number, (name, (program, different)) in enumerate(contestants.items()):
                topic = f"both-{size}-{number}"
                create(topic)
                contestants[name] = (program, different | {"topic": topic})
            found = bench.times(
                contestants,
                case="both",
                until="reported",
                size=size,
                count=count,
                servers=servers,
                conf={"group.id": "bench", "auto.offset.reset": "earliest", "fetch.wait.max.ms": 10},
                warm_up=2,
                rounds=bench.rounds,
            )
            rows.append({"label": report.size_text(size), "target": 1.0, "times": found})
    return {"rows": rows}


def delivered(bench):
    """Produces to Apache Kafka until all is acknowledged: how many a second, and how much of a processor for each."""
    count = 20000
    with apache_kafka() as (servers, create):
        contestants = {
            "librdkafka": ("librdkafka", {"case": "send"}),
            "libkafka": ("libkafka", {"case": "send"}),
            "luajit": ("luajit", {"case": "send"}),
            "confluent": ("confluent", {"case": "send"}),
            "librdkafka, batches": ("librdkafka", {"case": "batch"}),
            "luajit, batches": ("luajit", {"case": "batch"}),
        }
        for number, (name, (program, different)) in enumerate(contestants.items()):
            create(f"delivered-{number}")
            contestants[name] = (program, different | {"topic": f"delivered-{number}"})
        found = bench.measure(
            contestants,
            until="reported",
            size=1024,
            count=count,
            servers=servers,
            conf={"acks": "all", "compression.type": "lz4", "linger.ms": 5},
            warm_up=2,
            with_processor=True,
        )
    rates = {name: [1e9 / ns for ns, _ in rounds] for name, rounds in found.items()}
    processor = {name: [ns / count for _, ns in rounds] for name, rounds in found.items()}
    return {"rates": rates, "processor": processor}


def growth(bench):
    """Messages a second, by their size, by how many are in a batch, and by the number of partitions."""
    rounds = max(bench.rounds // 2, 1)
    found = {"size": [], "batch": [], "partitions": []}
    ways = {
        "librdkafka": ("librdkafka", {"case": "send"}),
        "luajit": ("luajit", {"case": "send"}),
        "luajit, batches": ("luajit", {"case": "batch"}),
        "confluent": ("confluent", {"case": "send"}),
    }

    def measure(what, at, contestants, _sink, servers, **how):
        print(f"  {at:,}", flush=True)
        times = bench.times(contestants, servers=servers, topic=what, warm_up=2, rounds=rounds, **how)
        found[what].append({"at": at, "times": times})

    sink = bench.sink(1)
    conf = {"message.max.bytes": 2000000}
    for size, count in (10, 50000), (100, 50000), (1024, 20000), (10240, 4000), (102400, 500), (1 << 20, 60):
        batch = min(1000, count)
        measure("size", size, ways, *sink, until="reported", size=size, count=count, batch=batch, conf=conf)
    sink[0].stop()
    for partitions in 1, 10, 100, 1000:
        sink = bench.sink(partitions)
        measure("partitions", partitions, ways, *sink, until="reported", count=50000)
        sink[0].stop()
    sink = bench.sink(12)
    batches = plain("librdkafka", "luajit", "confluent")
    for batch in 1, 10, 100, 1000, 10000:
        measure("batch", batch, batches, *sink, case="batch", count=10000, batch=batch, conf=LATE)
    sink[0].stop()
    return found


def stream(bench):
    """Ten million messages in a row, and the memory meanwhile."""
    count = 10000000
    sink, servers = bench.sink(1)
    found = {}
    for program in "librdkafka", "luajit":
        process = bench.start(
            program, "send", until="reported", count=count, servers=servers, topic=program, conf={"linger.ms": 5}
        )
        samples = []
        began = time.perf_counter()
        process.write("go")
        while not process.has_answered(0.25):
            samples.append((int(sink.ask("count", program)), process.memory()))
        seconds = time.perf_counter() - began
        process.read()
        samples.append((int(sink.ask("count", program)), process.memory()))
        process.stop()
        found[program] = {"samples": samples, "seconds": seconds}
    sink.stop()
    return {"count": count, "programs": found}


def latency(bench):
    """From sending a message until its report is known, one at a time."""
    sink, servers = bench.sink(1)
    found = bench.measure(
        plain("librdkafka", "libkafka", "luajit", "confluent"),
        case="latency",
        count=1000,
        servers=servers,
        topic="latency",
        conf={"linger.ms": 0},
        warm_up=1,
        rounds=max(bench.rounds // 4, 1),
    )
    sink.stop()
    return {name: sorted(ns for answer in answers for ns in answer) for name, answers in found.items()}


def threads(bench):
    """Light threads of nginx that each send a message and wait for its report."""
    directory = bench.work / "nginx"
    directory.mkdir(exist_ok=True)
    sink, servers = bench.sink(4)
    port = free_port()
    conf = (ROOT / "benches/openresty.conf").read_text()
    for name, value in ("DIRECTORY", directory), ("ROOT", ROOT), ("PORT", port), ("THEIRS", ""):
        conf = conf.replace(f"@{name}@", str(value))
    (directory / "nginx.conf").write_text(conf)
    env = {
        "KAFKA_LIBRARY": str(bench.target / "release/libkafka.so"),
        "CONTESTANT": "nothing",
        "BROKER_PORT": servers.split(":")[1],
        "BUFFER": "100000",
    }
    nginx = subprocess.Popen(
        ["nginx", "-p", "/usr/share/nginx", "-c", directory / "nginx.conf", "-e", directory / "error.log"],
        env=os.environ | env,
    )

    def ask(page):
        from urllib.request import urlopen

        return urlopen(f"http://127.0.0.1:{port}/{page}", timeout=60).read().decode()

    try:
        for _ in range(100):
            try:
                ask("without")
                break
            except OSError:
                time.sleep(0.1)
        counts = (1, 2, 4, 8, 16, 32, 64)
        found = {count: [] for count in counts}
        for number in range(-1, max(bench.rounds // 4, 1)):
            for count in counts:
                answer = float(ask(f"threads?count={count}"))
                if number >= 0:
                    found[count].append(answer)
    finally:
        nginx.send_signal(signal.SIGQUIT)
        nginx.wait()
        sink.stop()
    return {"rates": [{"at": count, "rates": rates} for count, rates in found.items()]}


GROUPS = {
    "calls": calls,
    "memory": memory,
    "broker": broker,
    "delivered": delivered,
    "growth": growth,
    "stream": stream,
    "latency": latency,
    "threads": threads,
}


def machine(bench):
    """What a run has to say about where it ran."""
    processor = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?"
    )

    def version(program):
        command, env = bench.programs[program]
        return subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=True).stdout.strip()

    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": f"{os.cpu_count()} x {processor}",
        "load": round(os.getloadavg()[0], 1),
        "kafka-ffi": version("libkafka"),
        "LuaJIT": version("luajit"),
        "confluent-kafka": version("confluent"),
    }


def main():
    parser = argparse.ArgumentParser(prog="benches/run", usage=__doc__.split("\n\n", 1)[1])
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("groups", nargs="*", metavar="GROUP")
    given = parser.parse_intermixed_args()
    for group in given.groups:
        if group not in GROUPS:
            parser.error(f"no such group: {group}")
    os.chdir(ROOT)
    bench = Bench(os.environ["CARGO_TARGET_DIR"], given.rounds)
    groups = given.groups or list(GROUPS)
    try:
        for group in groups:
            began = time.perf_counter()
            print(f"bench: {group}", flush=True)
            found = {"machine": machine(bench), "rounds": given.rounds} | GROUPS[group](bench)
            (bench.work / f"{group}.json").write_text(json.dumps(found))
            print(f"  {time.perf_counter() - began:.0f} s", flush=True)
    finally:
        for process in list(Process.alive):
            process.kill()
    report.show(bench.work, groups)
    if given.docs:
        report.write_docs(bench.work, ROOT / "docs")


if __name__ == "__main__":
    main()
