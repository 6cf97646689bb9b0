"""`lineage formats`."""

from __future__ import annotations

import click
import msgspec

from app.options import format_option


@click.command("formats")
@format_option
def formats_command(form: str) -> None:
    """Which log formats are understood, and the command that exports each."""
    from app.options import console
    from app.text.formats import render
    from ingest.formats.find import FORMATS

    if form == "json":
        rows = [
            {"name": one.name, "title": one.title, "dialect": one.dialect, "export": one.export}
            for one in FORMATS
        ]
        click.echo(msgspec.json.format(msgspec.json.encode({"formats": rows}), indent=2))
    else:
        console().print(render(FORMATS))
