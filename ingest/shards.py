"""The table that another name stands for: a shard, partition or moment of it, or its scaffold.

Source: https://cloud.google.com/bigquery/docs/partitioned-tables#dt_partition_shard, and the names
that dbt-core gives a relation that it builds beside the old one.
"""

from __future__ import annotations

import re

_DECORATED = re.compile(r"[$@].*")  # a partition, a moment
# A date that makes it a shard; behind a word for a copy, the date is when it was put aside.
_SHARD = re.compile(
    r"(?<=.)(?:(?<!backup)(?<!bak)(?<!copy)(?<!old)(?<!archive)"
    r"_(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])|_[0-9]*\*)$",
    re.IGNORECASE,
)
_SCAFFOLD = re.compile(r"__dbt_(?:tmp|backup)\w*$", re.IGNORECASE)


def is_scaffold(table: str) -> bool:
    """Whether a name is one under which dbt builds or puts aside a relation for a moment."""
    return _SCAFFOLD.search(table) is not None


def finished_name(table: str) -> str:
    """The name that a relation has once dbt is done with it.

    >>> finished_name("orders__dbt_tmp")
    'orders'
    """
    return _SCAFFOLD.sub("", table)


def lasting_name(table: str) -> str:
    """The name without partition or moment; of a shard or wildcard, what all shards have in common.

    >>> [lasting_name(name) for name in ("orders_20260131", "orders$2026", "orders_2026*")]
    ['orders', 'orders', 'orders']
    >>> lasting_name("orders_backup_20260131")
    'orders_backup_20260131'
    """
    return _SHARD.sub("", _DECORATED.sub("", table))
