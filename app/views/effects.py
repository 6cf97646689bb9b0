"""What a change does, as tables, as a picture, as a message to a team, as CSV. No page in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Sequence

import msgspec

from app.canvas import CanvasGraph, Ring
from app.views import wording
from app.views.neighbourhood import MOST_CARDS, Member, flows
from app.views.picture import draw
from lineage.analyses.coverage import Window
from lineage.analyses.graph import Graph
from lineage.analyses.impact import Impact
from lineage.analyses.items import Item, TeamImpact
from lineage.analyses.weights import Ring as Breakage
from lineage.names import JobId, NodeId

RING_WORDS = {
    Breakage.FAILS: "fails",
    Breakage.WRONG: "changes silently",
    Breakage.STALE: "gets stale",
}
_IN_MESSAGE = 20  # items of a ring
_PERSON = "a person"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Table = dict[str, list[object]]


def who(item: Item) -> str:
    """What people call an item."""
    return item.title or wording.name_in(item.id)


def team_table(teams: Sequence[TeamImpact]) -> Table:
    """A row for each team to tell, the worst hit first."""
    return {
        "Team": [one.team or "no team known" for one in teams],
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


def without_people(items: Iterable[Item], people: Collection[str]) -> list[Item]:
    """The items as they may leave the house: persons are counted, not named."""
    return [
        msgspec.structs.replace(item, id=_PERSON, title=_PERSON) if item.id in people else item
        for item in items
    ]


def message(answer: Impact, team: TeamImpact, people: Collection[str]) -> str:
    """What to write to a team: the change, what happens to what is theirs, how sure that is."""
    mine = without_people((item for item in answer.items if item.team == team.team), people)
    lines = [f"We plan to: {answer.change}", ""]
    for ring, word in RING_WORDS.items():
        hit = [item for item in mine if item.ring == ring]
        if hit:
            lines.append(f"{word.capitalize()}:")
            shown = hit[:_IN_MESSAGE]
            lines += [f"- {who(item)} ({item.kind}, {item.band})" for item in shown]
            lines += [f"- and {len(hit) - len(shown):,} more"] if len(hit) > len(shown) else []
            lines.append("")
    lines.append(wording.heard(answer.window, answer.coverage))
    return "\n".join(lines)


def csv_of(table: Table) -> str:
    """A table as CSV; a cell never begins like a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table)
    for row in zip(*table.values(), strict=True):
        writer.writerow([_harmless(_cell(value)) for value in row])
    return out.getvalue()


def _cell(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


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
    """The nodes of these ids downstream of the starts, and the view definitions between them."""
    members: dict[Member, None] = dict.fromkeys(starts)
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
