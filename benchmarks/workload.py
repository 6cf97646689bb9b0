"""A month of a mid-size data mesh as a Snowflake QUERY_HISTORY export: deterministic, any size.

The shape follows published workloads: templates repeat 97 to 98 % of the time, a few service
accounts make most statements, median text about 450 characters, 4.5 % of statements fail.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

START = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
DAYS = 30
HEADER = (
    "QUERY_ID", "QUERY_TEXT", "DATABASE_NAME", "SCHEMA_NAME", "QUERY_TYPE", "SESSION_ID",
    "USER_NAME", "ROLE_NAME", "WAREHOUSE_NAME", "QUERY_TAG", "EXECUTION_STATUS", "ERROR_CODE",
    "ERROR_MESSAGE", "START_TIME", "END_TIME", "TOTAL_ELAPSED_TIME",
)  # fmt: skip
_WORDS = (
    "order", "customer", "item", "price", "stock", "return", "shipment", "payment", "basket",
    "session", "click", "campaign", "size", "brand", "season", "supplier", "invoice", "refund",
    "voucher", "store", "channel", "country", "region", "margin", "forecast",
)  # fmt: skip


class Mesh:
    """Datasets in four layers, each reading earlier layers, and the templates over them."""

    def __init__(self, statements: int, seed: int = 7) -> None:
        self.random = random.Random(f"{seed}:mesh")
        self.count = statements
        self.templates = max(60, round(statements * 0.019))
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
        return [self._write(i) if i % 5 == 0 else self._read() for i in range(self.templates)]

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
        pick = random.Random("rows")
        texts = self.texts()
        weights = [1 / (rank + 3) ** 0.7 for rank in range(len(texts))]
        users = [f"SVC_{i}" for i in range(30)] + [f"PERSON_{i}" for i in range(200)]
        shares = [20.0] * 30 + [0.7] * 200
        chosen = pick.choices(range(len(texts)), weights, k=self.count)
        step = DAYS * 86400 / self.count
        for index, template in enumerate(chosen):
            text = texts[template]
            for mark in ("{n}", "{s}", "{d}"):
                while mark in text:
                    text = text.replace(mark, _literal(pick, mark), 1)
            moment = START + dt.timedelta(seconds=index * step)
            # A template belongs to one login; one run in twenty is somebody else's.
            own = users[template % 30] if template % 6 else users[30 + template % 200]
            user = own if pick.random() < 0.95 else pick.choices(users, shares)[0]
            failed = pick.random() < 0.045
            yield (
                f"q{index:09d}", text, "ANALYTICS", "PUBLIC",
                "INSERT" if text.startswith("INSERT") else "SELECT", f"s{index // 40}", user,
                "ROLE", "WH", "", "FAIL" if failed else "SUCCESS", "", "",
                _stamp(moment), _stamp(moment), "120",
            )  # fmt: skip


def _literal(pick: random.Random, mark: str) -> str:
    if mark == "{n}":
        return str(pick.randint(0, 99999))
    if mark == "{d}":
        return (START - dt.timedelta(days=pick.randint(0, 400))).strftime("%Y-%m-%d")
    return pick.choice(_WORDS) + str(pick.randint(0, 999))


def _stamp(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " +0000"


def write(path: Path, statements: int) -> Path:
    """The path of a QUERY_HISTORY export with that many statements, written now."""
    mesh = Mesh(statements)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(mesh.rows())
    return path


def catalogue(statements: int) -> dict[str, dict[str, str]]:
    """The columns of the datasets that `write` used, as a catalogue file holds them."""
    return {name: dict.fromkeys(columns, "VARCHAR") for name, columns in Mesh(statements).datasets}
