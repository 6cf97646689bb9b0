"""What became of each cell: understood, counted for what it is, or kept for a better analyser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ingest.deriving.analysing import Analysed
from ingest.folding.cells import FoldedCell
from ingest.folding.dynamic import is_unexplained
from ingest.folding.joined import kept
from ingest.folding.queries import Queries
from ingest.folding.unread import Unread
from ingest.report import Funnel
from ingest.sql import Analysis
from lineage.model import Document

Analyses = Mapping[str, Analysed]  # by fingerprint


class Understanding:
    """Sorts the cells of an import; templates: the fingerprints of those that say something."""

    def __init__(self, queries: Queries, unread: Unread, funnel: Funnel) -> None:
        self.templates: set[str] = set()
        self._queries = queries
        self._unread = unread
        self._funnel = funnel
        self._kept: list[Document] = []

    def sort(
        self,
        new: Sequence[FoldedCell],
        unread: Sequence[FoldedCell],
        stored: Sequence[FoldedCell],
        analyses: Analyses,
    ) -> list[FoldedCell]:
        """Those of the cells that edges are derived from; the others are in the funnel.

        unread: what nobody understood before. stored: what was derived before and is again.
        """
        return [
            *self._understood(new, analyses),
            *self._revived(unread, analyses),
            *self._kept_alive(stored, analyses),
        ]

    def take_documents(self) -> list[Document]:
        """The templates that say nothing yet and may some day."""
        kept_, self._kept = self._kept, []
        return kept_

    def _understood(self, cells: Sequence[FoldedCell], analyses: Analyses) -> Iterator[FoldedCell]:
        """The cells that say something; the others are counted for what they are."""
        funnel = self._funnel
        for cell in cells:
            analysis = analyses[cell.key.template.id.name].latest
            count = cell.activity.total
            if self._queries.joined.knows(cell.key.template) and _says_nothing(analysis):
                self._kept.append(kept(cell.key.template))
            if is_unexplained(analysis):
                self._unread.met_dynamic(cell)
            if _is_dead(analysis):
                funnel.imported -= count
                funnel.bury(self._bury(cell, analysis), count)
            elif _says_nothing(analysis):
                called = any(s.kind == "call" for s in analysis.statements)
                funnel.nothing_said("call" if called else "no_lineage", count)
            else:
                if any(s.parse == "table_only" for s in analysis.statements):
                    funnel.partial += count
                self.templates.add(cell.key.template.id.name)
                yield cell

    def _revived(self, cells: Sequence[FoldedCell], analyses: Analyses) -> Iterator[FoldedCell]:
        """Those of the cells that nobody understood which say something by now."""
        funnel = self._funnel
        for cell in cells:
            template = cell.key.template.id
            analysis = analyses[template.name].latest
            if _is_dead(analysis):
                continue
            self._unread.understood_template(template)
            count = cell.activity.total
            funnel.read += count
            if _says_nothing(analysis):
                funnel.ignore("no_lineage", count)
                continue
            funnel.imported += count
            funnel.revived += count
            self.templates.add(template.name)
            yield cell

    def _kept_alive(self, cells: Sequence[FoldedCell], analyses: Analyses) -> Iterator[FoldedCell]:
        """The cells of the store to derive again, but for what nobody understands any more."""
        for cell in cells:
            analysis = analyses[cell.key.template.id.name].latest
            if _is_dead(analysis):
                self._bury(cell, analysis)
            else:
                yield cell

    def _bury(self, cell: FoldedCell, analysis: Analysis) -> str:
        """Keeps a cell for a better analyser; the reason why it was not understood."""
        reason, _, why = analysis.error.partition(": ")
        self._unread.bury_cell(cell, reason, why, self._queries.where(cell.key.template.id))
        return reason


def _is_dead(analysis: Analysis) -> bool:
    """Whether nobody understood the statement."""
    return bool(analysis.error) and not any(s.reads or s.writes for s in analysis.statements)


def _says_nothing(analysis: Analysis) -> bool:
    return not any(one.reads or one.writes or one.changes for one in analysis.statements)
