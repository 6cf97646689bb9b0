"""A small world for the tests of certificates: `dead` is out of use, and nothing is missing.

`raw` feeds `dead` and, by another job, `mart`, which a dashboard reads every day. All days of
fifteen months are logged, nothing is read without a log.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import msgspec

from lineage.analyses.listening.listening import Listening
from lineage.analyses.proof.certificate import Certificate, Condition
from lineage.analyses.proof.gaps import DynamicSql
from lineage.analyses.proof.prove import prove_unused
from lineage.analyses.stewardship.notices import announce
from lineage.calendar import day_of, iso_day
from lineage.model import (
    Activity,
    Batch,
    Document,
    Edge,
    EdgeKey,
    EdgeType,
    Fact,
    Node,
    Sample,
    Shard,
)
from lineage.names import ConsumerId, DatasetId, JobId, NodeId, PrincipalId, QueryId
from lineage.store import Store
from lineage.stores import open_store

Days = tuple[int, ...]
Change = Callable[["World"], object]

END = day_of("2026-10-31")
NOW = dt.datetime(2026, 10, 31, 12, tzinfo=dt.UTC)
SAID = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
DAILY: Days = tuple(range(END - 120, END + 1))


def table(name: str) -> DatasetId:
    """A table of the world."""
    return DatasetId("db", f"shop.{name}")


RAW, DEAD, MART = table("raw"), table("dead"), table("mart")


class World:
    """A graph and its logs, while they are put together."""

    def __init__(self) -> None:
        self.facts: dict[NodeId, dict[str, str]] = {}
        self.edges: dict[EdgeKey, Edge] = {}
        self.logged = {"db": set(range(END - 449, END + 1))}
        self.documents: dict[str, Document] = {}
        self.listen(())
        self.job("load", RAW, DEAD)
        self.job("build", RAW, MART)
        self.read(MART, "board")

    def listen(self, unlogged: tuple[str, ...] | None) -> None:
        """Declares what leaves no log."""
        self.documents["listen"] = Listening("db", ("daily",), unlogged).document("warehouse")

    def fact(self, node: NodeId, **facts: str) -> None:
        """A node, and properties of it."""
        self.facts.setdefault(node, {}).update(facts)

    def edge(self, key: EdgeKey, days: Days, sample: Sample | None = None) -> None:
        """An edge that was active once on each of these days."""
        self.fact(key.source)
        self.fact(key.target)
        self.edges[key] = Edge(key, Activity(days, (1,) * len(days)), sample=sample)

    def job(self, name: str, reads: DatasetId, writes: DatasetId, days: Days = DAILY) -> None:
        """A job; one whose name begins with `view` is a view, and what it writes too."""
        job, kind = JobId("jobs", name), "view" if name.startswith("view") else "job"
        self.fact(job, kind=kind)
        self.fact(writes, kind="view" if kind == "view" else "table")
        self.edge(EdgeKey(EdgeType.READ_BY, reads, job), days)
        self.edge(EdgeKey(EdgeType.WRITES, job, writes), days)

    def read(self, dataset: DatasetId, name: str, days: Days = DAILY, kind: str = "report") -> None:
        """A consumer that reads with `select * from …`; a `system` is a bot."""
        consumer, login = ConsumerId("bi", name), PrincipalId("db", name)
        query = QueryId("db", f"{name} {dataset.name}")
        self.fact(consumer, kind=kind)
        self.fact(query, sql=f"select * from {dataset.name}", parse="full")
        self.edge(EdgeKey(EdgeType.READ_BY, dataset, consumer), days)
        self.edge(EdgeKey(EdgeType.NAMED_IN, dataset, query), ())
        self.edge(EdgeKey(EdgeType.RAN, consumer, query, via=login), days)

    def ran(self, name: str, days: Days, version: str) -> None:
        """A version of a job, which ran on these days."""
        query, login = QueryId("db", version), PrincipalId("db", name)
        self.edge(EdgeKey(EdgeType.RAN, JobId("jobs", name), query, via=login), days)

    def unread(self, words: str, day: int, reason: str = "unparsable") -> None:
        """A record that was not understood."""
        letter = {
            "reason": reason, "source": "db", "file": "/logs/of/sam/a.csv", "line": 7, "sql": words,
            "tokens": sorted(words.lower().split()), "day": day,
        }  # fmt: skip
        body = msgspec.json.encode(letter)
        self.documents[words] = Document("dead_letter", words, body)

    def dynamic(self, text: str, schema: str, day: int) -> None:
        """A statement that runs a text nobody knows."""
        tokens = tuple(sorted(text.lower().split()))
        one = DynamicSql("db", text, tokens, "", schema, (), day, day)
        self.documents[text] = one.document(text)

    def batch(self) -> Batch:
        """All of it."""
        return Batch(
            nodes=tuple(
                Node(node, {name: Fact("", value) for name, value in facts.items()})
                for node, facts in self.facts.items()
            ),
            edges=tuple(self.edges.values()),
            documents=tuple(self.documents.values()),
            shards=tuple(
                Shard(source, day, 0, bytes(16))
                for source, days in self.logged.items()
                for day in sorted(days)
            ),
        )


def fill(store: Store, *changes: Change, agreed: tuple[DatasetId, ...] = (DEAD,)) -> None:
    """Writes the world, changed so, and announces that these go on a day that has passed."""
    world = World()
    for change in changes:
        change(world)
    store.apply(world.batch())
    for dataset in agreed:
        announce(store, f"drop dataset {dataset}", iso_day(END - 30), "sam", now=SAID)


@contextmanager
def filled(*changes: Change, agreed: tuple[DatasetId, ...] = (DEAD,)) -> Iterator[Store]:
    """An SQLite store with the world, changed so."""
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/x.db", create=True)
        fill(store, *changes, agreed=agreed)
        yield store
        store.close()


def proof(
    *changes: Change,
    of: tuple[DatasetId, ...] = (DEAD,),
    agreed: tuple[DatasetId, ...] = (DEAD,),
    as_of: int | None = None,
) -> Certificate:
    """The certificate about datasets of the world, changed so."""
    with filled(*changes, agreed=agreed) as store:
        return prove_unused(store, of, as_of, issued=NOW)


def holds(found: Certificate) -> dict[Condition, bool | None]:
    """Which conditions hold."""
    return {fact.condition: fact.holds for fact in found.facts}
