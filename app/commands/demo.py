"""`lineage demo`."""

from __future__ import annotations

from pathlib import Path

import click

from lineage.errors import UnreadableInput

_STORE = "sqlite:///demo.db"
_SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
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
        )
    )
    logs = tuple(str(_SAMPLE / folder) for folder in _LOGS)
    run_import(store, logs, options, form="text", strict=False)
    click.echo(
        "\nTry, with --store " + store + ":\n"
        "  lineage who-uses MART.ORDERS\n"
        '  lineage impact "drop column MART.ORDERS.VOUCHER_CODE"\n'
        "  lineage orphans\n"
    )
    if app:
        raise SystemExit(serve(store, port, browser=None))


def _forget(store: str) -> None:
    """Removes the store of an earlier demo; only a file of that name, never a server's data."""
    scheme, _, path = store.partition(":///")
    if scheme == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)
