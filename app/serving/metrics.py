"""Counts what the server does, in the text format of Prometheus (version 0.0.4).

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Metric:
    """One metric: a number for each set of labels, in the order of `labels`."""

    def __init__(self, name: str, kind: str, meaning: str, labels: tuple[str, ...] = ()) -> None:
        self.name = name
        self.values: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}
        self._kind = kind
        self._meaning = meaning
        self._labels = labels

    def add(self, number: float, *values: str) -> None:
        """Counts so many more."""
        self.values[values] = self.values.get(values, 0.0) + number

    def set(self, number: float, *values: str) -> None:
        """Sets it to what it is now."""
        self.values[values] = number

    def lines(self) -> Iterator[str]:
        """The metric as Prometheus reads it."""
        yield f"# HELP {self.name} {self._meaning}"
        yield f"# TYPE {self.name} {self._kind}"
        for values, number in self.values.items():
            labels = dict(zip(self._labels, values, strict=True))
            yield f"{self.name}{_spelled(labels)} {_number(number)}"


class Histogram:
    """How long something took, in seconds."""

    def __init__(self, name: str, meaning: str) -> None:
        self._name = name
        self._meaning = meaning
        self._counts = [0] * (len(_BOUNDS) + 1)
        self._sum = 0.0

    def take(self, seconds: float) -> None:
        """Counts one more."""
        self._counts[bisect_left(_BOUNDS, seconds)] += 1
        self._sum += seconds

    def lines(self) -> Iterator[str]:
        """The metric as Prometheus reads it: each bucket holds those before it."""
        yield f"# HELP {self._name} {self._meaning}"
        yield f"# TYPE {self._name} histogram"
        so_far = 0
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self._counts, strict=True):
            so_far += count
            yield f'{self._name}_bucket{{le="{bound}"}} {so_far}'
        yield f"{self._name}_sum {_number(self._sum)}"
        yield f"{self._name}_count {so_far}"


class Metrics:
    """All that the server counts."""

    def __init__(self) -> None:
        self.received = Metric(
            "lineage_requests_total", "counter", "Requests that brought events, by answer.",
            ("status",),
        )  # fmt: skip
        self.events = Metric(
            "lineage_events_total", "counter",
            "Events received: accepted, duplicate, or refused.", ("outcome",),
        )  # fmt: skip
        self.applied = Metric(
            "lineage_applied_events_total", "counter",
            "Events taken out of the inbox, by what became of them.", ("outcome",),
        )  # fmt: skip
        self.transactions = Metric(
            "lineage_transactions_total", "counter", "Transactions in which events were applied."
        )
        self.waiting = Metric("lineage_inbox_events", "gauge", "Events that wait in the inbox.")
        self.bytes = Metric("lineage_inbox_bytes", "gauge", "Size of the inbox on disk.")
        self.oldest = Metric(
            "lineage_inbox_oldest_seconds", "gauge", "Age of the oldest event that waits."
        )
        self.lag = Metric(
            "lineage_apply_lag_seconds", "gauge",
            "From the acknowledgement to the graph, of the last event applied.",
        )  # fmt: skip
        self.kafka_up = Metric(
            "lineage_kafka_up", "gauge", "Whether the brokers let us read, where --kafka is given."
        )
        self.kafka_lag = Metric(
            "lineage_kafka_lag_messages", "gauge",
            "Messages of this server's partitions that are not in the store.",
            ("topic", "partition"),
        )  # fmt: skip
        self.kafka_delay = Metric(
            "lineage_kafka_delay_seconds", "gauge",
            "From the time of a message to the graph, of the last message applied.",
        )  # fmt: skip
        self.store = Metric("lineage_store_up", "gauge", "Whether the store took the last batch.")
        self.took = Histogram(
            "lineage_acknowledgement_seconds", "From the head of a request to its answer."
        )
        self.applying = Histogram("lineage_transaction_seconds", "Time of a transaction.")

    def count_applied(self, outcomes: Mapping[str, int]) -> None:
        """Counts what became of the events of a transaction."""
        self.transactions.add(1)
        for outcome, count in outcomes.items():
            self.applied.add(count, outcome)

    def set_kafka(self, lag: Mapping[str, int], *, up: bool) -> None:
        """Sets how it stands with Kafka; partitions that another server has now are gone."""
        self.kafka_up.set(up)
        self.kafka_lag.values.clear()
        for place, number in lag.items():
            topic, _, partition = place.rpartition("/")
            self.kafka_lag.set(number, topic, partition)

    def text(self) -> str:
        """What is answered to a scrape."""
        return "".join(f"{line}\n" for metric in vars(self).values() for line in metric.lines())


def _spelled(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
