"""Search: which datasets there are, and who uses them."""

from __future__ import annotations

import streamlit as st

from app.views import catalogue, wording
from app.views.access import LAST_SEARCH, known_names, remembered
from lineage.analyses.wording import quantity
from lineage.store import Counts, Store

_EVERY = "All"
_OPENED = "opened row"
_DIRECT = "Reads through views come on top: open the dataset to see them all."


@remembered
def _counts(store: Store) -> Counts:
    return store.counts()


@remembered
def _search(store: Store, text: str) -> catalogue.Found:
    return catalogue.search(store, known_names(), text)


def show() -> None:
    """Shows the search page."""
    st.title("Who uses my data, and what breaks when I change it?")
    found = _search("")
    st.caption(
        "Type a table, a column or a dashboard, and open it: who uses it, how often, since when. "
        f"Counts are of {wording.span(found.window)}."
    )
    _show_figures()
    _show_search()


def _show_figures() -> None:
    counts = _counts().nodes
    figures = (
        ("Datasets", len(known_names().datasets), "Tables, views, topics and files in production."),
        ("Columns", counts.get("Column", 0), "Named by a statement, an event or a catalogue."),
        ("Consumers", len(known_names().consumers), "Dashboards, notebooks, applications, people."),
        ("Teams", counts.get("Team", 0), "Told by the owners and members files."),
    )
    for cell, (label, number, explanation) in zip(st.columns(4), figures, strict=True):
        cell.metric(label, f"{number:,}", border=True, help=explanation)


def _show_search() -> None:
    left, middle, right = st.columns([3, 1.2, 1.2])
    text = left.text_input(
        "Search",
        key="q",
        bind="query-params",
        placeholder="a table, a column, a dashboard, a person",
        icon=":material/search:",
    )
    st.session_state[LAST_SEARCH] = text or ""
    found = _search(text or "")
    owners = sorted({row.owner for row in found.rows if row.owner})
    kinds = sorted({row.kind for row in found.rows})
    owner = middle.selectbox("Owner", [_EVERY, "none", *owners], key="owner", bind="query-params")
    kind = right.selectbox("Kind", [_EVERY, *kinds], key="kind", bind="query-params")
    rows = [
        row
        for row in found.rows
        if owner in (_EVERY, row.owner or "none") and kind in (_EVERY, row.kind)
    ]
    if not rows:
        _show_nothing_found(text or "")
        return
    shown = quantity(len(rows), "dataset")
    more = f" of {found.total:,}" if found.total > len(rows) else ""
    st.caption(f"{shown}{more}, most read first")
    _show_rows(rows, found.window.as_of)


def _show_nothing_found(text: str) -> None:
    if text:
        st.info(
            f"Nothing is called “{wording.escaped(text)}”. Columns and people are found by their "
            "whole name or a part of it; a dataset that no log names is not known here."
        )
    else:
        st.info("No dataset matches these filters.")


def _show_rows(rows: list[catalogue.Row], as_of: int) -> None:
    has_why = any(row.why for row in rows)
    table: dict[str, list[object]] = {
        "dataset": [wording.short_name(row.dataset) for row in rows],
        "where": [wording.place(row.dataset) for row in rows],
        "why": [row.why for row in rows],
        "kind": [row.kind for row in rows],
        "owner": [row.owner or "none" for row in rows],
        "domain": [row.domain for row in rows],
        "reads": [row.reads for row in rows],
        "trend": [list(row.trend) for row in rows],
        "consumers": [row.consumers for row in rows],
        "last": [wording.days_ago(row.last, as_of) for row in rows],
    }
    column = st.column_config
    st.dataframe(
        table,
        hide_index=True,
        height=wording.table_height(len(rows)),
        column_order=[name for name in table if name != "why" or has_why],
        column_config={
            "dataset": column.ButtonColumn(
                "Dataset", type="tertiary", alignment="left", pinned=True, key=_OPENED
            ),
            "where": column.TextColumn("Where", width="medium"),
            "why": column.TextColumn("Found by", width="medium"),
            "kind": "Kind",
            "owner": "Owner",
            "domain": "Domain",
            "reads": column.NumberColumn("Direct reads", format="localized", help=_DIRECT),
            "trend": column.BarChartColumn("13 weeks", y_min=0),
            "consumers": column.NumberColumn("Direct consumers", help=_DIRECT),
            "last": "Last read",
        },
        alt="Datasets that were found",
    )
    if opened := st.session_state.get(_OPENED):
        query = {"dataset": str(rows[opened.row].dataset)}
        st.switch_page("views/dataset.py", query_params=query)


if __name__ == "__main__":
    show()
