"""A month of a mid-size data mesh as a Snowflake QUERY_HISTORY export: deterministic, any size.

The shape follows published workloads: templates repeat 97 to 98 % of the time, a few service
accounts make most statements, median text about 450 characters, 4.5 % of statements fail.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path

START = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
DAYS = 30
HEADER = (
    "QUERY_ID", "QUERY_TEXT", "DATABASE_NAME", "SCHEMA_NAME", "QUERY_TYPE", "SESSION_ID",
    "USER_NAME", "ROLE_NAME", "WAREHOUSE_NAME", "QUERY_TAG", "EXECUTION_STATUS", "ERROR_CODE",
    "ERROR_MESSAGE", "START_TIME", "END_TIME", "TOTAL_ELAPSED_TIME",
)  # fmt: skip
_MARK = re.compile(r"(\{[nsd]\})")
_DRAWN = 100_000
_DATES = [(START - dt.timedelta(days=day)).strftime("%Y-%m-%d") for day in range(400)]
_WORDS = (
    "order", "customer", "item", "price", "stock", "return", "shipment", "payment", "basket",
    "session", "click", "campaign", "size", "brand", "season", "supplier", "invoice", "refund",
    "voucher", "store", "channel", "country", "region", "margin", "forecast",
)  # fmt: skip


class Mesh:
    """Datasets in four layers, each reading earlier layers, and the templates over them.

    templates: 0 for as many as a month of so many statements has. month: in each but the first,
    one template in twenty is new.
    """

    def __init__(self, statements: int, templates: int = 0, month: int = 0, seed: int = 7) -> None:
        self.random = random.Random(f"{seed}:mesh")
        self.count = statements
        self.month = month
        self.templates = templates or max(60, round(statements * 0.019))
        layers = {"RAW": 0.23, "STAGING": 0.33, "CORE": 0.27, "MART": 0.17}
        size = max(40, self.templates // 6)
        self.datasets = [
            (f"ANALYTICS.{layer}.{self._noun()}_{index}", self._columns())
            for layer, share in layers.items()
            for index in range(round(size * share))
        ]

    def _noun(self) -> str:
        return "_".join(self.random.sample(_WORDS, 2)).upper()

    def _columns(self) -> list[str]:
        wanted = min(40, max(4, round(self.random.lognormvariate(2.5, 0.6))))
        names = [f"{a}_{b}" for a in _WORDS for b in ("id", "at", "amount", "code", "name")]
        return ["id", *self.random.sample(names, wanted)]

    def texts(self) -> list[str]:
        """The templates; `{n}` stands for a number, `{s}` for a string, `{d}` for a date."""
        texts = self._texts(range(self.templates))
        for month in range(1, self.month + 1):
            self.random = random.Random(f"{month}:month")
            new = self.random.sample(range(self.templates), self.templates // 20)
            for place, text in zip(new, self._texts(new), strict=True):
                texts[place] = text
        return texts

    def _texts(self, places: Iterable[int]) -> list[str]:
        return [self._write(place) if place % 5 == 0 else self._read() for place in places]

    def _write(self, index: int) -> str:
        target, columns = self.datasets[-1 - index % (len(self.datasets) // 2)]
        names = ", ".join(columns[:8])
        body = self._select(columns[:8])
        return f"INSERT INTO {target} ({names})\n{body}"

    def _read(self) -> str:
        return self._select(None)

    def _select(self, names: list[str] | None) -> str:
        pick = self.random
        (left, a), (right, b) = pick.sample(self.datasets[: len(self.datasets) // 2], 2)
        wanted = names or [f"c{i}" for i in range(pick.randint(2, 9))]
        items = [f"  {self._expression(a, b)} AS {name}" for name in wanted]
        group = pick.random() < 0.4
        filters = [f"o.{pick.choice(a)} >= '{{d}}'", f"o.{pick.choice(a)} <> '{{s}}'"]
        filters += [f"r.{pick.choice(b)} IN ({{n}}, {{n}}, {{n}})"] * pick.randint(0, 1)
        tail = f"\nGROUP BY {', '.join(f'o.{c}' for c in pick.sample(a, 2))}" if group else ""
        lead = ",\n".join(items)
        if group:
            lead = f"  o.{pick.choice(a)} AS k,\n  SUM(r.{pick.choice(b)}) AS total,\n" + lead
            lead = lead if names is None else ",\n".join(items)
        return (
            f"WITH o AS (\n  SELECT * FROM {left} WHERE {pick.choice(a)} > {{n}}\n)\n"
            f"SELECT\n{lead}\nFROM o\nLEFT JOIN {right} AS r ON r.id = o.{pick.choice(a)}\n"
            f"WHERE {' AND '.join(filters)}{tail}"
        )

    def _expression(self, a: list[str], b: list[str]) -> str:
        pick = self.random
        kind = pick.random()
        if kind < 0.55:
            return f"o.{pick.choice(a)}"
        if kind < 0.75:
            return f"COALESCE(r.{pick.choice(b)}, {{n}})"
        if kind < 0.9:
            return f"CASE WHEN o.{pick.choice(a)} = '{{s}}' THEN r.{pick.choice(b)} ELSE {{n}} END"
        return f"UPPER(o.{pick.choice(a)} || '{{s}}')"

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The statements in order of time."""
        pick = random.Random(f"{self.month}:rows")
        texts = [_MARK.split(text) for text in self.texts()]
        weights = [1 / (rank + 3) ** 0.7 for rank in range(len(texts))]
        users = [f"SVC_{i}" for i in range(30)] + [f"PERSON_{i}" for i in range(200)]
        shares = [20.0] * 30 + [0.7] * 200
        step = DAYS * 86400 / self.count
        start = START + dt.timedelta(days=DAYS * self.month)
        for index, template in enumerate(_chosen(pick, weights, self.count)):
            parts = texts[template].copy()
            parts[1::2] = (_literal(pick, mark) for mark in parts[1::2])
            # A template belongs to one login; one run in twenty is somebody else's.
            own = users[template % 30] if template % 6 else users[30 + template % 200]
            user = own if pick.random() < 0.95 else pick.choices(users, shares)[0]
            failed = pick.random() < 0.045
            stamp = _stamp(start + dt.timedelta(seconds=index * step))
            yield (
                f"q{self.month}{index:09d}", "".join(parts), "ANALYTICS", "PUBLIC",
                "INSERT" if parts[0].startswith("INSERT") else "SELECT", f"s{index // 40}", user,
                "ROLE", "WH", "", "FAIL" if failed else "SUCCESS", "", "", stamp, stamp, "120",
            )  # fmt: skip


def _chosen(pick: random.Random, weights: list[float], count: int) -> Iterator[int]:
    """So many places, drawn with these weights, without holding them all."""
    bounds = list(accumulate(weights))
    for done in range(0, count, _DRAWN):
        yield from pick.choices(range(len(bounds)), cum_weights=bounds, k=min(_DRAWN, count - done))


def _literal(pick: random.Random, mark: str) -> str:
    if mark == "{n}":
        return str(int(pick.random() * 100_000))
    if mark == "{d}":
        return _DATES[int(pick.random() * 400)]
    return f"{_WORDS[int(pick.random() * len(_WORDS))]}{int(pick.random() * 1000)}"


def _stamp(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " +0000"


def write(path: Path, mesh: Mesh) -> Path:
    """The path of a QUERY_HISTORY export of the mesh's statements, written now."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(mesh.rows())
    return path


def catalogue(mesh: Mesh) -> dict[str, dict[str, str]]:
    """The columns of the mesh's datasets, as a catalogue file holds them."""
    return {name: dict.fromkeys(columns, "VARCHAR") for name, columns in mesh.datasets}
