"""What a file tells of a dataset: as it was found, and as the graph takes it."""

from __future__ import annotations

import msgspec


class ToldDataset(msgspec.Struct, frozen=True):
    """What was found of a dataset, in the words of the file. dataset: a name or the end of one."""

    dataset: str
    description: str = ""
    tier: str = ""
    tags: tuple[str, ...] = ()
    hold: str = ""
    keep_until: str = ""
    support: str = ""


class DatasetEntry(msgspec.Struct, frozen=True):
    """A row about a dataset. dataset: `namespace:name`, a name or the end of one, or a glob.

    tags: sorted, with commas. hold: `true` or empty. keep_until: an ISO date. support: a level.
    """

    dataset: str
    description: str = ""
    tier: str = ""
    tags: str = ""
    hold: str = ""
    keep_until: str = ""
    support: str = ""
