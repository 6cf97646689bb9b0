"""The shop database's log as PostgreSQL 15 writes it: csvlog, 26 columns, sessions and all."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from run import Execution
from writers import Row

_TAGS = (
    ("create temp table", "CREATE TABLE AS"),
    ("create table", "CREATE TABLE AS"),
    ("create or replace view", "CREATE VIEW"),
    ("declare", "DECLARE CURSOR"),
    ("close", "CLOSE CURSOR"),
    ("with", "SELECT"),
)
_ERROR_POSITIONS = {"42703": "18", "42501": ""}


@dataclass
class _Session:
    """One connection; `line` counts its log records, `transaction` its virtual transactions."""

    user: str
    application: str
    start: datetime
    pid: int
    host: str
    line: int = 0
    transaction: int = 0
    rows: list[Row] = field(default_factory=list)

    @property
    def identifier(self) -> str:
        return f"{int(self.start.timestamp()):x}.{self.pid:x}"

    def vxid(self, transaction: int) -> str:
        return f"{self.pid % 40 + 3}/{transaction}"


def postgres_rows(executions: Iterable[Execution], seed: int) -> list[Row]:
    """The records of the log in the order they were written.

    A connection lives for one day of one login and search path. A record is stamped with the end
    of what it logs.
    """
    stream = random.Random(f"{seed}:postgres")
    sessions: dict[str, _Session] = {}
    for execution in executions:
        options = execution.shape.options
        path = options.get("path", "")
        key = f"{execution.at.date()}|{execution.user}|{options['app']}|{path}"
        if key not in sessions:
            sessions[key] = _open(execution, stream)
            if path:
                start = sessions[key].start + timedelta(milliseconds=40)
                text = f"SET search_path TO {path.replace(',', ', ')}"
                _statement(sessions[key], text, start, stream, noise=True)
        _log(sessions[key], execution, stream)
    for session in sessions.values():
        _close(session, stream)
    days = sorted({execution.at.date() for execution in executions})
    rows = [row for session in sessions.values() for row in session.rows]
    rows += [row for day in days for row in _checkpoint(datetime.fromisoformat(f"{day}T03:00:05Z"))]
    return sorted(rows, key=lambda row: row.at)


def _open(execution: Execution, stream: random.Random) -> _Session:
    start = (execution.at - timedelta(milliseconds=150)).replace(microsecond=0)
    host = f"10.20.{stream.randint(1, 4)}.{stream.randint(2, 250)}:{stream.randint(32768, 60999)}"
    session = _Session(
        execution.user, execution.shape.options["app"], start, stream.randint(2000, 32000), host
    )
    name, port = host.split(":")
    received = f"connection received: host={name} port={port}"
    _record(session, start, "", received, user=False, backend="not initialized")
    authorized = (
        f"connection authorized: user={session.user} database=shop "
        f"application_name={session.application}"
    )
    moment = start + timedelta(milliseconds=12)
    _record(session, moment, "authentication", authorized, vxid=session.vxid(1), name="")
    return session


def _close(session: _Session, stream: random.Random) -> None:
    end = session.rows[-1].at + timedelta(seconds=stream.randint(1, 30))
    length = (end - session.start).total_seconds()
    clock = f"{int(length) // 3600}:{int(length) // 60 % 60:02}:{length % 60:06.3f}"
    host, port = session.host.split(":")
    message = f"disconnection: session time: {clock} user={session.user} database=shop "
    _record(session, end, "idle", message + f"host={host} port={port}")


def _log(session: _Session, execution: Execution, stream: random.Random) -> None:
    if execution.error:
        _failure(session, execution)
    elif execution.shape.options.get("protocol") == "extended":
        _extended(session, execution, stream)
    elif execution.shape.flag("cursor"):
        _cursor(session, execution, stream)
    else:
        _statement(session, execution.text, execution.at, stream)


def _statement(
    session: _Session,
    text: str,
    at: datetime,
    stream: random.Random,
    *,
    noise: bool = False,
    block: bool = False,
) -> None:
    """One simple statement; outside a transaction block none is left when it is logged."""
    text += ";" if session.application == "psql" else ""
    milliseconds = round(stream.lognormvariate(2, 1.2), 3)
    message = f"duration: {milliseconds:.3f} ms  statement: {text}"
    end = at + timedelta(milliseconds=milliseconds)
    session.transaction += not block
    vxid = session.vxid(session.transaction + 1 if block else 0)
    _record(session, end, _tag(text), message, vxid=vxid, query_id=_query_id(text), noise=noise)


def _cursor(session: _Session, execution: Execution, stream: random.Random) -> None:
    around = ["BEGIN", None, 'FETCH FORWARD 2000 FROM "airflow_cursor"', "CLOSE airflow_cursor"]
    for place, text in enumerate([*around, "COMMIT"]):
        at = execution.at + timedelta(milliseconds=400 * place)
        noise = text is not None
        block = place < len(around)
        _statement(session, text or execution.text, at, stream, noise=noise, block=block)


def _extended(session: _Session, execution: Execution, stream: random.Random) -> None:
    """Parse, bind and execute: three records of one execution, the last one counts."""
    session.transaction += 1
    end = execution.at
    parameters = _parameters(execution.text, stream)
    for step, tag in (("parse", "PARSE"), ("bind", "BIND"), ("execute", _tag(execution.text))):
        milliseconds = round(stream.lognormvariate(-1, 0.8), 3)
        end += timedelta(milliseconds=milliseconds)
        message = f"duration: {milliseconds:.3f} ms  {step} <unnamed>: {execution.text}"
        _record(
            session,
            end,
            tag,
            message,
            detail="" if step == "parse" else parameters,
            vxid=session.vxid(session.transaction),
            query_id=_query_id(execution.shape.text),
            noise=step != "execute",
        )


def _failure(session: _Session, execution: Execution) -> None:
    session.transaction += 1
    text = execution.text + (";" if session.application == "psql" else "")
    code, message = execution.error or ("", "")
    position = _ERROR_POSITIONS.get(code, "")
    _record(
        session,
        execution.at,
        _tag(execution.text),
        message,
        severity="ERROR",
        state=code,
        query=text,
        position=position,
        vxid=session.vxid(session.transaction),
    )


def _record(
    session: _Session,
    at: datetime,
    tag: str,
    message: str,
    *,
    user: bool = True,
    name: str | None = None,
    backend: str = "client backend",
    severity: str = "LOG",
    state: str = "00000",
    detail: str = "",
    query: str = "",
    position: str = "",
    vxid: str = "",
    query_id: int = 0,
    noise: bool = True,
) -> None:
    # A connection does one thing after another: nothing ends before what came before it.
    at = max([at, *(row.at for row in session.rows[-1:])])
    session.line += 1
    application = name if name is not None else session.application if user else ""
    fields = [
        f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} UTC",
        _quoted(session.user) if user else "",
        _quoted("shop") if user else "",
        str(session.pid),
        _quoted(session.host),
        session.identifier,
        str(session.line),
        f'"{tag}"',
        f"{session.start:%Y-%m-%d %H:%M:%S} UTC",
        vxid,
        "0",
        severity,
        state,
        _quoted(message),
        _quoted(detail),
        *[""] * 4,
        _quoted(query),
        position,
        "",
        f'"{application}"',
        f'"{backend}"',
        "",
        str(query_id),
    ]
    counted = severity == "ERROR" or (message.startswith("duration: ") and not noise)
    session.rows.append(Row(at, ",".join(fields) + "\n", noise=not counted))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if text else ""


def _tag(text: str) -> str:
    bare = re.sub(r"^/\*.*?\*/\s*", "", text.lstrip(), flags=re.DOTALL).lower()
    for start, tag in _TAGS:
        if bare.startswith(start):
            return tag
    return bare.split(None, 1)[0].upper()


def _query_id(text: str) -> int:
    """The engine's hash of a text without its values."""
    bare = re.sub(r"/\*.*?\*/|'[^']*'|\b\d+\b", "", text, flags=re.DOTALL)
    digest = blake2b(bare.encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _parameters(text: str, stream: random.Random) -> str:
    count = len(set(re.findall(r"\$\d+", text)))
    values = [f"${number} = '{stream.randint(1, 999999)}'" for number in range(1, count + 1)]
    return "parameters: " + ", ".join(values)


def _checkpoint(at: datetime) -> Iterator[Row]:
    start = f"{at:%Y-%m-}01 00:00:02 UTC"
    messages = (
        "checkpoint starting: time",
        "checkpoint complete: wrote 943 buffers (5.8%); 0 WAL file(s) added, 0 removed, 0 recycled;"
        " write=94.205 s, sync=0.005 s, total=94.310 s; sync files=32, longest=0.004 s,"
        " average=0.001 s; distance=4397 kB, estimate=4397 kB",
    )
    for place, message in enumerate(messages):
        moment = at + timedelta(seconds=94 * place)
        line = (
            f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03} UTC,,,812,,"
            f"{int(at.replace(day=1).timestamp()):x}.32c,{at.day * 2 - 1 + place},,{start},,0,LOG,"
            f'00000,"{message}",,,,,,,,,"","checkpointer",,0\n'
        )
        yield Row(moment, line, noise=True)
