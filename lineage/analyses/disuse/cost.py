"""What a dataset costs a month: an estimate, with what it rests on.

Storage is the size that a catalogue or export told, times the price of a terabyte. Writing is the
runs of its jobs in the last thirty days, each taken to read all of its sources once. What is not
known costs nothing here, and is said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from lineage.analyses.disuse.liveness import Flow
from lineage.analyses.disuse.orphan_policy import matcher
from lineage.analyses.disuse.sizes import Size, Sizes
from lineage.analyses.wording import quantity
from lineage.model import Activity, Document
from lineage.names import DatasetId, JobId
from lineage.store import Store

PRICES = "prices"  # the kind of the document, and its key
MONTH = 30  # days
_TB = 1e12


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prices in the currency of the file; a terabyte is 10^12 bytes."""

    storage_per_tb_month: float = 0.0
    scan_per_tb: float = 0.0
    run: float = 0.0


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price file. namespaces: other rates by shell patterns over namespaces, the first holds."""

    currency: str = "USD"
    rates: Rates = Rates()
    namespaces: dict[str, Rates] = {}

    def rates_of(self, dataset: DatasetId) -> Rates:
        """The rates where a dataset is."""
        for pattern, rates in self.namespaces.items():
            if matcher([pattern]).match(dataset.namespace):
                return rates
        return self.rates

    def document(self) -> Document:
        """The prices as they are kept beside the graph."""
        return Document(PRICES, PRICES, msgspec.json.encode(self))


def prices_of(store: Store) -> Prices | None:
    """The prices that were imported; None when none were."""
    found = next(store.documents(PRICES, [PRICES]), None)
    return msgspec.json.decode(found.body, type=Prices) if found else None


class Cost(msgspec.Struct, frozen=True):
    """The estimated cost of a dataset a month, and the sentences that it rests on."""

    total: float
    storage: float
    writing: float
    currency: str
    basis: tuple[str, ...]


def costs(
    flow: Flow, sizes: Sizes, prices: Prices | None, datasets: Collection[DatasetId]
) -> dict[DatasetId, Cost]:
    """The cost of each of these datasets of which anything is known; nothing without prices."""
    if prices is None:
        return {}
    writes = flow.writes(datasets)
    found = {one: _cost(flow, sizes, prices, one, writes[one]) for one in datasets}
    return {dataset: cost for dataset, cost in found.items() if cost is not None}


def _cost(
    flow: Flow,
    sizes: Sizes,
    prices: Prices,
    dataset: DatasetId,
    writes: Mapping[JobId, Activity],
) -> Cost | None:
    rates, told = prices.rates_of(dataset), sizes.of(flow.traffic[dataset].node)
    size = told.bytes if told else None
    runs = {job: _recent(activity, flow.as_of) for job, activity in writes.items()}
    writing, read, unknown = 0.0, 0, 0
    for job, count in runs.items():
        inputs = [sizes.bytes_of(flow.traffic[one].node) for one in flow.inputs.get(job, ())]
        scanned = sum(one or 0 for one in inputs)
        # A job that writes several datasets is paid once.
        share = count / len(flow.outputs[job])
        writing += share * (scanned / _TB * rates.scan_per_tb + rates.run)
        read += scanned
        unknown += inputs.count(None) if rates.scan_per_tb else 0
    if size is None and not writing:
        return None
    storage = (size or 0) / _TB * rates.storage_per_tb_month
    basis = (*_of_size(told), *_of_runs(sum(runs.values()), read, unknown))
    return Cost(round(storage + writing, 2), round(storage, 2), round(writing, 2),
                prices.currency, basis)  # fmt: skip


def _recent(activity: Activity, as_of: int) -> int:
    return activity.between(as_of - MONTH + 1, as_of).total


def _of_size(told: Size | None) -> Iterable[str]:
    if told is None or told.bytes is None:
        yield "its size is not known"
        return
    on = f" on {told.at}" if told.at else ""
    by = "its last run wrote, at least" if told.written else "its catalogue told"
    yield f"{bytes_in_words(told.bytes)}, as {by}{on}"


def _of_runs(runs: int, read: int, unknown: int) -> Iterable[str]:
    if not runs:
        return
    yield f"{quantity(runs, 'run')} in {MONTH} days, each taken to read {bytes_in_words(read)}"
    if unknown:
        yield f"the size of {quantity(unknown, 'source')} is not known"


def bytes_in_words(size: int) -> str:
    """A size in words: `512 B`, `3.2 GB`; a gigabyte is 10^9 bytes."""
    number = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            break
        number /= 1000
    return f"{number:,.0f} {unit}" if number >= 100 or unit == "B" else f"{number:.1f} {unit}"


def money(amount: float, currency: str) -> str:
    """An amount in words: `1,240 EUR`, `0.35 EUR`."""
    return f"{amount:,.0f} {currency}" if amount >= 10 else f"{amount:.2f} {currency}"
