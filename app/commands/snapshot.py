"""`lineage snapshot`."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from app.options import open_answering, store_option, window_options
from lineage.errors import StoreUnavailable

if TYPE_CHECKING:
    from lineage.store import Store
    from lineage.stores.snapshot import Manifest


@click.command("snapshot")
@click.option("--to", "target", required=True, metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--key",
    metavar="FILE",
    envvar="LINEAGE_SNAPSHOT_KEY",
    help="sign it with the secret in FILE [default: $LINEAGE_SNAPSHOT_KEY]",
)
@click.option("--texts/--no-texts", default=True, help="with the masked statements, as proof")
@click.option("--people", is_flag=True, help="with the names of persons")
@store_option
@window_options
def snapshot_command(
    target: Path, key: str | None, texts: bool, people: bool, store: str, as_of: int | None,
    window: int,
) -> None:  # fmt: skip
    """Write the graph to one FILE that is only read: for CI, without a network or a database.

    Ask it with --snapshot FILE: impact, who-uses, upstream, downstream, path, orphans. It holds
    teams and no people, no ledger and no runs. The signature is HMAC-SHA-256 with the secret in
    the key file: it tells a forged file from yours, for those who hold the same secret.
    """
    from lineage.stores.snapshot import pack, read_key

    secret = read_key(Path(key)) if key else None
    if not target.absolute().parent.is_dir():
        raise StoreUnavailable(f"{target} cannot be written: there is no such folder")
    graph = open_answering(store)
    with TemporaryDirectory(prefix="lineage-snapshot-") as folder:
        whole = Path(folder) / "graph.db"
        manifest = _write(graph, whole, as_of, window, texts=texts, people=people)
        manifest = pack(whole, target, manifest, secret)
    nodes, edges = sum(manifest.nodes.values()), sum(manifest.edges.values())
    size = target.stat().st_size / 1e6
    signed = "signed (HMAC-SHA-256)" if manifest.signature else "not signed: give --key FILE"
    click.echo(
        f"{target}: {nodes:,} nodes, {edges:,} edges, {size:.1f} MB, as of {manifest.as_of},"
        f" {manifest.coverage}; {signed}",
        err=True,
    )


def _write(
    graph: Store, whole: Path, as_of: int | None, window: int, *, texts: bool, people: bool
) -> Manifest:
    """Writes what may leave into a SQLite store, and says what it is."""
    from lineage.analyses.leaving import leaving
    from lineage.analyses.listening.coverage import Logs
    from lineage.stores.snapshot import FORMAT, Manifest
    from lineage.stores.snapshot_rows import write_graph
    from lineage.stores.sqlite import open_sqlite

    logs = Logs(graph, as_of, window)
    write_graph(whole, leaving(graph, logs.as_of, texts=texts, people=people))
    written = open_sqlite(f"sqlite:///{whole}", create=False)
    try:
        logs = Logs(written, logs.as_of, window)
        span, counts = logs.window(logs.logged), written.counts()
        return Manifest(
            format=FORMAT,
            as_of=span.last,
            first=span.first,
            last=span.last,
            coverage=logs.coverage([], logs.logged, 0, 0).text,
            nodes=counts.nodes,
            edges=counts.edges,
            texts=texts,
            people=people,
            program=version("lineage-usage"),
        )
    finally:
        written.close()
