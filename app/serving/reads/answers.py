"""Our own answers: the documents that the command line gives with `--format json`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from app.changing import told
from app.commands.impact import with_doubts
from app.serving.reads.asking import Ask, bad
from app.serving.reads.people import walk_without_people
from app.text import impact_json
from app.text.impact_report import numbered, report_of, without_people
from lineage.analyses.breaking.change import minutes_of
from lineage.analyses.breaking.impact import impact as impact_of
from lineage.analyses.breaking.impacted import is_person, people_among
from lineage.analyses.disuse.orphans import Label
from lineage.analyses.disuse.orphans import orphans as orphans_in
from lineage.analyses.reach.path import path as path_between
from lineage.analyses.reach.walk import downstream as walk_down
from lineage.analyses.reach.walk import upstream as walk_up
from lineage.analyses.stats import stats as stats_of
from lineage.analyses.use.passing_on import passed_on
from lineage.analyses.use.usage import who_uses as uses_of
from lineage.errors import UnknownName
from lineage.names import ColumnId, ConsumerId, DatasetId, NodeId
from lineage.resolve import column_of, resolve_column, resolve_dataset, resolve_process

Document = Mapping[str, object]
_DEEPEST = 1_000_000
_NO_FILES = {"files": False, "ddl": None, "subject": "", **dict.fromkeys(
    ("sql", "dbt", "odcs", "schema", "catalog")
)}  # fmt: skip


def who_uses(ask: Ask) -> Document:
    """Who uses a dataset or one of its columns: how, how often, since when, when next."""
    dataset = resolve_dataset(ask.store, ask.needed("dataset"))
    column, as_of = ask.text("column") or None, ask.day("as_of")
    answer = uses_of(ask.store, dataset, column, as_of, ask.window())
    return _document(ask, answer if ask.people else passed_on(ask.store, answer))


def downstream(ask: Ask) -> Document:
    """What is made of a dataset or column, and who reads it."""
    answer = walk_down(
        ask.store, _start(ask), _depth(ask), all_roles=ask.flag("all_roles"), as_of=ask.day("as_of")
    )
    return _document(ask, answer if ask.people else walk_without_people(ask.store, answer))


def upstream(ask: Ask) -> Document:
    """What a dataset or column is made of."""
    answer = walk_up(
        ask.store, _start(ask), _depth(ask), all_roles=ask.flag("all_roles"), as_of=ask.day("as_of")
    )
    return _document(ask, answer)


def path(ask: Ask) -> Document:
    """How one dataset, job or consumer reaches another, with the statement proving each step."""
    find = _column if ask.flag("column") else _end
    source, target = find(ask, ask.needed("source")), find(ask, ask.needed("target"))
    delay = _minutes(ask.text("delay"))
    return _document(ask, path_between(ask.store, source, target, ask.day("as_of"), delay))


def impact(ask: Ask) -> msgspec.Raw:
    """What a change breaks, silently changes or leaves stale; and whom to tell."""
    texts = [ask.body] if ask.body.strip() else ask.every("change")
    if not texts:
        raise bad("say a change, for example ?change=drop column shop.orders.discount")
    said = {**_NO_FILES, "change": tuple(texts), "dialect": ask.text("dialect")}
    changes = told(ask.store, said, lenient=False)
    answer = impact_of(ask.store, changes.changes, ask.day("as_of"), ask.window())
    answer = with_doubts(answer, changes)
    if not ask.people:
        seen = [item.id for item in answer.items] + [one.id for one in answer.unjudged]
        answer = without_people(answer, numbered(answer, people_among(ask.store, seen)))
    report = report_of(answer, store=ask.store.url)
    return msgspec.Raw(impact_json.render(report, answer).encode())


def orphans(ask: Ask) -> Document:
    """What nobody owns, produces or uses any more, with the evidence."""
    known = {label.value: label for label in Label}
    wanted = ask.every("class")
    for name in wanted:
        if name not in known:
            raise bad(f"class={name[:40]!r}: write one of {', '.join(known)}")
    classes = [known[name] for name in wanted]
    domain = ask.text("domain") or None
    return _document(ask, orphans_in(ask.store, classes, domain, ask.day("as_of"), ask.window()))


def stats(ask: Ask) -> Document:
    """How much is in the store, and from when to when."""
    return _document(ask, stats_of(ask.store, ask.kept if ask.flag("hash") else None))


def _document(ask: Ask, answer: msgspec.Struct) -> Document:
    return {"store": ask.store.url, **msgspec.to_builtins(answer)}


def _start(ask: Ask) -> DatasetId | ColumnId:
    dataset, column = resolve_dataset(ask.store, ask.needed("dataset")), ask.text("column")
    return column_of(ask.store, dataset, column) if column else dataset


def _depth(ask: Ask) -> int | None:
    return ask.number("depth", 0, _DEEPEST, least=1) or None


def _column(ask: Ask, text: str) -> NodeId:
    return resolve_column(ask.store, text)


def _end(ask: Ask, text: str) -> NodeId:
    """The dataset, else the job or consumer, that a text means; a person only where he is named."""
    try:
        return resolve_dataset(ask.store, text)
    except UnknownName as no_dataset:
        try:
            found = resolve_process(ask.store, text)
        except UnknownName:
            raise no_dataset from None
        person = isinstance(found, ConsumerId) and is_person(ask.store.nodes([found])[found])
        if person and not ask.people:
            raise no_dataset from None
        return found


def _minutes(text: str) -> int | None:
    try:
        return minutes_of(text) if text else None
    except (ValueError, KeyError):
        raise bad(f"delay={text[:40]!r}: write a time like 2h, 90min or 1d") from None
