"""Which analyser derived a store; another one derives it again, all of it."""

from __future__ import annotations

from lineage.model import Document
from lineage.store import Store

# Raise it with every change of `ingest.sql` or `ingest.deriving` that gives a statement another
# meaning, and with every change of the parser.
ANALYSER = 3
_KIND = "analyser"


def is_outdated(store: Store) -> bool:
    """Whether what is in the store was derived by another analyser than this one."""
    found = next((document.body for document in store.documents(_KIND, [_KIND])), None)
    return store.version() > 0 and found != _body()


def derived() -> Document:
    """What a store keeps of the analyser that derived it."""
    return Document(_KIND, _KIND, _body())


def analysed_at() -> str:
    """When an analysis was made, among the analysers: a later one's word wins."""
    return f"{ANALYSER:06d}"


def _body() -> bytes:
    return str(ANALYSER).encode()
