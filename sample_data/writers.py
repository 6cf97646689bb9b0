"""The logs as the tools write them: Snowflake QUERY_HISTORY and the lake's JSON lines."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from run import Execution

_COLUMNS = (
    "QUERY_ID",
    "QUERY_TEXT",
    "DATABASE_NAME",
    "SCHEMA_NAME",
    "QUERY_TYPE",
    "SESSION_ID",
    "USER_NAME",
    "ROLE_NAME",
    "WAREHOUSE_NAME",
    "WAREHOUSE_SIZE",
    "QUERY_TAG",
    "EXECUTION_STATUS",
    "ERROR_CODE",
    "ERROR_MESSAGE",
    "START_TIME",
    "END_TIME",
    "TOTAL_ELAPSED_TIME",
    "BYTES_SCANNED",
    "ROWS_PRODUCED",
    "ROWS_INSERTED",
    "IS_CLIENT_GENERATED_STATEMENT",
    "QUERY_HASH",
    "QUERY_PARAMETERIZED_HASH",
)
_WAREHOUSES = {"dbt": "WH_DBT", "": "WH_ADHOC"}
_QUERY_TYPES = (
    ("insert", "INSERT"),
    ("merge", "MERGE"),
    ("update", "UPDATE"),
    ("delete", "DELETE"),
    ("copy", "COPY"),
    ("alter table", "ALTER_TABLE_DROP_COLUMN"),
    ("use", "USE"),
    ("show", "SHOW"),
)


@dataclass(frozen=True)
class Row:
    """A record of a log, with the moment that orders it."""

    at: datetime
    line: str
    noise: bool = False


def snowflake_rows(executions: Iterable[Execution], seed: int) -> list[Row]:
    """The rows of QUERY_HISTORY in time order, with the USE and SHOW statements of people."""
    stream = random.Random(f"{seed}:snowflake")
    rows: list[Row] = []
    for execution in executions:
        person = not execution.user.startswith(("SVC_", "DBA_"))
        if person and stream.random() < 0.5:
            rows += _preamble(execution, stream)
        rows.append(_snowflake(execution, execution.text, execution.at, stream))
    return sorted(rows, key=lambda row: (row.at, row.line))


def snowflake_file(rows: Iterable[Row]) -> str:
    """The text of an export: the header and the rows."""
    return _csv_line(_COLUMNS) + "".join(row.line for row in rows)


def snowflake_query_id(execution: Execution) -> str:
    """The id that the warehouse gave to an execution."""
    return _snowflake_id(execution.digest)


def _snowflake_id(digest: bytes) -> str:
    digits = digest.hex()
    return f"01b8{digits[:4]}-{digits[4:8]}-{digits[8:12]}-{digits[12:16]}-0301dfe{digits[16:21]}"


def _preamble(execution: Execution, stream: random.Random) -> Iterator[Row]:
    role = execution.shape.options.get("role", "ANALYST")
    schema = execution.shape.options.get("schema", "PUBLIC")
    texts = [f"use role {role}", "use warehouse WH_ADHOC", f"show tables in schema {schema}"]
    for place, text in enumerate(texts[: stream.randint(1, 3)]):
        at = execution.at - timedelta(seconds=40 - 9 * place)
        yield _snowflake(execution, text, at, stream, noise=True)


def _snowflake(
    execution: Execution, text: str, at: datetime, stream: random.Random, *, noise: bool = False
) -> Row:
    options = execution.shape.options
    error = None if noise else execution.error
    elapsed = stream.randint(20, 90) if noise or error else int(stream.lognormvariate(7, 1.1)) + 60
    tool = options.get("tool", "")
    writes = execution.shape.target is not None
    digest = blake2b(f"{text}|{at}|{execution.user}".encode(), digest_size=16).digest()
    values = {
        "QUERY_ID": _snowflake_id(digest if noise else execution.digest),
        "QUERY_TEXT": text,
        "DATABASE_NAME": options.get("db", "ANALYTICS"),
        "SCHEMA_NAME": options.get("schema", "PUBLIC"),
        "QUERY_TYPE": _query_type(text),
        "SESSION_ID": _session(execution),
        "USER_NAME": execution.user,
        "ROLE_NAME": options.get("role", "TRANSFORMER" if tool == "dbt" else "REPORTER"),
        "WAREHOUSE_NAME": "" if noise else _WAREHOUSES.get(tool, "WH_BI"),
        "WAREHOUSE_SIZE": "" if noise else "Medium" if tool == "dbt" else "X-Small",
        "QUERY_TAG": "" if noise else execution.tag,
        "EXECUTION_STATUS": "FAIL" if error else "SUCCESS",
        "ERROR_CODE": error[0] if error else "",
        "ERROR_MESSAGE": error[1] if error else "",
        "START_TIME": _local(at),
        "END_TIME": _local(at + timedelta(milliseconds=elapsed)),
        "TOTAL_ELAPSED_TIME": elapsed,
        "BYTES_SCANNED": 0 if noise or error else stream.randrange(10**5, 10**9) // 1024 * 1024,
        "ROWS_PRODUCED": 1 if noise else "" if error else stream.randint(1, 5000),
        "ROWS_INSERTED": stream.randint(1, 90000) if writes and not error else 0,
        "IS_CLIENT_GENERATED_STATEMENT": "TRUE" if noise else "FALSE",
        "QUERY_HASH": _hash(text if noise else execution.statement),
        "QUERY_PARAMETERIZED_HASH": "" if noise or error else _hash(execution.shape.text),
    }
    return Row(at, _csv_line(str(values[column]) for column in _COLUMNS), noise)


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _session(execution: Execution) -> int:
    """One session for each login, day and group of statements that need each other."""
    group = execution.shape.options.get("group", execution.shape.options.get("schema", ""))
    key = f"{execution.user}|{execution.at.date()}|{group}"
    return 2_000_000_000 + int.from_bytes(blake2b(key.encode(), digest_size=5).digest())


def _query_type(text: str) -> str:
    start = " ".join(text.lower().split()[:6])
    for word, kind in _QUERY_TYPES:
        if start.startswith(word):
            return kind
    if start.startswith("create"):
        return "CREATE_VIEW" if " view " in start else "CREATE_TABLE_AS_SELECT"
    return "SELECT"


def _local(at: datetime) -> str:
    """A moment as the account's time zone shows it: Berlin, whose summer ends in October."""
    shift = 2 if _summer(at) else 1
    local = at + timedelta(hours=shift)
    return f"{local:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} +0{shift}00"


def _summer(at: datetime) -> bool:
    return _last_sunday(at.year, 3) <= at < _last_sunday(at.year, 10)


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def _csv_line(values: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def lake_rows(executions: Iterable[Execution]) -> list[Row]:
    """One JSON object a statement; keys as a small exporter of the lake names them."""
    return [Row(execution.at, _lake(execution)) for execution in executions]


def _lake(execution: Execution) -> str:
    options = execution.shape.options
    record = {
        "query": execution.text,
        "user": execution.user,
        "timestamp": execution.at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "database": "archive",
        "schema": options.get("schema", "bus"),
        "session_id": f"{execution.at:%Y%m%d}_{_session(execution) % 10**6:06}_lake",
        "status": "FAILED" if execution.error else "FINISHED",
        "application_name": options["app"],
    }
    return json.dumps(record, ensure_ascii=False) + "\n"
