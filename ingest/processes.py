"""Processes that work for an import beside it."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import forkserver, get_context, parent_process, resource_tracker
from threading import Thread
from typing import TypeVar

_Given = TypeVar("_Given")
_Result = TypeVar("_Result")

WORTH_IT = 1024 * 1024  # bytes on disk of a file that several read, however they are compressed
# What every process needs: loaded once, before there are several.
_LOADED = ("ingest.folding.portion_columns", "pyarrow.compute", "pyarrow.csv",
           "ingest.portioning", "ingest.deriving.analysing")  # fmt: skip


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is collected: for work that makes many objects and, unlike a parser, no cycles."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Processes:
    """So many processes, started when they are first asked for something; `close` ends them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, task: Callable[[_Given], _Result], given: _Given) -> Future[_Result]:
        """The result to be of a function that another process can find; one alone does it here."""
        if self.count == 1:
            done: Future[_Result] = Future()
            done.set_result(task(given))
            return done
        if self._pool is None:
            # Not fork: the progress display runs in a thread.
            context = get_context("forkserver")
            make_ready()
            self._pool = ProcessPoolExecutor(self.count, mp_context=context, initializer=_begin)
        return self._pool.submit(task, given)

    def close(self) -> None:
        """Ends the processes."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)


def make_ready() -> None:
    """Starts what starts the processes, unless it runs; it loads what they need beside this one.

    They all inherit that Ctrl-C is kept from them: it goes to every process of a terminal, from
    their first moment; the one that imports ends the others.
    """
    forkserver.set_forkserver_preload(list(_LOADED))
    resource_tracker.ensure_running()  # it would let signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Makes a process ready.

    A statement that no grammar fits leaves cycles, which only a collection finds: one for many of
    them walks through each of them once, and seldom through what stays.
    """
    Thread(target=_end_with_the_import, daemon=True).start()
    gc.set_threshold(100_000, 20, 100)
    gc.freeze()


def _end_with_the_import() -> None:
    """A process that waits for work does not notice that nobody is left who could give it any."""
    importing = parent_process()
    if importing:
        importing.join()
        os._exit(1)
