"""A snapshot: one file with a graph that is only read, for CI without a network or a database.

It is a ZIP archive of `manifest.json` and `graph.db`, a SQLite store (`snapshot_rows.py`). The
manifest holds the SHA-256 of the store, and with a key the HMAC-SHA-256 of the manifest itself.
Without a key the digest shows damage; only the key shows forgery, and whoever can check it can
also sign.
"""

from __future__ import annotations

import hashlib
import hmac
import shutil
import weakref
import zipfile
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from lineage.errors import StoreError, StoreMissing, StoreUnavailable
from lineage.model import Batch
from lineage.stores.sqlite import SqliteStore

_MANIFEST: Final = "manifest.json"
_GRAPH: Final = "graph.db"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # of every entry: equal graphs make equal files
_CHUNK: Final = 1 << 20
_MOST_MANIFEST: Final = 1 << 20  # bytes
_MOST_GRAPH: Final = 8 << 30  # bytes unpacked
_SHORTEST_KEY: Final = 16  # bytes
FORMAT: Final = 1

_canonical = msgspec.json.Encoder(order="sorted")


class Manifest(msgspec.Struct, frozen=True):
    """What a snapshot says of itself.

    as_of, first, last: ISO dates; None when nothing was logged. coverage: as answers write it.
    sha256: of `graph.db`, in hexadecimal.
    signature: HMAC-SHA-256 of the canonical manifest without it; empty when unsigned.
    """

    format: int
    as_of: str | None
    first: str | None
    last: str | None
    coverage: str
    nodes: dict[str, int]
    edges: dict[str, int]
    texts: bool
    people: bool
    program: str
    sha256: str = ""
    signature: str = ""

    def signed(self, key: bytes) -> str:
        """The signature of the manifest under a key."""
        plain = msgspec.structs.replace(self, signature="")
        return hmac.new(key, _canonical.encode(plain), hashlib.sha256).hexdigest()


def read_key(path: Path) -> bytes:
    """The key in a file, white space at its ends left out.

    Raises:
        StoreError: there is no such file, or the key is shorter than 16 bytes.
    """
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; name the file that holds the key") from error
    if len(key) < _SHORTEST_KEY:
        raise StoreError(f"{path}: a key has at least {_SHORTEST_KEY} bytes; write a random one")
    return key


def pack(graph: Path, target: Path, manifest: Manifest, key: bytes | None) -> Manifest:
    """Writes a snapshot of the SQLite store `graph` to `target`; the manifest as written.

    Raises:
        StoreUnavailable: the target cannot be written.
    """
    manifest = msgspec.structs.replace(manifest, sha256=_digest(graph))
    if key is not None:
        manifest = msgspec.structs.replace(manifest, signature=manifest.signed(key))
    partial = target.with_name(f"{target.name}.part")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            text = msgspec.json.format(_canonical.encode(manifest), indent=2)
            archive.writestr(zipfile.ZipInfo(_MANIFEST, _EPOCH), text)
            entry = zipfile.ZipInfo(_GRAPH, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with graph.open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                shutil.copyfileobj(source, sink, _CHUNK)
        partial.replace(target)
    except OSError as error:
        raise StoreUnavailable(f"{target} cannot be written: {error.strerror}") from error
    return manifest


def open_snapshot(url: str, *, create: bool) -> SnapshotStore:
    """The snapshot in the file of `snapshot:///relative.snap`; `?key=FILE` checks its signature.

    Raises:
        StoreMissing: there is no such file.
        StoreError: it is no snapshot, was changed, or is not signed with that key.
    """
    parsed = urlsplit(url)
    path = Path(unquote(parsed.path.removeprefix("/")))
    if create:
        raise StoreError(f"{path} is a snapshot, and only read: import into a store")
    if not path.is_file():
        raise StoreMissing(f"{path} does not exist: `lineage snapshot --to {path}` writes it")
    keys = parse_qs(parsed.query).get("key")
    key = read_key(Path(keys[0])) if keys else None
    folder = Path(mkdtemp(prefix="lineage-snapshot-"))
    try:
        _unpack(path, folder / _GRAPH, key)
        return SnapshotStore(f"snapshot:///{path}", folder)
    except StoreError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


class SnapshotStore(SqliteStore):
    """A store that is only read: an unpacked copy, gone when it is closed or forgotten."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url, folder / _GRAPH, create=False)
        self._forget = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._file = f"{(folder / _GRAPH).as_uri()}?mode=ro&immutable=1"
        self.migrate(allowed=False)

    def apply(self, batch: Batch) -> NoReturn:
        """Refuses.

        Raises:
            StoreError: always; a snapshot is only read.
        """
        raise StoreError(f"{self.url} is a snapshot, and only read: write to the store it is of")

    def close(self) -> None:
        """Gives back connections and the copy."""
        super().close()
        self._forget()


def _unpack(path: Path, graph: Path, key: bytes | None) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(path, archive)
            if manifest.format != FORMAT:
                raise StoreError(
                    f"{path} has format {manifest.format}, this program reads {FORMAT}:"
                    " write it again with this version"
                )
            _check_signature(path, manifest, key)
            if archive.getinfo(_GRAPH).file_size > _MOST_GRAPH:
                raise StoreError(f"{path} would unpack to more than 8 GiB: it is no snapshot")
            with archive.open(_GRAPH) as source, graph.open("wb") as sink:
                shutil.copyfileobj(source, sink, _CHUNK)
    except (zipfile.BadZipFile, KeyError, EOFError, msgspec.MsgspecError) as error:
        raise StoreError(f"{path} is no snapshot, or damaged ({error})") from error
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be read: {error}") from error
    if not hmac.compare_digest(_digest(graph), manifest.sha256):
        raise StoreError(f"{path} was changed after it was written: fetch it again")


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    if archive.getinfo(_MANIFEST).file_size > _MOST_MANIFEST:
        raise StoreError(f"{path} has a manifest of more than 1 MiB: it is no snapshot")
    return msgspec.json.decode(archive.read(_MANIFEST), type=Manifest)


def _check_signature(path: Path, manifest: Manifest, key: bytes | None) -> None:
    if key is None:
        return
    if not manifest.signature:
        raise StoreError(f"{path} is not signed: write it with `lineage snapshot --key FILE`")
    if not hmac.compare_digest(manifest.signed(key), manifest.signature):
        raise StoreError(f"{path} was changed, or signed with another key: it is not trusted")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
