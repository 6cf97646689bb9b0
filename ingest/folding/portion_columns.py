"""Portions of rows in columns: a record is made of the first row of each variant, and of odd ones.

Rows that agree in all cells but text, start, statement and session, and in their text but for
literals, are of one variant: see `RowForm`. What is said of the first of them is said of all.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np

from ingest.files.clock import Clock
from ingest.files.clock_columns import micros_of
from ingest.files.csv_columns import Columns
from ingest.files.tables import NULLS, RowForm
from ingest.files.texts import Texts
from ingest.folding.grouping import Flags, Numbers
from ingest.folding.ledger import WIDTH, statement_keys
from ingest.folding.portions import NO_KEY, OTHER, UNSUCCESSFUL, Kind, Portion, Portions
from ingest.masking.many import outlines
from ingest.record import Ignored, QueryRecord, Read

_VARYING: Final = ("text", "start", "query_id", "session")
_IGNORED: Final = -2  # the variant of rows that nobody must look at
_Row = tuple[int, tuple[str, ...]]  # line and cells
_NULL_SIZES: Final = tuple({len(null) for null in NULLS})


def portion_of(
    columns: Columns, form: RowForm, maker: Portions, clock: Clock, skipped: int
) -> Portion | None:
    """The portion of rows; None where a column is missing that tells statements apart.

    skipped: how many lines of the file were left out before them.
    """
    if not {"text", "start", "query_id"} <= columns.texts.keys():
        return None
    return _Rows(columns, form, maker, clock, skipped).portion()


class _Rows:
    """The rows while their portion is made."""

    def __init__(
        self, columns: Columns, form: RowForm, maker: Portions, clock: Clock, skipped: int
    ) -> None:
        self._columns, self._form, self._maker, self._clock = columns, form, maker, clock
        self._skipped = skipped
        self._text, self._id = columns.texts["text"], columns.texts["query_id"]
        self._session = columns.texts.get("session")
        self._start = micros_of(columns.texts["start"], clock)

    def portion(self) -> Portion:
        """The portion."""
        maker, variant = self._maker, self._variants()
        line = self._columns.lines + self._skipped
        table = np.stack((variant, self._start, self._sessions(), line, self._text.lengths))
        odd = np.flatnonzero(variant == OTHER).tolist()
        rows = zip(odd, self._columns.rows(odd), strict=True)
        said = {at: maker.says(self._record(row), self._skipped) for at, row in rows}
        keep = variant >= 0
        keys = np.zeros(len(variant), f"S{WIDTH}")
        keys[keep] = self._keys(keep)
        keep[[at for at, one in said.items() if one]] = True
        portion = maker.end()
        place = np.cumsum(keep) - 1
        for at, one in said.items():
            if one:
                table[:, at] = one.variant, one.start, one.session, one.line, one.length
                keys[at] = one.key or NO_KEY
                if one.other:
                    portion.others[int(place[at])] = one.other
        for into, column in zip(portion.columns, table[:, keep], strict=True):
            into.frombytes(column.tobytes())
        portion.keys += keys[keep].tobytes()
        return portion

    def _sessions(self) -> Numbers:
        """Of each row the place of its session in the portion."""
        if self._session is None:
            return np.full(len(self._text), self._maker.session(""), np.int64)
        which, names = self._session.distinct()
        return np.array([self._maker.session(_cell(one)) for one in names], np.int64)[which]

    def _variants(self) -> Numbers:
        """The variant of each row, OTHER where it must be looked at, and _IGNORED."""
        variant = np.full(len(self._text), OTHER, np.int64)
        even = np.flatnonzero(~self._is_odd())
        if not len(even):
            return variant
        outline, texts = outlines(self._text).distinct()
        shape, shapes = self._shapes()
        alike = self._numbered(texts)[outline] << 32 | self._numbered(shapes)[shape]
        names, first, which = np.unique(alike[even], return_index=True, return_inverse=True)
        at = even[first]
        kinds = self._kinds(names.tolist(), at.tolist(), [texts[one] for one in outline[at]])
        variant[even] = np.array([kind.variant for kind in kinds], np.int64)[which]
        self._ignore(kinds, which, even, variant)
        return variant

    def _ignore(self, kinds: list[Kind], which: Numbers, even: Numbers, variant: Numbers) -> None:
        """Counts the rows that nobody must look at; kinds, by `which`: of the rows `even`."""
        maker, start = self._maker, self._start[even]
        failed = np.array([kind.failed for kind in kinds], np.bool_)[which]
        told = failed | (variant[even] >= 0)
        maker.met(int(start[told].max(initial=-1)))
        old = told & (start < maker.low)
        maker.ignore("before_retention", int(old.sum()))
        counts = np.bincount(which[(variant[even] == _IGNORED) & ~old], minlength=len(kinds))
        for kind in np.flatnonzero(counts).tolist():
            maker.ignore(kinds[kind].reason, int(counts[kind]))
        variant[even[old]] = _IGNORED

    def _is_odd(self) -> Flags:
        """Which rows may be no statement as whole as the others of their variant."""
        start, text = self._start, self._text
        odd: Flags = (start < 0) | (start > self._maker.latest)
        odd |= text.sizes >= self._form.longest
        for texts in (text, self._id):
            odd[_blank(texts)] = True
        return odd

    def _shapes(self) -> tuple[Numbers, list[tuple[str, ...]]]:
        """Of each row the place of its other cells among those that differ, and those."""
        texts = self._columns.texts
        others = [f for f in texts if f not in _VARYING and f not in self._form.stand_ins]
        shape = np.zeros(len(self._text), np.int64)
        for field in others:
            codes, values = texts[field].distinct()
            if len(values) > 1:
                shape = np.unique(shape * len(values) + codes, return_inverse=True)[1]
        first = np.unique(shape, return_index=True)[1]
        cells = [texts[field].at(first.tolist()) for field in others]
        return shape, list(zip(*cells, strict=True)) if cells else [()]

    def _numbered(self, values: Sequence[Hashable]) -> Numbers:
        """A number for each of these, the same in every portion of a table."""
        known = self._maker.numbers
        return np.array([known.setdefault(one, len(known)) for one in values], np.int64)

    def _kinds(self, names: list[int], rows: list[int], texts: list[str]) -> list[Kind]:
        """What rows, and all others of that name, are; texts: their outlines."""
        known = self._maker.kinds
        some = zip(names, rows, texts, strict=True)
        new = [one for one in some if one[0] not in known]
        cells = self._columns.rows([at for _, at, _ in new])
        for (name, at, outline), row in zip(new, cells, strict=True):
            known[name] = self._look(outline, at, row)
        return [known[name] for name in names]

    def _look(self, outline: str, at: int, row: _Row) -> Kind:
        maker, record = self._maker, self._record(row)
        if isinstance(record, Ignored):
            return Kind(_IGNORED, record.reason)
        if not isinstance(record, QueryRecord) or not self._is_as_told(record, at, row):
            return Kind(OTHER)
        line = record.line + self._skipped
        if record.status in UNSUCCESSFUL:
            if record.joins:
                return Kind(maker.failed(record, line))
            return Kind(_IGNORED, UNSUCCESSFUL[record.status], failed=True)
        masked = maker.masks.of_outline(outline, record.text)
        if masked is None or masked.reason or not maker.is_plain(record):
            return Kind(OTHER)
        return Kind(maker.variant(record, masked, line))

    def _is_as_told(self, record: QueryRecord, at: int, row: _Row) -> bool:
        """Whether the format takes from the varying cells what it says that it takes."""
        cells = dict(zip(self._columns.fields, row[1], strict=True))
        told = record.text, record.query_id, record.session, record.start
        names = cells["text"], cells["query_id"], cells.get("session", "")
        return told == (*names, int(self._start[at]))

    def _record(self, row: _Row) -> Read:
        return self._form.record(*row, self._clock)

    def _keys(self, which: Flags) -> list[bytes]:
        names = self._id.encoded()
        mine = (names[at] for at in np.flatnonzero(which).tolist())
        return statement_keys(self._maker.source.namespace, mine)


def _cell(text: str) -> str:
    return "" if text in NULLS else text


def _blank(texts: Texts) -> list[int]:
    """Where there is no text."""
    sizes = texts.sizes
    nulls = np.flatnonzero(np.isin(sizes, _NULL_SIZES)).tolist()
    return [*np.flatnonzero(sizes == 0).tolist(), *(at for at in nulls if texts[at] in NULLS)]
