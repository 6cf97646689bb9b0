"""How often a tool's lineage of a statement is exactly what the case expects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

Case = Mapping[str, Any]
_UNNAMED = re.compile(r"^(_?col_?\d+|_\d+|\?column\?|expr\$?\d*|_c\d+|f\d+_)$|[^\w.$@#\- ]|^\d+$")
_MAY_READ_ITS_TARGET = {"update", "merge", "delete"}


class Score(msgspec.Struct):
    """Cases counted and cases exactly right, for tables and for columns."""

    tables: int = 0
    tables_right: int = 0
    columns: int = 0
    columns_right: int = 0
    empty: int = 0
    empty_right: int = 0
    errors: int = 0

    def add(self, case: Case, result: Case) -> None:
        """Takes one more case in."""
        self.errors += bool(result.get("error"))
        right = tables_right(case, result)
        if right is not None:
            self.tables += 1
            self.tables_right += right
        columns = columns_right(case, result)
        if columns is not None:
            is_wanted, is_right = columns
            self.columns += is_wanted
            self.columns_right += is_wanted and is_right
            self.empty += not is_wanted
            self.empty_right += not is_wanted and is_right


def tables_right(case: Case, result: Case) -> bool | None:
    """Whether both table sets are right; None when the case expects nothing of them.

    What a script both reads and writes may be left out on either side.
    """
    expect = case["expect"]
    if expect["in_tables"] is None and expect["out_tables"] is None:
        return None
    sides = {k: _tables(case, result.get(k)) for k in ("in_tables", "out_tables")}
    inner = sides["in_tables"] & sides["out_tables"] if case.get("script") else set()
    inner |= _tables(case, case.get("optional_in"))
    if _MAY_READ_ITS_TARGET & set(case.get("tags") or ()):
        inner_reads = inner | sides["out_tables"] | _tables(case, expect["out_tables"])
    else:
        inner_reads = inner
    return all(
        expect[side] is None or _tables(case, expect[side]) - left_out == sides[side] - left_out
        for side, left_out in (("in_tables", inner_reads), ("out_tables", inner))
    )


def columns_right(case: Case, result: Case) -> tuple[bool, bool] | None:
    """Whether an edge is expected, and whether the edges are right; None when nothing is said.

    An output without a name is compared by its sources alone; a path into a struct is as good as
    its column; where only `*` is expected of a table, its columns by name are as good.
    """
    expect = case["expect"]
    if expect["column_lineage"] is None or case.get("caution"):
        return None
    wanted, stars = edges(case, expect)
    found, _ = edges(case, result)
    if any(not down for down, _ in wanted):
        names = {down for down, _ in wanted}
        found = {(down if down in names else "", up) for down, up in found}
    sources = {up for _, up in wanted}
    found = {(down, _shortened(up, sources)) for down, up in found}
    extra = {(down, up) for down, up in found - wanted if up.rpartition(".")[0] not in stars}
    return bool(wanted), not extra and wanted <= found


def edges(case: Case, lineage: Case) -> tuple[set[tuple[str, str]], set[str]]:
    """(output column, source column) pairs, and the tables whose `*` passes on.

    Unknown tables are no edges; the target's table is not compared.
    """
    checked = {name.lower() for name in case.get("columns_checked") or ()}
    pairs, stars = set(), set()
    for item in lineage.get("column_lineage") or ():
        whole = _plain(item["down"])
        down = whole.rsplit(".", 1)[-1]
        name = "" if _UNNAMED.search(whole) or _UNNAMED.search(down) else down
        for up in item["up"]:
            table, _, column = _plain(up).rpartition(".")
            if "*" in (column, down):
                stars.add(_table(case, table))
            elif table and table != "?" and (not checked or down in checked):
                pairs.add((name, f"{_table(case, table)}.{column}"))
    return pairs, stars


def _shortened(up: str, sources: set[str]) -> str:
    return next((source for source in sources if up.startswith(f"{source}.")), up)


def _tables(case: Case, names: Sequence[str] | None) -> set[str]:
    return {_table(case, name) for name in names or ()}


def _table(case: Case, name: str) -> str:
    plain = _plain(name)
    if "/" in plain:
        return plain
    for default in _defaults(case):
        plain = plain.removeprefix(f"{default}.")
    only_last = (case.get("options") or {}).get("table_names_only")
    return plain.rsplit(".", 1)[-1] if only_last else plain


def _defaults(case: Case) -> Iterable[str]:
    return (_plain(case[key]) for key in ("default_db", "default_schema") if case.get(key))


def _plain(name: str) -> str:
    return re.sub(r'[`"\[\]]', "", name).strip().lower()
