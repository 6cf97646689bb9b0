"""Orphans: what nobody owns, feeds, reads or needs, and why we think so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from app.views import effects, going, wording
from app.views.access import decided, wanting
from lineage.analyses.disuse.cost import bytes_in_words, money
from lineage.analyses.disuse.orphans import Label, Orphan, Orphans
from lineage.analyses.stewardship.lifecycle import State
from lineage.analyses.stewardship.stewardship import Stewardship
from lineage.names import DatasetId

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
    Label.GHOST: "It was dropped or is in no catalogue, and statements still ask for it.",
    Label.COPY: "It holds what another dataset holds: a backup, a dated copy, a replica.",
    Label.USED_UNSUPPORTED: "Others rely on it, and nobody has said that it is supported.",
    Label.SUPPORTED_UNUSED: "It is supported by choice, and nobody alive needs it.",
    Label.BYPASS: "Its domain keeps it to itself, and another domain reads it.",
    Label.UNUSED_COLUMN: "It is needed, but some of its columns are not.",
    Label.CANNOT_TELL: "It looks unused, but the logs have holes: import the missing days first.",
}


def show() -> None:
    """Shows the datasets that want a decision."""
    st.title("What can go, and what needs an owner?")
    everything = wanting()
    labels, domain = _choose(everything)
    answer = wanting(labels, domain) if labels or domain else everything
    st.markdown(f"#### {wording.escaped(answer.verdict)}")
    st.caption(wording.escaped(wording.heard(answer.window, answer.coverage)))
    for note in answer.notes:
        st.info(wording.escaped(note), icon=":material/info:")
    with st.expander("What the labels mean"):
        for label, meaning in MEANINGS.items():
            st.markdown(f"- **{label.value}**: {meaning}")
    _show_figures(answer)
    if answer.branches:
        going.show(answer.branches)
    if answer.datasets:
        st.subheader("What wants a decision")
        _show_rows(answer.datasets, answer.currency)


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


def _show_figures(answer: Orphans) -> None:
    """What the dead among them take up, as far as it is known."""
    if not answer.bytes and answer.cost is None:
        return
    size, price = st.columns(4)[:2]
    size.metric("Held by the dead", bytes_in_words(answer.bytes), border=True)
    if answer.cost is not None:
        how = "An estimate: sizes as catalogues told them, runs and sources as the logs show them."
        amount = money(answer.cost, answer.currency or "")
        price.metric("A month, about", amount, border=True, help=how)


def _show_rows(every: Sequence[Orphan], currency: str | None) -> None:
    rows, ways = every[:_SHOWN_ROWS], ways_out(decided())
    column = st.column_config
    st.dataframe(
        row_table(rows, ways),
        hide_index=True,
        height=wording.table_height(len(rows)),
        column_config={
            "dataset": column.ButtonColumn(
                "Dataset", type="tertiary", alignment="left", pinned=True, key=_OPENED
            ),
            "labels": column.ListColumn("Labels", width=290),
            "why": column.TextColumn("Why", width="large"),
            "size": column.NumberColumn("Size", format="bytes", help="As its catalogue told."),
            "cost": column.NumberColumn(
                f"{currency or 'Cost'} a month",
                format="%.2f",
                help="An estimate from sizes, runs and the imported prices.",
            ),
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
        lambda: effects.csv_of(row_table(every, ways)),
        "orphans.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def ways_out(known: Mapping[DatasetId, Stewardship]) -> dict[str, str]:
    """How far each dataset has got on its way out, of those that are on it."""
    return {
        str(dataset): one.deprecation.state.value
        for dataset, one in known.items()
        if one.deprecation.state is not State.ACTIVE
    }


def row_table(rows: Sequence[Orphan], ways: Mapping[str, str]) -> effects.Table:
    """A row for each dataset; ways: how far those are that are on their way out."""
    table: effects.Table = {
        "dataset": [wording.name_in(row.dataset) for row in rows],
        "labels": [[label.value for label in row.classes] for row in rows],
    }
    if any(row.bytes is not None for row in rows):
        table["size"] = [row.bytes for row in rows]
    if any(row.cost is not None for row in rows):
        table["cost"] = [row.cost for row in rows]
    if ways:
        table["On its way out"] = [ways.get(row.dataset, "") for row in rows]
    return table | {
        "why": [" ".join(row.evidence) for row in rows],
        "Owner": [row.owner or "none" for row in rows],
        "Domain": [row.domain or "" for row in rows],
        "Last read": [row.last_read or "never" for row in rows],
        "Last write": [row.last_write or "never" for row in rows],
    }


if __name__ == "__main__":
    show()
