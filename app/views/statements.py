"""The statements that prove that a job or a consumer uses a dataset."""

from __future__ import annotations

import streamlit as st

from app.views import portrait
from app.views.access import remembered
from lineage.analyses.wording import quantity
from lineage.names import DatasetId, ProcessId

_SHOWN = 3
_statements = remembered(portrait.statements)


def show(process: ProcessId, dataset: DatasetId) -> None:
    """Shows the statements of a job or a consumer, the one that ran last on top."""
    found = _statements(process, dataset)
    if not found:
        st.caption("No statement text: it was told by OpenLineage, or declared.")
    for sql in found[:_SHOWN]:
        st.code(sql, language="sql", wrap_lines=True)
    if len(found) > _SHOWN:
        st.caption(f"and {quantity(len(found) - _SHOWN, 'more statement')}")
