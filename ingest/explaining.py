"""Why a statement belongs to a consumer: each rule that fired, and why the first of them wins."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ingest.attribution import Answer, Rules, explain
from ingest.masking.machine import is_machine
from ingest.masking.template import mask
from lineage.model import EdgeType
from lineage.names import QueryId, clean
from lineage.store import Direction, Store

_RANKS = ("names a use", "names what runs it", "names an application",
          "names a tool or loader", "the login itself")  # fmt: skip
_TEXT = 300  # characters of what a rule saw


class Fired(msgspec.Struct, frozen=True):
    """A rule that fired. place, text: where it looked and what it saw; why: its place in the order.

    confidence: a score, 0.0 to 1.0. writes: it is a job even when it reads.
    """

    rule: str
    place: str
    text: str
    consumer: str
    kind: str
    url: str
    person: str
    confidence: float
    writes: bool
    why: str


class Explanation(msgspec.Struct, frozen=True):
    """The rules that fired, the one that wins first. comments: those found in the statement.

    machine: the statement is a probe or looks something up in the platform; it is no use.
    """

    consumer: str
    kind: str
    verdict: str
    rules: tuple[Fired, ...]
    comments: tuple[str, ...]
    principal_class: str
    machine: bool


class Ran(msgspec.Struct, frozen=True):
    """Who ran a stored statement: a job or consumer, by which login, how often."""

    consumer: str
    kind: str
    rule: str
    principal: str
    principal_class: str
    runs: int


class QueryExplanation(msgspec.Struct, frozen=True):
    """Who ran a template of a store. Its comments are not kept: what they named is."""

    query: str
    verdict: str
    sql: str
    ran: tuple[Ran, ...]


def explain_statement(
    sql: str, dialect: str, hints: Mapping[str, str], user: str, namespace: str, rules: Rules
) -> Explanation:
    """Who a statement is for and by which rules; hints: the fields of its record."""
    masked = mask(sql, dialect)
    answers = explain(masked.comments, hints, user, namespace, rules)
    fired = tuple(_fired(answer, answers[0]) for answer in answers)
    best, machine = fired[0], bool(sql.strip()) and is_machine(masked.text, dialect)
    verdict = f"{best.consumer}, {best.kind}, by the rule {best.rule} ({best.confidence:.2f})"
    if machine:
        verdict += "; but it asks the platform or probes columns, which is no use of data"
    return Explanation(best.consumer, best.kind, verdict, fired, masked.comments,
                       rules.principal_class(user), machine)  # fmt: skip


def explain_query(store: Store, fingerprint: str) -> QueryExplanation | None:
    """Who ran the template with that fingerprint, or its beginning; None when there is none."""
    found = sorted(
        (
            node
            for node in store.scan_nodes("Query")
            if isinstance(node.id, QueryId)
            and (node.id.name.startswith(fingerprint) or str(node.id) == fingerprint)
        ),
        key=lambda node: str(node.id),
    )
    if not found or not fingerprint:
        return None
    query = found[0]
    edges = store.edges([query.id], Direction.UP, [EdgeType.RAN])
    ends = {end for edge in edges for end in (edge.key.source, edge.key.via) if end is not None}
    nodes = store.nodes(ends)
    ran = []
    for edge in sorted(edges, key=lambda edge: (-edge.activity.total, str(edge.key.source))):
        process, login = nodes[edge.key.source], edge.key.via
        named = bool(process.value("issuer"))
        ran.append(
            Ran(
                str(edge.key.source),
                process.value("kind"),
                "a rule named it" if named else "principal",
                "" if login is None else str(login),
                "" if login is None else nodes[login].value("class"),
                edge.activity.total,
            )
        )
    total = sum(one.runs for one in ran)
    verdict = f"{len(ran)} ran it, {total:,} times in all."
    return QueryExplanation(str(query.id), verdict, query.value("sql"), tuple(ran))


def _fired(answer: Answer, best: Answer) -> Fired:
    issuer = answer.issuer
    text = clean(answer.text)
    return Fired(
        issuer.rule,
        answer.place,
        text if len(text) <= _TEXT else f"{text[:_TEXT]}…",
        f"{issuer.namespace}:{issuer.name}",
        issuer.kind,
        issuer.url,
        issuer.person,
        issuer.confidence,
        issuer.writes,
        _why(answer, best),
    )


def _why(answer: Answer, best: Answer) -> str:
    says = _RANKS[min(answer.rank, len(_RANKS) - 1)]
    if answer is best:
        return f"wins: {says}"
    if answer.rank > best.rank:
        return f"{says}; the winner {_RANKS[min(best.rank, len(_RANKS) - 1)]}"
    if answer.issuer.confidence < best.issuer.confidence:
        return f"{says}; but {answer.place} is worth less than {best.place}"
    return f"{says}; but its rule comes later"
