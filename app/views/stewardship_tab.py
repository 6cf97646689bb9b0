"""What people decided about a dataset and promise of it, how it is, and what it costs."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Sequence

import streamlit as st

from app.text.deprecation import support_said
from app.views import standing, wording
from app.views.access import remembered, wanting
from app.views.effects import Table
from lineage.analyses.disuse.cost import Cost, money
from lineage.analyses.disuse.orphan_policy import Label
from lineage.analyses.disuse.orphans import Orphan
from lineage.analyses.stewardship.deprecation import Outlook, outlook
from lineage.analyses.stewardship.keeping import CheckedContract, Clause, Kept
from lineage.analyses.stewardship.lifecycle import State
from lineage.analyses.stewardship.ownership import Proposal
from lineage.analyses.wording import quantity
from lineage.names import DatasetId
from lineage.store import Store

_OWNERLESS = frozenset({Label.UNOWNED, Label.DANGLING_OWNER})
_SHOWN_CLAUSES = 100
_could_own = remembered(standing.could_own)
_checked = remembered(standing.checked_contracts)
_told = remembered(standing.told)
_priced = remembered(standing.priced)
_other_names = remembered(standing.other_names)


@remembered
def _outlook(store: Store, dataset: DatasetId) -> Outlook:
    return outlook(store, dataset)


def show(dataset: DatasetId) -> None:
    """Shows how a dataset stands: decisions, promises, quality, cost."""
    answer = _outlook(dataset)
    row = next((one for one in wanting().datasets if one.dataset == str(dataset)), None)
    st.markdown(f"##### {wording.escaped(answer.verdict)}")
    _show_decisions(answer, row)
    if row and _OWNERLESS & set(row.classes):
        _show_proposals(dataset)
    _show_contracts(dataset)
    _show_told(dataset)
    _show_cost(dataset)
    _show_names(dataset)
    _show_commands(dataset, answer)


def _show_decisions(answer: Outlook, row: Orphan | None) -> None:
    st.dataframe(
        decision_table(answer),
        hide_index=True,
        column_config={"Why": st.column_config.TextColumn(width="large")},
        alt="What people have decided",
    )
    if row:
        labels = ", ".join(label.value for label in row.classes)
        st.caption(wording.escaped(f"Wants a decision ({labels}): {' '.join(row.evidence)}"))


def decision_table(answer: Outlook) -> Table:
    """A row for the owner, the support, a hold, and each step on the way out."""
    support, people = answer.support, answer.people
    rows = [("Owner", answer.owner or "nobody", "", "", "", "")]
    rows.append(
        ("Support", support_said(support), support.since or "", support.until or "",
         people.get(support.by, support.team or ""), support.reason)
    )  # fmt: skip
    if hold := answer.hold:
        rows.append(
            ("Hold", "may not go", hold.since or "", hold.until or "",
             people.get(hold.by, ""), hold.reason)
        )  # fmt: skip
    for step in answer.deprecation.history:
        said = f"{step.state.value}, void" if step.void else step.state.value
        by = people.get(step.by, step.team or "") if step.by else "a reader"
        reason = step.reader.said if step.reader else step.reason
        rows.append(("On its way out", said, step.since[:10], step.until or "", by, reason))
    names = ("What", "Is", "Since", "Until", "By", "Why")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _show_proposals(dataset: DatasetId) -> None:
    if not (found := _could_own(dataset)):
        return
    st.markdown("##### Who should own it")
    st.dataframe(
        proposal_table(found),
        hide_index=True,
        column_config={
            "Evidence": st.column_config.ProgressColumn(min_value=0, max_value=100, format="%d %%"),
            "Why": st.column_config.TextColumn(width="large"),
        },
        alt="Teams that should own it",
    )
    command = f"lineage owners claim {shlex.quote(str(dataset))} {shlex.quote(found[0].team)}"
    st.code(f'{command} --reason "…"', language="shell", wrap_lines=True)


def proposal_table(found: Sequence[Proposal]) -> Table:
    """A row for each team, the best first."""
    return {
        "Team": [one.team for one in found],
        "Evidence": [round(100 * one.score) for one in found],
        "Why": ["; ".join(reason.said for reason in one.reasons) for one in found],
    }


def _show_contracts(dataset: DatasetId) -> None:
    for one in _checked(dataset):
        name = f"{one.name or one.id} {one.version}"
        st.markdown(f"##### {wording.escaped(f'Contract {name}, {one.status}')}")
        st.markdown(wording.escaped(kept_said(one)))
        # What is kept is said in the sentence above.
        open_ = [clause for clause in one.clauses if clause.kept is not Kept.KEPT]
        if open_:
            st.dataframe(
                clause_table(open_[:_SHOWN_CLAUSES]),
                hide_index=True,
                column_config={"Teams": st.column_config.ListColumn()},
                alt="Promises that are not kept, or cannot be judged",
            )


def kept_said(one: CheckedContract) -> str:
    """How far a contract is kept, in a sentence."""
    counts = {kept: sum(clause.kept is kept for clause in one.clauses) for kept in Kept}
    said = [f"{counts[kept]:,} {kept.value}" for kept in Kept if counts[kept]]
    return f"{quantity(len(one.clauses), 'promise')} and uses looked at: {', '.join(said)}."


def clause_table(found: Sequence[Clause]) -> Table:
    """A row for each promise, the worst first."""
    return {
        "": [one.kept.value for one in found],
        "About": [one.column or wording.name_in(one.dataset) for one in found],
        "Promised": [one.promised for one in found],
        "Seen": [one.seen for one in found],
        "Teams": [list(one.teams) for one in found],
    }


def _show_told(dataset: DatasetId) -> None:
    found = _told(dataset)
    if not found.checks and not found.written:
        return
    left, right = st.columns(2)
    if found.written:
        left.markdown("##### Rows written by day")
        left.bar_chart(volume_table(found.written), x="Day", y="Rows", x_label="", height=190)
    if found.checks:
        right.markdown("##### Checks, the last run of each")
        right.dataframe(check_table(found.checks), hide_index=True, alt="Checks of its quality")


def volume_table(found: Sequence[standing.Written]) -> Table:
    """A row for each day on which something was written."""
    days = [dt.date.fromisoformat(one.day) for one in found]
    return {"Day": list(days), "Rows": [one.rows for one in found]}


def check_table(found: Sequence[standing.Check]) -> Table:
    """A row for each check, what failed first."""
    return {
        "Check": [one.name for one in found],
        "Column": [one.column for one in found],
        "Last result": ["failed" if one.failed else "passed" for one in found],
        "On": [one.day for one in found],
    }


def _show_cost(dataset: DatasetId) -> None:
    cost: Cost | None = _priced().get(dataset)
    if cost is None:
        return
    st.markdown("##### What it costs a month, about")
    figures = (("In all", cost.total), ("Storage", cost.storage), ("Writing", cost.writing))
    for cell, (label, amount) in zip(st.columns(3), figures, strict=True):
        cell.metric(label, money(amount, cost.currency) if amount else "–", border=True)
    st.caption(wording.escaped(f"An estimate: {'; '.join(cost.basis)}."))


def _show_names(dataset: DatasetId) -> None:
    if names := _other_names(dataset):
        st.markdown("##### Also known as")
        st.dataframe(
            {"Name": [one.name for one in names], "Namespace": [one.namespace for one in names]},
            hide_index=True,
            alt="Other names of the same dataset",
        )
        st.caption("`lineage identity explain` says by which rule; `split` parts what is not one.")


def _show_commands(dataset: DatasetId, answer: Outlook) -> None:
    """The commands that change what is shown here."""
    name = shlex.quote(str(dataset))
    lines = [f'lineage support {name} supported --reason "…"']
    if answer.deprecation.state in (State.ACTIVE, State.CANDIDATE):
        lines.append(f'lineage deprecate {name} --to proposed --reason "…"')
    lines.append(f"lineage contract draft --from-usage {name}")
    lines.append(f"lineage prove-unused {name}")
    with st.expander("Decide, promise or prove: the commands"):
        st.code("\n".join(lines), language="shell", wrap_lines=True)
