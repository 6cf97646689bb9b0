"""Real servers tell one story in each of their logs, and each log gives the same graph.

Not part of the ordinary tests, since the servers must be installed: `make server-logs`. Left out
with a sentence when they are not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import msgspec
import pytest

from ingest.formats import pg_stat_statements
from lineage.model import EdgeType
from lineage.stores import open_store
from tests.servers import mariadb, postgres

LINEAGE = Path(sys.executable).with_name("lineage")
EDGES = {EdgeType.READ_BY, EdgeType.WRITES, EdgeType.FEEDS, EdgeType.USED_BY}
PGAUDIT = {
    "shared_preload_libraries": "pgaudit",
    "pgaudit.log": "read,write,ddl,function",
    "pgaudit.log_relation": "on",
}
SETTINGS = {
    "durations": {"log_min_duration_statement": "0"},
    "statements": {"log_statement": "all", "log_duration": "on"},
    "both": {"log_statement": "all", "log_min_duration_statement": "0"},
    "pgaudit and durations": {**PGAUDIT, "log_min_duration_statement": "0"},
    "pgaudit once, and statements": {
        **PGAUDIT,
        "pgaudit.log_statement_once": "on",
        "log_statement": "all",
    },
    "prefix of RDS": {
        "log_min_duration_statement": "0",
        "log_line_prefix": "%t:%r:%u@%d:[%p]:",
    },
    "prefix with commas": {
        "log_min_duration_statement": "0",
        "log_line_prefix": "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    },
    "prefix of nobody else": {
        "log_min_duration_statement": "0",
        "log_line_prefix": "<%n> pid=%p u=%u d=%d state=%e ",
    },
}
FORMS = ("server.csv", "server.json", "server.log")
MARIADB_TABLES = ("general_log.CSV", "general_log.tsv", "slow_log.CSV", "slow_log.tsv")


class Graph(msgspec.Struct, frozen=True):
    """What an import made of a log.

    facts: nodes and edges by name; counted: with how often, over whatever origin told them.
    """

    hash: str
    imported: int
    dead: dict[str, int]
    facts: frozenset[tuple[str, ...]]
    counted: frozenset[tuple[str, ...]]


@pytest.fixture(scope="session")
def servers() -> Iterator[ExitStack]:
    """The folders of all logs; they live as long as the tests."""
    with ExitStack() as stack:
        yield stack


_POSTGRES = cache(lambda stack, name: stack.enter_context(postgres.logs(SETTINGS[name])))
_MARIADB = cache(lambda stack: stack.enter_context(mariadb.logs()))


def _postgres(stack: ExitStack, name: str) -> Path:
    absent = postgres.missing(*(["pgaudit"] if "pgaudit" in name else []))
    if absent:
        pytest.skip(absent)
    return _POSTGRES(stack, name)


def _mariadb(stack: ExitStack) -> Path:
    if mariadb.missing():
        pytest.skip(mariadb.missing())
    return _MARIADB(stack)


def _graph(folder: Path, *paths: Path) -> Graph:
    url = f"sqlite:///{folder / '-'.join(path.name for path in paths)}.db"
    said = ["--store", url, "--format", "json"]
    report = _lineage("import", *map(str, paths), *said, "--namespace", "db://h:1",
                      "--timezone", "UTC", "--workers", "1")  # fmt: skip
    hash_ = _lineage("stats", "--hash", *said)["graph_hash"]
    store = open_store(url)
    labels = ("Dataset", "Column", "Job")
    nodes = {(label, str(node.id)) for label in labels for node in store.scan_nodes(label)}
    counts: dict[tuple[str, ...], int] = {}
    for edge in store.scan_edges(EDGES):
        key = edge.key
        name = (key.type.name, str(key.source), str(key.target), str(key.role))
        counts[name] = counts.get(name, 0) + edge.activity.total
    store.close()
    return Graph(
        hash_,
        report["imported"],
        report["dead_letters"],
        frozenset(nodes | counts.keys()),
        frozenset(nodes | {(*name, str(count)) for name, count in counts.items()}),
    )


def _lineage(*arguments: str) -> dict:
    done = subprocess.run([str(LINEAGE), *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_form_of_a_postgres_log_gives_one_graph(
    servers: ExitStack, tmp_path: Path, name: str
) -> None:
    """csvlog, jsonlog and stderr hold the same statements, and each alone gives the same graph."""
    logs = _postgres(servers, name)
    csv, json_, stderr = (_graph(tmp_path, logs / form) for form in FORMS)
    assert csv.dead == json_.dead == stderr.dead == {}
    assert csv.hash == json_.hash
    if "prefix" in name:  # a prefix may leave the application out, and fractions of a second
        tools = ("READ_BY", "USED_BY")
        assert {one for one in stderr.counted if one[0] not in tools} == {
            one for one in csv.counted if one[0] not in tools
        }
        assert stderr.imported == csv.imported
    else:
        assert stderr.hash == csv.hash


def test_a_server_that_writes_all_forms_is_counted_once(servers: ExitStack, tmp_path: Path) -> None:
    """A folder with csvlog, jsonlog and stderr of one server gives what one of them gives."""
    logs = _postgres(servers, "pgaudit and durations")
    together = _graph(tmp_path, *(logs / form for form in FORMS))
    alone = _graph(tmp_path, logs / "server.csv")
    assert (together.hash, together.imported) == (alone.hash, alone.imported)


@pytest.mark.parametrize("name", ["statements", "both"])
def test_however_often_a_statement_is_logged_it_counts_once(
    servers: ExitStack, tmp_path: Path, name: str
) -> None:
    """Statements, durations or both: the same datasets, columns, jobs and counts."""
    once = _graph(tmp_path, _postgres(servers, "durations") / "server.csv")
    twice = _graph(tmp_path, _postgres(servers, name) / "server.log")
    assert twice.counted == once.counted


@pytest.mark.parametrize("name", ["pgaudit and durations", "pgaudit once, and statements"])
def test_pgaudit_adds_what_functions_did_and_takes_nothing_away(
    servers: ExitStack, tmp_path: Path, name: str
) -> None:
    """Whatever the text alone told is there; no statement is counted for pgaudit's lines."""
    told = _graph(tmp_path, _postgres(servers, "durations") / "server.csv")
    audited = _graph(tmp_path, _postgres(servers, name) / "server.log")
    assert told.facts <= audited.facts
    # That a view was refreshed is no lineage to the text; pgaudit tells what it reads.
    assert audited.imported == told.imported + 1


