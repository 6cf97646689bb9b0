"""`lineage neo4j start` and `lineage neo4j stop`."""

from __future__ import annotations

from pathlib import Path

import click

_HOME = Path(".neo4j")


@click.group("neo4j")
def neo4j_command() -> None:
    """A real Neo4j on this machine, from pip and Maven packages alone."""


@neo4j_command.command("start")
@click.option("--home", type=click.Path(path_type=Path), default=_HOME, show_default=True)
@click.option("--port", default=7687, show_default=True, help="Bolt; 0 finds a free one")
def start_command(home: Path, port: int) -> None:
    """Start it, listening on loopback, and say how to use it."""
    from app.neo4j_server import start

    server = start(home, port=port)
    state = "started" if server.started else "was running already"
    click.echo(f"Neo4j {state}: {server.url} (process {server.pid}, data in {home})")
    for name, value in server.environment.items():
        click.echo(f"  export {name}={value}")
    click.echo(f"  export LINEAGE_STORE={server.url}")
    if server.browser:
        click.echo(f"Neo4j Browser: {server.browser}")


@neo4j_command.command("stop")
@click.option("--home", type=click.Path(path_type=Path), default=_HOME, show_default=True)
def stop_command(home: Path) -> None:
    """Stop it; its data stay."""
    from app.neo4j_server import stop

    click.echo("Neo4j stopped." if stop(home) else f"No Neo4j of {home} was running.")
