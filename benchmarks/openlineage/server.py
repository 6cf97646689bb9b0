"""A server under test, started as a user does, and a client that never gives up on an event."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
_LISTENING = re.compile(rb"listening on http://[^:]+:(\d+)")
_SOON_S = 60.0  # what a loaded machine may need for a start


class Server:
    """`lineage serve` on a store, at a port that stays the same over restarts."""

    def __init__(self, store: str, inbox: Path, *more: str) -> None:
        self.port = 0
        self._log = inbox.with_suffix(".log")
        self._arguments = ["--store", store, "--inbox", str(inbox), *more]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    @property
    def pid(self) -> int:
        """Of the process that answers."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has said on standard error."""
        return self._log.read_text("utf-8", "replace")

    def start(self) -> None:
        """Starts it, and returns when it answers."""
        port = ["--port", str(self.port)]
        said = self._log.open("ab")
        before = said.tell()
        with said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve", *port, *self._arguments], stderr=said
            )
        found = until(lambda: self._listening(before))
        self.port = int(found[1])
        until(lambda: self.get("/health")[0] == 200)

    def stop(self) -> int:
        """Ends it as an orchestrator does; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(_SOON_S)

    def kill(self) -> None:
        """Ends it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and body of an answer; status 0 where there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def metric(self, name: str) -> float:
        """The value of a metric without labels."""
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
        return float("nan")

    def drained(self, seconds: float = 600.0) -> None:
        """Returns when everything acknowledged is applied."""
        until(lambda: self.metric("lineage_inbox_events") == 0, seconds)

    def _listening(self, since: int) -> re.Match[bytes] | None:
        assert self._process is not None
        said = self._log.read_bytes()[since:]
        if self._process.poll() is not None:
            raise RuntimeError(said.decode("utf-8", "replace"))
        return _LISTENING.search(said)


class Client:
    """A client with a connection that is kept."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes, path: str = "/api/v1/lineage", **headers: str) -> tuple[int, bytes]:
        """Status and body of the answer.

        Raises:
            OSError, http.client.HTTPException: there was none.
        """
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self._server.port, timeout=60
            )
        try:
            self._connection.request(
                "POST", path, body, {"Content-Type": "application/json", **headers}
            )
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def insist(self, body: bytes) -> int:
        """The status that acknowledged the event, however often it had to be sent."""
        while True:
            try:
                status, _ = self.post(body)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if status != 503:
                return status
            time.sleep(0.05)

    def close(self) -> None:
        """Ends the connection; the next request begins another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def until(ask: Callable[[], _T], seconds: float = _SOON_S) -> _T:
    """The first answer that is not false.

    Raises:
        TimeoutError: there was none in that time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ask():
            return found
        time.sleep(0.02)
    raise TimeoutError("it did not happen")


def encoded(event: object) -> bytes:
    return json.dumps(event).encode()


def memory(pid: int) -> int:
    """MiB that a process and its children hold."""
    total = 0
    for one in [pid, *_children(pid)]:
        status = Path(f"/proc/{one}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        total += int(found[1]) if found else 0
    return total // 1024


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process and its children have used."""
    ticks = 0
    for one in [pid, *_children(pid)]:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found]
