"""`lineage import --watch`: picks up exports as they arrive in a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from ingest.files.reading import find_inputs
from lineage.errors import LineageError, StoreUnavailable, UnreadableInput

_Look = dict[str, tuple[int, int]]  # file → size in bytes, time of the last change


def watch(
    folders: tuple[str, ...],
    take: Callable[[tuple[str, ...]], object],
    every: float,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Imports what arrives in these folders until it is interrupted.

    A file is taken when two looks found it of the same size: it is written to no longer. One that
    has grown since is taken again, and what it told before is a duplicate. What is no log is told
    once and left alone; while the store does not answer, files wait.

    Raises:
        UnreadableInput: there is no such folder.
    """
    for folder in folders:
        if not Path(folder).is_dir():
            raise UnreadableInput(f"{folder}: --watch wants a folder that is there")
    click.echo(f"watching {', '.join(folders)}: a look every {every:g} s, until Ctrl-C", err=True)
    before: _Look = {}
    taken: _Look = {}
    while True:
        now = dict(_look(folders))
        for file in sorted(now):
            settled = now[file] == before.get(file)
            if settled and now[file] != taken.get(file) and _taken(take, file):
                taken[file] = now[file]
        before = now
        sleep(every)


def _look(folders: tuple[str, ...]) -> Iterator[tuple[str, tuple[int, int]]]:
    for folder in folders:
        try:
            inputs = find_inputs([folder])
        except UnreadableInput:  # nothing has arrived
            continue
        for one in inputs:
            try:
                yield one.name, (one.size, one.path.stat().st_mtime_ns)
            except FileNotFoundError:  # gone since
                continue


def _taken(take: Callable[[tuple[str, ...]], object], file: str) -> bool:
    click.echo(f"importing {file}", err=True)
    try:
        take((file,))
    except StoreUnavailable as error:
        click.echo(f"warning: {error}; tried again at the next look", err=True)
        return False
    except LineageError as error:
        click.echo(f"warning: {error}", err=True)
    return True
