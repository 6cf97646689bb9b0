"""Scorecards: how well domains and teams look after their data, and who uses whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from app.views import effects, wording
from app.views.access import remembered
from lineage.analyses.disuse.cost import bytes_in_words, money
from lineage.analyses.estate.domains import Product
from lineage.analyses.estate.flows_between import Candidate, FlowBetween
from lineage.analyses.estate.scorecard import Card, Group, Scorecards, scorecards
from lineage.analyses.estate.traits import MEASURES, Measure
from lineage.store import Store

_EVERY: Final = "All"
_NONE: Final = "none"
_OPENED: Final = "opened candidate"
_MOST_ENDS: Final = 30  # rows and columns of the matrix
_NARROW: Final = 92  # pixels: nine columns side by side
_HELP: Final = "Empty: it cannot be told by what was imported."


@remembered
def _scorecards(store: Store, by: Group, name: str | None, trend: bool) -> Scorecards:
    return scorecards(store, by, name, trend=trend)


def show() -> None:
    """Shows the cards of all domains or teams, or one of them."""
    st.title("Who looks after their data?")
    by, name = _choose()
    answer = _scorecards(by, name, False)
    st.markdown(f"#### {wording.escaped(answer.verdict)}")
    st.caption(wording.escaped(wording.heard(answer.window, answer.coverage)))
    if name is None:
        _show_cards(answer.cards, by)
    else:
        _show_card(answer.cards[0], answer.currency)
    if answer.flows:
        _show_flows(answer.flows)
    if answer.products:
        st.subheader("Data products")
        st.dataframe(product_table(answer.products), hide_index=True, alt="Data products")
    if answer.candidates:
        _show_candidates(answer.candidates)
    _show_history(by, name)


def _choose() -> tuple[Group, str | None]:
    """Domains or teams, and which of them, from the URL at first and into it when they change."""
    left, middle, _ = st.columns([1, 2, 3])
    known = [group.value for group in Group]
    asked = st.query_params.get("by", Group.DOMAIN.value)
    chosen = left.segmented_control("By", known, default=asked if asked in known else known[0])
    by = Group(chosen or known[0])
    names = [card.name for card in _scorecards(by, None, False).cards if card.name]
    options = [_EVERY, *sorted(names)]
    wanted = st.query_params.get("of", _EVERY)
    index = options.index(wanted) if wanted in options else 0
    name = middle.selectbox("Of", options, index=index)
    st.query_params.from_dict({"by": by.value} | ({} if name == _EVERY else {"of": name}))
    return by, None if name == _EVERY else name


def _show_cards(cards: Sequence[Card], by: Group) -> None:
    column = st.column_config
    shares = {
        name: column.ProgressColumn(
            name.capitalize(), format="percent", max_value=1.0, help=how, width=_NARROW
        )
        for name, how in {**MEASURES, "score": f"The mean of what can be told. {_HELP}"}.items()
    }
    st.dataframe(
        card_table(cards, by),
        hide_index=True,
        height=wording.table_height(len(cards)),
        column_config=shares,
        alt="A row for each card",
    )
    st.caption(_HELP)


def card_table(cards: Sequence[Card], by: Group) -> effects.Table:
    """A row for each card: its shares, and how much nobody needs."""
    table: effects.Table = {
        by.value.capitalize(): [card.name or _NONE for card in cards],
        "Datasets": [card.datasets for card in cards],
        "score": [_rounded(card.score) for card in cards],
    }
    for name in MEASURES:
        table[name] = [_rounded(card.measures[name].share) for card in cards]
    table["Not needed"] = [card.dead for card in cards]
    table["In products"] = [card.exposed for card in cards]
    return table


def _rounded(share: float | None) -> float | None:
    """A share in whole percent: tables print what they are given."""
    return None if share is None else round(share, 2)


def _show_card(card: Card, currency: str | None) -> None:
    figures = (
        ("Datasets", f"{card.datasets:,}"),
        ("Exposed by a product", f"{card.exposed:,}"),
        ("Not needed", f"{card.dead:,}"),
        ("Size", bytes_in_words(card.bytes) if card.bytes else ""),
        ("A month, about", money(card.cost, currency or "") if card.cost is not None else ""),
    )
    told = [(label, number) for label, number in figures if number]
    for cell, (label, number) in zip(st.columns(len(told)), told, strict=True):
        cell.metric(label, number, border=True)
    left, right = st.columns(2)
    for place, title, found in (
        (left, "Measures", card.measures),
        (right, "Traits of a data product", card.traits),
    ):
        place.subheader(title)
        place.dataframe(
            measure_table(found),
            hide_index=True,
            height=wording.table_height(len(found)),
            column_config={
                "share": st.column_config.ProgressColumn("Share", format="percent", max_value=1.0),
                "how": st.column_config.TextColumn("Looked at", width="medium"),
            },
            alt=title,
        )


def measure_table(found: Mapping[str, Measure]) -> effects.Table:
    """A row for each measure, with what it looks at and what does not meet it."""
    return {
        "Measure": [name.capitalize() for name in found],
        "share": [_rounded(one.share) for one in found.values()],
        "Met": [f"{one.met:,} of {one.judged:,}" for one in found.values()],
        "Cannot tell": [one.cannot_tell for one in found.values()],
        "how": [one.how for one in found.values()],
        "Not met by": [", ".join(map(wording.name_in, one.missing)) for one in found.values()],
    }


def _show_flows(flows: Sequence[FlowBetween]) -> None:
    st.subheader("Who uses whose data")
    st.caption("Datasets of the row that the domain of the column still reads.")
    matrix = flow_matrix(flows)
    st.dataframe(
        matrix,
        hide_index=True,
        height=wording.table_height(len(matrix["Data of"])),
        column_config={"Data of": st.column_config.TextColumn(pinned=True)},
        alt="Datasets read from domain to domain",
    )
    with st.expander("Every flow, with its reads"):
        st.dataframe(
            flow_table(flows),
            hide_index=True,
            column_config={"Reads": st.column_config.NumberColumn(format="localized")},
            alt="Flows from domain to domain",
        )


def flow_matrix(flows: Sequence[FlowBetween]) -> effects.Table:
    """How many datasets of each domain each other one reads; the widest domains first."""
    counts = {(one.source or _NONE, one.reader or _NONE): one.datasets for one in flows}
    sources = list(dict.fromkeys(source for source, _ in counts))[:_MOST_ENDS]
    readers = list(dict.fromkeys(reader for _, reader in counts))[:_MOST_ENDS]
    table: effects.Table = {"Data of": list(sources)}
    for reader in readers:
        table[reader] = [str(counts.get((source, reader), "")) for source in sources]
    return table


def flow_table(flows: Sequence[FlowBetween]) -> effects.Table:
    """A row for each flow."""
    return {
        "Data of": [one.source or _NONE for one in flows],
        "Used by": [one.reader or _NONE for one in flows],
        "Datasets": [one.datasets for one in flows],
        "Private": [one.private for one in flows],
        "Consumers": [one.consumers for one in flows],
        "Jobs": [one.jobs for one in flows],
        "Reads": [one.reads for one in flows],
    }


def product_table(found: Sequence[Product]) -> effects.Table:
    """A row for each product, and what it exposes."""
    return {
        "Product": [one.product for one in found],
        "Domain": [one.domain or _NONE for one in found],
        "Exposes": [[wording.name_in(name) for name in one.datasets] for one in found],
        "What it is": [one.description for one in found],
    }


def _show_candidates(found: Sequence[Candidate]) -> None:
    st.subheader("What should become a product")
    st.caption("Other teams rely on it, it is in no product, and nobody has said it is supported.")
    st.dataframe(
        candidate_table(found),
        hide_index=True,
        height=wording.table_height(len(found)),
        column_config={
            "dataset": st.column_config.ButtonColumn(
                "Dataset", type="tertiary", alignment="left", pinned=True, key=_OPENED
            ),
            "teams": st.column_config.ListColumn("Teams"),
            "use": st.column_config.NumberColumn(
                "Use", format="%.0f", help="Each active day of a reader once, halved every 30 days."
            ),
        },
        alt="What should become a product",
    )
    if opened := st.session_state.get(_OPENED):
        query = {"dataset": found[opened.row].dataset}
        st.switch_page("views/dataset.py", query_params=query)


def candidate_table(found: Sequence[Candidate]) -> effects.Table:
    """A row for each candidate, those of most teams first."""
    return {
        "dataset": [wording.name_in(one.dataset) for one in found],
        "Owner": [one.owner or _NONE for one in found],
        "Domain": [one.domain or "" for one in found],
        "teams": [list(one.teams) for one in found],
        "Consumers": [one.consumers for one in found],
        "Jobs": [one.jobs for one in found],
        "use": [one.usage for one in found],
    }


def _show_history(by: Group, name: str | None) -> None:
    if not st.toggle("Month by month"):
        return
    history = _scorecards(by, name, True).history
    days = sorted({one.day for one in history})
    scores = {(one.name, one.day): one.score for one in history}
    table: effects.Table = {"Day": list(days)}
    for card in dict.fromkeys(one.name for one in history):
        table[card or _NONE] = [scores.get((card, day)) for day in days]
    st.line_chart(table, x="Day", y_label="Score")
    st.caption("Owners, descriptions and levels are those of today.")


if __name__ == "__main__":
    show()
