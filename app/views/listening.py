"""How well was listened: per source the days, and what was not understood."""

from __future__ import annotations

from collections import Counter

import msgspec

from app.views import wording
from ingest.folding.dead_letters import DEAD_LETTER, DeadLetter
from lineage.analyses.listening.coverage import NOT_UNDERSTOOD, Coverage, Logs
from lineage.analyses.wording import quantity
from lineage.calendar import iso_day
from lineage.model import EdgeType
from lineage.names import PrincipalId
from lineage.store import Store

_MOST = 200  # dead letters and statements that a page lists


class Source(msgspec.Struct, frozen=True):
    """A source of statements. first, last: ISO dates; behind: days since the newest source."""

    name: str
    statements: int
    first: str
    last: str
    behind: int
    trend: tuple[int, ...]
    coverage: Coverage


class Listening(msgspec.Struct, frozen=True):
    """What the imports heard.

    letters: the most frequent records that were not understood. partial: masked statements of
    which only the tables were understood, `partial_total` in all. strangers: logins of no team.
    """

    sources: tuple[Source, ...]
    reasons: dict[str, int]
    letters: tuple[DeadLetter, ...]
    templates: int
    partial: tuple[str, ...]
    partial_total: int
    strangers: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Whether the answers can be trusted, in two sentences."""
        if not self.sources:
            return "No statement was logged: answers rest on what was declared."
        total = sum(source.statements for source in self.sources)
        last = max(source.last for source in self.sources)
        heard = f"{quantity(len(self.sources), 'source')} told of {quantity(total, 'statement')}"
        holes = [source.name for source in self.sources if source.coverage.holes]
        lost = sum(self.reasons.values())
        gaps = f" Days are missing of {wording.first_names(holes, 3)}." if holes else ""
        unread = f" {quantity(lost, 'record was', 'records were')} not understood." if lost else ""
        return f"{heard} until {last}.{gaps}{unread}"


def listening(store: Store) -> Listening:
    """What the imports heard and what they did not understand, from the store."""
    logs = Logs(store)
    as_of = logs.as_of or 0
    sources = [
        Source(
            name,
            seen.total,
            iso_day(seen.days[0]),
            iso_day(seen.days[-1]),
            as_of - seen.days[-1],
            tuple(wording.weekly(seen.days, seen.counts, as_of)),
            logs.coverage([], [name], 0, 0),
        )
        for name, seen in sorted(logs.logged.items())
    ]
    letters = _letters(store)
    reasons: Counter[str] = Counter()
    for letter in letters:
        reasons[letter.reason] += letter.count
    partial = [
        node.value("sql")
        for node in store.scan_nodes("Query")
        if node.value("parse") in NOT_UNDERSTOOD
    ]
    return Listening(
        tuple(sources),
        dict(reasons.most_common()),
        tuple(letters[:_MOST]),
        store.counts().nodes.get("Query", 0),
        tuple(sorted(partial)[:_MOST]),
        len(partial),
        tuple(_strangers(store)),
    )


def _letters(store: Store) -> list[DeadLetter]:
    decoder = msgspec.json.Decoder(DeadLetter)
    letters = [decoder.decode(document.body) for document in store.documents(DEAD_LETTER)]
    return sorted(letters, key=lambda one: (-one.count, one.reason, one.file, one.line))


def _strangers(store: Store) -> list[str]:
    """The logins of no team that are no bots, the most active first."""
    members = {edge.key.source for edge in store.scan_edges([EdgeType.MEMBER_OF])}
    bots = {node.id for node in store.scan_nodes("Principal") if node.value("class") == "system"}
    active: Counter[PrincipalId] = Counter()
    for edge in store.scan_edges([EdgeType.RUN_BY]):
        login = edge.key.target
        if isinstance(login, PrincipalId) and login not in members and login not in bots:
            active[login] += edge.activity.total
    return [str(login) for login, _ in sorted(active.items(), key=lambda i: (-i[1], str(i[0])))]
