"""A PostgreSQL server on a temporary directory, told one story, and the logs that it writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import Account, binary, free_port

PREFIX = "%m [%p] %q%u@%d/%a "
_EXTENSION = "create extension pg_stat_statements"
STORY = Path(__file__).parent / "postgres_story"
_ALWAYS = {
    "logging_collector": "on",
    "log_destination": "stderr,csvlog,jsonlog",
    "log_directory": "log",
    "log_filename": "server.log",
    "log_timezone": "UTC",
    "log_line_prefix": PREFIX,
    "log_connections": "on",
    "log_disconnections": "on",
    "fsync": "off",
    "autovacuum": "off",
}


def missing(*extensions: str) -> str:
    """What must be installed before these servers can run; empty when all is there."""
    server = binary("postgres")
    if not server or not binary("pgbench"):
        return "PostgreSQL is not installed: apt-get install postgresql"
    library = Path(server).resolve().parent.parent / "lib"
    absent = [name for name in extensions if not (library / f"{name}.so").exists()]
    return f"not installed beside PostgreSQL: {', '.join(absent)}" if absent else ""


@contextmanager
def logs(settings: Mapping[str, str], export: str = "") -> Iterator[Path]:
    """The folder of the logs (`server.log`, `.csv`, `.json`) that the story leaves behind.

    export: a statement of pg_stat_statements that is run at the end; it gives `export.csv`.
    """
    account = Account("postgres")
    with account.folder() as place:
        data = place / "data"
        account.run([binary("initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8",
                     "--locale=C", "--no-sync"])  # fmt: skip
        port = free_port()
        lines = {**_ALWAYS, "port": str(port), "listen_addresses": "127.0.0.1",
                 "unix_socket_directories": str(place), **settings}  # fmt: skip
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in lines.items())
        control = [binary("pg_ctl"), "-D", str(data), "-w", "-l", str(place / "start.log")]
        account.run([*control, "start"], stdin=-3)
        try:
            _tell(account, place, port)
            if export:
                command = [binary("psql"), "-h", str(place), "-p", str(port), "-U", "postgres",
                           "-q", "--csv", "-d", "shop", "-c", _EXTENSION, "-c", export]  # fmt: skip
                (place / "export.csv").write_text(account.run(command))
                (place / "export.csv").rename(data / "log" / "export.csv")
        finally:
            account.run([*control, "-m", "fast", "stop"])
        yield data / "log"


def _tell(account: Account, place: Path, port: int) -> None:
    """Runs each file of the story: `<step>.<user>.<database>.<application>.<how>`.

    how: `sql` statement by statement, `string` all in one, `fails` as sql and on after errors,
    `bench` by the extended protocol.
    """
    for step in sorted(STORY.iterdir()):
        _, user, database, application, how = step.name.split(".")
        here = {"PGHOST": str(place), "PGPORT": str(port), "PGUSER": user, "PGDATABASE": database,
                "PGAPPNAME": application, "PATH": "/usr/bin:/bin", "HOME": "/"}  # fmt: skip
        text = step.read_text()
        psql = [binary("psql"), "-q", "-X", "-v", f"ON_ERROR_STOP={int(how != 'fails')}"]
        if how == "bench":
            copy = place / step.name
            copy.write_text(text)
            bench = [binary("pgbench"), "-n", "-t", "2", "-M", "prepared", "-f", str(copy)]
            account.run(bench, env=here)
        elif how == "string":
            account.run([*psql, "-c", text], env=here)
        else:
            account.run(psql, env=here, input=text)
