"""What the analyser says of a change, beside what the database did."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.impact_truth.engine import rings
from benchmarks.impact_truth.world import Trial, World, log_of, target_of
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, import_paths
from lineage.analyses.breaking.change import parse_change
from lineage.analyses.breaking.impact import impact
from lineage.errors import UnknownName
from lineage.model import EdgeType
from lineage.store import Store
from lineage.stores import open_store

_NAMESPACE = "duck"
_RINGS = ["fails", "wrong", "stale", ""]


class Verdict(msgspec.Struct, frozen=True):
    """One node under one change: the ring that was said and the one that was seen."""

    world: str
    change: str
    kind: str
    node: str
    said: str
    seen: str
    error: str = ""

    @property
    def right(self) -> bool:
        """Whether both agree."""
        return self.said == self.seen


@contextmanager
def imported(world: World, *, with_tables: bool = True) -> Iterator[Store]:
    """A store with the log of a world."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_text(
            "".join(json.dumps(row) + "\n" for row in log_of(world, with_tables=with_tables))
        )
        store = open_store(f"sqlite:///{folder}/truth.db", create=True)
        book = SourceBook.from_flags(SourceFlags(namespace=_NAMESPACE, dialect="duckdb"))
        import_paths(store, [str(log)], ImportOptions(book, workers=1))
        yield store
        store.close()


def verdicts(world: World, trial: Trial, store: Store) -> list[Verdict]:
    """What was said and seen of every statement and every dataset that one writes."""
    try:
        answer = impact(store, [parse_change(trial.words)])
        said = {item.id: item.ring.value for item in answer.items}
        open_ = {one.id for one in answer.unjudged}
    except UnknownName:
        said, open_ = {}, set()  # nobody was seen to use it
    processes = _processes(store)
    seen, errors = rings(world, trial)
    subject = trial.words.split()[2]
    worst: dict[str, tuple[str, str]] = {}
    shared = Counter(target_of(sql)[1] for sql in world.statements.values())
    for name, sql in world.statements.items():
        kind, target = target_of(sql)
        if name in trial.skip or name in trial.replace:
            continue
        truth = (seen.get(name, ""), errors.get(name, ""))
        own = bool(target) and (target == subject or subject.startswith(f"{target}."))
        if kind != "view" and (truth[0] == "fails" or not (own or (target and shared[target] > 1))):
            # Of a table that several fill, or that changes itself, the content tells of no job.
            _keep_worst(worst, processes[name], truth)
        if target and not own:
            # A table whose job failed keeps what it had.
            stays = truth[0] == "fails" and kind != "view"
            _keep_worst(worst, f"{_NAMESPACE}:{target}", ("stale", "") if stays else truth)
    return [
        Verdict(world.name, trial.words, trial.kind, node, said.get(node, ""), *truth)
        for node, truth in worst.items()
        if node not in open_  # a doubt is no verdict
    ]


def _keep_worst(worst: dict[str, tuple[str, str]], node: str, truth: tuple[str, str]) -> None:
    """Several statements may be one job: the worst that becomes of them counts."""
    known = worst.setdefault(node, truth)
    worst[node] = min(known, truth, key=lambda one: _RINGS.index(one[0]))


def _processes(store: Store) -> dict[str, str]:
    """The job or consumer of each login."""
    return {
        edge.key.target.name: str(edge.key.source)
        for edge in store.scan_edges([EdgeType.RUN_BY])
        if not isinstance(edge.key.target, str)
    }
