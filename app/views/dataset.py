"""A dataset: who uses it, what it is made of, what is made of it, its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.views import lineage_tab, portrait, stewardship_tab, uses, wording
from app.views.access import LAST_SEARCH, decided, opened_store, remembered, resolved
from lineage.analyses.stewardship.lifecycle import State
from lineage.analyses.stewardship.stewardship import UNDECIDED, Level
from lineage.analyses.use.trend import Trend
from lineage.analyses.use.usage import WhoUses, who_uses
from lineage.analyses.wording import quantity
from lineage.model import FLOW
from lineage.names import DatasetId
from lineage.resolve import column_of
from lineage.store import Direction, Store

_TABS = ["Who uses it", "Lineage", "Columns", "Stewardship"]
_LEVELS: Final[Mapping[Level, Literal["green", "blue", "red"]]] = {
    Level.GUARANTEED: "green",
    Level.SUPPORTED: "green",
    Level.BEST_EFFORT: "blue",
    Level.DECLINED: "red",
}
_portrait = remembered(portrait.portrait)


@remembered
def _who_uses(store: Store, dataset: DatasetId, column: str | None) -> WhoUses:
    return who_uses(store, dataset, column)


@remembered
def _behind(store: Store, dataset: DatasetId) -> int:
    """How many datasets are made of this one, at any distance."""
    reached = store.reach([dataset], Direction.DOWN, FLOW)
    return sum(isinstance(node, DatasetId) for node in reached) - 1


def show() -> None:
    """Shows the dataset that the URL names."""
    text = st.query_params.get("dataset", "")
    if not text:
        st.title("Which dataset?")
        st.page_link("views/home.py", label="Search all datasets", icon=":material/search:")
        return
    dataset = resolved(text)
    column = _column(dataset)
    facts, answer = _portrait(dataset), _who_uses(dataset, column)
    _show_head(facts)
    _show_verdict(facts, answer)
    _show_figures(facts, answer)
    use_tab, lineage, columns, stewardship = st.tabs(
        _TABS, key="tab", bind="query-params", on_change="rerun"
    )
    if use_tab.open:
        with use_tab:
            uses.show(facts, answer)
    if lineage.open:
        with lineage:
            lineage_tab.show(dataset, column)
    if columns.open:
        with columns:
            uses.show_columns(facts, _who_uses(dataset, None))
    if stewardship.open:
        with stewardship:
            stewardship_tab.show(dataset)


def _column(dataset: DatasetId) -> str | None:
    """The column that the URL names, as the dataset spells it."""
    text = st.query_params.get("column", "")
    return column_of(opened_store(), dataset, text).name if text else None


def _show_head(facts: portrait.Portrait) -> None:
    st.caption(wording.escaped(wording.place(facts.dataset)))
    head = st.container(horizontal=True, vertical_alignment="center")
    head.title(wording.escaped(wording.short_name(facts.dataset)), width="content", anchor=False)
    head.badge(facts.kind, color="blue")
    if facts.owner:
        head.badge(wording.escaped(facts.owner), icon=":material/group:", color="gray")
    else:
        head.badge("no owner", icon=":material/person_off:", color="orange")
    _show_standing(head, facts.dataset)
    if facts.dropped:
        head.badge("dropped", color="red")
    if facts.description:
        st.markdown(wording.escaped(facts.description))
    if facts.notes:
        st.caption(wording.escaped(" ".join(facts.notes)))


def _show_standing(head: DeltaGenerator, dataset: DatasetId) -> None:
    """Badges for what people decided: the support, a contract, a hold, the way out."""
    known = decided((dataset,)).get(dataset, UNDECIDED)
    level, going = known.support.level, known.deprecation
    if level in _LEVELS:
        head.badge(level.value, icon=":material/handshake:", color=_LEVELS[level])
    if known.contract:
        said = f"contract {known.contract.id} {known.contract.version}"
        head.badge(wording.escaped(said), icon=":material/contract:", color="gray")
    if known.hold:
        head.badge("on hold", icon=":material/lock:", color="blue")
    if going.state is not State.ACTIVE:
        until = f", to go on {going.until}" if going.until else ""
        head.badge(f"{going.state.value}{until}", icon=":material/auto_delete:", color="red")


def _show_verdict(facts: portrait.Portrait, answer: WhoUses) -> None:
    st.markdown(f"#### {wording.escaped(answer.verdict)}")
    st.caption(wording.escaped(f"{_origin(facts)} {wording.heard(answer.window, answer.coverage)}"))
    links = st.container(horizontal=True)
    links.page_link(
        "views/home.py",
        label="Back to search",
        icon=":material/arrow_back:",
        query_params={"q": st.session_state.get(LAST_SEARCH, "")},
    )
    if answer.column:
        everything = {"dataset": str(facts.dataset)}
        links.page_link(
            "views/dataset.py",
            label=f"All columns, not only {wording.escaped(answer.column)}",
            icon=":material/close:",
            query_params=everything,
        )
    change = f"drop column {facts.dataset}.{answer.column}" if answer.column else ""
    links.page_link(
        "views/impact.py",
        label="What breaks if I change it?",
        icon=":material/bolt:",
        query_params={"change": change or f"drop dataset {facts.dataset}"},
    )


def _origin(facts: portrait.Portrait) -> str:
    """Who owns it, and who writes it."""
    owner = f"Owned by {facts.owner}." if facts.owner else "Nobody owns it."
    contact = f" Contact: {facts.contact}." if facts.contact else ""
    if not facts.writers:
        return f"{owner}{contact} Nothing was seen to write it."
    names = wording.first_names([writer.name for writer in facts.writers], 2)
    last = facts.writers[0].last
    return f"{owner}{contact} Written by {names}{f', last on {last}' if last else ''}."


def _show_figures(facts: portrait.Portrait, answer: WhoUses) -> None:
    current = [use for use in answer.consumers if not use.superseded]
    alive = [use for use in current if use.alive and use.kind != "job"]
    reads = sum(use.reads for use in current)
    teams = {use.team for use in alive if use.team}
    span = quantity(answer.window.days, "day")
    read = "Succeeded reads of consumers and jobs, without bots."
    figures = (
        (f"Reads, {span}", reads, read, _change(answer.trend)),
        ("Consumers alive", len(alive), "Dashboards, people, applications that may return.", None),
        ("Teams", len(teams), "Teams of the consumers that are alive.", None),
        ("Datasets made of it", _behind(facts.dataset), "At any distance downstream.", None),
    )
    for cell, (label, number, explanation, change) in zip(st.columns(4), figures, strict=True):
        cell.metric(label, f"{number:,}", change, border=True, help=explanation, height="stretch")
    _show_comings(answer)


def _change(trend: Trend | None) -> str | None:
    """How many percent more or less is read than before."""
    if trend is None or trend.change is None:
        return None
    return f"{trend.change:+.0%} against the time before"


def _show_comings(answer: WhoUses) -> None:
    """Who has come and who has gone since the window before."""
    if answer.trend is None:
        return
    titles = {use.consumer: use.title for use in answer.consumers}
    for word, names in (("New", answer.trend.new), ("Gone", answer.trend.gone)):
        if names:
            called = [titles.get(name) or wording.name_in(name) for name in names]
            since = f"since {answer.trend.now.first}"
            st.caption(wording.escaped(f"{word} {since}: {wording.first_names(called)}."))


if __name__ == "__main__":
    show()
