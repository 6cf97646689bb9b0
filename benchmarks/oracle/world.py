"""Small tables on which a statement has something to do: its own literals are their values."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import sqlglot
from sqlglot import exp

Schemas = Mapping[str, Mapping[str, str]]
Rows = dict[str, list[str | None]]  # one table: column → its values, as text
World = dict[str, Rows]

_PREDICATES = (exp.Predicate, exp.In, exp.Between, exp.Binary, exp.Case)
_ROWS, _KEYS = 60, 12
_WHOLE = ("INT", "LONG")
_USUAL, _KNOWN = 0.6, 0.8  # share of the rows that pass the filters, and with those near them


def world(sql: str, schemas: Schemas, seed: int) -> World:
    """Table → column → values, 60 rows a table.

    A table's first column counts its rows, so that joins by it find one row at most. Most rows pass
    what the statement compares with literals in all columns at once, and hold the same number from
    1 to 12 in every column that is not compared: so they meet in joins, and groups have rows.
    """
    literals = _literals(sql)
    found: World = {}
    for table, columns in schemas.items():
        rows = random.Random(f"{seed}:{table}")
        kinds = [rows.random() for _ in range(_ROWS)]
        found[table] = {}
        for place, (column, type_) in enumerate(columns.items()):
            draw = random.Random(f"{seed}:{table}:{column}")
            pool = literals.get(column.lower(), []) + literals.get("", [])[:2]
            is_key = place == 0 and column.lower() not in literals
            found[table][column] = list(_values(type_.upper(), pool, kinds, is_key, draw))
    return found


def unlimited(sql: str) -> str:
    """The statement without any LIMIT: what sorts would decide about rows where it bites."""
    trees = [tree for tree in sqlglot.parse(sql, dialect="duckdb") if tree]
    for limit in [found for tree in trees for found in tree.find_all(exp.Limit)]:
        limit.pop()
    return ";".join(tree.sql("duckdb") for tree in trees)


def fresh(values: list[str | None], type_: str, draw: random.Random) -> list[str | None]:
    """The values of one column, changed in one of the ways in which data change."""
    kind = draw.randrange(5)
    share = draw.choice((0.1, 0.5, 1.0))
    places = [i for i in range(len(values)) if draw.random() < share]
    changed = list(values)
    others = draw.sample(values, len(values))
    for i in places:
        if kind == 0:
            changed[i] = None
        elif kind == 1:
            changed[i] = others[i]
        else:
            changed[i] = _moved(values[i], type_.upper(), draw.choice((1, 3, 40, 400)) * (kind - 1))
    return changed


def _literals(sql: str) -> dict[str, list[str]]:
    """Column name → values near those it is compared with, what passes first; '' has all others."""
    found: dict[str, list[str]] = {"": []}
    for tree in sqlglot.parse(sql, dialect="duckdb"):
        for literal in tree.find_all(exp.Literal) if tree else ():
            text = literal.name.replace("%", "").replace("_", "x") or "x"
            holder = literal.find_ancestor(*_PREDICATES)
            while holder is not None and not holder.find(exp.Column):
                holder = holder.find_ancestor(*_PREDICATES)
            names = {c.name.lower() for c in holder.find_all(exp.Column)} if holder else {""}
            for name in sorted(names):
                found.setdefault(name, []).extend((_passing(text, literal, holder), text))
    return found


def _passing(text: str, literal: exp.Expr, holder: exp.Expr | None) -> str:
    """The literal, or the number next to it where the comparison leaves out the literal itself."""
    if literal.is_string or not isinstance(holder, (exp.GT, exp.LT, exp.NEQ)):
        return text
    is_right = literal is holder.expression or literal.parent is holder.expression
    return f"{float(text) + (1 if isinstance(holder, exp.GT) == is_right else -1):g}"


def _values(
    type_: str, pool: list[str], kinds: list[float], is_key: bool, draw: random.Random
) -> Iterator[str | None]:
    usual = [value for value in (_as(text, type_) for text in pool) if value is not None]
    for row, kind in enumerate(kinds):
        if is_key and type_.startswith(("INT", "BIGINT")):
            yield str(row + 1)
        elif usual and kind < _KNOWN:
            yield usual[0] if kind < _USUAL else draw.choice(usual)
        elif type_ == "DATE" or type_.startswith("DECIMAL"):  # no two the same: no ties
            yield _moved("2000-01-01" if type_ == "DATE" else "0.1", type_, 3 * row % 61)
        elif kind < _USUAL and any(word in type_ for word in _WHOLE) and "[" not in type_:
            yield str(row % _KEYS + 1)
        elif kind < _USUAL and _is_text(type_):
            yield "abcdefghijkl"[row % _KEYS]
        else:
            yield _any(type_, draw)


def _is_text(type_: str) -> bool:
    return "[" not in type_ and type_.startswith(("VARCHAR", "CHAR", "TEXT", "STRING"))


def _as(text: str, type_: str) -> str | None:
    """The literal as a value of a type; None when it is none."""
    if "DATE" in type_ or "TIME" in type_:
        try:
            return date.fromisoformat(text[:10]).isoformat()
        except ValueError:
            return None
    if _is_text(type_):
        return text
    try:
        number = float(text)
    except ValueError:
        return None
    return str(int(number)) if any(word in type_ for word in _WHOLE) else text


def _any(type_: str, draw: random.Random) -> str:
    if type_.endswith("[]"):
        return f"[{_any(type_[:-2], draw)}, {_any(type_[:-2], draw)}]"
    if type_.startswith("STRUCT"):
        return str({"kind": draw.choice("ab"), "size": draw.randrange(1, 4)})
    if "DATE" in type_ or "TIME" in type_:
        return (date(2000, 1, 1) + timedelta(days=draw.randrange(60))).isoformat()
    if "BOOL" in type_:
        return draw.choice(("true", "false"))
    if _is_text(type_):
        return draw.choice(("a", "b", "c", "A1 B2"))
    if any(word in type_ for word in _WHOLE):
        return str(draw.randrange(1, _KEYS))
    return str(draw.choice((1, 2.5, 10, 40, 99.5)))


def _moved(value: str | None, type_: str, by: int) -> str | None:
    """Another value of the same type."""
    if value is None or type_.endswith("[]") or type_.startswith("STRUCT"):
        return _any(type_, random.Random(by))
    if "DATE" in type_ or "TIME" in type_:
        return (date.fromisoformat(value[:10]) + timedelta(days=by)).isoformat()
    if "BOOL" in type_:
        return "false" if value == "true" else "true"
    if "CHAR" in type_ or "TEXT" in type_ or "STRING" in type_:
        return f"{value}{by}"
    number = float(value) * 7 + by
    return str(int(number)) if any(word in type_ for word in _WHOLE) else f"{number:.2f}"
