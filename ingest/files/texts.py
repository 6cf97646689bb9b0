"""A column of texts, of which nothing is a Python object until somebody asks for it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.files.columnar import pyarrow

_NEWLINE = ord("\n")
_NOT_ASCII = 0x80  # and what is greater


class Strings(Protocol):
    """What is used of a `pyarrow.StringArray`, or of its chunks."""

    offset: int

    def __len__(self) -> int: ...

    def buffers(self) -> Sequence[bytes | None]:
        """Validity, offsets and bytes."""

    def take(self, places: object) -> Strings:
        """The values at these places."""

    def dictionary_encode(self) -> Encoded:
        """Each value once, and where it stands."""

    def to_pylist(self) -> list[str]:
        """Its values as objects."""

    def cast(self, type_: object) -> Bytes:
        """The same values as another type."""


class Bytes(Protocol):
    """What is used of a `pyarrow.BinaryArray`."""

    def to_pylist(self) -> list[bytes]:
        """Its values as objects."""


class Numbered(Protocol):
    """What is used of a `pyarrow.Int32Array`."""

    def to_numpy(self) -> NDArray[np.int32]:
        """Its values."""


class Encoded(Protocol):
    """What is used of a `pyarrow.DictionaryArray`."""

    dictionary: Strings
    indices: Numbered


class Texts:
    """A column of texts; none is null."""

    def __init__(self, strings: Strings) -> None:
        self._strings = strings
        _, ends, body = strings.buffers()
        begin, count = strings.offset, len(strings)
        self._ends = np.frombuffer(ends or bytes(4), np.int32)[begin : begin + count + 1]
        self._bytes = np.frombuffer(body or b"", np.uint8)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """These texts.

        Raises:
            UnicodeEncodeError: a text has half of a character, from a JSON escape.
        """
        encoded = [text.encode() for text in texts]
        ends = array("i", accumulate(map(len, encoded), initial=0))
        # Not arrow.array(texts), which loads pandas first.
        arrow = pyarrow()
        buffers = arrow.py_buffer(ends), arrow.py_buffer(b"".join(encoded))
        return cls(arrow.StringArray.from_buffers(len(encoded), *buffers))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, place: int) -> str:
        start, end = self._ends[place], self._ends[place + 1]
        return self._bytes[start:end].tobytes().decode()

    def at(self, places: Sequence[int]) -> list[str]:
        """The texts at these places as objects."""
        return self._strings.take(pyarrow().array(places, pyarrow().int64())).to_pylist()

    def all(self) -> list[str]:
        """The texts as objects."""
        return self._strings.to_pylist()

    def encoded(self) -> list[bytes]:
        """The texts as objects, in UTF-8."""
        return self._strings.cast(pyarrow().binary()).to_pylist()

    def distinct(self) -> tuple[NDArray[np.int64], list[str]]:
        """Of each text its place among the different ones, and those."""
        found = self._strings.dictionary_encode()
        return found.indices.to_numpy().astype(np.int64), found.dictionary.to_pylist()

    def replaced(self, pattern: str, by: str) -> Texts:
        """The texts with every match of an RE2 pattern replaced."""
        replace = pyarrow(".compute").replace_substring_regex
        return Texts(replace(self._strings, pattern=pattern, replacement=by))

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many bytes each has in UTF-8."""
        return np.diff(self._ends).astype(np.int64)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many characters each has."""
        first, last = (int(self._ends[0]), int(self._ends[-1])) if len(self) else (0, 0)
        mine = self._bytes[first:last]
        if mine.max(initial=0) < _NOT_ASCII:
            return self.sizes
        # Of a character in UTF-8 all bytes but the first begin with the bits 10.
        more = np.flatnonzero(mine & 0xC0 == 0x80) + first
        return self.sizes - np.diff(np.searchsorted(more, self._ends))

    @property
    def newlines(self) -> NDArray[np.int64]:
        """How many line feeds each has."""
        found = np.flatnonzero(self._bytes == _NEWLINE)
        if not len(found):
            return np.zeros(len(self), np.int64)
        return np.diff(np.searchsorted(found, self._ends))

    @property
    def square(self) -> NDArray[np.uint8] | None:
        """Their bytes, a text a row, when all are of one size."""
        sizes = self.sizes
        if not len(sizes) or (sizes != sizes[0]).any():
            return None
        return self._bytes[self._ends[0] : self._ends[-1]].reshape(len(sizes), -1)
