"""Two lists of columns, and what lies between them: the same for contracts, schemas, catalogues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from ingest.changes.names import column_of
from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.analyses.breaking.retype import Retyping, retyping


class Field(msgspec.Struct, frozen=True):
    """A column as a declaration tells it.

    type: empty when not told. required: None when not told. key: what stays when the name changes
    (a number, an id). aliases: names that it had. symbols: all values that it may hold.
    meaning: unit, zone, format: what its values mean. default: whether a missing value is filled.
    number: by which a reader finds it, where names do not count. logical: the type in the words of
    a contract, compared where one of the two tells no other.
    """

    name: str
    type: str = ""
    required: bool | None = None
    key: str = ""
    aliases: tuple[str, ...] = ()
    symbols: tuple[str, ...] | None = None
    meaning: str = ""
    default: bool = False
    number: str = ""
    logical: str = ""


Fields = Mapping[str, Field]


def by_name(fields: Iterator[Field]) -> dict[str, Field]:
    """The fields by their dotted names."""
    return {field.name: field for field in fields}


def between(dataset: str, old: Fields, new: Fields) -> Iterator[Change]:
    """The changes of a dataset's columns; of a nested field none besides that of its parent."""
    renamed = {before: after for after in new for before in _former(new[after], old, new)}
    added = [name for name in new if name not in old and name not in renamed.values()]
    for name, field in old.items():
        if _parent(name) in old and _parent(name) not in new:
            continue
        subject = column_of(dataset, *name.split("."))
        if name in new:
            yield from _changed(subject, field, new[name])
        elif name in renamed:
            yield Change(ChangeKind.RENAME_COLUMN, subject, renamed[name].rpartition(".")[2])
            yield from _changed(subject, field, new[renamed[name]])
        else:
            yield Change(ChangeKind.DROP_COLUMN, subject)
    for name in added:
        if _parent(name) not in added:
            field = new[name]
            needed = " not null" if field.required and not field.default else ""
            subject = column_of(dataset, *name.split("."))
            type_ = field.type or field.logical
            yield Change(ChangeKind.ADD_COLUMN, subject, f"{type_}{needed}".strip())


def _former(field: Field, old: Fields, new: Fields) -> list[str]:
    """What a field was called before: by its key, else by an alias; nothing when it is no new."""
    if field.name in old:
        return []
    by_key = [name for name, one in old.items() if field.key and one.key == field.key]
    place = _parent(field.name)
    aliases = [f"{place}.{alias}" if place else alias for alias in field.aliases]
    return [name for name in by_key or aliases if name in old and name not in new][:1]


def _changed(subject: str, old: Field, new: Field) -> Iterator[Change]:
    effect, type_ = Retyping.SAME, new.type
    if old.type and new.type:
        effect = retyping(old.type, new.type)
    elif old.logical and new.logical:
        effect, type_ = retyping(old.logical, new.logical), new.type or new.logical
    if effect is not Retyping.SAME:
        yield Change(ChangeKind.RETYPE_COLUMN, subject, type_)
    if old.required is not None and new.required is not None and old.required != new.required:
        kind = ChangeKind.NOT_NULL_COLUMN if new.required else ChangeKind.NULLABLE_COLUMN
        yield Change(kind, subject)
    removed = set(old.symbols or ()) - set(new.symbols or ()) if new.symbols is not None else set()
    for symbol in sorted(removed):
        yield Change(ChangeKind.MEANING_COLUMN, subject, "'" + symbol.replace("'", "''") + "'")
    other = old.meaning != new.meaning or old.number != new.number
    restricted = old.symbols is None and new.symbols is not None
    # What another type makes of the values has been said.
    if (other or restricted) and not removed and effect is not Retyping.INCOMPATIBLE:
        yield Change(ChangeKind.MEANING_COLUMN, subject)


def _parent(name: str) -> str:
    return name.rpartition(".")[0]
