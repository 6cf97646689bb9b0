"""How a dataset stands: its other names, how well and how much is written, who could own it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import msgspec

from ingest.openlineage.entities import APART, FACETS, Entity, entity_of, key_of
from lineage.analyses.disuse.cost import Cost, costs, prices_of
from lineage.analyses.disuse.liveness import Flow
from lineage.analyses.disuse.sizes import Sizes
from lineage.analyses.listening.coverage import Logs
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.contracts import contracts
from lineage.analyses.stewardship.keeping import CheckedContract, check_contracts
from lineage.analyses.stewardship.ownership import Proposal, proposals
from lineage.analyses.stewardship.people import owners
from lineage.calendar import iso_day
from lineage.model import EdgeType
from lineage.names import DatasetId
from lineage.store import Store

_DAY = 86_400 * 10**6  # microseconds


class Check(msgspec.Struct, frozen=True):
    """The last result of a check. column: empty when it is about the dataset. day: an ISO date."""

    name: str
    column: str
    failed: bool
    day: str


class Written(msgspec.Struct, frozen=True):
    """What the runs of a day wrote, as they told it. day: an ISO date."""

    day: str
    runs: int
    rows: int
    bytes: int


class Told(msgspec.Struct, frozen=True):
    """What events told of the quality and the volume of a dataset; failed checks come first."""

    checks: tuple[Check, ...]
    written: tuple[Written, ...]


def other_names(store: Store, dataset: DatasetId) -> tuple[DatasetId, ...]:
    """The other identifiers of a dataset; store: as answers see it."""
    links = Graph(store).into([dataset], EdgeType.SAME_AS)
    return tuple(sorted({one.source for one in links if isinstance(one.source, DatasetId)}))


def told(store: Store, dataset: DatasetId) -> Told:
    """What events told of a dataset, under whatever name."""
    keys = [key_of(one) for one in (dataset, *other_names(store, dataset))]
    every = map(entity_of, store.documents(FACETS, keys))
    known = reduce(Entity.merge, every, Entity())
    checks = []
    for key, (time, failed) in known.checks.items():
        name, _, column = key.partition(APART)
        checks.append(Check(name, column, failed, iso_day(time // _DAY)))
    checks.sort(key=lambda one: (not one.failed, one.name, one.column))
    days = sorted(known.written.items())
    return Told(tuple(checks), tuple(Written(iso_day(day), *told) for day, told in days))


def could_own(store: Store, dataset: DatasetId) -> tuple[Proposal, ...]:
    """The teams that should own a dataset without an owner that is there, the best first."""
    graph = Graph(store, Logs(store).as_of)
    said = owners(graph, [dataset]).get(dataset)
    return proposals(graph, [dataset], [said] if said else [])[dataset]


def checked_contracts(store: Store, dataset: DatasetId) -> tuple[CheckedContract, ...]:
    """The contracts about a dataset, and which of their promises are kept."""
    about = [one for one in contracts(store) if one.of(dataset) is not None]
    return check_contracts(store, about).contracts if about else ()


def priced(store: Store) -> Mapping[DatasetId, Cost]:
    """What each dataset costs a month, of which that is known; none without prices."""
    prices = prices_of(store)
    if prices is None:
        return {}
    flow = Flow(store, Logs(store).as_of or 0)
    return costs(flow, Sizes(store), prices, list(flow.traffic))
