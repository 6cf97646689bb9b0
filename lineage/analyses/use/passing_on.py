"""Who uses a dataset, as it may be passed on: persons are counted by team, and not named."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from lineage.analyses.breaking.impacted import people_among
from lineage.analyses.use.rollup import Share, guarded
from lineage.analyses.use.usage import WhoUses
from lineage.store import Store


def passed_on(store: Store, answer: WhoUses) -> WhoUses:
    """The answer without persons and logins; fewer than five people of a team are not counted.

    What persons read still is in the sums of their team, of the trend and of each column.
    """
    people = people_among(store, (use.consumer for use in answer.consumers))
    return replace(
        answer,
        consumers=tuple(
            replace(use, principals=()) for use in answer.consumers if use.consumer not in people
        ),
        unjudged=_others(answer.unjudged, people),
        teams=_guarded(answer.teams),
        domains=_guarded(answer.domains),
        columns=tuple(
            replace(
                column,
                users=tuple(user for user in column.users if user.consumer not in people),
            )
            for column in answer.columns
        ),
        trend=answer.trend
        and replace(
            answer.trend,
            new=_others(answer.trend.new, people),
            gone=_others(answer.trend.gone, people),
        ),
        together=tuple(
            replace(other, users=_others(other.users, people)) for other in answer.together
        ),
    )


def _others(names: Iterable[str], people: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in people)


def _guarded(shares: Iterable[Share]) -> tuple[Share, ...]:
    return tuple(replace(share, people=guarded(share.people)) for share in shares)
