"""`lineage doctor`."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, version

import click

from app.options import store_option
from lineage.errors import StoreError

_NEEDED = ("click", "msgspec", "neo4j", "networkx", "rich", "sqlglot", "streamlit")
_OURS = ("lineage", "ingest", "app")


@click.command("doctor")
@store_option
def doctor_command(store: str) -> None:
    """Check the installation and the store; exit 1 when something is wrong."""
    wrong = False
    for fine, sentence in (*_installation(), _store(store)):
        click.echo(f"{'ok   ' if fine else 'WRONG'} {sentence}")
        wrong |= not fine
    if wrong:
        raise SystemExit(1)


def _installation() -> Iterator[tuple[bool, str]]:
    yield True, f"Python {platform.python_version()}, lineage-usage {version('lineage-usage')}"
    owners = packages_distributions()
    for package in _OURS:
        others = sorted(set(owners.get(package, ())) - {"lineage-usage"})
        if others:
            yield (
                False,
                (
                    f"package {package!r} also belongs to {', '.join(others)}: "
                    "install lineage-usage in an environment of its own"
                ),
            )
    for name in _NEEDED:
        try:
            yield True, f"{name} {version(name)}"
        except PackageNotFoundError:
            yield False, f"{name} is not installed"
    compiled = not importlib.import_module("sqlglot.parser").__file__.endswith(".py")  # type: ignore[union-attr]
    yield compiled, "sqlglot is compiled" if compiled else "sqlglot is not compiled: slow imports"


def _store(url: str) -> tuple[bool, str]:
    from lineage.stores import open_store

    try:
        graph = open_store(url)
        counts = graph.counts()
        graph.close()
    except StoreError as error:
        return False, f"store: {error}"
    return True, f"store {url}: {counts.nodes.get('Dataset', 0):,} datasets"
