"""The part of a path that names a partition of the data, and not the data.

Source: what OpenLineage's clients trim themselves (Spark since 1.39, `openlineage-python`).
"""

from __future__ import annotations

import re

_KEPT = 2  # parts of the path that are left in any case
_TIME = r"(?:[T_ -]?\d{2}(?:[:.-]?\d{2}){0,2}(?:\.\d+)?Z?)?"
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0?[1-9]|1[0-2])", "(?:0?[1-9]|[12][0-9]|3[01])"
_MM, _DD = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_PARTITION = re.compile(
    rf"(?:[^/=]+=[^/=]*|{_YEAR}-?{_MM}-?{_DD}{_TIME}|{_DD}\.{_MM}\.{_YEAR}|{_YEAR}-?{_MM})"
)
_DIRECTORIES = re.compile(rf"(?<=/){_YEAR}/{_MONTH}(?:/{_DAY}(?:/(?:[01]?[0-9]|2[0-4]))?)?$")


def without_partitions(path: str) -> str:
    """The path without the partition at its end; at least two parts of it are left.

    >>> without_partitions("raw/orders/country=de/day=2026-01-31")
    'raw/orders'
    >>> without_partitions("raw/orders/2026/01/31")
    'raw/orders'
    """
    while True:
        shorter = _once(path)
        if shorter == path or shorter.count("/") + 1 < _KEPT:
            return path
        path = shorter


def _once(path: str) -> str:
    found = _DIRECTORIES.search(path)
    if found:
        return path[: found.start()].rstrip("/")
    before, _, last = path.rpartition("/")
    return before.rstrip("/") if before and _PARTITION.fullmatch(last) else path
