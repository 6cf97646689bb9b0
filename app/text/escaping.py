"""Text from a log as Markdown, HTML, CSV and terminals show it: a name is data, never markup."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

from lineage.names import clean

_WORD_JOINER: Final = "\u2060"
# What is found in the text when the Markdown is gone: links, mentions, issues, `:tada:`.
_MEANT = re.compile(
    r"https?:(?=/)|www(?=\.)|\w(?=@)|@(?=\w)|#(?=\d)|:(?=[\w+-]*[a-z][\w+-]*:)", re.IGNORECASE
)
_SPECIAL = re.compile(r"[\\`*_\[\]|<>$~&]|^[#+-]")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_FENCE = re.compile(r"`{3,}")


def markdown(text: str) -> str:
    """Text that GitHub and GitLab show as it is: never markup, a link, nor a mention of somebody.

    What would be found even so is broken by a character that cannot be seen.
    """
    plain = _MEANT.sub(rf"\g<0>{_WORD_JOINER}", " ".join(clean(text).split()))
    return _SPECIAL.sub(r"\\\g<0>", plain)


def markdown_code(text: str, language: str = "") -> str:
    """A block of code whose fence is longer than any within it."""
    longest = max((len(run) for run in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{printable(text)}\n{fence}"


def hypertext(text: str) -> str:
    """Text that HTML shows as it is, also within an attribute."""
    return html.escape(printable(text))


def printable(text: str) -> str:
    """Text without characters that steer a terminal or turn its direction; lines are kept."""
    return "\n".join(map(clean, text.splitlines()))


def csv_table(headings: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV (RFC 4180, lines end as on Unix); a cell never begins like a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(headings)
    for row in rows:
        writer.writerow([harmless(str(cell)) for cell in row])
    return out.getvalue()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, and no terminal for a command."""
    cell = printable(cell)
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
