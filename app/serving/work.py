"""What the process that answers and the one that applies tell each other."""

from __future__ import annotations

import msgspec

from ingest.openlineage.inbox import Position
from ingest.openlineage.topics import Topics


class Work(msgspec.Struct, frozen=True):
    """What to apply: the inbox from a position on, and topics, to a store.

    sources: a file, or nothing; topics: none, or those of Kafka to read.
    """

    store: str
    inbox: str
    position: Position
    sources: str = ""
    topics: Topics | None = None


class Report(msgspec.Struct, frozen=True, tag="inbox"):
    """A line of standard output: what became of a batch of the inbox, or why nothing does.

    at: when its last event came (microseconds since 1970-01-01 UTC). problem: a sentence.
    """

    position: Position
    events: int = 0
    outcomes: dict[str, int] = {}
    seconds: float = 0.0
    at: int = 0
    problem: str = ""


class Consumed(msgspec.Struct, frozen=True, tag="kafka"):
    """A line of standard output: what became of messages of Kafka, or why none come.

    at: the time of the latest (microseconds since 1970-01-01 UTC). lag: how many messages are not
    in the store, by partition (`topic/0`). problem: a sentence.
    """

    events: int = 0
    outcomes: dict[str, int] = {}
    seconds: float = 0.0
    at: int = 0
    lag: dict[str, int] = {}
    problem: str = ""
