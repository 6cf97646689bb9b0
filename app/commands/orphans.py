"""`lineage orphans`."""

from __future__ import annotations

import click

from app.options import answer_options, open_answering, print_answer


@click.command("orphans")
@click.option("--class", "classes", multiple=True, metavar="LABEL", help="only this label")
@click.option("--domain", help="only datasets of this domain")
@answer_options
def orphans_command(
    classes: tuple[str, ...], domain: str | None, store: str, form: str, as_of: int | None,
    window: int,
) -> None:  # fmt: skip
    """What nobody owns, produces or uses any more, with the evidence."""
    from app.text.orphans import render
    from lineage.analyses.orphans import Label, orphans

    known = {label.value: label for label in Label}
    unknown = [name for name in classes if name not in known]
    if unknown:
        raise click.BadParameter(f"no label {unknown[0]!r}; there are {', '.join(known)}")
    graph = open_answering(store)
    answer = orphans(graph, [known[name] for name in classes], domain, as_of, window)
    print_answer(form, graph.url, answer, lambda: render(answer))
