"""The lineage canvas: cards from left to right, their columns, and the paths between them.

A Streamlit component (v2). Markup, style and script are one text each, handed to Streamlit inline:
nothing is downloaded, and it works the same from a wheel and from an editable install.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.resources import files
from typing import Literal, NotRequired, TypedDict

import msgspec
import streamlit as st

Kind = Literal[
    "table",
    "view",
    "topic",
    "file",
    "job",
    "dashboard",
    "card",
    "workbook",
    "notebook",
    "application",
    "person",
]
Ring = Literal["origin", "fails", "wrong", "stale"]
Band = Literal["certain", "likely", "possible"]
Direction = Literal["up", "down"]


class CanvasColumn(TypedDict):
    """A column on a card."""

    name: str
    type: NotRequired[str]


class CanvasNode(TypedDict):
    """A card.

    name: what it is called there; title: its full name; context: the line below (platform,
    schema); owner: a team, "" when there is none, absent when no owners are known at all; reads:
    in the window, absent when not counted; status: a word worth a badge; more_up, more_down:
    neighbours not on the canvas.
    """

    id: str
    name: str
    title: str
    context: str
    kind: Kind
    owner: NotRequired[str]
    status: NotRequired[str]
    reads: NotRequired[int]
    columns: NotRequired[list[CanvasColumn]]
    more_up: NotRequired[int]
    more_down: NotRequired[int]
    impact: NotRequired[Ring]


class CanvasEdge(TypedDict):
    """An edge between two cards, by id; data flows from source to target."""

    source: str
    target: str
    band: Band


class CanvasColumnEdge(TypedDict):
    """An edge between two columns; "" for a target that is used as a whole (a dashboard).

    via: the id of the job between the two, when it has a card.
    """

    source: str
    source_column: str
    target: str
    target_column: str
    via: NotRequired[str]


class CanvasGraph(TypedDict):
    """What the canvas shows. Edges to unknown cards are left out; cycles and loops are fine.

    It is laid out in the browser: 150 cards are comfortable, 400 take it about half a second.
    """

    nodes: list[CanvasNode]
    edges: list[CanvasEdge]
    column_edges: list[CanvasColumnEdge]


OnSelect = Callable[[str, str], None]
OnExpand = Callable[[str, Direction], None]
OnOpen = Callable[[str], None]


def _asset(name: str) -> str:
    return (files(__name__) / "assets" / name).read_text("utf-8")


_mount = st.components.v2.component(
    "lineage_canvas",
    html=_asset("canvas.html"),
    css=_asset("canvas.css"),
    js=_asset("canvas.bundle.js"),
)


def _ignore() -> None:
    """Streamlit keeps a trigger only when it has a callback."""


def lineage_canvas(
    graph: CanvasGraph,
    *,
    focus: str,
    select: str | None = None,
    select_column: str | None = None,
    height: int = 600,
    key: str,
    on_select: OnSelect | None = None,
    on_expand: OnExpand | None = None,
    on_open: OnOpen | None = None,
) -> None:
    """Draws the canvas, opened on the card `focus`, at `height` pixels.

    select, select_column: the card and the column whose path is lit. `key` must be the same in
    every run, so that zoom and opened cards stay.

    on_select(id, column): a card or a column was clicked; both "" when the selection was cleared.
    on_expand(id, direction): the hidden neighbours of a card are wanted. These two run before the
    script runs again. on_open(id): a card was opened (double click, or the key `o`); it runs
    within the script, and so may switch the page.
    """
    version = hashlib.blake2b(msgspec.json.encode(graph), digest_size=16).hexdigest()

    def selected() -> None:
        event = st.session_state[key].selected
        if on_select and event:
            on_select(event["id"], event["column"])

    def expanded() -> None:
        event = st.session_state[key].expanded
        if on_expand and event:
            on_expand(event["id"], event["direction"])

    events = _mount(
        key=key,
        height=height,
        width="stretch",
        data={
            **graph,
            "version": version,
            "focus": focus,
            "select": select,
            "select_column": select_column,
            "height": height,
        },
        on_selected_change=selected,
        on_expanded_change=expanded,
        on_opened_change=_ignore,
    )
    if on_open and events.opened:
        on_open(events.opened)
