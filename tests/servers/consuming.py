"""`lineage serve --kafka` against a real broker: nothing is lost, and nothing counted twice.

Not part of the ordinary tests, since the broker is fetched: `make server-logs`.
"""

import json
import os
import sqlite3
import subprocess
import threading
import time

import pytest

from benchmarks.openlineage.events import events
from benchmarks.openlineage.server import Server, encoded, until
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.openlineage.applying import Applier, RawEvent
from lineage.hash import graph_hash
from lineage.stores import open_store
from tests.servers.kafka import PASSWORD, USER, broker

PARTITIONS = 3
BROKEN = b'{"eventTime": "2026-11-01T00:00:00Z"}'


@pytest.fixture(scope="session")
def kafka():
    """A broker."""
    with broker() as made:
        yield made


class Setting:
    """A topic, and what a server needs to read it into a store."""

    def __init__(self, kafka, folder):
        self.kafka, self.folder = kafka, folder
        self.topic, self.group = f"events-{os.urandom(4).hex()}", f"group-{os.urandom(4).hex()}"
        self.url = f"sqlite:///{folder}/graph.db"
        kafka.create(self.topic, PARTITIONS)
        # A member that was killed is given up as soon as a broker allows.
        self.properties = self.file("session.timeout.ms=6000", "heartbeat.interval.ms=1000")

    def file(self, *lines):
        """A file of settings."""
        path = self.folder / f"kafka-{os.urandom(4).hex()}.properties"
        path.write_text("# settings\n" + "\n".join(lines))
        return str(path)

    def server(self, *more, name="inbox", brokers=""):
        """A server that reads the topic; with an inbox of its own."""
        said = ["--kafka", brokers or self.kafka.address, "--topic", self.topic]
        said += ["--group", self.group, "--kafka-properties", self.properties]
        return Server(self.url, self.folder / name, *said, *more)

    def send(self, bodies):
        """Sends them to all partitions."""
        self.kafka.send(self.topic, bodies, PARTITIONS)

    def committed(self):
        """How many messages the group has behind it."""
        return sum(max(0, one) for one in self.kafka.committed(self.topic, self.group, PARTITIONS))

    def counted(self):
        """How many events the store has counted."""
        store = open_store(self.url, create=True)
        logged = store.logged()
        store.close()
        return logged["openlineage"].total if "openlineage" in logged else 0

    def hash(self, url=""):
        """The hash of the graph."""
        store = open_store(url or self.url)
        found = graph_hash(store)
        store.close()
        return found

    def expected(self, bodies):
        """The hash of the graph that one clean run makes."""
        url = f"sqlite:///{self.folder}/clean.db"
        store = open_store(url, create=True)
        applier = Applier(store, SourceBook.from_flags(SourceFlags()))
        applier.apply([RawEvent(body, "clean", at) for at, body in enumerate(bodies)])
        applier.close()
        store.close()
        return self.hash(url)


@pytest.fixture
def setting(kafka, tmp_path):
    """A topic of its own."""
    return Setting(kafka, tmp_path)


def good(number):
    """Bodies of events."""
    return [encoded(event) for event in events(number)]


