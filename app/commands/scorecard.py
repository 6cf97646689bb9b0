"""`lineage scorecard`."""

from __future__ import annotations

import click

from app.commands.orphans import read_orphan_policy_file
from app.options import answer_options, open_answering, print_answer


@click.command("scorecard")
@click.option("--domain", is_flag=False, flag_value="", metavar="[NAME]", help="one domain")
@click.option("--team", is_flag=False, flag_value="", metavar="[NAME]", help="teams, or one team")
@click.option("--policy", metavar="FILE", help="thresholds and roots: docs/orphans.md")
@click.option("--trend", is_flag=True, help="month by month, as far as the logs reach back")
@click.option("--all", "every", is_flag=True, help="every row, not only the first")
@answer_options
def scorecard_command(
    domain: str | None, team: str | None, policy: str | None, trend: bool, every: bool,
    store: str, form: str, as_of: int | None, window: int,
) -> None:  # fmt: skip
    """How well domains and teams look after their data, who uses whose, what to make a product.

    Owned, described, supported, fresh, used, quality; and the eight traits of a data product, each
    by what the graph shows, or "cannot tell".
    """
    from app.text.scorecard import render
    from lineage.analyses.estate.scorecard import Group, scorecards

    if domain is not None and team is not None:
        raise click.UsageError("Give --domain or --team, not both.")
    by = Group.TEAM if team is not None else Group.DOMAIN
    rules = read_orphan_policy_file(policy)
    graph = open_answering(store)
    answer = scorecards(graph, by, domain or team or None, as_of, window, rules, trend=trend)
    print_answer(form, graph.url, answer, lambda: render(answer, every=every))
