"""Who imports into a store: so that two imports that meet can say whom they have met."""

from __future__ import annotations

import os
import socket
import time

import msgspec

from ingest.folding.cells import iso
from lineage.model import Document
from lineage.store import Store

_KIND, _LATEST = "import", "latest"


class Holder(msgspec.Struct, frozen=True):
    """A process that imports. since: ISO 8601, UTC."""

    host: str
    process: int
    since: str

    @classmethod
    def here(cls) -> Holder:
        """This process."""
        return cls(socket.gethostname(), os.getpid(), iso(int(time.time()) * 1_000_000))

    @property
    def document(self) -> Document:
        """What it leaves in the store with each commit."""
        return Document(_KIND, _LATEST, msgspec.json.encode(self))


def latest_holder(store: Store) -> str:
    """Who committed last, for a sentence."""
    for document in store.documents(_KIND, [_LATEST]):
        one = msgspec.json.decode(document.body, type=Holder)
        return f"process {one.process} on {one.host}, running since {one.since}"
    return "another import"
