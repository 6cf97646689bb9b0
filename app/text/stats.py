"""What a store holds, for a terminal."""

from __future__ import annotations

from rich.table import Table

from lineage.analyses.stats import Stats


def render(stats: Stats) -> Table:
    """A row a count."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for name in ("datasets", "columns", "jobs", "consumers", "teams", "queries"):
        table.add_row(name, f"{getattr(stats, name):,}")
    for name, count in stats.edges.items():
        table.add_row(f"[dim]{name}[/dim]", f"{count:,}")
    table.add_row("first day", stats.window["first"] or "-")
    table.add_row("last day", stats.window["last"] or "-")
    if stats.graph_hash:
        table.add_row("graph hash", stats.graph_hash)
    return table
