"""What a statement uses each column for: many uses of few columns, kept as bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter

from ingest.sql.flows import AGGREGATION, COMPOSED, ROLES, Flow, rank
from ingest.sql.records import Column, ColumnUse, Table

# A bit for every role; the same bits again, higher up, for what a select list passes on; one more.
_USED = (1 << len(ROLES)) - 1
_PASSED = _USED << len(ROLES)
_NAMED = 1 << 2 * len(ROLES)


def _bits(outer: int, inner: int) -> int:
    """The bit of a base column that makes, in role `inner`, a column used in role `outer`."""
    if rank(outer) > AGGREGATION:
        return 1 << rank(outer)  # what only steers the value steers what the value steers
    return 1 << len(ROLES) + rank(COMPOSED[outer][inner])


_MANY = 10_000  # what is told, before it is added up
_UNNAMED = tuple(tuple(_bits(outer, inner) for inner in range(32)) for outer in range(32))
_BY_NAME = tuple(tuple(bits | _NAMED for bits in row) for row in _UNNAMED)
_MADE = tuple(1 << rank(inner) for inner in range(32))
_ONLY_NAMED = (_NAMED,) * 32
_ROLES = tuple(
    tuple(role for number, role in enumerate(ROLES) if bits >> number & 1)
    for bits in range(_USED + 1)
)


class Uses:
    """The roles of columns, and which of them the text names.

    The roles in which a select list passes a column on count only when nothing else says what the
    column is for.
    """

    def __init__(self) -> None:
        # Added up when somebody asks: what the columns of a flow get, by their roles in it.
        self._told: list[tuple[tuple[int, ...], Flow]] = []
        self._known: dict[Column, int] = {}

    def add(self, flow: Flow, role: int, named: bool = True) -> None:
        """Records that the base columns of a flow are used in a role."""
        self._told.append(((_BY_NAME if named else _UNNAMED)[role], flow))

    def add_unnamed(self, flows: Iterable[Flow], role: int) -> None:
        """Records the same of several flows whose columns the text does not name."""
        bits = _UNNAMED[role]
        self._told += [(bits, flow) for flow in flows]
        if len(self._told) > _MANY:
            self._settled()

    def add_made(self, flow: Flow) -> None:
        """Records that an output is made of the columns of a flow, in their roles."""
        self._told.append((_MADE, flow))

    def name(self, flow: Flow) -> None:
        """Records that the text names the base columns of a flow."""
        self._told.append((_ONLY_NAMED, flow))

    def passed(self) -> set[Column]:
        """The columns that a select list has passed on so far."""
        return {column for column, bits in self._settled().items() if bits & _PASSED}

    def keep_passed(self, kept: set[Column]) -> None:
        """Forgets that a select list has passed on other columns than these and the named ones."""
        known = self._settled()
        for column, bits in known.items():
            if bits & _PASSED and not bits & _NAMED and column not in kept:
                known[column] = bits & ~_PASSED

    def take(self, other: Uses, place: Callable[[Column], Column]) -> None:
        """Adds what another statement uses; `place` says where its columns are."""
        known = self._settled()
        for column, bits in other._settled().items():
            here = place(column)
            known[here] = known.get(here, 0) | bits

    def tables(self) -> set[Table]:
        """The tables of all columns that are used."""
        return {column.table for column, bits in self._settled().items() if bits & ~_NAMED}

    def listed(self) -> tuple[ColumnUse, ...]:
        """Every use, in order."""
        return tuple(
            [
                ColumnUse(column, role, bits >= _NAMED)
                for column, bits in sorted(self._settled().items(), key=itemgetter(0))
                for role in _ROLES[bits & _USED or bits >> len(ROLES) & _USED]
            ]
        )

    def _settled(self) -> dict[Column, int]:
        known = self._known
        for bits, flow in self._told:
            for column, role in flow.items():
                known[column] = known.get(column, 0) | bits[role]
        self._told.clear()
        return known
