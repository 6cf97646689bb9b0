"""The store that the pages ask, and answers remembered until the store changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import streamlit as st

from app.options import DEFAULT_STORE, answering, spare_the_collector
from app.views import catalogue
from lineage.analyses.disuse.orphans import orphans
from lineage.analyses.stewardship.stewardship import stewardship_of
from lineage.resolve import resolve_dataset
from lineage.store import Store
from lineage.stores import open_store

_P = ParamSpec("_P")
_Answer = TypeVar("_Answer")
LAST_SEARCH = "last search"  # session state: where "back" leads
_REMEMBERED = 300  # answers of one question


def store_url() -> str:
    """The URL of the store: LINEAGE_STORE, or the file in the working directory."""
    return os.environ.get("LINEAGE_STORE", DEFAULT_STORE)


@st.cache_resource(show_spinner=False)
def _opened(url: str) -> Store:
    spare_the_collector()
    return open_store(url)


def opened_store() -> Store:
    """The store, opened once for all sessions, as one question sees it.

    Raises:
        StoreError: it is missing, does not answer, or is too new.
    """
    return answering(_opened(store_url()))


def remembered(
    question: Callable[Concatenate[Store, _P], _Answer],
) -> Callable[_P, _Answer]:
    """The question put to the app's store; an answer is kept until the store's version changes.

    Answers are shared between sessions and must not be changed.
    """

    def ask(url: str, version: int, *args: _P.args, **kwargs: _P.kwargs) -> _Answer:
        return question(answering(_opened(url)), *args, **kwargs)

    # Streamlit tells caches apart by the name and the source of the function.
    ask.__qualname__ = f"{question.__module__}.{question.__qualname__}"
    keep = st.cache_resource(show_spinner=False, max_entries=_REMEMBERED)(ask)

    def answer(*args: _P.args, **kwargs: _P.kwargs) -> _Answer:
        url = store_url()
        return keep(url, _opened(url).version(), *args, **kwargs)

    return answer


known_names = remembered(catalogue.names)
resolved = remembered(resolve_dataset)
wanting = remembered(orphans)  # what wants a decision, by labels and domain
decided = remembered(stewardship_of)
