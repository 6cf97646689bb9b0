"""`lineage import --engine spark` on a real Spark, against the same import without it.

Not part of the ordinary tests, since PySpark must be there and it takes minutes:
`make server-logs`, or `LINEAGE_TOOLS=TOOLS/bin pytest tests/servers/spark_engine.py`.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.workload import Mesh, write
from tests.servers.spark import missing
from tests.servers.tools import program, run

ROOT = Path(__file__).parents[2]
HERE, CLUSTER = "local[2]", "local-cluster[2,1,1024]"
FIND = "import py4j, pyspark; print(pyspark.__path__[0]); print(py4j.__path__[0])"
PARTS = 4  # files of the mesh's log
EXECUTOR, PYTHON = "CoarseGrainedExecutorBackend", "pyspark.daemon"

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


class Lineage:
    """Starts the command line with PySpark beside what is installed, in this folder."""

    def __init__(self, folder):
        self._folder = folder
        home, py4j = folder / "home" / "pyspark", folder / "home" / "py4j"
        home.mkdir(parents=True)
        pyspark, other = map(Path, run([program("python"), "-c", FIND], folder).split())
        py4j.symlink_to(other)
        for one in pyspark.iterdir():  # a cluster on this machine works in a folder beside them
            if one.name != "work":
                (home / one.name).symlink_to(one)
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(home.parent))),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "LINEAGE_CACHE": str(folder / "cache"),
        }

    def start(self, *arguments):
        """The process; what the last one of a command said is kept."""
        with self._said(arguments).open("w") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "app.cli", *arguments], cwd=ROOT, env=self._environment,
                text=True, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip

    def said(self, process):
        """What a process that it started said."""
        return self._said(process.args[3:]).read_text()

    def _said(self, arguments):
        return self._folder / f"{arguments[0]}.said"

    def processes(self, name=""):
        """The ids of all that it started, at any depth, with this in the command; oldest first."""
        mark = f"SPARK_HOME={self._environment['SPARK_HOME']}".encode()
        found = []
        for one in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environment = (one / "environ").read_bytes().split(b"\0")
                if mark in environment and name.encode() in (one / "cmdline").read_bytes():
                    found.append(int(one.name))
        return sorted(found)

    def reads(self, process):
        """Waits until Pythons of executors are at work for this process."""
        # One that is there to start others, for each executor, and one that was started.
        return until(lambda: process.poll() is not None or len(self.processes(PYTHON)) > 2)


def until(what, seconds=600):
    """Whether it came true in this time."""
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:
        time.sleep(0.1)
    return what()


@pytest.fixture(scope="module")
def lineage(tmp_path_factory):
    """The command line; what a failed test leaves running is ended."""
    started = Lineage(tmp_path_factory.mktemp("spark"))
    yield started
    for process in started.processes():
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The sample, with sessions, duplicates, dead letters and events; and what a mesh logs."""
    folder = tmp_path_factory.mktemp("log")
    for part in range(PARTS):
        write(folder / f"{part}.csv", Mesh(5_000, seed=part))
    return ["sample_data", str(folder), "--sources", "sample_data/sources.yml"]


def spark(master):
    """The arguments that have Spark read."""
    return ["--engine", "spark", "--spark-master", master]


def at(store):
    """The arguments that name a store."""
    return ["--store", f"sqlite:///{store}", "--format", "json"]


def answer(process):
    """The JSON that a process printed."""
    printed, _ = process.communicate(timeout=1800)
    assert process.returncode == 0
    return json.loads(printed)


def told(lineage, process, store):
    """The report of an import, without what may differ, and the hash of the graph."""
    report = answer(process)
    stats = answer(lineage.start("stats", "--hash", *at(store)))
    return {**report, "seconds": 0, "store": ""}, stats["graph_hash"]


@pytest.fixture(scope="module")
def clean(lineage, log, tmp_path_factory):
    """What the same import tells without Spark."""
    store = tmp_path_factory.mktemp("clean") / "clean.db"
    return told(lineage, lineage.start("import", *log, *at(store)), store)


def test_it_is_the_same_import(lineage, log, clean, tmp_path):
    """The second time there is nothing to count."""
    store = tmp_path / "spark.db"
    command = ["import", *log, *spark(HERE), *at(store)]
    assert told(lineage, lineage.start(*command), store) == clean
    again, graph = told(lineage, lineage.start(*command), store)
    assert (again["imported"], graph) == (0, clean[1])


def test_an_executor_that_dies_is_replaced(lineage, log, clean, tmp_path):
    """Its files are read by another."""
    store = tmp_path / "replaced.db"
    process = lineage.start("import", *log, *spark(CLUSTER), *at(store))
    assert lineage.reads(process)
    os.kill(lineage.processes(EXECUTOR)[0], signal.SIGKILL)
    assert told(lineage, process, store) == clean
    assert "Lost executor" in lineage.said(process)


def test_a_killed_import_is_run_again(lineage, log, clean, tmp_path):
    """Killed in the middle of a round it leaves no process; then it is one clean run."""
    store = tmp_path / "killed.db"
    command = ["import", *log, *spark(CLUSTER), *at(store)]
    killed = lineage.start(*command)
    assert lineage.reads(killed)
    killed.kill()
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert until(lambda: not lineage.processes(), 60), lineage.processes()
    assert told(lineage, lineage.start(*command), store)[1] == clean[1]


def test_ctrl_c_ends_a_round(lineage, log, tmp_path):
    """It need not come to its end; nothing of it is in the store, and no process is left."""
    store = tmp_path / "stopped.db"
    stopped = lineage.start("import", *log, *spark(HERE), *at(store))
    assert lineage.reads(stopped)
    stopped.send_signal(signal.SIGINT)
    printed, _ = stopped.communicate(timeout=600)
    assert (stopped.returncode, printed) == (130, "")
    said = lineage.said(stopped)
    assert "run the same command again" in said
    assert not re.search("Traceback|Exception", said), said
    assert until(lambda: not lineage.processes(), 60), lineage.processes()
