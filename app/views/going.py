"""What can go together: in which order, what it saves, whether it is proven to be out of use."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import streamlit as st

from app.text.impact_words import step_name
from app.views import wording
from app.views.access import remembered, resolved
from app.views.effects import Table
from lineage.analyses.disuse.dead_branches import DeadBranch
from lineage.analyses.proof.certificate import Certificate, Fact, State
from lineage.analyses.proof.prove import prove_unused
from lineage.analyses.wording import quantity
from lineage.names import DatasetId
from lineage.store import Store

_SHOWN_BRANCHES: Final = 200
_SHOWN_MISSING: Final = 10
_COLOURS: Final[Mapping[State, Literal["green", "red", "orange"]]] = {
    State.PROVEN: "green",
    State.REFUTED: "red",
    State.INSUFFICIENT: "orange",
}


@remembered
def _certificate(store: Store, datasets: tuple[DatasetId, ...], day: str) -> Certificate:
    """The certificate about these datasets; day: it counts what was decided by then."""
    return prove_unused(store, datasets, issued=dt.datetime.now(dt.UTC))


def show(every: Sequence[DeadBranch]) -> None:
    """Shows the closed sets of dead datasets, and the proof of the one that is chosen."""
    st.subheader("What can go")
    st.caption(
        "Nobody alive needs these, and nothing outside a set is made of a member. "
        "Select one to see in which order it goes, and whether it is proven to be out of use."
    )
    rows = every[:_SHOWN_BRANCHES]
    column = st.column_config
    event = st.dataframe(
        branch_table(rows),
        hide_index=True,
        height=wording.table_height(len(rows)),
        on_select="rerun",
        selection_mode="single-row",
        key="branches",
        column_config={
            "what": column.ListColumn("Datasets", width=470),
            "cost": column.NumberColumn(
                f"{rows[0].currency or 'Cost'} a month",
                format="%.2f",
                help="An estimate from sizes, runs and the imported prices.",
            ),
            "size": column.NumberColumn("Size", format="bytes", help="As its catalogue told."),
            "owners": column.ListColumn("Owners"),
        },
        alt="Sets of datasets that can go",
    )
    if more := wording.more_than(len(every), len(rows), "`lineage orphans` lists all"):
        st.caption(more)
    if chosen := event.selection.rows:
        _show_branch(rows[chosen[0]])


def branch_table(rows: Sequence[DeadBranch]) -> Table:
    """A row for each set, the most expensive first."""
    table: Table = {"what": [[wording.name_in(one) for one in row.datasets] for row in rows]}
    if any(row.bytes for row in rows):
        table["size"] = [row.bytes or None for row in rows]
    if any(row.cost is not None for row in rows):
        table["cost"] = [row.cost for row in rows]
    return table | {
        "Jobs to stop": [sum(len(step.jobs) for step in row.steps) for row in rows],
        "owners": [list(row.owners) for row in rows],
    }


def _show_branch(branch: DeadBranch) -> None:
    with st.container(border=True):
        st.markdown("##### In this order nothing fails on the way")
        st.dataframe(step_table(branch), hide_index=True, alt="In which order it can go")
        datasets = tuple(resolved(one) for one in branch.datasets)
        _show_certificate(_certificate(datasets, dt.datetime.now(dt.UTC).date().isoformat()))
        names = " ".join(map(shlex.quote, branch.datasets))
        lines = [f"lineage prove-unused {names} --to unused.cert.json"]
        lines.append("lineage verify unused.cert.json   # again, right before it is dropped")
        st.code("\n".join(lines), language="shell", wrap_lines=True)


def step_table(branch: DeadBranch) -> Table:
    """A row for each step: which jobs to stop, which datasets to drop then."""
    return {
        "Step": list(range(1, len(branch.steps) + 1)),
        "Stop": [", ".join(map(step_name, step.jobs)) or "" for step in branch.steps],
        "Then drop": [", ".join(map(wording.name_in, step.datasets)) for step in branch.steps],
    }


def _show_certificate(found: Certificate) -> None:
    head = st.container(horizontal=True, vertical_alignment="center")
    head.markdown("##### Is it proven?", width="content")
    head.badge(found.state.value, color=_COLOURS[found.state])
    st.markdown(wording.escaped(found.verdict))
    st.dataframe(
        fact_table(found.facts),
        hide_index=True,
        column_config={"Found": st.column_config.TextColumn(width="large")},
        alt="The conditions of the proof",
    )
    missing = found.missing[:_SHOWN_MISSING]
    st.markdown("\n".join(f"- {wording.escaped(f'Missing: {one.what}.')}" for one in missing))
    if len(found.missing) > len(missing):
        st.caption(f"{quantity(len(found.missing) - len(missing), 'more thing')} missing.")


def fact_table(facts: Sequence[Fact]) -> Table:
    """A row for each condition of the proof."""
    words = {True: "yes", False: "no", None: "cannot tell"}
    return {
        "Holds": [words[one.holds] for one in facts],
        "Condition": [one.condition.sentence for one in facts],
        "Found": [one.value for one in facts],
    }
