"""`lineage extract`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from lineage.errors import UnreadableInput


@click.command("extract")
@click.option("--cases", required=True, metavar="FILE.jsonl", help="one case a line; - for stdin")
def extract_command(cases: str) -> None:
    """The lineage of SQL texts, without a store: a JSON line in, a JSON line out.

    In: {id, sql, dialect, default_db, default_schema, schemas{table: {column: type}}}. Out: {id,
    status, in_tables[], out_tables[], column_lineage[{down, up[]}], column_uses[{column, roles[],
    named}]}.
    """
    from ingest.sql import extract_case

    for number, line in enumerate(_lines(cases), 1):
        if line.strip():
            try:
                case = msgspec.json.decode(line, type=dict[str, object])
            except msgspec.DecodeError as error:
                raise UnreadableInput(f"{cases}, line {number}: {error}") from error
            click.echo(msgspec.json.encode(extract_case(case)))


def _lines(cases: str) -> Iterator[str]:
    if cases == "-":
        yield from sys.stdin
        return
    try:
        with Path(cases).open(encoding="utf-8") as stream:
            yield from stream
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{cases}: {error}") from error
