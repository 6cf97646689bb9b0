"""SQL Server's Extended Events: `event_data` of an `.xel` file, or its values as columns.

Where a batch and its statements are both there, the statements count: they also show what a
procedure did.
Source: https://learn.microsoft.com/sql/relational-databases/system-functions/sys-fn-xe-file-target-read-file-transact-sql
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import IO
from xml.parsers import expat

from ingest.files.clock import Clock, Ordinals, UnreadableTime
from ingest.files.tables import match_columns, read_table, table_columns
from ingest.files.wording import withheld
from ingest.formats.sqlserver_query_store import without_parameters
from ingest.record import Head, Ignored, QueryRecord, Read, ReadOptions, Rejected

_BATCHES = {"sql_batch_completed": "batch_text", "rpc_completed": "statement"}
_STATEMENTS = {"sql_statement_completed": "statement", "sp_statement_completed": "statement"}
_TEXT = {**_BATCHES, **_STATEMENTS}
_USERS = ("server_principal_name", "session_server_principal_name", "username", "nt_username")
_PROGRAM = "client_app_name"
# Management Studio exports a column for each value that is shown.
_SHOWN = {
    "event": ("name", "event_name"),
    "timestamp": ("timestamp_(utc)", "timestamp_utc", "timestamp"),
    **{name: (name,) for name in ("batch_text", "statement", "sql_text", "result", "session_id",
                                  "event_sequence", "database_name", *_USERS, _PROGRAM)},
}  # fmt: skip
_FIELDS = {"event_data": ("event_data",), **_SHOWN}
_RESULTS = {"OK": "ok", "0": "ok", "": "ok", "ERROR": "error", "1": "error", "ABORT": "cancelled",
            "2": "cancelled"}  # fmt: skip
_PREPARED = re.compile(
    r"\s*exec(?:ute)?\s+(?:sys\.)?sp_(?:executesql|prepexec|prepexecrpc)\b", re.IGNORECASE
)
_LITERAL = re.compile(r"N'((?:[^']|'')*)'")
_PARAMETERS = re.compile(r"\s*@\w+ ")
_KEPT = 2000


class SqlServerExtendedEvents:
    """The format."""

    name = "sqlserver-extended-events"
    title = "SQL Server Extended Events (CSV or JSON of event_data)"
    dialect = "tsql"
    export = (
        "SELECT object_name, timestamp_utc, event_data FROM "
        "sys.fn_xe_file_target_read_file('queries*.xel', NULL, NULL, NULL) to CSV or JSON; the "
        "session has sql_batch_completed and rpc_completed (or sql_statement_completed and "
        "sp_statement_completed) with the actions server_principal_name, client_app_name, "
        "database_name, session_id, event_sequence; import with --default-schema dbo"
    )

    def recognise(self, head: Head) -> str:
        """Why the file is of this format; empty when it is not."""
        found = match_columns(table_columns(head.text), _FIELDS)
        if "event_data" in found:
            return "it has the column event_data"
        shown = {"event", "timestamp"} <= found.keys() and found.keys() & {
            "batch_text",
            "statement",
        }
        named = any(name in head.text for name in _TEXT)
        return "it has columns of the events " + ", ".join(_TEXT) if shown and named else ""

    def read(self, stream: IO[str], options: ReadOptions) -> Iterator[Read]:
        """Every event, in its order."""
        events = _Events(Clock(options.timezone or "UTC"))
        for row in read_table(stream, _FIELDS, _is_event).cells:
            if isinstance(row, Rejected):
                yield row
            elif row[1][0]:
                yield events.take_xml(row[0], row[1][0])
            else:
                yield events.take(row[0], dict(zip(_SHOWN, row[1][1:], strict=True)))


class _Events:
    """Makes records of events; knows the sessions whose statements were told one by one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ordinals = Ordinals()
        self._told: set[str] = set()

    def take_xml(self, line: int, xml: str) -> Read:
        """The record of an event as it is in the file."""
        try:
            return self.take(line, event_values(xml))
        except expat.ExpatError:
            return Rejected("broken_record", line, xml[:_KEPT])

    def take(self, line: int, values: Mapping[str, str]) -> Read:
        """The record of an event by its values."""
        kind, session = values.get("event", ""), values.get("session_id", "")
        if kind not in _TEXT:
            return Ignored("no_statement", line)
        if kind in _STATEMENTS and session:
            self._told.add(session)
        elif session in self._told:
            self._told.discard(session)
            return Ignored("companion", line)
        return self._record(line, values, kind, session)

    def _record(self, line: int, values: Mapping[str, str], kind: str, session: str) -> Read:
        text = values.get(_TEXT[kind], "") or values.get("sql_text", "")
        refused = withheld(text, line)
        if refused:
            return refused
        try:
            start = self._clock.micros(values.get("timestamp", ""))
        except UnreadableTime:
            return Rejected("bad_time", line, text)
        number = values.get("event_sequence", "")
        ordinal = int(number) if number.isdecimal() else self._ordinals.next(session, start)
        program = values.get(_PROGRAM, "")
        return QueryRecord(
            text=_plain(text),
            start=start,
            user=next((values[name] for name in _USERS if values.get(name)), ""),
            session=session,
            seq=ordinal,
            status=_RESULTS.get(values.get("result", "").upper(), "unknown"),
            database=values.get("database_name", ""),
            hints={_PROGRAM: program} if program else {},
            line=line,
        )


def _is_event(row: tuple[str, ...]) -> bool:
    return "<event" in row[0] or row[1] in _TEXT


def event_values(xml: str) -> Mapping[str, str]:
    """The values of an event by name, with `event` and `timestamp`; of mapped ones the text.

    Raises:
        expat.ExpatError: it is no XML, or declares a document type, which no event does.
    """
    found: dict[str, str] = {}
    place = ["", ""]  # the name of the value that is being read, and of the element in it

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "event":
            found["event"] = attributes.get("name", "")
            found["timestamp"] = attributes.get("timestamp", "")
        elif tag in ("data", "action"):
            place[0] = attributes.get("name", "")
        elif tag == "text" and place[0]:
            found[place[0]] = ""  # it says in words what the value has as a number
        place[1] = tag

    def text(data: str) -> None:
        if place[1] in ("value", "text") and place[0]:
            found[place[0]] = found.get(place[0], "") + data

    def end(_: str) -> None:
        place[1] = ""

    def refuse(*_: object) -> None:
        raise expat.ExpatError("a document type")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(xml, True)
    return found


def _plain(text: str) -> str:
    """The statement that a call prepares, when it is such a call."""
    if not _PREPARED.match(text):
        return text
    literals = [found.replace("''", "'") for found in _LITERAL.findall(text)]
    statement = next((one for one in literals if not _PARAMETERS.match(one)), "")
    return without_parameters(statement) or text


FORMAT = SqlServerExtendedEvents()
