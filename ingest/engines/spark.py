"""The stages of a round on a Spark cluster, by `mapInArrow`; pyspark is loaded when asked for."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from ingest.engines.batches import COLUMNS, ROUTES, FileTold, Found, HeldKeys, Kind, Plan, Terms
from ingest.engines.counting import count, merge
from ingest.engines.telling import tell
from lineage.errors import EngineUnavailable

_INSTALL = "pip install 'lineage-usage[spark]'"
_TASKS = 10_000  # that read files, at most; one of many small files reads several
_STATEMENTS = 250_000  # that a task counts, about
_LOOK = 1.0  # seconds between two looks at how far a job is
_SCHEMA = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
_SETTINGS = {
    "spark.log.level": "ERROR",
    "spark.ui.showConsoleProgress": "false",  # an import says itself where it is
    "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
}
_Result = TypeVar("_Result")
# What a Python of an executor raised; else what Java did, without where it came through.
_WHYS = (
    re.compile(r"^[\w.]*(?:Error|Exception)\b.*", re.MULTILINE),
    re.compile(r"^[^\t\n].*(?:Error|Exception): (.*[^:\s])\s*$", re.MULTILINE),
)


class Spark:
    """An engine on Spark; `close` it in the end.

    master: as of `spark-submit --master`; empty for what the environment says, else this machine.

    Raises:
        EngineUnavailable: pyspark is missing, or no session can be had; says what to do.
    """

    def __init__(self, master: str = "") -> None:
        try:
            sql = importlib.import_module("pyspark.sql")
        except ImportError:
            raise EngineUnavailable(f"--engine spark needs pyspark: {_INSTALL}") from None
        if master.startswith("local"):
            # The executors are beside this process, and must be the same Python.
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = sql.SparkSession.builder.appName("lineage import")
        if master:
            builder = builder.master(master)
        for name, value in _SETTINGS.items():
            builder = builder.config(name, value)
        self._rows: Any = None  # the DataFrame of what the files told
        self._is_ours = sql.SparkSession.getActiveSession() is None
        with _explained():
            self._session = builder.getOrCreate()

    def close(self) -> None:
        """Ends the session, unless somebody else began it."""
        if self._is_ours:
            self._session.stop()

    def tell(self, plan: Plan, done: Callable[[int], None]) -> list[FileTold]:
        """What there is to say of each file; see `Engine`."""
        files = len(plan.files)
        disk = importlib.import_module("pyspark").StorageLevel.DISK_ONLY
        with _explained():
            if self._rows is not None:
                self._rows.unpersist()
            tasks = self._session.range(0, files, 1, min(files, _TASKS))
            self._rows = tasks.mapInArrow(partial(tell, plan), _SCHEMA).persist(disk)
            rows = self._rows.where(self._rows.kind == int(Kind.FILE)).select("body")
            found = self._watched(rows.collect, lambda share: done(round(share * files)))
        done(files)
        told = [msgspec.msgpack.decode(one.body, type=FileTold) for one in found]
        self._parts = max(1, min(ROUTES, sum(one.read for one in told) // _STATEMENTS))
        return told

    def count(self, terms: Terms, held: Iterable[tuple[int, HeldKeys]]) -> Iterator[Found]:
        """What all files told, counted; see `Engine`."""
        rows = self._rows
        stored = [(int(Kind.HELD), route, msgspec.msgpack.encode(keys)) for route, keys in held]
        with _explained():
            mine = rows.where(rows.kind.isin(int(Kind.STATEMENT), int(Kind.OTHER)))
            if stored:
                frame = self._session.createDataFrame(stored, "kind int, route int, body binary")
                mine = mine.unionByName(frame, allowMissingColumns=True)
            counted = mine.repartition(self._parts, "route").mapInArrow(
                partial(count, terms), _SCHEMA
            )
            told = counted.unionByName(rows.where(rows.kind == int(Kind.VARIANT)))
            merged = told.repartition(self._parts, "route").mapInArrow(merge, _SCHEMA)
            # Part by part: all at once may be more than a driver takes from its executors.
            for one in merged.select("body").toLocalIterator(prefetchPartitions=True):
                yield msgspec.msgpack.decode(one.body, type=Found)

    def _watched(self, action: Callable[[], _Result], done: Callable[[float], None]) -> _Result:
        """What a job gives; `done` is told now and then how much of it is done, and may end it."""
        context, name = self._session.sparkContext, f"lineage-{uuid4()}"

        def run() -> _Result:
            context.setJobGroup(name, "lineage import", interruptOnCancel=True)
            return action()

        with ThreadPoolExecutor(1) as beside:
            job = beside.submit(run)
            try:
                while not wait([job], _LOOK).done:
                    done(self._share(name))
            except BaseException:
                while not wait([job], _LOOK).done:
                    context.cancelJobGroup(name)
                raise
            return job.result()

    def _share(self, group: str) -> float:
        """Which part of the tasks of these jobs is done."""
        tracker = self._session.sparkContext.statusTracker()
        jobs = map(tracker.getJobInfo, tracker.getJobIdsForGroup(group))
        stages = [tracker.getStageInfo(stage) for job in jobs if job for stage in job.stageIds]
        return max((one.numCompletedTasks / one.numTasks for one in stages if one), default=0.0)


@contextmanager
def _explained() -> Iterator[None]:
    """Turns what Spark raises into an error that says what to do."""
    spark = importlib.import_module("pyspark.errors").PySparkException
    java = importlib.import_module("py4j.protocol").Py4JError
    try:
        yield
    except (spark, java) as error:
        raise EngineUnavailable(_advice(str(error))) from error


def _advice(said: str) -> str:
    if "JAVA_GATEWAY_EXITED" in said:
        return (
            "Spark did not start, see what it said above; it needs Java 17, as `java` or in "
            "JAVA_HOME, and a master such as local[4], yarn or k8s://https://host:443"
        )
    found = (why for pattern in _WHYS for why in pattern.findall(said))
    why = next(found, said.partition("\n")[0])[:500]
    if "No module named" in said:
        return (
            f"an executor cannot run this program ({why}): install lineage-usage there, "
            "for the same Python as here"
        )
    if "Python worker exited" in why:
        return (
            f"Spark failed: {why}. If memory was short, give executors more of it beside their "
            "JVM (spark.executor.memoryOverhead); then run the same command again"
        )
    return f"Spark failed: {why}"
