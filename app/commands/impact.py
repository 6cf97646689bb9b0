"""`lineage impact`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from app.options import answer_options, open_answering, print_answer
from lineage.errors import InvalidChange, UnreadableInput

if TYPE_CHECKING:
    from lineage.analyses.change import Change


@click.command("impact")
@click.argument("change", nargs=-1)
@click.option("--ddl", metavar="FILE", help="the changes of a migration; - for standard input")
@click.option("--dialect", default="", help="of the DDL")
@click.option("--explain", is_flag=True, help="show how each severity comes about")
@answer_options
def impact_command(
    change: tuple[str, ...], ddl: str | None, dialect: str, explain: bool, store: str, form: str,
    as_of: int | None, window: int,
) -> None:  # fmt: skip
    """What fails, what silently changes, what gets stale; and whom to tell.

    CHANGE is words or DDL: "drop column shop.orders.discount", "rename dataset shop.orders to
    shop.sales", "ALTER TABLE shop.orders DROP COLUMN discount".
    """
    from app.text.impact import render
    from lineage.analyses.impact import impact
    from lineage.analyses.unread import Unjudged

    changes, not_read = _changes(change, ddl, dialect)
    graph = open_answering(store)
    answer = impact(graph, changes, as_of, window)
    unread = tuple(Unjudged(ddl or "change", sentence) for sentence in not_read)
    answer = msgspec.structs.replace(answer, unjudged=(*unread, *answer.unjudged))
    print_answer(form, graph.url, answer, lambda: render(answer, explain=explain))


def _changes(
    said: tuple[str, ...], ddl: str | None, dialect: str
) -> tuple[list[Change], list[str]]:
    """The changes, and a sentence for each statement that is none."""
    from ingest.migrations import changes_of, looks_like_sql
    from lineage.analyses.change import parse_change

    texts = list(said)
    if len(texts) > 1 and not any(" " in text for text in texts):
        texts = [" ".join(texts)]  # the quotes were forgotten
    migrations = [text for text in texts if looks_like_sql(text)]
    changes: list[Change] = [parse_change(text) for text in texts if text not in migrations]
    if ddl:
        migrations.append(_read(ddl))
    if not changes and not migrations:
        raise InvalidChange('say a change, for example: "drop column shop.orders.discount"')
    not_read: list[str] = []
    for sql in migrations:
        found, missed = changes_of(sql, dialect)
        changes += found
        not_read += missed
    return changes, not_read


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{path}: {error}") from error
