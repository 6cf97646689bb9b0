"""Node ids as Marquez's clients write them, and the nodes that they mean.

`dataset:NAMESPACE:NAME`, `job:NAMESPACE:NAME`, `datasetField:NAMESPACE:NAME:FIELD`; a version may
follow behind `#`. Namespaces and names may hold colons: the store tells where to split, the longest
known namespace first. It answers to every spelling and every identifier of a dataset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.serving.reads.asking import bad, missing
from lineage.names import ColumnId, DatasetId, JobId, NodeId
from lineage.store import Store

Target = DatasetId | JobId | ColumnId
_VERSION = re.compile(r"#[0-9a-fA-F-]{36}$")
_LONGEST = 8_192  # characters
_MOST_COLONS = 40


def node_id(node: NodeId) -> str:
    """A node as Marquez writes it."""
    match node:
        case ColumnId():
            return f"datasetField:{node.dataset.namespace}:{node.dataset.name}:{node.name}"
        case DatasetId():
            return f"dataset:{node.namespace}:{node.name}"
        case _:
            return f"job:{node.namespace}:{node.name}"


def find_node(store: Store, text: str, kinds: Sequence[str]) -> Target:
    """The node that a node id means, one of these kinds.

    Raises:
        HTTPException: 400, it is no such node id; 404, there is no such node.
    """
    kind, _, rest = text.partition(":")
    splits = rest.count(":") >= (2 if kind == "datasetField" else 1)
    if kind not in kinds or not splits or len(text) > _LONGEST or rest.count(":") > _MOST_COLONS:
        forms = (f"{one}:NAMESPACE:NAME" + ":FIELD" * (one == "datasetField") for one in kinds)
        raise bad(f"nodeId={text[:200]!r}: write {' or '.join(forms)}")
    for spelled in dict.fromkeys((rest, _VERSION.sub("", rest))):
        for found in _meant(store, kind, spelled):
            return found
    raise missing("Node", text)


def find_dataset(store: Store, namespace: str, name: str) -> DatasetId:
    """The dataset of that namespace and name, by the name that answers use.

    Raises:
        HTTPException: 404, there is none.
    """
    for found in _datasets(store, [DatasetId(namespace, name)]).values():
        return found
    raise missing("Dataset", name)


def find_job(store: Store, namespace: str, name: str) -> JobId:
    """The job of that namespace and name.

    Raises:
        HTTPException: 404, there is none.
    """
    job = JobId(namespace, name)
    if job not in store.nodes([job]):
        raise missing("Job", name)
    return job


def _meant(store: Store, kind: str, text: str) -> Iterator[Target]:
    """What the text may mean and there is, the longest namespace first."""
    if kind == "job":
        jobs = [JobId(*split) for split in _splits(text)]
        known = store.nodes(jobs)
        yield from (job for job in jobs if job in known)
    elif kind == "dataset":
        yield from _datasets(store, [DatasetId(*split) for split in _splits(text)]).values()
    else:
        spelled = [
            (DatasetId(namespace, name), field)
            for namespace, rest in _splits(text)
            for name, field in _splits(rest)
        ]
        datasets = _datasets(store, list(dict.fromkeys(dataset for dataset, _ in spelled)))
        columns = [ColumnId(datasets[one], field) for one, field in spelled if one in datasets]
        there = store.nodes(columns)
        yield from (column for column in columns if column in there)


def _datasets(store: Store, spelled: Sequence[DatasetId]) -> dict[DatasetId, DatasetId]:
    """By what name answers use each of these that there is."""
    known = store.nodes(spelled)
    found = {}
    for one in spelled:
        if one in known:
            shown = known[one].id
            found[one] = shown if isinstance(shown, DatasetId) else one
    return found


def _splits(text: str) -> Iterator[tuple[str, str]]:
    """The text in two, at each of its colons, the last first."""
    for place in range(len(text) - 2, 0, -1):
        if text[place] == ":":
            yield text[:place], text[place + 1 :]
