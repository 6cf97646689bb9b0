"""Numbered migrations of the stores' schemas, forward only: `sqlite/*.sql`, `neo4j/*.cypher`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from lineage.errors import StoreError, StoreTooNew


def _scripts(store: str) -> Iterator[tuple[int, str]]:
    folder = resources.files(__name__) / store
    for script in sorted(folder.iterdir(), key=lambda script: script.name):
        yield int(script.name.partition("_")[0]), script.read_text("utf-8")


def pending(store: str, url: str, schema: int, *, migrate: bool) -> list[tuple[int, list[str]]]:
    """The migrations of that store after `schema`, in order: each its number and its statements.

    Raises:
        StoreTooNew: the schema is newer than the newest known.
        StoreError: some are pending and `migrate` is false.
    """
    known = list(_scripts(store))
    newest = known[-1][0]
    if schema > newest:
        raise StoreTooNew(
            f"{url} has schema {schema}, this program knows {newest}: upgrade lineage-usage"
        )
    todo = [(number, _statements(script)) for number, script in known if number > schema]
    if todo and not migrate:
        # Who reads a snapshot has no store that it could be made of again.
        what = (
            "`lineage snapshot` it again"
            if url.startswith("snapshot:")
            else "run `lineage migrate`"
        )
        raise StoreError(f"{url} has schema {schema}, {newest} is needed: {what}")
    return todo


def _statements(script: str) -> list[str]:
    """The statements of a script: each ends with a semicolon at the end of a line."""
    code = "\n".join(line for line in script.splitlines() if not line.startswith(("--", "//")))
    return [statement.strip() for statement in code.split(";\n") if statement.strip(" ;\n")]
