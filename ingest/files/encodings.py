"""What characters a file is written in, and what of it is no text."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEEN = 64  # bytes that show a UTF-16 without its mark


def encoding_of(start: bytes) -> str:
    """The encoding of a text that begins with these bytes: by its byte order mark, else UTF-8.

    UTF-16 without a mark is told by every second byte being zero.
    """
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    seen = start[: min(_SEEN, len(start) // 2 * 2)]
    if len(seen) >= 8 and not any(seen[1::2]):
        return "utf-16-le"
    if len(seen) >= 8 and not any(seen[::2]):
        return "utf-16-be"
    return "utf-8"


class Undecodable:
    """Replaces bytes that are no text by U+FFFD, and counts them; for `codecs.register_error`."""

    name = "replace-and-count"

    def __init__(self) -> None:
        self.count = 0
        codecs.register_error(self.name, self._replace)

    def _replace(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        self.count += error.end - error.start
        return "\N{REPLACEMENT CHARACTER}", error.end
