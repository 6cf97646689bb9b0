"""Imports: can I trust the answers: which days were logged, and what was not understood."""

from __future__ import annotations

import streamlit as st

from app.views import wording
from app.views.access import remembered
from app.views.listening import Listening, listening
from lineage.analyses.wording import quantity

_heard = remembered(listening)


def show() -> None:
    """Shows what the imports heard."""
    st.title("Can I trust this?")
    found = _heard()
    st.markdown(f"#### {wording.escaped(found.verdict)}")
    st.caption(
        "“Nobody uses it” means something only for days that were logged and statements that "
        "were understood. Every answer says how many that were."
    )
    if found.sources:
        _show_sources(found)
    _show_letters(found)
    _show_partial(found)
    _show_strangers(found)


def _show_sources(found: Listening) -> None:
    st.markdown("##### Sources")
    column = st.column_config
    rows = found.sources
    st.dataframe(
        {
            "Source": [row.name for row in rows],
            "Statements": [row.statements for row in rows],
            "trend": [list(row.trend) for row in rows],
            "First day": [row.first for row in rows],
            "Last day": [row.last for row in rows],
            "Days behind": [row.behind for row in rows],
            "logged": [
                _share(row.coverage.days_logged, row.coverage.days_expected) for row in rows
            ],
            "Days": [row.coverage.text for row in rows],
            "holes": [list(row.coverage.holes) for row in rows],
        },
        hide_index=True,
        column_config={
            "Statements": column.NumberColumn(format="localized"),
            "trend": column.BarChartColumn("13 weeks", y_min=0),
            "logged": column.ProgressColumn(
                "Logged", min_value=0, max_value=100, format="%d %%", help="Of the days expected."
            ),
            "holes": column.ListColumn("Missing days", width="medium"),
        },
        alt="Sources and the days they logged",
    )


def _share(part: int, whole: int) -> int:
    return 100 * part // whole if whole else 0


def _show_letters(found: Listening) -> None:
    st.markdown("##### Records that were not understood")
    if not found.letters:
        st.caption("None: every record was understood, counted before, or ignored for a reason.")
        return
    st.dataframe(
        {
            "Reason": [letter.reason.replace("_", " ") for letter in found.letters],
            "Records": [letter.count for letter in found.letters],
            "File": [letter.file for letter in found.letters],
            "Line": [letter.line for letter in found.letters],
            "Source": [letter.source for letter in found.letters],
            "Why": [letter.why for letter in found.letters],
            "Text, values masked": [letter.sql for letter in found.letters],
        },
        hide_index=True,
        height=wording.table_height(len(found.letters)),
        alt="Records that were not understood",
    )
    st.caption("They are kept, masked, and can be listed in full with `lineage dead-letters`.")


def _show_partial(found: Listening) -> None:
    total = f"{found.partial_total:,} of {quantity(found.templates, 'statement')}"
    if not found.partial_total:
        return
    with st.expander(f"Understood only in their tables, not in their columns: {total}"):
        for sql in found.partial[:20]:
            st.code(sql, language="sql", wrap_lines=True)
        if found.partial_total > 20:
            st.caption(f"and {found.partial_total - 20:,} more")


def _show_strangers(found: Listening) -> None:
    if not found.strangers:
        return
    logins = quantity(len(found.strangers), "login")
    with st.expander(f"{logins} without a team"):
        st.caption("Name their teams in a members file, and import it with the owners.")
        st.dataframe(
            {"Login, the most active first": list(found.strangers)},
            hide_index=True,
            height=wording.table_height(len(found.strangers)),
            alt="Logins without a team",
        )


if __name__ == "__main__":
    show()
