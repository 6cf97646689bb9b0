"""Exactly once, whatever happens: rerun the command, and the graph is that of one clean run."""

import json
import random
import resource
import subprocess
import time
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import neo4j
import pytest

from ingest import pipeline
from ingest.declared.catalogs import read_catalogue
from lineage.errors import StoreUnavailable
from lineage.stores import open_store
from tests.trusted_logs import (
    CATALOGUE,
    NAMESPACE,
    Line,
    command,
    export,
    hash_of,
    killed,
    month,
    take,
)


@pytest.fixture
def log(tmp_path):
    """The month in one file."""
    return export(month(), tmp_path / "month.csv")


@pytest.fixture
def clean(tmp_path, log):
    """The hash of one clean import of the month."""
    url = f"sqlite:///{tmp_path}/clean.db"
    take(url, [log])
    return hash_of(url)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Starts an import as a user does, with many commits; gives the process."""
    monkeypatch.setenv("LINEAGE_FLUSH", "25")
    catalogue = tmp_path / "catalog.json"
    catalogue.write_text(json.dumps(CATALOGUE.tables))
    assert read_catalogue(catalogue, NAMESPACE).tables == CATALOGUE.tables

    def start(url, *paths, **more):
        arguments = command(url, *paths, "--catalog", str(catalogue))
        pipe = subprocess.PIPE
        return subprocess.Popen(arguments, stdout=pipe, stderr=pipe, text=True, **more)

    return start


def test_a_batch_stays_within_what_memory_holds(fresh_url, log, clean, monkeypatch):
    """However few statements have however many cells, an import commits after so many of these."""
    url = fresh_url()
    monkeypatch.setattr(pipeline, "CELLS", 3)
    take(url, [log], flush=1_000_000)
    store = open_store(url)
    assert store.version() > 5
    store.close()
    assert hash_of(url) == clean


def test_twenty_kills(fresh_url, log, clean):
    """Kill -9 at twenty random moments of a commit: the next import completes the work, once."""
    for _ in range(2):  # a server is slow at first
        url = fresh_url()
        started = time.monotonic()
        take(url, [log])
        took = time.monotonic() - started
    pick = random.Random(20)
    url, kills, whole = fresh_url(), 0, 0
    while kills < 20:
        if killed(url, [log], pick.randint(1, 2), pick.uniform(0, took / 4)):
            kills += 1
        else:  # all of it was in before the kill
            assert hash_of(url) == clean
            url, whole, took = fresh_url(), whole + 1, took * 0.7  # it was measured under load
            assert whole < 100
    take(url, [log])
    assert hash_of(url) == clean


@pytest.mark.parametrize("seed", range(2))
def test_shuffled_split_and_overlapping(fresh_url, tmp_path, seed):
    """However a month is cut into files and imports, the graph is that of one clean import."""
    pick = random.Random(seed)
    rows = month(sessions=False)
    url = fresh_url()
    take(url, [export(rows, tmp_path / "whole.csv")])
    clean = hash_of(url)
    pick.shuffle(rows)
    cut = pick.randrange(20, len(rows) - 20)
    url = fresh_url()
    for number, part in enumerate([rows[cut - 10 :], rows[: cut + 10]]):
        take(url, [export(part, tmp_path / f"{number}.csv")])
    assert hash_of(url) == clean


def test_a_file_that_was_cut_is_exported_again_whole(fresh_url, tmp_path, log, clean):
    """Wherever a file was cut off, its last record is not mistaken for what it was."""
    data = Path(log).read_bytes()
    url = fresh_url()
    pick = random.Random(7)
    for number in range(6):
        part = tmp_path / f"part{number}.csv"
        part.write_bytes(data[: pick.randrange(len(data) // 4, len(data))])
        take(url, [str(part)])
    take(url, [log])
    assert hash_of(url) == clean


def test_two_imports_at_the_same_time(fresh_url, run, log, clean):
    """Two processes import the same file: each statement counts once, whoever was first."""
    url = fresh_url()
    both = [run(url, log) for _ in range(2)]
    answers = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    reports = [json.loads(out) for out, _ in answers]
    rows = len(month())
    assert sum(one["imported"] for one in reports) == rows - 24
    assert sum(sum(one["dead_letters"].values()) for one in reports) == 24
    assert hash_of(url) == clean


def test_who_was_met_is_said(tmp_path, log):
    """An import that another one overtook says which process on which host that was."""
    url = f"sqlite:///{tmp_path}/met.db"
    overtaken = []

    def overtake(where):
        if where.stage == "writing" and not overtaken:
            overtaken.append(take(url, [log]))

    report = take(url, [log], progress=overtake)
    assert (report.imported, report.duplicate) == (0, len(month()))
    assert any("process" in one and "meanwhile" in one for one in report.warnings)


def test_a_full_disk(tmp_path, run, log, clean):
    """It is said and nothing is damaged; with room again the same command completes the work."""
    url = f"sqlite:///{tmp_path}/full.db"
    limit = (200_000, 200_000)
    full = run(url, log, preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, limit))
    _, said = full.communicate()
    assert full.returncode == 4, said
    assert "full.db" in said
    assert "disk" in said
    assert "Traceback" not in said
    again = run(url, log)
    _, said = again.communicate()
    assert again.returncode == 0, said
    assert hash_of(url) == clean


def test_a_server_that_stops_in_the_middle(neo4j_url, fresh_urls, monkeypatch, log, clean):
    """The import says so, with exit code 4; when the server is back, a rerun completes the work."""
    impatient = partial(neo4j.GraphDatabase.driver, max_transaction_retry_time=1.0)
    monkeypatch.setattr("neo4j.GraphDatabase.driver", impatient)
    fresh_urls()
    server = urlsplit(neo4j_url)
    line = Line(server.hostname, server.port)
    url = f"bolt://127.0.0.1:{line.port}"
    written = []

    def stop(where):
        if where.stage == "writing":
            written.append(where)
            if len(written) == 3:
                line.cut()

    try:
        with pytest.raises(StoreUnavailable, match="no Neo4j answers") as error:
            take(url, [log], progress=stop)
        assert error.value.exit_code == 4
        line.mend()
        store = open_store(url)
        assert store.version() == 2
        store.close()
        take(url, [log])
        assert hash_of(url) == clean
    finally:
        line.cut()
