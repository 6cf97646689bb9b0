"""A MariaDB server on a temporary directory, told one story, and the logs that it writes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import Account, binary, free_port

STORY = Path(__file__).parent / "mariadb_story"
_PATIENCE = 60  # seconds


def missing() -> str:
    """What must be installed before the server can run; empty when all is there."""
    if not all(map(binary, ("mariadbd", "mariadb", "mariadb-install-db"))):
        return "MariaDB is not installed: apt-get install mariadb-server"
    return ""


@contextmanager
def logs() -> Iterator[Path]:
    """The folder of the logs that the story leaves behind.

    `general.log` and `slow.log`; the tables `general_log` and `slow_log`, each `.CSV` and `.tsv`;
    `audit.log` of the server_audit plugin; the digests of performance_schema.
    """
    account = Account("mysql")
    with account.folder() as place:
        account.run([binary("mariadb-install-db"), "--no-defaults", f"--datadir={place}/data",
                     "--auth-root-authentication-method=normal", "--skip-test-db"])  # fmt: skip
        (place / "logs").mkdir()
        if account.name:
            shutil.chown(place / "logs", account.name)
        server = account.start([
            binary("mariadbd"), "--no-defaults", f"--datadir={place}/data",
            f"--socket={place}/s", f"--port={free_port()}", "--bind-address=127.0.0.1",
            f"--pid-file={place}/pid", f"--log-error={place}/error.log",
            "--log-output=FILE,TABLE", "--general-log=1", "--slow-query-log=1",
            f"--general-log-file={place}/logs/general.log",
            f"--slow-query-log-file={place}/logs/slow.log", "--long-query-time=0",
            "--log-slow-verbosity=query_plan,explain", "--performance-schema=ON",
            "--performance-schema-consumer-statements-digest=ON",
            "--plugin-load-add=server_audit", "--server-audit-logging=ON",
            f"--server-audit-file-path={place}/logs/audit.log",
            "--server-audit-events=CONNECT,QUERY,TABLE", "--server-audit-query-log-limit=65536",
            "--default-time-zone=+00:00",
        ])  # fmt: skip
        try:
            client = [binary("mariadb"), "--no-defaults", f"--socket={place}/s"]
            _wait(account, client)
            for step in sorted(STORY.iterdir()):
                _, user, database, how = step.name.split(".")
                here = [*client, f"--user={user}", "--comments", *(["--force"] * (how == "fails"))]
                _tell(account, [*here, *([database] if database != "none" else [])], step, how)
            _export(account, [*client, "--user=root", "--batch", "--skip-comments"], place / "logs")
        finally:
            server.terminate()
            server.wait(_PATIENCE)
        yield place / "logs"


def _wait(account: Account, client: list[str]) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            account.run([*client, "--user=root", "-e", "select 1"])
        except RuntimeError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def _tell(account: Account, client: list[str], step: Path, how: str) -> None:
    try:
        account.run(client, input=step.read_text())
    except RuntimeError:
        if how != "fails":
            raise


def _export(account: Account, client: list[str], place: Path) -> None:
    """The tables, as the server's own files and as the client prints them."""
    for table in ("mysql.general_log", "mysql.slow_log",
                  "performance_schema.events_statements_summary_by_digest"):  # fmt: skip
        name = table.partition(".")[2]
        printed = account.run([*client, "-e", f"select * from {table}"])
        (place / f"{name}.tsv").write_text(printed)
        file = place.parent / "data" / "mysql" / f"{name}.CSV"
        if file.exists():
            (place / f"{name}.CSV").write_bytes(file.read_bytes())
