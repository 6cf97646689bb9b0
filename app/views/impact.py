"""What breaks: a change in words or DDL, whom to tell, and the statements that prove it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import streamlit as st

from app.canvas import CanvasGraph, lineage_canvas
from app.text import impact_csv, impact_html, impact_markdown
from app.text.impact_report import Report, numbered, report_of, without_people
from app.views import compose, effects, wording
from app.views.access import known_names, opened_store, remembered
from app.views.picture import card_id
from ingest.changes import changes_of, looks_like_sql
from lineage.analyses.breaking.change import Change, parse_change
from lineage.analyses.breaking.impact import Impact, impact
from lineage.analyses.breaking.items import Item
from lineage.analyses.breaking.subjects import tied
from lineage.analyses.breaking.weights import Ring
from lineage.analyses.listening.coverage import Logs
from lineage.analyses.listening.unread import Unjudged
from lineage.analyses.reach.graph import Graph
from lineage.analyses.wording import quantity
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId
from lineage.store import Store

_CHANGE = "change"
_SHOWN_ITEMS = 500


@remembered
def _impact(store: Store, text: str) -> Impact:
    changes, not_read = changes_in(text)
    answer = impact(store, changes)
    unread = tuple(Unjudged("change", sentence) for sentence in not_read)
    return msgspec.structs.replace(answer, unjudged=(*unread, *answer.unjudged))


def changes_in(text: str) -> tuple[list[Change], list[str]]:
    """The changes that words or DDL say, and a sentence for each statement that is none.

    Raises:
        InvalidChange: they say none.
    """
    if looks_like_sql(text):
        found, not_read = changes_of(text, "")
        return list(found), list(not_read)
    return [parse_change(text)], []


class _Drawn(msgspec.Struct, frozen=True):
    """The canvas of changes, the card it opens on, and the column whose path is lit at first."""

    graph: CanvasGraph
    focus: str
    column: str | None


@remembered
def _picture(store: Store, text: str) -> _Drawn:
    subjects = [subject for _, subject in tied(store, changes_in(text)[0]).known]
    starts = [one.dataset if isinstance(one, ColumnId) else one for one in subjects]
    members = [one for one in starts if isinstance(one, DatasetId | JobId | ConsumerId)]
    answer = _impact(text)
    graph = Graph(store, Logs(store).as_of)
    drawn = effects.picture(graph, members, answer.items, answer.window)
    first = subjects[0]
    column = first.name if isinstance(first, ColumnId) and len(subjects) == 1 else None
    return _Drawn(drawn, card_id(starts[0]), column)


def show() -> None:
    """Shows what the change that the URL names does."""
    st.title("What breaks if I change it?")
    text = st.text_input(
        "The change, in words or as DDL",
        key=_CHANGE,
        bind="query-params",
        placeholder="drop column shop.orders.discount",
        icon=":material/bolt:",
    )
    compose.show(_CHANGE, is_open=not text)
    if not text:
        return
    answer = _impact(text)
    st.markdown(f"#### {wording.escaped(answer.verdict)}")
    st.caption(wording.escaped(_circumstances(answer)))
    _show_figures(answer)
    if answer.items:
        _show_teams(answer)
        _show_picture(text, len(answer.items))
        _show_items(answer)
    _show_unjudged(answer)


def _circumstances(answer: Impact) -> str:
    said = [wording.heard(answer.window, answer.coverage)]
    if answer.elsewhere:
        said.append(f"{quantity(answer.elsewhere, 'dataset')} outside production not shown.")
    if answer.ignored:
        said.append(f"{quantity(answer.ignored, 'bot')} not counted.")
    return " ".join(said)


def _show_figures(answer: Impact) -> None:
    rings = [item.ring for item in answer.items]
    figures = (
        ("Fails", rings.count(Ring.FAILS), "The statement errors."),
        ("Changes silently", rings.count(Ring.WRONG), "It runs, and its result is another one."),
        ("Gets stale", rings.count(Ring.STALE), "Its data is no longer refreshed."),
        ("Teams to tell", sum(one.team is not None for one in answer.teams), "Teams of these."),
    )
    for cell, (label, number, explanation) in zip(st.columns(4), figures, strict=True):
        cell.metric(label, f"{number:,}", border=True, help=explanation)


def _show_teams(answer: Impact) -> None:
    st.markdown("##### Whom to tell")
    st.dataframe(effects.team_table(answer.teams), hide_index=True, alt="Teams to tell")
    notices = {part.team: part.notice for part in _leaving(answer).parts if part.notice}
    if notices:
        with st.expander("What to write to them"):
            name = st.selectbox("Team", list(notices))
            st.code(notices[name], language=None, wrap_lines=True)


def _leaving(answer: Impact) -> Report:
    """The report as it may leave the house: with teams and without people."""
    names = numbered(answer, known_names().people)
    return report_of(without_people(answer, names), store=opened_store().url)


def _show_downloads(answer: Impact) -> None:
    forms = {
        "Markdown": (impact_markdown.render, "impact.md", "text/markdown"),
        "HTML": (impact_html.render, "impact.html", "text/html"),
        "CSV": (impact_csv.render, "impact.csv", "text/csv"),
    }
    for cell, (form, (render, file, kind)) in zip(st.columns(6), forms.items(), strict=False):
        cell.download_button(
            form,
            partial(_rendered, render, answer),
            file,
            kind,
            icon=":material/download:",
            on_click="ignore",
        )


def _rendered(render: Callable[[Report], str], answer: Impact) -> str:
    return render(_leaving(answer))


def _show_picture(text: str, items: int) -> None:
    drawn = _picture(text)
    cards = sum(node.get("impact") not in (None, "origin") for node in drawn.graph["nodes"])
    if cards < items:
        st.caption(f"The picture has room for {cards} of the {items:,} that are listed below.")
    lineage_canvas(
        drawn.graph,
        focus=drawn.focus,
        select=drawn.focus if drawn.column else None,
        select_column=drawn.column,
        height=520,
        key="impact canvas",
    )


def _show_items(answer: Impact) -> None:
    st.markdown("##### What happens to what")
    shown = answer.items[:_SHOWN_ITEMS]
    column = st.column_config
    event = st.dataframe(
        effects.item_table(shown),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"items {answer.change}",
        column_config={
            "ring": "What happens",
            "who": column.TextColumn("To", pinned=True, width="medium"),
            "kind": "Kind",
            "team": "Team",
            "level": "Severity",
            "severity": column.ProgressColumn("of 100", min_value=0, max_value=100, format="%d"),
            "band": column.TextColumn("Certainty", help="Of the weakest step on the way there."),
            "why": column.TextColumn("Why", width="large"),
            "columns": column.ListColumn("Its columns that change"),
            "last": "Last read",
            "next": "Next expected",
        },
        alt="Datasets, jobs and consumers that the change reaches",
    )
    if rows := event.selection.rows:
        _show_proof(shown[rows[0]])
    else:
        more = wording.more_than(len(answer.items), len(shown), "the CSV has all")
        st.caption(f"Select a row to see the way there and the statement that proves it.{more}")
    _show_downloads(answer)


def _show_proof(item: Item) -> None:
    st.markdown(f"##### {wording.escaped(effects.who(item))}")
    steps = " → ".join(wording.name_in(step) for step in item.path)
    st.caption(wording.escaped(f"{steps}: {item.band}{f' ({item.cause})' if item.cause else ''}"))
    if item.statement:
        st.code(item.statement, language="sql", wrap_lines=True)
    else:
        st.caption("No statement text: the edge was told by OpenLineage or declared.")


def _show_unjudged(answer: Impact) -> None:
    if not answer.unjudged:
        return
    with st.expander(f"{quantity(len(answer.unjudged), 'reference')} that could not be judged"):
        for one in answer.unjudged:
            name = wording.escaped(wording.name_in(one.id))
            st.markdown(f"- **{name}**: {wording.escaped(one.reason)}")
            if one.statement:
                st.code(one.statement, language="sql", wrap_lines=True)


if __name__ == "__main__":
    show()
