"""Applying events as they arrive: the graph is that of one import of them all."""

import json

import pytest

from app.serving.draining import Drain
from app.serving.work import Work
from benchmarks.openlineage.events import events
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.openlineage.applying import Applier, RawEvent
from ingest.openlineage.inbox import Inbox, Position, Received
from ingest.pipeline import ImportOptions, import_paths
from lineage.errors import StoreUnavailable
from lineage.hash import graph_hash
from lineage.stores import open_store

BOOK = SourceBook.from_flags(SourceFlags())
GOOD = list(events(24))


def raw(some, origin="test"):
    """Events as they come."""
    return [RawEvent(json.dumps(one).encode(), origin, at) for at, one in enumerate(some)]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The hash of one import of all events from a file."""
    folder = tmp_path_factory.mktemp("file")
    file = folder / "events.ndjson"
    file.write_text("".join(f"{json.dumps(event)}\n" for event in GOOD))
    store = open_store(f"sqlite:///{folder}/graph.db", create=True)
    import_paths(store, [str(file)], ImportOptions(BOOK))
    found = graph_hash(store)
    store.close()
    return found


def test_small_batches_make_the_graph_of_one_import(store, expected):
    """Batches in any order, with repetitions, over a restart, and beside another writer."""
    appliers = [Applier(store, BOOK), Applier(store, BOOK)]
    imported = duplicate = 0
    for start in (16, 0, 8, 4, 20, 12, 0):
        applier = appliers[start // 4 % 2]
        funnel = applier.apply(raw(GOOD[start : start + 6]))
        assert funnel.read == len(GOOD[start : start + 6])
        imported += funnel.imported
        duplicate += funnel.duplicate
    assert graph_hash(store) == expected
    assert (imported, duplicate) == (24, 16)
    assert store.logged()["openlineage"].total == 24
    for applier in appliers:
        applier.close()


def test_two_that_meet_count_each_event_once(tmp_path, monkeypatch, expected):
    """Who finds that another wrote meanwhile reads the ledger again, and counts what is left."""
    url = f"sqlite:///{tmp_path}/graph.db"
    store, other = open_store(url, create=True), open_store(url, create=True)
    mine, theirs = Applier(store, BOOK), Applier(other, BOOK)
    mine.apply(raw(GOOD[:4]))
    apply, met = store.apply, []

    def late(batch):
        if not met:  # between what was read and what is written
            met.append(theirs.apply(raw(GOOD[4:16])))
        apply(batch)

    monkeypatch.setattr(store, "apply", late)
    funnel = mine.apply(raw(GOOD[2:]))
    assert (funnel.imported, funnel.duplicate) == (8, 14)
    assert graph_hash(store) == expected


def test_what_no_event_is_becomes_a_letter_of_its_origin(store):
    """Broken events are counted as dead letters, once, and hold up nothing."""
    broken = [RawEvent(b"{", "topic/0", 7), RawEvent(b"[1]", "topic/0", 8)]
    applier = Applier(store, BOOK)
    funnel = applier.apply([*broken, *raw(GOOD[:2])])
    assert funnel.dead_letters == {"invalid_event": 2}
    assert funnel.imported == 2
    assert applier.apply(broken).duplicate == 2
    letters = [json.loads(one.body) for one in store.documents("dead_letter")]
    assert {(one["file"], one["line"]) for one in letters} == {("topic/0", 7), ("topic/0", 8)}


def test_a_transaction_that_fails_takes_nothing_in(tmp_path, monkeypatch, expected):
    """After a store that did not answer, the same events are applied as if nothing had been."""
    store = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    applier = Applier(store, BOOK)
    applier.apply(raw(GOOD[:8]))

    def away(_):
        raise StoreUnavailable("away")

    with monkeypatch.context() as down:
        down.setattr(store, "apply", away)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                applier.apply(raw(GOOD[8:]))
    assert applier.apply(raw(GOOD[8:])).imported == 16
    assert graph_hash(store) == expected


class Draining:
    """An inbox with events in it, and who applies them, in this process."""

    def __init__(self, folder, bodies):
        self.inbox = Inbox(folder / "inbox")
        self.inbox.append([Received(at, "http", body) for at, body in enumerate(bodies)])
        self.url, self.reports = f"sqlite:///{folder}/graph.db", []
        work = Work(self.url, str(folder / "inbox"), Position())
        self.drain = Drain(work, self.reports.append)

    def hash(self):
        """The hash of what is in the store."""
        store = open_store(self.url)
        found = graph_hash(store)
        store.close()
        return found


@pytest.fixture
def drain(tmp_path, monkeypatch):
    """Applies from an inbox in batches of seven."""
    monkeypatch.setattr("app.serving.draining._MOST", 7)
    return lambda bodies: Draining(tmp_path, bodies)


def test_the_inbox_is_applied_in_batches_and_reported(drain, expected):
    """What is reported adds up, and where it ends is where the inbox ends."""
    made = drain([one.body for one in raw(GOOD)])
    while made.drain.batch() == 0.0:
        pass
    assert sum(report.events for report in made.reports) == 24
    assert made.reports[-1].position == made.inbox.end
    assert made.hash() == expected


def test_a_batch_that_fails_is_applied_later(drain, monkeypatch, expected):
    """A store that is away costs time, and no event."""
    made = drain([one.body for one in raw(GOOD)])
    with monkeypatch.context() as down:

        def away(*_):
            raise StoreUnavailable("away")

        down.setattr("lineage.stores.sqlite.SqliteStore.apply", away)
        with pytest.raises(StoreUnavailable):
            made.drain.batch()
    while made.drain.batch() == 0.0:
        pass
    assert made.hash() == expected


def test_an_event_that_makes_us_fail_is_set_aside(drain, monkeypatch, tmp_path, expected):
    """A fault of ours in one event holds up no other, and the event is kept."""
    real = Applier.apply

    def fails(self, some):
        if any(b"poison" in one.body for one in some):
            raise ZeroDivisionError("a fault")
        return real(self, some)

    monkeypatch.setattr(Applier, "apply", fails)
    bodies = [one.body for one in raw(GOOD)]
    made = drain([*bodies[:3], b'"poison"', *bodies[3:]])
    while made.drain.batch() == 0.0:
        pass
    assert made.hash() == expected
    assert sum(report.outcomes.get("set_aside", 0) for report in made.reports) == 1
    (line,) = (tmp_path / "inbox" / "set-aside.ndjson").read_text().splitlines()
    assert json.loads(line)["event"] == '"poison"'
    assert "ZeroDivisionError" in json.loads(line)["error"]
