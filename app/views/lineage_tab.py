"""The lineage of a dataset on the canvas, hop by hop; the same as a table below it."""

from __future__ import annotations

import streamlit as st

from app.canvas import CanvasGraph, Direction, lineage_canvas
from app.views import problems, statements, wording
from app.views.access import remembered
from app.views.neighbourhood import Member, Step, neighbourhood
from app.views.picture import card_id, draw
from lineage.analyses.listening.coverage import Logs
from lineage.analyses.reach.graph import Graph
from lineage.analyses.wording import quantity
from lineage.names import DatasetId
from lineage.store import Store

_HOPS = [0, 1, 2, 3]


@remembered
def _picture(
    store: Store, dataset: DatasetId, up: int, down: int, steps: tuple[Step, ...]
) -> tuple[CanvasGraph, dict[str, Member]]:
    """The canvas, and what each of its cards stands for."""
    logs = Logs(store)
    graph = Graph(store, logs.as_of)
    members = neighbourhood(graph, dataset, up, down, steps)
    window = logs.window(logs.sources_of(dataset))
    return draw(graph, members, window), {card_id(member): member for member in members}


@st.fragment
def show(dataset: DatasetId, column: str | None) -> None:
    """Shows the canvas around a dataset; `column`: whose path is lit at first."""
    # A fragment runs again on its own, outside of what the page is run in.
    with problems.explained():
        _show(dataset, column)


def _show(dataset: DatasetId, column: str | None) -> None:
    opened = f"opened around {dataset}"
    steps: tuple[Step, ...] = st.session_state.get(opened, ())
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    up = bar.segmented_control(
        "Upstream", _HOPS, default=1, key="up", bind="query-params", required=True
    )
    down = bar.segmented_control(
        "Downstream", _HOPS, default=1, key="down", bind="query-params", required=True
    )
    if steps and bar.button("Fold what I opened"):
        st.session_state[opened] = steps = ()
    picture, members = _picture(dataset, up or 0, down or 0, steps)

    def expand(card: str, direction: Direction) -> None:
        if card in members:
            st.session_state[opened] = (*steps, (members[card], direction))

    def pick(card: str, of: str) -> None:
        st.session_state["picked"] = (card, of)

    lineage_canvas(
        picture,
        focus=card_id(dataset),
        select=card_id(dataset) if column else None,
        select_column=column,
        height=560,
        key="canvas",
        on_select=pick,
        on_expand=expand,
        on_open=lambda card: _open(members.get(card)),
    )
    card, of = st.session_state.get("picked", ("", ""))
    _show_picked(members.get(card), of, dataset)
    _show_as_table(picture)


def _open(member: Member | None) -> None:
    if isinstance(member, DatasetId):
        st.switch_page("views/dataset.py", query_params={"dataset": str(member)})


def _show_picked(member: Member | None, column: str, dataset: DatasetId) -> None:
    if member is None:
        st.caption(
            "Click a card or a column to light its path; double-click a dataset to open it; "
            "+n shows neighbours that are not drawn yet."
        )
        return
    name = wording.escaped(f"{member}.{column}" if column else str(member))
    line = st.container(horizontal=True, vertical_alignment="center")
    line.markdown(f"**{name}**", width="content")
    if isinstance(member, DatasetId):
        query = {"dataset": str(member)} | ({"column": column} if column else {})
        line.page_link("views/dataset.py", label="Open", query_params=query)
    else:
        with st.expander("Its statements"):
            statements.show(member, dataset)


def _show_as_table(picture: CanvasGraph) -> None:
    names = {node["id"]: f"{node['name']} ({node['context']})" for node in picture["nodes"]}
    edges = picture["edges"]
    with st.expander(f"The same as a table: {quantity(len(edges), 'edge')}"):
        st.dataframe(
            {
                "From": [names[edge["source"]] for edge in edges],
                "To": [names[edge["target"]] for edge in edges],
                "Certainty": [edge["band"] for edge in edges],
            },
            hide_index=True,
            alt="Edges of the lineage graph",
        )
