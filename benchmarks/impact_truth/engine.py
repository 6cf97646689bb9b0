"""DuckDB lives through the second day thrice: as it was, with the change, without who failed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

import duckdb
import msgspec

from benchmarks.impact_truth.world import Trial, World, split, target_of

Result = tuple[list[str], list[tuple[str, ...]]]


class Outcome(msgspec.Struct, frozen=True):
    """What a day gave: the result of each statement or of its target; and why others failed."""

    results: dict[str, Result]
    errors: dict[str, str]


def rings(world: World, trial: Trial) -> tuple[dict[str, str], dict[str, str]]:
    """What becomes of each statement (`fails`, `wrong`, `stale`, or nothing), and its error.

    A result that the failure of another statement alone explains is stale, any other wrong.
    """
    changed = live(world, trial)
    failed = {*changed.errors, *trial.skip}
    # That who fills the subject himself fails is told of him, not of all behind the subject.
    subject = trial.words.split()[2]
    own = {name for name in failed if _fills(world.statements[name], subject)}
    control = _settled(world, trial.settled, tuple(sorted(own)))
    without = _settled(world, trial.settled, tuple(sorted(failed)))
    found = {}
    for name in world.statements:
        if name in trial.skip:
            continue
        if name in changed.errors:
            found[name] = "fails"
        elif name in changed.results and _differs(control.results.get(name), changed.results[name]):
            stopped = trial.kind.startswith("stop")
            stale = stopped or changed.results[name] == without.results.get(name)
            found[name] = "stale" if stale else "wrong"
    return found, changed.errors


def _fills(sql: str, subject: str) -> bool:
    kind, target = target_of(sql)
    return bool(target) and kind not in ("view", "table") and f"{subject}.".startswith(f"{target}.")


def _settled(world: World, settled: str, skip: tuple[str, ...]) -> Outcome:
    statements = tuple(world.statements.items())
    return _without_change(world.tables, world.rows, world.more + settled, statements, skip)


@lru_cache(maxsize=8)
def _without_change(
    tables: str,
    rows: str,
    more: str,
    statements: tuple[tuple[str, str], ...],
    skip: tuple[str, ...],
) -> Outcome:
    outcome = live(World(tables, rows, more, dict(statements), ()), Trial("", skip=skip))
    if outcome.errors and not skip:
        raise AssertionError(f"without a change fails: {outcome.errors}")
    return outcome


def live(world: World, trial: Trial) -> Outcome:
    """Two days: everything runs; more rows come, the change happens, everything runs again."""
    connection = duckdb.connect()
    try:
        connection.execute("SET threads = 1")
        _run(connection, world.tables + world.rows)
        for sql in world.statements.values():
            connection.execute(sql)
        _run(connection, world.more + trial.apply)
        return _second_day(connection, world.statements, trial.replace, trial.skip)
    finally:
        connection.close()


def _run(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    for one in split(sql):
        connection.execute(one)


def _second_day(
    connection: duckdb.DuckDBPyConnection,
    statements: Mapping[str, str],
    replace: Mapping[str, str],
    skip: Collection[str],
) -> Outcome:
    outcome = Outcome({}, {})
    for name, text in statements.items():
        kind, target = target_of(replace.get(name, text))
        if name in skip:
            continue
        try:
            result = connection.execute(replace.get(name, text))
            if kind == "select":
                outcome.results[name] = _shown(result, text)
        except duckdb.Error as error:
            outcome.errors[name] = str(error).split("\n", 1)[0]
            if kind == "view":
                connection.execute(f"drop view if exists {target}")
    for name, text in statements.items():  # what is written counts as it stands in the end
        kind, target = target_of(text)
        if kind != "select" and name not in outcome.errors:
            try:
                result = connection.execute(f"select * from {target}")
                outcome.results[name] = _shown(result, "")
            except duckdb.Error as error:
                if kind == "view" and name not in skip:
                    outcome.errors[name] = str(error).split("\n", 1)[0]
    return outcome


def _shown(result: duckdb.DuckDBPyConnection, sql: str) -> Result:
    """Names and rows; in their order only where the statement asks for one at its end."""
    names = [column[0] for column in result.description or ()]
    rows = [tuple(map(_value, row)) for row in result.fetchall()]
    ordered = "order by" in sql.rsplit(")", 1)[-1]
    return names, rows if ordered else sorted(rows)


def _differs(before: Result | None, after: Result) -> bool:
    """Whether a result has changed, apart from columns that are new in it."""
    if before is None:
        return False
    names, rows = after
    if set(before[0]) <= set(names) and before[0] != names:
        places = [names.index(name) for name in before[0]]
        names, rows = before[0], sorted(tuple(row[i] for i in places) for row in rows)
    return before != (names, rows)


def _value(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)
