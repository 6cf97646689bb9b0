"""Reads the body of a request: bounded in size and time, inflated as it comes.

A body is refused as soon as it is too large, before the rest of it is read or inflated.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.requests import Request

from app.serving.refusing import RETRY_AFTER, Refusal

_SLOWEST: Final = 30.0  # seconds for a whole body
_TOGETHER: Final = 8  # bodies of the greatest size that may be in memory at a time
_DIGITS: Final = 20  # of a Content-Length: a longer number is too large all the same
_STEP: Final = 1 << 18  # bytes inflated before others get their turn
_GZIP: Final = 31  # zlib's word for a gzip header and the largest window
_JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"


def content_type(request: Request, *, lines: bool) -> str:
    """The type of the body, `application/json` where none is told; `lines`: NDJSON will do too.

    Raises:
        Refusal: 415, it is another.
    """
    said = request.headers.get("content-type", _JSON)
    kind, _, parameters = said.partition(";")
    kind = kind.strip().lower()
    if kind != _JSON and not (lines and kind == NDJSON):
        raise Refusal(415, f"a body of type {kind[:80]!r}: send Content-Type: {_JSON}")
    name, _, charset = parameters.partition("=")
    if name.strip().lower() == "charset" and charset.strip(' "').lower() not in ("utf-8", "utf8"):
        raise Refusal(415, f"charset {charset.strip()[:40]!r}: JSON is sent in UTF-8")
    return kind


class Bodies:
    """Reads the bodies of all requests. most: bytes that one may have, inflated.

    Together they may hold eight times as many; what comes then has to come again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The body, inflated if it is gzip.

        Raises:
            Refusal: 400 broken gzip, 408 too slow, 413 too large, 415 another encoding, 503 busy.
            ClientDisconnect: the client went away.
        """
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(_SLOWEST):
                async for piece in self._pieces(request):
                    size += len(piece)
                    self._held += len(piece)
                    if size > self._most:
                        raise self._too_large()
                    if self._held > _TOGETHER * self._most:
                        raise Refusal(503, "too many large bodies at a time", headers=RETRY_AFTER)
                    pieces.append(piece)
            yield b"".join(pieces)
        except TimeoutError as error:
            raise Refusal(408, f"the body did not come in {_SLOWEST:.0f} seconds") from error
        finally:
            self._held -= size

    def _pieces(self, request: Request) -> AsyncIterator[bytes]:
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length[:_DIGITS]) > self._most:
            raise self._too_large()
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("gzip", "x-gzip"):
            return _inflated(request.stream())
        if encoding in ("identity", ""):
            return request.stream()
        raise Refusal(
            415,
            f"Content-Encoding {encoding[:40]!r}: send gzip, or none",
            headers={"Accept-Encoding": "gzip, identity"},
        )

    def _too_large(self) -> Refusal:
        return Refusal(
            413,
            f"larger than {self._most} bytes: send fewer events at a time,"
            " or start `lineage serve` with a greater --max-body",
        )


async def _inflated(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of the members of a gzip stream, none larger than a step."""
    member = zlib.decompressobj(_GZIP)
    begun = False
    async for chunk in chunks:
        while chunk:
            begun = True
            if member.eof:
                member = zlib.decompressobj(_GZIP)
            try:
                piece = member.decompress(chunk, _STEP)
            except zlib.error as error:
                raise Refusal(400, f"broken gzip: {error}") from error
            yield piece
            if len(piece) == _STEP:
                await asyncio.sleep(0)
            chunk = member.unconsumed_tail or member.unused_data
    if not begun or not member.eof:
        raise Refusal(400, "broken gzip: it ends too early")
