"""A form that writes a change, for those who do not know its words yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from app.views import portrait, problems
from app.views.access import known_names, remembered, resolved
from lineage.analyses.breaking.change import Change, ChangeKind
from lineage.analyses.reach.graph import Graph
from lineage.resolve import resolve_dataset
from lineage.store import Store

_MOST_OPTIONS: Final = 3_000  # names a browser can list; any other may be typed
_LABELS: Final[Mapping[str, ChangeKind]] = {
    "Drop a column": ChangeKind.DROP_COLUMN,
    "Rename a column": ChangeKind.RENAME_COLUMN,
    "Change the type of a column": ChangeKind.RETYPE_COLUMN,
    "Change what a column means": ChangeKind.MEANING_COLUMN,
    "Allow nulls in a column": ChangeKind.NULLABLE_COLUMN,
    "Drop a dataset": ChangeKind.DROP_DATASET,
    "Rename a dataset": ChangeKind.RENAME_DATASET,
    "Stop filling a dataset": ChangeKind.STOP_DATASET,
    "Fill a dataset later": ChangeKind.DELAY_DATASET,
    "Filter other rows": ChangeKind.FILTER_DATASET,
    "Change its grain": ChangeKind.GRAIN_DATASET,
    "Keep less history": ChangeKind.RETAIN_DATASET,
}
_ARGUMENTS: Final[Mapping[ChangeKind, tuple[str, str]]] = {
    ChangeKind.RENAME_COLUMN: ("New name", "new_name"),
    ChangeKind.RETYPE_COLUMN: ("New type", "varchar"),
    ChangeKind.RENAME_DATASET: ("New name", "new_name"),
    ChangeKind.DELAY_DATASET: ("How much later", "6h"),
    ChangeKind.RETAIN_DATASET: ("History to keep", "90d"),
}


@remembered
def _columns(store: Store, text: str) -> tuple[str, ...]:
    """The names of a dataset's columns."""
    dataset = resolve_dataset(store, text)
    found = portrait.columns_of(Graph(store), [dataset])[dataset]
    return tuple(column.name for column in found)


def show(change_key: str, *, is_open: bool) -> None:
    """Shows the form; what it writes goes to the widget of that key."""
    with st.expander("Compose a change", expanded=is_open), problems.explained():
        left, middle, right = st.columns([1.2, 2, 1.2])
        kind = _LABELS[left.selectbox("What", list(_LABELS))]
        names = [str(one) for one in known_names().datasets[:_MOST_OPTIONS]]
        dataset = middle.selectbox(
            "Dataset",
            names,
            index=None,
            accept_new_options=True,
            placeholder="choose, or type any unique end of its name",
        )
        if not dataset:
            st.caption("Choose a dataset.")
            return
        subject = str(resolved(dataset))
        if kind.of_column:
            column = right.selectbox("Column", _columns(dataset), accept_new_options=True)
            subject = f"{subject}.{column}"
        change = Change(kind, subject, _argument(kind))
        st.button(
            "Show what breaks", type="primary", on_click=_write, args=(change_key, str(change))
        )


def _argument(kind: ChangeKind) -> str:
    """The new name, type or duration, for the kinds that need one."""
    if kind not in _ARGUMENTS:
        return ""
    label, default = _ARGUMENTS[kind]
    return st.text_input(label, default)


def _write(change_key: str, text: str) -> None:
    st.session_state[change_key] = text
