"""What a policy would have said about the changes that were really made."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lineage.analyses.breaking.change import Change
from lineage.analyses.breaking.impact import impact
from lineage.analyses.breaking.policy import Action, Policy, Ruling, rule_on
from lineage.analyses.breaking.subjects import tied
from lineage.analyses.wording import listed, quantity
from lineage.calendar import iso_or_none
from lineage.store import Store


class Seen(msgspec.Struct, frozen=True):
    """A change that a log holds. day: on which it was made, None when nothing tells.

    not_understood: a sentence for each part that is no change.
    """

    day: int | None
    sql: str
    changes: tuple[Change, ...]
    not_understood: tuple[str, ...]


class Replayed(msgspec.Struct, frozen=True):
    """A change of the past, what it did, and what the policy says. day: ISO, or None."""

    day: str | None
    sql: str
    change: str
    verdict: str
    ruling: Ruling


class Replay(msgspec.Struct, frozen=True):
    """The changes of the past, the latest first."""

    verdict: str
    replayed: tuple[Replayed, ...]


def replay(store: Store, policy: Policy, seen: Sequence[Seen], window: int = 90) -> Replay:
    """Each change judged by what was known on the eve of the day it was made.

    Where nothing tells the day, by all that is known.
    """
    found = [_replayed(store, policy, one, window) for one in seen]
    counts = {action: sum(one.ruling.action is action for one in found) for action in Action}
    words = {
        Action.BLOCK: "blocked",
        Action.WARN: "let pass with a warning",
        Action.ALLOW: "let pass",
    }
    said = [f"{count} {words[action]}" for action, count in reversed(counts.items()) if count]
    text = listed(said) if said else "nothing to judge"
    return Replay(f"Of {quantity(len(found), 'change')} in the logs: {text}.", tuple(found))


def _replayed(store: Store, policy: Policy, seen: Seen, window: int) -> Replayed:
    found = tied(store, seen.changes)
    known = [change for change, _ in found.known]
    unknown = [f"{change}: {error}" for change, error in found.unknown]
    eve = None if seen.day is None else seen.day - 1
    answer = impact(store, known, eve, window)
    ruling = rule_on(policy, answer, store, not_understood=seen.not_understood, unknown=unknown)
    said = "; ".join(map(str, seen.changes))
    return Replayed(iso_or_none(seen.day), seen.sql, said, answer.verdict, ruling)
