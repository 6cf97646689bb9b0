"""Whether a set of datasets is out of use: proven, refuted, or what is missing to tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from lineage.analyses.listening.coverage import Coverage, Window
from lineage.analyses.proof.certificate import (
    VALID_DAYS,
    Action,
    Added,
    Certificate,
    CounterExample,
    Missing,
    State,
    evidence_hash,
    state_of,
)
from lineage.analyses.proof.conditions import conditions
from lineage.analyses.proof.counter import counter_example
from lineage.analyses.proof.deletion import deletion_order, drop_of, runbook
from lineage.analyses.proof.exhibits import exhibits
from lineage.analyses.proof.heard import coverage_of
from lineage.analyses.proof.looked import Looked, is_path, last_day, look
from lineage.analyses.wording import listed, quantity
from lineage.calendar import QUIET, day_of, iso_day, iso_or_none
from lineage.model import EdgeType
from lineage.names import DatasetId
from lineage.store import Store

_WATCHED = 7  # days without the right to read, before anything is dropped


def prove_unused(
    store: Store,
    datasets: Sequence[DatasetId],
    as_of: int | None = None,
    window: int = QUIET,
    *,
    issued: dt.datetime,
    people: bool = True,
) -> Certificate:
    """The certificate about these datasets and all that must go with them.

    as_of: the last day looked at; the last logged day when None. window: days of silence it takes
    at least. issued: the moment up to which decisions count. people: whether to name persons.

    Raises:
        StoreError: a journal was tampered with.
    """
    day = last_day(store) if as_of is None else as_of
    moment = issued.astimezone(dt.UTC).isoformat(timespec="seconds")
    asked = tuple(sorted(set(datasets)))
    looked = look(store, asked, day or 0, day_of(moment), window, people=people)
    facts, missing = conditions(looked)
    state, counter = state_of(facts), counter_example(looked, facts)
    order = asked if looked.closure.root else deletion_order(looked.graph, looked.closure)
    proven, seen = state is State.PROVEN, exhibits(looked)
    until = None if day is None else iso_day(day + VALID_DAYS)
    return Certificate(
        verdict=_verdict(looked, order, state, counter, missing),
        state=state,
        facts=facts,
        counter_example=counter,
        missing=missing,
        asked=tuple(map(str, asked)),
        set=tuple(map(str, order)),
        added=_added(looked),
        drops=_drops(looked, order) if proven else (),
        runbook=_runbook(looked, order) if proven else (),
        evidence_hash=evidence_hash(seen),
        evidence=seen,
        as_of=iso_or_none(day),
        issued=moment,
        valid_until=until,
        window=_window(looked) if day is not None else Window(None, None, 0),
        why_window=looked.closure.silence.why,
        least=window,
        coverage=_coverage(looked),
    ).sealed()


def _window(looked: Looked) -> Window:
    silence = looked.closure.silence.days
    return Window(iso_day(looked.closure.since), iso_day(looked.as_of), silence)


def _coverage(looked: Looked) -> Coverage:
    naming = {link.target for link in looked.graph.out(looked.members, EdgeType.NAMED_IN)}
    unread = {one.key: one.count for one in looked.unread}
    corrected = len(looked.graph.corrections)
    return coverage_of(looked.heard, len(naming), sum(unread.values()), corrected)


def _standing_ones(looked: Looked, order: Sequence[DatasetId]) -> list[DatasetId]:
    """Those that were not dropped already; of those with several names one, and the folders."""
    aliases = looked.closure.aliases
    return [
        one for one in order if not looked.is_gone(one) and (one not in aliases or is_path(one))
    ]


def _drops(looked: Looked, order: Sequence[DatasetId]) -> tuple[str, ...]:
    return tuple(drop_of(looked.graph, one) for one in _standing_ones(looked, order))


def _runbook(looked: Looked, order: Sequence[DatasetId]) -> tuple[Action, ...]:
    until = iso_day(looked.as_of + VALID_DAYS)
    left = _standing_ones(looked, order)
    return runbook(looked.graph, left, _WATCHED, iso_day(looked.as_of), until)


def _added(looked: Looked) -> tuple[Added, ...]:
    why = looked.closure.members
    return tuple(Added(str(one), why[one]) for one in looked.members if why[one])


def _verdict(
    looked: Looked,
    order: Sequence[DatasetId],
    state: State,
    counter: CounterExample | None,
    missing: Sequence[Missing],
) -> str:
    what = listed([one.name for one in looked.asked])
    if counter is not None:
        return f"{state}: {what} is not out of use; {counter.what}."
    if state is State.PROVEN:
        more = len(order) - len(looked.asked)
        also = f" and {quantity(more, 'dataset')} tied to it" if more else ""
        span, until = _window(looked), iso_day(looked.as_of + VALID_DAYS)
        return (
            f"{state}, for these logs: nobody needs {what}{also}."
            f" Looked at {quantity(span.days, 'day')} up to {span.last}; valid until {until}."
        )
    rest = f" (+{len(missing) - 1} more)" if len(missing) > 1 else ""
    return f"{state}: no use of {what} was seen, but this is missing: {missing[0].what}{rest}."
