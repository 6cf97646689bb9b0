"""Reads OpenLineage events from Kafka, as a member of a consumer group.

The offset of a partition is moved on when the caller says that what is before it is safe, so after
a crash, and when a partition changes hands, messages come again rather than never. The client
library then commits it behind the caller's back, every second, when partitions are taken away, and
at the end. Source: librdkafka 2, INTRODUCTION.md ("At-least-once processing") and STATISTICS.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar, cast

import msgspec
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka import Message as Raw

from ingest.openlineage.topics import Topics, read_properties
from lineage.errors import KafkaUnavailable, UnreadableInput

_log = logging.getLogger(__name__)
# The library tells of every attempt to connect, for who listens; what matters is in `Standing`.
_library_log = logging.getLogger("librdkafka")
_library_log.addHandler(logging.NullHandler())
_T = TypeVar("_T")
Header = tuple[str, str | bytes | None]
_AT_A_TIME: Final = 100  # messages, which may be large
_PUBLISH_S: Final = 10  # seconds that a dead letter may take
# What the user may set otherwise.
_DEFAULTS: Final = {
    "auto.offset.reset": "earliest",
    "auto.commit.interval.ms": "1000",
    "client.id": "lineage",
}
# What is promised rests on these.
_OURS: Final = {
    "enable.auto.commit": "true",
    "enable.auto.offset.store": "false",
    "statistics.interval.ms": "1000",
}
_NOT_OURS: Final = {KafkaError._STATE, KafkaError._UNKNOWN_PARTITION}


class Message(msgspec.Struct, frozen=True):
    """A message as it came. at: microseconds since 1970-01-01 UTC; body: None for a tombstone."""

    topic: str
    partition: int
    offset: int
    at: int
    body: bytes | None
    key: bytes | None = None
    headers: tuple[Header, ...] = ()


class Standing(msgspec.Struct, frozen=True):
    """How it stands with the group.

    lag: messages that are not safe yet, by partition, `topic/0`. problem: why nothing comes; empty
    when nothing stands in the way.
    """

    lag: dict[str, int] = {}
    problem: str = ""


class Subscription:
    """A member of the group. Not to be used by two threads at a time.

    Raises:
        UnreadableInput: a setting is none.
    """

    def __init__(self, topics: Topics) -> None:
        self._brokers = topics.brokers
        self._refusal = ""  # what a broker said against what we asked
        self._broken = ""  # why a broker could not be reached
        self._fatal = ""  # why the library has given up
        self._rebalances = -1
        self._statistics = _Statistics()
        ours = {**_OURS, "group.id": topics.group}
        heard = {"stats_cb": self._counted, "error_cb": self._failed}
        self._consumer = _made(Consumer, topics, _DEFAULTS, {**ours, **heard})
        self._consumer.subscribe(list(topics.names))

    @property
    def standing(self) -> Standing:
        """How it stands, at most a second old."""
        connected = any(one.state == "UP" for one in self._statistics.brokers.values())
        broken = "" if connected else self._broken
        return Standing(dict(self._statistics.lag()), self._refusal or broken)

    def read(self, most: int, size: int) -> list[Message]:
        """What has come, at most so many messages, not many more than `size` bytes; never waits.

        Raises:
            KafkaUnavailable: the client library has given up.
        """
        found: list[Message] = []
        asked = came = 0
        while asked == came and len(found) < most and size > 0:
            asked = min(_AT_A_TIME, most - len(found))
            batch = self._consumer.consume(asked, timeout=0)
            came = len(batch)
            for one in batch:
                error = one.error()
                if error is None:
                    found.append(_message(one))
                    size -= len(found[-1].body or b"")
                else:  # is told in place of a message
                    self._refusal = f"Kafka at {self._brokers}: {error.str()}"
        if self._fatal:
            raise KafkaUnavailable(self._fatal)
        return found

    def done(self, messages: Sequence[Message]) -> None:
        """Takes note that all messages up to these are safe."""
        last: dict[tuple[str, int], int] = {}
        for one in messages:
            partition = one.topic, one.partition
            last[partition] = max(one.offset, last.get(partition, -1))
        offsets = [TopicPartition(topic, at, after + 1) for (topic, at), after in last.items()]
        try:
            self._consumer.store_offsets(offsets=offsets)
        except KafkaException as error:
            # Another member has the partitions now, and reads these messages again.
            if error.args[0].code() not in _NOT_OURS:
                raise

    def close(self) -> None:
        """Commits, and leaves the group: its other members need not wait to take over."""
        self._consumer.close()

    def _counted(self, statistics: str) -> None:
        self._statistics = msgspec.json.decode(statistics, type=_Statistics)
        rebalances = self._statistics.cgrp.rebalance_cnt
        if rebalances != self._rebalances:  # the group took us since
            self._refusal = ""
        self._rebalances = rebalances

    def _failed(self, error: KafkaError) -> None:
        why = f"Kafka at {self._brokers}: {error.str().partition(' (after ')[0]}"
        if error.fatal():
            self._fatal = why
        elif error.code() != KafkaError._ALL_BROKERS_DOWN:  # tells no cause
            self._broken = why


class DeadLetters:
    """Where messages go that are no events.

    Raises:
        UnreadableInput: a setting is none.
    """

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._failures: list[str] = []
        # What could be read can be written.
        ours = {
            "message.max.bytes": "1000000000",
            "message.timeout.ms": str(_PUBLISH_S * 1000),
        }
        self._producer = _made(Producer, topics, {"client.id": "lineage"}, ours)

    def publish(self, refused: Sequence[tuple[Message, str]]) -> None:
        """Returns when the topic has the messages, each with why it was refused.

        They keep key, value and headers; `lineage.topic`, `lineage.partition`, `lineage.offset` and
        `lineage.error` are headers that are added.

        Raises:
            KafkaUnavailable: it has not; some may be there.
        """
        self._failures.clear()
        for message, why in refused:
            self._produce(message, why)
        waiting = self._producer.flush(_PUBLISH_S + 2)
        if waiting or self._failures:
            why = self._failures[0] if self._failures else "no answer"
            raise KafkaUnavailable(
                f"{len(refused)} dead letters cannot be sent to the topic"
                f" {self._topics.dead_letters!r} of Kafka at {self._topics.brokers}: {why}"
            )

    def _produce(self, message: Message, why: str) -> None:
        place = {
            "lineage.topic": message.topic,
            "lineage.partition": str(message.partition),
            "lineage.offset": str(message.offset),
            "lineage.error": why,
        }
        headers: list[Header] = [*message.headers, *place.items()]
        self._producer.produce(
            self._topics.dead_letters, message.body, message.key,
            headers=headers, on_delivery=self._delivered,
        )  # fmt: skip

    def _delivered(self, error: KafkaError | None, _message: Raw) -> None:
        if error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            _log.warning("a dead letter is too large for its topic")  # waiting would not help
        elif error is not None:
            self._failures.append(error.str())


class _Partition(msgspec.Struct, frozen=True):
    desired: bool = False
    lo_offset: int = -1
    ls_offset: int = -1  # behind the last message of a transaction that ended
    committed_offset: int = -1
    stored_offset: int = -1


class _Topic(msgspec.Struct, frozen=True):
    partitions: dict[str, _Partition] = {}


class _Broker(msgspec.Struct, frozen=True):
    state: str = ""


class _Group(msgspec.Struct, frozen=True):
    rebalance_cnt: int = -1


class _Statistics(msgspec.Struct, frozen=True):
    """What the library counts, as far as it is of use."""

    brokers: dict[str, _Broker] = {}
    topics: dict[str, _Topic] = {}
    cgrp: _Group = _Group()

    def lag(self) -> Iterator[tuple[str, int]]:
        """How far each partition that is ours is behind, where its end is known."""
        for name, topic in self.topics.items():
            for number, one in topic.partitions.items():
                if one.desired and one.ls_offset >= 0:
                    safe = max(one.stored_offset, one.committed_offset, one.lo_offset)
                    yield f"{name}/{number}", max(0, one.ls_offset - safe)


def check(topics: Topics) -> None:
    """Returns when the client library takes all settings.

    Raises:
        UnreadableInput: it does not.
    """
    _made(Consumer, topics, {}, {"group.id": topics.group}).close()


def _made(
    kind: Callable[[dict[str, object]], _T],
    topics: Topics,
    defaults: dict[str, str],
    ours: dict[str, object] | dict[str, str],
) -> _T:
    said = read_properties(Path(topics.properties)) if topics.properties else {}
    heard = {} if "debug" in said else {"logger": _library_log}
    try:
        return kind({**defaults, **said, "bootstrap.servers": topics.brokers, **ours, **heard})
    except KafkaException as error:
        where = topics.properties or f"Kafka at {topics.brokers}"
        raise UnreadableInput(f"{where}: {error.args[0].str()}") from error


def _message(raw: Raw) -> Message:
    _, at = raw.timestamp()
    return Message(
        raw.topic() or "",
        raw.partition() or 0,
        raw.offset() or 0,
        max(0, at) * 1000,
        raw.value(),
        raw.key(),
        tuple(cast("list[Header]", raw.headers() or [])),
    )
