"""What a change does, as tables and as a picture. No page in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from app.canvas import CanvasGraph, Ring
from app.text.escaping import csv_table
from app.text.impact_words import RING_WORDS
from app.views import wording
from app.views.neighbourhood import MOST_CARDS, Member, flows
from app.views.picture import draw
from lineage.analyses.breaking.items import Item, TeamImpact
from lineage.analyses.breaking.weights import Ring as Breakage
from lineage.analyses.listening.coverage import Window
from lineage.analyses.reach.graph import Graph
from lineage.names import JobId, NodeId

Table = dict[str, list[object]]


def who(item: Item) -> str:
    """What people call an item."""
    return item.title or wording.name_in(item.id)


def team_table(teams: Sequence[TeamImpact]) -> Table:
    """A row for each team to tell, the worst hit first."""
    return {
        "Team": [one.team or "no known team" for one in teams],
        "Contact": [one.contact for one in teams],
        "Fails": [one.fails for one in teams],
        "Changes silently": [one.wrong for one in teams],
        "Gets stale": [one.stale for one in teams],
        "Worst severity": [one.severity for one in teams],
    }


def item_table(items: Sequence[Item]) -> Table:
    """A row for each dataset, job and consumer, the worst ring first."""
    return {
        "ring": [RING_WORDS[item.ring] for item in items],
        "who": [who(item) for item in items],
        "kind": [item.kind for item in items],
        "team": [item.team or "" for item in items],
        "level": [item.level for item in items],
        "severity": [item.severity for item in items],
        "band": [item.band for item in items],
        "why": [why(item) for item in items],
        "columns": [list(item.columns) for item in items],
        "last": [item.last or "" for item in items],
        "next": [(item.alive and item.next) or "" for item in items],
    }


def why(item: Item) -> str:
    """How the item is reached: roles, then what is between: `filter, via ORDERS_DAILY`."""
    roles = ", ".join(map(wording.role_word, item.roles))
    between = [wording.name_in(step) for step in item.path[1:-1]]
    via = f"via {wording.first_names(between, 3)}" if between else ""
    doubt = item.cause if item.band != "certain" else ""
    return "; ".join(filter(None, [roles, via, doubt]))


def csv_of(table: Table) -> str:
    """A table as CSV; a cell never begins like a formula."""
    rows = zip(*table.values(), strict=True)
    return csv_table(list(table), (map(_cell, row) for row in rows))


def _cell(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def picture(
    graph: Graph, starts: Sequence[Member], items: Iterable[Item], window: Window
) -> CanvasGraph:
    """The canvas of changes: their subjects, and what they reach in the colour of its ring."""
    rings: dict[tuple[str, str], Ring] = {(item.kind, item.id): _RINGS[item.ring] for item in items}
    members = _reached(graph, starts, {identifier for _, identifier in rings})
    hit: dict[NodeId, Ring] = dict.fromkeys(starts, "origin")
    for member in members:
        kind = type(member).__name__.removesuffix("Id").lower()
        if (kind, str(member)) in rings and member not in starts:
            hit[member] = rings[kind, str(member)]
    return draw(graph, members, window, hit)


_RINGS: dict[Breakage, Ring] = {
    Breakage.FAILS: "fails",
    Breakage.WRONG: "wrong",
    Breakage.STALE: "stale",
}


def _reached(graph: Graph, starts: Sequence[Member], wanted: Collection[str]) -> list[Member]:
    """The nodes of these ids downstream of the starts, and the view definitions between them.

    Who writes the starts fails with them, and stands in front of them.
    """
    members: dict[Member, None] = dict.fromkeys(starts)
    writers = (link.source for link in flows(graph, starts, "up") if str(link.source) in wanted)
    members.update(dict.fromkeys(one for one in writers if isinstance(one, Member)))
    frontier = list(starts)
    while frontier and len(members) < MOST_CARDS:
        found = flows(graph, frontier, "down")
        graph.nodes(link.target for link in found)
        definitions = [link.target for link in found if _is_definition(graph, link.target)]
        defined = [link for link in flows(graph, definitions, "down") if str(link.target) in wanted]
        near = [link.target for link in found if str(link.target) in wanted]
        reached = [*near, *(end for link in defined for end in (link.source, link.target))]
        frontier = [end for end in dict.fromkeys(reached) if isinstance(end, Member)]
        frontier = [end for end in frontier if end not in members][: MOST_CARDS - len(members)]
        members.update(dict.fromkeys(frontier))
    return list(members)


def _is_definition(graph: Graph, node: NodeId) -> bool:
    return isinstance(node, JobId) and graph.is_view(node)
