"""Stores for the tests: SQLite in a temporary folder, and one real Neo4j for the whole session."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import neo4j
import pytest

from app import neo4j_server
from lineage.store import Store
from lineage.stores import open_store

FreshUrl = Callable[[], str]
RunCypher = Callable[..., neo4j.EagerResult]
_WIPE = (
    "MATCH (n) WHERE NOT n:LineageStore CALL (n) { DETACH DELETE n } IN TRANSACTIONS",
    "MATCH (s:LineageStore) SET s.version = 0",
)


@pytest.fixture(scope="session")
def neo4j_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real Neo4j: the one of NEO4J_URI, which must be empty, else one of our own."""
    given = os.environ.get("NEO4J_URI")
    if given:
        held = _run(given, "MATCH (n) WHERE NOT n:LineageStore RETURN count(n)")
        if held.records[0][0]:
            pytest.exit(f"NEO4J_URI={given} holds data, which the tests would delete", 2)
        yield given
        _wipe(given)
        return
    home = tmp_path_factory.mktemp("neo4j")
    with pytest.MonkeyPatch.context() as environment:
        for name in ("NEO4J_USER", "NEO4J_PASSWORD", "NEO4J_DATABASE"):
            environment.delenv(name, raising=False)
        # A server that lives for a minute is better off without the compiler for the long run.
        environment.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
        server = neo4j_server.start(home, port=0, browser_port=None, auth=False)
        try:
            yield server.url
        finally:
            neo4j_server.stop(home)


@pytest.fixture
def run_cypher(neo4j_url: str) -> RunCypher:
    """Runs a statement beside the store, for what a person would see."""
    return partial(_run, neo4j_url)


@pytest.fixture(params=["sqlite", "neo4j"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> FreshUrl:
    """Gives the URL of an empty store, of each kind in turn; what it gave before is used up."""
    if request.param == "neo4j":
        url = request.getfixturevalue("neo4j_url")
        return lambda: _wipe(url)
    numbers = count()
    return lambda: f"sqlite:///{tmp_path}/{next(numbers)}.db"


@pytest.fixture
def fresh_urls(neo4j_url: str, tmp_path: Path) -> Callable[[], list[str]]:
    """Gives the URLs of an empty store of every kind."""
    numbers = count()
    return lambda: [f"sqlite:///{tmp_path}/{next(numbers)}.db", _wipe(neo4j_url)]


@pytest.fixture
def url(fresh_url: FreshUrl) -> str:
    """The URL of an empty store, of each kind in turn."""
    return fresh_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store, of each kind in turn."""
    opened = open_store(url, create=True)
    yield opened
    opened.close()


def _wipe(url: str) -> str:
    with _driver(url) as driver, driver.session(database=_database()) as session:
        for statement in _WIPE:
            session.run(statement).consume()
    return url


def _run(url: str, statement: str, **parameters: object) -> neo4j.EagerResult:
    with _driver(url) as driver:
        return driver.execute_query(statement, parameters, database_=_database())


def _driver(url: str) -> neo4j.Driver:
    user, password = os.environ.get("NEO4J_USER", "neo4j"), os.environ.get("NEO4J_PASSWORD")
    return neo4j.GraphDatabase.driver(url, auth=(user, password) if password else None)


def _database() -> str | None:
    return os.environ.get("NEO4J_DATABASE")


@pytest.fixture(scope="session")
def import_sample() -> Callable[[str], str]:
    """Imports the sample company into the store at a URL, as `lineage demo` does; gives the URL."""

    def run(url: str) -> str:
        command = [sys.executable, "-m", "app.cli", "demo", "--no-app", "--store", url]
        subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[1])
        return url

    return run


@pytest.fixture(scope="session")
def sample_store(
    tmp_path_factory: pytest.TempPathFactory, import_sample: Callable[[str], str]
) -> str:
    """The URL of a SQLite store that holds the sample company; nobody writes to it."""
    return import_sample(f"sqlite:///{tmp_path_factory.mktemp('sample')}/demo.db")
