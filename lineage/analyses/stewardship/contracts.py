"""Data contracts: what a producer promises of its datasets, as the store keeps it.

Source: the Open Data Contract Standard, version 3 (bitol.io). The text of a contract is kept as it
was written; what is read of it here is what can be held against the logs.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lineage.analyses.journal import STEWARDSHIP, Act, append
from lineage.analyses.stewardship.deciding import Actor, team_of
from lineage.analyses.stewardship.stewardship import PROMISE, Level
from lineage.analyses.wording import quantity
from lineage.errors import AmbiguousName, InvalidDecision, UnknownName
from lineage.model import Batch, Document
from lineage.names import ColumnId, DatasetId, NodeId
from lineage.resolve import resolve_dataset
from lineage.store import Store

KIND = "contract"  # of the documents
NO_CONTRACT = "none"
_IN_FORCE = frozenset({"active", "deprecated"})


class PromisedColumn(msgspec.Struct, frozen=True):
    """A column as a contract has it. required: no nulls, None when not said."""

    name: str
    type: str = ""
    required: bool | None = None


class Service(msgspec.Struct, frozen=True):
    """A promise of service: `latency`, `frequency`, `retention`, … in lower case.

    hours: of a duration; of a time of the day those after midnight UTC; None when it is neither.
    said: as it is written.
    """

    property: str
    said: str
    hours: float | None = None


class QualityRule(msgspec.Struct, frozen=True):
    """A quality rule. column: None when it is about the dataset. metric: as ODCS names it.

    least, most: what a count must be, both included; None leaves a side open.
    """

    metric: str
    column: str | None
    said: str
    least: float | None = None
    most: float | None = None


class PromisedDataset(msgspec.Struct, frozen=True):
    """A dataset as a contract has it.

    names: what it may be called, the fullest first. near: what the namespaces begin with that the
    servers of the contract stand for.
    """

    names: tuple[str, ...]
    near: tuple[str, ...] = ()
    columns: tuple[PromisedColumn, ...] = ()
    services: tuple[Service, ...] = ()
    quality: tuple[QualityRule, ...] = ()
    dataset: DatasetId | None = None


class Contract(msgspec.Struct, frozen=True):
    """A data contract. said_level: the support level that it names itself; empty: by its status.

    team: whose it is. text: the contract itself; form: `yaml` or `json`.
    """

    id: str
    version: str
    status: str
    datasets: tuple[PromisedDataset, ...]
    name: str = ""
    team: str = ""
    said_level: str = ""
    text: str = ""
    form: str = "yaml"

    @property
    def in_force(self) -> bool:
        """Whether its promises hold."""
        return self.status in _IN_FORCE

    @property
    def level(self) -> Level:
        """The support level that it stands for: guaranteed when it promises a service."""
        if not self.in_force:
            return Level.UNAWARE
        if self.said_level in {level.value for level in Level}:
            return Level(self.said_level)
        serves = any(one.services for one in self.datasets)
        return Level.GUARANTEED if serves else Level.SUPPORTED

    def of(self, dataset: DatasetId) -> PromisedDataset | None:
        """What it promises of a dataset."""
        return next((one for one in self.datasets if one.dataset == dataset), None)

    @property
    def called(self) -> str:
        """What people call it."""
        return f"{self.name or self.id} {self.version}".strip()


class ContractRow(msgspec.Struct, frozen=True):
    """A contract in a list. unknown: datasets that nothing in the store answers to."""

    id: str
    name: str
    version: str
    status: str
    level: Level
    team: str
    datasets: tuple[str, ...]
    unknown: tuple[str, ...]


class Contracts(msgspec.Struct, frozen=True):
    """The contracts of a store, or those that were just taken in."""

    verdict: str
    contracts: tuple[ContractRow, ...]


def keep_contract(store: Store, contract: Contract, actor: Actor, dataset: str = "") -> Contract:
    """Takes a contract in, in the place of its version before; the contract as it is kept.

    dataset: which one it is about, when its own names do not tell.

    Raises:
        InvalidDecision: it is about several datasets, and one was said.
        UnknownName, AmbiguousName: the dataset, or one that its names may mean.
    """
    contract = tie(store, contract, dataset)
    known = tuple(one.dataset for one in contract.datasets if one.dataset is not None)
    details = {
        "id": contract.id,
        "version": contract.version,
        "status": contract.status,
        "level": contract.level.value,
        "datasets": msgspec.json.encode(known).decode(),
    }
    details |= {"team": team} if (team := team_of(store, actor)) else {}
    reason = actor.reason or f"contract {contract.called}"
    append(
        store,
        STEWARDSHIP,
        Act(PROMISE, actor.name, reason, details=details),
        actor.now,
        Batch(documents=(Document(KIND, contract.id, msgspec.json.encode(contract)),)),
    )
    return contract


def tie(store: Store, contract: Contract, dataset: str = "") -> Contract:
    """The contract with the datasets that its names mean; those of nothing known stay None.

    Raises: as `keep_contract`.
    """
    if dataset and len(contract.datasets) != 1:
        count = quantity(len(contract.datasets), "dataset")
        raise InvalidDecision(f"contract {contract.id} is about {count}, not {dataset} alone")
    tied = tuple(_tied(store, one, dataset) for one in contract.datasets)
    return msgspec.structs.replace(contract, datasets=tied)


def contracts(store: Store) -> tuple[Contract, ...]:
    """All contracts, by id; a dataset that was not known when one came is looked for again."""
    found = (
        msgspec.json.decode(document.body, type=Contract) for document in store.documents(KIND)
    )
    return tuple(sorted((_found_again(store, one) for one in found), key=lambda one: one.id))


def contract_of(store: Store, text: str) -> Contract:
    """The contract of that id, or about the dataset of that name.

    Raises:
        UnknownName: there is none.
    """
    known = contracts(store)
    for contract in known:
        if contract.id == text:
            return contract
    try:
        dataset = resolve_dataset(store, text)
    except UnknownName:
        raise UnknownName("contract", text, tuple(one.id for one in known)[:5]) from None
    about = [one for one in known if one.of(dataset)]
    if not about:
        raise UnknownName("contract about", text, tuple(one.id for one in known)[:5])
    return max(about, key=lambda one: (one.in_force, one.version))


def promised_by(known: Iterable[Contract], node: NodeId) -> str:
    """The status of the contract that promises a dataset or column; `none` when none does."""
    found = [contract for contract in known if _promises(contract, node)]
    return max(found, key=lambda one: (one.in_force, one.version)).status if found else NO_CONTRACT


def _promises(contract: Contract, node: NodeId) -> bool:
    if isinstance(node, DatasetId):
        return contract.of(node) is not None
    if not isinstance(node, ColumnId):
        return False
    promised = contract.of(node.dataset)
    names = {column.name.lower() for column in promised.columns} if promised else set()
    return node.name.lower() in names


def listing(found: Iterable[Contract]) -> Contracts:
    """The contracts as a list."""
    rows = tuple(_row(one) for one in found)
    names = sorted({name for row in rows for name in row.datasets})
    if not rows:
        return Contracts("There is no contract.", ())
    force = sum(row.level.relied_on for row in rows)
    return Contracts(
        f"{quantity(len(rows), 'contract')} about {quantity(len(names), 'dataset')},"
        f" {force:,} in force.",
        rows,
    )


def _row(contract: Contract) -> ContractRow:
    return ContractRow(
        contract.id,
        contract.name,
        contract.version,
        contract.status,
        contract.level,
        contract.team,
        tuple(str(one.dataset) for one in contract.datasets if one.dataset is not None),
        tuple(one.names[-1] for one in contract.datasets if one.dataset is None and one.names),
    )


def _tied(store: Store, one: PromisedDataset, dataset: str) -> PromisedDataset:
    if dataset:
        return msgspec.structs.replace(one, dataset=resolve_dataset(store, dataset))
    for name in one.names:
        try:
            found = resolve_dataset(store, name)
        except UnknownName:
            continue
        except AmbiguousName as error:
            near = [n for n in error.candidates if n.startswith(one.near)] if one.near else []
            if len(near) != 1:
                raise AmbiguousName(
                    "dataset", f"{name} of the contract (say --dataset)", error.candidates
                ) from error
            found = resolve_dataset(store, near[0])
        return msgspec.structs.replace(one, dataset=found)
    return one


def _found_again(store: Store, contract: Contract) -> Contract:
    if all(one.dataset is not None for one in contract.datasets):
        return contract
    tied = []
    for one in contract.datasets:
        try:
            tied.append(_tied(store, one, "") if one.dataset is None else one)
        except AmbiguousName:
            tied.append(one)
    return msgspec.structs.replace(contract, datasets=tuple(tied))
