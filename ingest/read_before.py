"""The files that were read to their end: the same bytes, read the same way, tell nothing new.

They are in the store already, statement by statement; so the file is not opened again. Only files
whose statements stand for themselves are remembered: none in it was left unread, and none hangs on
the session that it stands in, which later files may go on with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from concurrent.futures import Future
from hashlib import blake2b, file_digest
from importlib.metadata import version

import msgspec

from ingest.planning import Planned
from lineage.model import Document
from lineage.store import Store

_KIND = "file"


class Read(msgspec.Struct, frozen=True):
    """How many records a file has, and how many of them do not matter, by reason."""

    read: int
    ignored: dict[str, int]

    def plus(self, read: int, ignored: Mapping[str, int]) -> Read:
        """The sum, for more records of the file."""
        both = Counter(self.ignored) + Counter(ignored)
        return Read(self.read + read, dict(sorted(both.items())))


class ReadBefore:
    """The files of a store that were read to their end, and those of this import."""

    def __init__(self, store: Store) -> None:
        self._known = {one.key: one.body for one in store.documents(_KIND)}
        self._sizes = {key.partition("|")[0] for key in self._known}
        self._new: list[tuple[str | Future[str], str, Read]] = []

    def of(self, planned: Planned, columns: Mapping[str, str]) -> Read | None:
        """What the file has, if it was read before; a file of another size is not looked at."""
        if str(planned.input.size) not in self._sizes:
            return None
        body = self._known.get(digest_of(planned, columns))
        return msgspec.json.decode(body, type=Read) if body else None

    @property
    def digests(self) -> Mapping[str, bytes]:
        """Those of the store by digest; each a `Read` as JSON."""
        return self._known

    def note(self, planned: Planned, digest: str | Future[str], told: Read) -> None:
        """Takes note that a file was read to its end; its digest is waited for in the end."""
        self._new.append((digest, planned.input.name, told))

    def take_documents(self, unread: Container[str]) -> list[Document]:
        """What the store must keep of it, except of the files of these names."""
        new, self._new = self._new, []
        return [
            Document(_KIND, _there(digest), msgspec.json.encode(read))
            for digest, name, read in new
            if name not in unread
        ]


def _there(digest: str | Future[str]) -> str:
    return digest if isinstance(digest, str) else digest.result()


def digest_of(planned: Planned, columns: Mapping[str, str]) -> str:
    """Size and digest of a file and of all that decides how it is read."""
    source = msgspec.structs.replace(planned.source, catalog=(), assumed=())
    how = (version("lineage-usage"), source, planned.detection.name, dict(columns))
    digest = blake2b(msgspec.json.encode(how, order="sorted"), digest_size=16)
    for path in (planned.input.path, *planned.input.more):
        with path.open("rb") as file:
            digest.update(file_digest(file, "sha256").digest())  # which processors know
    return f"{planned.input.size}|{digest.hexdigest()}"
