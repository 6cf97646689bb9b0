"""The changes that a command is told: words, DDL, or two versions of something in files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from lineage.errors import InvalidChange, UnreadableInput

if TYPE_CHECKING:
    from lineage.analyses.breaking.change import Change
    from lineage.analyses.breaking.subjects import Tied
    from lineage.store import Store

_F = TypeVar("_F", bound=Callable[..., object])
_PAIRS = {
    "sql": "a model's SQL",
    "dbt": "a dbt manifest.json",
    "odcs": "an ODCS data contract",
    "schema": "an Avro, JSON Schema or Protobuf file",
    "catalog": "a catalogue export",
}


class Told(msgspec.Struct, frozen=True):
    """The changes of which something is known, and sentences about the rest.

    not_understood: parts of the change that no reader knows. unknown: what is not in the graph.
    files: where the changes are written.
    """

    changes: tuple[Change, ...]
    not_understood: tuple[str, ...]
    unknown: tuple[str, ...]
    files: tuple[str, ...]


def change_options(command: _F) -> _F:
    """CHANGE…, --files, --ddl, --sql, --dbt, --odcs, --schema, --catalog, --dialect, --subject."""
    for kind, what in reversed(_PAIRS.items()):
        command = click.option(
            f"--{kind}",
            nargs=2,
            metavar="OLD NEW",
            help=f"what changed between two versions of {what}",
        )(command)
    for option in (
        click.option("--subject", default="", help="the dataset that the SQL or the schema makes"),
        click.option("--dialect", default="", help="of the DDL or SQL"),
        click.option(
            "--ddl", metavar="FILE", help="the changes of a migration; - for standard input"
        ),
        click.option("--files", is_flag=True, help="CHANGE… are files with DDL"),
        click.argument("change", nargs=-1),
    ):
        command = option(command)
    return command


def told(store: Store, said: dict[str, object], *, lenient: bool) -> Told:
    """The changes that the options of `change_options` say; said: their values by name.

    lenient: names that are not in the graph become sentences even when no other change is known.

    Raises:
        InvalidChange: no change is said, or it cannot be read.
        UnknownName, AmbiguousName: the subject of the only change.
        UnreadableInput: a file cannot be read.
    """
    changes, not_understood, files = _read(said, lenient=lenient)
    found = _tied(store, changes)
    if found.unknown and not found.known and not lenient:
        raise found.unknown[0][1]
    known = tuple(change for change, _ in found.known)
    unknown = tuple(
        f"{change}: {error}, so nothing is known of who uses it" for change, error in found.unknown
    )
    return Told(known, tuple(not_understood), unknown, files)


def _tied(store: Store, changes: Sequence[Change]) -> Tied:
    from lineage.analyses.breaking.subjects import tied

    return tied(store, changes)


def _read(
    said: dict[str, object], *, lenient: bool
) -> tuple[list[Change], list[str], tuple[str, ...]]:
    """All changes, a sentence for each part that is none, and the files they are in."""
    changes: list[Change] = []
    not_understood: list[str] = []
    files: list[str] = []
    for found, missed in _in_words(said):
        changes += found
        not_understood += missed
    for kind, paths in _in_files(said):
        files.append(paths[-1])
        try:
            found, missed = _from_files(kind, paths, said)
        except InvalidChange as error:
            if not lenient:
                raise
            found, missed = [], [f"{paths[-1]}: {error}"]
        changes += found
        not_understood += missed
    if not (changes or not_understood or files):
        raise InvalidChange('say a change, for example: "drop column shop.orders.discount"')
    return changes, not_understood, tuple(files)


def _in_words(said: dict[str, object]) -> Iterator[tuple[list[Change], list[str]]]:
    from ingest.changes import changes_of, looks_like_sql
    from lineage.analyses.breaking.change import parse_change

    texts = [] if said["files"] else [str(text) for text in _sequence(said["change"])]
    if len(texts) > 1 and not any(" " in text for text in texts):
        texts = [" ".join(texts)]  # the quotes were forgotten
    for text in texts:
        if looks_like_sql(text):
            yield changes_of(text, str(said["dialect"]))
        else:
            yield [parse_change(text)], []


def _in_files(said: dict[str, object]) -> Iterator[tuple[str, list[str]]]:
    if said["files"]:
        yield from (("ddl", [str(path)]) for path in _sequence(said["change"]))
    if said["ddl"]:
        yield "ddl", [str(said["ddl"])]
    for kind in _PAIRS:
        if said[kind]:
            yield kind, [str(path) for path in _sequence(said[kind])]


def _from_files(
    kind: str, paths: list[str], said: dict[str, object]
) -> tuple[list[Change], list[str]]:
    from ingest.changes import read_changes

    for path in paths:
        if path != "-" and not Path(path).is_file():
            raise UnreadableInput(f"--{kind} {path}: there is no such file")
    dialect, subject = str(said["dialect"]), str(said["subject"])
    with TemporaryDirectory(prefix="lineage-change-") as folder:
        read = [_on_disk(path, Path(folder)) for path in paths]
        return read_changes(kind, read, dialect, subject)


def _on_disk(path: str, folder: Path) -> Path:
    """The file of that name; what comes from standard input is written to one."""
    if path != "-":
        return Path(path)
    copy = folder / "stdin.sql"
    copy.write_text(sys.stdin.read(), encoding="utf-8")
    return copy


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, tuple | list) else ()
