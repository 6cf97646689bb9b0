"""`lineage policy`: what may pass, tried on the changes that were made before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import answer_options, open_answering, print_answer
from lineage.errors import UnreadableInput

if TYPE_CHECKING:
    from lineage.analyses.breaking.policy import Policy


@click.group("policy")
def policy_command() -> None:
    """Policies of the gate: see docs/policy.md."""


@policy_command.command("test")
@click.argument("policy", metavar="FILE")
@click.option("--last", default=20, show_default=True, type=click.IntRange(1), metavar="N")
@answer_options
def policy_test(
    policy: str, last: int, store: str, form: str, as_of: int | None, window: int
) -> None:
    """Judge the last N changes that the logs hold by the policy in FILE."""
    from app.text.policy import render
    from ingest.changes.seen import changes_seen
    from lineage.analyses.breaking.replay import replay

    rules = read_policy_file(policy)
    graph = open_answering(store)
    seen = changes_seen(graph, last, as_of)
    answer = replay(graph, rules, seen, window)
    print_answer(form, graph.url, answer, lambda: render(answer))


def read_policy_file(path: str) -> Policy:
    """The policy in a file.

    Raises:
        UnreadableInput: there is no such file. InvalidPolicy: it is no policy.
    """
    from lineage.analyses.breaking.policy import read_policy

    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{path}: {error}") from error
    return read_policy(text, path)
