"""Taking a dataset out of use, step by step: each step an act with its actor and reason.

Nothing is deleted here. Consumers are told by a notice on the day that it is to go.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from lineage.analyses.journal import STEWARDSHIP, Act, actors, append, entries
from lineage.analyses.listening.coverage import Coverage, Logs, Window
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.deciding import Actor, decide, owner_of
from lineage.analyses.stewardship.lifecycle import Deprecation, Reader, State
from lineage.analyses.stewardship.notices import Notice, announce, close, notices
from lineage.analyses.stewardship.people import owners
from lineage.analyses.stewardship.stewardship import (
    DEPRECATE,
    HOLD,
    RELEASE,
    UNDECIDED,
    Hold,
    Level,
    Stewardship,
    Support,
    stewardship_of,
)
from lineage.analyses.use.usage import who_uses
from lineage.analyses.wording import listed, quantity
from lineage.calendar import day_of, iso_day
from lineage.errors import InvalidDecision
from lineage.names import DatasetId
from lineage.store import Store

_RETURNED = "returned"
_GRACE = 30  # days between a tombstone and the end, when nobody says another date
_TAKEN = (State.ACCESS_REMOVED, State.ARCHIVED, State.DELETED)  # consumers lose it


class Outlook(msgspec.Struct, frozen=True):
    """How far a dataset has got on its way out, and who still uses it.

    next: the states that it may go to. teams, consumers, jobs: who is alive and uses it.
    last_read: an ISO date. people: pseudonym → name, of those who acted and are not forgotten.
    """

    dataset: str
    verdict: str
    owner: str | None
    deprecation: Deprecation
    support: Support
    hold: Hold | None
    next: tuple[State, ...]
    teams: tuple[str, ...]
    consumers: int
    jobs: int
    last_read: str | None
    people: dict[str, str]
    window: Window
    coverage: Coverage


class Going(msgspec.Struct, frozen=True):
    """A dataset of the list: on its way out, or held."""

    dataset: str
    owner: str | None
    deprecation: Deprecation
    hold: Hold | None


class Deprecations(msgspec.Struct, frozen=True):
    """All datasets that are on their way out or held; what a reader took back comes first."""

    verdict: str
    datasets: tuple[Going, ...]
    window: Window
    coverage: Coverage


def deprecate(
    store: Store, dataset: DatasetId, to: State, actor: Actor, until: str | None = None
) -> None:
    """Moves a dataset one step. until: the ISO day on which it is to go.

    Raises:
        InvalidDecision: it cannot go there from where it is, or is held or promised.
    """
    day = iso_day(day_of(until)) if until else None
    known = stewardship_of(store, [dataset]).get(dataset, UNDECIDED)
    _check(dataset, known, to, actor.moment, dated=day is not None)
    if to is State.TOMBSTONED and day is None:
        day = known.deprecation.until or iso_day(day_of(actor.moment) + _GRACE)
    number = _tell(store, dataset, to, day, actor)
    decide(
        store, DEPRECATE, dataset, actor, to=to.value, until=day,
        notice=str(number) if number else None,
    )  # fmt: skip


def hold(store: Store, dataset: DatasetId, actor: Actor, until: str | None = None) -> None:
    """Keeps a dataset from being taken away, up to a day or without an end."""
    decide(store, HOLD, dataset, actor, until=iso_day(day_of(until)) if until else None)


def release(store: Store, dataset: DatasetId, actor: Actor) -> None:
    """Ends the hold of a dataset.

    Raises:
        InvalidDecision: it is not held.
    """
    if stewardship_of(store, [dataset]).get(dataset, UNDECIDED).hold is None:
        raise InvalidDecision(f"{dataset.name} is not on hold")
    decide(store, RELEASE, dataset, actor)


def outlook(
    store: Store, dataset: DatasetId, as_of: int | None = None, window: int = 90
) -> Outlook:
    """How far a dataset has got, and who still uses it."""
    known = stewardship_of(store, [dataset], as_of).get(dataset, UNDECIDED)
    uses = who_uses(store, dataset, None, as_of, window)
    living = [use for use in uses.consumers if use.alive and not use.superseded]
    jobs = sum(use.kind == "job" for use in living)
    acted = {step.by for step in known.deprecation.history} | {known.support.by}
    owner = owner_of(store, dataset)
    return Outlook(
        str(dataset),
        _verdict(dataset, known, len(living), owner),
        owner,
        known.deprecation,
        known.support,
        known.hold,
        known.deprecation.state.following,
        tuple(sorted({use.team for use in living if use.team})),
        len(living) - jobs,
        jobs,
        max((use.last for use in uses.consumers if use.last), default=None),
        actors(store, filter(None, acted | ({known.hold.by} if known.hold else set()))),
        uses.window,
        uses.coverage,
    )


def deprecations(store: Store, as_of: int | None = None, window: int = 90) -> Deprecations:
    """Every dataset that is on its way out or held."""
    known = {
        dataset: one
        for dataset, one in stewardship_of(store, None, as_of).items()
        if one.hold or one.deprecation.state is not State.ACTIVE
    }
    logs = Logs(store, as_of, window)
    teams = owners(Graph(store, logs.as_of), known)
    rows = [
        Going(
            str(dataset),
            teams[dataset].name if dataset in teams else None,
            one.deprecation,
            one.hold,
        )
        for dataset, one in known.items()
    ]
    rows.sort(key=_urgency)
    sources = set(logs.logged)
    heard = logs.coverage((), sources, 0, 0)
    return Deprecations(_summary(rows), tuple(rows), logs.window(sources), heard)


def record_returns(store: Store, actor: str, now: dt.datetime) -> list[tuple[DatasetId, Reader]]:
    """Writes down which datasets readers took back since this was last done; those."""
    written = {
        (entry.details["dataset"], entry.details["reader"], entry.details["day"])
        for entry in entries(store, STEWARDSHIP)
        if entry.act == _RETURNED
    }
    found = []
    for dataset, known in stewardship_of(store).items():
        if (reader := known.deprecation.returned) is None:
            continue
        name = msgspec.json.encode(dataset).decode()
        if (name, reader.consumer, reader.day) not in written:
            details = {"dataset": name, "reader": reader.consumer, "day": reader.day}
            reason = f"read by {reader.consumer} on {reader.day}"
            append(store, STEWARDSHIP, Act(_RETURNED, actor, reason, details=details), now)
            found.append((dataset, reader))
    return found


def _check(dataset: DatasetId, known: Stewardship, to: State, since: str, *, dated: bool) -> None:
    """Whether a dataset may go there now."""
    going = known.deprecation
    again = to is going.state and dated and to in (State.PROPOSED, State.TOMBSTONED)
    if to not in going.state.following and not again:
        ways = " or ".join(one.value for one in going.state.following)
        raise InvalidDecision(f"{_where(dataset, going)}; from there it goes to {ways}")
    if going.history and since < going.history[-1].since[: len(since)]:
        before = going.history[-1].since[:10]
        raise InvalidDecision(f"{dataset.name} made its last step on {before}, after {since[:10]}")
    support = known.support
    if support.level.relied_on and to in (State.TOMBSTONED, *_TAKEN):
        raise InvalidDecision(
            f"{dataset.name} is {support.level.value} ({_by_whom(known)}); decline that first:"
            f" lineage support {dataset.name} declined --until DATE --reason TEXT"
        )
    if to not in _TAKEN:
        return
    if known.hold:
        until = f" until {known.hold.until}" if known.hold.until else ""
        raise InvalidDecision(f"{dataset.name} is on hold{until} ({known.hold.reason}): release it")
    if support.level is Level.DECLINED and (support.until or "") > since[:10]:
        raise InvalidDecision(f"{dataset.name} is promised until {support.until}")


def _tell(store: Store, dataset: DatasetId, to: State, day: str | None, actor: Actor) -> int | None:
    """Announces the day, or ends the notice; the number of the notice that is open now."""
    change = f"drop dataset {dataset}"
    open_ = [one for one in notices(store) if one.closed is None and one.change == change]
    if to in (State.ACTIVE, State.DELETED):
        for notice in open_:
            close(store, notice.number, actor.name, f"{to.value}: {actor.reason}", actor.now)
        return None
    if day is None or any(notice.on == day for notice in open_):
        return open_[-1].number if open_ else None
    for notice in open_:
        close(store, notice.number, actor.name, f"another day: {day}", actor.now)
    made: Notice = announce(store, change, day, actor.name, reason=actor.reason, now=actor.now)
    return made.number


def _where(dataset: DatasetId, going: Deprecation) -> str:
    text = f"{dataset.name} is {going.state.value}"
    if going.returned is not None:
        return f"{text} again: {going.returned.said}"
    return f"{text} since {going.since}" if going.since else text


def _by_whom(known: Stewardship) -> str:
    support = known.support
    if support.source == "journal":
        return f"by {support.team}" if support.team else f"since {support.since}"
    return support.reason or support.source


def _verdict(dataset: DatasetId, known: Stewardship, living: int, owner: str | None) -> str:
    going = known.deprecation
    text = _where(dataset, going)
    if going.until and going.state in (State.PROPOSED, State.TOMBSTONED):
        text += f"; it {'was' if going.returned else 'is'} to go on {going.until}"
    uses = "nobody uses it" if not living else f"{living} still use{'s' if living == 1 else ''} it"
    text += f"; {uses}."
    if going.state not in (State.ACTIVE, State.DELETED):
        silent = f"{owner}, who owns it, did not agree yet" if owner else "Nobody owns it"
        text += f" {going.agreed} agreed." if going.agreed else f" {silent}."
    if known.hold:
        until = f" until {known.hold.until}" if known.hold.until else ""
        text += f" It is on hold{until}."
    return text


def _urgency(row: Going) -> tuple[bool, int, str, str]:
    going = row.deprecation
    order = -list(State).index(going.state)
    return going.returned is None, order, going.until or "~", row.dataset


def _summary(rows: Sequence[Going]) -> str:
    going = [row for row in rows if row.deprecation.state is not State.ACTIVE]
    if not rows:
        return "No dataset is on its way out, and none is on hold."
    said = _counted(going)
    back = sum(row.deprecation.returned is not None for row in going)
    held = sum(row.hold is not None for row in rows)
    text = "No dataset is on its way out."
    if going:
        text = f"{quantity(len(going), 'dataset')} on the way out: {listed(said)}."
    text += f" {back} came back because somebody read it." if back else ""
    return text + (f" {held} on hold." if held else "")


def _counted(going: Iterable[Going]) -> list[str]:
    states = [row.deprecation.state for row in going]
    return [f"{states.count(one)} {one.value}" for one in State if one in states]
