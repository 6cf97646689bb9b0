"""`lineage impact`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click
import msgspec

from app.changing import Told, change_options, told
from app.options import console, open_answering, store_to_read, window_options

if TYPE_CHECKING:
    from app.text.impact_report import Report
    from lineage.analyses.breaking.impact import Impact
    from lineage.analyses.breaking.policy import Ruling
    from lineage.store import Store

_LEAVES = ("md", "html", "sarif", "csv")  # these go to others, so they name teams and no people


@click.command("impact")
@change_options
@click.option("--policy", metavar="FILE", help="what may pass; exit code 1 when it blocks")
@click.option("--explain", is_flag=True, help="show how each severity comes about")
@click.option("--people", is_flag=True, help="name persons in md, html, sarif and csv")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", *_LEAVES]),
    default="text",
    help="text for people, json for programs; md, html, sarif and csv to pass on",
)
@store_to_read
@window_options
def impact_command(
    policy: str | None, explain: bool, people: bool, store: str, form: str, as_of: int | None,
    window: int, **said: object,
) -> None:  # fmt: skip
    """What fails, what silently changes, what gets stale; and whom to tell.

    CHANGE is words or DDL: "drop column shop.orders.discount", "rename dataset shop.orders to
    shop.sales", "ALTER TABLE shop.orders DROP COLUMN discount".
    """
    from app.text.impact_report import numbered, report_of, ruled_without_people, without_people
    from lineage.analyses.breaking.impact import impact
    from lineage.analyses.breaking.impacted import people_among

    graph = open_answering(store)
    changes = told(graph, said, lenient=policy is not None)
    answer = impact(graph, changes.changes, as_of, window)
    ruling = _ruling(graph, answer, changes, policy) if policy else None
    answer = with_doubts(answer, changes)
    if form in _LEAVES and not people:
        seen = [item.id for item in answer.items] + [one.id for one in answer.unjudged]
        names = numbered(answer, people_among(graph, seen))
        answer = without_people(answer, names)
        ruling = ruled_without_people(ruling, names) if ruling else None
    report = report_of(answer, ruling=ruling, explain=explain, store=graph.url)
    _print(form, answer, report, changes.files)
    if ruling and ruling.action == "block":
        raise SystemExit(1)


def _ruling(graph: Store, answer: Impact, changes: Told, policy: str) -> Ruling:
    from app.commands.policy import read_policy_file
    from lineage.analyses.breaking.policy import rule_on
    from lineage.analyses.stewardship.notices import announced_subjects

    return rule_on(
        read_policy_file(policy),
        answer,
        graph,
        not_understood=changes.not_understood,
        unknown=changes.unknown,
        announced=announced_subjects(graph, answer.window.as_of),
    )


def with_doubts(answer: Impact, changes: Told) -> Impact:
    """The answer that also says which parts of the change could not be judged."""
    from lineage.analyses.listening.unread import Unjudged

    if not changes.changes:
        nothing = "No change of a dataset or column that is in the graph."
        answer = msgspec.structs.replace(answer, verdict=nothing)
    where = changes.files[0] if changes.files else "change"
    doubts = tuple(Unjudged(where, said) for said in (*changes.not_understood, *changes.unknown))
    return msgspec.structs.replace(answer, unjudged=(*doubts, *answer.unjudged))


def _print(form: str, answer: Impact, report: Report, files: tuple[str, ...]) -> None:
    if form == "text":
        from app.text.impact import render

        console().print(render(report))
        return
    click.echo(_renderers(answer, files)[form](report), nl=False)


def _renderers(answer: Impact, files: tuple[str, ...]) -> dict[str, Callable[[Report], str]]:
    from app.text import impact_csv, impact_html, impact_json, impact_markdown, impact_sarif

    return {
        "json": lambda report: impact_json.render(report, answer),
        "md": impact_markdown.render,
        "html": impact_html.render,
        "csv": impact_csv.render,
        "sarif": lambda report: impact_sarif.render(report, files),
    }
