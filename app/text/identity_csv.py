"""The rules of identity as a file of aliases."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from lineage.analyses.identity.aliases import aliases
from lineage.analyses.identity.identity_decisions import decisions
from lineage.names import DatasetId
from lineage.store import Store

_HEADINGS = ("namespace", "name", "to_namespace", "to_name", "regex")


def alias_file(store: Store) -> str:
    """The rules of a store and its decided merges as CSV: what `import --aliases` reads."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEADINGS)
    writer.writerows(_rows(store))
    return out.getvalue()


def _rows(store: Store) -> Iterator[tuple[str, str, str, str, str]]:
    for rule in aliases(store):
        regex = "yes" if rule.regex else ""
        yield rule.namespace, rule.name, rule.to_namespace, rule.to_name, regex
    for one in decisions(store).merged:
        yield (*_halves(one.source), *_halves(one.target), "")


def _halves(dataset: DatasetId) -> tuple[str, str]:
    return dataset.namespace, dataset.name
