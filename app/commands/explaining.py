"""`lineage explain-consumer`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.options import console, format_option, open_answering, print_answer, store_option


@click.command("explain-consumer")
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@click.option("--sql", help="the text of the statement with its comments; - for standard input")
@click.option("--query", "fingerprint", help="fingerprint of a statement in the store")
@click.option(
    "--hint", "hints", multiple=True, metavar="K=V", help="a field: query_tag=…, label.x=…"
)
@click.option("--user", default="", help="its login")
@click.option("--namespace", default="sql://unknown", help="of its source")
@click.option("--dialect", default="", help="of its SQL")
@click.option("--sources", default="", metavar="FILE", help="sources.yml with rules of your own")
@store_option
@format_option
def explain_consumer_command(
    file: str | None, sql: str | None, fingerprint: str | None, hints: tuple[str, ...],
    user: str, namespace: str, dialect: str, sources: str, store: str, form: str,
) -> None:  # fmt: skip
    """Whom a statement is for: which rules fire, what each yields, and why one wins.

    The statement is in FILE, in --sql, or in the store by --query.
    """
    if fingerprint:
        _explain_stored(fingerprint, store, form)
        return
    if file is None and sql is None and not hints and not user:
        raise click.UsageError("say a FILE, --sql, --query, --hint or --user")
    said = dict(_hint(one) for one in hints)
    _explain(_statement(file, sql), dialect, said, user, namespace, sources, form)


def _explain(
    text: str, dialect: str, hints: dict[str, str], user: str, namespace: str, sources: str,
    form: str,
) -> None:  # fmt: skip
    import msgspec

    from app.text.explaining import render
    from ingest.declared.sources import NO_FLAGS, SourceBook
    from ingest.explaining import explain_statement

    book = SourceBook.load(Path(sources)) if sources else SourceBook.from_flags(NO_FLAGS)
    answer = explain_statement(text, dialect, hints, user, namespace, book.rules)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
    else:
        console().print(render(answer))


def _explain_stored(fingerprint: str, url: str, form: str) -> None:
    from app.text.explaining import render_query
    from ingest.explaining import explain_query
    from lineage.errors import UnknownName

    store = open_answering(url)
    answer = explain_query(store, fingerprint)
    if answer is None:
        raise UnknownName("query", fingerprint)
    print_answer(form, store.url, answer, lambda: render_query(answer))


def _statement(file: str | None, sql: str | None) -> str:
    from ingest.files.reading import Input, open_text

    if sql == "-" or file == "-":
        return sys.stdin.read()
    if sql is not None or file is None:
        return sql or ""
    with open_text(Input(file, Path(file))) as stream:
        return stream.read()


def _hint(said: str) -> tuple[str, str]:
    key, equals, value = said.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"{said!r}: write it as query_tag=…", param_hint="--hint")
    return key.strip(), value
