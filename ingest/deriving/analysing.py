"""Analyses each template once a column list it met, in a process pool, until columns are settled.

A template may name a table whose columns another template tells of (its DDL, its CREATE … AS).
So templates are analysed with what is known, what they tell is learned, and those that asked for a
table whose columns have changed are analysed again: the same result in whatever order they came.

A template that ran before and after its tables changed means two things: it has two parts, each
with its days.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from itertools import islice
from typing import NamedTuple

import msgspec

from ingest.deriving.columns import KnownColumns, tellings, time_of
from ingest.deriving.moving import moved
from ingest.deriving.remembered import Remembered
from ingest.deriving.stated import heed
from ingest.deriving.timeline import EVER, Columns, Said, Telling, Told, Versions
from ingest.folding.cells import Template
from ingest.identity import dataset_of
from ingest.processes import Processes
from ingest.sql import Analysis, Catalog, analyse, collapse, packed, unpacked
from lineage.model import Activity
from lineage.names import DatasetId

_CHUNK = 100
# Below this, starting processes costs more than it saves.
_WORTH_A_POOL = 300
# A table that is rebuilt out of itself every day settles a day a round; a longer chain than this
# settles with the next import.
_ROUNDS = 400
# What such a text tells of columns may depend on the columns that it met.
_MAKES = re.compile(r"\bcreate\b|\bselect\b.*\binto\b", re.IGNORECASE | re.DOTALL)
_Named = list[tuple[DatasetId, Versions]]  # what a text may name, with its column lists


class Seen(msgspec.Struct, frozen=True):
    """When a template ran: on which days, and the latest start (ISO 8601, UTC).

    new: those of its runs that are not in the store yet.
    """

    days: frozenset[int]
    last: str
    new: Activity = Activity()


class _Span(NamedTuple):
    """All that is known of when a template ran, from the start of the import on.

    time: of the day, of its last run. runs: only of those that tell of columns, else the new ones.
    """

    days: frozenset[int]
    time: str
    runs: Activity


class Part(msgspec.Struct, frozen=True):
    """What a template means on some of its days; None: on all.

    told: the days on which it tells this of columns: those on which it met the same columns when it
    ran, be they others at the end of the day.
    """

    days: frozenset[int] | None
    told: frozenset[int] | None
    analysis: Analysis


class Analysed(msgspec.Struct, frozen=True):
    """A template on all the days that it is known to have run, in parts by the columns it met."""

    days: frozenset[int]
    parts: tuple[Part, ...]

    @property
    def latest(self) -> Analysis:
        """What the template means on its latest days."""
        return self.parts[-1].analysis

    def consulted(self, template: Template) -> tuple[DatasetId, ...]:
        """The datasets whose columns decide what it means."""
        namespace = template.id.namespace
        tables = {t for part in self.parts for s in part.analysis.statements for t in s.consulted}
        return tuple(sorted({dataset_of(table, namespace) for table in tables}))

    @property
    def varies(self) -> bool:
        """Whether its days decide what it means."""
        return self.parts[0].days is not None


class _Wanted(msgspec.Struct, frozen=True):
    """A template to analyse with these columns of the datasets that its text may name."""

    template: Template
    columns: dict[str, Columns]
    days: frozenset[int] | None = None
    told: frozenset[int] | None = None


def _analyse_chunk(wanted: list[_Wanted]) -> list[bytes]:
    return [packed(_analysis(one.template, Catalog(one.columns))) for one in wanted]


def _analysis(template: Template, catalog: Catalog) -> Analysis:
    analysis = analyse(template.sql, template.dialect, template.context, catalog)
    analysis = moved(_without_temporaries(analysis), catalog)
    return heed(analysis, template.stated) if template.stated else analysis


def _without_temporaries(analysis: Analysis) -> Analysis:
    """The analysis with its temporary tables seen through: they are no datasets."""
    statements = analysis.statements
    temporaries = {table for s in statements if s.temporary for table in s.writes}
    if not temporaries:
        return analysis
    lasting = [statement for statement in statements if not statement.temporary]
    whole = collapse(analysis)
    seen_through = msgspec.structs.replace(
        whole,
        kind=lasting[-1].kind if lasting else "select",
        temporary=False,
        writes=tuple(table for table in whole.writes if table not in temporaries),
        edges=tuple(edge for edge in whole.edges if edge.target_table not in temporaries),
        changes=tuple(change for change in whole.changes if change.table not in temporaries),
    )
    return Analysis((seen_through,), analysis.context, analysis.error)


class Analyser:
    """Analyses templates; holds what is known of columns."""

    def __init__(self, known: KnownColumns, beside: Processes) -> None:
        self.known = known
        self._remembered = Remembered.here()
        self._changed: dict[DatasetId, int] = {}
        self._beside = beside
        self._begun: dict[bytes, tuple[Future[list[bytes]], int]] = {}  # where each will be

    def close(self) -> None:
        """Closes what it keeps on disk."""
        self._remembered.close()

    def take_changed(self) -> dict[DatasetId, int]:
        """The datasets whose columns turned out other than was known, since the last call.

        With the first day on which they do.
        """
        changed, self._changed = self._changed, {}
        return changed

    def varies(self, template: Template) -> bool:
        """Whether a table that the template may name had other columns on other days."""
        return any(versions.vary for _, versions in self._named_in(template))

    def foresee(self, templates: Collection[Template]) -> None:
        """Begins to analyse templates that `analyse` will be asked for, with what is known now."""
        if self._beside.count == 1 or len(templates) < _WORTH_A_POOL:
            return
        rest = iter(templates)
        while some := list(islice(rest, _CHUNK)):  # the first are analysed while others are found
            wanted = (_ever(one, self._named_in(one)) for one in some)
            by_key = {self._remembered.key(one.template, one.columns): one for one in wanted if one}
            self._begin(self._remembered.without(by_key))

    def analyse(self, templates: Mapping[Template, Seen], done: dict[str, Analysed]) -> None:
        """Brings `done` (by fingerprint) up to date with the days seen, until columns settle."""
        spans = {template: self._span(template, seen) for template, seen in templates.items()}
        waiting = [
            template
            for template, span in spans.items()
            if template.id.name not in done or done[template.id.name].days != span.days
        ]
        for _ in range(_ROUNDS):
            if not waiting:
                break
            done.update(self._run(waiting, spans))
            changed = self._learn(waiting, done, spans)
            merge_days(self._changed, changed)
            waiting = [t for t in templates if _relies_on(done[t.id.name], t, changed)]
        self._begun.clear()

    def understood(self, templates: Mapping[Template, Seen]) -> dict[str, Analysed]:
        """What templates mean on the days seen, by fingerprint; nothing is learned from them."""
        spans = {template: self._span(template, seen) for template, seen in templates.items()}
        return self._run(list(spans), spans)

    def _learn(
        self,
        templates: Iterable[Template],
        done: Mapping[str, Analysed],
        spans: Mapping[Template, _Span],
    ) -> dict[DatasetId, int]:
        told = {}
        for template in templates:
            found = done[template.id.name]
            said = tuple(
                Said(
                    tuple(found.days if part.told is None else part.told),
                    _tellings(part.analysis, template),
                )
                for part in found.parts
            )
            if any(one.tellings for one in said) or self.known.has_heard(template):
                span = spans[template]
                news = Told(span.time, said, found.consulted(template), span.runs)
                key, told[key] = self.known.hear(template, news)
        return self.known.learn(told)

    def _run(
        self, templates: list[Template], spans: Mapping[Template, _Span]
    ) -> dict[str, Analysed]:
        wanted = [one for template in templates for one in self._wanted(template, spans[template])]
        keys = [self._remembered.key(one.template, one.columns) for one in wanted]
        found = self._remembered.of(key for key in keys if key not in self._begun)
        new = {key: one for key, one in zip(keys, wanted, strict=True) if key not in found}
        made: dict[bytes, bytes] = {}
        for key, body in self._analyses(new):
            made[key] = body
            found[key] = unpacked(body)
        self._remembered.keep(made)
        parts: dict[Template, list[Part]] = {}
        for key, one in zip(keys, wanted, strict=True):
            parts.setdefault(one.template, []).append(Part(one.days, one.told, found[key]))
        return {t.id.name: Analysed(spans[t].days, tuple(mine)) for t, mine in parts.items()}

    def _analyses(self, wanted: Mapping[bytes, _Wanted]) -> Iterator[tuple[bytes, bytes]]:
        """What each of these means, packed, as soon as it is known."""
        rest = {key: one for key, one in wanted.items() if key not in self._begun}
        if self._beside.count == 1 or len(rest) < _WORTH_A_POOL:
            yield from zip(rest, _analyse_chunk(list(rest.values())), strict=True)
        else:
            self._begin(rest)
        for key in wanted:
            if key in self._begun:
                chunk, place = self._begun[key]
                yield key, chunk.result()[place]

    def _begin(self, wanted: Mapping[bytes, _Wanted]) -> None:
        keys = list(wanted)
        for start in range(0, len(keys), _CHUNK):
            some = keys[start : start + _CHUNK]
            chunk = self._beside.submit(_analyse_chunk, [wanted[key] for key in some])
            self._begun.update((key, (chunk, place)) for place, key in enumerate(some))

    def _wanted(self, template: Template, span: _Span) -> Iterator[_Wanted]:
        named = self._named_in(template)
        one = _ever(template, named)
        yield from [one] if one else self._by_version(template, named, span)

    def _named_in(self, template: Template) -> _Named:
        known = self.known
        return [
            (one, known.versions(one))
            for one in known.named_in(template.sql, template.id.namespace)
        ]

    def _by_version(self, template: Template, named: _Named, span: _Span) -> Iterator[_Wanted]:
        """One for each set of days that met the same columns; the latest days come last."""
        tells = _MAKES.search(template.sql) is not None
        found: dict[tuple[int, ...], tuple[list[Columns], set[int], set[int]]] = {}
        for day in sorted(span.days):
            if tells:
                met = [self.known.met(template, one, day, span.time) for one, _ in named]
                found.setdefault(tuple(map(id, met)), (met, set(), set()))[2].add(day)
            columns = [versions.on(day) for _, versions in named]
            key = tuple(map(id, columns))
            found[key] = found.pop(key, (columns, set(), set()))
            found[key][1].add(day)
        for lists, on, told in found.values():
            known = {
                one.name: columns for (one, _), columns in zip(named, lists, strict=True) if columns
            }
            yield _Wanted(template, known, frozenset(on), frozenset(told if tells else on))

    def _span(self, template: Template, seen: Seen) -> _Span:
        if not self.known.has_heard(template):
            return _Span(seen.days.union(seen.new.days), time_of(seen.last), seen.new)
        runs = self.known.runs(template, seen.new)
        time = self.known.time_told(template, max(seen.days), time_of(seen.last))
        return _Span(seen.days.union(runs.days), time, runs)


def _ever(template: Template, named: _Named) -> _Wanted | None:
    """One for a template that met the same columns whenever it ran; None when days decide."""
    if any(versions.vary for _, versions in named):
        return None
    known = {dataset.name: versions.on(EVER) for dataset, versions in named}
    return _Wanted(template, {name: columns for name, columns in known.items() if columns})


def merge_days(known: dict[DatasetId, int], more: Mapping[DatasetId, int]) -> None:
    """Adds datasets and the first day of their change; the earlier day stays."""
    for dataset, day in more.items():
        known[dataset] = min(known.get(dataset, day), day)


def _tellings(analysis: Analysis, template: Template) -> tuple[Telling, ...]:
    return tuple(one for statement in analysis.statements for one in tellings(statement, template))


def _relies_on(found: Analysed, template: Template, changed: Mapping[DatasetId, int]) -> bool:
    if not changed:
        return False
    last = max(found.days)
    return any(changed.get(one, last + 1) <= last for one in found.consulted(template))
