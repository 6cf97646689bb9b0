"""What the statements of a flush mean, and what of the store is derived again because of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain
from typing import NamedTuple

from ingest.deriving.analysing import Analysed, Analyser, Seen, merge_days
from ingest.deriving.refold import cells_naming, cells_of
from ingest.folding.cells import FoldedCell, Template
from ingest.folding.joined import Moved
from lineage.model import Activity, Origin
from lineage.names import DatasetId, NodeId, QueryId
from lineage.store import Store


class Settled(NamedTuple):
    """What the statements of a flush mean, and what of the store they change.

    before: the cells that must be derived again, once `retract` is taken back. earlier: those that
    need not be, but whose templates are here and may mean something else on other days.
    """

    before: list[FoldedCell]
    analyses: dict[str, Analysed]
    retract: list[tuple[NodeId, Origin]]
    earlier: list[FoldedCell]


def settle(
    store: Store,
    analyser: Analyser,
    cells: list[FoldedCell],
    changed: dict[DatasetId, int],
    moved: Moved,
    again: Collection[QueryId] = (),
    *,
    everything: bool,
) -> Settled:
    """The analyses of these cells and of earlier ones that must be derived again.

    Earlier imports derived with other columns of the changed datasets. What is derived again
    may tell other columns of further datasets, so this goes on until nothing changes.
    again: templates of which all that ran them is derived again.
    everything: derive all of the store again.
    """
    found = Settled([], {}, [], [])
    templates = {cell.key.template for cell in cells}
    queries = moved.queries.union(again)
    merge_days(changed, analyser.known.lose(moved.lost))
    newest = max((seen.last or 0 for seen in store.logged().values()), default=-1)
    stale: set[DatasetId] = set()
    varying: set[QueryId] = set()
    if everything:
        nodes = [node.id for node in store.scan_nodes()]
        stale |= {node for node in nodes if isinstance(node, DatasetId)}
        queries |= {node for node in nodes if isinstance(node, QueryId)}
    left = bool(queries)
    while True:
        seen = _seen(cells, [*found.before, *found.earlier])
        analyser.analyse(seen, found.analyses)
        merge_days(changed, analyser.take_changed())
        # What changes behind the days of the store touches nothing that is in it.
        now_stale = {dataset for dataset, day in changed.items() if day <= newest}
        now_varying = {one.id for one in templates if analyser.varies(one)}
        if now_stale <= stale and now_varying <= varying and not left:
            return found
        looked_at = len(found.before) + len(found.earlier)
        if left or not now_stale <= stale:
            stale |= now_stale
            left = False
            before, retract = cells_naming(store, stale, queries)
            retract += [(dataset, Origin.PARSED) for dataset in stale]
            found = found._replace(before=moved.without(before), retract=retract)
        varying |= now_varying
        earlier = moved.without(cells_of(store, varying))
        found = found._replace(earlier=earlier)
        if len(found.before) + len(earlier) == looked_at:  # the store has no more to look at
            return found


def _seen(new: Iterable[FoldedCell], stored: Iterable[FoldedCell]) -> dict[Template, Seen]:
    """Each template and when it was seen."""
    cells: dict[Template, tuple[list[FoldedCell], list[FoldedCell]]] = {}
    for place, some in enumerate((new, stored)):
        for cell in some:
            cells.setdefault(cell.key.template, ([], []))[place].append(cell)
    return {
        template: Seen(
            frozenset().union(*[cell.activity.days for cell in chain(*both)]),
            max(cell.sample.start for cell in chain(*both)),
            Activity().plus(*[cell.activity for cell in both[0]]),
        )
        for template, both in cells.items()
    }
