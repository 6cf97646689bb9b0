"""Statement digests: performance_schema.events_statements_summary_by_digest of MySQL and MariaDB.

A digest counts a statement since the server started, and tells when it ran first and last. These
two runs are known, with their days; when the others were is not. So each digest gives its first and
its last run, and the rest is left out rather than dated by guess.
Source: https://dev.mysql.com/doc/refman/8.4/en/performance-schema-statement-summary-tables.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from ingest.files.clock import Clock, UnreadableTime
from ingest.files.tables import match_columns, read_table, table_columns
from ingest.files.wording import withheld
from ingest.masking.lexer import lexis, pieces
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_FIELDS = {
    "schema": ("schema_name",),
    "digest": ("digest",),
    "text": ("digest_text",),
    "sample": ("query_sample_text",),
    "count": ("count_star",),
    "failed": ("sum_errors",),
    "first": ("first_seen",),
    "last": ("last_seen",),
}
_LEXIS = lexis("mysql")
_NULLS = frozenset({"NULL", "\\N"})
_CUT = "..."  # how a text ends that was too long
_LONGEST_SAMPLE = 1020  # characters; the server keeps 1024 bytes by default
_LIST = re.compile(r"\(\s*\.\.\.\s*\)(?:\s*/\* , \.\.\. \*/)?")
# A word that is also a unit of time is written as the unit.
_UNIT = re.compile(r"\bSQL_TSI_([A-Z]+)\b")


class MySqlDigests:
    """The format."""

    name = "mysql-digests"
    title = "MySQL and MariaDB statement digests (performance_schema)"
    dialect = "mysql"
    export = (
        "mysql --batch -e \"SET time_zone = '+00:00'; SELECT * FROM "
        'performance_schema.events_statements_summary_by_digest" > digests.tsv; better the general '
        "or slow log: digests know neither users nor the runs between the first and the last"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        matched = match_columns(table_columns(head.text), _FIELDS)
        if {"digest", "text", "count", "last"} <= matched.keys():
            return "it has the columns " + ", ".join(matched.values())
        return ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Everything in the stream, record by record, in its order; of a digest one or two."""
        clock = Clock(options.timezone)
        table = read_table(stream, _FIELDS, lambda row: row[4].isdecimal())
        unknown = 0
        for row in table.cells:
            if isinstance(row, Rejected):
                yield row
                continue
            cells = tuple("" if cell in _NULLS else cell for cell in row[1])
            found = list(_runs(row[0], cells, clock))
            unknown += int(cells[4] or 0) - len(found) if cells[4].isdecimal() else 0
            yield from found
        if unknown > 0:
            options.notice(
                f"of each digest the first and last run are counted; {unknown} runs between them "
                "have no day"
            )
        clock.tell(options.notice)


def _runs(line: int, cells: tuple[str, ...], clock: Clock) -> Iterator[Read]:
    schema, digest, normal, sample, count, failed, first, last = cells
    if not digest and not normal:  # the row of all statements for which there was no room
        yield Ignored("companion", line)
        return
    whole = sample and len(sample) < _LONGEST_SAMPLE
    text = _bare(sample) if whole else _UNIT.sub(r"\1", _LIST.sub("(?)", normal)).strip()
    refused = withheld(text, line)
    if refused:
        yield refused
        return
    seen = sorted({first or last, last}) if count != "1" else [last]
    for stamp in seen:
        try:
            start = clock.micros(stamp)
        except UnreadableTime:
            yield Rejected("bad_time" if stamp else "no_time", line, text)
            continue
        yield QueryRecord(
            text=text,
            start=start,
            query_id=f"{schema}.{digest}@{start}",
            status="error" if count and failed == count else "unknown",
            schema=schema,
            complete=bool(whole) or not text.endswith(_CUT),
            line=line,
        )


def _bare(sample: str) -> str:
    """The text without comments: those of a sample say for whom one run was, of many."""
    found = pieces(sample, _LEXIS)
    return "".join(" " if one.startswith(("--", "/*", "#")) else one for one in found).strip()


FORMAT = MySqlDigests()
