"""What people declare: owners, members, consumers' titles, edges, static datasets, environments.

The files are kept as base facts beside the graph and looked at again with every import, so that a
dataset that appears next month gets its owner then. New files replace the old ones whole; a file of
edges replaces the one of its name.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from ingest.declared.consumer_files import read_consumer_files
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
from ingest.declared.sources import PRODUCTION, SourceBook
from ingest.deriving.additions import Additions
from lineage.model import Document, EdgeType, Fact, Node, Origin
from lineage.names import ConsumerId, DatasetId, JobId, NodeId, PrincipalId, domain, team
from lineage.store import Store

_DOCUMENT = "declared"


class Declarations(msgspec.Struct, frozen=True):
    """What the user's files say; None for a kind of file that was not given.

    edges: each file by its name. revision: how often consumers or owners were said anew.
    """

    owners: tuple[Ownership, ...] | None = None
    members: tuple[Membership, ...] | None = None
    consumers: tuple[ConsumerEntry, ...] | None = None
    edges: tuple[EdgeFile, ...] = ()
    revision: int = 0
    problems: tuple[str, ...] = ()

    def over(self, kept: Declarations) -> Declarations:
        """These, and what was kept of the files that were not given this time."""
        files = {file.name: file for file in (*kept.edges, *self.edges)}
        now = Declarations(
            kept.owners if self.owners is None else self.owners,
            kept.members if self.members is None else self.members,
            kept.consumers if self.consumers is None else self.consumers,
            tuple(files[name] for name in sorted(files)),
            kept.revision,
        )
        said_before = bool(kept.named or kept.owners)
        if said_before and (now.named, now.owners) != (kept.named, kept.owners):
            return msgspec.structs.replace(now, revision=kept.revision + 1)
        return now

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
) -> Declarations:
    """What the files at these paths say, each told by its content.

    Raises:
        UnreadableInput: a file cannot be read, or has not the columns that it needs.
    """
    owned, wrong = read_owner_files(owners)
    belong, wrong_members = read_member_files(members)
    named, wrong_consumers = read_consumer_files(consumers)
    problems = [*wrong, *wrong_members, *wrong_consumers]
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
    )


class Declared:
    """The declarations as they hold for one import: what was given over what was kept."""

    def __init__(self, store: Store, given: Declarations, book: SourceBook) -> None:
        kept = next(store.documents(_DOCUMENT, [_DOCUMENT]), None)
        before = msgspec.json.decode(kept.body, type=Declarations) if kept else Declarations()
        now = given.over(before)
        self._store = store
        self._changed = now != before
        self._people_changed = (now.owners, now.members, now.named) != (
            *(before.owners, before.members, before.named),
        )
        self._now = now
        self._book = book
        self._owners = OwnerBook(now.owners or ())
        # Directories list every group of a person: a team that owns something is meant.
        teams = {row.team for row in now.owners or ()} | {row.team for row in now.named}
        members = sorted(now.members or (), key=lambda row: row.team not in teams)
        self._members = MemberBook(tuple(members))
        self._consumers = ConsumerBook(now.named)
        self._consumers_before = ConsumerBook(before.named)
        self._edges = DeclaredEdges(store, now.edges, book.namespace)
        # What is said anew must win over what was said before.
        self._at = f"{now.revision:06d}" if now.revision else ""

    def documents(self) -> list[Document]:
        """What to keep for the next import; nothing when nothing has changed."""
        made = self._edges.documents()
        if not self._changed:
            return made
        return [*made, Document(_DOCUMENT, _DOCUMENT, msgspec.json.encode(self._now))]

    def apply(self, additions: Additions, new: Collection[NodeId]) -> list[tuple[NodeId, Origin]]:
        """Adds what is declared of the new nodes, of all when a file changed; what to take back."""
        self._edges.apply(additions)
        for sentence in self._edges.warnings:
            self._book.warn(sentence)
        nodes = {*new, *additions.nodes}
        retract: list[tuple[NodeId, Origin]] = []
        if self._people_changed:
            for label in ("Dataset", "Principal", "Consumer"):
                nodes |= {node.id for node in self._store.scan_nodes(label)}
            for label in ("Team", "Domain"):
                known = self._store.scan_nodes(label)
                retract += [(node.id, Origin.MANUAL) for node in known]
        for node in nodes:
            if isinstance(node, DatasetId):
                self._dataset(additions, node)
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
        row = self._owners.owner_of(dataset)
        if row is None:
            return
        if row.team:
            self._link(additions, EdgeType.OWNS, team(row.team), dataset)
            additions.node(team(row.team), self._at, contact=row.contact)
        if row.domain:
            self._link(additions, EdgeType.IN_DOMAIN, dataset, domain(row.domain))
            if row.team:
                self._link(additions, EdgeType.IN_DOMAIN, team(row.team), domain(row.domain))

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


def _facts(row: ConsumerEntry | None) -> dict[str, str]:
    row = row or ConsumerEntry("")
    tier = str(row.tier or "")
    return {"title": row.title, "url": row.url, "owner": row.owner, "tier": tier}
