"""The command line: names and exit codes are a contract (README); commands load when called."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import packages_distributions

import click

from lineage.errors import LineageError

# Command → module under app.commands; each module has a click command of the same name.
COMMANDS = {
    "app": "pages",
    "chokepoints": "chokepoints",
    "contract": "contract",
    "correct": "correct",
    "dead-letters": "dead_letters",
    "demo": "demo",
    "deprecate": "deprecate",
    "digest": "digest",
    "doctor": "doctor",
    "downstream": "walking",
    "explain-consumer": "explaining",
    "export": "exporting",
    "extract": "extracting",
    "forget": "forget",
    "formats": "formats",
    "identity": "identity",
    "impact": "impact",
    "import": "importing",
    "migrate": "migrating",
    "neo4j": "neo4j",
    "notice": "notices",
    "orphans": "orphans",
    "owners": "owners",
    "path": "walking",
    "policy": "policy",
    "prove-unused": "prove_unused",
    "replay": "replay",
    "scorecard": "scorecard",
    "serve": "serve",
    "serve-key": "serve",
    "snapshot": "snapshot",
    "stats": "stats",
    "support": "support",
    "upstream": "walking",
    "verify": "verify",
    "who-uses": "using",
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, its module imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"app.commands.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_") + "_command")
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lineage-usage", prog_name="lineage")
def cli() -> None:
    """Who uses my data, and what breaks downstream.

    Start with `lineage demo`, or `lineage import LOGS…`, then ask: `lineage who-uses shop.orders`,
    `lineage impact "drop column shop.orders.discount"`, `lineage orphans`.
    """


def main() -> None:
    """Runs the command line and exits with its code; the boundary of the process."""
    try:
        code = cli.main(standalone_mode=False)
    except LineageError as error:
        click.echo(f"error: {error}", err=True)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; run the same command again to go on", err=True)
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except ImportError as error:
        click.echo(f"error: {error}{_intruders()}", err=True)
        code = 1
    except Exception as error:  # the one place: no traceback reaches a user
        if os.environ.get("LINEAGE_DEBUG"):
            raise
        click.echo(
            f"error: {type(error).__name__}: {error}\n"
            "This is a fault of lineage. LINEAGE_DEBUG=1 shows where; please report it.",
            err=True,
        )
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _intruders() -> str:
    """A sentence when another distribution has put its files into our packages (pip #4625)."""
    owners = packages_distributions()
    for package in ("lineage", "ingest", "app"):
        names = sorted(set(owners.get(package, ())) - {"lineage-usage"})
        if names:
            return (
                f"\nThe package {package!r} also belongs to {', '.join(names)}:"
                " install lineage-usage in an environment of its own."
            )
    return ""


if __name__ == "__main__":
    main()
