"""What people declare: owners, members, consumers' titles, static datasets, environments.

The files are kept as base facts beside the graph and looked at again with every import, so that a
dataset that appears next month gets its owner then. New files replace the old ones whole.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from ingest.declared.people import (
    ConsumerBook,
    ConsumerEntry,
    MemberBook,
    Membership,
    OwnerBook,
    Ownership,
    read_consumers,
    read_members,
    read_owners,
)
from ingest.declared.sources import PRODUCTION, SourceBook
from ingest.deriving.additions import Additions
from lineage.model import Document, EdgeType, Origin
from lineage.names import ConsumerId, DatasetId, JobId, NodeId, PrincipalId, domain, team
from lineage.store import Store

_DOCUMENT = "declared"


class Declarations(msgspec.Struct, frozen=True):
    """What the user's files say; None for a file that was not given."""

    owners: tuple[Ownership, ...] | None = None
    members: tuple[Membership, ...] | None = None
    consumers: tuple[ConsumerEntry, ...] | None = None
    problems: tuple[str, ...] = ()

    def over(self, kept: Declarations) -> Declarations:
        """These, and what was kept of the files that were not given this time."""
        return Declarations(
            kept.owners if self.owners is None else self.owners,
            kept.members if self.members is None else self.members,
            kept.consumers if self.consumers is None else self.consumers,
        )


def read_declarations(owners: str, members: str, consumers: str) -> Declarations:
    """What the files at these paths say; an empty path is no file.

    Raises:
        UnreadableInput: a file cannot be read, or has not the columns that it needs.
    """
    owned = read_owners(Path(owners)) if owners else None
    belong = read_members(Path(members)) if members else None
    named = read_consumers(Path(consumers)) if consumers else None
    books = [book for book in (owned, belong, named) if book is not None]
    return Declarations(
        owned.rows if owned else None,
        belong.rows if belong else None,
        named.rows if named else None,
        tuple(problem for book in books for problem in book.problems),
    )


class Declared:
    """The declarations as they hold for one import: what was given over what was kept."""

    def __init__(self, store: Store, given: Declarations, book: SourceBook) -> None:
        kept = next(store.documents(_DOCUMENT, [_DOCUMENT]), None)
        before = msgspec.json.decode(kept.body, type=Declarations) if kept else Declarations()
        now = given.over(before)
        self._store = store
        self._changed = now != before
        self._now = now
        self._book = book
        self._owners = OwnerBook(now.owners or ())
        self._members = MemberBook(now.members or ())
        self._consumers = {row.id: row for row in ConsumerBook(now.consumers or ()).rows}

    def documents(self) -> list[Document]:
        """What to keep for the next import; nothing when nothing has changed."""
        if not self._changed:
            return []
        return [Document(_DOCUMENT, _DOCUMENT, msgspec.json.encode(self._now))]

    def apply(self, additions: Additions, new: Collection[NodeId]) -> list[tuple[NodeId, Origin]]:
        """Adds what is declared of the new nodes, of all when a file changed; what to take back."""
        nodes = set(new)
        retract: list[tuple[NodeId, Origin]] = []
        if self._changed:
            for label in ("Dataset", "Principal", "Consumer"):
                nodes |= {node.id for node in self._store.scan_nodes(label)}
            teams = [node.id for node in self._store.scan_nodes("Team")]
            retract = [(id_, Origin.MANUAL) for id_ in teams]
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
            additions.node(team(row.team), contact=row.contact)
        if row.domain:
            self._link(additions, EdgeType.IN_DOMAIN, dataset, domain(row.domain))
            if row.team:
                self._link(additions, EdgeType.IN_DOMAIN, team(row.team), domain(row.domain))

    def _consumer(self, additions: Additions, consumer: ConsumerId) -> None:
        row = self._consumers.get(str(consumer))
        if row is None:
            return
        tier = str(row.tier or "")
        additions.node(consumer, title=row.title, url=row.url, owner=row.owner, tier=tier)
        if row.team:
            self._link(additions, EdgeType.OWNS, team(row.team), consumer)

    @staticmethod
    def _link(
        additions: Additions, type_: EdgeType, source: NodeId, target: NodeId | JobId
    ) -> None:
        additions.edge(type_, source, target, origin=Origin.MANUAL)
