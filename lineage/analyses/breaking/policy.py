"""What a team lets pass: a policy, and what it says about a change. First rule that fits decides.

What a rule asks for and nobody knows (whose something is) is taken the worse way: a gate that
is not sure does not open. See `docs/policy.md` for the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from lineage.analyses.breaking.impact import Impact
from lineage.analyses.breaking.impacted import dataset_of, nodes_of, subject_nodes
from lineage.analyses.breaking.items import Item
from lineage.analyses.breaking.weights import Ring
from lineage.analyses.disuse.orphan_policy import DEFAULT, OrphanPolicy
from lineage.analyses.listening.unread import Unjudged
from lineage.analyses.reach.graph import Graph
from lineage.analyses.stewardship.contracts import NO_CONTRACT, contracts, promised_by
from lineage.analyses.stewardship.people import owners
from lineage.analyses.stewardship.stewardship import Level, stewardship_of
from lineage.analyses.wording import quantity
from lineage.errors import InvalidPolicy
from lineage.names import DatasetId
from lineage.store import Store

_SAYS = {Ring.FAILS: "fails", Ring.WRONG: "changes silently", Ring.STALE: "gets stale"}


class Action(StrEnum):
    """What a rule says about what it fits; the mildest first."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"


class Announced(StrEnum):
    """Whether the change of a subject was announced, and whether its day has come."""

    NEVER = "never"
    RUNNING = "running"  # announced, its day is still to come
    EXPIRED = "expired"  # its day has come: consumers had their time


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule fits: every condition that is given must hold; a list means any of it.

    severity: at least, 0 to 100. crosses_team: whether the item belongs to another team than what
    changes; true as well when one of the two is not known. support, contract: of what changes;
    contract is the status of the one that promises it, `none` when none does.
    """

    ring: tuple[Ring, ...] = ()
    kind: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    severity: int | None = None
    band: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    crosses_team: bool | None = None
    support: tuple[Level, ...] = ()
    contract: tuple[str, ...] = ()
    announced: tuple[Announced, ...] = ()


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule: what it fits and what then."""

    name: str
    then: Action
    when: When = When()


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules in their order, and what to do about what no rule or nobody can judge.

    otherwise: items that no rule fits. not_understood: parts of the change that were not
    understood. unknown: what changes and is not in the graph. unjudged: uses that could not be
    judged. truncated: the walk was cut short. orphans: no matter of the gate; `lineage orphans`
    reads it.
    """

    rules: tuple[Rule, ...]
    otherwise: Action = Action.ALLOW
    not_understood: Action = Action.BLOCK
    unknown: Action = Action.BLOCK
    unjudged: Action = Action.WARN
    truncated: Action = Action.BLOCK
    orphans: OrphanPolicy = DEFAULT


class Finding(msgspec.Struct, frozen=True):
    """Why a gate does not simply open: which rule, about what.

    rule: its name, or the key of the policy that decides where no rule does.
    """

    action: Action
    rule: str
    item: str
    reason: str


class Ruling(msgspec.Struct, frozen=True):
    """What a policy says about a change; findings worst first, without what it allows."""

    action: Action
    verdict: str
    findings: tuple[Finding, ...]
    allowed: int


class Subject(msgspec.Struct, frozen=True):
    """What the rules may ask about what changes. team: None when nobody is known to own it."""

    team: str | None = None
    support: Level = Level.UNAWARE
    contract: str = NO_CONTRACT
    announced: Announced = Announced.NEVER


def read_policy(text: str, where: str) -> Policy:
    """The policy that YAML says; where: the name of the file, for errors.

    Raises:
        InvalidPolicy: it is no YAML, or holds a word that is not known; says where.
    """
    try:
        policy = msgspec.yaml.decode(text, type=Policy)
    except msgspec.MsgspecError as error:
        raise InvalidPolicy(f"{where}: {error}; a policy is described in docs/policy.md") from error
    for rule in policy.rules:
        if not rule.name.strip():
            raise InvalidPolicy(f"{where}: a rule has no name; the verdict calls it by its name")
    return policy


def rule_on(
    policy: Policy,
    answer: Impact,
    store: Store,
    *,
    not_understood: Sequence[str] = (),
    unknown: Sequence[str] = (),
    announced: Mapping[str, Announced] | None = None,
) -> Ruling:
    """What a policy says about an answer.

    not_understood: a sentence for each part of the change that was not understood; they are no
    part of `answer.unjudged`. unknown: the same for what is not in the graph. announced: by
    subject, as `path[0]` of an item spells it.
    """
    subjects = _subjects(store, answer.items, announced or {})
    asked = answer.items if any(rule.when.tier for rule in policy.rules) else ()
    tiers = {text: node.value("tier") for text, node in nodes_of(store, asked).items()}
    findings = [
        Finding(policy.not_understood, "not_understood", "the change", text)
        for text in not_understood
    ]
    findings += [Finding(policy.unknown, "unknown", "the change", text) for text in unknown]
    findings += [_doubt(policy.unjudged, one) for one in answer.unjudged]
    if answer.truncated:
        findings.append(Finding(policy.truncated, "truncated", "the walk", "it was cut short"))
    for item in answer.items:
        subject = subjects[_subject_of(item)]
        tier = tiers.get(item.id, "").strip().lower()
        rule = next((rule for rule in policy.rules if _fits(rule.when, item, tier, subject)), None)
        findings.append(_finding(policy, rule, item, subject))
    return _ruling(findings)


def _finding(policy: Policy, rule: Rule | None, item: Item, subject: Subject) -> Finding:
    reason = f"{_SAYS[item.ring]}, {item.level}, {item.band}"
    if item.team != subject.team:
        reason += f"; of {item.team or 'no known team'}, the change is of "
        reason += subject.team or "no known team"
    if rule is None:
        return Finding(policy.otherwise, "otherwise", item.id, reason)
    return Finding(rule.then, rule.name, item.id, reason)


def _doubt(action: Action, one: Unjudged) -> Finding:
    return Finding(action, "unjudged", one.id, f"could not be judged: {one.reason}")


def _ruling(findings: Sequence[Finding]) -> Ruling:
    order = list(Action)
    told = [one for one in findings if one.action is not Action.ALLOW]
    told.sort(key=lambda one: -order.index(one.action))
    worst = max((one.action for one in findings), key=order.index, default=Action.ALLOW)
    return Ruling(worst, _verdict(worst, told), tuple(told), len(findings) - len(told))


def _verdict(action: Action, told: Sequence[Finding]) -> str:
    if action is Action.ALLOW:
        return "The policy lets the change pass."
    mine = [one for one in told if one.action is action]
    first = mine[0]
    more = f", and {quantity(len(mine) - 1, 'more finding')}" if len(mine) > 1 else ""
    does = "blocks the change" if action is Action.BLOCK else "lets the change pass, with a warning"
    return (
        f"The policy {does}: rule “{first.rule}”, because of {first.item} ({first.reason}){more}."
    )


def _fits(when: When, item: Item, tier: str, subject: Subject) -> bool:
    """Whether every condition that is given holds."""
    lists: tuple[tuple[tuple[str, ...], str], ...] = (
        (when.ring, item.ring),
        (when.kind, item.kind),
        (when.level, item.level),
        (when.band, item.band),
        (when.tier, tier),
        (when.team, item.team or ""),
        (when.support, subject.support),
        (when.contract, subject.contract),
        (when.announced, subject.announced),
    )
    if any(wanted and value not in wanted for wanted, value in lists):
        return False
    if when.severity is not None and item.severity < when.severity:
        return False
    crosses = item.team is None or subject.team is None or item.team != subject.team
    return when.crosses_team is None or when.crosses_team == crosses


def _subjects(
    store: Store, items: Sequence[Item], announced: Mapping[str, Announced]
) -> dict[str, Subject]:
    """What the rules may ask about each subject, as paths spell it."""
    graph = Graph(store)
    found = subject_nodes(store, {_subject_of(item) for item in items})
    bases = {text: dataset_of(node) for text, node in found.items()}
    teams = owners(graph, set(bases.values()))
    datasets = {base for base in bases.values() if isinstance(base, DatasetId)}
    decided = stewardship_of(store, datasets) if datasets else {}
    promised = contracts(store)
    known = {
        text: Subject(
            teams[base].name if base in teams else None,
            decided[base].support.level if base in decided else Level.UNAWARE,
            promised_by(promised, found[text]),
            announced.get(text, announced.get(str(base), Announced.NEVER)),
        )
        for text, base in bases.items()
    }
    return {_subject_of(item): Subject() for item in items} | known


def _subject_of(item: Item) -> str:
    return item.path[0] if item.path else item.id
