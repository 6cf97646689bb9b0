"""Every case in `cases/scenarios/`: a small graph, questions, and what the answers must hold.

A case is a TOML file. `graph` has one fact a line (`_STATEMENTS` below reads them), each `[[ask]]`
one question and the part of its answer that matters. Names are short: a dataset `mart` is
`db:mart`, a job `load` is `jobs:load`, a consumer `sales` is `bi:sales`. Without days, what is seen
is seen on each of the last ninety days before the end of the logs, 2026-10-31.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from lineage.analyses.breaking.change import parse_change
from lineage.analyses.breaking.impact import Impact, impact
from lineage.analyses.disuse.orphans import Label, Orphans, orphans
from lineage.analyses.reach.path import path
from lineage.analyses.reach.walk import Walk, downstream, upstream
from lineage.analyses.use.usage import WhoUses, who_uses
from lineage.calendar import day_of
from lineage.model import (
    CERTAIN,
    Activity,
    Batch,
    Document,
    Edge,
    EdgeKey,
    EdgeType,
    Evidence,
    Fact,
    Node,
    Role,
    Sample,
    Shard,
)
from lineage.names import (
    ColumnId,
    ConsumerId,
    DatasetId,
    JobId,
    NodeId,
    PrincipalId,
    QueryId,
    domain,
    team,
)
from lineage.resolve import resolve_column, resolve_dataset
from lineage.store import Store
from lineage.stores import open_store

CASES = Path(__file__).parent / "cases" / "scenarios"
END = day_of("2026-10-31")
_KINDS = ("dashboard", "card", "workbook", "person", "application", "system", "report")
_EVIDENCE = {
    "": CERTAIN,
    "declared": Evidence.of(provenance=0.9),
    "expanded": Evidence.of(parse=0.95),
    "tables": Evidence.of(parse=0.7),
    "unknown": Evidence.of(parse=0.4),
    "inferred": Evidence.of(provenance=0.5),
    "normalised": Evidence.of(provenance=0.9, resolve=0.95),
}


class _Case:
    """The graph of a case while its lines are read."""

    def __init__(self) -> None:
        self.facts: dict[NodeId, dict[str, Fact]] = {}
        self.edges: dict[EdgeKey, Edge] = {}
        self.logs: dict[str, Activity] = {}
        self.documents: list[Document] = []
        self.processes: dict[str, JobId | ConsumerId] = {}

    def batch(self) -> Batch:
        logs = self.logs or {"db": _days("")}
        return Batch(
            nodes=tuple(Node(node, facts) for node, facts in self.facts.items()),
            edges=tuple(self.edges.values()),
            documents=tuple(self.documents),
            shards=tuple(
                Shard(source, day, 0, day.to_bytes(16))
                for source, days in logs.items()
                for day in days.days
            ),
        )

    def fact(self, node: NodeId, **facts: str) -> None:
        self.facts.setdefault(node, {}).update({k: Fact("", v) for k, v in facts.items()})

    def edge(
        self,
        type_: EdgeType,
        source: NodeId,
        target: NodeId,
        activity: Activity = Activity(),  # noqa: B008
        *,
        role: Role | None = None,
        via: JobId | PrincipalId | None = None,
        evidence: Evidence = CERTAIN,
        named: bool = True,
        sample: Sample | None = None,
    ) -> None:
        self.fact(source)
        self.fact(target)
        key = EdgeKey(type_, source, target, role, via)
        edge = Edge(key, activity, evidence, sample, named)
        self.edges[key] = self.edges[key].merge(edge) if key in self.edges else edge

    def job(self, name: str, kind: str) -> JobId:
        job = JobId("jobs", name)
        self.processes[name] = job
        self.fact(job, kind=kind)
        return job

    def process(self, name: str) -> JobId | ConsumerId:
        return self.processes[name]

    def node(self, name: str) -> NodeId:
        return self.processes.get(name) or DatasetId("db", name)

    def column(self, text: str) -> ColumnId:
        dataset, _, name = text.partition(".")
        column = ColumnId(DatasetId("db", dataset), name)
        self.edge(EdgeType.HAS_COLUMN, column.dataset, column)
        return column


def _days(text: str) -> Activity:
    """`2026-08-01..2026-10-31/7` every seventh day, single days, commas between; else 90 days."""
    found: dict[int, int] = {}
    for part in text.split(",") if text else ["2026-08-03..2026-10-31"]:
        span, _, step = part.strip().partition("/")
        first, _, last = span.partition("..")
        days = range(day_of(first), day_of(last or first) + 1, int(step or 1))
        found.update(dict.fromkeys(days, 1))
    return Activity.of(found)


def _flow(case: _Case, reads: str, kind: str, name: str, writes: str, how: str, days: str) -> None:
    job, activity = case.job(name, kind), _days(days)
    for dataset in _names(reads):
        read = DatasetId("db", dataset)
        case.edge(EdgeType.READ_BY, read, job, activity, evidence=_EVIDENCE[how])
    for dataset in _names(writes):
        case.edge(EdgeType.WRITES, job, DatasetId("db", dataset), activity, evidence=_EVIDENCE[how])
        if kind == "view":
            case.fact(DatasetId("db", dataset), kind="view")


def _read(case: _Case, reads: str, kind: str, name: str, how: str, days: str) -> None:
    consumer = ConsumerId("bi", name)
    case.processes[name] = consumer
    case.fact(consumer, kind=kind)
    for dataset in _names(reads):
        source = DatasetId("db", dataset)
        case.edge(EdgeType.READ_BY, source, consumer, _days(days), evidence=_EVIDENCE[how])


def _column(
    case: _Case, name: str, source: str, target: str, roles: str, star: str, how: str, days: str
) -> None:
    process, column = case.process(name), case.column(source)
    read = case.edges.get(EdgeKey(EdgeType.READ_BY, column.dataset, process))
    activity = read.activity if read and not days else _days(days)
    ran = (e for e in case.edges.values() if e.key.type is EdgeType.RAN)
    sample = next((edge.sample for edge in ran if edge.key.source == process), None)
    for role in map(Role, _names(roles)):
        case.edge(EdgeType.USED_BY, column, process, activity, role=role, named=not star,
                  evidence=_EVIDENCE[how], sample=sample)  # fmt: skip
        if target and isinstance(process, JobId):
            case.edge(EdgeType.FEEDS, column, case.column(target), activity, role=role,
                      via=process, evidence=_EVIDENCE[how], sample=sample)  # fmt: skip


def _ran(case: _Case, name: str, parse: str, sql: str, days: str) -> None:
    query = QueryId("db", f"{len(case.facts):06}")
    process, activity = case.process(name), _days(days)
    case.fact(query, sql=sql, parse=parse or "full", dialect="ansi")
    case.edge(EdgeType.RAN, process, query, activity, via=PrincipalId("db", name),
              sample=Sample("2026-10-31T00:00:00Z", query.name, query))  # fmt: skip
    for dataset in re.findall(r"\b(?:from|join|into)\s+(\w+)", sql, re.IGNORECASE):
        case.edge(EdgeType.NAMED_IN, DatasetId("db", dataset), query)


def _by(case: _Case, names: str, login: str, class_: str) -> None:
    case.fact(PrincipalId("db", login), **{"class": class_ or "person"})
    for name in _names(names):
        case.edge(EdgeType.RUN_BY, case.process(name), PrincipalId("db", login))


def _has(case: _Case, dataset: str, columns: str) -> None:
    for ordinal, column in enumerate(_names(columns)):
        name, _, type_ = column.partition(" ")
        case.fact(case.column(f"{dataset}.{name}"), ordinal=str(ordinal), type=type_)


_HOW = r"(?:\s+\((\w+)\))?"
_DAYS = r"(?:\s+on\s+(.*))?"
# What a line may say; lines are taken in this order, so that a case can tell its story in another.
_STATEMENTS: tuple[tuple[str, Callable[..., object]], ...] = (
    (rf"(.*?) ?-> (job|view) (\w+) -> (.+?){_HOW}{_DAYS}", _flow),
    (rf"(.+?) -> ({'|'.join(_KINDS)}) (\w+){_HOW}{_DAYS}", _read),
    (rf'(\w+) ran(?: (\w+))? "(.*)"{_DAYS}', _ran),
    (rf"(\w+): (\S+\.\S+)(?: -> (\S+))? ([A-Z_, ]+)( star)?{_HOW}{_DAYS}", _column),
    (r"log (\w+) (.+)", lambda case, source, days: case.logs.update({source: _days(days)})),
    (r"unread (.+)", lambda case, words: case.documents.append(
        Document("dead_letter", words, msgspec.json.encode({"tokens": words.split()})))),
    (r"fact (\S+) (\w+)=(.*)", lambda case, n, k, v: case.fact(case.node(n), **{k: v})),
    (r"(\w+) owns (.+)", lambda case, name, what: [
        case.edge(EdgeType.OWNS, team(name), case.node(one)) for one in _names(what)]),
    (r"(\w+) contact (\S+)", lambda case, name, how: case.fact(team(name), contact=how)),
    (r"(\w+) is gone", lambda case, name: case.fact(team(name), active="false")),
    (r"(\w+) in team (\w+)", lambda case, login, name: case.edge(
        EdgeType.MEMBER_OF, PrincipalId("db", login), team(name))),
    (r"(\w+) in domain (\w+)", lambda case, name, place: case.edge(
        EdgeType.IN_DOMAIN, DatasetId("db", name), domain(place))),
    (r"(.+) by (\w+)(?: \((\w+)\))?", _by),
    (r"(\w+) has (.+)", _has),
)  # fmt: skip


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _graph(text: str) -> Batch:
    case = _Case()
    lines = (re.split(r"(?:^|\s)#\s", raw)[0].strip() for raw in text.splitlines())
    said = [_statement(line) for line in lines if line]
    for number, groups in sorted(said, key=lambda one: one[0]):
        _STATEMENTS[number][1](case, *groups)
    return case.batch()


def _statement(line: str) -> tuple[int, list[str]]:
    """Which statement a line is, and its parts."""
    for number, (pattern, _) in enumerate(_STATEMENTS):
        if found := re.fullmatch(pattern, line):
            return number, [group or "" for group in found.groups()]
    raise AssertionError(f"no statement: {line}")


def _short(text: str) -> str:
    return text.rpartition(":")[2]


def _asked(store: Store, ask: dict[str, object]) -> dict[str, object]:
    """The answer to a question, in the short names that a case speaks."""
    as_of = day_of(str(ask["as_of"])) if "as_of" in ask else None
    if "impact" in ask:
        changes = [parse_change(text) for text in _listed(ask["impact"])]
        return _impact(impact(store, changes, as_of))
    if "orphans" in ask:
        classes = [Label(name) for name in _listed(ask["orphans"]) if name != "all"]
        return _orphans(orphans(store, classes, _text(ask.get("domain")), as_of))
    if "who_uses" in ask:
        dataset = resolve_dataset(store, str(ask["who_uses"]))
        return _who(who_uses(store, dataset, _text(ask.get("column")), as_of))
    if "path" in ask:
        ends = [resolve_dataset(store, name) for name in _listed(ask["path"])]
        found = path(store, ends[0], ends[1], as_of)
        steps = [_short(step.edge.target) for step in found.steps]
        statements = [step.statement or "" for step in found.steps]
        return {**_plain(found), "steps": steps, "statements": statements}
    walk = downstream if "downstream" in ask else upstream
    text = str(ask.get("downstream") or ask["upstream"])
    start = resolve_column(store, text) if "." in text else resolve_dataset(store, text)
    depth = ask.get("depth")
    roles = bool(ask.get("all_roles"))
    assert depth is None or isinstance(depth, int)
    return _walk(walk(store, start, depth, all_roles=roles, as_of=as_of))


def _plain(record: msgspec.Struct) -> dict[str, object]:
    plain = msgspec.json.decode(msgspec.json.encode(record))
    assert isinstance(plain, dict)
    return plain


def _impact(found: Impact) -> dict[str, object]:
    rings = {
        ring: sorted(_short(item.id) for item in found.items if item.ring == ring)
        for ring in ("fails", "wrong", "stale")
    }
    items = {_short(item.id): _plain(item) for item in found.items}
    for item in items.values():
        item["path"] = [_short(name) for name in item["path"]]  # type: ignore[attr-defined]
    teams = {one.team or "": _plain(one) for one in found.teams}
    unjudged = sorted(_short(one.id) for one in found.unjudged)
    return {**_plain(found), **rings, "items": items, "teams": teams, "unjudged": unjudged}


def _orphans(found: Orphans) -> dict[str, object]:
    labels = {_short(row.dataset): list(row.classes) for row in found.datasets}
    rows = {_short(row.dataset): _plain(row) for row in found.datasets}
    return {**_plain(found), "labels": labels, "rows": rows}


def _who(found: WhoUses) -> dict[str, object]:
    uses = {_short(use.consumer): _plain(use) for use in found.consumers}
    ignored = [_short(bot.consumer) for bot in found.ignored]
    names = [_short(use.consumer) for use in found.consumers]
    return {**_plain(found), "names": names, "uses": uses, "ignored": ignored}


def _walk(found: Walk) -> dict[str, object]:
    nodes = {_short(node.id): node.distance for node in found.nodes}
    edges = sorted(f"{_short(e.source)} -> {_short(e.target)}" for e in found.edges)
    return {**_plain(found), "nodes": nodes, "edges": edges}


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _held(answer: object, wanted: object, where: str) -> Iterable[str]:
    """Where an answer lacks what is wanted: tables are looked into, all else must be equal."""
    if isinstance(wanted, dict) and isinstance(answer, dict):
        for key, value in wanted.items():
            if key in answer:
                yield from _held(answer[key], value, f"{where}.{key}")
            else:
                yield f"{where}.{key} is missing; there are {sorted(answer)}"
    elif isinstance(wanted, float) and isinstance(answer, float):
        if abs(answer - wanted) > 0.006:
            yield f"{where} is {answer}, not {wanted}"
    elif answer != wanted:
        yield f"{where} is {answer!r}, not {wanted!r}"


_QUESTIONS = ("impact", "orphans", "who_uses", "downstream", "upstream", "path")
_OPTIONS = ("as_of", "column", "domain", "depth", "all_roles")


def _cases() -> list[object]:
    return [
        pytest.param(case, i, id=f"{case.stem}-{i}")
        for case in sorted(CASES.glob("*.toml"))
        for i in range(len(tomllib.loads(case.read_text())["ask"]))
    ]


@pytest.mark.parametrize(("case", "number"), _cases())
def test_scenario(case: Path, number: int, tmp_path: Path) -> None:
    """The answer to each question of a case holds what the case says."""
    scenario = tomllib.loads(case.read_text())
    store = open_store(f"sqlite:///{tmp_path}/case.db", create=True)
    store.apply(_graph(scenario["graph"]))
    ask = scenario["ask"][number]
    wanted = {k: v for k, v in ask.items() if k not in (*_QUESTIONS, *_OPTIONS, "why")}
    assert wanted, "a question without an expected answer proves nothing"
    assert not list(_held(_asked(store, ask), wanted, "answer"))
    store.close()
