"""Analyses each new template once, in a process pool, until the columns it relies on are settled.

A template may name a table whose columns another template tells of (its DDL, its CREATE … AS).
So templates are analysed with what is known, what they tell is learned, and those that asked for a
table whose columns have changed are analysed again: the same result in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import msgspec

from ingest.deriving.columns import KnownColumns, told
from ingest.deriving.stated import heed
from ingest.folding.cells import Template
from ingest.identity import dataset_of
from ingest.sql import Analysis, Catalog, analyse, collapse
from lineage.names import ColumnId, DatasetId

_CHUNK = 100
# Below this, starting processes costs more than it saves.
_WORTH_A_POOL = 300
# A chain of CREATE … AS SELECT * deeper than this in one import settles with the next import.
_ROUNDS = 12


class _Task(msgspec.Struct, frozen=True):
    """A chunk of templates and the columns of the datasets that their texts may name."""

    templates: tuple[Template, ...]
    columns: dict[str, dict[str, str]]


def _analyse_chunk(task: _Task) -> list[Analysis]:
    catalog = Catalog(task.columns)
    return [_analysis(template, catalog) for template in task.templates]


def _analysis(template: Template, catalog: Catalog) -> Analysis:
    analysis = analyse(template.sql, template.dialect, template.context, catalog)
    analysis = _without_temporaries(analysis)
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
    """Analyses templates; holds the pool and what is known of columns."""

    def __init__(self, known: KnownColumns, workers: int) -> None:
        self.known = known
        self._changed: set[DatasetId] = set()
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def close(self) -> None:
        """Ends the processes."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def take_changed(self) -> set[DatasetId]:
        """The datasets whose columns turned out other than was known, since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def analyse(self, templates: Mapping[Template, str], done: dict[str, Analysis]) -> None:
        """Adds to `done` (fingerprint → analysis) what is missing, until columns are settled.

        `templates` gives the time each was last seen.
        """
        waiting = [template for template in templates if template.id.name not in done]
        for _ in range(_ROUNDS):
            if not waiting:
                break
            fresh = self._run(waiting)
            done.update(fresh)
            changed = self._learn(waiting, fresh, templates)
            self._changed |= changed
            waiting = [t for t in templates if _relies_on(done[t.id.name], t, changed)]

    def _learn(
        self,
        templates: Iterable[Template],
        fresh: Mapping[str, Analysis],
        at: Mapping[Template, str],
    ) -> set[DatasetId]:
        changed = set()
        for template in templates:
            for statement in fresh[template.id.name].statements:
                for node in told(statement, template.id.namespace, at[template]):
                    if self.known.learn(node) and isinstance(node.id, ColumnId):
                        changed.add(node.id.dataset)
        return changed

    def _run(self, templates: list[Template]) -> dict[str, Analysis]:
        tasks = list(self._tasks(templates))
        if self._workers > 1 and len(templates) >= _WORTH_A_POOL:
            if self._pool is None:
                # Not fork: the progress display runs in a thread.
                method = get_context("forkserver")
                self._pool = ProcessPoolExecutor(self._workers, mp_context=method)
            results: Iterable[list[Analysis]] = self._pool.map(_analyse_chunk, tasks)
        else:
            results = map(_analyse_chunk, tasks)
        return {
            template.id.name: analysis
            for task, analyses in zip(tasks, results, strict=True)
            for template, analysis in zip(task.templates, analyses, strict=True)
        }

    def _tasks(self, templates: list[Template]) -> Iterator[_Task]:
        by_namespace: dict[str, list[Template]] = {}
        for template in templates:
            by_namespace.setdefault(template.id.namespace, []).append(template)
        for namespace, mine in by_namespace.items():
            for start in range(0, len(mine), _CHUNK):
                chunk = tuple(mine[start : start + _CHUNK])
                columns: dict[str, dict[str, str]] = {}
                for template in chunk:
                    columns |= self.known.named_in(template.sql, namespace)
                yield _Task(chunk, {name: known for name, known in columns.items() if known})


def _relies_on(analysis: Analysis, template: Template, changed: set[DatasetId]) -> bool:
    return any(
        dataset_of(table, template.id.namespace) in changed
        for statement in analysis.statements
        for table in statement.consulted
    )
