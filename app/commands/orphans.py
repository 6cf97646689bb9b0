"""`lineage orphans`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import answer_options, open_answering, print_answer
from lineage.errors import UnreadableInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lineage.analyses.disuse.orphan_policy import Label, OrphanPolicy


@click.command("orphans")
@click.argument("datasets", nargs=-1, metavar="[DATASET]…")
@click.option("--class", "classes", multiple=True, metavar="LABEL", help="only this label")
@click.option("--domain", help="only datasets of this domain")
@click.option("--policy", metavar="FILE", help="labels, thresholds and roots: docs/orphans.md")
@click.option("--explain", is_flag=True, help="with who writes and reads it, and the statements")
@click.option("--trend", is_flag=True, help="how many there were, month by month and by domain")
@click.option("--all", "every", is_flag=True, help="every row, not only the first")
@answer_options
def orphans_command(
    datasets: tuple[str, ...], classes: tuple[str, ...], domain: str | None, policy: str | None,
    explain: bool, trend: bool, every: bool, store: str, form: str, as_of: int | None,
    window: int,
) -> None:  # fmt: skip
    """What nobody owns, produces or uses any more, with the evidence and what it costs.

    Copies under other names and columns that nobody uses are looked for when asked: --class copy,
    --class unused-column.
    """
    from app.text.orphans import render, render_trend
    from lineage.analyses.disuse.orphan_trend import orphan_trend
    from lineage.analyses.disuse.orphans import orphans
    from lineage.resolve import resolve_dataset

    rules, labels = read_orphan_policy_file(policy), _labels(classes)
    graph = open_answering(store)
    if trend:
        history = orphan_trend(graph, domain, as_of, rules)
        print_answer(form, graph.url, history, lambda: render_trend(history))
        return
    only = [resolve_dataset(graph, name) for name in datasets]
    answer = orphans(
        graph, labels, domain, as_of, window, rules, only=only, explain=explain
    )  # fmt: skip
    print_answer(form, graph.url, answer, lambda: render(answer, every=every))


def read_orphan_policy_file(path: str | None) -> OrphanPolicy:
    """The section `orphans` of the policy in a file; the default without one.

    Raises:
        UnreadableInput: there is no such file. InvalidPolicy: it is no policy.
    """
    from lineage.analyses.disuse.orphan_policy import DEFAULT, read_orphan_policy

    if path is None:
        return DEFAULT
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{path}: {error}") from error
    return read_orphan_policy(text, path)


def _labels(classes: Iterable[str]) -> list[Label]:
    from lineage.analyses.disuse.orphan_policy import Label

    known = {label.value: label for label in Label}
    unknown = [name for name in classes if name not in known]
    if unknown:
        raise click.BadParameter(f"no label {unknown[0]!r}; there are {', '.join(known)}")
    return [known[name] for name in classes]
