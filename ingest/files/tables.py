"""Tables with named columns out of a stream: CSV with a header, or JSON objects."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import IO, Protocol, runtime_checkable

import msgspec

from ingest.files.clock import Clock
from ingest.files.delimited import Row, csv_rows, csv_style
from ingest.files.objects import CHUNK, Object, cell, json_objects, lines_from
from ingest.record import Read, ReadOptions, Rejected

Fields = Mapping[str, Collection[str]]  # field → the column names that may give it, best first
Cells = tuple[int, tuple[str, ...]]

NULLS = frozenset({"\\N", "NULL", "null"})  # what exports write where there is no value
# How ClickHouse, MySQL's client and COPY write tabs and ends of lines in a cell.
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\([ntr'\\])")
_QUOTED_CELL = re.compile(r'(?:^|\t)"')
_SHAPES = 10_000  # sets of keys that are remembered
_FIRST = 20  # objects that show the columns
_SAMPLE = 200  # lines or objects that show how a file is made


class Table(msgspec.Struct, frozen=True):
    """A file of named columns.

    matched: field → the column that gives it. columns: all that the file has, as it spells them.
    extras: those of the wanted extra columns that it has.
    cells: line and the values in the order of the fields, empty where there is none, then those of
    the extras.
    """

    matched: dict[str, str]
    columns: tuple[str, ...]
    extras: tuple[str, ...]
    cells: Iterator[Cells | Rejected]


class RowForm(msgspec.Struct, frozen=True):
    """How a format makes records of the rows of a table.

    fields: as of `read_table`, with text, start, query_id and session among them. A record takes
    its text, start (by the clock), query id and session from those cells as they are, and all else
    from the others; text matters for the rest of it only in what is no literal. stand_ins: fields
    that matter only where the start is empty. longest: bytes of a text that is surely whole.
    record: of line, cells and clock. timezone: of times that carry none, if nobody says another.
    """

    fields: Fields
    plausible: Callable[[tuple[str, ...]], bool]
    record: Callable[[int, tuple[str, ...], Clock], Read]
    timezone: str = ""
    stand_ins: tuple[str, ...] = ()
    longest: int = 1 << 30

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order."""
        clock = self.clock(options)
        for row in read_table(stream, self.fields, self.plausible).cells:
            yield row if isinstance(row, Rejected) else self.record(*row, clock)
        clock.tell(options.notice)

    def clock(self, options: ReadOptions) -> Clock:
        """What reads the times."""
        return Clock(options.timezone or self.timezone)


@runtime_checkable
class Tabular(Protocol):
    """A format whose rows can be read by column."""

    rows: RowForm


def read_table(
    stream: IO[str],
    fields: Fields,
    plausible: Callable[[tuple[str, ...]], bool],
    extras: Collection[str] = (),
) -> Table:
    """The table in a stream: each field from the first of its column names that the file has.

    Names are compared as `match_columns` does. Cells of a null, in CSV, are empty. `plausible`
    tells a row from the rest of a broken one.
    """
    chunk = stream.read(CHUNK)
    if _is_json(chunk):
        return _json_table(json_objects(stream, chunk), fields, extras)
    return _csv_table(lines_from(chunk, stream), fields, plausible, extras)


def table_columns(text: str) -> tuple[str, ...]:
    """The column names at the beginning of a file: of its header, or of its first JSON objects."""
    if _is_json(text):
        # Exports leave out what is null: the first object may lack what the next has.
        first = itertools.islice(_objects_of(text), _FIRST)
        return tuple(dict.fromkeys(name for one in first for name in one[1]))
    lines = list(itertools.islice(io.StringIO(text, newline=""), _SAMPLE))
    rows = csv_rows(lines, None, bool, csv_style(lines))
    return next((tuple(row[1]) for row in rows if not isinstance(row, Rejected)), ())


def match_columns(columns: Collection[str], fields: Fields) -> dict[str, str]:
    """Field → the first of its names that is among the columns.

    Compared without case, and a blank is an underscore: `Executed At` is `executed_at`.
    """
    spelled = {plain_name(column): column for column in reversed(tuple(columns))}
    found = {
        field: next((spelled[name] for name in map(plain_name, names) if name in spelled), None)
        for field, names in fields.items()
    }
    return {field: column for field, column in found.items() if column is not None}


