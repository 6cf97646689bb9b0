"""What makes a dataset a good product, by evidence: six measures and the eight traits.

The traits are those of a data product: discoverable, addressable, understandable, trustworthy,
natively accessible, interoperable, valuable, secure. Each is judged by what the graph shows; where
it shows nothing either way, the answer is that this cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from lineage.analyses.estate.estate import Estate
from lineage.analyses.stewardship.stewardship import Level
from lineage.names import ConsumerId, DatasetId, JobId

Judge = Callable[[Estate, DatasetId], bool | None]
_DESCRIBED = 0.8  # share of the columns that somebody described
_UNKNOWN = "://unknown"


class Measure(msgspec.Struct, frozen=True):
    """How many of some datasets meet a measure.

    judged: those of which it can be told. share: met of judged, 0.0 to 1.0; None when nothing can
    be told. how: what is looked at. missing: the first few that do not meet it.
    """

    met: int
    judged: int
    cannot_tell: int
    share: float | None
    how: str
    missing: tuple[str, ...]


_MISSING = 5


def measure(known: Estate, datasets: Sequence[DatasetId], how: str, judge: Judge) -> Measure:
    """How many of these datasets meet a measure."""
    verdicts = {dataset: judge(known, dataset) for dataset in datasets}
    met = sum(verdict is True for verdict in verdicts.values())
    not_met = [str(dataset) for dataset, verdict in verdicts.items() if verdict is False]
    judged = met + len(not_met)
    share = round(met / judged, 4) if judged else None
    missing = tuple(sorted(not_met)[:_MISSING])
    return Measure(met, judged, len(datasets) - judged, share, how, missing)


def measures(known: Estate, datasets: Sequence[DatasetId]) -> dict[str, Measure]:
    """The six measures of these datasets, by name."""
    return {name: measure(known, datasets, how, judge) for name, how, judge in _MEASURES}


def traits(known: Estate, datasets: Sequence[DatasetId]) -> dict[str, Measure]:
    """The eight traits of these datasets, by name."""
    return {name: measure(known, datasets, how, judge) for name, how, judge in _TRAITS}


def _owned(known: Estate, dataset: DatasetId) -> bool:
    return known.is_owned(dataset)


def _described(known: Estate, dataset: DatasetId) -> bool | None:
    if not known.anybody_described:
        return None  # no description was imported: that says nothing of the dataset
    return bool(known.node(dataset).value("description"))


def _supported(known: Estate, dataset: DatasetId) -> bool | None:
    level = known.level(dataset)
    if level is None or level in (Level.UNAWARE, Level.INFORMED):
        return False if known.anybody_decided else None
    return level.accepted


def _fresh(known: Estate, dataset: DatasetId) -> bool | None:
    return known.is_fresh(dataset)


def _used(known: Estate, dataset: DatasetId) -> bool | None:
    if dataset in known.flow.served:
        return True
    return None if known.is_open(dataset) else False


def _quality(known: Estate, dataset: DatasetId) -> bool | None:
    node = known.node(dataset)
    return not node.value("failed_checks") if node.value("checks") else None


def _discoverable(known: Estate, dataset: DatasetId) -> bool | None:
    return _described(known, dataset) if _owned(known, dataset) else False


def _addressable(known: Estate, dataset: DatasetId) -> bool:
    node = known.node(dataset)
    return not dataset.namespace.endswith(_UNKNOWN) and not node.value("renamed_to")


def _understandable(known: Estate, dataset: DatasetId) -> bool | None:
    columns, described = known.columns(dataset)
    if not columns:
        return None
    told = _described(known, dataset)
    return told and described >= _DESCRIBED * columns


def _trustworthy(known: Estate, dataset: DatasetId) -> bool | None:
    level, fresh = known.level(dataset), known.is_fresh(dataset)
    if fresh is False or _quality(known, dataset) is False:
        return False
    if level is None or not level.relied_on:
        return False if known.anybody_decided else None
    return fresh


def _natively_accessible(known: Estate, dataset: DatasetId) -> bool | None:
    kinds = {known.kind(reader) for reader in known.flow.traffic[dataset].current}
    return len(kinds) > 1 if kinds else None


def _interoperable(known: Estate, dataset: DatasetId) -> bool | None:
    home = known.flow.domains.of(dataset)
    if home is None or not known.flow.traffic[dataset].current:
        return None
    others = (known.flow.domains.of(one) for one in known.together(dataset))
    return any(other is not None and other != home for other in others)


def _valuable(known: Estate, dataset: DatasetId) -> bool | None:
    owner = known.flow.domains.owner.get(dataset)
    teams = known.parties.teams(_serving(known, dataset))
    if teams - {owner}:
        return True
    if dataset in known.flow.served and not teams:
        return None  # somebody uses it, and nobody knows who that is
    return None if known.is_open(dataset) else False


def _serving(known: Estate, dataset: DatasetId) -> Iterable[ConsumerId | JobId]:
    traffic, served = known.flow.traffic[dataset], known.flow.served
    for reader in traffic.current - traffic.writers:
        outputs = known.flow.outputs.get(reader, set()) if isinstance(reader, JobId) else served
        if not served.isdisjoint(outputs):
            yield reader


def _secure(known: Estate, dataset: DatasetId) -> bool | None:
    readers = known.flow.traffic[dataset].current
    if not known.parties.staffed or not readers or not known.is_owned(dataset):
        return None
    return all(known.parties.team(reader) is not None for reader in readers)


_Rows = tuple[tuple[str, str, Judge], ...]
_MEASURES: _Rows = (
    ("owned", "a team owns it that still is", _owned),
    ("described", "somebody described it", _described),
    ("supported", "its owner chose to support it, by level or contract", _supported),
    ("fresh", "written within three periods of its rhythm", _fresh),
    ("used", "a living consumer is behind it", _used),
    ("quality", "the latest run of each of its checks passed", _quality),
)
_TRAITS: _Rows = (
    ("discoverable", "it has an owner and a description", _discoverable),
    ("addressable", "its full name is known and stays", _addressable),
    ("understandable", "it and four fifths of its columns are described", _understandable),
    ("trustworthy", "supported or contracted, fresh, no failing check", _trustworthy),
    ("natively accessible", "read by two kinds of tools or more", _natively_accessible),
    ("interoperable", "read together with data of another domain", _interoperable),
    ("valuable", "another team than its owner's needs it", _valuable),
    ("secure", "owned, and every reader belongs to a known team", _secure),
)
MEASURES: Mapping[str, str] = {name: how for name, how, _ in _MEASURES}
TRAITS: Mapping[str, str] = {name: how for name, how, _ in _TRAITS}
