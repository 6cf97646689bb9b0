"""Small logs, and imports of them that can be killed, for the tests of what an import promises."""

from __future__ import annotations

import contextlib
import csv
import itertools
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ingest import pipeline
from ingest.declared.catalogs import Catalogue
from ingest.declared.sources import SourceBook, SourceFlags
from ingest.pipeline import ImportOptions, Progress, import_paths
from ingest.report import ImportReport
from lineage.hash import graph_hash
from lineage.stores import open_store

HEADER = ("query_id", "query_text", "user_name", "start_time", "session_id", "execution_status")
NAMESPACE = "snowflake://shop"
CATALOGUE = Catalogue(
    NAMESPACE, {"SHOP.PUBLIC.ORDERS": {"ID": "INT", "AMOUNT": "NUMBER", "STATUS": "VARCHAR"}}
)
FLUSH = 25  # statements between two commits: many, so that a kill falls between two
_TEXTS = (
    "SELECT id, sum(amount) FROM orders WHERE status = 'x{n}' GROUP BY 1",
    "INSERT INTO daily (day, total) SELECT now(), sum(amount) FROM orders WHERE id > {n}",
    "CREATE OR REPLACE TABLE big AS SELECT * FROM orders WHERE amount > {n}",
    "SELECT * FROM big WHERE status = 'y{n}'",
    "CREATE TEMPORARY TABLE t AS SELECT id, amount FROM orders",
    "INSERT INTO daily (day, total) SELECT id, amount FROM t",
    "SELECT FROM WHERE (((",
    "SELECT 'open{n} FROM orders",
)
Row = tuple[str, ...]


def row(number: int, text: str, day: int = 1, user: str = "ANA", session: str = "s") -> Row:
    """A row of an export of October 2026."""
    start = f"2026-10-{day:02d} 08:{number // 60 % 60:02d}:{number % 60:02d}.000 +0000"
    return (f"q{number}", text, user, start, session, "SUCCESS")


def month(*, sessions: bool = True) -> list[Row]:
    """Reads, writes, a star over a table made in the log, and what nobody understands.

    With `sessions`, temporary tables too: statements whose order matters.
    """
    numbers = itertools.count()
    rows = [
        row(next(numbers), text.format(n=n), 1 + n * 3 % 28, ("ANA", "BEN", "ETL")[n % 3], f"s{n}")
        for n in range(12)
        for text in _TEXTS
    ]
    return [one for one in rows if sessions or " t" not in one[1].lower().replace("table", "")]


def export(rows: Iterable[Row], path: Path) -> str:
    """Writes an export; where it is."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows)
    return str(path)


def options(**more: object) -> ImportOptions:
    """Of an import into the namespace of these logs."""
    flags = SourceFlags(namespace=NAMESPACE, default_db="SHOP", default_schema="PUBLIC")
    book = SourceBook.from_flags(flags)
    said = {"book": book, "catalogues": (CATALOGUE,), "workers": 1, **more}
    return ImportOptions(**said)  # type: ignore[arg-type]


def take(
    url: str,
    paths: Sequence[str],
    said: ImportOptions | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    flush: int = FLUSH,
) -> ImportReport:
    """Imports these files with many commits; every record is accounted for."""
    store = open_store(url, create=True)
    before, pipeline.FLUSH = pipeline.FLUSH, flush
    try:
        report = import_paths(store, paths, said or options(), progress)
    finally:
        pipeline.FLUSH = before
        store.close()
    assert report.balanced
    return report


def command(url: str, *arguments: str) -> list[str]:
    """An import as a user runs it."""
    return [
        *(sys.executable, "-m", "app.cli", "import", *arguments, "--store", url),
        *("--namespace", NAMESPACE, "--default-db", "SHOP", "--default-schema", "PUBLIC"),
        *("--workers", "1", "--format", "json"),
    ]


def hash_of(url: str) -> str:
    """The hash of the graph in a store."""
    store = open_store(url)
    try:
        return graph_hash(store)
    finally:
        store.close()


def killed(url: str, paths: Sequence[str], commit: int, after: float) -> bool:
    """Whether an import in a process of its own was killed (-9) before its end.

    So many seconds after that commit began.
    """
    commits = itertools.count(1)

    def kill() -> None:
        time.sleep(after)
        os.kill(os.getpid(), 9)

    def watch(where: Progress) -> None:
        if where.stage == "writing" and next(commits) == commit:
            threading.Thread(target=kill).start()

    child = os.fork()
    if not child:
        try:
            take(url, paths, progress=watch)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9


class Line:
    """A line to a server that can be cut and mended: to a client, the server stops and is back."""

    def __init__(self, host: str, port: int) -> None:
        self._server = host, port
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.mend()

    def mend(self) -> None:
        """Takes connections again."""
        if self._listener.fileno() < 0:
            self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Refuses connections, and ends those that there are."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._server)
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_pour, args=(one, other), daemon=True).start()


def _pour(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_RDWR)
