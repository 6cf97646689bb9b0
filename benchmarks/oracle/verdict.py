"""What the text was said to mean, held against what the engine did."""

from __future__ import annotations

import random
from collections.abc import Mapping

import duckdb
import msgspec

from benchmarks.oracle.engine import Columns, Engine
from benchmarks.oracle.world import Schemas, unlimited, world
from ingest.sql import Catalog, Context, Statement, analyse, collapse
from lineage.model import Role

_STEERS_ROWS = {Role.FILTER, Role.JOIN, Role.GROUP_BY}
Pairs = set[tuple[str, str, int]]  # (table, column, place of the output)


class Case(msgspec.Struct, frozen=True):
    """A statement, its tables, and the statements (views) that come before it."""

    name: str
    sql: str
    schemas: Schemas
    setup: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """Truth and claim about one statement.

    error: why the engine cannot run it at all; then the rest is empty.
    rows: how many it gave on the first data; nothing can be seen to change without any.
    influences: pairs that the text claims; seen: those of them that a change of values showed;
    missed: pairs that were seen and not claimed.
    """

    name: str
    error: str = ""
    breaks: frozenset[tuple[str, str]] = frozenset()
    named: frozenset[tuple[str, str]] = frozenset()
    rows: int = 0
    influences: frozenset[tuple[str, str, int]] = frozenset()
    seen: frozenset[tuple[str, str, int]] = frozenset()
    missed: frozenset[tuple[str, str, int]] = frozenset()


def verdict(case: Case, worlds: int = 0, trials: int = 12) -> Verdict:
    """The verdict on one statement; values are tried on so many worlds, none if 0."""
    statement = _claimed(case)
    target = str(statement.writes[0]) if statement.writes else ""
    engine = Engine(case.sql, case.schemas, case.setup, target)
    try:
        engine.build()
        if error := engine.fails():
            return Verdict(case.name, error)
        breaks = engine.breaks()
        claim = Verdict(
            case.name, "", frozenset(breaks), frozenset(_named(statement, case.schemas))
        )
        return _with_influence(claim, case, statement, engine, worlds, trials)
    finally:
        engine.connection.close()


def _claimed(case: Case) -> Statement:
    text = ";\n".join((*case.setup, case.sql))
    analysis = analyse(text, "duckdb", Context(), Catalog(case.schemas))
    if not case.setup:
        return collapse(analysis)
    # A view of the setup is seen through as if it were made for this statement only.
    views = [msgspec.structs.replace(s, temporary=True) for s in analysis.statements[:-1]]
    statements = (*views, analysis.statements[-1])
    return collapse(msgspec.structs.replace(analysis, statements=statements))


def _named(statement: Statement, schemas: Schemas) -> Columns:
    columns = [use.column for use in statement.uses if use.named] + list(statement.assigned)
    return {key for c in columns if (key := _key(str(c.table), c.name, schemas)) is not None}


def _key(table: str, column: str, schemas: Schemas) -> tuple[str, str] | None:
    """The table's column as the schema spells it; a nested field counts as its column."""
    columns = schemas.get(table, {})
    name = column if column in columns else column.split(".")[0]
    return (table, name) if name in columns else None


def _with_influence(
    claim: Verdict, case: Case, statement: Statement, engine: Engine, worlds: int, trials: int
) -> Verdict:
    engine.sql = unlimited(case.sql)
    if statement.kind == "insert":  # what was there before says nothing
        engine.schemas = {t: c for t, c in case.schemas.items() if t != engine.target}
    rows, names, seen, missed = 0, [""], set[tuple[str, str, int]](), set[tuple[str, str, int]]()
    claimed: Pairs = set()
    for seed in range(worlds):
        data = world(case.sql, engine.schemas, seed)
        for table, values in data.items():
            engine.fill(table, values)
        try:
            before = engine.outputs()
        except duckdb.Error:
            continue
        if not any(before.values()) or not engine.is_settled(data, before):
            continue
        names = [name.rsplit("#", 1)[0] for name in before]
        rows = rows or max(sum(values.values()) for values in before.values())
        claimed = _influences(statement, names, engine)
        draw = random.Random(f"{case.name}:{seed}")
        found = _witnessed(claimed - seen, data, engine, draw, before, trials)
        seen |= found & claimed
        missed |= {pair for pair in found - claimed if not _kept(pair, names, engine)}
    return msgspec.structs.replace(
        claim,
        rows=rows,
        influences=frozenset(claimed),
        seen=frozenset(seen),
        missed=frozenset(missed),
    )


def _influences(statement: Statement, names: list[str], engine: Engine) -> Pairs:
    """(table, column, output) of what steers the rows, and of what makes or steers one output."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name.lower(), []).append(place)
    outputs = [name.lower() for name in statement.output]
    pairs: Pairs = set()
    for edge in (*statement.edges, *statement.influences):
        key = _key(str(edge.source.table), edge.source.name, engine.schemas)
        by_place = [i for i, name in enumerate(outputs) if name == edge.target.lower()]
        found = by_place if not engine.target else places.get(edge.target.lower(), [])
        pairs |= {(*key, place) for place in found} if key else set()
    steering = _STEERS_ROWS | ({Role.SORT} if "DISTINCT ON" in engine.sql else set())
    # An UPDATE leaves the columns that it does not assign as they are.
    kept = set(names) - {c.name for c in statement.assigned} if statement.kind == "update" else ()
    rows = [place for place, name in enumerate(names) if name not in kept]
    for use in statement.uses:
        key = _key(str(use.column.table), use.column.name, engine.schemas)
        if key and use.role in steering:
            pairs |= {(*key, place) for place in rows}
    return pairs


def _kept(pair: tuple[str, str, int], names: list[str], engine: Engine) -> bool:
    """Whether the output is the changed column itself, which the statement leaves as it is."""
    return pair[0] == engine.target and names[pair[2]].lower() == pair[1].lower()


def _witnessed(
    wanted: Pairs,
    data: Mapping[str, dict[str, list[str | None]]],
    engine: Engine,
    draw: random.Random,
    before: Mapping[str, object],
    trials: int,
) -> Pairs:
    """The pairs that changes of values showed: claimed columns one by one, the others together."""
    found: Pairs = set()
    world_, outputs = dict(data), dict(before)
    by_column: dict[tuple[str, str], set[int]] = {}
    for table, column, place in wanted:
        by_column.setdefault((table, column), set()).add(place)
    for (table, column), places in sorted(by_column.items()):
        for _ in range(trials):
            changed = engine.changed(world_, {(table, column)}, draw, outputs)  # type: ignore[arg-type]
            found |= {(table, column, place) for place in changed}
            places -= changed
            if not places:
                break
    others = {(t, c) for t, columns in data.items() for c in columns} - by_column.keys()
    if others and engine.changed(world_, others, draw, outputs):  # type: ignore[arg-type]
        for table, column in sorted(others):
            changed = engine.changed(world_, {(table, column)}, draw, outputs)  # type: ignore[arg-type]
            found |= {(table, column, place) for place in changed}
    return found
