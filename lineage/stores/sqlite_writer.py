"""Who writes to a SQLite file, so that whoever waited in vain can say for whom."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

# Of the file beside the database: https://www.sqlite.org/walformat.html, "The WAL-Index File".
_WRITE_LOCK: Final = 120


def writer_of(database: Path) -> int:
    """The process that holds the write lock; 0 where the system does not tell.

    The file is not opened for it: to close it again would give back this process's own locks.
    """
    try:
        shared = database.with_name(f"{database.name}-shm").stat()
        held = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return 0
    device = f"{os.major(shared.st_dev):02x}:{os.minor(shared.st_dev):02x}"
    for line in held:  # as `1: POSIX  ADVISORY  WRITE 4711 08:01:1234 120 120`
        match line.split()[1:]:
            case ["POSIX", _, "WRITE", process, place, first, last] if (
                place == f"{device}:{shared.st_ino}"
                and int(first) <= _WRITE_LOCK
                and (last == "EOF" or int(last) >= _WRITE_LOCK)
            ):
                return int(process)
    return 0
