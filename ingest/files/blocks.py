"""LZ4 blocks as Spark writes them: lz4-java's own frame, which is not that of the lz4 tool.

Source: https://github.com/lz4/lz4-java LZ4BlockOutputStream
"""

from __future__ import annotations

import io
import struct
from typing import IO, TYPE_CHECKING

from ingest.files.columnar import pyarrow

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LZ4_BLOCK = b"LZ4Block"
_HEADER = struct.Struct("<8sBiii")  # magic, token, packed and unpacked length, checksum
_STORED = 0x10  # the method, in the upper half of the token
_LONGEST = 64 * 1024 * 1024  # bytes of a block


class Lz4Blocks(io.RawIOBase):
    """The content of a file of LZ4 blocks.

    Raises:
        EOFError, ValueError: while reading, where the file is damaged.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._codec = pyarrow().Codec("lz4_raw")
        self._left = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def read1(self, size: int) -> bytes:
        """What is next, at most `size` bytes; empty at the end."""
        while not self._left:
            header = self._file.read(_HEADER.size)
            if not header:
                return b""
            self._left = self._block(header)
        found, self._left = self._left[:size], self._left[size:]
        return found

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fills the buffer with what is next; 0 at the end."""
        place = memoryview(buffer).cast("B")
        found = self.read1(len(place))
        place[: len(found)] = found
        return len(found)

    def _block(self, header: bytes) -> bytes:
        if len(header) < _HEADER.size:
            raise EOFError("it ends within a block")
        magic, token, packed, unpacked, _ = _HEADER.unpack(header)
        if magic != LZ4_BLOCK or not 0 <= max(packed, unpacked) <= _LONGEST:
            raise ValueError("no LZ4 block where one should begin")
        block = self._file.read(packed)
        if len(block) < packed:
            raise EOFError("it ends within a block")
        if token & 0xF0 == _STORED or not unpacked:
            return block
        return bytes(self._codec.decompress(block, unpacked, asbytes=True))
