"""The table that a partition, a moment or a shard by date of BigQuery is a part of.

Source: https://cloud.google.com/bigquery/docs/partitioned-tables#dt_partition_shard
"""

from __future__ import annotations

import re

_DECORATED = re.compile(r"[$@].*")  # a partition, a moment
_SHARD = re.compile(
    r"(?<=.)_(?:(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])|[0-9]*\*)$"
)


def lasting_name(table: str) -> str:
    """The name without partition or moment; of a shard or wildcard, what all shards have in common.

    >>> [lasting_name(name) for name in ("orders_20260131", "orders$2026", "orders_2026*")]
    ['orders', 'orders', 'orders']
    """
    return _SHARD.sub("", _DECORATED.sub("", table))
