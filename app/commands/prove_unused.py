"""`lineage prove-unused`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import answer_options, open_answering, print_answer
from lineage.errors import StoreUnavailable

if TYPE_CHECKING:
    from lineage.analyses.proof.certificate import Certificate


@click.command("prove-unused")
@click.argument("datasets", nargs=-1, required=True, metavar="DATASET…")
@click.option(
    "--to", "target", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="write the certificate, such as orders.cert.json; without the names of persons",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="trace each number to the statements behind it")
@answer_options
def prove_unused_command(
    datasets: tuple[str, ...], target: Path | None, explain: bool, store: str, form: str,
    as_of: int | None, window: int,
) -> None:  # fmt: skip
    """Whether datasets may be deleted: PROVEN, REFUTED, or INSUFFICIENT with what is missing.

    Eight conditions are looked at, for the datasets and for what is only made from them. The
    statements that would delete them are printed, never run. Exits with 1 unless it is proven.
    """
    from app.text.proof import render
    from lineage.analyses.proof.prove import prove_unused
    from lineage.resolve import resolve_dataset

    graph = open_answering(store)
    asked = [resolve_dataset(graph, name) for name in datasets]
    issued = _end_of(as_of)
    answer = prove_unused(graph, asked, as_of, window, issued=issued)
    if target is not None:
        _write(target, prove_unused(graph, asked, as_of, window, issued=issued, people=False))
    print_answer(form, graph.url, answer, lambda: render(answer, explain=explain))
    raise SystemExit(0 if answer.proven else 1)


def _end_of(day: int | None) -> dt.datetime:
    """The moment up to which decisions count: the end of a day that was named, else now."""
    if day is None:
        return dt.datetime.now(dt.UTC)
    return dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(days=day + 1, seconds=-1)


def _write(target: Path, certificate: Certificate) -> None:
    import msgspec

    body = msgspec.json.format(msgspec.json.encode(certificate), indent=2)
    try:
        target.write_bytes(body + b"\n")
    except OSError as error:
        raise StoreUnavailable(f"{target} cannot be written: {error.strerror}") from error
    click.echo(f"{target}: {certificate.state}, evidence {certificate.evidence_hash}", err=True)
