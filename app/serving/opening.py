"""The store as the server reads it: opened when it answers, and then kept."""

from __future__ import annotations

from threading import Lock

from lineage.store import Store
from lineage.stores import open_store


class Opening:
    """Gives the one open store; any thread may ask."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._store: Store | None = None
        self._lock = Lock()

    def __call__(self) -> Store:
        """The store; it is made when there is none.

        Raises:
            StoreError: it does not answer, or cannot be used.
        """
        with self._lock:
            if self._store is None:
                self._store = open_store(self._url, create=True)
            return self._store

    def close(self) -> None:
        """Gives back its connections."""
        if self._store is not None:
            self._store.close()
