"""What a declared file holds, told by its content: an object, or a table of rows."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from ingest.files.reading import Input, open_text
from ingest.files.tables import Fields, read_table
from ingest.record import Head, Rejected
from lineage.errors import UnreadableInput

Json = dict[str, object]
_YAML = (".yml", ".yaml")


_DECLARES = (
    (re.compile(r'"dbt_schema_version"\s*:\s*"[^"]*manifest'),
     "a dbt manifest: say --edges, --owners, --consumers or --catalog with it"),
    (re.compile(r'"dbt_schema_version"\s*:\s*"[^"]*catalog'),
     "a dbt catalog: say --catalog with it"),
    (re.compile(r'"?connector\.class"?\s*[:=]'),
     "a Kafka Connect configuration: say --edges with it"),
)  # fmt: skip


def declares(head: Head) -> str:
    """What a file is that declares and logs nothing, and what to do with it; else empty."""
    return next((what for mark, what in _DECLARES if mark.search(head.text)), "")


class Content:
    """A file, read whole: these files are written by people, or describe one project.

    text: as it is. value: the JSON or YAML in it; None when it is a table, or lines of its own.

    Raises:
        UnreadableInput: it cannot be opened, or is no YAML though its name says so.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with open_text(Input(str(path), path)) as stream:
            self.text = stream.read()
        self.value = self._value()

    def _value(self) -> object:
        try:
            if self.path.suffix.lower() in _YAML:
                return yaml.safe_load(self.text)
            if self.text.lstrip()[:1] in ("{", "["):
                return json.loads(self.text)
        except yaml.YAMLError as error:
            raise UnreadableInput(f"{self.path} is no YAML: {error}") from error
        except (json.JSONDecodeError, RecursionError):
            return None  # JSON Lines, or broken: the reader of tables says which
        return None

    def rows(
        self, fields: Fields, needed: tuple[str, ...], inside: tuple[str, ...] = ()
    ) -> Iterator[tuple[int, tuple[str, ...] | str]]:
        """Line and cells in the order of the fields, or what is wrong with the line.

        inside: keys under which an object keeps the list of its rows.

        Raises:
            UnreadableInput: a needed field has no column.
        """
        table = read_table(io.StringIO(self._table(inside), newline=""), fields, _plausible)
        missing = [field for field in needed if field not in table.matched]
        if missing:
            columns = ", ".join(table.columns) or "none"
            raise UnreadableInput(f"{self.path}: no column {missing[0]!r} among {columns}")
        for row in table.cells:
            if isinstance(row, Rejected):
                yield row.line, "the number of its cells is not that of the header"
            else:
                yield row[0], tuple(cell.strip() for cell in row[1])

    def _table(self, inside: tuple[str, ...]) -> str:
        if self.value is None:
            return self.text
        found = self.value
        if isinstance(found, dict):
            inner = (found[key] for key in inside if isinstance(found.get(key), list))
            found = next(inner, found)
        return json.dumps(found, default=str)


def _plausible(row: tuple[str, ...]) -> bool:
    return bool(row[0])


def mapping(value: object) -> Json:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Json]:
    """The objects of a list; of an object of objects, its values."""
    found = list(value.values()) if isinstance(value, dict) else value
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(value: object) -> str:
    """The value when it is a text or a number, trimmed; else empty."""
    return str(value).strip() if isinstance(value, str | int | float) else ""
