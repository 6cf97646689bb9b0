"""Events over Kafka, against the brokers that the client library brings to be tested with.

The real broker is in tests/servers/consuming.py.
"""

import json
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from app.serving.consuming import Consuming
from benchmarks.openlineage.events import events
from benchmarks.openlineage.server import encoded, until
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.openlineage.applying import Applier
from ingest.openlineage.kafka import check
from ingest.openlineage.topics import Topics, read_properties
from lineage.errors import StoreUnavailable, UnreadableInput
from lineage.stores import open_store

BROKEN = b'{"eventTime": "2026-11-01T00:00:00Z"}'
BODIES = [encoded(event) for event in events(12)]


@pytest.fixture(scope="module")
def brokers():
    """The address of brokers; they live as long as the client that made them."""
    owner = Producer({"test.mock.num.brokers": 1})
    found = owner.list_topics(timeout=20).brokers
    yield ",".join(f"{one.host}:{one.port}" for one in found.values())
    owner.flush(1)


class World:
    """A topic with messages in it, a store, and who applies the ones to the other."""

    def __init__(self, brokers, folder, name):
        self.brokers, self.name = brokers, name
        settings = folder / "kafka.properties"
        settings.write_text("# quick\nauto.commit.interval.ms = 50\nsession.timeout.ms=6000\n")
        self.topics = Topics(brokers, (name,), name, str(settings), f"{name}.dead")
        self.store = open_store(f"sqlite:///{folder}/graph.db", create=True)
        self.applier = Applier(self.store, SourceBook.from_flags(SourceFlags()))
        self.reports, self.down = [], False

    def send(self, *bodies):
        """Sends the messages."""
        producer = Producer({"bootstrap.servers": self.brokers})
        for body in bodies:
            producer.produce(self.name, body, b"key", 0)
        assert producer.flush(20) == 0

    def apply(self, some):
        """What became of the events; nothing while the store is down."""
        if self.down:
            raise StoreUnavailable("down")
        funnel = self.applier.apply(some)
        dead = sum(funnel.dead_letters.values())
        return {"imported": funnel.imported, "duplicate": funnel.duplicate, "dead": dead}

    def consuming(self):
        """Who reads; another member of the group each time."""
        return Consuming(self.topics, self.apply, self.reports.append)

    def outcomes(self):
        """What was reported, added up."""
        total = {}
        for report in self.reports:
            for outcome, number in report.outcomes.items():
                total[outcome] = total.get(outcome, 0) + number
        return {outcome: number for outcome, number in total.items() if number}

    def committed(self):
        """The group's offset."""
        asked = Consumer({"bootstrap.servers": self.brokers, "group.id": self.name})
        (found,) = asked.committed([TopicPartition(self.name, 0)], timeout=20)
        asked.close()
        return found.offset

    def letters(self, number):
        """The messages in the topic of dead letters."""
        said = {"bootstrap.servers": self.brokers, "group.id": "look"}
        reader = Consumer(said)
        reader.assign([TopicPartition(f"{self.name}.dead", one, 0) for one in range(4)])
        found = []
        until(lambda: found.extend(reader.consume(9, 0.1)) or len(found) >= number)
        reader.close()
        return found


@pytest.fixture
def world(brokers, tmp_path, request):
    """A world of its own."""
    made = World(brokers, tmp_path, f"t{abs(hash(request.node.name))}")
    yield made
    made.applier.close()
    made.store.close()


def drained(consuming, done):
    """Has batches applied until it is done."""

    def step():
        time.sleep(min(0.05, consuming.batch(1000, 8 << 20)))
        return done()

    until(step)


def test_what_was_applied_does_not_come_again_and_what_was_not_does(world):
    """The group goes on behind what the store has, whoever its member is."""
    world.send(*BODIES[:5], None, BROKEN)
    first = world.consuming()
    drained(first, lambda: world.outcomes().get("imported") == 5)
    assert world.outcomes() == {"imported": 5, "dead": 1, "ignored": 1}
    world.send(*BODIES[5:])
    world.down = True
    with pytest.raises(StoreUnavailable):
        drained(first, lambda: False)
    assert world.reports[-1].lag[f"{world.name}/0"] == len(BODIES[5:])
    first.close()
    assert world.committed() == 7
    world.down = False
    second = world.consuming()
    drained(second, lambda: world.outcomes().get("imported") == len(BODIES))
    assert world.outcomes() == {"imported": len(BODIES), "dead": 1, "ignored": 1}
    drained(second, lambda: world.reports[-1].lag.get(f"{world.name}/0") == 0)
    second.close()
    assert world.committed() == len(BODIES) + 2


def test_what_is_no_event_goes_on_to_a_topic(world):
    """With its key, and headers that say where it was and what is wrong with it."""
    world.send(*BODIES[:2], BROKEN)
    consuming = world.consuming()
    drained(consuming, lambda: world.outcomes().get("dead") == 1)
    consuming.close()
    (letter,) = world.letters(1)
    headers = {name: value.decode() for name, value in letter.headers()}
    assert (letter.value(), letter.key()) == (BROKEN, b"key")
    assert (headers["lineage.topic"], headers["lineage.offset"]) == (world.name, "2")
    assert headers["lineage.error"] == "$: neither a job nor a dataset"
    (kept,) = [json.loads(one.body) for one in world.store.documents("dead_letter")]
    assert (kept["file"], kept["line"]) == (f"kafka:{world.name}/0", 2)


def test_brokers_that_do_not_answer_are_a_problem_and_no_error(world):
    """It is said which, once, and it waits."""
    topics = Topics("127.0.0.1:1", ("events",), "lineage")
    consuming = Consuming(topics, world.apply, world.reports.append)
    drained(consuming, lambda: world.reports and world.reports[-1].problem)
    assert "127.0.0.1:1" in world.reports[-1].problem
    consuming.close()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no.such.setting=1", 'No such configuration property: "no.such.setting"'),
        ("security.protocol=HTTP", "security.protocol"),
        ("\nsasl.password secret", "line 2: write `name=value`"),
    ],
)
def test_a_setting_that_is_none_is_named(tmp_path, text, says):
    """With its file, and without what may be a secret."""
    file = tmp_path / "kafka.properties"
    file.write_text(text)
    with pytest.raises(UnreadableInput) as caught:
        check(Topics("127.0.0.1:1", ("events",), "lineage", str(file)))
    assert says in str(caught.value)
    assert str(file) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_settings_are_read_as_they_stand(tmp_path):
    """Values may hold equals signs; comments and blank lines are none."""
    file = tmp_path / "kafka.properties"
    file.write_text("# TLS\n\n ssl.key.password = a=b \nclient.id=x\n")
    assert read_properties(file) == {"ssl.key.password": "a=b", "client.id": "x"}
    with pytest.raises(UnreadableInput, match="cannot be read"):
        read_properties(tmp_path / "none")
