"""Why a set is in use: the nearest root, else what people claimed, else what would go as well."""

from __future__ import annotations

from collections.abc import Sequence

from lineage.analyses.proof.certificate import Condition, CounterExample, Fact, Step
from lineage.analyses.proof.closure import Root
from lineage.analyses.proof.looked import Looked
from lineage.analyses.proof.statements import statement_of
from lineage.analyses.reach.graph import Link
from lineage.analyses.stewardship.people import Profile
from lineage.calendar import iso_or_none
from lineage.names import ConsumerId, JobId, NodeId


def counter_example(looked: Looked, facts: Sequence[Fact]) -> CounterExample | None:
    """The counter-example of the first condition that does not hold; None when none fails."""
    if looked.closure.root is not None:
        return _root(looked, looked.closure.root)
    failed = next((fact for fact in facts if fact.holds is False), None)
    return _known(looked, failed) if failed else None


def _root(looked: Looked, root: Root) -> CounterExample:
    link, who = root.links[-1], looked.called(root.at)
    profile = _profile(looked, root.at)
    return CounterExample(
        kind="claim" if root.claim else "path" if len(root.links) > 1 else "read",
        what=_sentence(looked, root),
        dataset=str(root.links[0].source),
        who=who,
        title=profile.title if profile and who == str(root.at) else "",
        team=profile.team.name if profile and profile.team else None,
        when=iso_or_none(link.activity.last),
        statement=statement_of(looked.graph, link),
        path=tuple(_step(looked, one) for one in root.links),
    )


def _sentence(looked: Looked, root: Root) -> str:
    """The counter-example as a sentence without its full stop."""
    first, last = root.links[0].source, root.links[-1]
    through = "" if len(root.links) == 1 else f", which is made from {first.name}"
    if root.claim:
        return f"{last.target.name} is {root.claim}{through}"
    who, when = looked.called(root.at), iso_or_none(last.activity.last)
    if when is None:
        return f"{who} is declared to read {last.source.name}{through}"
    return f"{who} read {last.source.name} on {when}{through}"


def _step(looked: Looked, link: Link) -> Step:
    return Step(
        looked.called(link.source),
        looked.called(link.target),
        iso_or_none(link.activity.last),
        statement_of(looked.graph, link),
    )


def _profile(looked: Looked, node: NodeId) -> Profile | None:
    return looked.closure.profiles.get(node) if isinstance(node, JobId | ConsumerId) else None


def _known(looked: Looked, failed: Fact) -> CounterExample:
    """What is known of a member without anybody reading it."""
    if failed.condition is Condition.CLAIMS:
        standing = looked.closure.standing
        member = next(one for one in looked.members if standing[one].claims)
        return CounterExample("claim", failed.value, str(member), str(member))
    if looked.below:
        member, other = looked.below[0]
        return CounterExample("path prefix", failed.value, str(member), str(other))
    link = looked.above[0]
    return CounterExample(
        "read",
        failed.value,
        str(link.source),
        looked.called(link.target),
        when=iso_or_none(link.activity.last),
        statement=statement_of(looked.graph, link),
        path=(_step(looked, link),),
    )
