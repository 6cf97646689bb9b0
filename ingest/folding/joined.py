"""Brings together the records of one statement, and says how that changes what was counted.

Base facts are the rows (`rows.py`), a document for each source and day. Which cell counts a
statement follows from its row; a statement whose row learns more moves from one cell to another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import TYPE_CHECKING, Literal

import msgspec

from ingest.attribution import Issuer
from ingest.folding.cells import (
    CellKey,
    FoldedCell,
    Template,
    day_of,
    iso,
    quarter_of,
    template_of,
    textless,
)
from ingest.folding.ledger import Ledger
from ingest.folding.rows import Row, packed, unpacked
from lineage.model import Activity, Document, Sample
from lineage.names import PrincipalId, QueryId
from lineage.store import Store

if TYPE_CHECKING:
    from ingest.folding.row_columns import NewRows

STATEMENTS = "statements"  # the kind of the documents that hold rows
TEMPLATE = "template"  # and of those that hold templates which are no part of the graph
_UNTIMED_BACK = 62  # days in which a record without a time looks for its statement
_UNTOLD = Row(-1)

Place = tuple[str, int]  # namespace of the source, UTC day
Fate = Literal["new", "more", "same"]
Login = Callable[[str, str], tuple[Issuer, PrincipalId]]
_CellId = tuple[QueryId, str, str, PrincipalId | None]


class Counted(msgspec.Struct, frozen=True):
    """A statement, and the cell that counts it from now on."""

    cell: CellKey
    start: int
    key: bytes
    count: int


class _Loss(msgspec.Struct):
    """What a cell no longer counts."""

    by_day: dict[int, int]
    by_quarter: dict[int, int]
    keys: set[str]


class Moved:
    """Statements that earlier imports counted in cells that are no longer theirs."""

    def __init__(self, latest: Callable[[CellKey, int], Sample | None]) -> None:
        self._losses: dict[_CellId, _Loss] = {}
        self._latest = latest

    @property
    def queries(self) -> set[QueryId]:
        """The templates of those cells."""
        return {query for query, *_ in self._losses}

    @property
    def lost(self) -> Iterator[tuple[QueryId, Activity]]:
        """What each template no longer counts, as negative counts; a template may come twice."""
        for (query, *_), loss in self._losses.items():
            yield query, Activity.of(loss.by_day)

    def take(self, one: Counted) -> None:
        """Notes that a statement has left its cell."""
        loss = self._losses.setdefault(_id(one.cell), _Loss({}, {}, set()))
        day = day_of(one.start)
        loss.by_day[day] = loss.by_day.get(day, 0) - one.count
        quarter = quarter_of(one.start)
        loss.by_quarter[quarter] = loss.by_quarter.get(quarter, 0) - one.count
        loss.keys.add(one.key.hex())

    def without(self, cells: Iterable[FoldedCell]) -> list[FoldedCell]:
        """The cells without the statements that have left them."""
        return [left for cell in cells if (left := self._left(cell)) is not None]

    def _left(self, cell: FoldedCell) -> FoldedCell | None:
        loss = self._losses.get(_id(cell.key))
        if loss is None:
            return cell
        activity = cell.activity.plus(Activity.of(loss.by_day))
        if activity.last is None:
            return None
        sample = cell.sample
        if sample.key in loss.keys:
            sample = self._latest(cell.key, activity.last) or sample
        return FoldedCell(cell.key, activity, sample, cell.clock.plus(Activity.of(loss.by_quarter)))


class Joined:
    """The rows of the days that this import has met since its last commit."""

    def __init__(self, store: Store, ledger: Ledger, login: Login) -> None:
        self._store = store
        self._ledger = ledger
        self._login = login
        self._rows: dict[Place, dict[bytes, Row]] = {}
        self._before: dict[tuple[Place, bytes], Row | None] = {}
        self.untimed: dict[tuple[str, bytes], Row] = {}  # by namespace and key
        self._added: dict[Place, list[NewRows]] = {}
        self._templates: dict[QueryId, Template] = {}
        self._near: dict[Place, list[tuple[Place, dict[bytes, Row]]]] = {}
        self._cells: dict[tuple[object, ...], CellKey] = {}

    @property
    def met_keys(self) -> Iterator[tuple[str, bytes]]:
        """Namespace and key of the statements told of one by one since the last commit."""
        return ((place[0], key) for place, key in self._before)

    def learn(self, template: Template) -> None:
        """Remembers what a fingerprint stands for."""
        self._templates.setdefault(template.id, template)

    def knows(self, template: Template) -> bool:
        """Whether it is the template of a row that this import has met."""
        return template.id in self._templates

    def place(self, namespace: str, start: int, key: bytes) -> Place:
        """Where the row of a statement is, or would be, that started about then.

        An event about a statement may be of the day before or after.
        """
        day = day_of(start)
        near = self._around((namespace, day))
        return next((at for at, rows in near if key in rows and rows[key].told), near[0][0])

    def link(self, namespace: str, at: int, key: bytes, job: Issuer, run: str) -> None:
        """Takes in that a statement was a run's, which was seen about then.

        Whether a log tells of it, and when, does not matter: without one, nothing counts.
        """
        place = self.place(namespace, at, key)
        known = self._load(place).get(key, _UNTOLD)
        # Nothing goes into the ledger: no log was read.
        self._ledger.touch(*place)
        self._set(place, key, known.merge(Row(-1, issuer=job, runs=(run,))))

    def counted_for(self) -> Iterator[tuple[str, str, bool]]:
        """What became of the statements met since the last commit that are said to be a run's.

        Run, statement, and whether a log tells of it, so that it counts for the run.
        """
        for place, key in self._before:
            row = self._rows[place][key]
            for run in row.runs:
                statement = f"{place[0]}\x1f{key.hex()}"
                yield run, statement, self._counted(place, key, row, row) is not None

    def put(self, place: Place, key: bytes, row: Row) -> Fate:
        """Takes in a record of a statement: it is new, tells more, or tells nothing new."""
        if row.start < 0:
            return self._put_untimed(place[0], key, row)
        early = self.untimed.pop((place[0], key), None) if self.untimed else None
        if early:
            row = row.merge(early)
        known = self._load(place).get(key)
        if known is None or not known.told:
            if not self._ledger.add(*place, key):
                return "same"  # counted without a row: it is none of those that learn more
            linked = [rows[key] for _, rows in self._around(place) if key in rows]
            self._set(place, key, reduce(Row.merge, linked, row))
            return "more" if early else "new"
        merged = known.merge(row)
        if merged == known:
            return "same"
        self._ledger.touch(*place)
        self._set(place, key, merged)
        return "more"

    def add(self, place: Place, rows: NewRows) -> None:
        """Takes in the rows of statements that are counted, and of which nothing is known yet."""
        self._added.setdefault(place, []).append(rows)

    def counts(self, namespace: str, row: Row) -> CellKey | None:
        """The cell that counts a statement with this row, of which nothing else is known."""
        return self._cell(namespace, row, None) if row.text or row.stated else None

    def unplaced(self, *, last: bool) -> Iterator[tuple[str, bytes, bool]]:
        """Finds the statements of records without a time: those that it is over with.

        Namespace, key, and whether the statement is there and nothing new was told of it; a
        statement that is not there is given up at the end.
        """
        for (namespace, key), row in list(self.untimed.items()):
            place = self._find(namespace, key)
            if place is None and not last:
                continue
            del self.untimed[namespace, key]
            known = self._rows[place][key] if place else None
            if place is None or known is None:
                yield namespace, key, False
            elif known.merge(row) == known:
                yield namespace, key, True
            else:
                self._ledger.touch(*place)
                self._set(place, key, known.merge(row))

    def row(self, place: Place, key: bytes) -> Row | None:
        """What is known of a statement."""
        return self._load(place).get(key)

    def understood(self, namespace: str, key: bytes) -> bool:
        """Whether anything met since the last commit tells what a statement did."""
        rows = (found.get(key) for (known, _), found in self._rows.items() if known == namespace)
        return any(row.text or row.stated or row.void for row in rows if row)

    def take(self) -> tuple[list[Counted], Moved, Iterator[Document]]:
        """What the records since the last commit change.

        The statements that cells count now, those that earlier cells no longer count, and the rows.
        """
        counted: list[Counted] = []
        moved = Moved(self._latest)
        for (place, key), before in self._before.items():
            after = self._counted(place, key, self._rows[place][key], before)
            earlier = self._counted(place, key, before, before) if before else None
            if earlier and after == earlier:
                continue
            if earlier:
                moved.take(earlier)
            if after:
                counted.append(after)
        places = sorted({place for place, _ in self._before} | self._added.keys())
        return counted, moved, self._documents(places)

    def committed(self) -> None:
        """Takes note that all of it is in the store."""
        self._rows.clear()
        self._near.clear()
        self._cells.clear()
        self._before.clear()
        self._added.clear()

    def _documents(self, places: Sequence[Place]) -> Iterator[Document]:
        """The rows of these places as the store keeps them; made small beside other work."""
        bodies = []
        for place in places:
            rows = self._rows.get(place)
            bodies.append(packed(rows) if rows else self.stored(place))
        made: Iterator[bytes] = iter(bodies)
        if self._added:
            from ingest.folding.row_columns import with_rows  # most imports do without numpy

            added = [self._added.get(place, []) for place in places]
            threads = ThreadPoolExecutor(1)
            made = threads.map(with_rows, bodies, added)
            threads.shutdown(wait=False)
        return (
            Document(STATEMENTS, name_of(place), body)
            for place, body in zip(places, made, strict=True)
        )

    def _put_untimed(self, namespace: str, key: bytes, row: Row) -> Fate:
        for (known, _), rows in self._rows.items():
            there = rows.get(key) if known == namespace else None
            if there and there.told and there.merge(row) == there:
                return "same"
        place = namespace, key
        known_row = self.untimed.get(place)
        self.untimed[place] = known_row.merge(row) if known_row else row
        return "more" if known_row else "new"

    def _set(self, place: Place, key: bytes, row: Row) -> None:
        rows = self._rows[place]
        self._before.setdefault((place, key), rows.get(key))
        rows[key] = row

    def _find(self, namespace: str, key: bytes) -> Place | None:
        days = {day for known, day in self._rows if known == namespace}
        logged = sorted(self._ledger.days(namespace), reverse=True)[:_UNTIMED_BACK]
        for day in sorted(days.union(logged), reverse=True):
            row = self._load((namespace, day)).get(key)
            if row is not None and row.told:
                return namespace, day
        return None

    def _around(self, place: Place) -> list[tuple[Place, dict[bytes, Row]]]:
        """The rows of a day, of the one before and of the one after it."""
        near = self._near.get(place)
        if near is None:
            namespace, day = place
            places = [(namespace, one) for one in (day, day - 1, day + 1)]
            near = self._near[place] = [(one, self._load(one)) for one in places]
        return near

    def _load(self, place: Place) -> dict[bytes, Row]:
        rows = self._rows.get(place)
        if rows is None:
            body = self.stored(place)
            rows = self._rows[place] = unpacked(body) if body else {}
        return rows

    def stored(self, place: Place) -> bytes:
        """The rows of a place as the store has them; empty when it has none."""
        found = self._store.documents(STATEMENTS, [name_of(place)])
        return next((document.body for document in found), b"")

    def _counted(
        self, place: Place, key: bytes, row: Row | None, stored: Row | None
    ) -> Counted | None:
        """The statement and its cell, as a row decides; None when none counts it."""
        if row is None or row.void or row.start < 0:
            return None
        if not row.text and row.stated is None:
            return None
        return Counted(self._cell(place[0], row, stored), row.start, key, row.count)

    def _cell(self, namespace: str, row: Row, stored: Row | None) -> CellKey:
        what = (namespace, row.text, row.user, row.issuer, row.stated)
        cell = self._cells.get(what)
        if cell is None:
            template = self._template(namespace, row.text, stored).told(row.stated)
            login, principal = self._login(namespace, row.user)
            cell = self._cells[what] = CellKey(template, row.issuer or login, principal)
        return cell

    def _template(self, namespace: str, text: str, stored: Row | None) -> Template:
        """What a fingerprint stands for, from this import, the graph, or kept beside it."""
        if not text:
            return textless(namespace, "")
        query = QueryId(namespace, text)
        if query not in self._templates:
            self._templates[query] = self._stored(query, stored)
        return self._templates[query]

    def _stored(self, query: QueryId, stored: Row | None) -> Template:
        bare = textless(query.namespace, "")
        bare = msgspec.structs.replace(bare, id=query)
        now = bare.told(stored.stated if stored else None).id
        node = self._store.nodes([now]).get(now)
        if node:
            return msgspec.structs.replace(template_of(node), id=query, stated=None)
        for document in self._store.documents(TEMPLATE, [str(query)]):
            return msgspec.msgpack.decode(document.body, type=Template)
        return bare

    def _latest(self, cell: CellKey, day: int) -> Sample | None:
        """The statement of greatest (start, key) that a cell counts on a day."""
        namespace, wanted = cell.template.id.namespace, _id(cell)
        best: tuple[int, str] | None = None
        for near in (day - 1, day, day + 1):
            place = namespace, near
            for key, row in self._load(place).items():
                if day_of(row.start) != day or (best and (row.start, key.hex()) <= best):
                    continue
                found = self._counted(place, key, row, row)
                if found and _id(found.cell) == wanted:
                    best = row.start, key.hex()
        return Sample(iso(best[0]), best[1], cell.template.id) if best else None


def kept(template: Template) -> Document:
    """A template that says nothing yet, kept for the day when an engine tells more of it."""
    bare = msgspec.structs.replace(template, stated=None)
    return Document(TEMPLATE, str(template.id), msgspec.msgpack.encode(bare))


def name_of(place: Place) -> str:
    """The key of the document with the rows of a source and day."""
    return f"{place[1]}|{place[0]}"


def _id(cell: CellKey) -> _CellId:
    return cell.template.id, cell.issuer.namespace, cell.issuer.name, cell.principal
