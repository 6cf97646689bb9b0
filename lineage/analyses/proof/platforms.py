"""How a platform spells that a dataset is dropped, hidden, archived and had back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

import msgspec

from lineage.names import DatasetId, parts

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Reserved words, in some dialect, that tables are called by all the same.
_RESERVED_WORDS = """
all analyze and any array as asc case cast check column constraint create cross current date default
desc distinct else end except false for foreign from full grant group having in index inner interval
into is join key left like limit natural not null of offset on or order outer partition primary
range right row rows select session set some start table then time to true union unique user using
value values view when where window with year
"""
_RESERVED = frozenset(_RESERVED_WORDS.split())


class Platform(msgspec.Struct, frozen=True):
    """The statements of a platform; an empty one: it has none that fits all.

    In braces: `name` in full, `copy` the name of its archive, `kind` TABLE or VIEW; for what no SQL
    deletes `url`, `host`, `topic`. quotes: around a name that needs them. folds: the case of names
    that need none, `upper`, `lower` or any. levels: how many parts a name has at most.
    """

    drop: str = "DROP {kind} {name};"
    revoke: str = "REVOKE SELECT ON {name} FROM PUBLIC;"
    archive: str = "CREATE TABLE {copy} AS SELECT * FROM {name};"
    undo: str = ""
    quotes: str = '""'
    folds: str = ""
    levels: int = 3

    def spell(self, statement: str, dataset: DatasetId, kind: str, suffix: str = "") -> str:
        """A statement of the platform about a dataset; suffix: of the name of its archive."""
        name = (parts(dataset.name) or (dataset.name,))[-self.levels :]
        return statement.format(
            kind=kind.upper(),
            name=".".join(map(self._quoted, name)),
            copy=".".join(map(self._quoted, (*name[:-1], name[-1] + self._folded(suffix)))),
            url=shlex.quote(f"{dataset.namespace}/{dataset.name.strip('/')}/"),
            host=shlex.quote(dataset.namespace.partition("://")[2]),
            topic=shlex.quote(dataset.name),
        )

    def _folded(self, part: str) -> str:
        return {"upper": part.upper(), "lower": part.lower()}.get(self.folds, part)

    def _quoted(self, part: str) -> str:
        if _PLAIN.fullmatch(part) and part == self._folded(part) and part.lower() not in _RESERVED:
            return part
        closing = self.quotes[1]
        return f"{self.quotes[0]}{part.replace(closing, closing * 2)}{closing}"


_SQL = Platform()
_BACKTICKS = Platform(quotes="``", revoke="", folds="lower")
_BRACKETS = Platform(quotes="[]", archive="SELECT * INTO {copy} FROM {name};")


def _files(drop: str) -> Platform:
    return Platform(drop=drop, revoke="", archive="")


_PLATFORMS: Mapping[str, Platform] = {
    "snowflake": Platform(
        folds="upper",
        revoke="REVOKE SELECT ON {kind} {name} FROM ROLE PUBLIC;",
        archive="CREATE TABLE {copy} CLONE {name};",
        undo="UNDROP {kind} {name};",
    ),
    "bigquery": Platform(
        quotes="``", revoke="", archive="CREATE SNAPSHOT TABLE {copy} CLONE {name};"
    ),
    "postgres": Platform(folds="lower"),
    "redshift": Platform(folds="lower"),
    "trino": Platform(folds="lower"),
    "oracle": Platform(folds="upper", levels=2, undo="FLASHBACK TABLE {name} TO BEFORE DROP;"),
    "mysql": Platform(quotes="``", revoke="", levels=2),
    "clickhouse": Platform(quotes="``", revoke="", undo="UNDROP TABLE {name};"),
    "databricks": Platform(
        quotes="``",
        folds="lower",
        revoke="REVOKE SELECT ON {kind} {name} FROM `account users`;",
        archive="CREATE TABLE {copy} DEEP CLONE {name};",
        undo="UNDROP {kind} {name};",
    ),
    "hive": _BACKTICKS,
    "spark": _BACKTICKS,
    "awsathena": msgspec.structs.replace(_BACKTICKS, levels=2),
    "mssql": _BRACKETS,
    "s3": _files("aws s3 rm --recursive {url}"),
    "gs": _files("gcloud storage rm --recursive {url}"),
    "abfss": _files("hdfs dfs -rm -r {url}"),
    "hdfs": _files("hdfs dfs -rm -r {url}"),
    "kafka": _files("kafka-topics.sh --bootstrap-server {host} --delete --topic {topic}"),
}


def platform_of(dataset: DatasetId) -> Platform:
    """The platform of a dataset, by the scheme of its namespace; standard SQL for any other."""
    return _PLATFORMS.get(dataset.namespace.partition("://")[0].lower(), _SQL)
