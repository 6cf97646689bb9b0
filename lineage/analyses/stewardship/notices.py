"""Announced changes: who still uses what goes away, who knows of it, when its day has come.

A notice is an entry of a journal; whoever uses its subject is watched in the logs until no more
read is to be expected. Nobody is asked whether they have moved: the graph shows it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from lineage.analyses.breaking.change import parse_change
from lineage.analyses.breaking.policy import Announced
from lineage.analyses.breaking.subjects import subject_of
from lineage.analyses.journal import ACKNOWLEDGE, NOTICES, Act, Entry, append, entries
from lineage.analyses.listening.coverage import Coverage, Logs, Window
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.people import contacts
from lineage.analyses.use.usage import Use, who_uses
from lineage.analyses.wording import quantity
from lineage.calendar import day_of, iso_day
from lineage.errors import InvalidChange, UnknownName
from lineage.names import ColumnId, DatasetId, TeamId
from lineage.store import Store

_ANNOUNCED, _REMINDED, _CLOSED = "announce", "remind", "close"
_OVERDUE = 0.5  # of a period: so long after the expected read it is not expected any more
_QUIET = 30  # days without a read, for who reads without a rhythm


class Notice(msgspec.Struct, frozen=True):
    """An announced change. on: the ISO date it will happen; said: the day it was announced.

    subject: as paths of an impact spell it. teams: those that were told beyond the users' own.
    acknowledged: the teams that said they know. closed: why it was closed, None while open.
    """

    number: int
    change: str
    subject: str
    said: str
    on: str
    actor: str
    reason: str
    teams: tuple[str, ...]
    acknowledged: tuple[str, ...]
    reminded: str | None
    closed: str | None


class State(StrEnum):
    """Whether somebody still uses what was announced to go."""

    STILL = "still reads"  # read after the announcement, and is expected again
    WAITING = "not seen since"  # did not read since, but the next read may still come
    NEW = "new since"  # read for the first time after the announcement
    GONE = "gone"


class Watched(msgspec.Struct, frozen=True):
    """A consumer or job that used the subject, and whether it still does."""

    consumer: str
    title: str
    kind: str
    team: str | None
    state: State
    last: str | None
    next: str | None
    acknowledged: bool


class NoticeStatus(msgspec.Struct, frozen=True):
    """How far the users of an announced change have got. days_left: below 0 when it is over."""

    notice: Notice
    verdict: str
    days_left: int
    watched: tuple[Watched, ...]
    contacts: dict[str, str]
    window: Window
    coverage: Coverage

    @property
    def remaining(self) -> tuple[Watched, ...]:
        """Those who are not gone."""
        return tuple(one for one in self.watched if one.state is not State.GONE)


def announce(
    store: Store,
    words: str,
    on: str,
    actor: str,
    *,
    teams: Sequence[str] = (),
    reason: str = "",
    now: dt.datetime,
) -> Notice:
    """Writes down that a change will happen on a day.

    Raises:
        InvalidChange: the words are no change of a dataset or column.
        InvalidName: the day is no date, or nobody acts.
        UnknownName, AmbiguousName: the subject.
    """
    change = parse_change(words)
    subject = subject_of(store, change)
    if not isinstance(subject, DatasetId | ColumnId):
        raise InvalidChange(f"{words!r} is not about a dataset or column: nobody can be watched")
    known = [node.id.name for node in store.scan_nodes("Team")]
    for team in teams:
        if team not in known:
            raise UnknownName("team", team, tuple(sorted(known)[:5]))
    in_full = msgspec.structs.replace(change, subject=str(subject))
    details = {
        "change": str(in_full),
        "subject": str(subject),
        "on": iso_day(day_of(on)),
        "teams": "\n".join(teams),
        "kind": "column" if isinstance(subject, ColumnId) else "dataset",
    }
    entry = append(store, NOTICES, Act(_ANNOUNCED, actor, reason, details=details), now)
    return _notice(entry, ())


def acknowledge(store: Store, number: int, team: str, actor: str, now: dt.datetime) -> Notice:
    """Writes down that a team knows of a notice.

    Raises:
        UnknownName: there is no open notice of that number.
    """
    return _about(store, number, Act(ACKNOWLEDGE, actor, about=number, details={"team": team}), now)


def close(store: Store, number: int, actor: str, reason: str, now: dt.datetime) -> Notice:
    """Ends a notice: the change was made, or called off.

    Raises:
        UnknownName: there is no open notice of that number.
    """
    return _about(store, number, Act(_CLOSED, actor, reason or "closed", about=number), now)


def reminded(store: Store, number: int, actor: str, where: str, now: dt.datetime) -> Notice:
    """Writes down that reminders of a notice were sent."""
    return _about(store, number, Act(_REMINDED, actor, about=number, details={"to": where}), now)


def notices(store: Store) -> tuple[Notice, ...]:
    """All notices, in the order in which they were announced."""
    about: dict[int, list[Entry]] = {}
    known = entries(store, NOTICES)
    for entry in known:
        if entry.about is not None:
            about.setdefault(entry.about, []).append(entry)
    return tuple(
        _notice(entry, about.get(entry.number, ())) for entry in known if entry.act == _ANNOUNCED
    )


def announced_subjects(store: Store, as_of: int) -> dict[str, Announced]:
    """Which subjects an open notice is about, and whether its day has come."""
    return {
        one.subject: Announced.EXPIRED if day_of(one.on) <= as_of else Announced.RUNNING
        for one in notices(store)
        if one.closed is None
    }


def status(store: Store, notice: Notice, as_of: int | None = None) -> NoticeStatus:
    """Who of the users of a notice's subject still uses it, as the logs show it on a day.

    Raises:
        UnknownName: the subject is not in the store any more.
    """
    subject = subject_of(store, parse_change(notice.change))
    dataset = subject.dataset if isinstance(subject, ColumnId) else subject
    assert isinstance(dataset, DatasetId)
    column = subject.name if isinstance(subject, ColumnId) else None
    day = Logs(store, as_of).as_of or 0
    uses = who_uses(store, dataset, column, as_of)
    said = min(day_of(notice.said), day)
    watched = [_watched(use, said, day, notice) for use in uses.consumers if _matters(use, said)]
    watched.sort(key=lambda one: (list(State).index(one.state), one.team or "~", one.consumer))
    teams = {TeamId("team", one.team) for one in watched if one.team}
    teams |= {TeamId("team", name) for name in notice.teams}
    reach = contacts(Graph(store), teams)
    left = day_of(notice.on) - day
    return NoticeStatus(
        notice,
        _verdict(notice, dataset, watched, day),
        left,
        tuple(watched),
        {team.name: contact for team, contact in sorted(reach.items())},
        uses.window,
        uses.coverage,
    )


def _matters(use: Use, said: int) -> bool:
    """Whether a use was alive when the change was announced, or came after."""
    if use.last is None:
        return True
    return use.alive or day_of(use.last) >= said - _QUIET


def _watched(use: Use, said: int, as_of: int, notice: Notice) -> Watched:
    return Watched(
        use.consumer,
        use.title,
        use.kind,
        use.team,
        _state(use, said, as_of),
        use.last,
        use.next,
        use.team in notice.acknowledged,
    )


def _state(use: Use, said: int, as_of: int) -> State:
    if use.superseded or _is_overdue(use, as_of):
        return State.GONE
    if use.first is not None and day_of(use.first) > said:
        return State.NEW
    return State.STILL if use.last is not None and day_of(use.last) > said else State.WAITING


def _is_overdue(use: Use, as_of: int) -> bool:
    if use.last is None:
        return False
    last = day_of(use.last)
    if use.next is None:
        return as_of - last > _QUIET and not use.alive
    expected = day_of(use.next)
    return as_of > expected + max(2, _OVERDUE * (expected - last))


def _verdict(notice: Notice, dataset: DatasetId, watched: Sequence[Watched], as_of: int) -> str:
    change = notice.change.replace(str(dataset), dataset.name, 1)
    text = f"“{change}”, {_when(day_of(notice.on) - as_of, notice.on)}: "
    if not watched:
        return f"{text}nobody was seen to use it."
    teams = {one.team for one in watched if one.team and one.state is not State.GONE}
    if as_of < day_of(notice.said):
        of = f" of {quantity(len(teams), 'team')}" if teams else ""
        users = quantity(len(watched), "consumer or job", "consumers and jobs")
        return f"{text}{users}{of} used it; the logs end before it was announced."
    still = sum(one.state in (State.STILL, State.NEW) for one in watched)
    waiting = sum(one.state is State.WAITING for one in watched)
    text += f"{still} of {len(watched)} still {'reads' if still == 1 else 'read'} it."
    if waiting:
        have = "has" if waiting == 1 else "have"
        text += f" {waiting} {have} not been seen since, and may come again."
    if silent := len(teams - set(notice.acknowledged)):
        text += f" {quantity(silent, 'team')} did not acknowledge."
    return text


def _when(left: int, on: str) -> str:
    if left > 0:
        return f"in {quantity(left, 'day')}, on {on}"
    return f"today, {on}" if not left else f"due since {on}"


def _about(store: Store, number: int, act: Act, now: dt.datetime) -> Notice:
    known = {one.number: one for one in notices(store) if one.closed is None}
    if number not in known:
        raise UnknownName("open notice", str(number), tuple(map(str, known)))
    append(store, NOTICES, act, now)
    return next(one for one in notices(store) if one.number == number)


def _notice(entry: Entry, about: Iterable[Entry]) -> Notice:
    later = list(about)
    acts = {
        act: [one for one in later if one.act == act] for act in (ACKNOWLEDGE, _REMINDED, _CLOSED)
    }
    known = {one.details["team"] for one in acts[ACKNOWLEDGE]}
    return Notice(
        entry.number,
        entry.details["change"],
        entry.details["subject"],
        entry.at[:10],
        entry.details["on"],
        entry.actor,
        entry.reason,
        tuple(filter(None, entry.details["teams"].split("\n"))),
        tuple(sorted(known)),
        acts[_REMINDED][-1].at[:10] if acts[_REMINDED] else None,
        acts[_CLOSED][-1].reason if acts[_CLOSED] else None,
    )