def plain_name(column: str) -> str:
    """The name of a column as names are compared."""
    return column.strip().lower().replace(" ", "_")


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


def _objects_of(text: str) -> Iterator[Object]:
    return (one for one in json_objects(io.StringIO(), text) if not isinstance(one, Rejected))


def _csv_table(
    lines: Iterator[str],
    fields: Fields,
    plausible: Callable[[tuple[str, ...]], bool],
    extras: Collection[str],
) -> Table:
    sample = list(itertools.islice(lines, _SAMPLE))
    pick: Callable[[list[str]], tuple[str, ...]] | None = None

    def likely(row: list[str]) -> bool:
        return pick is None or plausible(pick([*row, ""]))

    style = csv_style(sample)
    rows = csv_rows(itertools.chain(sample, lines), None, likely, style)
    header: list[str] = []
    broken: list[Rejected] = []  # what stands before the header
    for row in rows:
        if not isinstance(row, Rejected):
            header = row[1]
            break
        broken.append(row)
    matched = match_columns(header, fields)
    more = match_columns(header, {name: (name,) for name in extras})
    # One place behind the row, where an empty cell is put for the fields that it has not.
    places = [header.index(matched[f]) if f in matched else len(header) for f in fields]
    pick = _picker(places + [header.index(column) for column in more.values()])
    cells: Iterator[Cells | Rejected] = itertools.chain(broken, _csv_cells(rows, pick))
    if style.delimiter == "\t" and _is_escaped(sample):
        cells = map(_unescaped, cells)
    return Table(matched, tuple(header), tuple(more), cells)


def _csv_cells(
    rows: Iterator[Row | Rejected], pick: Callable[[list[str]], tuple[str, ...]]
) -> Iterator[Cells | Rejected]:
    for row in rows:
        if isinstance(row, Rejected):
            yield row
        else:
            row[1].append("")
            cells = pick(row[1])
            if not NULLS.isdisjoint(cells):
                cells = tuple("" if value in NULLS else value for value in cells)
            yield row[0], cells


def _is_escaped(sample: list[str]) -> bool:
    """Whether tab-separated lines escape what they cannot hold, and quote nothing."""
    quotes = any(_QUOTED_CELL.search(line) for line in sample)
    return not quotes and any(_ESCAPE.search(line) for line in sample)


def _unescaped(one: Cells | Rejected) -> Cells | Rejected:
    if isinstance(one, Rejected):
        return one
    line, cells = one
    return line, tuple(
        _ESCAPE.sub(lambda found: _ESCAPES[found[1]], value) if "\\" in value else value
        for value in cells
    )


def _picker(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    if len(places) == 1:
        (place,) = places
        return lambda row: (row[place],)
    return itemgetter(*places)


def _json_table(
    objects: Iterator[Object | Rejected], fields: Fields, extras: Collection[str]
) -> Table:
    ahead = list(itertools.islice(objects, _SAMPLE))
    columns = dict.fromkeys(name for one in ahead if isinstance(one, tuple) for name in one[1])
    more = match_columns(columns, {name: (name,) for name in extras})
    wanted = {**fields, **{f"extra.{name}": (name,) for name in more}}
    return Table(
        match_columns(columns, fields),
        tuple(columns),
        tuple(more),
        _json_cells(itertools.chain(ahead, objects), wanted),
    )


def _json_cells(objects: Iterable[Object | Rejected], fields: Fields) -> Iterator[Cells | Rejected]:
    # Exports leave out what is null, so that objects differ in their keys; few shapes come often.
    shapes: dict[tuple[str, ...], list[str]] = {}
    for one in objects:
        if isinstance(one, Rejected):
            yield one
            continue
        line, found = one
        shape = tuple(found)
        names = shapes.get(shape)
        if names is None:
            if len(shapes) >= _SHAPES:
                shapes.clear()
            matched = match_columns(shape, fields)
            names = shapes[shape] = [matched.get(field, "") for field in fields]
        yield line, tuple(cell(found.get(name)) for name in names)
