"""The tables and columns that Trino says a query touched.

Source: https://github.com/trinodb/trino, in core/trino-spi, io.trino.spi.eventlistener. Its JSON
differs from version to version, so that what is of another shape tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ingest.formats.stated import canonical
from ingest.record import Stated, StatedEdge, StatedTable


class _Column(msgspec.Struct, frozen=True, rename="camel"):
    """A column as an object; older versions have its name alone."""

    column: str | None = None
    column_name: str | None = None
    name: str | None = None


class _SourceColumn(msgspec.Struct, frozen=True, rename="camel"):
    column_name: str
    schema: str
    catalog: str | None = None
    catalog_name: str | None = None
    table_name: str | None = None
    table: str | None = None


class _OutputColumn(msgspec.Struct, frozen=True, rename="camel"):
    column_name: str | None = None
    source_columns: list[_SourceColumn] | None = None


class Referenced(msgspec.Struct, frozen=True, rename="camel"):
    """A table of `metadata.tables`: what the text names, and what stands beneath its views."""

    catalog: str
    schema: str
    table: str
    columns: list[str | _Column] | None = None
    directly_referenced: bool | None = None


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """A table of `ioMetadata.inputs`: what was scanned."""

    schema: str
    table: str
    catalog_name: str | None = None
    connector_id: str | None = None
    columns: list[str | _Column] | None = None


class Output(msgspec.Struct, frozen=True, rename="camel"):
    """`ioMetadata.output`: what was written."""

    schema: str
    table: str
    catalog_name: str | None = None
    connector_id: str | None = None
    columns: list[str | _OutputColumn] | None = None


def stated_of(
    referenced: Iterable[Referenced], inputs: Iterable[Input], output: Output | None
) -> Stated | None:
    """What the parts of an event tell together; None when they name no table.

    Which tables the text names itself is only told when `directlyReferenced` is.
    """
    direct = [
        StatedTable((one.catalog, one.schema, one.table), columns=_names(one.columns))
        for one in referenced
        if one.directly_referenced
    ]
    scanned = [
        StatedTable(_parts(one.catalog_name or one.connector_id, one), columns=_names(one.columns))
        for one in inputs
    ]
    return canonical(
        Stated(
            tuple(direct or scanned) or None,
            (_written(output),) if output else None,
            tuple(_edges(output)) if output else (),
            "named" if direct else "beneath",
        )
    )


def _parts(catalog: str | None, one: Input | Output) -> tuple[str, ...]:
    return tuple(filter(None, (catalog, one.schema, one.table)))


def _names(columns: Iterable[str | _Column] | None) -> tuple[str, ...]:
    found = (
        one if isinstance(one, str) else one.column or one.column_name or one.name
        for one in columns or ()
    )
    return tuple(filter(None, found))


def _written(output: Output) -> StatedTable:
    names = (one if isinstance(one, str) else one.column_name for one in output.columns or ())
    parts = _parts(output.catalog_name or output.connector_id, output)
    return StatedTable(parts, columns=tuple(filter(None, names)))


def _edges(output: Output) -> Iterable[StatedEdge]:
    target = _written(output).parts
    for one in output.columns or ():
        if isinstance(one, _OutputColumn) and one.column_name:
            for source in one.source_columns or ():
                yield StatedEdge(_source(source), source.column_name, target, one.column_name)


def _source(column: _SourceColumn) -> tuple[str, ...]:
    catalog, table = column.catalog or column.catalog_name, column.table_name or column.table
    return tuple(filter(None, (catalog, column.schema, table)))
