"""A declared edge, and the dataset that each of its ends means."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from ingest.identity import canonical, of_url
from lineage.errors import AmbiguousName
from lineage.names import DatasetId, NodeId, parts
from lineage.store import Store

# A reference to a dataset of that platform whose namespace the file does not tell.
SOMEWHERE = "://?"
_FULL = re.compile(
    r"((?:[A-Za-z][\w+.-]*://[^/:]*(?::\d+)?[^:]*)|arn:.*|[A-Za-z][\w-]*):(.+)$", re.S
)
_PLACE_HOLDER = re.compile(r"://unknown(?::\d+)?$")
_URL = re.compile(r"[A-Za-z][\w+.-]*://[^/:]+/.")


class DeclaredEdge(msgspec.Struct, frozen=True):
    """Data goes from a dataset into another, or is read by a consumer.

    source, target: as people write datasets: `namespace:name`, a URL, or the end of a name.
    columns: (from, to); none means that nobody said. consumer: in place of the target; address:
    where it is shown, by which logs may name it otherwise.
    job: what moves the data, `namespace:name` or a name; until: the last day, ISO.
    """

    source: str
    target: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    consumer: str = ""
    address: str = ""
    job: str = ""
    kind: str = ""
    actor: str = ""
    reason: str = ""
    until: str = ""


class Ends:
    """Finds the datasets that references mean, among those known now."""

    def __init__(
        self, store: Store, new: Iterable[NodeId], namespace: str, texts: Iterable[str] = ()
    ) -> None:
        """texts: references; those in full make their datasets known to the others."""
        self._store = store
        self._namespace = namespace  # of names that have none
        self._new: dict[str, list[DatasetId]] = {}
        told = (self._told(text) for text in texts)
        for node in (*new, *(found for found in told if found is not None)):
            if isinstance(node, DatasetId):
                self._new.setdefault(_last(node.name), []).append(node)

    def find(self, text: str) -> DatasetId | None:
        """The dataset that a text means; None when it has no namespace and nothing is called so.

        Raises:
            AmbiguousName: several datasets end in it; lists them.
        """
        namespace, name = _split(text)
        if namespace.endswith(SOMEWHERE):
            return self._somewhere(namespace.removesuffix("?"), name)
        told = self._told(text)
        if told is not None:
            return told
        found = self._ending(name)
        if found is None and self._namespace:
            return canonical(self._namespace, name)
        return found

    def _told(self, text: str) -> DatasetId | None:
        """The dataset that a text names in full."""
        namespace, name = _split(text)
        if namespace and name.strip() and not namespace.endswith(SOMEWHERE):
            return canonical(namespace, name)
        return of_url(text, self._namespace or "file") if _URL.match(text) else None

    def _somewhere(self, scheme: str, name: str) -> DatasetId:
        """The dataset of a platform that ends so, with or without its database."""
        wanted = parts(name)
        # Dots of a topic are no levels.
        ends = (
            [name] if scheme == "kafka://" else [".".join(wanted[i:]) for i in range(len(wanted))]
        )
        for end in ends[: max(1, len(ends) - 1)]:
            found = self._ending(end, scheme)
            if found is not None:
                return found
        here = self._namespace.startswith(scheme)
        return canonical(self._namespace if here else f"{scheme}unknown", name)

    def _ending(self, name: str, scheme: str = "") -> DatasetId | None:
        last = _last(name)
        named = [one for one in self._store.named("Dataset", last) if isinstance(one, DatasetId)]
        wanted = tuple(part.lower() for part in parts(name))
        found = {
            one
            for one in (*named, *self._new.get(last, ()))
            if one.namespace.startswith(scheme)
            and tuple(part.lower() for part in parts(one.name))[-len(wanted) :] == wanted
        }
        # What was given a place-holder's namespace yields to what a log places.
        placed = {one for one in found if not _PLACE_HOLDER.search(one.namespace)} or found
        whole = {one for one in placed if one.name == name} or placed
        if len(whole) > 1:
            raise AmbiguousName("dataset", name, tuple(sorted(map(str, whole))))
        return next(iter(whole), None)


def _split(text: str) -> tuple[str, str]:
    found = _FULL.match(text)
    if not found or (_URL.match(text) and "/" in found.group(2)[:2]):
        return "", text
    return found.group(1), found.group(2)


def _last(name: str) -> str:
    found = parts(name)
    return found[-1].lower() if found else name.lower()