def test_the_export_of_pg_stat_statements_runs_and_is_read(tmp_path: Path) -> None:
    """The statement that `lineage formats` prints gives a file with every dataset of the story."""
    if absent := postgres.missing("pg_stat_statements"):
        pytest.skip(absent)
    export = pg_stat_statements.FORMAT.export.split('"')[1]
    settings = {
        "shared_preload_libraries": "pg_stat_statements",
        "log_min_duration_statement": "0",
    }
    with postgres.logs(settings, export) as logs:
        snapshot, told = (_graph(tmp_path, logs / name) for name in ("export.csv", "server.csv"))
    assert snapshot.dead == {}
    datasets = [{one for one in graph.facts if one[0] == "Dataset"} for graph in (snapshot, told)]
    assert datasets[0] >= datasets[1]


def test_the_files_of_mariadb_agree(servers: ExitStack, tmp_path: Path) -> None:
    """The general and the slow log tell the same."""
    logs = _mariadb(servers)
    general, slow = (_graph(tmp_path, logs / f"{name}.log") for name in ("general", "slow"))
    assert general.dead == slow.dead == {}
    assert general.hash == slow.hash


@pytest.mark.parametrize("name", MARIADB_TABLES)
def test_the_tables_of_mariadb_agree_with_its_files(
    servers: ExitStack, tmp_path: Path, name: str
) -> None:
    """Log tables hold what the files hold, as the server keeps them and as the client prints."""
    logs = _mariadb(servers)
    assert _graph(tmp_path, logs / name).counted == _graph(tmp_path, logs / "general.log").counted


def test_the_audit_log_of_mariadb_knows_what_failed(servers: ExitStack, tmp_path: Path) -> None:
    """It tells as much as the general log, without the statements that failed."""
    logs = _mariadb(servers)
    audit, general = (_graph(tmp_path, logs / f"{name}.log") for name in ("audit", "general"))
    assert audit.dead == {}
    jobs = [
        {one for one in graph.facts if one[0] in ("Job", "WRITES")} for graph in (audit, general)
    ]
    assert jobs[0] == jobs[1]
    failed = {one for one in general.facts if any("absent" in x or "nope" in x for x in one)}
    assert failed
    assert not failed & audit.facts


def test_digests_name_the_same_datasets(servers: ExitStack, tmp_path: Path) -> None:
    """Digests know no session: what they tell of ordinary tables is in the general log, too."""
    logs = _mariadb(servers)
    digests = _graph(tmp_path, logs / "events_statements_summary_by_digest.tsv")
    general = _graph(tmp_path, logs / "general.log")
    datasets = {one for one in digests.facts if one[0] == "Dataset"}
    assert {one for one in general.facts if one[0] == "Dataset" and "absent" not in one[1]} <= (
        datasets
    )
