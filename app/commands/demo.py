"""`lineage demo`."""

from __future__ import annotations

import shlex
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import click

from lineage.errors import UnreadableInput

_STORE = "sqlite:///demo.db"
_SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
_DECISIONS = _SAMPLE / "decisions.sh"
_LOGS = ("snowflake", "finance", "postgres", "lake", "openlineage")


@click.command("demo")
@click.option("--app/--no-app", default=True, help="open the app when the import is done")
@click.option("--store", default=_STORE, show_default=True, metavar="URL")
@click.option("--port", default=8501, show_default=True)
def demo_command(app: bool, store: str, port: int) -> None:
    """Import the sample: a fashion retailer's data mesh, into a fresh store, and open the app."""
    from app.commands.importing import Said, import_options, run_import
    from app.commands.pages import serve
    from ingest.declared.sources import NO_FLAGS

    if not (_SAMPLE / "sources.yml").exists():
        raise UnreadableInput(
            f"{_SAMPLE} is not there: the sample comes with a checkout or a source distribution"
        )
    _forget(store)
    options = import_options(
        Said(
            flags=NO_FLAGS,
            sources=str(_SAMPLE / "sources.yml"),
            owners=(str(_SAMPLE / "owners.csv"),),
            members=(str(_SAMPLE / "members.csv"),),
            consumers=(str(_SAMPLE / "consumers.csv"),),
            domains=(str(_SAMPLE / "domains.yml"),),
            prices=str(_SAMPLE / "prices.yml"),
        )
    )
    logs = tuple(str(_SAMPLE / folder) for folder in _LOGS)
    run_import(store, logs, options, form="text", strict=False)
    count = _decide(store)
    click.echo(
        f"\n{count} decisions of its people are taken in: {_DECISIONS}\n"
        "\nTry, with --store " + store + ":\n"
        "  lineage who-uses MART.ORDERS\n"
        '  lineage impact "drop column MART.ORDERS.VOUCHER_CODE"\n'
        "  lineage orphans\n"
        "  lineage prove-unused SANDBOX.COHORT_BASE\n"
    )
    if app:
        raise SystemExit(serve(store, port, browser=None))


def _decide(store: str) -> int:
    """Runs the commands by which people of the sample have decided; how many there are.

    A server may hold an earlier demo: what is decided there is not decided twice.
    """
    from app.cli import cli
    from lineage.analyses.journal import STEWARDSHIP, entries
    from lineage.stores import open_store

    graph = open_store(store)
    decided = bool(entries(graph, STEWARDSHIP))
    graph.close()
    lines = (shlex.split(line, comments=True) for line in _DECISIONS.read_text().splitlines())
    commands = [words[1:] for words in lines if words]
    for words in () if decided else commands:
        here = [
            str(_SAMPLE.parent / one) if one.startswith(f"{_SAMPLE.name}/") else one
            for one in words
        ]
        with redirect_stdout(StringIO()):
            cli.main([*here, "--store", store], standalone_mode=False)
    return len(commands)


def _forget(store: str) -> None:
    """Removes the store of an earlier demo; only a file of that name, never a server's data."""
    scheme, _, path = store.partition(":///")
    if scheme == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)
