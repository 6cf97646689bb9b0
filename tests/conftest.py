"""Stores for the tests: SQLite in a temporary folder, and one real Neo4j for the whole session."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import neo4j
import pytest
from hypothesis import HealthCheck, settings

from app import neo4j_server
from lineage.store import Store
from lineage.stores import open_store

FreshUrl = Callable[[], str]
RunCypher = Callable[..., neo4j.EagerResult]
_CACHES = count()
_WIPE = (
    "MATCH (n) WHERE NOT n:LineageStore CALL (n) { DETACH DELETE n } IN TRANSACTIONS",
    "MATCH (s:LineageStore) SET s.version = 0, s.steps = 0",
)


# The same examples at every run, however slow: a run fails for what was changed, or not at all.
# `pytest --hypothesis-profile search` looks for others.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", _PATIENT)
settings.register_profile("fixed", _PATIENT, derandomize=True)
settings.load_profile("fixed")

# Groups that take long: they begin first, so that no worker waits for another at the end.
_LONG = (
    "neo4j",
    "test_neo4j_server",
    "test_app_browser",
    "test_gate",
    "test_serve",
    "test_trust",
    "test_trust_terminal",
    "test_readme",
    "test_impact_truth",
    "test_import",
    "test_notices",
)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Makes a group of each file, and one of what asks a Neo4j: one server is enough for all."""
    places = {name: number for number, name in enumerate(_LONG)}
    groups = {item: "neo4j" if _asks_neo4j(item) else item.path.stem for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: places.get(groups[item], len(places)))


def _asks_neo4j(item: pytest.Item) -> bool:
    kind = item.callspec.params.get("fresh_url") if hasattr(item, "callspec") else None
    return kind == "neo4j" or "neo4j_url" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session", autouse=True)
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that all workers of this run have in common; the user's caches are left alone."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LINEAGE_CACHE", str(folder / "cache"))
        yield folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds what another one has kept: some change what they keep."""
    folder = tmp_path_factory.getbasetemp() / "caches" / str(next(_CACHES))
    monkeypatch.setenv("LINEAGE_CACHE", str(folder))


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
        # However this process ends, also by kill -9, the server does not outlive it.
        watch = ["sh", "-c", 'read -r _; kill "$0"', str(server.pid)]
        watching = subprocess.Popen(watch, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            yield server.url
        finally:
            watching.kill()
            watching.communicate()
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
def import_sample(whole_run: Path) -> Callable[[str], str]:
    """Imports the sample company into the store at a URL, as `lineage demo` does; gives the URL.

    What was analysed for one store is not analysed again for another.
    """

    def run(url: str) -> str:
        command = [sys.executable, "-m", "app.cli", "demo", "--no-app", "--store", url]
        environment = {**os.environ, "LINEAGE_CACHE": str(whole_run / "cache")}
        root = Path(__file__).parents[1]
        subprocess.run(command, check=True, capture_output=True, cwd=root, env=environment)
        return url

    return run


@pytest.fixture(scope="session")
def sample_store(whole_run: Path, import_sample: Callable[[str], str]) -> str:
    """The URL of a SQLite store that holds the sample company; nobody writes to it."""
    database, done = whole_run / "sample.db", whole_run / "sample.done"
    with (whole_run / "sample.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one worker imports, the others wait
        if not done.exists():
            import_sample(f"sqlite:///{database}")
            done.touch()
    return f"sqlite:///{database}"
