"""`lineage verify`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from app.options import as_of_option, format_option, open_answering, print_answer, store_to_read
from lineage.errors import UnreadableInput


@click.command("verify")
@click.argument("certificate", type=click.Path(path_type=Path))
@as_of_option
@store_to_read
@format_option
def verify_command(certificate: Path, as_of: int | None, store: str, form: str) -> None:
    """Whether the CERTIFICATE of `prove-unused` still holds: 0 if it does, 1 if it does not.

    It is void after 7 days, when anything that it rests on has changed, and when newer logs or
    decisions speak against it. --as-of is the day on which it is used [default: today]; with
    --snapshot FILE no store is needed.
    """
    from app.text.proof import render_verification
    from lineage.analyses.proof.verifying import read_certificate, verify

    try:
        body = certificate.read_bytes()
    except OSError as error:
        raise UnreadableInput(f"{certificate}: {error.strerror}; name the certificate") from error
    said = read_certificate(body, str(certificate))
    graph = open_answering(store)
    answer = verify(graph, said, _moment(as_of))
    print_answer(form, graph.url, answer, lambda: render_verification(answer))
    raise SystemExit(0 if answer.valid else 1)


def _moment(day: int | None) -> dt.datetime:
    """The end of a day that was named, else now."""
    if day is None:
        return dt.datetime.now(dt.UTC)
    return dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(days=day + 1, seconds=-1)
