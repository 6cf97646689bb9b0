"""Applies what comes over Kafka, beside what is in the inbox and in the same process.

Messages need no inbox: the topic keeps them until the store has them, and only then does the group
go on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from app.serving.judging import judge
from app.serving.refusing import Refusal
from app.serving.work import Consumed
from ingest.openlineage.applying import RawEvent
from ingest.openlineage.kafka import DeadLetters, Message, Subscription
from ingest.openlineage.topics import Topics
from lineage.errors import KafkaUnavailable, StoreError

_PAUSE: Final = 0.1  # seconds between two looks
_AGAIN: Final = 5.0  # seconds until what the brokers did not take is tried again


class Consuming:
    """Applies batches of messages, and says what became of them.

    apply: has the store take events, and says what became of how many.

    Raises:
        UnreadableInput: a setting for Kafka is none.
    """

    def __init__(
        self,
        topics: Topics,
        apply: Callable[[Sequence[RawEvent]], dict[str, int]],
        tell: Callable[[Consumed], object],
    ) -> None:
        self._topics = topics
        self._apply = apply
        self._tell = tell
        self._told = Consumed()
        self._subscription = Subscription(topics)
        self._letters = DeadLetters(topics) if topics.dead_letters else None
        self._pending: list[Message] = []  # read, and not yet safe
        self._applied: Consumed | None = None  # what became of them, once the store has them
        self._again = 0.0  # on the monotonic clock: when to go on

    def batch(self, most: int, size: int) -> float:
        """Applies at most so many messages, and says how long to wait for the next; in seconds.

        Raises:
            StoreError: the store cannot be written; the messages are applied by the next call.
        """
        if time.monotonic() < self._again:
            return _PAUSE
        try:
            if not self._pending:
                self._pending = self._subscription.read(most, size)
            number = len(self._pending)
            made = self._made() if number else Consumed()
        except KafkaUnavailable as error:
            if not self._pending:  # not a dead letter: the subscription itself
                self._subscription.close()
                self._subscription = Subscription(self._topics)
            self._again = time.monotonic() + _AGAIN
            number, made = 0, Consumed(problem=str(error)[:1000])
        except StoreError:
            self._say(Consumed())
            raise
        self._say(made)
        return 0.0 if number == most else _PAUSE

    def close(self) -> None:
        """Leaves the group; what is not safe is read by its next member."""
        self._subscription.close()

    def _made(self) -> Consumed:
        """What became of the messages that are pending; the group goes on behind them."""
        messages = self._pending
        self._applied = self._applied or self._apply_all(messages)
        if self._letters and (refused := list(_refused(messages))):
            self._letters.publish(refused)
        self._subscription.done(messages)
        made, self._applied, self._pending = self._applied, None, []
        return made

    def _apply_all(self, messages: Sequence[Message]) -> Consumed:
        started = time.monotonic()
        events = [
            RawEvent(one.body, f"kafka:{one.topic}/{one.partition}", one.offset)
            for one in sorted(messages, key=_place)
            if one.body is not None
        ]
        outcomes = self._apply(events) if events else {}
        if tombstones := len(messages) - len(events):
            outcomes["ignored"] = outcomes.get("ignored", 0) + tombstones
        latest = max(one.at for one in messages)
        return Consumed(len(messages), outcomes, time.monotonic() - started, latest)

    def _say(self, made: Consumed) -> None:
        """Says it, unless it is nothing new."""
        standing = self._subscription.standing
        # The library counts only while it is read from: not while these wait for the store.
        pending = Counter(f"{one.topic}/{one.partition}" for one in self._pending)
        places = sorted(standing.lag.keys() | pending.keys())
        lag = {place: max(standing.lag.get(place, 0), pending[place]) for place in places}
        report = msgspec.structs.replace(made, lag=lag, problem=made.problem or standing.problem)
        if report != self._told:
            self._tell(report)
        self._told = msgspec.structs.replace(report, events=0, outcomes={}, seconds=0.0, at=0)


def _place(message: Message) -> tuple[str, int, int]:
    return message.topic, message.partition, message.offset


def _refused(messages: Sequence[Message]) -> Iterator[tuple[Message, str]]:
    """Those that no event is, and why."""
    for message in messages:
        try:
            if message.body is not None:
                judge(message.body, None)
        except Refusal as refusal:
            yield message, str(refusal)
