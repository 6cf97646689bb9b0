"""API keys: who may send events, and for which namespaces. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import msgspec

from lineage.errors import UnreadableInput

_MARK: Final = "lk_"  # so that a key in a log or a repository is told at sight


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key as its file has it. hash: SHA-256 in hexadecimal; a random key needs no salt.

    namespaces: of jobs, and of datasets that an event describes without a job; `*` stands for any
    text. Without any the key may send everything. people: whether answers name persons to it.
    """

    name: str
    hash: str
    namespaces: tuple[str, ...] = ()
    people: bool = False

    def allows(self, namespace: str) -> bool:
        """Whether the key may tell of this namespace."""
        return not self.namespaces or any(fnmatchcase(namespace, one) for one in self.namespaces)


class Keys:
    """The keys of a file."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def load(cls, path: Path) -> Keys:
        """The keys of a YAML file, a list of {name, hash, namespaces, people}.

        Raises:
            UnreadableInput: it cannot be read, or is none.
        """
        try:
            keys = msgspec.yaml.decode(path.read_bytes(), type=list[Key])
        except OSError as error:
            raise UnreadableInput(f"{path}: {error.strerror}; name another with --keys") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnreadableInput(
                f"{path}: {error}; make an entry with `lineage serve-key NAME --keys {path}`"
            ) from error
        if not keys:
            raise UnreadableInput(f"{path} holds no key: `lineage serve-key NAME --keys {path}`")
        return cls(keys)

    def find(self, presented: str) -> Key | None:
        """The key that this is; the time it takes tells nothing of the others."""
        digest = _hash(presented)
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.hash.encode(), digest.encode()):
                found = key
        return found


def make_key(path: Path, name: str, namespaces: Sequence[str], *, people: bool = False) -> str:
    """A new key, which is nowhere else; its hash is in the file from now on.

    Raises:
        UnreadableInput: the file cannot be written, or has another key of that name.
    """
    known = _known(path)
    if any(key.name == name for key in known):
        raise UnreadableInput(
            f"{path} has a key {name!r}: name the new one otherwise, or take that out"
        )
    key = _MARK + secrets.token_urlsafe(32)
    known.append(Key(name, _hash(key), tuple(namespaces), people))
    # Written beside it and put in its place: a server that starts meanwhile reads one or the other.
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.touch(0o600)
        beside.write_bytes(msgspec.yaml.encode(known))
        beside.replace(path)
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be written: {error.strerror}") from error
    return key


def _known(path: Path) -> list[Key]:
    return list(Keys.load(path)._keys) if path.exists() else []


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
