"""What to write to a team whose data a change reaches: ready to send, plain text."""

from __future__ import annotations

from collections.abc import Sequence

from app.text.impact_words import who
from lineage.analyses.breaking.items import Item
from lineage.analyses.breaking.weights import Ring
from lineage.analyses.wording import lasting

_SHOWN = 20  # items of a ring
_SAYS = {
    Ring.FAILS: (
        "These will fail",
        "Please change them before we do, or tell us why you cannot.",
    ),
    Ring.WRONG: (
        "These will go on without an error, with another result",
        "Please check whether the result is still what you want to see.",
    ),
    Ring.STALE: (
        "These will no longer be refreshed",
        "Nothing to do once what they are made from is mended; please tell us if they cannot wait.",
    ),
}


def notice(change: str, items: Sequence[Item], heard: str) -> str:
    """The message about a change to the team that these items belong to."""
    lines = [f"Subject: planned change: {change}", "", f"We plan to {change}.", ""]
    for ring, (heading, please) in _SAYS.items():
        hit = [item for item in items if item.ring is ring]
        if hit:
            lines += [f"{heading}:", *map(_entry, hit[:_SHOWN])]
            lines += [f"- and {len(hit) - _SHOWN:,} more"] if len(hit) > _SHOWN else []
            lines += [please, ""]
    lines.append(heard)
    return "\n".join(lines)


def _entry(item: Item) -> str:
    said = [item.kind, "" if item.band == "certain" else f"{item.band}, not certain"]
    if item.late:
        said.append(f"{lasting(item.late)} late")
    if item.next and item.alive:
        said.append(f"next read {item.next}")
    return f"- {who(item)} ({'; '.join(filter(None, said))})"
