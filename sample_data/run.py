"""What really ran: the plan's statements with values, comments, moments and outcomes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b

from attribution import BI_TOOLS, dress, token
from plan import Shape
from schedule import moments

_VALUE = re.compile(r"\{\$([^}]*)\}")
_CANCELLED = ("000604", "SQL execution canceled")


@dataclass(frozen=True)
class Execution:
    """One executed statement.

    `statement` is what its author wrote, `text` the same with the comment of the tool, `error` the
    code and message of a failed one.
    """

    shape: Shape
    at: datetime
    statement: str
    text: str
    tag: str = ""
    error: tuple[str, str] | None = None

    @property
    def digest(self) -> bytes:
        """Sixteen bytes that no other execution shares."""
        key = f"{self.shape.source}|{self.shape.options['user']}|{self.at}|{self.text}"
        return blake2b(key.encode(), digest_size=16).digest()

    @property
    def user(self) -> str:
        """The login that ran it."""
        return self.shape.options["user"]


def execute(shapes: list[Shape], seed: int) -> list[Execution]:
    """All executions of all statements, in time order."""
    found: list[Execution] = []
    leaders: dict[str, list[datetime]] = {}
    for shape in shapes:
        # Named after its content, so that a new statement leaves all others as they were.
        stream = random.Random(f"{seed}:{sorted(shape.options.items())}:{shape.text}")
        group = shape.options.get("group", "")
        if "at" in shape.options:
            times = moments(shape.options, shape.source, stream)
        else:
            times = [at + timedelta(seconds=stream.randint(25, 50)) for at in leaders[group]]
        leaders[group] = times
        found += [_execution(shape, at, stream) for at in times]
    return sorted(found, key=lambda execution: (execution.at, execution.text))


def _execution(shape: Shape, at: datetime, stream: random.Random) -> Execution:
    filled = _VALUE.sub(lambda mark: _value(mark[1], at, stream), shape.text)
    text, tag = dress(shape, filled, stream)
    return Execution(shape, at, filled, text, tag, _error(shape, stream))


def _error(shape: Shape, stream: random.Random) -> tuple[str, str] | None:
    if shape.flag("fails"):
        message = shape.options.get("error", "").replace("\\n", "\n")
        return shape.options["fails"], message
    # Dashboards are closed before they have loaded: their statements are cancelled now and then.
    if shape.options.get("tool") in BI_TOOLS and stream.random() < 0.006:
        return _CANCELLED
    return None


def _value(words: str, at: datetime, stream: random.Random) -> str:
    kind, *rest = words.split()
    for prefix, form in _DATES.items():
        if kind.startswith(prefix):
            return form(at.date(), int(kind[len(prefix) :] or 0))
    match kind:
        case "int":
            return str(stream.randint(int(rest[0]), int(rest[1])))
        case "pick":
            return stream.choice(rest)
        case "code":
            return f"MODA{token(stream, 5).upper()}"
        case "now":
            return at.strftime("%Y-%m-%d %H:%M:%S+00")
    raise ValueError(f"unknown value {words}")


def _day(day: date, shift: int) -> str:
    return (day + timedelta(shift)).isoformat()


def _month(day: date, shift: int) -> str:
    months = day.year * 12 + day.month - 1 + shift
    return f"{months // 12}-{months % 12 + 1:02}-01"


def _quarter(day: date, shift: int) -> str:
    quarters = day.year * 4 + (day.month - 1) // 3 + shift
    return f"{quarters // 4}-Q{quarters % 4 + 1}"


_DATES: Mapping[str, Callable[[date, int], str]] = {
    "day": _day,
    "month": _month,
    "quarter": _quarter,
}
