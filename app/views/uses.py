"""Who uses a dataset: teams first, then each consumer and job with the statements as proof."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.views import portrait, statements, wording
from app.views.access import remembered
from lineage.analyses.use.rollup import Share
from lineage.analyses.use.together import Together
from lineage.analyses.use.usage import Use, WhoUses
from lineage.names import DatasetId, ProcessId
from lineage.resolve import resolve_process
from lineage.store import Store

_OPENED = "opened column"
Table = dict[str, list[object]]


@remembered
def _process(store: Store, consumer: str) -> ProcessId:
    return resolve_process(store, consumer)


def show(facts: portrait.Portrait, answer: WhoUses) -> None:
    """Shows who uses a dataset or one of its columns."""
    dataset = facts.dataset
    current = [use for use in answer.consumers if not use.superseded]
    if not current:
        _show_nobody(answer)
        return
    column = st.column_config
    left, right = st.columns([2, 1])
    left.markdown("##### Teams")
    left.dataframe(
        team_table(answer.teams),
        hide_index=True,
        column_config={
            "People": column.TextColumn(alignment="right"),
            "Reads": column.NumberColumn(format="localized"),
        },
        alt="Teams that use it",
    )
    right.markdown("##### Direct reads by week")
    weeks = range(1 - len(facts.trend), 1)
    right.bar_chart(
        {"weeks ago": list(weeks), "reads": facts.trend}, x="weeks ago", y="reads", height=170
    )
    st.markdown("##### Consumers and jobs, the most important first")
    event = st.dataframe(
        use_table(current, answer.column),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"uses {dataset} {answer.column or ''}",
        column_config={
            "who": column.TextColumn("Who", pinned=True, width="medium"),
            "kind": "Kind",
            "team": "Team",
            "roles": column.ListColumn("Uses it as", width="large"),
            "reads": column.NumberColumn("Reads", format="localized"),
            "days": "Active days",
            "cadence": "Rhythm",
            "first": "First",
            "last": "Last",
            "next": "Next expected",
            "alive": column.TextColumn("State", help="Silent: quieter than its rhythm allows."),
            "band": column.TextColumn("Certainty", help="How sure it is that this is a use."),
            "url": column.LinkColumn("Link", display_text="Open"),
        },
        alt="Consumers and jobs that use it",
    )
    if rows := event.selection.rows:
        _show_proof(dataset, current[rows[0]])
    else:
        st.caption("Select a row to see the statements that prove it.")
    _show_together(answer)
    _show_bots(answer)


def _show_nobody(answer: WhoUses) -> None:
    st.info(
        "Nobody was seen to read it. That is a fact about these logs, not about the world: "
        f"{wording.escaped(wording.heard(answer.window, answer.coverage))}"
    )
    _show_bots(answer)


def team_table(teams: Sequence[Share]) -> Table:
    """A row for each team, the one with most reads first."""
    return {
        "Team": [team.name or "no known team" for team in teams],
        "Domain": [", ".join(team.within) for team in teams],
        "Consumers": [team.consumers for team in teams],
        "Jobs": [team.jobs for team in teams],
        "People": [str(team.people) for team in teams],
        "Reads": [team.reads for team in teams],
        "Last read": [team.last or "" for team in teams],
        "Next expected": [team.next or "" for team in teams],
    }


def _show_together(answer: WhoUses) -> None:
    if answer.together:
        st.markdown("##### Used together with")
        st.dataframe(
            together_table(answer.together),
            hide_index=True,
            height=wording.table_height(len(answer.together)),
            column_config={"Reads together": st.column_config.NumberColumn(format="localized")},
            alt="Datasets that the same statements read",
        )


def together_table(found: Sequence[Together]) -> Table:
    """A row for each dataset that the same statements read, the most often read first."""
    return {
        "Dataset": [wording.name_in(one.dataset) for one in found],
        "Reads together": [one.reads for one in found],
        "By": [len(one.users) for one in found],
        "Joined by": [", ".join(one.columns) for one in found],
        "to": [", ".join(one.other_columns) for one in found],
        "Last": [one.last or "" for one in found],
    }


def use_table(uses: Sequence[Use], column: str | None) -> Table:
    """A row for each consumer or job; `column`: only the roles of that one."""
    return {
        "who": [use.title or wording.name_in(use.consumer) for use in uses],
        "kind": [use.kind for use in uses],
        "team": [use.team or "" for use in uses],
        "roles": [wording.roles_of(use.column_roles, column) for use in uses],
        "reads": [use.reads for use in uses],
        "days": [use.days for use in uses],
        "cadence": [use.cadence for use in uses],
        "first": [use.first or "" for use in uses],
        "last": [use.last or "" for use in uses],
        "next": [(use.alive and use.next) or "" for use in uses],
        "alive": ["alive" if use.alive else "silent" for use in uses],
        "band": [use.band for use in uses],
        "url": [use.url or None for use in uses],
    }


def _show_proof(dataset: DatasetId, use: Use) -> None:
    name = wording.escaped(use.title or wording.name_in(use.consumer))
    st.markdown(f"##### Statements of {name}")
    if use.via:
        views = wording.first_names([wording.name_in(view) for view in use.via])
        st.caption(wording.escaped(f"Reads it through {views}."))
    statements.show(_process(use.consumer), dataset)


def _show_bots(answer: WhoUses) -> None:
    if answer.ignored:
        names = wording.first_names([wording.name_in(bot.consumer) for bot in answer.ignored])
        st.caption(wording.escaped(f"Not counted, because they read everything: {names}."))


def show_columns(facts: portrait.Portrait, answer: WhoUses) -> None:
    """Shows the columns, and who uses each in which role."""
    if not facts.columns:
        st.info(
            "Its columns are not known. Import a catalogue export (`lineage import --catalog`), "
            "or logs that hold its CREATE TABLE."
        )
        return
    column = st.column_config
    st.caption(
        "Open a column to see who uses it. One that nobody names may still be read by SELECT \\*. "
        + wording.escaped(wording.heard(answer.window, answer.coverage))
    )
    st.dataframe(
        column_table(facts, answer),
        hide_index=True,
        height=wording.table_height(len(facts.columns)),
        column_config={
            "column": column.ButtonColumn(
                "Column", type="tertiary", alignment="left", pinned=True, key=_OPENED
            ),
            "roles": column.ListColumn("As"),
            "Reads": column.NumberColumn(format="localized"),
        },
        alt="Columns and their use",
    )
    if opened := st.session_state.get(_OPENED):
        name = facts.columns[opened.row].name
        query = {"dataset": str(facts.dataset), "column": name}
        st.switch_page("views/dataset.py", query_params=query)


def column_table(facts: portrait.Portrait, answer: WhoUses) -> Table:
    """A row for each column, in the order of the table."""
    uses = [use for use in answer.consumers if not use.superseded]
    names = [column.name for column in facts.columns]
    by = {name: [use for use in uses if name in use.column_roles] for name in names}
    seen = {column.column: column for column in answer.columns}
    return {
        "column": list(names),
        "Type": [column.type for column in facts.columns],
        "Consumers": [sum(use.kind != "job" for use in by[name]) for name in names],
        "Jobs": [sum(use.kind == "job" for use in by[name]) for name in names],
        "Teams": [len({use.team for use in by[name] if use.team}) for name in names],
        "roles": [
            sorted({word for use in by[name] for word in wording.roles_of(use.column_roles, name)})
            for name in names
        ],
        "Reads": [seen[name].reads if name in seen else 0 for name in names],
        "Since": [(name in seen and seen[name].first) or "" for name in names],
        "Last used": [(name in seen and seen[name].last) or "" for name in names],
        "Description": [column.description for column in facts.columns],
    }
