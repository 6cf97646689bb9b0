"""Who a statement acts for: the jobs that write its targets, or the consumer that reads."""

from __future__ import annotations

from ingest.attribution import RUN, Issuer
from ingest.folding.cells import CellKey
from ingest.identity import dataset_of
from ingest.sql import Statement, Table
from lineage.names import ConsumerId, JobId, ProcessId


def processes(
    statement: Statement, key: CellKey, routine: str
) -> list[tuple[ProcessId, tuple[Table, ...]]]:
    """Who the statement acts for, and which of its targets: a job per target, or a consumer.

    routine: what the template defines, as `Template.routine` says it.
    """
    issuer = key.issuer
    if key.principal is None:  # the run is the statement, whatever it does
        return [(JobId(issuer.namespace, issuer.name), statement.writes)]
    if statement.writes and not statement.temporary:
        if issuer.kind == RUN and statement.kind != "create_view":
            return [(JobId(issuer.namespace, issuer.name), statement.writes)]
        return [(_job(statement, target, key), (target,)) for target in statement.writes]
    if routine:
        return [(JobId(key.template.id.namespace, routine), ())]
    if issuer.writes:
        return [(JobId(issuer.namespace, issuer.name), ())]
    return [(ConsumerId(issuer.namespace, issuer.name), ())]


def is_login(issuer: Issuer, key: CellKey) -> bool:
    """Whether it ran on behalf of nobody but the login."""
    login = key.principal
    return login is not None and (issuer.namespace, issuer.name) == (login.namespace, login.name)


def _job(statement: Statement, target: Table, key: CellKey) -> JobId:
    namespace = key.template.id.namespace
    dataset = dataset_of(target, namespace)
    if statement.kind == "create_view":
        return JobId(dataset.namespace, f"view {dataset.name}")
    if is_login(key.issuer, key):
        sources = sorted({dataset_of(table, namespace).name for table in statement.reads})
        return JobId(dataset.namespace, f"{dataset.name} <- {', '.join(sources) or 'values'}")
    if key.issuer.kind == "model":  # it has one target by definition, and events name it so
        return JobId(key.issuer.namespace, key.issuer.name)
    return JobId(key.issuer.namespace, f"{key.issuer.name} -> {dataset.name}")
