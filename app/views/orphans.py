"""Orphans: what nobody owns, feeds, reads or needs, and why we think so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from app.views import effects, wording
from app.views.access import remembered
from lineage.analyses.orphans import Label, Orphan, Orphans, orphans
from lineage.store import Store

_EVERY: Final = "All domains"
_SHOWN_ROWS: Final = 500
_OPENED: Final = "opened orphan"
MEANINGS: Final[Mapping[Label, str]] = {
    Label.UNOWNED: "No team owns it.",
    Label.DANGLING_OWNER: "The team that owns it is gone.",
    Label.UNPRODUCED: "It is read, but nothing was ever seen to write it.",
    Label.WRITE_ONLY: "It is written, and nobody else reads it.",
    Label.DEAD_BRANCH: "It has readers, but nobody alive stands behind them.",
    Label.STALE_BUT_READ: "It is no longer written as it used to be, and is still read.",
    Label.GHOST: "It was dropped, and statements still ask for it.",
    Label.COPY: "It is a backup or a dated copy of another dataset.",
    Label.USED_UNSUPPORTED: "Consumers rely on it, and nobody answers for it.",
    Label.UNUSED_COLUMN: "It is needed, but some of its columns are not.",
    Label.CANNOT_TELL: "It looks unused, but the logs have holes: import the missing days first.",
}


@remembered
def _orphans(store: Store, labels: tuple[Label, ...], domain: str | None) -> Orphans:
    return orphans(store, labels, domain)


def show() -> None:
    """Shows the datasets that want a decision."""
    st.title("What can go, and what needs an owner?")
    everything = _orphans((), None)
    labels, domain = _choose(everything)
    answer = _orphans(labels, domain)
    st.markdown(f"#### {wording.escaped(answer.verdict)}")
    st.caption(wording.escaped(wording.heard(answer.window, answer.coverage)))
    for note in answer.notes:
        st.info(wording.escaped(note), icon=":material/info:")
    with st.expander("What the labels mean"):
        for label, meaning in MEANINGS.items():
            st.markdown(f"- **{label.value}**: {meaning}")
    if answer.datasets:
        _show_rows(answer.datasets)


def _choose(everything: Orphans) -> tuple[tuple[Label, ...], str | None]:
    """The labels and the domain, from the URL at first and into it when they change."""
    known = {label.value for label in Label}
    asked = [name for name in st.query_params.get_all("class") if name in known]
    counts = everything.counts
    # Unused columns are looked for only when they are asked for.
    offered = {*counts, *asked, Label.UNUSED_COLUMN.value}
    chosen = st.pills(
        "Labels",
        [label.value for label in Label if label.value in offered],
        selection_mode="multi",
        default=asked,
        format_func=lambda name: f"{name} {counts[name]:,}" if name in counts else name,
    )
    domains = sorted({one.domain for one in everything.datasets if one.domain})
    options = [_EVERY, *domains]
    wanted = st.query_params.get("domain", _EVERY)
    index = options.index(wanted) if wanted in options else 0
    domain = st.columns(3)[0].selectbox("Domain", options, index=index)
    st.query_params.from_dict({"class": chosen} | ({} if domain == _EVERY else {"domain": domain}))
    return tuple(Label(name) for name in chosen), None if domain == _EVERY else domain


def _show_rows(every: Sequence[Orphan]) -> None:
    rows = every[:_SHOWN_ROWS]
    column = st.column_config
    st.dataframe(
        row_table(rows),
        hide_index=True,
        height=wording.table_height(len(rows)),
        column_config={
            "dataset": column.ButtonColumn(
                "Dataset", type="tertiary", alignment="left", pinned=True, key=_OPENED
            ),
            "labels": column.ListColumn("Labels", width=290),
            "why": column.TextColumn("Why", width="large"),
            "cost": column.NumberColumn("Cost", help="As imported, in its unit."),
        },
        alt="Datasets that want a decision",
    )
    if opened := st.session_state.get(_OPENED):
        query = {"dataset": rows[opened.row].dataset}
        st.switch_page("views/dataset.py", query_params=query)
    if more := wording.more_than(len(every), len(rows), "the CSV has all"):
        st.caption(more)
    st.download_button(
        "Download as CSV",
        lambda: effects.csv_of(row_table(every)),
        "orphans.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def row_table(rows: Sequence[Orphan]) -> effects.Table:
    """A row for each dataset."""
    table: effects.Table = {
        "dataset": [wording.name_in(row.dataset) for row in rows],
        "labels": [[label.value for label in row.classes] for row in rows],
        "why": [" ".join(row.evidence) for row in rows],
        "Owner": [row.owner or "none" for row in rows],
        "Domain": [row.domain or "" for row in rows],
        "Last read": [row.last_read or "never" for row in rows],
        "Last write": [row.last_write or "never" for row in rows],
    }
    if any(row.cost is not None for row in rows):
        table["cost"] = [row.cost for row in rows]
    return table


if __name__ == "__main__":
    show()
