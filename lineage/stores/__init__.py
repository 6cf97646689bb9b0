"""Where the graph is kept: one adapter a kind of store, opened by its URL."""

from lineage.stores.open import open_store

__all__ = ["open_store"]
