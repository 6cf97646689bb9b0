"""Starts and stops database servers on temporary directories, never as root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/sbin", "/usr/bin", "/usr/local/bin")


def binary(name: str) -> str:
    """The path of a program, the newest version where there are several; empty when absent."""
    found = [path for folder in FOLDERS for path in sorted(Path("/").glob(f"{folder[1:]}/{name}"))]
    newest = [path for path in found if "postgresql" in str(path)]
    return str((newest or found or [""])[-1]) or (shutil.which(name) or "")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Account:
    """Who runs the servers: whoever runs the tests, or a service account when that is root."""

    def __init__(self, *preferred: str) -> None:
        names = {one.pw_name for one in pwd.getpwall()}
        self.name = ""
        if os.geteuid() == 0:
            self.name = next(name for name in (*preferred, "nobody") if name in names)

    def run(self, command: Sequence[str], **options: object) -> str:
        """What the command prints.

        Raises:
            RuntimeError: it fails; says what it printed.
        """
        done = subprocess.run(
            command, capture_output=True, text=True, user=self.name or None, cwd="/",
            check=False, **options,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stderr[-2000:]}{done.stdout[-500:]}")
        return done.stdout

    def start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """The running process; it is up to the caller to end it."""
        return subprocess.Popen(
            command, user=self.name or None, cwd="/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A folder of its own, short enough for a socket, gone afterwards."""
        place = Path(tempfile.mkdtemp(prefix="lin-"))
        place.chmod(0o755)
        if self.name:
            shutil.chown(place, self.name)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