def metric(server, name):
    """The sum of a metric over its labels; NaN when it is not there."""
    lines = server.get("/metrics")[1].decode().splitlines()
    values = [float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name}{{")]
    return sum(values) if values else float("nan")


def ready(server):
    """What `/ready` says."""
    return json.loads(server.get("/ready")[1])


def test_messages_are_in_the_graph_once_and_then_the_group_goes_on(setting):
    """Repeated ones, a broken one, a tombstone: counted as what they are; nothing is left over."""
    bodies = good(60)
    setting.send([*bodies[:30], BROKEN, None, b"{", *bodies[20:], BROKEN])
    with setting.server() as server:
        until(lambda: setting.committed() == 30 + 3 + 40 + 1, 90)
        until(lambda: metric(server, "lineage_kafka_lag_messages") == 0)
        state = ready(server)
        assert (state["ready"], state["kafka"]) == (True, {"partitions": PARTITIONS, "lag": 0})
        assert server.metric("lineage_kafka_up") == 1
        applied = b'lineage_applied_events_total{outcome="imported"} 60'
        assert applied in server.get("/metrics")[1]
        assert server.stop() == 0
        assert "Traceback" not in server.log
    assert setting.hash() == setting.expected(bodies)
    assert setting.counted() == 60
    store = open_store(setting.url)
    letters = [json.loads(one.body) for one in store.documents("dead_letter")]
    store.close()
    assert {one["file"].rpartition("/")[0] for one in letters} == {f"kafka:{setting.topic}"}
    assert len(letters) == 2  # equal bodies are one


@pytest.mark.parametrize("victim", ["server", "consumer"])
def test_killed_under_load_it_loses_nothing(setting, victim):
    """Killed twice while messages come: each event is in the graph afterwards, once."""
    bodies = good(3000)
    sent = [*bodies[:1000], BROKEN, *bodies[1000:]]

    def load():
        for start in range(0, len(sent), 100):
            setting.send(sent[start : start + 100])
            time.sleep(0.1)

    with setting.server() as server:
        thread = threading.Thread(target=load)
        thread.start()
        for share in (0.15, 0.5):
            until(lambda at=share: setting.counted() > at * len(bodies), 120)
            if victim == "server":
                server.kill()
                server.start()
            else:
                (child,) = _children(server.pid)
                os.kill(child, 9)
        thread.join()
        until(lambda: setting.committed() == len(sent), 120)
        server.stop()
    assert setting.counted() == len(bodies)
    assert setting.hash() == setting.expected(bodies)


def test_nothing_is_committed_that_the_store_has_not(setting):
    """While the store cannot be written the group stays where it is; then it goes on."""
    bodies = good(40)
    with setting.server() as server:
        setting.send(bodies[:9])
        until(lambda: setting.committed() == 9, 90)
        lock = sqlite3.connect(setting.folder / "graph.db", isolation_level=None)
        lock.execute("begin immediate")
        setting.send(bodies[9:])
        until(lambda: not ready(server)["ready"], 120)
        assert setting.committed() == 9
        until(lambda: metric(server, "lineage_kafka_lag_messages") > 0, 120)
        lock.close()
        until(lambda: setting.committed() == 40, 120)
        until(lambda: ready(server)["ready"])
    assert setting.hash() == setting.expected(bodies)


def test_partitions_change_hands_and_nothing_is_counted_twice(setting):
    """A second server takes over a part, then, when the first ends, the rest."""
    bodies = good(1500)
    with setting.server(name="one") as one:
        setting.send(bodies[:500])
        until(lambda: setting.committed() >= 100, 90)
        with setting.server(name="two") as two:
            setting.send(bodies[500:1000])
            until(lambda: ready(two)["kafka"]["partitions"], 90)
            until(lambda: ready(one)["kafka"]["partitions"] < PARTITIONS)
            assert one.stop() == 0
            setting.send(bodies[1000:])
            until(lambda: setting.committed() == len(bodies), 120)
            until(lambda: ready(two)["kafka"] == {"partitions": PARTITIONS, "lag": 0})
    assert setting.counted() == len(bodies)
    assert setting.hash() == setting.expected(bodies)


def test_what_is_no_event_goes_to_a_topic_with_the_reason(setting):
    """Value and key are kept, the headers say where it came from and why it was refused."""
    letters = f"{setting.topic}.dead"
    setting.kafka.create(letters)
    bodies = good(6)
    setting.send([*bodies, BROKEN])
    with setting.server("--dead-letter-topic", letters):
        (letter,) = setting.kafka.messages(letters, 1)
        until(lambda: setting.committed() == 7, 90)
    headers = {name: value.decode() for name, value in letter.headers()}
    assert (letter.value(), letter.key()) == (BROKEN, b"key")
    assert headers == {
        "lineage.topic": setting.topic, "lineage.partition": "0", "lineage.offset": "2",
        "lineage.error": "$: neither a job nor a dataset",
    }  # fmt: skip


def test_a_dead_letter_that_cannot_be_sent_holds_up_the_group_and_says_so(setting):
    """The topic is not there: nothing is committed behind the letter until it is."""
    letters = f"{setting.topic}.dead"
    setting.send([BROKEN])
    with setting.server("--dead-letter-topic", letters) as server:
        until(lambda: letters in "".join(ready(server)["problems"]), 120)
        assert setting.committed() == 0
        setting.kafka.create(letters)
        until(lambda: setting.committed() == 1, 120)
        until(lambda: ready(server)["ready"])


def test_settings_of_the_library_are_passed_on(setting):
    """TLS and a login come from the file."""
    login = [
        "security.protocol=SASL_SSL", "sasl.mechanisms=PLAIN", f"sasl.username={USER}",
        f"ssl.ca.location={setting.kafka.home / 'ca.pem'}",
    ]  # fmt: skip
    bodies = good(5)
    setting.send(bodies)
    setting.properties = setting.file(*login, "sasl.password=wrong")
    with setting.server(brokers=setting.kafka.secured, name="refused") as server:
        until(lambda: "uthentication" in "".join(ready(server)["problems"]), 90)
        assert server.metric("lineage_kafka_up") == 0
        assert "wrong" not in server.log
        assert server.log.count("uthentication") < 4
    setting.properties = setting.file(*login, f"sasl.password={PASSWORD}")
    with setting.server(brokers=setting.kafka.secured):
        until(lambda: setting.committed() == 5, 90)
    assert setting.hash() == setting.expected(bodies)


def test_brokers_and_topics_may_come_later(setting):
    """What is not there is said, waited for, and read from its beginning."""
    setting.topic = f"{setting.topic}-later"
    with setting.server() as server:
        until(lambda: setting.topic in "".join(ready(server)["problems"]), 90)
        setting.kafka.create(setting.topic, PARTITIONS)
        bodies = good(5)
        setting.send(bodies)
        until(lambda: setting.committed() == 5, 90)
        until(lambda: ready(server)["ready"])
    with setting.server(brokers="127.0.0.1:1", name="nobody") as server:
        until(lambda: "127.0.0.1:1" in "".join(ready(server)["problems"]), 90)
        assert server.stop() == 0


def _children(pid):
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True
    )
    return [int(one) for one in found.stdout.split() if int(one) != os.getpid()]
