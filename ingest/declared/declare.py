"""What people declare: owners, members, consumers' titles, edges, static datasets, environments.

The files are kept as base facts beside the graph and looked at again with every import, so that a
dataset that appears next month gets its owner then. New files replace the old ones whole; a file of
edges replaces the one of its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from ingest.declared.aliases import Aliases, read_aliases
from ingest.declared.consumer_files import read_consumer_files
from ingest.declared.dataset_entries import DatasetBook, read_dataset_files
from ingest.declared.domains import DomainBook, Places, read_domain_files
from ingest.declared.edges import EdgeFile, read_edges
from ingest.declared.linking import DeclaredEdges
from ingest.declared.owner_files import read_member_files, read_owner_files
from ingest.declared.people import (
    ConsumerBook,
    ConsumerEntry,
    MemberBook,
    Membership,
    OwnerBook,
    Ownership,
)
from ingest.declared.price_files import read_prices
from ingest.declared.sources import PRODUCTION, SourceBook
from ingest.declared.told import DatasetEntry
from ingest.deriving.additions import Additions
from lineage.analyses.disuse.cost import Prices
from lineage.analyses.identity.aliases import AliasRule
from lineage.model import Document, EdgeType, Fact, Node, Origin
from lineage.names import (
    ConsumerId,
    DatasetId,
    JobId,
    NodeId,
    PrincipalId,
    domain,
    product,
    team,
)
from lineage.store import Store

_DOCUMENT = "declared"


class Declarations(msgspec.Struct, frozen=True):
    """What the user's files say; None for a kind of file that was not given.

    edges: each file by its name. revision: how often consumers or owners were said anew. aliases
    and prices: kept in documents of their own.
    """

    owners: tuple[Ownership, ...] | None = None
    members: tuple[Membership, ...] | None = None
    consumers: tuple[ConsumerEntry, ...] | None = None
    edges: tuple[EdgeFile, ...] = ()
    revision: int = 0
    problems: tuple[str, ...] = ()
    aliases: tuple[AliasRule, ...] | None = None
    domains: DomainBook | None = None
    prices: Prices | None = None
    datasets: tuple[DatasetEntry, ...] | None = None

    def over(self, kept: Declarations) -> Declarations:
        """These, and what was kept of the files that were not given this time."""
        files = {file.name: file for file in (*kept.edges, *self.edges)}
        now = Declarations(
            kept.owners if self.owners is None else self.owners,
            kept.members if self.members is None else self.members,
            kept.consumers if self.consumers is None else self.consumers,
            tuple(files[name] for name in sorted(files)),
            kept.revision,
            domains=kept.domains if self.domains is None else self.domains,
            datasets=kept.datasets if self.datasets is None else self.datasets,
        )
        said_before = any(kept.people)
        if said_before and now.people != kept.people:
            return msgspec.structs.replace(now, revision=kept.revision + 1)
        return now

    @property
    def people(self) -> tuple[object, ...]:
        """What is said of owners, members, consumers, domains and datasets."""
        return self.owners, self.members, self.named, self.domains, self.datasets

    @property
    def named(self) -> tuple[ConsumerEntry, ...]:
        """All consumers that are named, those of the consumers files first."""
        more = (entry for file in self.edges for entry in file.consumers)
        return (*(self.consumers or ()), *more)


def read_declarations(
    owners: Sequence[str] = (),
    members: Sequence[str] = (),
    consumers: Sequence[str] = (),
    edges: Sequence[str] = (),
    aliases: Sequence[str] = (),
    domains: Sequence[str] = (),
    prices: str = "",
) -> Declarations:
    """What the files at these paths say, each told by its content.

    Raises:
        UnreadableInput: a file cannot be read, or has not the columns that it needs.
    """
    owned, wrong = read_owner_files(owners)
    belong, wrong_members = read_member_files(members)
    named, wrong_consumers = read_consumer_files(consumers)
    places, wrong_places = read_domain_files(domains)
    described, wrong_datasets = read_dataset_files(owners)
    problems = [*wrong, *wrong_datasets, *wrong_members, *wrong_consumers, *wrong_places]
    files: dict[str, EdgeFile] = {}
    for path in edges:
        file, wrong_edges = read_edges(Path(path))
        problems += wrong_edges
        if file.name in files:
            before = files[file.name]
            file = EdgeFile(file.name, before.edges + file.edges, before.consumers + file.consumers)
        files[file.name] = file
    return Declarations(
        tuple(owned) if owners else None,
        tuple(belong) if members else None,
        tuple(named) if consumers else None,
        tuple(files.values()),
        problems=tuple(problems),
        aliases=tuple(rule for path in aliases for rule in read_aliases(Path(path)))
        if aliases
        else None,
        domains=places if domains else None,
        datasets=tuple(described) if owners else None,
        prices=read_prices(prices) if prices else None,
    )


class Declared:
    """The declarations as they hold for one import: what was given over what was kept."""

    def __init__(self, store: Store, given: Declarations, book: SourceBook) -> None:
        kept = next(store.documents(_DOCUMENT, [_DOCUMENT]), None)
        before = msgspec.json.decode(kept.body, type=Declarations) if kept else Declarations()
        now = given.over(before)
        self._store = store
        self._changed = now != before
        self._people_changed = now.people != before.people
        self._now = now
        self._book = book
        self._owners = OwnerBook(now.owners or ())
        self._described = DatasetBook(now.datasets or ())
        self._described_before = DatasetBook(before.datasets or ())
        self._places = Places(now.domains or DomainBook())
        self._prices = given.prices
        # Directories list every group of a person: a team that owns something is meant.
        teams = {row.team for row in now.owners or ()} | {row.team for row in now.named}
        members = sorted(now.members or (), key=lambda row: row.team not in teams)
        self._members = MemberBook(tuple(members))
        self._consumers = ConsumerBook(now.named)
        self._consumers_before = ConsumerBook(before.named)
        self._edges = DeclaredEdges(store, now.edges, book.namespace)
        self._aliases = Aliases(store, _all_aliases(given, book))
        # What is said anew must win over what was said before.
        self._at = f"{now.revision:06d}" if now.revision else ""

    def documents(self) -> list[Document]:
        """What to keep for the next import; nothing when nothing has changed."""
        made = [*self._edges.documents(), *self._aliases.documents()]
        made += [self._prices.document()] if self._prices else []
        if not self._changed:
            return made
        return [*made, Document(_DOCUMENT, _DOCUMENT, msgspec.json.encode(self._now))]

    def apply(self, additions: Additions, new: Collection[NodeId]) -> list[tuple[NodeId, Origin]]:
        """Adds what is declared of the new nodes, of all when a file changed; what to take back."""
        self._edges.apply(additions)
        for sentence in self._edges.warnings:
            self._book.warn(sentence)
        retract = self._aliases.apply(additions, {*new, *additions.nodes})
        nodes = {*new, *additions.nodes}
        if self._people_changed:
            for label in ("Dataset", "Principal", "Consumer"):
                nodes |= {node.id for node in self._store.scan_nodes(label)}
            for label in ("Team", "Domain", "DataProduct"):
                known = self._store.scan_nodes(label)
                retract += [(node.id, Origin.MANUAL) for node in known]
            self._staff(additions)
        for node in nodes:
            if isinstance(node, DatasetId):
                self._dataset(additions, node)
                self._place(additions, node)
            elif isinstance(node, PrincipalId):
                name = self._members.team_of(node)
                if name:
                    self._link(additions, EdgeType.MEMBER_OF, node, team(name))
            elif isinstance(node, ConsumerId):
                self._consumer(additions, node)
        return retract

    def _dataset(self, additions: Additions, dataset: DatasetId) -> None:
        environment = self._book.environment(dataset)
        additions.node(
            dataset,
            static="true" if self._book.is_external(dataset) else "",
            environment="" if environment == PRODUCTION else environment,
        )
        self._describe(additions, dataset)
        row = self._owners.owner_of(dataset)
        if row is None:
            return
        if row.team:
            self._link(additions, EdgeType.OWNS, team(row.team), dataset)
            additions.node(team(row.team), self._at, contact=row.contact)
        if row.domain:
            if not self._places.domain(dataset):
                self._link(additions, EdgeType.IN_DOMAIN, dataset, domain(row.domain))
            if row.team:
                self._link(additions, EdgeType.IN_DOMAIN, team(row.team), domain(row.domain))

    def _describe(self, additions: Additions, dataset: DatasetId) -> None:
        """Adds what is said of a dataset; what is said no more is said to be nothing."""
        now, past = (book.facts_of(dataset) for book in (self._described, self._described_before))
        facts = {name: Fact(self._at, now[name]) for name in now if now[name] or past[name]}
        if facts:
            additions.facts(Node(dataset, facts))

    def _place(self, additions: Additions, dataset: DatasetId) -> None:
        """Adds the domain of a dataset, whoever owns it, and the products that expose it."""
        places = self._places
        if place := places.domain(dataset):
            self._link(additions, EdgeType.IN_DOMAIN, dataset, domain(place))
        for name in places.products(dataset):
            home = domain(places.domain_of_product[name])
            self._link(additions, EdgeType.EXPOSES, product(name), dataset)
            self._link(additions, EdgeType.IN_DOMAIN, product(name), home)
            additions.node(product(name), self._at, description=places.descriptions.get(name, ""))

    def _staff(self, additions: Additions) -> None:
        """How many members each team has that owns something, whether or not a log shows them."""
        sizes = Counter(row.team for row in self._now.members or ())
        for name in {row.team for row in self._now.owners or ()} - {""}:
            said = {"members": Fact(self._at, str(sizes[name] or ""))}
            if sizes[name] or self._at:
                additions.facts(Node(team(name), said))

    def _consumer(self, additions: Additions, consumer: ConsumerId) -> None:
        url = additions.nodes.get(consumer, {}).get("url", Fact("", "")).value
        row = self._consumers.find(consumer, url)
        before = self._consumers_before.find(consumer, url)
        if row is None and before is None:
            return
        now, past = _facts(row), _facts(before)
        facts = {name: Fact(self._at, now[name]) for name in now if now[name] or past[name]}
        additions.facts(Node(consumer, facts))
        if row and row.team:
            self._link(additions, EdgeType.OWNS, team(row.team), consumer)

    @staticmethod
    def _link(
        additions: Additions, type_: EdgeType, source: NodeId, target: NodeId | JobId
    ) -> None:
        additions.edge(type_, source, target, origin=Origin.MANUAL)


def _all_aliases(given: Declarations, book: SourceBook) -> tuple[AliasRule, ...] | None:
    """The rules of the files of aliases, then those of `sources.yml`; None when neither is."""
    said = [rules for rules in (given.aliases, book.aliases) if rules is not None]
    return tuple(rule for rules in said for rule in rules) if said else None


def _facts(row: ConsumerEntry | None) -> dict[str, str]:
    row = row or ConsumerEntry("")
    tier = str(row.tier or "")
    return {"title": row.title, "url": row.url, "owner": row.owner, "tier": tier}
