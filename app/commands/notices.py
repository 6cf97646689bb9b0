"""`lineage notice`: announce a change, see who still uses what goes away, remind them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import (
    actor_option,
    as_of_option,
    format_option,
    open_answering,
    print_answer,
    store_option,
)  # fmt: skip

if TYPE_CHECKING:
    from lineage.analyses.stewardship.notices import Notice, NoticeStatus
    from lineage.store import Store

reason_option = click.option("--reason", default="", help="why, for the journal")


@click.group("notice")
def notice_command() -> None:
    """Announced changes: who was told, and who still uses what goes away."""


@notice_command.command("announce")
@click.argument("change")
@click.option("--on", required=True, metavar="DATE", help="the day the change will happen")
@click.option("--to-team", "teams", multiple=True, metavar="TEAM", help="told as well")
@reason_option
@actor_option
@store_option
@format_option
def announce_command(
    change: str, on: str, teams: tuple[str, ...], reason: str, actor: str, store: str, form: str
) -> None:
    """Announce CHANGE: "drop column shop.orders.discount" --on 2027-01-15."""
    from lineage.analyses.stewardship.notices import announce

    graph = open_answering(store)
    notice = announce(graph, change, on, actor, teams=teams, reason=reason, now=_now())
    _show(graph, notice, form, None)


@notice_command.command("status")
@click.argument("number", type=int, required=False)
@click.option("--all", "closed", is_flag=True, help="closed ones too")
@store_option
@format_option
@as_of_option
def status_command(
    number: int | None, closed: bool, store: str, form: str, as_of: int | None
) -> None:
    """Who still uses what was announced to go: of notice NUMBER, or of all that are open."""
    from app.text.notices import Statuses, render_all

    graph = open_answering(store)
    found = _selected(graph, number, closed=closed)
    if number is not None:
        _show(graph, found[0], form, as_of)
        return
    answer = Statuses(tuple(_status(graph, notice, as_of) for notice in found))
    print_answer(form, graph.url, answer, lambda: render_all(answer))


@notice_command.command("ack")
@click.argument("number", type=int)
@click.option("--team", required=True, help="the team that knows of it")
@actor_option
@store_option
def ack_command(number: int, team: str, actor: str, store: str) -> None:
    """Write down that a team knows of notice NUMBER."""
    from lineage.analyses.stewardship.notices import acknowledge

    acknowledge(open_answering(store), number, team, actor, _now())
    click.echo(f"notice {number}: {team} knows of it")


@notice_command.command("close")
@click.argument("number", type=int)
@reason_option
@actor_option
@store_option
def close_command(number: int, reason: str, actor: str, store: str) -> None:
    """End notice NUMBER: the change was made, or called off."""
    from lineage.analyses.stewardship.notices import close

    notice = close(open_answering(store), number, actor, reason, _now())
    click.echo(f"notice {number} is closed: {notice.closed}")


@notice_command.command("remind")
@click.argument("number", type=int)
@click.option(
    "--to", "sink", required=True, metavar="SINK",
    help="FILE, https://…, mailto:ADDRESS, or `contacts` for the teams that have an e-mail",
)  # fmt: skip
@click.option("--key", metavar="FILE", help="sign what a webhook gets with the secret in FILE")
@click.option("--people", is_flag=True, help="name persons")
@actor_option
@store_option
@as_of_option
def remind_command(
    number: int, sink: str, key: str | None, people: bool, actor: str, store: str,
    as_of: int | None,
) -> None:  # fmt: skip
    """Send each team that still uses what goes away by notice NUMBER a message about it."""
    from app.sinks import send
    from app.text.notices import messages
    from lineage.analyses.breaking.impacted import people_among
    from lineage.analyses.stewardship.notices import reminded
    from lineage.stores.snapshot import read_key

    graph = open_answering(store)
    (notice,) = _selected(graph, number, closed=False)
    found = _status(graph, notice, as_of)
    hidden = set() if people else people_among(graph, [one.consumer for one in found.watched])
    secret = read_key(Path(key)) if key else None
    sent = []
    for message in messages(found, hidden):
        to = _address(sink, found, message.team)
        if to is None:
            click.echo(f"{message.team}: no e-mail is known, not reminded", err=True)
            continue
        send(message, to, secret)
        sent.append(message.team)
    if sent:
        reminded(graph, number, actor, ", ".join(sent), _now())
    click.echo(f"notice {number}: reminded {', '.join(sent) if sent else 'nobody'}")


def _address(sink: str, found: NoticeStatus, team: str) -> str | None:
    if sink != "contacts":
        return sink
    contact = found.contacts.get(team, "")
    return f"mailto:{contact}" if "@" in contact else None


def _selected(graph: Store, number: int | None, *, closed: bool) -> list[Notice]:
    from lineage.analyses.stewardship.notices import notices
    from lineage.errors import UnknownName

    known = notices(graph)
    if number is None:
        return [notice for notice in known if closed or notice.closed is None]
    found = [notice for notice in known if notice.number == number]
    if not found:
        raise UnknownName("notice", str(number), tuple(str(one.number) for one in known))
    return found


def _status(graph: Store, notice: Notice, as_of: int | None) -> NoticeStatus:
    from lineage.analyses.stewardship.notices import status

    return status(graph, notice, as_of)


def _show(graph: Store, notice: Notice, form: str, as_of: int | None) -> None:
    from app.text.notices import render

    answer = _status(graph, notice, as_of)
    print_answer(form, graph.url, answer, lambda: render(answer))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
