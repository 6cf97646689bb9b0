"""What went wrong, and what to do about it: no page ever shows a traceback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from app.views.access import store_url
from app.views.wording import escaped
from lineage.errors import AmbiguousName, LineageError, StoreMissing, UnknownName


@contextmanager
def explained() -> Iterator[None]:
    """Errors of this project end what is inside, and become a message with the next step."""
    try:
        yield
    except LineageError as error:
        _show(error)


def _show(error: LineageError) -> None:
    if isinstance(error, StoreMissing):
        _show_missing_store(error)
    elif isinstance(error, UnknownName):
        st.error(f"Nothing here is called “{escaped(error.name)}”.")
        _offer("Did you mean:", error.nearest)
    elif isinstance(error, AmbiguousName):
        st.error(f"Several things are called “{escaped(error.name)}”.")
        _offer("Choose one:", error.candidates)
    else:
        first, _, rest = str(error).partition("\n")
        st.error(escaped(first))
        if rest:
            st.code(rest, language=None)


def _show_missing_store(error: StoreMissing) -> None:
    st.title("Nothing imported yet")
    st.warning(escaped(str(error)))
    st.markdown("Import the query logs or OpenLineage events of your platform, then reload:")
    st.code(f"lineage import --store {store_url()} LOGS…", language="bash")
    st.markdown("or look around with the sample company first:")
    st.code("lineage demo", language="bash")


def _offer(lead: str, names: Sequence[str]) -> None:
    """Links to what may have been meant; the search page when nothing is near."""
    if names:
        st.markdown(lead)
    for name in names:
        st.page_link("views/dataset.py", label=escaped(name), query_params={"dataset": name})
    st.page_link("views/home.py", label="Search all datasets", icon=":material/search:")
