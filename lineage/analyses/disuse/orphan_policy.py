"""What a site takes for an orphan: labels, thresholds and roots, the section `orphans` of a policy.

The same file holds the rules of the gate (`policy.py`); see `docs/orphans.md` for the section.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from lineage.analyses.stewardship.stewardship import Level
from lineage.calendar import QUIET_TIMES, Quiet
from lineage.errors import InvalidPolicy


class Label(StrEnum):
    """What may be wrong with a dataset."""

    UNOWNED = "unowned"
    DANGLING_OWNER = "dangling-owner"
    UNPRODUCED = "unproduced"
    WRITE_ONLY = "write-only"
    DEAD_BRANCH = "dead-branch"
    STALE_BUT_READ = "stale-but-read"
    GHOST = "ghost"
    COPY = "copy"
    USED_UNSUPPORTED = "used-unsupported"
    SUPPORTED_UNUSED = "supported-unused"
    BYPASS = "bypass"
    UNUSED_COLUMN = "unused-column"
    CANNOT_TELL = "cannot-tell"


class Roots(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is needed by itself, beside living consumers, holds and what is kept until a date.

    tiers: of datasets. support: levels, by choice or by contract. datasets: shell patterns over
    `namespace:name`.
    """

    tiers: tuple[str, ...] = ("critical",)
    support: tuple[Level, ...] = (Level.SUPPORTED, Level.GUARANTEED)
    datasets: tuple[str, ...] = ()


class OrphanPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which labels are given, and when.

    classes: all when empty. ignore: shell patterns of datasets that are never listed. quiet: how
    long a read may be away. stale_periods: of the write rhythm. common: a label on a greater share
    of the datasets is a sentence. copies: words at the end of a name that make it a copy's.
    """

    classes: tuple[Label, ...] = ()
    ignore: tuple[str, ...] = ()
    roots: Roots = Roots()
    quiet: Quiet = QUIET_TIMES
    stale_periods: float = 3.0
    common: float = 0.8
    copies: tuple[str, ...] = (
        *("backup", "bak", "copy", "old", "snapshot", "archive", "tmp", "temp"),
    )


DEFAULT = OrphanPolicy()


def read_orphan_policy(text: str, where: str) -> OrphanPolicy:
    """The section `orphans` of a policy in YAML; where: the name of the file, for errors.

    Raises:
        InvalidPolicy: it is no YAML, has no such section, or holds a word that is not known.
    """
    hint = "the section `orphans` is described in docs/orphans.md"
    try:
        top = msgspec.yaml.decode(text, type=dict[str, object])
        if "orphans" not in top:
            raise InvalidPolicy(f"{where}: no section `orphans` among {sorted(top)}; {hint}")
        return msgspec.convert(top["orphans"], OrphanPolicy)
    except msgspec.MsgspecError as error:
        raise InvalidPolicy(f"{where}: {error}; {hint}") from error


def matcher(patterns: Iterable[str]) -> re.Pattern[str]:
    """What matches any of the shell patterns; nothing when there are none."""
    return re.compile("|".join(map(fnmatch.translate, patterns)) or r"(?!)")


def copy_name(policy: OrphanPolicy) -> re.Pattern[str]:
    """What matches the name of a copy, its group `base` being the name that it is a copy of."""
    words = "|".join(map(re.escape, policy.copies)) or r"(?!)"
    return re.compile(
        rf"(?P<base>.+?)(?:[_$]?(?:{words})|[_$]\d{{6,14}})+(?:[_$]\d{{1,14}})?$", re.IGNORECASE
    )
